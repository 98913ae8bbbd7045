# SPDX-License-Identifier: Apache-2.0
"""One run of a study of filters, as a worker does it, wherever that is."""

import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from evoarray.evolution.filter.backends import open_backend
from evoarray.evolution.filter.comparison import Photo
from evoarray.evolution.filter.goals import SAE, Goal
from evoarray.evolution.filter.loop import evolve, found
from evoarray.evolution.filter.sample import sheets_of
from evoarray.evolution.filter.settings import Settings
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import Circuit, Genes, circuit_of
from evoarray.model.filter.fitness import sae

POINTS = 256
"""Of the curve that a result keeps, beside its start."""


@dataclass(frozen=True)
class Task:
    """A run that is to be done: of which setting, which one, how, and for which photos.

    first_tribe: its circuit is the result, not the best one.
    """

    setting: str
    run: int
    settings: Settings
    training: Sequence[Photo]
    held_out: Sequence[Photo]
    first_tribe: bool = False

    @property
    def keys(self) -> Sequence[tuple[str, int]]:
        """See kind.Task."""
        return [(self.setting, self.run)]

    def work(self) -> Sequence["Result"]:
        """See kind.Task."""
        return [work(self)]


@dataclass(frozen=True)
class Result:
    """What a run has come to.

    sae is that of the training photos together, held_out that of each other one, whatever part of
    them evolution saw, and by whatever fitness it went; curve has the SAE of the best circuit after
    so many evaluations, as two rows, estimated from what it saw; seconds are CPU time.
    """

    setting: str
    run: int
    evaluations: int
    sae: int
    held_out: tuple[int, ...]
    genes: tuple[int, ...]
    curve: tuple[tuple[int, ...], tuple[int, ...]]
    counters: Mapping[str, int]
    seconds: float

    def sae_after(self, evaluations: int) -> int:
        """Return the SAE after the first so many evaluations, as near as the curve knows."""
        index = bisect_left(self.curve[0], evaluations + 1) - 1
        return self.curve[1][max(0, index)]


def work(task: Task) -> Result:
    """Do a run on the fast engine and one core.

    Whatever the fitness, the result is told as SAE, so that settings of several can be compared.
    """
    started, goal = time.process_time(), Goal(task.settings.fitness)
    sheets = sheets_of(task.settings, [(photo.given, photo.clean) for photo in task.training])
    shape, budget = task.settings.shape, task.settings.evaluations
    pixels = sum(photo.clean.size for photo in task.training)
    times = pixels / sum(sheet.reference.size for sheet in sheets)  # what a sample stands for
    model = open_backend("model", shape, sheets)  # fast enough for the points of a curve

    def best_so_far() -> tuple[Genes, int]:
        first = world.tribes[0]
        genes, value = (first.genes, first.sae) if task.first_tribe else (world.best, world.sae)
        return genes, value if goal == SAE else int(model.evaluate(genes[np.newaxis])[0])

    with closing(open_backend("fast", shape, sheets, goal=goal)) as backend:
        world = found(task.settings, backend)
        points: list[tuple[int, int]] = []
        for epoch in evolve(task.settings, backend, world):
            if not points or epoch.evaluations * POINTS >= budget * len(points):
                points.append((epoch.evaluations, round(best_so_far()[1] * times)))
        best, best_sae = best_so_far()
    circuit = circuit_of(best, shape)
    if times > 1:
        best_sae = sum(judge(circuit, photo) for photo in task.training)
    points.append((world.evaluations, best_sae))
    held_out = [judge(circuit, photo) for photo in task.held_out]
    evaluations, saes = zip(*dict(points).items(), strict=True)
    return Result(
        task.setting,
        task.run,
        world.evaluations,
        best_sae,
        tuple(held_out),
        tuple(best.tolist()),
        (evaluations, saes),
        dict(world.counters),
        time.process_time() - started,
    )


def judge(circuit: Circuit, photo: Photo) -> int:
    """Return the SAE of a circuit on a whole photo."""
    return sae(filter_image(circuit, photo.given), photo.clean)


def result_from_json(data: Mapping[str, Any]) -> Result:
    """Return the result of which dataclasses.asdict made this data."""
    evaluations, saes = data["curve"]
    tuples = {"held_out": tuple(data["held_out"]), "genes": tuple(data["genes"])}
    return Result(**{**data, **tuples, "curve": (tuple(evaluations), tuple(saes))})
