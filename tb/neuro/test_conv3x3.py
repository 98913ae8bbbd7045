# SPDX-License-Identifier: Apache-2.0
"""conv3x3: maps of all sizes with every border and stride, and every way to pause them."""

from collections.abc import Callable, Iterable
from itertools import product

import cocotb
import numpy as np
import pytest
from numpy.typing import NDArray

from evoarray.model.neuro.forward import convolve
from evoarray.model.neuro.latency import CONV_CYCLES
from evoarray.model.window import WINDOW_PIXELS, windows
from tb.bins import size_bin
from tb.covergroups import sample
from tb.drivers import LONG, Dut, Monitor, Source, Stall, Testbench, frame_sizes, window_lanes
from tb.neuro.covergroups import BORDERS

INSIDE, ZEROS, TWO = range(len(BORDERS))
STRIDES = (1, 2, 3)
MODES = list(product(range(len(BORDERS)), STRIDES))

Mode = tuple[int, int]
"""Border and stride."""
Size = tuple[int, int]
"""Height and width."""


@pytest.mark.parametrize(
    ("width", "height"),
    [(3, 3), (5, 4), pytest.param(64, 64, marks=pytest.mark.verilator(alone=True))],
)
def test_conv3x3(simulate: Callable[..., None], width: int, height: int) -> None:
    simulate(
        toplevel="evoarray_conv3x3",
        module="tb.neuro.test_conv3x3",
        parameters={"MAX_WIDTH": width, "MAX_HEIGHT": height},
        family="neuro",
    )


def taps(image: NDArray[np.uint8], border: int, stride: int) -> NDArray[np.uint8]:
    """Return what leaves for a map (H, W): planes (9, h, w), of 2x2 windows the last five zero."""
    if border == TWO:
        corner = [WINDOW_PIXELS.index(name) for name in ("C", "E", "S", "SE")]
        inside: NDArray[np.uint8] = windows(image)[corner, :-1:stride, :-1:stride]
        none = np.zeros((9 - len(corner), *inside.shape[1:]), np.uint8)
        shown: NDArray[np.uint8] = np.concatenate([inside, none])
        return shown
    # A kernel with a single 1 shows its tap.
    single = np.eye(9, dtype=np.int64).reshape(9, 1, 3, 3)
    (planes,) = convolve(image[np.newaxis, np.newaxis], single, stride, int(border == ZEROS))
    taps: NDArray[np.uint8] = planes.astype(np.uint8)
    return taps


class Bench(Testbench):
    """The module with its stream of pixels and its stream of windows."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.largest = int(dut.MAX_HEIGHT.value), int(dut.MAX_WIDTH.value)
        self.sizes = frame_sizes(*self.largest)
        self.small = [size for size in self.sizes if max(size) < 10]
        self.enable = Stall(self, dut.ce)
        self.pixels = Source(
            self,
            dut.s_valid,
            dut.s_ready,
            [dut.s_pixel, dut.frame_width, dut.frame_height, dut.border, dut.stride],
        )
        self.windows = Monitor(self, dut.m_valid, dut.ce, [dut.m_last, dut.m_taps])
        self.cover("conv3x3 s", dut.s_valid, dut.s_ready)
        self.queued: list[tuple[Size, Mode]] = []
        # For each window the number of the pixel at its lower right, or None where it is outside.
        self.completed_by: list[int | None] = []

    def map(self, size: Size, mode: Mode) -> None:
        """Queue a map; what comes with its first pixel stays with the others or does not."""
        (height, width), (border, stride) = size, mode
        self.queued.append((size, mode))
        image = self.rng.integers(0, 256, size).astype(np.uint8)
        if self.random.random() < 0.1:
            image[:] = image[0, 0]
        planes = taps(image, border, stride)
        lanes = window_lanes(planes)
        self.windows.scoreboard.expect(
            (int(i == len(lanes) - 1), lane) for i, lane in enumerate(lanes)
        )
        start = sum(item is not None for item in self.pixels.queue) + len(self.pixels.taken)
        reach = 2 if border == INSIDE else 1  # from a window's place to its lower right
        for y, x in product(*(range(side) for side in planes.shape[1:])):
            down, right = y * stride + reach, x * stride + reach
            inside = down < height and right < width
            self.completed_by.append(start + down * width + right if inside else None)
        first, *others = image.ravel().tolist()
        marks = [width, height, border, stride]
        self.pixels.send([(first, *marks)])
        if self.random.getrandbits(1):
            marks = [self.random.getrandbits(bits) for bits in self.pixels.widths[1:]]
        self.pixels.send((pixel, *marks) for pixel in others)

    def maps(self, sizes: Iterable[Size]) -> None:
        """Queue maps of these sizes with random borders and strides."""
        for size in sizes:
            self.map(size, self.random.choice(MODES))

    async def reset(self) -> None:
        await super().reset()
        self.completed_by.clear()
        self.queued.clear()

    async def finish(self, surplus: int = 100) -> None:
        await super().finish(surplus)
        for pixel, seen in zip(self.completed_by, self.windows.seen, strict=True):
            if pixel is not None:
                assert self.enable.cycles(self.pixels.taken[pixel], seen) == CONV_CYCLES
        for size, (border, stride) in self.queued:
            kind = size_bin(size, self.largest)
            sample("conv3x3 map", "border x stride", f"{BORDERS[border]} x {stride}")
            sample("conv3x3 map", "border x size", f"{BORDERS[border]} x {kind}")
            sample("conv3x3 map", "stride x size", f"{stride} x {kind}")


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(
    (
        ("stall", "pause", "long"),
        [(0.0, 0.0, LONG), (0.0, 0.5, LONG), (0.3, 0.0, LONG), (0.4, 0.4, 0.3)],
    )
)
async def every_size_border_and_stride(dut: Dut, stall: float, pause: float, long: float) -> None:
    """In any order; the largest maps once, as they take long."""
    bench = Bench(dut)
    bench.enable.stall, bench.pixels.pause = stall, pause
    bench.enable.long = bench.pixels.long = long
    await bench.reset()
    frames = list(product(bench.small, MODES))
    for size, mode in bench.random.sample(frames, len(frames)):
        bench.map(size, mode)
    bench.maps(size for size in bench.sizes if size not in bench.small)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def maps_of_one_size_take_a_cycle_per_pixel(dut: Dut) -> None:
    """Whatever their borders and strides; the last windows leave while the next map comes in."""
    bench = Bench(dut)
    for size in bench.small:
        await bench.reset()
        modes = bench.random.sample(MODES, len(MODES))
        for mode in modes:
            bench.map(size, mode)
        await bench.finish()
        first = bench.pixels.taken[0]
        pixels = len(modes) * size[0] * size[1]
        assert bench.pixels.taken == list(range(first, first + pixels))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_bit_of_a_map_s_size(dut: Dut) -> None:
    """Sides around every power of two, and the largest maps with every border and stride."""
    bench = Bench(dut)
    await bench.reset()
    tall, wide = bench.largest
    sides = {2**bit - less for bit in range(2, 7) for less in (1, 0)}
    bench.maps((3, side) for side in sorted(sides) if side <= wide)
    bench.maps((side, 3) for side in sorted(sides) if side <= tall)
    for mode in enumerate(bench.random.sample(STRIDES, len(STRIDES))):
        for size in ((3, wide), (tall, 3), bench.largest):
            bench.map(size, mode)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("stall", "pause"), [(0.0, 0.0), (0.2, 0.2)]))
async def reset_in_the_middle(dut: Dut, stall: float, pause: float) -> None:
    """At any point, also while the last row is flushed; what was before leaves no trace."""
    bench = Bench(dut)
    bench.enable.stall, bench.pixels.pause = stall, pause
    await bench.reset()
    for _ in range(40):
        before, after = bench.random.choices(bench.small, k=2)
        bench.maps([before, bench.random.choice([before, after])])
        await bench.wait(bench.random.randrange(2 * before[0] * before[1] + before[1]))
        await bench.reset()
        bench.maps([after])
        await bench.finish(surplus=after[1] + 4)
        await bench.reset()
