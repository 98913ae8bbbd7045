# SPDX-License-Identifier: Apache-2.0
"""skew: lane i of q is lane i of d of i + 1 enabled cycles ago; the model has no counterpart."""

from collections.abc import Callable

import cocotb
import pytest

from tb.drivers import Dut, Scoreboard, Testbench


@pytest.mark.parametrize(("lanes", "width"), [(1, 8), (2, 8), (3, 2), (9, 1), (24, 8)])
def test_skew(simulate: Callable[..., None], lanes: int, width: int) -> None:
    parameters = {"LANES": lanes, "WIDTH": width}
    simulate(toplevel="evoarray_skew", module="tb.filter.test_skew", parameters=parameters)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.4])
async def delays_each_lane_by_its_number(dut: Dut, stall: float) -> None:
    bench = Testbench(dut)
    lanes, width = int(dut.LANES.value), int(dut.WIDTH.value)
    scoreboard = Scoreboard("q")
    words: list[int] = []
    for _ in range(1000):
        word = bench.random.getrandbits(lanes * width)
        enabled = bench.random.random() >= stall
        dut.d.value = word
        dut.ce.value = enabled
        await bench.edge
        if len(words) >= lanes:
            mask = (1 << width) - 1
            waited = (words[-1 - lane] & (mask << lane * width) for lane in range(lanes))
            scoreboard.expect([(sum(waited),)])
            scoreboard.observe((int(dut.q.value),))
        if enabled:
            words.append(word)
    scoreboard.check()
