# SPDX-License-Identifier: Apache-2.0
"""Studies of small networks: evolved weights, NEAT, and what scikit-learn trains."""

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from evolve.neuro.algorithms import algorithm_of, seen_part, training_fitness
from evolve.neuro.backends import Backend, open_backend
from evolve.neuro.data import TEST, TRAINING, VALIDATION, Digits, digits
from evolve.neuro.fitness import Fitness
from evolve.neuro.handmade import HAND_MADE
from evolve.neuro.judge import PARTS
from evolve.neuro.loop import Search, follow
from evolve.neuro.neat import settings as neat
from evolve.neuro.neat.genome import Genome
from evolve.neuro.neat.run import run as run_neat
from evolve.neuro.neat.settings import NeatSettings
from evolve.neuro.settings import CNNS, OPTIONS, TRAINED, NeuroSettings
from evolve.neuro.trained import train
from evolve.options import by_option, chosen
from evolve.studies.kind import Kind, Material, Measure, of_run
from model.neuro.latency import inference_cycles
from model.neuro.program import Core

SAVED = "saved per cent"
"""What a CNN saves of the parameters of the one made by hand."""

CYCLES = "cycles"
"""That the core takes by default for an image (rtl/neuro/neuro_core.v)."""

Settings = NeuroSettings | NeatSettings


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
        if isinstance(settings, NeatSettings):
            return [_grow(self, settings)]
        data = self.data(settings.seed)
        if settings.algorithm in TRAINED:
            return [_train(self, settings, data)]
        with closing(open_backend(settings.backend)) as backend:
            return [_evolve(self, settings, data, backend)]

    def data(self, seed: int) -> Digits:
        """Return the images of a run with this seed: here always the same."""
        return digits()


def _evolve(
    task: NeuroTask, settings: NeuroSettings, data: Digits, backend: Backend
) -> NeuroResult:
    started = time.process_time()
    training, validation, test = (
        Fitness(settings.fitness, part.images, part.labels, backend)
        for part in (data.training, data.validation, data.test)
    )
    search = Search(algorithm_of(settings))
    fitness = training_fitness(settings, seen_part(search.algorithm, data), backend)
    found = follow(search, fitness, validation, test, settings.evaluations, settings.interval)
    genome, network = found.champion.genome, found.champion.genome.network()
    saved = 100 * (1 - network.parameters / HAND_MADE.parameters)
    return NeuroResult(
        task.setting,
        task.run,
        search.evaluations,
        (training.right(genome), found.champion.right, test.right(genome)),
        network.parameters,
        network.nonzero,
        genome.to_json(),
        found.curve,
        dict(search.algorithm.counters),
        time.process_time() - started,
        sizes={
            CYCLES: inference_cycles(network, Core()),
            **({SAVED: saved} if settings.algorithm in CNNS else {}),
        },
    )


def _grow(task: NeuroTask, settings: NeatSettings) -> NeuroResult:
    """Do a run of NEAT, or of neat-python, whose champion is not kept."""
    started = time.process_time()
    found = run_neat(settings)
    genome = found.champion.genome
    genes = genome.to_json() if isinstance(genome, Genome) else []
    return NeuroResult(
        task.setting,
        task.run,
        found.evaluations,
        found.right,
        found.parameters,
        found.nonzero,
        genes,
        found.curve,
        found.counters,
        time.process_time() - started,
        found.images,
        {"solved": int(found.solved), **found.sizes},
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


@dataclass(frozen=True)
class Neuro(Kind):
    """The digits are part of evoarray, so runs need no files.

    The algorithm of a setting says which options it may have.
    """

    keys: ClassVar[Mapping[str, tuple[type, str]]] = {}
    options: ClassVar[frozenset[str]] = frozenset(by_option((*OPTIONS, *neat.OPTIONS)))

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See Kind.of."""
        return cls()

    def settings_of(self, options: Mapping[str, Any]) -> Settings:
        """See Kind.settings_of."""
        if options.get("algorithm") in neat.ALGORITHMS:
            return NeatSettings(**chosen(options, neat.OPTIONS))
        return NeuroSettings(**chosen(options, OPTIONS))

    def read(self, settings: Mapping[str, Settings], folder: Path) -> Material:
        """Return no files. Raises InputError where the digits are missing."""
        digits()
        return Material()

    def tasks(
        self,
        settings: Mapping[str, Settings],
        material: Material,
        wanted: Sequence[tuple[str, int]],
    ) -> Sequence[NeuroTask]:
        """Return a task for each run."""
        return [NeuroTask(name, run, settings[name]) for name, run in wanted]

    def result_from_json(self, data: Mapping[str, Any]) -> NeuroResult:
        """See Kind.result_from_json."""
        evaluations, errors = map(tuple, data["curve"])
        tuples = {key: tuple(data[key]) for key in ("right", "images")}
        return NeuroResult(**{**data, **tuples, "curve": (evaluations, errors)})

    def measure(self, material: Material) -> "TestError":
        """See Kind.measure."""
        return TestError()

    def facts(self, material: Material) -> Sequence[str]:
        """Return how the digits are split."""
        data = digits()
        counts = [len(part.labels) for part in (data.training, data.validation, data.test)]
        return [
            "The 8x8 digits of scikit-learn: {:,} to train on, {} to choose the champion by, and "
            "{} for the test, on which no choice depends.".format(*counts)
        ]

    def columns(
        self,
        settings: Mapping[str, Settings],
        material: Material,
        results: Sequence[NeuroResult],
    ) -> Sequence[tuple[str, Mapping[str, str]]]:
        """Return accuracy on each part, parameters, evaluations and CPU time: means of the runs."""
        groups: dict[str, list[NeuroResult]] = {}
        for result in results:
            groups.setdefault(result.setting, []).append(result)

        def means(value: Any, form: str) -> Mapping[str, str]:
            return {
                name: form.format(float(np.mean([value(result) for result in group])))
                for name, group in groups.items()
            }

        return [
            *(
                (
                    f"Right in {part}",
                    means(lambda r, n=n: 100 * r.right[n] / r.images[n], "{:.2f} %"),
                )
                for n, part in enumerate(PARTS)
            ),
            ("Parameters", means(lambda r: r.parameters, "{:,.0f}")),
            ("Not 0", means(lambda r: r.nonzero, "{:,.1f}")),
            *_sizes(groups),
            ("Evaluations", means(lambda r: r.evaluations, "{:,.0f}")),
            ("CPU seconds", means(lambda r: r.seconds, "{:.1f}")),
        ]


def _sizes(
    groups: Mapping[str, Sequence[NeuroResult]],
) -> Sequence[tuple[str, Mapping[str, str]]]:
    """Return the columns that only some settings have, such as the padding of NEAT's networks."""
    kinds = {kind: None for group in groups.values() for kind in group[0].sizes}
    return [
        (
            kind.capitalize(),
            {
                name: f"{np.mean([result.sizes[kind] for result in group]):,.{_digits(kind)}f}"
                for name, group in groups.items()
                if kind in group[0].sizes
            },
        )
        for kind in kinds
    ]


def _digits(kind: str) -> int:
    return 0 if kind == CYCLES else 2


@dataclass(frozen=True)
class TestError(Measure):
    """How many images of the test are classified wrong."""

    __test__: ClassVar[bool] = False  # pytest takes it for a test otherwise
    name: ClassVar[str] = "test error"
    unit: ClassVar[str] = "test error"
    explained: ClassVar[str] = (
        "The test error is the part of the test's images that a network takes for another class; "
        "lower is better."
    )

    def of(self, result: NeuroResult, after: int = 0) -> float:
        """See Measure.of."""
        return result.error_after(after) if after else result.error

    def text(self, value: float) -> str:
        """See Measure.text."""
        return self.number(value)

    def number(self, value: float) -> str:
        """Return a percentage."""
        return f"{100 * value:.2f} %"
