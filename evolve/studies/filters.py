# SPDX-License-Identifier: Apache-2.0
"""Studies of filters: settings of `evoarray evolve`, runs on photos with noise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, ClassVar, Self

import numpy as np

from evoarray.evolution.filter.comparison import Photo
from evoarray.evolution.filter.presets import NAMES, settings_of
from evoarray.evolution.filter.settings import Settings
from evoarray.evolution.simplify.cost import luts
from evoarray.evolution.studies.kind import Kind, Material, Measure, names_of, of_run
from evoarray.evolution.studies.statistics import summarize
from evoarray.evolution.studies.tasks import Result, Task, result_from_json
from evoarray.model.errors import InputError
from evoarray.model.filter.baselines import adaptive_median, median3x3
from evoarray.model.filter.circuit import circuit_of
from evoarray.model.filter.fitness import sae
from evoarray.model.images import read_image
from evoarray.model.noise import add_noise


@dataclass(frozen=True)
class Filters(Kind):
    """Photos to evolve for, one a run or all together, and photos held out, with their noise.

    first_tribe: the first tribe's circuit is a run's result, not the best one.
    """

    photos: tuple[str, ...]
    together: bool
    first_tribe: bool
    held_out: tuple[str, ...]
    noise: str
    amount: float

    keys: ClassVar[Mapping[str, tuple[type, str]]] = {
        "noise": (str, "a text"),
        **dict.fromkeys(("photos", "held-out"), (list, "a list")),
        **dict.fromkeys(("together", "first-tribe"), (bool, "true or false")),
        "amount": (float, "a number such as 0.2"),
    }
    # What a study finds may not depend on the machine.
    options: ClassVar[frozenset[str]] = frozenset(NAMES - {"seconds"})

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See Kind.of."""
        photos = names_of("photos", data.get("photos", []))
        if not photos:
            raise InputError("photos is missing; give a list of image files")
        return cls(
            photos=photos,
            together=data.get("together", False),
            first_tribe=data.get("first-tribe", False),
            held_out=names_of("held-out", data.get("held-out", [])),
            noise=data.get("noise", "salt-and-pepper"),
            amount=data.get("amount", 0.2),
        )

    def photo_of(self, run: int) -> int | None:
        """Return which photo a run evolves for, or None for all together."""
        return None if self.together else run % len(self.photos)

    def settings_of(self, options: Mapping[str, Any]) -> Settings:
        """See Kind.settings_of; the preset is plain unless named."""
        settings = settings_of({"preset": "plain", **options})
        if settings.fitness == "own":
            raise InputError("fitness is 'own', a function; a study can go by sae or squared")
        if self.first_tribe and {"drop", "drop-worse", "abrupt"} & settings.intervals.keys():
            raise InputError("first-tribe: the first tribe may be dropped")
        return settings

    def read(self, settings: Mapping[str, Settings], folder: Path) -> Material:
        """Return the photos with their noise.

        Raises InputError for a file that is no image, and for images of several sizes that are to
        be evolved for together.
        """
        training, held_out = (
            [
                Photo(Path(name).stem, self._noisy(clean, first + number), clean)
                for number, name in enumerate(names)
                for clean in [read_image(folder / name)]
            ]
            for names, first in ((self.photos, 1), (self.held_out, 101))
        )
        return Material(training, held_out)

    def _noisy(self, clean: Any, seed: int) -> Any:
        return add_noise(clean, self.noise, self.amount, np.random.default_rng(seed))

    def tasks(
        self,
        settings: Mapping[str, Settings],
        material: Material,
        wanted: Sequence[tuple[str, int]],
    ) -> Sequence[Task]:
        """Return a task for each run."""
        return [
            Task(
                name,
                run,
                of_run(settings[name], run),
                [material.training[i] for i in self._photos_of(run)],
                material.held_out,
                self.first_tribe,
            )
            for name, run in wanted
        ]

    def _photos_of(self, run: int) -> Sequence[int]:
        photo = self.photo_of(run)
        return range(len(self.photos)) if photo is None else [photo]

    def result_from_json(self, data: Mapping[str, Any]) -> Result:
        """See Kind.result_from_json."""
        return result_from_json(data)

    def measure(self, material: Material) -> "Ratio":
        """See Kind.measure."""
        return Ratio(self, median_saes(material.training))

    def facts(self, material: Material) -> Sequence[str]:
        """Return which photos there are, and what the medians leave on them."""
        photos = ", ".join(Path(name).stem for name in self.photos)
        medians = ", ".join(f"{median:,}" for median in median_saes(material.training))
        facts = [
            f"Photos: {photos}, with {100 * self.amount:g} % {self.noise} noise; the 3x3 median's "
            f"SAE is {medians}."
        ]
        if material.held_out:
            names = ", ".join(photo.name for photo in material.held_out)
            facts.append(
                f"Held out: {names}, on which the adaptive median leaves "
                f"{_adaptive(material.held_out):.3f} of the 3x3 median's SAE, mean of the photos."
            )
        return facts

    def columns(
        self, settings: Mapping[str, Settings], material: Material, results: Sequence[Result]
    ) -> Sequence[tuple[str, Mapping[str, str]]]:
        """Return the values themselves, those on held-out photos, and LUTs where they count."""
        groups: dict[str, list[Result]] = {}
        for result in results:
            groups.setdefault(result.setting, []).append(result)
        measure = self.measure(material)
        columns = [
            (
                "Mean / 3x3 median's",
                {
                    k: f"{summarize([*map(measure.of, group)]).mean:.3f}"
                    for k, group in groups.items()
                },
            )
        ]
        if material.held_out:
            medians, adaptive = median_saes(material.held_out), _adaptive(material.held_out)
            values = {
                name: [
                    fmean(a / b for a, b in zip(result.held_out, medians, strict=True))
                    for result in group
                ]
                for name, group in groups.items()
            }
            columns.append(("Held out", {name: _mean(v, 3) for name, v in values.items()}))
            better = {
                name: f"{sum(value < adaptive for value in each)} of {len(each)}"
                for name, each in values.items()
            }
            columns.append(("Better there than the adaptive median", better))
        if any(each.parsimony != "none" for each in settings.values()):
            costs = {
                name: [
                    luts(circuit_of(np.array(result.genes, np.uint8), settings[name].shape))
                    for result in group
                ]
                for name, group in groups.items()
            }
            columns.append(("LUTs", {name: _mean(each, 0) for name, each in costs.items()}))
        return columns


@dataclass(frozen=True)
class Ratio(Measure):
    """The SAE of a run as a part of what the 3x3 median leaves on the same photos."""

    kind: Filters
    medians: Sequence[int]

    name: ClassVar[str] = "SAE"
    unit: ClassVar[str] = "SAE / 3x3 median's"
    explained: ClassVar[str] = "SAE, the sum of absolute errors, is better if it is lower."

    def of(self, result: Result, after: int = 0) -> float:
        """See Measure.of."""
        photo = self.kind.photo_of(result.run)
        whole = sum(self.medians) if photo is None else self.medians[photo]
        return (result.sae_after(after) if after else result.sae) / whole

    def text(self, value: float) -> str:
        """Return a part of the 3x3 median's SAE as SAE, if there is but one to take it of."""
        if self.kind.together or len(self.medians) == 1:
            return f"{value * sum(self.medians):,.0f}"
        return self.number(value)

    def number(self, value: float) -> str:
        """See Measure.number."""
        return f"{value:.3f}"


def median_saes(photos: Sequence[Photo]) -> list[int]:
    """Return the SAE that the 3x3 median leaves on each photo."""
    return [sae(median3x3(photo.noisy), photo.clean) for photo in photos]


def _adaptive(photos: Sequence[Photo]) -> float:
    saes = [sae(adaptive_median(photo.noisy), photo.clean) for photo in photos]
    return fmean(a / b for a, b in zip(saes, median_saes(photos), strict=True))


def _mean(values: Sequence[float], digits: int) -> str:
    found = summarize(values)
    return "{:.{n}f} [{:.{n}f}, {:.{n}f}]".format(found.mean, found.low, found.high, n=digits)
