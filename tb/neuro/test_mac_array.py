# SPDX-License-Identifier: Apache-2.0
"""mac_array: random tiles and vectors against the model's dense sums, and tiles that follow."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import cocotb
import numpy as np
import pytest
from cocotb.types import LogicArray
from numpy.typing import NDArray

from evoarray.model.neuro.forward import dense
from evoarray.model.neuro.latency import array_cycles
from evoarray.model.neuro.program import TAPS
from tb.drivers import LONG, Dut, Monitor, Part, Stall, Testbench

Matrix = NDArray[np.int64]

SIDES = [(1, 1), (9, 8), (16, 5)]


@pytest.mark.parametrize(
    ("rows", "cols"),
    [pytest.param(*s, marks=[pytest.mark.verilator] if s == (9, 8) else []) for s in SIDES],
)
def test_mac_array(simulate: Callable[..., None], rows: int, cols: int) -> None:
    simulate(
        toplevel="evoarray_mac_array",
        module="tb.neuro.test_mac_array",
        parameters={"ROWS": rows, "COLS": cols},
        family="neuro",
    )


def lanes(values: Matrix, width: int = 8) -> int:
    """Return signed numbers as one number of lanes of this width, first lowest."""
    return sum((v & (1 << width) - 1) << width * i for i, v in enumerate(values.tolist()))


@dataclass
class Cycle:
    """What the array gets in one cycle of ce; None is nothing: anything may be on the wires."""

    start: bool = False
    row: int | None = None
    vector: int | None = None
    last: int = 0


class Feed(Part):
    """Gives the cycles in turn, each until ce takes it, then bubbles."""

    bench: "Bench"

    def clear(self) -> None:
        self.cycles: deque[Cycle] = deque()
        self.taken: list[int] = []  # when vectors were
        self.unknown = cocotb.SIM_NAME.startswith("Icarus")

    def junk(self, width: int) -> LogicArray | int:
        if self.unknown and self.bench.random.getrandbits(1):
            return LogicArray("X" * width)
        return self.bench.random.getrandbits(width)

    async def run(self) -> None:
        dut, edge = self.bench.dut, self.bench.edge
        while True:
            cycle = self.cycles.popleft() if self.cycles else Cycle()
            bubble = cycle.vector is None
            dut.w_start.value = cycle.start
            dut.w_row.value = self.junk(len(dut.w_row)) if cycle.row is None else cycle.row
            dut.s_valid.value = not bubble
            dut.s_last.value = self.junk(1) if bubble else cycle.last
            dut.s_vector.value = self.junk(len(dut.s_vector)) if bubble else cycle.vector
            await edge
            while not int(dut.ce.value):
                await edge
            if not bubble:
                self.taken.append(self.bench.cycle)


class Bench(Testbench):
    """The array with its feed of weights and vectors, and its sums."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.rows, self.cols = int(dut.ROWS.value), int(dut.COLS.value)
        self.enable = Stall(self, dut.ce)
        self.feed = Feed(self)
        self.sums = Monitor(self, dut.m_valid, dut.ce, [dut.m_last, dut.m_sums])
        self.cover("mac_array s", dut.s_valid, dut.ce)

    def bytes(self, *shape: int) -> Matrix:
        """Return random bytes, or all of them the lowest or the highest one."""
        extreme = self.random.choice([None, None, None, -128, -127, 127])
        return self.rng.integers(-128, 128, shape) if extreme is None else np.full(shape, extreme)

    def tile(self, count: int, pause: float = 0.0, used: int | None = None) -> None:
        """Queue a tile of weights and a number of vectors; only so many rows of them are used.

        The tile starts in the cycle of the last vector before, or some cycles later; its vectors
        begin after that, while its other rows come. The next tile may start when these are in.
        """
        used = self.rows if used is None else used
        weights, vectors = self.bytes(self.rows, self.cols), self.bytes(count, self.rows)
        vectors[:, used:] = 0
        cycles = self.feed.cycles
        if not cycles or self.random.random() < pause:
            cycles.extend(Cycle() for _ in range(self.random.choice([1, 1, 5])))
        first = len(cycles) - 1
        for number, vector in enumerate(vectors):
            while self.random.random() < pause:
                cycles.append(Cycle())
            cycles.append(Cycle(vector=lanes(vector), last=int(number == count - 1)))
        while len(cycles) <= first + used:
            cycles.append(Cycle())
        cycles[first].start = True
        for r in range(used):
            assert cycles[first + r].row is None
            cycles[first + r].row = lanes(weights[r])
        sums = dense(vectors, weights.T)[:, :, 0, 0]
        self.sums.scoreboard.expect(
            (int(i == count - 1), lanes(row, 32)) for i, row in enumerate(sums)
        )

    async def finish(self, surplus: int = 100) -> None:
        await super().finish(surplus)
        latency = array_cycles(self.rows, self.cols)
        for taken, seen in zip(self.feed.taken, self.sums.seen, strict=True):
            assert self.enable.cycles(taken, seen) == latency


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def tiles_follow_each_other_without_a_gap(dut: Dut) -> None:
    """As soon as all rows are in, and later; the first vectors come while rows are still coming."""
    bench = Bench(dut)
    await bench.reset()
    for _ in range(20):
        bench.tile(bench.rows + bench.random.choice([0, 0, 0, 1, 5]))
    await bench.finish()
    taken = bench.feed.taken
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
    """Also single vectors of a tile, as dense layers have them."""
    bench = Bench(dut)
    bench.enable.stall, bench.enable.long = stall, long
    await bench.reset()
    for _ in range(12):
        bench.tile(bench.random.choice([1, 1, 2, bench.rows, 3 * bench.rows]), pause)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def tiles_of_few_rows_may_start_earlier(dut: Dut) -> None:
    """As those of convolutions: 9 rows, and the vectors are 0 in the others."""
    bench = Bench(dut)
    await bench.reset()
    bench.feed.unknown = False  # the rows without weights get any; X times 0 is X
    used = min(TAPS, bench.rows)
    bench.tile(bench.rows)
    for _ in range(16):
        bench.tile(used, used=used)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_forgets_what_is_on_the_way(dut: Dut) -> None:
    bench = Bench(dut)
    bench.enable.stall = 0.2
    await bench.reset()
    for _ in range(10):
        bench.tile(3 * bench.rows, 0.2)
        bench.tile(bench.rows, 0.2)
        await bench.wait(bench.random.randrange(5 * bench.rows))
        await bench.reset()
    bench.tile(2 * bench.rows)
    await bench.finish()
