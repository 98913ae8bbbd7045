# SPDX-License-Identifier: Apache-2.0
"""What the tests of the filter's modules share: shapes, configurations, the limit, samples."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from evoarray.model.filter.circuit import Circuit, Shape
from evoarray.model.filter.fitness import sae
from evoarray.model.filter.functions import FUNCTION_SETS
from evoarray.model.filter.latency import SAE_CYCLES
from tb.covergroups import is_sampled, sample
from tb.drivers import Dut, Part, Signal, Testbench, packed
from tb.filter.covergroups import MESH


class Limit(Part):
    """Drives the limit of a sum of errors, and checks in every cycle whether it is exceeded.

    A pair of pixels counts from SAE_CYCLES after it was taken, a frame's last one never. There is
    a new limit in every cycle, or, while `per_frame`, one for each frame: the host changes it when
    it sees the sum of the frame before.
    """

    def __init__(
        self,
        bench: Testbench,
        limit: Signal,
        over: Signal,
        valid: Signal,
        taken: Callable[[], Sequence[int]],
    ) -> None:
        super().__init__(bench)
        self.limit, self.over, self.valid, self.taken = limit, over, valid, taken
        self.largest: int = 2 ** len(limit) - 1
        self.per_frame = False

    def clear(self) -> None:
        self.sums: list[int] = []  # with each pair, 0 with a frame's last
        self.totals: list[int] = []  # of each frame
        self.frames: list[tuple[int, int, int]] = []  # the first pair, the last one, and the limit
        self.done = 0  # of these
        self.high: list[int] = []

    def frame(self, pixels: NDArray[np.uint8], reference: NDArray[np.uint8]) -> None:
        """Expect a frame of pixels and reference, uint8 of any shape."""
        pairs = zip(pixels.reshape(-1, 1), reference.reshape(-1, 1), strict=True)
        sums = list(accumulate(sae(*pair) for pair in pairs))
        limit = self.near(self.bench.random.choice([*sums[-2:], *sums]))
        self.frames.append((len(self.sums), len(self.sums) + len(sums) - 1, limit))
        self.totals.append(sums[-1])
        self.sums += [*sums[:-1], 0]

    def near(self, value: int) -> int:
        """Return a limit: where sums are right above or below it, a single bit, or an extreme."""
        draw = self.bench.random
        bit = 1 << draw.randrange(self.largest.bit_length())
        limit = draw.choice([value - 1, value, value + 1, bit, 0, self.largest])
        return min(max(limit, 0), self.largest)

    def sum_before(self, cycle: int) -> int:
        """Return the sum of the frame under way before this edge."""
        counted = bisect_right(self.taken(), cycle - SAE_CYCLES)
        return self.sums[counted - 1] if counted else 0

    async def run(self) -> None:
        while True:
            cycle = self.bench.cycle + 1
            total = self.sum_before(cycle)
            limit = self.near(total)
            if self.per_frame:
                limit = self.frames[self.done][2] if self.done < len(self.frames) else 0
            self.limit.value = limit
            await self.bench.edge
            above = total > limit
            assert int(self.over.value) == above, f"{total} of {limit}, and it says {not above}"
            if above:
                self.high.append(cycle)
            self.done += int(self.valid.value)

    def check_frames(self) -> None:
        """Check in which cycles the frames were above their limits, and that some were."""
        taken = self.taken()
        expected: list[int] = []
        for first, last, limit in self.frames:
            above = [pair for pair in range(first, last) if self.sums[pair] > limit]
            if above:
                expected.extend(range(taken[above[0]] + SAE_CYCLES, taken[last] + SAE_CYCLES))
        assert self.high == expected
        assert expected


def shape_of(dut: Dut) -> Shape:
    """Return the shape that evoarray_systolic_array or evaluator was built for."""
    sets = list(FUNCTION_SETS)
    return Shape(int(dut.ROWS.value), int(dut.COLS.value), sets[int(dut.FUNCTION_SET.value)])


def label(value: object) -> str:
    """Return a parameter as it shall stand in a test's name."""
    if isinstance(value, Shape):
        return f"{value.rows}x{value.cols}-{value.function_set}"
    return str(value)


def lanes(circuit: Circuit) -> dict[str, int]:
    """Return the values of the configuration inputs of evoarray_systolic_array for a circuit."""
    return {
        "functions": packed(circuit.functions, 5),
        "north": packed(circuit.north, 4),
        "west": packed(circuit.west, 4),
        "output_row": circuit.output,
    }


def sample_circuit(circuit: Circuit, elements: str) -> None:
    """Note the functions that a circuit uses, of plain or two-stage elements."""
    if is_sampled():
        for code in set(circuit.functions.ravel().tolist()):
            sample("pe", "function x set", f"{elements} {circuit.function_set} {code}")


def sample_borders(circuit: Circuit) -> None:
    """Note the selectors and the output row of a circuit of 4x4 elements; ignore others."""
    if circuit.functions.shape == (MESH, MESH):
        for side, codes in (("north", circuit.north), ("west", circuit.west)):
            for i, code in enumerate(codes.tolist()):
                sample("evaluator 4x4", "border x selector", f"{side} {i} x {code}")
        sample("evaluator 4x4", "output", str(circuit.output))
