# SPDX-License-Identifier: Apache-2.0
"""pool: every sum, every place of the maximum, extremes and random taps, against the model."""

from collections.abc import Callable, Iterable

import cocotb
import numpy as np
import pytest
from numpy.typing import NDArray

from evoarray.model.neuro.forward import pool
from evoarray.model.neuro.latency import POOL_CYCLES
from tb.covergroups import is_sampled, sample
from tb.drivers import Dut, Monitor, Source, Stall, Testbench, packed
from tb.neuro.covergroups import rounding_bins

Windows = NDArray[np.int64]  # (n, taps), -128..127: 4 or 9 taps

LOWEST, HIGHEST = -128, 127
KINDS = ("max", "average")


@pytest.mark.verilator
def test_pool(simulate: Callable[..., None]) -> None:
    simulate(toplevel="evoarray_pool", module="tb.neuro.test_pool", family="neuro")


class Bench(Testbench):
    """The module with its stream of windows."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.enable = Stall(self, dut.ce)
        self.windows = Source(
            self, dut.s_valid, dut.ce, [dut.s_last, dut.average, dut.size3, dut.s_taps]
        )
        self.values = Monitor(self, dut.m_valid, dut.ce, [dut.m_last, dut.m_value])
        self.cover("pool s", dut.s_valid, dut.ce)
        self.queued: list[tuple[Windows, str]] = []

    def send(self, windows: Windows, kind: str) -> None:
        """Queue windows; what is beyond the taps of 2x2 is random."""
        self.queued.append((windows, kind))
        size = round(windows.shape[1] ** 0.5)
        maps = windows.reshape(-1, 1, size, size)
        for taps, value in zip(windows, pool(maps, kind, size, 1).ravel().tolist(), strict=True):
            last = self.random.getrandbits(1)
            beyond = self.rng.integers(LOWEST, HIGHEST + 1, 9 - len(taps))
            lanes = packed(np.concatenate([taps, beyond]).astype(np.uint8), 8)
            self.windows.send([(last, int(kind == "average"), int(size == 3), lanes)])
            self.values.scoreboard.expect([(last, value % 2**8)])

    def random_windows(self, count: int) -> None:
        """Queue random windows of random kinds, one by one."""
        for _ in range(count):
            taps = self.random.choice([4, 9])
            low, high = sorted(self.random.sample(range(LOWEST, HIGHEST + 1), 2))
            self.send(self.rng.integers(low, high + 1, (1, taps)), self.random.choice(KINDS))

    async def reset(self) -> None:
        await super().reset()
        self.queued.clear()

    async def finish(self, surplus: int = 100) -> None:
        await super().finish(surplus)
        if is_sampled():
            self.sample()
        for taken, seen in zip(self.windows.taken, self.values.seen, strict=True):
            assert self.enable.cycles(taken, seen) == POOL_CYCLES

    def sample(self) -> None:
        """Sample the windows since the reset; all of them are through."""
        for windows, kind in self.queued:
            taps = windows.shape[1]
            size = "2x2" if taps == 4 else "3x3"
            if kind == "average":
                for name in rounding_bins(windows.sum(axis=1), taps):
                    sample("pool", f"average of {size}", name)
            else:
                alone = (windows == windows.max(axis=1, keepdims=True)).sum(axis=1) == 1
                for place in set(windows[alone].argmax(axis=1).tolist()):
                    sample("pool", f"maximum of {size} at", str(place))


def with_sums(sums: Iterable[int], taps: int, rng: np.random.Generator) -> Windows:
    """Return for each sum a window that has it: some taps far out, whatever they are."""
    windows = []
    for total in sums:
        window = np.zeros(taps, np.int64)
        left = total - LOWEST * taps
        for place in rng.permutation(taps):
            others = (HIGHEST - LOWEST) * (taps - 1)
            low, high = max(0, left - others), min(HIGHEST - LOWEST, left)
            window[place] = LOWEST + rng.integers(low, high + 1)
            left -= window[place] - LOWEST
            taps -= 1
        taps = len(window)
        windows.append(window)
    return np.stack(windows)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(taps=[4, 9])
async def every_sum(dut: Dut, taps: int) -> None:
    """So all ties of both signs are among them; of each the maximum, too."""
    bench = Bench(dut)
    await bench.reset()
    windows = with_sums(range(LOWEST * taps, HIGHEST * taps + 1), taps, bench.rng)
    assert np.array_equal(windows.sum(axis=1), np.arange(len(windows)) + LOWEST * taps)
    for part in np.array_split(bench.rng.permutation(windows), 20):
        bench.send(part, "average")
        bench.send(part[:10], "max")
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def the_maximum_at_every_place(dut: Dut) -> None:
    """One tap above the others, or below, by much or by one, and all equal."""
    bench = Bench(dut)
    await bench.reset()
    extremes = (LOWEST, HIGHEST), (HIGHEST, LOWEST), (LOWEST, LOWEST)
    for ground, tap in (*extremes, (-1, 0), (0, -1), (5, 6)):
        for taps in (4, 9):
            windows = np.where(np.eye(taps, dtype=np.bool_), tap, ground)
            for kind in KINDS:
                bench.send(windows, kind)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("stall", "pause"), [(0.0, 0.0), (0.0, 0.4), (0.3, 0.0), (0.4, 0.4)]))
async def random_windows(dut: Dut, stall: float, pause: float) -> None:
    """Kind and size change from window to window."""
    bench = Bench(dut)
    bench.enable.stall, bench.windows.pause = stall, pause
    await bench.reset()
    bench.random_windows(800)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_in_the_middle(dut: Dut) -> None:
    """What is on the way is gone, and what comes right after the reset is not."""
    bench = Bench(dut)
    bench.enable.stall, bench.windows.pause = 0.3, 0.3
    await bench.reset()
    for _ in range(40):
        bench.random_windows(8)
        await bench.wait(bench.random.randrange(2, 12))
        await bench.reset()
        bench.random_windows(3)
        await bench.finish(surplus=8)
