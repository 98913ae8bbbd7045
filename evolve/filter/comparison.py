# SPDX-License-Identifier: Apache-2.0
"""How an evolved filter compares with the median filters and no filter, photo by photo."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evoarray.evolution.console import listed, print_table
from evoarray.evolution.filter.goals import SAE, Goal
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.baselines import adaptive_median, median3x3
from evoarray.model.filter.circuit import Circuit
from evoarray.model.filter.fitness import Metrics, metrics
from evoarray.model.filter.functions import Plane

MEDIAN, ADAPTIVE, EVOLVED = "3x3 median", "adaptive median", "evolved"
EARLIER = "filters before"
BASELINES = ("noisy", MEDIAN, ADAPTIVE)
"""What every photo is compared with."""

UNFILTERED = "unfiltered image"

MEASURES: Mapping[str, Callable[[Metrics], float]] = {
    "SAE": lambda m: m.sae,
    "MAE": lambda m: m.mae,
    "PSNR": lambda m: -m.psnr,
    "SSIM": lambda m: -m.ssim,
}
"""What is measured, each so that lower is better."""

JUDGED = ("SAE", "PSNR", "SSIM")
"""Those of a verdict: the MAE says the same as the SAE."""


@dataclass(frozen=True)
class Photo:
    """A noisy image and its clean reference, both (H, W) uint8, and what they are called.

    earlier is what the filters before this one in a cascade made of the noisy image.
    """

    name: str
    noisy: Plane
    clean: Plane
    earlier: Plane | None = None

    @property
    def given(self) -> Plane:
        """What a circuit is given (H, W) uint8."""
        return self.noisy if self.earlier is None else self.earlier


def photo_of(after: Sequence[Circuit], name: str, noisy: Plane, clean: Plane) -> Photo:
    """Return a photo on which the filters before, if there are any, have done their work."""
    return Photo(name, noisy, clean, cascade(after, noisy) if after else None)


def cascade(circuits: Sequence[Circuit], image: Plane) -> Plane:
    """Return what circuits make of an image (H, W) uint8, one after the other."""
    for circuit in circuits:
        image = filter_image(circuit, image)
    return image


@dataclass(frozen=True)
class Comparison:
    """What one photo looks like after each filter, and how far that is from the clean one."""

    photo: Photo
    images: Mapping[str, Plane]
    metrics: Mapping[str, Metrics]

    @property
    def beats_median(self) -> bool:
        """Whether the evolved filter leaves a lower SAE than the 3x3 median."""
        return self.metrics[EVOLVED].sae < self.metrics[MEDIAN].sae

    @cached_property
    def best(self) -> Mapping[str, Sequence[str]]:
        """The labels of the best images by each of MEASURES; several where they are equal."""
        return {
            measure: [label for label, m in self.metrics.items() if loss(m) == lowest]
            for measure, loss in MEASURES.items()
            for lowest in [min(map(loss, self.metrics.values()))]
        }

    def strongest(self, measure: str) -> str:
        """Return the label of the baseline that is best by one of MEASURES."""
        baselines = [label for label in self.metrics if label != EVOLVED]
        return min(baselines, key=lambda label: MEASURES[measure](self.metrics[label]))

    def beats_all(self, measure: str) -> bool:
        """Return whether the evolved filter is better than every baseline by one of MEASURES."""
        return list(self.best[measure]) == [EVOLVED]


def compare(photo: Photo, circuit: Circuit) -> Comparison:
    """Filter a photo with the medians and the circuit, and measure all against the clean one."""
    images = {**_baselines(photo), EVOLVED: filter_image(circuit, photo.given)}
    return Comparison(
        photo, images, {label: metrics(image, photo.clean) for label, image in images.items()}
    )


def rival(photos: Sequence[Photo], goal: Goal = SAE) -> tuple[str, int]:
    """Return the strongest baseline, that with the lowest value over all photos, and this value."""
    values = values_of([(_baselines(photo), photo.clean) for photo in photos], goal)
    label, lowest = min(values.items(), key=lambda item: item[1])
    return _named(label), lowest


def values_of(photos: Sequence[tuple[Mapping[str, Plane], Plane]], goal: Goal) -> Mapping[str, int]:
    """Return by label what images are worth over all photos, each with its clean one."""
    values: Counter[str] = Counter()
    for images, clean in photos:
        judged = goal.of(np.stack([*images.values()]), clean)
        values.update(dict(zip(images, judged, strict=True)))
    return values


def print_comparisons(
    console: Console, comparisons: Sequence[Comparison], training: int, /
) -> None:
    """Print every photo's metrics with a mark at the best of each column; training ones first."""
    table = Table(title="SAE, MAE: lower is better; PSNR (dB), SSIM: higher is better; *: best")
    table.add_column("photo")
    table.add_column("image")
    for heading in MEASURES:
        table.add_column(f"{heading}  ", justify="right")
    for index, comparison in enumerate(comparisons):
        role = "training" if index < training else "held out"
        first = f"{comparison.photo.name} ({role})"
        for label in comparison.metrics:
            cells = [
                Text(f"{cell} *", "bold") if best else Text(f"{cell}  ")
                for cell, best in cells_of(comparison, label)
            ]
            table.add_row(first, label, *cells, end_section=label == EVOLVED)
            first = ""
    print_table(console, table)


def cells_of(comparison: Comparison, label: str) -> list[tuple[str, bool]]:
    """Return an image's value by each of MEASURES as text, and whether it is the best."""
    m = comparison.metrics[label]
    texts = (f"{m.sae:,}", f"{m.mae:.2f}", f"{m.psnr:.2f}", f"{m.ssim:.3f}")
    return [
        (text.replace("inf", "\N{INFINITY}"), label in best)
        for text, best in zip(texts, comparison.best.values(), strict=True)
    ]


def verdict(comparisons: Sequence[Comparison]) -> list[str]:
    """Return sentences that compare the evolved filter with the strongest baseline.

    Measures that agree share a sentence. The strongest baseline may be the unfiltered image: a
    median only does harm where the goal is not to remove noise, or there is little.
    """
    measures: dict[str, list[str]] = {}
    for measure in JUDGED:
        measures.setdefault(_outcome(comparisons, measure), []).append(measure)
    sentences = [
        f"By {listed(agreeing)}, the evolved filter is {outcome}."
        for outcome, agreeing in measures.items()
    ]
    if not all(comparison.beats_all("SAE") for comparison in comparisons):
        sentences.append("More evaluations, another seed or more tribes may help.")
    return sentences


def _outcome(comparisons: Sequence[Comparison], measure: str) -> str:
    """Return how the evolved filter compares by one measure: on which photos, with what."""
    groups: dict[str, dict[str, list[str]]] = {"better than": {}, "equal to": {}, "worse than": {}}
    for comparison in comparisons:
        strongest = comparison.strongest(measure)
        ours, theirs = (MEASURES[measure](comparison.metrics[x]) for x in (EVOLVED, strongest))
        outcome = "better than" if ours < theirs else "worse than" if ours > theirs else "equal to"
        names = groups[outcome].setdefault(_named(strongest), [])
        names.append(comparison.photo.name)
    parts: list[str] = []
    for outcome, photos in groups.items():
        for strongest, names in photos.items():
            baseline = "it" if parts else "the strongest baseline"
            every = len(names) == len(comparisons) > 1
            where = "every photo" if every else listed(names)
            parts.append(f"{outcome} {baseline} on {where} ({strongest})")
    return listed(parts)


def as_json(m: Metrics) -> dict[str, float | None]:
    """Return metrics for JSON, which has no infinity: the PSNR of equal images is null."""
    return {**asdict(m), "psnr": m.psnr if m.psnr != float("inf") else None}


def verdict_as_json(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Return for JSON which images are best on each photo, and whether the evolved one always is.

    By measure, as Comparison.best and Comparison.beats_all.
    """
    return {
        "best": [
            {measure.lower(): labels for measure, labels in comparison.best.items()}
            for comparison in comparisons
        ],
        "beats_all": {
            measure.lower(): all(comparison.beats_all(measure) for comparison in comparisons)
            for measure in JUDGED
        },
    }


def _baselines(photo: Photo) -> dict[str, Plane]:
    """Return what an evolved filter has to beat."""
    return {
        "noisy": photo.noisy,
        MEDIAN: median3x3(photo.noisy),
        ADAPTIVE: adaptive_median(photo.noisy),
        **({} if photo.earlier is None else {EARLIER: photo.earlier}),
    }


def _named(label: str) -> str:
    return UNFILTERED if label == "noisy" else label
