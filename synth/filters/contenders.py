# SPDX-License-Identifier: Apache-2.0
"""Who is compared: the filters by hand, and the evolved ones as exported modules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from evolve.export.verilog import module, stages_of
from evolve.runs.comparison import Photo
from evolve.simplify.graph import simplify
from model.array import filter_image
from model.baselines import adaptive_median, median3x3
from model.circuit import Circuit
from model.files import write_atomically
from model.fitness import metrics
from model.functions import Plane
from model.latency import ADAPTIVE_MEDIAN_CYCLES, MEDIAN_CYCLES
from model.rtl import baselines
from synth.designs import DEVICES, Design, Device
from synth.filters.evolution import (
    BUILD,
    LITERATURE,
    NOISES,
    WEIGHT,
    Noise,
    evolve_filter,
    pruned,
)

MEDIAN = "3x3 median"
EVOLVED, PRUNED, WEIGHTED = "evolved", "evolved, pruned", "evolved, LUTs weighted"
LARGEST = (3, 5, 7)


@dataclass(frozen=True)
class Contender:
    """A filter: what it makes of an image (H, W) uint8, and its hardware.

    side is that of its window in pixels, latency the cycles from a window to its pixel.
    """

    name: str
    apply: Callable[[Plane], Plane]
    side: int
    latency: int
    design: Design

    @property
    def is_adaptive(self) -> bool:
        """Whether it is one of the adaptive medians."""
        return self.design.module == "adaptive_median"


@dataclass(frozen=True)
class Quality:
    """What a filter leaves on photos: means over them, `ratio` of the SAEs to the 3x3 median's."""

    sae: float
    ratio: float
    psnr: float
    ssim: float


def by_hand() -> list[Contender]:
    """Return the filters of rtl/baselines."""
    files = tuple(baselines())
    contenders = [
        Contender(
            MEDIAN,
            median3x3,
            3,
            MEDIAN_CYCLES,
            Design(MEDIAN, "median3x3", {}, DEVICES, files),
        )
    ]
    for side in LARGEST:
        name = f"adaptive median {side}x{side}"
        design = Design(name, "adaptive_median", {"LARGEST": side}, DEVICES, files)
        apply = partial(adaptive_median, largest=side)
        contenders.append(Contender(name, apply, side, ADAPTIVE_MEDIAN_CYCLES, design))
    return contenders


def evolved(noise: Noise) -> list[Contender]:
    """Return the evolved filters for a noise; only those of LITERATURE are placed and routed."""
    best = evolve_filter(noise)
    circuits = {
        EVOLVED: best,
        PRUNED: pruned(best, noise),
        WEIGHTED: evolve_filter(noise, WEIGHT),
    }
    devices = DEVICES if noise == LITERATURE else ()
    return [_exported(name, circuit, noise, devices) for name, circuit in circuits.items()]


def quality(contender: Contender, photos: Sequence[Photo]) -> Quality:
    """Measure a filter on photos."""
    found = [metrics(contender.apply(photo.noisy), photo.clean) for photo in photos]
    medians = [metrics(median3x3(photo.noisy), photo.clean) for photo in photos]
    return Quality(
        fmean(each.sae for each in found),
        fmean(each.sae / median.sae for each, median in zip(found, medians, strict=True)),
        fmean(each.psnr for each in found),
        fmean(each.ssim for each in found),
    )


def _exported(name: str, circuit: Circuit, noise: Noise, devices: tuple[Device, ...]) -> Contender:
    """Write a circuit's module, registered after every operation."""
    word = f"f{NOISES.index(noise)}_{name.replace(', ', '_').replace(' ', '_').lower()}"
    output = simplify(circuit)
    stages = stages_of(output, "full")
    file = BUILD / f"{word}.v"
    BUILD.mkdir(parents=True, exist_ok=True)
    write_atomically(file, module(output, word, stages, [f"For {noise.name}: {name}."]).encode())
    design = Design(f"{noise.name}, {name}", word, {}, devices, (file,))
    return Contender(name, partial(filter_image, circuit), 3, stages, design)
