# SPDX-License-Identifier: Apache-2.0
"""The network over the tribes of a run, drawn at a few moments, as numbers for run.html.

Tribes stand on a circle in the order of their numbers, so that a rewired edge is seen to move; the
more neighbours a tribe has, the larger it is.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin, sqrt

from evoarray.evolution.report.data import Run
from evoarray.evolution.runs.database import Row

MOMENTS = 4
CIRCLE = 400
"""Its radius, in thousandths of a drawing's side."""

BEND = 0.65
"""How far from the centre an edge is led, as a part of where its middle is."""

NUMBERED = 32
"""Up to so many tribes each has its number in it."""


@dataclass(frozen=True)
class Node:
    """A tribe: its centre and radius, how deep its colour is (0 to 1), and what it is called."""

    x: int
    y: int
    radius: int
    shade: float
    number: str
    title: str


@dataclass(frozen=True)
class Moment:
    """The network after so many evaluations; alt says in words what it shows."""

    evaluations: int
    best: int
    worst: int
    alt: str
    edges: str
    nodes: Sequence[Node]


def moments(run: Run) -> Sequence[Moment]:
    """Return drawings from the first epoch to the last; none where all tribes are neighbours."""
    networks = [(e.evaluations, e.details["edges"]) for e in run.events if "edges" in e.details]
    rows = run.rows[1:] or run.rows  # at the start all tribes are alike
    if not networks:
        return []
    shown = sorted({round(i * (len(rows) - 1) / (MOMENTS - 1)) for i in range(MOMENTS)})
    tribes = sorted({tribe for index in shown for tribe in rows[index].saes})
    begun = [evaluations for evaluations, _ in networks]
    return [
        _moment(
            rows[i],
            networks[bisect_right(begun, rows[i].evaluations) - 1][1],
            tribes,
            run.job.goal.name,
        )
        for i in shown
    ]


def _moment(
    row: Row, edges: Sequence[Sequence[int]], tribes: Sequence[int], fitness: str
) -> Moment:
    turns = {tribe: 2 * pi * place / len(tribes) for place, tribe in enumerate(tribes)}
    places = {
        tribe: (round(500 + CIRCLE * sin(turn)), round(500 - CIRCLE * cos(turn)))
        for tribe, turn in turns.items()
    }
    neighbours = Counter(tribe for edge in edges for tribe in edge)
    best, worst = min(row.saes.values()), max(row.saes.values())
    most = max(neighbours.values(), default=1)
    largest = min(70, 0.9 * CIRCLE * pi / len(tribes))
    nodes = [
        Node(
            *places[tribe],
            radius=round(largest * max(0.35, sqrt(neighbours[tribe] / most))),
            shade=round(1 - 0.9 * (sae - best) / ((worst - best) or 1), 2),
            number=str(tribe) if len(tribes) <= NUMBERED else "",
            title=f"tribe {tribe}: {fitness} {sae:,}, {neighbours[tribe]} neighbours",
        )
        for tribe, sae in row.saes.items()
    ]
    lines = "".join(_curve(places[a], places[b]) for a, b in edges)
    alt = (
        f"After {row.evaluations:,} evaluations {len(row.saes)} tribes with {len(edges)} edges, "
        f"{fitness} {best:,} to {worst:,}"
    )
    return Moment(row.evaluations, best, worst, alt, lines, nodes)


def _curve(one: tuple[int, int], other: tuple[int, int]) -> str:
    """Return a path that bends inwards, so as not to lie behind a tribe that stands between."""
    inwards = [round(500 + BEND * ((a + b) / 2 - 500)) for a, b in zip(one, other, strict=True)]
    return "M{} {}Q{} {} {} {}".format(*one, *inwards, *other)
