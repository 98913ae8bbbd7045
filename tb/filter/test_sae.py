# SPDX-License-Identifier: Apache-2.0
"""sae: frames of any length, extremes and random, against the model's SAE, and above a limit."""

from collections.abc import Callable, Iterable

import cocotb
import numpy as np
import pytest
from numpy.typing import NDArray

from evoarray.model.filter.fitness import sae
from evoarray.model.filter.latency import SAE_CYCLES
from tb.drivers import Dut, Monitor, Source, Testbench, Watch
from tb.filter.drivers import Limit

LARGEST = 4112  # pixels, all of them wrong by 255: the largest sum of 20 bits


@pytest.mark.parametrize("width", [20, pytest.param(32, marks=pytest.mark.verilator)])
def test_sae(simulate: Callable[..., None], width: int) -> None:
    simulate(toplevel="evoarray_sae", module="tb.filter.test_sae", parameters={"SAE_W": width})


class Bench(Testbench):
    """The SAE unit with its stream of pixel pairs; the sum must stay until the next one."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.pairs = Source(self, dut.s_valid, None, [dut.s_last, dut.s_pixel, dut.s_reference])
        self.sums = Monitor(self, dut.m_valid, None, [dut.m_sae])
        self.limit = Limit(self, dut.limit, dut.m_over, dut.m_valid, lambda: self.pairs.taken)
        Watch(self, self.look)
        self.ends: list[int] = []
        self.newest: int | None = None

    def look(self) -> None:
        if int(self.dut.m_valid.value):
            self.newest = int(self.dut.m_sae.value)
        assert self.newest is None or int(self.dut.m_sae.value) == self.newest

    def frame(self, pixels: NDArray[np.uint8], reference: NDArray[np.uint8]) -> None:
        """Queue a frame of pixels and reference, (N,) uint8 each."""
        end = len(pixels) - 1
        pairs = enumerate(zip(pixels.tolist(), reference.tolist(), strict=True))
        self.pairs.send((int(i == end), *pair) for i, pair in pairs)
        self.sums.scoreboard.expect([(sae(pixels, reference),)])
        self.limit.frame(pixels, reference)
        self.ends.append((self.ends[-1] if self.ends else -1) + len(pixels))

    def random_frames(self, lengths: Iterable[int]) -> None:
        for length in lengths:
            pixels, reference = self.rng.integers(0, 256, (2, length)).astype(np.uint8)
            self.frame(pixels, reference)

    async def finish(self, surplus: int = 100) -> None:
        await super().finish(surplus)
        assert self.sums.seen == [self.pairs.taken[end] + SAE_CYCLES for end in self.ends]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def extremes(dut: Dut) -> None:
    """Back to back, so that a wrong sum would spoil the next one too."""
    bench = Bench(dut)
    await bench.reset()
    for length in (LARGEST, 1, 9, LARGEST):
        white, black = np.full(length, 255, np.uint8), np.zeros(length, np.uint8)
        for pixels, reference in ((white, black), (black, white), (white, white), (black, black)):
            bench.frame(pixels, reference)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.1, 0.7])
async def random_frames(dut: Dut, pause: float) -> None:
    """Also frames of a single pixel, which end in every cycle."""
    bench = Bench(dut)
    bench.pairs.pause = pause
    await bench.reset()
    bench.random_frames([1] * 50 + bench.rng.integers(1, 50, 100).tolist() + [1] * 50)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.1, 0.7])
async def frames_above_and_below_their_limits(dut: Dut, pause: float) -> None:
    """The limit changes with each sum: frames that end or exceed theirs in any cycle."""
    bench = Bench(dut)
    bench.pairs.pause = pause
    bench.limit.per_frame = True
    await bench.reset()
    bench.random_frames([1] * 20 + bench.rng.integers(1, 40, 150).tolist() + [2] * 50)
    await bench.finish()
    bench.limit.check_frames()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_pair_of_pixels(dut: Dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    pixels, reference = np.divmod(bench.rng.permutation(65536), 256)
    for part in np.split(np.stack([pixels, reference]).astype(np.uint8), 4096, axis=1):
        bench.frame(*part)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_in_the_middle_of_a_frame(dut: Dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    for _ in range(30):
        bench.random_frames([20])
        await bench.wait(bench.random.randrange(24))
        await bench.reset()
        bench.newest, bench.ends = None, []
        bench.random_frames([5])
        await bench.finish(surplus=5)
