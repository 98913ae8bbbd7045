# SPDX-License-Identifier: Apache-2.0
"""Runs inside Icarus, under cocotb: answers the requests of evolve/backends/icarus.py.

Python acts only between frames: the clock and the pixels are in icarus_bench.v. All inputs change
as the clock falls. The protocol is described in evolve/backends/process.py.
"""

import os
import struct
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

REQUESTS = int(os.environ["EVOARRAY_REQUESTS"])
REPLIES = int(os.environ["EVOARRAY_REPLIES"])


@cocotb.test()
async def serve(bench: Any) -> None:
    """Evaluate batch after batch, until the request pipe ends."""
    await reset(bench)
    rows, cols = int(bench.ROWS.value), int(bench.COLS.value)
    genes = rows * cols + rows + cols + 1
    shadow: list[int | None] = [None] * genes
    with open(REQUESTS, "rb") as requests, open(REPLIES, "wb") as replies:
        while header := requests.read(8):
            count, pixels_wanted = struct.unpack("<2I", header)
            limits = struct.unpack(f"<{count}I", requests.read(4 * count))
            before = int(bench.cycles.value)
            saes = []
            for limit in limits:
                await configure(bench, shadow, requests.read(genes))
                saes.append(await run_frame(bench, limit))
            cycles = (int(bench.cycles.value) - before) % 2**32  # it has 32 bits
            replies.write(struct.pack(f"<{count}IQ", *saes, cycles))
            if pixels_wanted:
                replies.write(bytes(int(pixel) for pixel in bench.filtered.value))
            replies.flush()


async def reset(bench: Any) -> None:
    """Reset the evaluator for a cycle; its shadow keeps its genes."""
    await FallingEdge(bench.clk)
    bench.rst.value = 1
    await FallingEdge(bench.clk)
    bench.rst.value = 0


async def configure(bench: Any, shadow: list[int | None], circuit: bytes) -> None:
    """Write the genes in which the shadow differs, then the commit."""
    changes = [(i, gene) for i, gene in enumerate(circuit) if shadow[i] != gene]
    for address, gene in [*changes, (len(circuit), 0)]:
        bench.cfg_valid.value = 1
        bench.cfg_address.value = address
        bench.cfg_gene.value = gene
        await FallingEdge(bench.clk)
    bench.cfg_valid.value = 0
    shadow[:] = circuit


async def run_frame(bench: Any, limit: int) -> int:
    """Return the SAE of a frame, or, as soon as that is above the limit, limit + 1."""
    bench.sae_limit.value = limit
    bench.start.value = not bench.start.value
    await RisingEdge(bench.ended)
    await FallingEdge(bench.clk)
    if bench.sae_valid.value:
        return int(bench.sae_sum.value)
    await reset(bench)
    return limit + 1
