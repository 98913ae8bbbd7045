# SPDX-License-Identifier: Apache-2.0
"""neuro_accumulator: layers with sums of all 32 bits, and a reset in each cycle of one."""

from collections.abc import Callable

import cocotb
import numpy as np
from numpy.typing import NDArray

from tb.drivers import Dut, Item, Monitor, Source, Stall, Testbench

COLS, POSITIONS, BIASES = 3, 5, 8
TILE_CYCLES = 9
"""Between the starts of two tiles, at least."""


def test_neuro_accumulator(simulate: Callable[..., None]) -> None:
    simulate(
        toplevel="evoarray_neuro_accumulator",
        module="tb.neuro.test_neuro_accumulator",
        parameters={"COLS": COLS, "POSITIONS": POSITIONS, "BIASES": BIASES},
        family="neuro",
    )


class Bench(Testbench):
    """The accumulator with its biases, between an array and a writer."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.sums = Source(self, dut.s_valid, dut.s_ready, [dut.s_last, dut.s_sums])
        self.enable = Stall(self, dut.m_ready)
        self.values = Monitor(self, dut.m_valid, dut.m_ready, [dut.m_last, dut.m_value])
        dut.rewind.value = dut.w_valid.value = 0

    async def load(self) -> None:
        """Write biases of any size."""
        dut = self.dut
        self.biases = self.numbers((BIASES,), 2)
        for address, bias in enumerate(self.biases.tolist()):
            dut.w_valid.value, dut.w_address.value = 1, address
            dut.w_data.value = bias & 0xFFFFFFFF
            await self.edge
        # What stands there without w_valid is no write.
        dut.w_valid.value, dut.w_address.value, dut.w_data.value = 0, 0, 0xA5A5A5A5

    def numbers(self, shape: tuple[int, ...], parts: int) -> NDArray[np.int64]:
        """Return numbers of which so many never leave 32 bits together, most of them large."""
        large = (2**31 - 1) // parts
        return self.rng.choice([-1, 1], shape) * self.rng.integers(large // 2, large, shape)

    async def run(self, tiles: int, positions: int, outputs: int) -> None:
        """Queue a layer, and expect what it gives; biases begin anew."""
        dut = self.dut
        dut.rewind.value = 1
        await self.wait(2)
        dut.rewind.value = 0
        dut.last_tile.value, dut.last_output.value = tiles - 1, outputs - 1
        items: list[Item | None] = []
        expected: list[Item] = []
        for first in range(0, outputs, COLS):
            sums = self.numbers((tiles, positions, COLS), tiles + 1)
            for tile in sums.tolist():
                for position, lanes in enumerate(tile):
                    word = sum((v & 0xFFFFFFFF) << 32 * c for c, v in enumerate(lanes))
                    items.append((int(position == positions - 1), word))
                items += [None] * (TILE_CYCLES - positions)
            for column in range(min(COLS, outputs - first)):
                values = sums.sum(0)[:, column] + self.biases[first + column]
                expected += [(0, value & 0xFFFFFFFF) for value in values.tolist()]
        expected[-1] = (1, expected[-1][1])
        self.sums.send(items)
        self.values.scoreboard.expect(expected)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.4])
async def layers_of_all_sizes(dut: Dut, stall: float) -> None:
    bench = Bench(dut)
    bench.enable.stall = stall
    await bench.reset()
    await bench.load()
    for tiles in (1, 2, 3):
        for positions in (1, 2, POSITIONS):
            for outputs in (1, COLS, COLS + 1, 2 * COLS + 1):
                await bench.run(tiles, positions, outputs)
                await bench.finish(surplus=12)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_reset_in_each_cycle_leaves_nothing_behind(dut: Dut) -> None:
    """Of a layer of two passes, from its first sums to its last value."""
    bench = Bench(dut)
    await bench.reset()
    await bench.load()
    cut = 0
    while True:
        await bench.run(2, 2, COLS + 2)
        left = len(bench.values.scoreboard.expected)
        await bench.wait(cut)
        if not bench.values.scoreboard.expected:
            break
        await bench.reset()
        await bench.run(2, 2, COLS + 2)
        assert len(bench.values.scoreboard.expected) == left
        await bench.finish(surplus=2)
        cut += 1
    assert cut >= 4 * TILE_CYCLES, "the layer took that long"
