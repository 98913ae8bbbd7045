# SPDX-License-Identifier: Apache-2.0
"""Studies of small networks: evolved weights, NEAT, and what scikit-learn trains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from evoarray.evolution.neuro.algorithms import Settings, settings_of
from evoarray.evolution.neuro.data import digits
from evoarray.evolution.neuro.judge import PARTS
from evoarray.evolution.neuro.neat import settings as neat
from evoarray.evolution.neuro.settings import OPTIONS
from evoarray.evolution.options import by_option
from evoarray.evolution.studies.kind import Kind, Material, Measure
from evoarray.evolution.studies.neuro_runs import CYCLES, NeuroResult, NeuroTask


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
        return settings_of(options)

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
