# SPDX-License-Identifier: Apache-2.0
"""axis_fifo: what goes in comes out, in order, an item per cycle, whoever pauses; its places."""

from collections.abc import Callable

import cocotb
import pytest

from tb.drivers import Dut, Monitor, Source, Stall, Testbench


@pytest.mark.parametrize(
    ("width", "depth"), [(1, 1), pytest.param(10, 4, marks=pytest.mark.verilator)]
)
def test_axis_fifo(simulate: Callable[..., None], width: int, depth: int) -> None:
    simulate(
        toplevel="evoarray_axis_fifo",
        module="tb.shared.test_axis_fifo",
        parameters={"DATA_W": width, "DEPTH_W": depth},
    )


class Bench(Testbench):
    """The queue between a source and a sink."""

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
    await bench.until(lambda: bool(bench.items.seen))  # the first one takes two cycles, surely
    bench.source.pause, bench.sink.stall = pause, stall
    await bench.finish()
    assert min(s - t for t, s in zip(bench.source.taken, bench.items.seen, strict=True)) == 2
    if not pause:  # then the sink alone says how long it takes
        assert bench.sink.cycles(bench.source.taken[0], bench.items.seen[-1]) == 301


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
        await bench.finish(surplus=8)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def it_takes_what_its_memory_holds_and_one_item_more(dut: Dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    places = 2 ** int(dut.DEPTH_W.value) + 1
    dut.m_ready.value = 0
    bench.sink.stop()
    bench.send(places + 3)
    await bench.wait(places + 10)
    assert len(bench.source.taken) == places
    bench.sink.start()
    await bench.finish()
