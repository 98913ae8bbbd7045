# SPDX-License-Identifier: Apache-2.0
"""Runs inside Icarus, under cocotb: answers the requests of evolve/backends/icarus.py.

Python acts only between frames: the clock and the pixels are in icarus_bench.v.
"""

import os
import struct
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

REQUESTS = int(os.environ["EVOARRAY_REQUESTS"])
REPLIES = int(os.environ["EVOARRAY_REPLIES"])


@cocotb.test()
async def serve(bench: Any) -> None:
    """Evaluate batch after batch, until the request pipe ends."""
    await ClockCycles(bench.clk, 2)
    bench.rst.value = 0
    await FallingEdge(bench.clk)
    genes = int(bench.ROWS.value) * (int(bench.COLS.value) + 1) + int(bench.COLS.value) + 1
    shadow: list[int | None] = [None] * genes
    with open(REQUESTS, "rb") as requests, open(REPLIES, "wb") as replies:
        while header := requests.read(8):
            count, pixels_wanted = struct.unpack("<2I", header)
            batch = [requests.read(genes) for _ in range(count)]
            collector = cocotb.start_soon(collect(bench, count))
            for circuit in batch:
                await configure(bench, shadow, circuit)
                bench.granted.value = int(bench.granted.value) + 1
            replies.write(struct.pack(f"<{count}I", *await collector))
            if pixels_wanted:
                replies.write(bytes(int(pixel) for pixel in bench.filtered.value))
            replies.flush()


async def configure(bench: Any, shadow: list[int | None], circuit: bytes) -> None:
    """Write the genes that differ from the shadow's, then the commit; all as clk falls."""
    if not int(bench.cfg_ready.value):
        await RisingEdge(bench.cfg_ready)
        await FallingEdge(bench.clk)
    changes = [(i, gene) for i, gene in enumerate(circuit) if shadow[i] != gene]
    for address, gene in [*changes, (len(circuit), 0)]:
        bench.cfg_valid.value = 1
        bench.cfg_address.value = address
        bench.cfg_gene.value = gene
        await FallingEdge(bench.clk)
    bench.cfg_valid.value = 0
    shadow[:] = circuit


async def collect(bench: Any, count: int) -> list[int]:
    """Return the SAE of the next frames."""
    saes = []
    for _ in range(count):
        await RisingEdge(bench.sae_valid)
        await FallingEdge(bench.clk)
        saes.append(int(bench.sae_sum.value))
    return saes
