# SPDX-License-Identifier: Apache-2.0
"""axis_register: what goes in comes out, in order, an item per cycle, whoever pauses."""

from collections.abc import Callable

import cocotb
import pytest

from tb.drivers import Dut, Monitor, Source, Stall, Testbench


@pytest.mark.parametrize("width", [1, 26])
def test_axis_register(simulate: Callable[..., None], width: int) -> None:
    simulate(
        toplevel="evoarray_axis_register",
        module="tb.shared.test_axis_register",
        parameters={"DATA_W": width},
    )


class Bench(Testbench):
    """The register between a source and a sink."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.source = Source(self, dut.s_valid, dut.s_ready, [dut.s_data])
        self.sink = Stall(self, dut.m_ready)
        self.items = Monitor(self, dut.m_valid, dut.m_ready, [dut.m_data])

    def send(self, count: int) -> None:
        items = [(self.random.getrandbits(self.source.widths[0]),) for _ in range(count)]
        self.source.send(items)
        self.items.scoreboard.expect(items)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(
    (("pause", "stall"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.3, 0.3), (0.1, 0.9)])
)
async def items_come_out_in_order(dut: Dut, pause: float, stall: float) -> None:
    bench = Bench(dut)
    await bench.reset()
    bench.send(300)
    await bench.until(lambda: bool(bench.items.seen))  # the first one takes a cycle, surely
    bench.source.pause, bench.sink.stall = pause, stall
    await bench.finish()
    assert min(s - t for t, s in zip(bench.source.taken, bench.items.seen, strict=True)) == 1
    if not pause:  # then the sink alone says how long it takes
        assert bench.sink.cycles(bench.source.taken[0], bench.items.seen[-1]) == 300


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def what_arrives_in_a_reset_is_taken_and_dropped(dut: Dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    for stall in (0.0, 0.9):
        bench.sink.stall = stall
        bench.send(20)
        await bench.wait(bench.random.randrange(1, 10))
        await bench.reset()
        dut.rst.value = 1
        await bench.wait(1)
        bench.source.send((0,) for _ in range(20))
        await bench.wait(22)
        assert len(bench.source.taken) == 20
        dut.rst.value = 0
        bench.send(20)
        await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_reset_of_one_cycle_leaves_nothing_behind(dut: Dut) -> None:
    """Also of what waits behind the item that the sink does not take."""
    bench = Bench(dut)
    bench.sink.stall = 0.9
    await bench.reset()
    for _ in range(20):
        bench.send(20)
        await bench.wait(bench.random.randrange(1, 20))
        await bench.reset()
        bench.send(2)
        await bench.finish(surplus=5)
