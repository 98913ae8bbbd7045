# SPDX-License-Identifier: Apache-2.0
"""systolic_array: random circuits of every set and size against the model, and their swapping."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import cocotb
import numpy as np
import pytest
from numpy.typing import NDArray

from evoarray.model.filter import latency
from evoarray.model.filter.array import run
from evoarray.model.filter.circuit import Circuit, Shape, random_circuit
from evoarray.model.filter.functions import FUNCTION_SETS
from evoarray.model.filter.rtl import parameters
from evoarray.model.window import WINDOW_PIXELS
from tb.drivers import LONG, Dut, Monitor, Part, Source, Stall, Testbench, packed, window_lanes
from tb.filter.drivers import label, lanes, sample_circuit, shape_of

SPARE = 16  # a bit of the code that sets of 16 functions ignore
VERILATED = Shape(8, 8, "cgp16")
SIDES = [(1, 1), (1, 8), (8, 1), (3, 5), (4, 4), (8, 8), (16, 16), (24, 24)]
SHAPES = [Shape(*sides, function_set) for sides in SIDES for function_set in FUNCTION_SETS]


@pytest.mark.parametrize(
    "shape",
    [pytest.param(s, marks=[pytest.mark.verilator] if s == VERILATED else []) for s in SHAPES],
    ids=label,
)
def test_systolic_array(simulate: Callable[..., None], shape: Shape) -> None:
    simulate(
        toplevel="evoarray_systolic_array",
        module="tb.filter.test_systolic_array",
        parameters=parameters(shape),
    )


class Configuration(Part):
    """Gives the circuits in turn, each until the first pixel that it computed has left."""

    bench: "Bench"

    def clear(self) -> None:
        self.circuits: list[Circuit] = []

    async def run(self) -> None:
        dut, edge = self.bench.dut, self.bench.edge
        while True:
            while not self.circuits:
                await edge
            circuit = self.circuits.pop(0)
            values = lanes(circuit)
            if len(FUNCTION_SETS[circuit.function_set].functions) <= SPARE:
                spare = self.bench.rng.choice([0, SPARE], circuit.functions.shape)
                values["functions"] |= packed(spare, 5)
            for port, value in values.items():
                getattr(dut, port).value = value
            sample_circuit(circuit, "plain")
            await edge
            while not (int(dut.m_load.value) and int(dut.ce.value)):
                await edge


class Bench(Testbench):
    """The array with its window stream, the configuration ports and its pixel stream."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.shape = shape_of(dut)
        self.latency = latency.array_cycles(self.shape.rows, self.shape.cols)
        self.enable = Stall(self, dut.ce)
        self.windows = Source(
            self, dut.s_valid, dut.ce, [dut.s_load, dut.s_line_last, dut.s_last, dut.s_window]
        )
        self.pixels = Monitor(
            self, dut.m_valid, dut.ce, [dut.m_load, dut.m_line_last, dut.m_last, dut.m_pixel]
        )
        self.configuration = Configuration(self)
        self.cover("systolic_array s", dut.s_valid, dut.ce)

    def stream(self, circuit: Circuit, planes: NDArray[np.uint8]) -> None:
        """Queue the circuit and windows (9, 1, N) that it shall compute, one frame."""
        outputs = run(circuit, planes)[0].tolist()
        line_lasts = self.rng.integers(0, 2, len(outputs)).tolist()
        marks = [
            (int(i == 0), line_last, int(i == len(outputs) - 1))
            for i, line_last in enumerate(line_lasts)
        ]
        self.configuration.circuits.append(circuit)
        self.windows.send(
            (*mark, window) for mark, window in zip(marks, window_lanes(planes), strict=True)
        )
        self.pixels.scoreboard.expect((*m, pixel) for m, pixel in zip(marks, outputs, strict=True))

    def stream_all(self, circuits: Sequence[Circuit]) -> None:
        """Queue random windows for each circuit, as few as the configuration inputs allow."""
        for circuit in circuits:
            # One more than the latency: the inputs hold from s_load until m_load.
            count = self.latency + 1 + self.random.choice([0, 0, 0, 1, 2, 7])
            self.stream(circuit, self.rng.integers(0, 256, (9, 1, count)).astype(np.uint8))

    async def finish(self, surplus: int = 100) -> None:
        await super().finish(surplus)
        for taken, seen in zip(self.windows.taken, self.pixels.seen, strict=True):
            assert self.enable.cycles(taken, seen) == self.latency


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def circuits_follow_each_other_without_a_gap(dut: Dut) -> None:
    """One circuit for each output row: the latency is the same for all."""
    bench = Bench(dut)
    await bench.reset()
    rows = range(bench.shape.rows)
    bench.stream_all([replace(random_circuit(bench.shape, bench.rng), output=row) for row in rows])
    await bench.finish()
    taken = bench.windows.taken
    assert taken == list(range(taken[0], taken[0] + len(taken)))


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(
    (
        ("stall", "pause", "long"),
        [(0.0, 0.4, LONG), (0.4, 0.0, LONG), (0.3, 0.3, LONG), (0.4, 0.4, 0.3)],
    )
)
async def stalls_and_bubbles_change_nothing(
    dut: Dut, stall: float, pause: float, long: float
) -> None:
    bench = Bench(dut)
    bench.enable.stall, bench.windows.pause = stall, pause
    bench.enable.long = bench.windows.long = long
    await bench.reset()
    count = 4 if long == LONG else max(4, 400 // bench.latency)  # of some 400 windows
    bench.stream_all([random_circuit(bench.shape, bench.rng) for _ in range(count)])
    await bench.finish()


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def every_border_selects_every_pixel(dut: Dut) -> None:
    """A mesh of maxima in which one border reads a pixel, and all others one that is black.

    One code each is enough with all but one of the function sets, of which selectors know nothing,
    and some borders in the largest mesh.
    """
    bench = Bench(dut)
    await bench.reset()
    shape = bench.shape
    maximum = [f.name for f in FUNCTION_SETS[shape.function_set].functions].index("max")
    every = shape.function_set == "upm16" and shape.rows * shape.cols <= 256
    borders = bench.rng.permutation(shape.cols + shape.rows)
    for border in borders[: None if shape.rows * shape.cols <= 256 else 8].tolist():
        for code in bench.rng.permutation(len(WINDOW_PIXELS))[: None if every else 1].tolist():
            black = (code + 1 + bench.random.randrange(8)) % len(WINDOW_PIXELS)
            selectors = np.full(shape.cols + shape.rows, black)
            selectors[border] = code
            circuit = Circuit(
                shape.function_set,
                np.full((shape.rows, shape.cols), maximum),
                selectors[: shape.cols],
                selectors[shape.cols :],
                shape.rows - 1,
            )
            planes = bench.rng.integers(0, 256, (9, 1, bench.latency + 1)).astype(np.uint8)
            planes[black] = 0
            bench.stream(circuit, planes)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_forgets_what_is_on_the_way(dut: Dut) -> None:
    bench = Bench(dut)
    bench.enable.stall, bench.windows.pause = 0.2, 0.2
    await bench.reset()
    for _ in range(5):
        bench.stream_all([random_circuit(bench.shape, bench.rng) for _ in range(2)])
        await bench.wait(bench.random.randrange(3 * bench.latency))
        await bench.reset()
    bench.stream_all([random_circuit(bench.shape, bench.rng)])
    await bench.finish()
