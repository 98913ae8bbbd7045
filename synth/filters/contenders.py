# SPDX-License-Identifier: Apache-2.0
"""Who is compared: the filters by hand, and the evolved ones as exported modules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from evoarray.evolution.export.verilog import module, stages_of
from evoarray.evolution.filter.comparison import Photo, cascade
from evoarray.evolution.simplify.graph import simplify
from evoarray.evolution.synthesis.devices import DEVICES, Design, Device
from evoarray.model.files import write_atomically
from evoarray.model.filter.baselines import adaptive_median, median3x3
from evoarray.model.filter.circuit import Circuit
from evoarray.model.filter.fitness import metrics
from evoarray.model.filter.functions import Plane
from evoarray.model.filter.latency import ADAPTIVE_MEDIAN_CYCLES, MEDIAN_CYCLES
from evoarray.model.filter.rtl import baselines
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
CASCADE = "evolved, two in a row"
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
            Design(MEDIAN, "evoarray_median3x3", {}, DEVICES, files),
        )
    ]
    for side in LARGEST:
        name = f"adaptive median {side}x{side}"
        design = Design(name, "evoarray_adaptive_median", {"LARGEST": side}, DEVICES, files)
        apply = partial(adaptive_median, largest=side)
        contenders.append(Contender(name, apply, side, ADAPTIVE_MEDIAN_CYCLES, design))
    return contenders


def evolved(noise: Noise) -> list[Contender]:
    """Return the evolved filters for a noise; only those of LITERATURE are placed and routed."""
    best, cheap = evolve_filter(noise), evolve_filter(noise, WEIGHT)
    second = evolve_filter(noise, after=[cheap])
    circuits = {
        EVOLVED: [best],
        PRUNED: [pruned(best, noise)],
        WEIGHTED: [cheap],
        CASCADE: [cheap, pruned(second, noise, [cheap])],
    }
    devices = DEVICES if noise == LITERATURE else ()
    return [_exported(name, several, noise, devices) for name, several in circuits.items()]


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


def _exported(
    name: str, circuits: Sequence[Circuit], noise: Noise, devices: tuple[Device, ...]
) -> Contender:
    """Write the modules of a cascade, registered after every operation, and one that has them."""
    word = f"f{NOISES.index(noise)}_{name.replace(', ', '_').replace(' ', '_').lower()}"
    BUILD.mkdir(parents=True, exist_ok=True)
    outputs = list(map(simplify, circuits))
    latencies = [stages_of(output, "full") for output in outputs]
    parts = [f"{word}_{number}" for number, _ in enumerate(circuits, 1)]
    files = [BUILD / f"{part}.v" for part in parts]
    for part, output, stages, file in zip(parts, outputs, latencies, files, strict=True):
        text = module(output, part, stages, [f"For {noise.name}: {name}."])
        write_atomically(file, text.encode())
    top = BUILD / f"{word}.v"
    text = _TOP.format(name=word, last=len(parts) - 1, parts=_instances(parts, latencies))
    write_atomically(top, text.encode())
    design = Design(f"{noise.name}, {name}", word, {}, devices, (*files, top))
    side = 1 + 2 * len(circuits)
    return Contender(name, partial(cascade, circuits), side, sum(latencies), design)


_TOP = """\
// The filters of a cascade; the windows between them are not counted.
module {name} (
  input  wire                  clk,
  input  wire                  ce,
  input  wire [72*{last}+71:0] window,
  output wire [8*{last}+7:0]   pixel
);
{parts}endmodule
"""


def _instances(parts: Sequence[str], latencies: Sequence[int]) -> str:
    clocks = [".clk(clk), .ce(ce), " if latency else "" for latency in latencies]
    return "".join(
        f"  {part} u_{i} ({clock}.window(window[{72 * i} +: 72]), .pixel(pixel[{8 * i} +: 8]));\n"
        for i, (part, clock) in enumerate(zip(parts, clocks, strict=True))
    )
