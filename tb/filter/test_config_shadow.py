# SPDX-License-Identifier: Apache-2.0
"""config_shadow: every address, in the model's order of genes."""

from collections.abc import Callable

import cocotb
import numpy as np
import pytest

from evoarray.model.filter.circuit import Shape, circuit_of, random_circuit
from evoarray.model.filter.latency import SHADOW_CYCLES
from evoarray.model.filter.rtl import parameters
from tb.drivers import Dut, Scoreboard, Testbench, packed
from tb.filter.drivers import lanes

PORTS = ("functions", "north", "west", "output_row")


@pytest.mark.parametrize(
    ("rows", "cols"),
    [(1, 1), pytest.param(3, 5, marks=pytest.mark.verilator), (8, 8), (24, 24), (64, 2)],
)
def test_config_shadow(simulate: Callable[..., None], rows: int, cols: int) -> None:
    shape = parameters(Shape(rows, cols, "upm19"))
    del shape["FUNCTION_SET"]  # the shadow does not know it
    simulate(
        toplevel="evoarray_config_shadow", module="tb.filter.test_config_shadow", parameters=shape
    )


class Bench(Testbench):
    """The shadow, its write port, and the genes that it should hold."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.shape = Shape(int(dut.ROWS.value), int(dut.COLS.value), "upm19")
        self.genes = random_circuit(self.shape, self.rng).genes
        self.scoreboard = Scoreboard("lanes")

    async def write(self, address: int, gene: int, *, write: bool = True) -> None:
        """Write a gene, or only pretend to, for a cycle."""
        dut = self.dut
        dut.write.value, dut.address.value, dut.gene.value = write, address, gene
        await self.edge
        dut.write.value = 0

    async def compare(self) -> None:
        """Compare all lanes with the genes."""
        expected = lanes(circuit_of(self.genes, self.shape))
        await self.compare_with(tuple(expected[port] for port in PORTS))

    async def compare_with(self, expected: tuple[int, ...]) -> None:
        """Compare all lanes with these, as soon as the last write must be there, and later."""
        for _ in range(SHADOW_CYCLES):
            await self.edge
        for _ in range(2):  # in an odd and in an even cycle: what is held must not flicker
            self.scoreboard.expect([expected])
            self.scoreboard.observe(tuple(int(getattr(self.dut, port).value) for port in PORTS))
            await self.edge


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_address(dut: Dut) -> None:
    bench = Bench(dut)
    limits = bench.shape.limits
    for address in bench.rng.permutation(len(limits)).tolist():
        await bench.write(address, int(bench.genes[address]))
    await bench.compare()
    for address in bench.rng.permutation(len(limits)).tolist():
        bench.genes[address] = bench.rng.integers(limits[address])
        await bench.write(address, int(bench.genes[address]))
        await bench.compare()
    bench.scoreboard.check()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def only_writes_to_genes_count(dut: Dut) -> None:
    """An address beyond the genes changes nothing, nor does anything without write."""
    bench = Bench(dut)
    count = len(bench.genes)
    for address, gene in enumerate(bench.genes.tolist()):
        await bench.write(address, gene)
    for address in range(count, 2 ** len(dut.address)):
        await bench.write(address, bench.random.getrandbits(6))
        await bench.compare()
    for address in range(count):
        await bench.write(address, bench.random.getrandbits(6), write=False)
    await bench.compare()
    bench.scoreboard.check()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_bit_of_every_lane(dut: Dut) -> None:
    """Also of genes that no circuit has: a bit is kept whatever it and the others are."""
    bench = Bench(dut)
    rows, cols = bench.shape.rows, bench.shape.cols
    for _ in range(12):
        genes = bench.rng.integers(0, 64, len(bench.genes))
        for address in bench.rng.permutation(len(genes)).tolist():
            await bench.write(address, int(genes[address]))
        parts = np.split(genes, np.cumsum([rows * cols, cols, rows]))
        widths = [
            len(getattr(dut, port)) // len(part) for port, part in zip(PORTS, parts, strict=True)
        ]
        await bench.compare_with(
            tuple(packed(part % 2**width, width) for part, width in zip(parts, widths, strict=True))
        )
    bench.scoreboard.check()
