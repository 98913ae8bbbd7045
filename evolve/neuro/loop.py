# SPDX-License-Identifier: Apache-2.0
"""The whole evolution of networks on one page: ask, evaluate, tell.

Start reading at `evolve`. Algorithms are in the files beside this one, all behind
evolve/neuro/algorithm.py; the fitness is from images to train on (evolve/neuro/fitness.py). Which
of the fittest networks is kept as the champion, other images say, those for validation; images for
the test are never seen here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import index
from typing import Any, Protocol

from evoarray.evolution.neuro.algorithm import Algorithm, Genome, Reals


class Judge(Protocol):
    """How good genomes are on some images; evolve/neuro/fitness.py says it of networks."""

    def __call__(self, genomes: Sequence[Any], /) -> Reals:
        """Return their fitness (genomes,) float64; higher is better."""

    def right(self, genome: Any, /) -> int:
        """Return how many of the images it has right."""

    @property
    def count(self) -> int:
        """How many images there are."""


@dataclass(frozen=True)
class Champion:
    """The genome that is best for validation: how many images are right, and its fitness."""

    genome: Genome
    right: int
    fitness: float


@dataclass
class Search:
    """How far an evolution has come: all that changes in it."""

    algorithm: Algorithm[Any]
    evaluations: int = 0
    champion: Champion | None = None
    judged: int = field(default=0)
    """Evaluations when the best genome was last shown the images for validation."""

    @property
    def chosen(self) -> Genome:
        """The champion's genome, or the fittest one while there is no champion."""
        genome: Genome = self.champion.genome if self.champion else self.algorithm.best[0]
        return genome

    def state(self) -> dict[str, Any]:
        """Return it as data for JSON, after a generation."""
        champion = self.champion
        return {
            "algorithm": self.algorithm.state(),
            "evaluations": self.evaluations,
            "judged": self.judged,
            "champion": champion and [champion.genome.to_json(), champion.right, champion.fitness],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state, with an algorithm of the same settings."""
        self.algorithm.restore(state["algorithm"])
        self.evaluations, self.judged = map(index, (state["evaluations"], state["judged"]))
        if state["champion"] is not None:
            genome, right, fitness = state["champion"]
            self.champion = Champion(self.algorithm.genome(genome), index(right), float(fitness))


def evolve(
    search: Search,
    fitness: Callable[[Sequence[Any]], Reals],
    validation: Judge,
    evaluations: int,
    interval: int,
    *,
    until_solved: bool = False,
) -> Iterator[Search]:
    """Run an evolution, or go on with one, until its evaluations are spent; yield each generation.

    The last generation is a whole one, too. After every `interval` evaluations, and at the end, the
    fittest genome becomes the champion if it has more of the images for validation right, or as
    many and a higher fitness. Where the fitness is by these images anyhow, it alone decides: how
    many are right does not say at what size. A run ends early, if that is asked for, where a
    champion has all of them right.
    """
    algorithm = search.algorithm
    while search.evaluations < evaluations:
        champion = search.champion
        if until_solved and champion is not None and champion.right == validation.count:
            return
        genomes = algorithm.ask()
        algorithm.tell(fitness(genomes))
        search.evaluations += len(genomes)
        if search.evaluations - search.judged >= interval or search.evaluations >= evaluations:
            _judge(search, validation)
        yield search


@dataclass(frozen=True)
class Followed:
    """The last champion, and the part of the test that was wrong after so many evaluations.

    The curve is two rows; it has a point wherever there was a new champion, and the end.
    """

    champion: Champion
    curve: tuple[tuple[int, ...], tuple[float, ...]]


def follow(
    search: Search,
    fitness: Judge,
    validation: Judge,
    test: Judge,
    evaluations: int,
    interval: int,
    *,
    until_solved: bool = False,
) -> Followed:
    """Do a whole run for a study, and look at every champion by the images of the test."""
    points: list[tuple[int, float]] = []
    last: Champion | None = None
    judges = fitness, validation
    for _ in evolve(search, *judges, evaluations, interval, until_solved=until_solved):
        if search.champion is not None and search.champion is not last:
            last = search.champion
            points.append((search.evaluations, 1 - test.right(last.genome) / test.count))
    assert last is not None  # evolve judges at the end at the latest
    if points[-1][0] < search.evaluations:
        points.append((search.evaluations, points[-1][1]))
    after, errors = zip(*points, strict=True)
    return Followed(last, (after, errors))


def _judge(search: Search, validation: Judge) -> None:
    genome, value = search.algorithm.best
    right, old = validation.right(genome), search.champion
    if old is None or (
        value > old.fitness
        if search.algorithm.trains
        else (right, value) > (old.right, old.fitness)
    ):
        search.champion = Champion(genome, right, value)
    search.judged = search.evaluations
