# SPDX-License-Identifier: Apache-2.0
"""Studies of guided evolution: settings of evolve/guided/settings.py, many runs at once."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from evoarray.evolution.guided.algorithms import evolve_all
from evoarray.evolution.guided.settings import OPTIONS, GuidedSettings
from evoarray.evolution.guided.tsplib import read_tsplib
from evoarray.evolution.options import by_option, chosen
from evoarray.evolution.studies.kind import Kind, Material, Measure, of_run
from evoarray.model.files import read_text

BLOCK = 50
"""Runs of a setting that are done together. What they come to does not depend on it."""

PAIRS = 1 << 24
"""Of individuals in a block, so that large populations do not want too much memory."""

POINTS = 256
"""Of the curve that a result keeps, beside its start."""


@dataclass(frozen=True)
class NetworkResult:
    """What a run has come to: the error of its best individual, and that individual.

    curve has the lowest error after so many evaluations, as two rows; seconds are CPU time.
    """

    setting: str
    run: int
    evaluations: int
    error: float
    genes: tuple[float, ...]
    curve: tuple[tuple[int, ...], tuple[float, ...]]
    counters: Mapping[str, int]
    seconds: float

    def error_after(self, evaluations: int) -> float:
        """Return the lowest error of the first so many evaluations, as the curve knows it."""
        index = int(np.searchsorted(self.curve[0], evaluations, "right")) - 1
        return self.curve[1][max(0, index)]


@dataclass(frozen=True)
class NetworkTask:
    """Runs that are to be done: of which setting, which ones, and how; file is TSPLIB's text."""

    setting: str
    runs: tuple[int, ...]
    settings: GuidedSettings
    file: str

    @property
    def keys(self) -> Sequence[tuple[str, int]]:
        """See kind.Task."""
        return [(self.setting, run) for run in self.runs]

    def work(self) -> Sequence[NetworkResult]:
        """See kind.Task; the time is shared out evenly."""
        started = time.process_time()
        seeds = [of_run(self.settings, run).seed for run in self.runs]
        found = evolve_all(self.settings, self.file, seeds)
        last = len(found.evaluations) - 1
        kept = np.unique(np.linspace(0, last, min(last, POINTS) + 1).round().astype(int))
        evaluations = tuple(found.evaluations[kept].tolist())
        seconds = (time.process_time() - started) / len(seeds)
        return [
            NetworkResult(
                self.setting,
                run,
                evaluations[-1],
                float(found.errors[-1, number]),
                tuple(found.genes[number].tolist()),
                (evaluations, tuple(found.errors[kept, number].tolist())),
                {name: int(counts[number]) for name, counts in found.counters.items()},
                seconds,
            )
            for number, run in enumerate(self.runs)
        ]


@dataclass(frozen=True)
class Networks(Kind):
    """There are no photos; a setting may name a TSPLIB file."""

    keys: ClassVar[Mapping[str, tuple[type, str]]] = {}
    options: ClassVar[frozenset[str]] = frozenset(by_option(OPTIONS))

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See Kind.of."""
        return cls()

    def settings_of(self, options: Mapping[str, Any]) -> GuidedSettings:
        """See Kind.settings_of."""
        return GuidedSettings(**chosen(options, OPTIONS))

    def read(self, settings: Mapping[str, GuidedSettings], folder: Path) -> Material:
        """Return the TSPLIB files. Raises InputError for one that is none."""
        files = {}
        for name in sorted({each.file for each in settings.values()} - {""}):
            files[name] = read_text(folder / name, "TSPLIB file")
            read_tsplib(files[name], name)
        return Material(files=files)

    def tasks(
        self,
        settings: Mapping[str, GuidedSettings],
        material: Material,
        wanted: Sequence[tuple[str, int]],
    ) -> Sequence[NetworkTask]:
        """Return a task for each block of runs of a setting."""
        blocks: dict[tuple[int, str], list[int]] = {}
        for name, run in wanted:
            size = max(1, min(BLOCK, PAIRS // settings[name].population ** 2))
            blocks.setdefault((run // size, name), []).append(run)
        return [
            NetworkTask(
                name, tuple(runs), settings[name], material.files.get(settings[name].file, "")
            )
            for (_, name), runs in blocks.items()
        ]

    def result_from_json(self, data: Mapping[str, Any]) -> NetworkResult:
        """See Kind.result_from_json."""
        evaluations, errors = map(tuple, data["curve"])
        return NetworkResult(
            **{**data, "genes": tuple(data["genes"]), "curve": (evaluations, errors)}
        )

    def measure(self, material: Material) -> "Error":
        """See Kind.measure."""
        return Error()

    def facts(self, material: Material) -> Sequence[str]:
        """There is nothing to tell beside the settings."""
        return []

    def columns(
        self,
        settings: Mapping[str, GuidedSettings],
        material: Material,
        results: Sequence[NetworkResult],
    ) -> Sequence[tuple[str, Mapping[str, str]]]:
        """Return after how many evaluations the errors are those."""
        known = {result.setting: f"{result.evaluations:,}" for result in results}
        return [("Evaluations", known)]


@dataclass(frozen=True)
class Error(Measure):
    """How far the best individual of a run is from the optimum."""

    name: ClassVar[str] = "error"
    unit: ClassVar[str] = "error"
    explained: ClassVar[str] = (
        "The error, by how much the best individual misses the optimum, is better if it is lower; "
        "of tours and knapsacks it is a part of the optimum."
    )

    def of(self, result: NetworkResult, after: int = 0) -> float:
        """See Measure.of."""
        return result.error_after(after) if after else result.error

    def text(self, value: float) -> str:
        """See Measure.text."""
        return self.number(value)

    def number(self, value: float) -> str:
        """Return six digits after the point, as the paper has, or what shows two of its own."""
        if value == 0 or abs(value) < 1e-7:
            return f"{value:.1e}" if value else "0"
        return f"{value:.{max(6, 1 - floor(log10(abs(value))))}f}"
