# SPDX-License-Identifier: Apache-2.0
"""block_memory: words are read as they were written; it has no counterpart in the model."""

from collections.abc import Callable

import cocotb
import pytest

from tb.drivers import Dut, Scoreboard, Testbench


@pytest.mark.parametrize(("width", "depth"), [(8, 16), (5, 2), (33, 11)])
def test_block_memory(simulate: Callable[..., None], width: int, depth: int) -> None:
    simulate(
        toplevel="evoarray_block_memory",
        module="tb.neuro.test_block_memory",
        parameters={"WIDTH": width, "DEPTH": depth},
        family="neuro",
    )


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("reads", "writes"), [(1.0, 0.5), (0.5, 0.5), (0.5, 0.1)]))
async def reads_between_writes(dut: Dut, reads: float, writes: float) -> None:
    """Of any word but the one that is written in the same cycle; what was read last stays."""
    bench = Testbench(dut)
    width, depth = int(dut.WIDTH.value), int(dut.DEPTH.value)
    draw = bench.random
    scoreboard = Scoreboard("read_data")
    words: dict[int, int] = {}
    shown: int | None = None
    for cycle in range(2000):
        # First all words, so that all that is read is known.
        write = cycle < depth or draw.random() < writes
        address = cycle if cycle < depth else draw.randrange(depth)
        word = draw.choice([0, 2**width - 1, draw.getrandbits(width)])
        place = draw.randrange(depth)
        read = draw.random() < reads and place in words and not (write and place == address)
        dut.write.value, dut.write_address.value, dut.write_data.value = write, address, word
        dut.read.value, dut.read_address.value = read, place
        await bench.edge
        if shown is not None:
            scoreboard.expect([(shown,)])
            scoreboard.observe((int(dut.read_data.value),))
        if read:
            shown = words[place]
        if write:
            words[address] = word
    scoreboard.check()
