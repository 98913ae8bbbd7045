# SPDX-License-Identifier: Apache-2.0
"""The runs of a study of small networks: how each is done, and what it has come to."""

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evoarray.evolution.neuro.algorithms import (
    Judges,
    Settings,
    algorithm_of,
    backend_of,
    data_of,
)
from evoarray.evolution.neuro.backends import Backend
from evoarray.evolution.neuro.data import TEST, TRAINING, VALIDATION, Digits
from evoarray.evolution.neuro.handmade import HAND_MADE
from evoarray.evolution.neuro.loop import Search, follow
from evoarray.evolution.neuro.settings import CNNS, TRAINED, NeuroSettings
from evoarray.evolution.neuro.trained import train
from evoarray.evolution.studies.kind import of_run
from evoarray.model.neuro.latency import inference_cycles
from evoarray.model.neuro.network import Network
from evoarray.model.neuro.program import Core

SAVED = "saved per cent"
"""What a CNN saves of the parameters of the one made by hand."""

CYCLES = "cycles"
"""That the core takes by default for an image (rtl/neuro/evoarray_neuro_core.v)."""

SOLVED = "solved"
"""Whether a champion had all images for validation right, which ended the run."""


@dataclass(frozen=True)
class NeuroResult:
    """What a run has come to: its champion, the network that is best for validation.

    right has how many images of each part are; parameters all there are, nonzero those that are not
    0; genes are the champion's JSON, none for what scikit-learn trains. curve has the part of the
    test that is wrong after so many evaluations, as two rows; seconds are CPU time. images has how
    many there are in each part, and sizes what else there is to count in the champion.
    """

    setting: str
    run: int
    evaluations: int
    right: tuple[int, int, int]
    parameters: int
    nonzero: int
    genes: Any
    curve: tuple[tuple[int, ...], tuple[float, ...]]
    counters: Mapping[str, int]
    seconds: float
    images: tuple[int, int, int] = (TRAINING, VALIDATION, TEST)
    sizes: Mapping[str, float] = field(default_factory=dict)

    @property
    def error(self) -> float:
        """The part of the test that is wrong."""
        return self.curve[1][-1]

    def error_after(self, evaluations: int) -> float:
        """Return the error of the champion of the first so many evaluations."""
        index = int(np.searchsorted(self.curve[0], evaluations, "right")) - 1
        return self.curve[1][max(0, index)]


@dataclass(frozen=True)
class NeuroTask:
    """A run that is to be done: of which setting, which one, and how."""

    setting: str
    run: int
    settings: Settings

    @property
    def keys(self) -> Sequence[tuple[str, int]]:
        """See kind.Task."""
        return [(self.setting, self.run)]

    def work(self) -> Sequence[NeuroResult]:
        """See kind.Task."""
        settings = of_run(self.settings, self.run)
        data = self.data(settings)
        if settings.algorithm in TRAINED:
            return [_train(self, settings, data)]
        with closing(backend_of(settings)) as backend:
            return [_evolve(self, settings, data, backend)]

    def data(self, settings: Settings) -> Digits:
        """Return the images of a run with these settings."""
        return data_of(settings)


def _evolve(task: NeuroTask, settings: Settings, data: Digits, backend: Backend) -> NeuroResult:
    started = time.process_time()
    search = Search(algorithm_of(settings))
    judges = Judges.of(settings, search.algorithm, data, backend)
    training, validation, test = judges.training, judges.validation, judges.test
    budget, interval = settings.evaluations, settings.interval
    until = settings.until_solved
    found = follow(search, judges.seen, validation, test, budget, interval, until_solved=until)
    last, network = found.champion, found.champion.genome.network()
    sizes: dict[str, float] = dict(search.algorithm.sizes(last.genome))
    if isinstance(network, Network):
        sizes[CYCLES] = inference_cycles(network, Core())
    if settings.algorithm in CNNS:
        sizes[SAVED] = 100 * (1 - network.parameters / HAND_MADE.parameters)
    if until:
        sizes[SOLVED] = int(last.right == validation.count)
    return NeuroResult(
        task.setting,
        task.run,
        search.evaluations,
        (training.right(last.genome), last.right, test.right(last.genome)),
        network.parameters,
        network.nonzero,
        last.genome.to_json(),
        found.curve,
        dict(search.algorithm.counters),
        time.process_time() - started,
        (training.count, validation.count, test.count),
        sizes,
    )


def _train(task: NeuroTask, settings: NeuroSettings, data: Digits) -> NeuroResult:
    started = time.process_time()
    trained = train(settings, data)
    error = 1 - trained.right[2] / len(data.test.labels)
    return NeuroResult(
        task.setting,
        task.run,
        0,
        trained.right,
        trained.parameters,
        trained.parameters,
        [],
        ((0,), (error,)),
        {},
        time.process_time() - started,
    )
