# SPDX-License-Identifier: Apache-2.0
"""mac_pe: products of bytes, the sums that they are added to, and every change of weight."""

from collections.abc import Callable

import cocotb
import numpy as np

from evoarray.model.neuro.forward import dense
from tb.drivers import Dut, Scoreboard, Testbench

CORNERS = (-128, -127, -1, 0, 1, 127)


def test_mac_pe(simulate: Callable[..., None]) -> None:
    simulate(
        toplevel="evoarray_mac_pe",
        module="tb.neuro.test_mac_pe",
        parameters={"SUM_W": 17},
        family="neuro",
    )


class Bench(Testbench):
    """The element, cycle by cycle: what it gets in one, and what must have become of it."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.width = len(dut.sum_south)
        self.scoreboard = Scoreboard("evoarray_mac_pe")
        self.held = 0
        self.before = 0, 0  # load and activation
        self.product = self.sum = self.enabled = 0

    async def cycle_of(self, load: int, weight: int, activation: int, stall: float = 0.0) -> None:
        """Give inputs in one enabled cycle, after random others; check what is there before it."""
        dut, draw = self.dut, self.random
        while True:
            enabled = draw.random() >= stall
            north = draw.choice([0, 2 ** (self.width - 1) - 1, draw.getrandbits(self.width)])
            dut.ce.value = enabled
            dut.load_west.value = load if enabled else draw.getrandbits(1)
            dut.weight.value = weight & 255
            dut.activation_west.value = (activation if enabled else draw.getrandbits(8)) & 255
            dut.sum_north.value = north
            await self.edge
            if enabled:
                break
        if self.enabled > 2:  # then the weight before the first one is in nothing any more
            self.check()
        self.sum = (north + self.product) % 2**self.width
        self.product = int(dense(np.array([[activation]]), np.array([[self.held]]))[0, 0, 0, 0])
        self.before = load, activation
        self.enabled += 1
        if load:
            self.held = weight

    def check(self) -> None:
        """Compare the outputs before the edge with the inputs of the enabled cycles before it."""
        dut = self.dut
        load, activation = self.before
        self.scoreboard.expect([(load, activation & 255, self.sum)])
        outputs = (dut.load_east, dut.activation_east, dut.sum_south)
        self.scoreboard.observe(tuple(int(signal.value) for signal in outputs))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def all_activations_with_corner_weights(dut: Dut) -> None:
    bench = Bench(dut)
    await bench.cycle_of(1, 0, 0)
    for weight in (*CORNERS, bench.random.randrange(-126, 127)):
        await bench.cycle_of(1, weight, 0)
        for activation in bench.rng.permutation(np.arange(-128, 128)).tolist():
            await bench.cycle_of(0, bench.random.getrandbits(8), activation)
    bench.scoreboard.check()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.4])
async def weights_that_change_at_any_time(dut: Dut, stall: float) -> None:
    """A weight counts from the activation after the one that it came with."""
    bench = Bench(dut)
    await bench.cycle_of(1, 0, 0)
    for _ in range(700):
        weight, activation = bench.rng.integers(-128, 128, 2).tolist()
        load = bench.random.random() < bench.random.choice([0.1, 0.9])
        await bench.cycle_of(int(load), weight, activation, stall)
    bench.scoreboard.check()
