# SPDX-License-Identifier: Apache-2.0
"""requant: corners of every shift, ties of both signs, and random data, against the model."""

from collections.abc import Callable, Iterable

import cocotb
import numpy as np
import pytest

from evoarray.model.neuro.arithmetic import LARGEST, LARGEST_MULTIPLIER, requantise
from evoarray.model.neuro.latency import REQUANT_CYCLES
from tb.covergroups import is_sampled, sample
from tb.drivers import Dut, Monitor, Source, Stall, Testbench
from tb.neuro.covergroups import scaled_bins

LARGEST_ACCUMULATOR = 2**31 - 1

Scaled = tuple[int, int, int, int]
"""An accumulator, its shift, its multiplier, and 1 for ReLU."""


@pytest.mark.parametrize("multiplier", [0, pytest.param(1, marks=pytest.mark.verilator)])
def test_requant(simulate: Callable[..., None], multiplier: int) -> None:
    simulate(
        toplevel="evoarray_requant",
        module="tb.neuro.test_requant",
        parameters={"MULTIPLIER": multiplier},
        family="neuro",
    )


class Bench(Testbench):
    """The module with its stream of accumulators."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.multiplies = bool(int(dut.MULTIPLIER.value))
        self.largest_shift = 62 if self.multiplies else 31
        self.enable = Stall(self, dut.ce)
        self.accumulators = Source(
            self,
            dut.s_valid,
            dut.ce,
            [dut.s_accumulator, dut.s_shift, dut.s_multiplier, dut.s_low_zero],
        )
        self.values = Monitor(self, dut.m_valid, dut.ce, [dut.m_value])
        self.cover("requant s", dut.s_valid, dut.ce)
        self.queued: list[Scaled] = []

    def send(self, items: Iterable[Scaled]) -> None:
        """Queue accumulators; where there is no multiplier, a random one is ignored."""
        for item in items:
            accumulator, shift, multiplier, relu = item
            self.queued.append(item)
            low = 0 if relu else -LARGEST
            value = requantise(np.array(accumulator), shift, multiplier, low)
            self.values.scoreboard.expect([(int(value) % 2**8,)])
            shown = multiplier if self.multiplies else self.random.getrandbits(31)
            self.accumulators.send([(accumulator % 2**32, shift, shown, relu)])

    def factor(self) -> tuple[int, int]:
        """Return a random shift and multiplier."""
        draw = self.random
        if not self.multiplies or draw.random() < 0.1:
            return draw.randint(0, 31), 1
        multiplier = draw.choice([LARGEST_MULTIPLIER, draw.getrandbits(draw.randint(2, 31)) | 2])
        return draw.randint(0, 62), multiplier

    def near(self, value: int, shift: int, multiplier: int) -> list[int]:
        """Return the accumulators of which about this value, in halves, is made."""
        middle = (value << shift) // (2 * multiplier)
        return [a for a in range(middle - 1, middle + 3) if abs(a) <= LARGEST_ACCUMULATOR]

    async def reset(self) -> None:
        await super().reset()
        self.queued.clear()

    async def finish(self, surplus: int = 100) -> None:
        await super().finish(surplus)
        if is_sampled():
            self.sample()
        for taken, seen in zip(self.accumulators.taken, self.values.seen, strict=True):
            assert self.enable.cycles(taken, seen) == REQUANT_CYCLES

    def sample(self) -> None:
        """Sample the accumulators since the reset; all of them are through."""
        for accumulator, shift, multiplier, relu in self.queued:
            factor = "none" if multiplier == 1 else "some"
            sample("requant", "multiplier x shift", f"{factor} x {shift}")
            for point, name in scaled_bins(np.array(accumulator) * multiplier, shift, bool(relu)):
                sample("requant", point, name)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def corners_of_every_shift(dut: Dut) -> None:
    """The largest accumulators, single bits, and what lies around saturation and around zero."""
    bench = Bench(dut)
    await bench.reset()
    extremes = [-(2**31), 1 - 2**31, LARGEST_ACCUMULATOR, LARGEST_ACCUMULATOR - 1, -1, 0, 1]
    for shift in range(bench.largest_shift + 1):
        for multiplier in [1] * (shift <= 31) + [2, LARGEST_MULTIPLIER] * bench.multiplies:
            bit = 1 << bench.random.randrange(31)
            accumulators = [*extremes, bit, -bit]
            for halves in (-257, -256, -255, -254, -3, -1, 1, 3, 253, 254, 255):
                near = bench.near(halves, shift, multiplier)
                accumulators += bench.random.sample(near, min(2, len(near)))
            relu = bench.random.getrandbits(1)
            bench.send((a, shift, multiplier, (i + relu) % 2) for i, a in enumerate(accumulators))
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def ties_of_both_signs(dut: Dut) -> None:
    """Half way between two integers, exactly and one accumulator beside it, however it is made."""
    bench = Bench(dut)
    await bench.reset()
    for odd in [*range(-9, 10, 2), *bench.random.sample(range(-261, 262, 2), 60)]:
        divisors = [d for d in range(1, abs(odd) + 1, 2) if odd % d == 0]
        for _ in range(4):
            # A divisor of the odd number goes into the multiplier, and powers of two into both; the
            # shift undoes these and halves.
            divisor, more = 1, 0
            if bench.multiplies:
                divisor = bench.random.choice(divisors)
                more = bench.random.randint(0, 22)
            quotient = odd // divisor
            up = bench.random.randint(0, 31 - abs(quotient).bit_length() - (more > 0))
            shift, multiplier = up + more + 1, divisor << more
            if shift <= (31 if multiplier == 1 else 62):
                accumulator = quotient << up
                bench.send(
                    (accumulator + d, shift, multiplier, bench.random.getrandbits(1))
                    for d in (0, -1, 1)
                )
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("stall", "pause"), [(0.0, 0.0), (0.0, 0.4), (0.3, 0.0), (0.4, 0.4)]))
async def random_accumulators(dut: Dut, stall: float, pause: float) -> None:
    bench = Bench(dut)
    bench.enable.stall, bench.accumulators.pause = stall, pause
    await bench.reset()
    for _ in range(1500):
        shift, multiplier = bench.factor()
        # Of a size of which about eight bits are left, mostly.
        bits = shift - multiplier.bit_length() + 1 + bench.random.randint(0, 10)
        size = 2 ** min(max(bits, 1), 31)
        accumulator = bench.random.randrange(-size, size)
        bench.send([(accumulator, shift, multiplier, bench.random.getrandbits(1))])
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_in_the_middle(dut: Dut) -> None:
    """What is on the way is gone, and what comes right after the reset is not."""
    bench = Bench(dut)
    bench.enable.stall, bench.accumulators.pause = 0.3, 0.3
    await bench.reset()
    for _ in range(40):
        bench.send((bench.random.getrandbits(31), *bench.factor(), 0) for _ in range(8))
        await bench.wait(bench.random.randrange(2, 12))
        await bench.reset()
        bench.send((bench.random.getrandbits(20), *bench.factor(), 0) for _ in range(3))
        await bench.finish(surplus=8)
