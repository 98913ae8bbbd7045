# SPDX-License-Identifier: Apache-2.0
"""Runs inside Icarus, under cocotb: answers the requests of evolve/filter/backends/icarus.py.

Python acts only between frames: the clock and the pixels are in icarus_bench.v. All inputs change
as the clock falls.
"""

from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from evoarray.evolution.filter.backends.served import Server


@cocotb.test()
async def serve(bench: Any) -> None:
    """Evaluate batch after batch, until the request pipe ends."""
    evaluator = _Evaluator(bench)
    await evaluator.reset()
    await evaluator.serve(evaluator.genes)


class _Evaluator(Server):
    """The evaluator in its bench, and the genes that its shadow holds."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench
        rows, cols = int(bench.ROWS.value), int(bench.COLS.value)
        self.genes = rows * cols + rows + cols + 1
        self.shadow: list[int | None] = [None] * self.genes

    async def evaluate(self, circuit: bytes, limit: int) -> int:
        """See Server.evaluate."""
        await self.configure(circuit)
        return await self.run_frame(limit)

    async def cycles(self) -> int:
        """See Server.cycles."""
        return int(self.bench.cycles.value)

    async def filtered(self) -> bytes:
        """See Server.filtered."""
        return bytes(int(pixel) for pixel in self.bench.filtered.value)

    async def reset(self) -> None:
        """Reset the evaluator for a cycle; its shadow keeps its genes."""
        bench = self.bench
        await FallingEdge(bench.clk)
        bench.rst.value = 1
        await FallingEdge(bench.clk)
        bench.rst.value = 0

    async def configure(self, circuit: bytes) -> None:
        """Write the genes in which the shadow differs, then the commit."""
        bench = self.bench
        changes = [(i, gene) for i, gene in enumerate(circuit) if self.shadow[i] != gene]
        for address, gene in [*changes, (len(circuit), 0)]:
            bench.cfg_valid.value = 1
            bench.cfg_address.value = address
            bench.cfg_gene.value = gene
            await FallingEdge(bench.clk)
        bench.cfg_valid.value = 0
        self.shadow[:] = circuit

    async def run_frame(self, limit: int) -> int:
        """Return the SAE of a frame, or, as soon as that is above the limit, limit + 1."""
        bench = self.bench
        bench.sae_limit.value = limit
        bench.start.value = not bench.start.value
        await RisingEdge(bench.ended)
        await FallingEdge(bench.clk)
        if bench.sae_valid.value:
            return int(bench.sae_sum.value)
        await self.reset()
        return limit + 1
