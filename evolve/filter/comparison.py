# SPDX-License-Identifier: Apache-2.0
"""How an evolved filter compares with the median filters, photo by photo."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from model.filter.array import filter_image
from model.filter.baselines import adaptive_median, median3x3
from model.filter.circuit import Circuit
from model.filter.fitness import Metrics, metrics, sae
from model.filter.functions import Plane

MEDIAN, ADAPTIVE, EVOLVED = "3x3 median", "adaptive median", "evolved"
EARLIER = "filters before"
UNFILTERED = "unfiltered image"


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

    @property
    def beats_unfiltered(self) -> bool:
        """Whether the evolved filter leaves a lower SAE than no filter."""
        return self.metrics[EVOLVED].sae < self.metrics["noisy"].sae


def compare(photo: Photo, circuit: Circuit) -> Comparison:
    """Filter a photo with the medians and the circuit, and measure all against the clean one."""
    images = {
        "noisy": photo.noisy,
        MEDIAN: median3x3(photo.noisy),
        ADAPTIVE: adaptive_median(photo.noisy),
        **({} if photo.earlier is None else {EARLIER: photo.earlier}),
        EVOLVED: filter_image(circuit, photo.given),
    }
    return Comparison(
        photo, images, {label: metrics(image, photo.clean) for label, image in images.items()}
    )


def rival(photos: Sequence[Photo]) -> tuple[str, int]:
    """Return what is to be beaten and its SAE over all photos: the median or no filter."""
    saes = {
        UNFILTERED: sum(sae(photo.noisy, photo.clean) for photo in photos),
        MEDIAN: sum(sae(median3x3(photo.noisy), photo.clean) for photo in photos),
    }
    return min(saes.items(), key=lambda item: item[1])


def print_table(console: Console, comparisons: Sequence[Comparison], training: int) -> None:
    """Print every photo's metrics, the lowest SAE of each photo in bold; training ones first."""
    table = Table(title="SAE, MAE: lower is better; PSNR (dB), SSIM: higher is better")
    table.add_column("photo")
    table.add_column("image")
    for heading in ("SAE", "MAE", "PSNR", "SSIM"):
        table.add_column(heading, justify="right")
    for index, comparison in enumerate(comparisons):
        role = "training" if index < training else "held out"
        lowest = min(m.sae for m in comparison.metrics.values())
        first = f"{comparison.photo.name} ({role})"
        for label, m in comparison.metrics.items():
            style = "bold" if m.sae == lowest else None
            table.add_row(first, label, *_cells(m), style=style, end_section=label == EVOLVED)
            first = ""
    console.print(table)


def verdict(comparisons: Sequence[Comparison]) -> str:
    """Return a sentence that says whether the evolved filter beats the median, and no filter.

    Both, since a median only does harm where the goal is not to remove noise or there is little.
    """
    lost = [c.photo.name for c in comparisons if not (c.beats_median and c.beats_unfiltered)]
    rivals = f"the {UNFILTERED} and the {MEDIAN}"
    if not lost:
        return f"The evolved filter beats {rivals} on every photo here."
    return (
        f"The evolved filter does NOT beat {rivals} on {', '.join(lost)}: "
        "give it more evaluations, another seed or more tribes."
    )


def as_json(m: Metrics) -> dict[str, float | None]:
    """Return metrics for JSON, which has no infinity: the PSNR of equal images is null."""
    return {**asdict(m), "psnr": m.psnr if m.psnr != float("inf") else None}


def _cells(m: Metrics) -> tuple[str, str, str, str]:
    return f"{m.sae:,}", f"{m.mae:.2f}", f"{m.psnr:.2f}", f"{m.ssim:.3f}"
