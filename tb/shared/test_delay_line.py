# SPDX-License-Identifier: Apache-2.0
"""delay_line: the bytes of DEPTH enabled cycles ago; it has no counterpart in the model."""

from collections.abc import Callable

import cocotb
import pytest

from tb.drivers import Dut, Scoreboard, Testbench


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 23])
def test_delay_line(simulate: Callable[..., None], depth: int) -> None:
    simulate(
        toplevel="evoarray_delay_line",
        module="tb.shared.test_delay_line",
        parameters={"DEPTH": depth},
    )


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.4])
async def delays_by_enabled_cycles(dut: Dut, stall: float) -> None:
    bench = Testbench(dut)
    depth = int(dut.DEPTH.value)
    scoreboard = Scoreboard("q")
    shifted: list[int] = []
    for _ in range(1000):
        byte = bench.random.choice([0, 255, bench.random.getrandbits(8)])
        enabled = bench.random.random() >= stall
        dut.d.value = byte
        dut.ce.value = enabled
        await bench.edge
        if len(shifted) >= depth:
            scoreboard.expect([(shifted[-depth] if depth else byte,)])
            scoreboard.observe((int(dut.q.value),))
        if enabled:
            shifted.append(byte)
    scoreboard.check()
