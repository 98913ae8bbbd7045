# SPDX-License-Identifier: Apache-2.0
"""pixel_window: frames of all sizes and every way to pause them, against the model's windows."""

from bisect import bisect_left
from collections.abc import Callable
from itertools import pairwise

import cocotb
import numpy as np
import pytest
from numpy.typing import NDArray

from evoarray.model.filter.latency import WINDOW_CYCLES
from evoarray.model.window import windows
from tb.bins import reset_bin, size_bin
from tb.covergroups import sample
from tb.drivers import (
    LONG,
    Dut,
    Monitor,
    Source,
    Stall,
    Testbench,
    Watch,
    frame_sizes,
    window_lanes,
)

FRAME = "pixel_window frame"


@pytest.mark.parametrize(
    ("width", "height"),
    [(3, 3), (5, 4), pytest.param(129, 130, marks=pytest.mark.verilator)],
)
def test_pixel_window(simulate: Callable[..., None], width: int, height: int) -> None:
    simulate(
        toplevel="evoarray_pixel_window",
        module="tb.shared.test_pixel_window",
        parameters={"MAX_WIDTH": width, "MAX_HEIGHT": height},
    )


class Bench(Testbench):
    """The window generator with its pixel stream and its window stream."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.largest = int(dut.MAX_HEIGHT.value), int(dut.MAX_WIDTH.value)
        self.sizes = frame_sizes(*self.largest)
        self.enable = Stall(self, dut.ce)
        self.pixels = Source(
            self,
            dut.s_valid,
            dut.s_ready,
            [dut.s_pixel, dut.s_load, dut.frame_width, dut.frame_height],
        )
        self.places = Monitor(
            self, dut.s_valid, dut.s_ready, [dut.s_first, dut.s_line_last], the_takers=True
        )
        self.windows = Monitor(
            self, dut.m_valid, dut.ce, [dut.m_load, dut.m_line_last, dut.m_last, dut.m_window]
        )
        Watch(self, self.check_idle)
        self.frames: list[tuple[int, int]] = []
        self.sampler = self.cover("pixel_window s", dut.s_valid, dut.s_ready)

    def check_idle(self) -> None:
        """Between frames, and only there, as many windows have left as pixels have come."""
        came, left = (bisect_left(c, self.cycle) for c in (self.pixels.taken, self.windows.seen))
        assert int(self.dut.s_idle.value) == (came == left)

    def image(self, height: int, width: int) -> NDArray[np.uint8]:
        """Return a random image, or one of a single grey level."""
        image = self.rng.integers(0, 256, (height, width)).astype(np.uint8)
        return image if self.random.random() < 0.9 else np.full_like(image, image[0, 0])

    def frame(self, height: int, width: int) -> None:
        """Queue an image; what comes with its first pixel stays with the others or does not."""
        self.frames.append((height, width))
        image = self.image(height, width)
        load = self.random.getrandbits(1)
        lanes = window_lanes(windows(image))
        ends_line = [int(i % width == width - 1) for i in range(len(lanes))]
        self.places.scoreboard.expect((int(i == 0), end) for i, end in enumerate(ends_line))
        self.windows.scoreboard.expect(
            (int(load and i == 0), ends_line[i], int(i == len(lanes) - 1), lane)
            for i, lane in enumerate(lanes)
        )
        first, *others = image.ravel().tolist()
        self.pixels.send([(first, load, width, height)])
        marks = [load, width, height]
        if self.random.getrandbits(1):
            marks = [self.random.getrandbits(bits) for bits in self.pixels.widths[1:]]
        self.pixels.send((pixel, *marks) for pixel in others)

    async def reset(self) -> None:
        self.sample()
        taken, left = len(self.pixels.taken), len(self.windows.seen)
        sample(FRAME, "reset", reset_bin(self.frames, taken, left))
        await super().reset()
        self.frames.clear()

    async def finish(self, surplus: int = 100) -> None:
        await super().finish(surplus)
        self.sample()

    def sample(self) -> None:
        """Sample the frames that began since the reset."""
        first = 0
        before: tuple[int, int] | None = None
        for size in self.frames:
            if first < len(self.sampler.pauses):
                sample(FRAME, "size", size_bin(size, self.largest))
                if before:
                    gap, row = self.sampler.pauses[first], before[1]
                    length = ["none", "single", "less than a row", "a row", "more"][
                        min(gap, 2) + (gap >= row) + (gap > row)
                    ]
                    which = "the same" if size == before else "another"
                    sample(FRAME, "gap x size", f"{length} x {which}")
            first += size[0] * size[1]
            before = size


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(
    (
        ("stall", "pause", "long"),
        [
            *((0.0, 0.0, LONG), (0.0, 0.05, LONG), (0.0, 0.6, LONG), (0.3, 0.0, LONG)),
            *((0.3, 0.3, LONG), (0.4, 0.4, 0.3)),
        ],
    )
)
async def frames_of_all_sizes(dut: Dut, stall: float, pause: float, long: float) -> None:
    """Every size after every other, also after itself."""
    bench = Bench(dut)
    bench.enable.stall, bench.pixels.pause = stall, pause
    bench.enable.long = bench.pixels.long = long
    await bench.reset()
    sizes = [size for size in bench.sizes for _ in range(3)]
    small = [size for size in sizes if max(size) < 20]
    order = bench.random.sample(sizes, len(sizes)) + bench.random.choices(small, k=30)
    for size in order:
        bench.frame(*size)
    await bench.finish()
    start = 0
    for height, width in order:
        check_latency(bench, start, height, width)
        start += height * width


def check_latency(bench: Bench, start: int, height: int, width: int) -> None:
    """Where the pixel one row and one column further is in the frame, its arrival counts."""
    for y in range(height - 1):
        for x in range(width - 1):
            i = start + y * width + x
            taken, seen = bench.pixels.taken[i + width + 1], bench.windows.seen[i]
            assert bench.enable.cycles(taken, seen) == WINDOW_CYCLES


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def frames_back_to_back_take_a_cycle_per_pixel(dut: Dut) -> None:
    bench = Bench(dut)
    for height, width in bench.sizes:
        await bench.reset()
        for _ in range(3):
            bench.frame(height, width)
        await bench.finish()
        pixels = 3 * height * width
        first = bench.pixels.taken[0]
        assert bench.pixels.taken == list(range(first, first + pixels))
        first += width + 1 + WINDOW_CYCLES
        assert bench.windows.seen == list(range(first, first + pixels))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_bit_of_a_frame_s_size(dut: Dut) -> None:
    """Sides around every power of two, and the largest frame."""
    bench = Bench(dut)
    await bench.reset()
    tall, wide = bench.largest
    sides = [2**bit - less for bit in range(2, 8) for less in (1, 0)]
    for side in sides:
        bench.frame(3, min(side, wide))
        bench.frame(min(side, tall), 3)
    bench.frame(tall, wide)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(resized=[False, True])
async def a_pause_between_frames_flushes_the_last_row(dut: Dut, resized: bool) -> None:
    """The next frame waits until the row's width is through, however long the pause was."""
    bench = Bench(dut)
    await bench.reset()
    boundaries = []
    width = max(width for _, width in bench.sizes if width < 9)
    height, other = 3, min(3 + resized, bench.largest[0])
    bench.frame(height, width)
    for pause in (1, 2, width - 1, width, width + 1, width + 2, 3 * width, 0, 1):
        boundaries.append((sum(item is not None for item in bench.pixels.queue), pause))
        bench.pixels.send([None] * pause)
        height, other = other, height
        bench.frame(height, width)
    await bench.finish()
    for first, pause in boundaries:
        before, after = bench.pixels.taken[first - 1 : first + 1]
        flushed = pause or height != other
        assert after - before == (1 + max(width, pause) if flushed else 1)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_frame_of_another_size_waits_for_the_last_row(dut: Dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    sizes = bench.random.choices([size for size in bench.sizes if max(size) < 10], k=30)
    for size in sizes:
        bench.frame(*size)
    await bench.finish()
    first = 0
    for before, after in pairwise(sizes):
        first += before[0] * before[1]
        gap = bench.pixels.taken[first] - bench.pixels.taken[first - 1]
        assert gap == (1 if before == after else 1 + before[1])


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("stall", "pause"), [(0.0, 0.0), (0.2, 0.2)]))
async def reset_in_the_middle(dut: Dut, stall: float, pause: float) -> None:
    """At any point, also while the last row is flushed; what was before leaves no trace."""
    bench = Bench(dut)
    bench.enable.stall, bench.pixels.pause = stall, pause
    await bench.reset()
    sizes = [size for size in bench.sizes if max(size) < 10]
    for _ in range(40):
        before, after = bench.random.choices(sizes, k=2)
        bench.frame(*before)
        bench.frame(*bench.random.choice([before, after]))
        await bench.wait(bench.random.randrange(2 * before[0] * before[1] + before[1]))
        await bench.reset()
        start = bench.cycle
        bench.frame(*after)
        await bench.finish(surplus=after[1] + 3)
        assert stall or pause or bench.pixels.taken[0] == start + 1
        await bench.reset()
