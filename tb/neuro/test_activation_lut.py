# SPDX-License-Identifier: Apache-2.0
"""activation_lut: the model's tables and random ones, written at any time and read in any order."""

from collections.abc import Callable, Sequence

import cocotb
import pytest

from evoarray.model.neuro.latency import TABLE_CYCLES
from evoarray.model.neuro.tables import FUNCTIONS, table
from tb.drivers import Dut, Scoreboard, Testbench

ENTRIES = 256


@pytest.mark.verilator
def test_activation_lut(simulate: Callable[..., None]) -> None:
    simulate(
        toplevel="evoarray_activation_lut", module="tb.neuro.test_activation_lut", family="neuro"
    )


class Bench(Testbench):
    """The table, what was written into it, and what was read."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.entries: dict[int, int] = {}
        self.read: list[int] = []
        self.scoreboard = Scoreboard("m_value")

    def byte(self) -> int:
        return self.random.getrandbits(8)

    async def step(self, read: int | None = None, write: tuple[int, int] | None = None) -> None:
        """Read an entry, or hold; write one, or offer what shall not be written."""
        dut = self.dut
        dut.ce.value = read is not None
        dut.s_value.value = self.byte() if read is None else read
        dut.w_valid.value = write is not None
        dut.w_address.value, dut.w_value.value = write or (self.byte(), self.byte())
        await self.edge
        if len(self.read) >= TABLE_CYCLES:
            self.scoreboard.expect([(self.read[-TABLE_CYCLES],)])
            self.scoreboard.observe((int(dut.m_value.value),))
        if read is not None:
            self.read.append(self.entries[read])
        if write is not None:
            self.entries[write[0]] = write[1]

    async def fill(self, values: Sequence[int]) -> None:
        """Write all entries, in any order."""
        for address in self.random.sample(range(ENTRIES), ENTRIES):
            await self.step(write=(address, values[address]))

    async def finish(self, surplus: int = 10) -> None:
        """Hold for a while, then check."""
        for _ in range(surplus):
            await self.step()
        self.scoreboard.check()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(name=list(FUNCTIONS))
async def tables_of_the_model(dut: Dut, name: str) -> None:
    bench = Bench(dut)
    await bench.fill(table(name).view("u1").tolist())
    for value in bench.random.sample(range(ENTRIES), ENTRIES):
        await bench.step(read=value)
    await bench.finish()
    assert bench.scoreboard.count >= ENTRIES


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_bit_of_every_entry(dut: Dut) -> None:
    """Both ways: 0, 1 and 0 again."""
    bench = Bench(dut)
    for byte in (0, 255, 0):
        await bench.fill([byte] * ENTRIES)
        for value in bench.random.sample(range(ENTRIES), ENTRIES):
            await bench.step(read=value)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("stall", "writes"), [(0.0, 0.0), (0.4, 0.0), (0.0, 0.5), (0.4, 0.5)]))
async def reads_between_stalls_and_writes(dut: Dut, stall: float, writes: float) -> None:
    """Also of what was written in the cycle before, and while nothing is read."""
    bench = Bench(dut)
    await bench.fill([bench.byte() for _ in range(ENTRIES)])
    newest = 0
    for _ in range(2000):
        read = bench.random.choice([newest, bench.byte()])
        write = None
        if bench.random.random() < writes:
            newest = bench.byte()
            write = newest, bench.byte()
        stalled = bench.random.random() < stall
        # An entry that is read as it is written is the old or the new one.
        together = write is not None and write[0] == read
        await bench.step(None if stalled or together else read, write)
    await bench.finish()
