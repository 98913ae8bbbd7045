# SPDX-License-Identifier: Apache-2.0
"""What a report says of a study of filters beside what it says of every study."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from evoarray.evolution.filter.comparison import ADAPTIVE, Photo, compare
from evoarray.evolution.filter.comparison import Comparison as Compared
from evoarray.evolution.filter.settings import OPTIONS, Settings
from evoarray.evolution.report.study import Study
from evoarray.evolution.studies.filters import Filters, Ratio, median_saes
from evoarray.evolution.studies.spec import settings_of_run
from evoarray.evolution.studies.statistics import Summary, summarize
from evoarray.evolution.studies.tasks import Result
from evoarray.model.filter.baselines import adaptive_median, median3x3
from evoarray.model.filter.circuit import Circuit, Shape, circuit_of
from evoarray.model.filter.fitness import sae

SHOWN = 3
"""Settings of which the best circuit's pictures are shown."""

ALWAYS = ("size", "function-set", "evaluations", "tribes", "seed")
"""Options that are told even if they are as by default."""


@dataclass(frozen=True)
class FilterStudy(Study):
    """A study of filters. Values are parts of the 3x3 median's SAE, unless they are called SAE."""

    template: ClassVar[str] = "filters.html"

    @property
    def kind(self) -> Filters:
        """The photos as asked."""
        assert isinstance(self.spec.kind, Filters)
        return self.spec.kind

    @property
    def training(self) -> Sequence[Photo]:
        """The photos to train on."""
        return self.material.training

    @property
    def held_out(self) -> Sequence[Photo]:
        """The photos that evolution does not see."""
        return self.material.held_out

    # --- values

    @cached_property
    def measure(self) -> Ratio:
        """By what results are compared."""
        return self.kind.measure(self.material)

    @cached_property
    def adaptive(self) -> float:
        """What the adaptive median leaves on the training photos: the mean of its parts."""
        saes = [sae(adaptive_median(photo.noisy), photo.clean) for photo in self.training]
        if self.kind.together:
            return sum(saes) / sum(self.measure.medians)
        return float(np.mean(np.divide(saes, self.measure.medians)))

    @property
    def levels(self) -> Mapping[str, tuple[float, str]]:
        """See Study.levels."""
        adaptive = (self.adaptive, f"adaptive median {self.adaptive:.3f}")
        return {"adaptive": adaptive, "median": (1.0, "3x3 median 1.000")}

    @cached_property
    def saes(self) -> Mapping[str, Mapping[str, Summary]]:
        """SAEs of each setting, by what they were evolved for: a photo, or all of them."""
        tables: dict[str, dict[str, Summary]] = {}
        names = [None] if self.kind.together else range(len(self.training))
        for photo in names:
            called = self.photo_name(photo)
            for name, group in self.by_setting.items():
                values = [r.sae for r in group if self.kind.photo_of(r.run) == photo]
                if values:
                    tables.setdefault(called, {})[name] = summarize(values)
        return tables

    def photo_name(self, photo: int | None) -> str:
        """Return what a photo is called, or all of them together."""
        group = self.training if photo is None else [self.training[photo]]
        return " + ".join(each.name for each in group)

    @cached_property
    def generalization(self) -> Mapping[str, Sequence[Summary]]:
        """Of the adaptive median, then of each setting: the values on each held-out photo."""
        medians = median_saes(self.held_out)
        adaptive = [sae(adaptive_median(photo.noisy), photo.clean) for photo in self.held_out]
        table = {ADAPTIVE: [summarize([a / m]) for a, m in zip(adaptive, medians, strict=True)]}
        for name, group in self.by_setting.items():
            values = np.divide([result.held_out for result in group], medians)
            table[name] = [summarize(column) for column in values.T.tolist()]
        return table

    def answer(self, group: str) -> Sequence[str]:
        """See Study.answer."""
        ahead = self.summaries[self.groups[group][0]].mean < self.adaptive
        return [
            *super().answer(group),
            f"That is {'ahead of' if ahead else 'behind'} the adaptive median, a much larger "
            f"circuit, with {self.adaptive:.3f}.",
        ]

    def lowest(self, mean: str, interval: str) -> str:
        """See Study.lowest."""
        return f"leaves the lowest mean SAE: {mean} of what the 3x3 median leaves{interval}."

    # --- the best run

    def best_of(self, name: str, photo: int | None = None) -> Result:
        """Return the best run of a setting, of those for a photo if there are any."""
        group: Sequence[Result] = self.by_setting[name]
        fitting = [r for r in group if photo is not None and self.kind.photo_of(r.run) == photo]
        return min(fitting or group, key=self.measure.of)

    @cached_property
    def best(self) -> Result:
        """The best run of all."""
        found: Result = min(self.results, key=self.measure.of)
        return found

    @property
    def best_photo(self) -> str:
        """What the best run of all was evolved for."""
        return self.photo_name(self.kind.photo_of(self.best.run))

    def circuit(self, result: Result) -> Circuit:
        """Return the circuit that a run has found."""
        shape = self.spec.settings[result.setting].shape
        return circuit_of(np.array(result.genes, np.uint8), shape)

    @cached_property
    def samples(self) -> Sequence[tuple[Photo, str, Mapping[str, Compared]]]:
        """Photos to show with their part in the study, and the circuits of the best settings."""
        number = self.kind.photo_of(self.best.run)
        shown = {name: self.best_of(name, number) for name in list(self.by_setting)[:SHOWN]}
        photos = [(self.training[number or 0], "seen by evolution")]
        photos += [(photo, "held out") for photo in self.held_out[:1]]
        return [
            (photo, part, {n: compare(photo, self.circuit(r)) for n, r in shown.items()})
            for photo, part in photos
        ]

    @cached_property
    def commands(self) -> Sequence[str]:
        """The commands that repeat the best run alone, in the spec's folder."""
        kind, number = self.kind, self.kind.photo_of(self.best.run)
        training = [(1 + i, photo) for i, photo in enumerate(kind.photos) if number in {None, i}]
        held_out = [(101 + i, photo) for i, photo in enumerate(kind.held_out)]
        noises = ["--kind", kind.noise, "--amount", str(kind.amount)]
        noise = [
            ["evoarray", "noise", photo, *noises, "--seed", str(seed), "-o", _noisy(seed, photo)]
            for seed, photo in training + held_out
        ]
        settings = settings_of_run(self.spec, self.best.setting, self.best.run)
        first, *more = [(_noisy(seed, photo), photo) for seed, photo in training]
        evolve = ["evoarray", "evolve", *first, "-o", "best-run", "--preset", "plain"]
        evolve += _words(settings)
        for pair in more:
            evolve += ["--train-pair", *pair]
        for seed, photo in held_out:
            evolve += ["--test-pair", _noisy(seed, photo), photo]
        return [shlex.join(command) for command in [*noise, evolve]]

    @cached_property
    def photos(self) -> Sequence[tuple[Photo, str, int, Sequence[int]]]:
        """Each photo, its part, the seed of its noise, and the SAEs before and after medians."""
        groups = (("training", 1, self.training), ("held out", 101, self.held_out))
        return [
            (
                photo,
                part,
                first + number,
                [
                    sae(image, photo.clean)
                    for image in (photo.noisy, median3x3(photo.noisy), adaptive_median(photo.noisy))
                ],
            )
            for part, first, photos in groups
            for number, photo in enumerate(photos)
        ]

    def options(self, settings: Any) -> Mapping[str, str]:
        """See Study.options."""
        return options(settings)

    @property
    def usual(self) -> tuple[Mapping[str, str], Sequence[str]]:
        """See Study.usual."""
        return USUAL, ALWAYS

    def record(self, result: Result) -> Mapping[str, Any]:
        """See Study.record."""
        return {
            "photo": self.photo_name(self.kind.photo_of(result.run)),
            "evaluations": result.evaluations,
            "sae": result.sae,
            "ratio": self.measure.of(result),
            **{
                f"held_out_{photo.name}_sae": value
                for photo, value in zip(self.held_out, result.held_out, strict=True)
            },
        }


def options(settings: Settings) -> dict[str, str]:
    """Return all options by name, as text; the start circuit's genes are no option."""
    shape = settings.shape
    return {
        "size": f"{shape.rows}x{shape.cols}",
        "function-set": shape.function_set,
        **{e.name.replace("_", "-"): str(getattr(settings, e.name)) for e in OPTIONS},
    }


USUAL = options(Settings(Shape(8, 8, "upm16")))


def _words(settings: Settings) -> list[str]:
    """Return the words of a command that give these settings."""
    shape = settings.shape
    words = ["--rows", str(shape.rows), "--cols", str(shape.cols)]
    for name, value in options(settings).items():
        if name != "size" and (name in ALWAYS or value != USUAL[name]):
            words += [f"--{name}", value]
    return words


def _noisy(seed: int, photo: str) -> str:
    return f"noisy-{seed}-{Path(photo).stem}.png"
