# SPDX-License-Identifier: Apache-2.0
"""evaluator with several arrays: each filters the same frames with its own circuit and limit."""

from collections.abc import Callable
from itertools import accumulate

import cocotb
import numpy as np
import pytest

from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import Circuit, Shape, random_circuit
from evoarray.model.filter.fitness import sae
from evoarray.model.filter.rtl import parameters
from tb.drivers import Dut, Monitor, Source, Stall, Testbench, Watch, frame_sizes, packed
from tb.filter.drivers import sample_circuit, shape_of


@pytest.mark.verilator
def test_evaluator_arrays(simulate: Callable[..., None]) -> None:
    simulate(
        toplevel="evoarray_evaluator",
        module="tb.filter.test_evaluator_arrays",
        parameters={
            **parameters(Shape(3, 4, "upm19")),
            "ARRAYS": 3,
            "MAX_WIDTH": 9,
            "MAX_HEIGHT": 9,
        },
    )


class Bench(Testbench):
    """The evaluator, which gets one frame after another."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.shape = shape_of(dut)
        self.arrays = int(dut.ARRAYS.value)
        self.noisy = Source(self, dut.s_noisy_valid, dut.s_noisy_ready, [dut.s_noisy_pixel])
        self.reference = Source(
            self, dut.s_reference_valid, dut.s_reference_ready, [dut.s_reference_pixel]
        )
        self.genes = Source(
            self, dut.cfg_valid, dut.cfg_ready, [dut.cfg_array, dut.cfg_address, dut.cfg_gene]
        )
        self.sink = Stall(self, dut.m_filtered_ready)
        self.filtered = Monitor(
            self,
            dut.m_filtered_valid,
            dut.m_filtered_ready,
            [dut.m_filtered_line_last, dut.m_filtered_last, dut.m_filtered_pixel],
        )
        self.sums = Monitor(self, dut.sae_valid, None, [dut.sae_sum])
        self.over = 0
        Watch(self, self.look)
        dut.s_window_valid.value = 0
        dut.sae_limit.value = 0

    def look(self) -> None:
        self.over |= int(self.dut.sae_over.value)

    async def configure(self, circuits: list[Circuit | None]) -> None:
        """Write all genes of the circuits that are there, in any order, and commit."""
        writes = [
            (array, address, gene)
            for array, circuit in enumerate(circuits)
            if circuit is not None
            for address, gene in enumerate(circuit.genes.tolist())
        ]
        self.random.shuffle(writes)
        commit = (self.random.randrange(self.arrays), len(self.shape.limits), 0)
        await self.write([*writes, commit])

    async def write(self, writes: list[tuple[int, int, int]]) -> None:
        """Write to the configuration port: arrays, addresses and genes."""
        self.genes.send(writes)
        before = len(self.genes.taken)
        await self.until(lambda: len(self.genes.taken) == before + len(writes))

    async def frame(self, height: int, width: int, circuits: list[Circuit]) -> None:
        """Send a random frame and check what every array makes of it."""
        noisy, reference = self.rng.integers(0, 256, (2, height, width)).astype(np.uint8)
        outputs = np.stack([filter_image(circuit, noisy) for circuit in circuits])
        for circuit in circuits:
            sample_circuit(circuit, "plain")
        pixels = [packed(lane, 8) for lane in outputs.reshape(self.arrays, -1).T]
        self.filtered.scoreboard.expect(
            (int(i % width == 0), int(i == noisy.size), pixel)
            for i, pixel in enumerate(pixels, start=1)
        )
        errors = [
            list(accumulate(map(sae, output.reshape(-1, 1), reference.reshape(-1, 1))))
            for output in outputs
        ]
        self.sums.scoreboard.expect([(sum(e[-1] << 32 * a for a, e in enumerate(errors)),)])
        limits = [self.random.choice(e[-4:]) - self.random.getrandbits(1) for e in errors]
        self.dut.sae_limit.value = sum(max(limit, 0) << 32 * a for a, limit in enumerate(limits))
        self.dut.frame_width.value, self.dut.frame_height.value = width, height
        self.over = 0
        self.noisy.send((pixel,) for pixel in noisy.ravel().tolist())
        self.reference.send((pixel,) for pixel in reference.ravel().tolist())
        await self.finish(surplus=3)
        exceeded = [e[-2] > max(limit, 0) for e, limit in zip(errors, limits, strict=True)]
        assert self.over == sum(above << a for a, above in enumerate(exceeded))


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.3])
async def every_array_has_its_own_circuit_and_limit(dut: Dut, stall: float) -> None:
    bench = Bench(dut)
    bench.noisy.pause = bench.reference.pause = bench.genes.pause = bench.sink.stall = stall
    await bench.reset()
    circuits = [random_circuit(bench.shape, bench.rng) for _ in range(bench.arrays)]
    await bench.configure([*circuits])
    for size in frame_sizes(9, 9):
        await bench.frame(*size, circuits)
        array = bench.random.randrange(bench.arrays)
        circuits[array] = random_circuit(bench.shape, bench.rng)
        await bench.configure([c if a == array else None for a, c in enumerate(circuits)])


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def what_is_overwritten_before_the_commit_does_not_count(dut: Dut) -> None:
    """Every bit of every gene, also of those that no circuit has."""
    bench = Bench(dut)
    await bench.reset()
    for gene in (0, 63, 0, 63):
        places = [(a, i) for a in range(bench.arrays) for i in range(len(bench.shape.limits))]
        await bench.write([(array, address, gene) for array, address in places])
    circuits = [random_circuit(bench.shape, bench.rng) for _ in range(bench.arrays)]
    await bench.configure([*circuits])
    await bench.frame(3, 3, circuits)
