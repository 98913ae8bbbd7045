# SPDX-License-Identifier: Apache-2.0
"""pe and pe_two_stage: every function over all pairs of operands, and the clock enable."""

from collections.abc import Callable
from pathlib import Path

import cocotb
import numpy as np
import pytest
from numpy.typing import NDArray

from evoarray.model.filter.functions import FUNCTION_SETS, Function
from tb.covergroups import sample
from tb.drivers import Dut, Testbench

CODES = 32  # of 5 bits
LANES = np.arange(256, dtype=np.uint8)


@pytest.mark.parametrize(
    ("function_set", "elements"),
    [
        ("upm16", "plain"),
        pytest.param("upm16", "two-stage", marks=pytest.mark.verilator),
        pytest.param("upm19", "plain", marks=pytest.mark.verilator),
        ("cgp16", "plain"),
    ],
)
def test_pe(simulate: Callable[..., None], function_set: str, elements: str) -> None:
    simulate(
        toplevel="pe_bank",
        module="tb.filter.test_pe",
        parameters={
            "FUNCTION_SET": list(FUNCTION_SETS).index(function_set),
            "TWO_STAGE": int(elements == "two-stage"),
        },
        sources=[Path(__file__).with_name("pe_bank.v")],
    )


class Bench(Testbench):
    """Drives the bank of 256 elements; flip makes every lane see changing west operands."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.set = list(FUNCTION_SETS)[int(dut.FUNCTION_SET.value)]
        self.functions = FUNCTION_SETS[self.set].functions
        self.elements = "two-stage" if int(dut.TWO_STAGE.value) else "plain"
        self.expected: bytes | None = None
        self.given = ""
        self.compared = 0

    async def apply(self, code: int, norths: NDArray[np.uint8], table: NDArray[np.uint8]) -> None:
        """Give all pairs with these north operands, with stalls; table (256, 256) is by N, W."""
        dut, bits = self.dut, self.random.getrandbits
        for north in norths.tolist():
            enabled = False
            while not enabled:
                enabled = self.random.random() < 0.9
                flip = bits(8)
                dut.ce.value = enabled
                dut.flip.value = flip
                dut.function_code.value = code if enabled else bits(5)
                dut.north.value = north if enabled else bits(8)
                await self.edge
                self.compare()
            self.expected = table[north][LANES ^ flip].tobytes()
            self.given = f"code {code}, N {north}, W lane ^ {flip}"

    def compare(self) -> None:
        """Compare the lanes with what the last enabled cycle was given."""
        if self.expected is None:
            return
        result = int(self.dut.result.value).to_bytes(len(LANES), "little")
        wrong = [lane for lane in range(len(LANES)) if result[lane] != self.expected[lane]]
        assert not wrong, f"{self.given}: {len(wrong)} lanes differ, first lane {wrong[0]}"
        self.compared += 1

    async def complete(self, applied: int) -> None:
        """Compare the last result; every one applied was compared at least once."""
        self.dut.ce.value = 0
        await self.edge
        self.compare()
        assert self.compared >= applied > 0


def results(function: Function) -> NDArray[np.uint8]:
    """Return the function's results (256, 256) for all N and W."""
    north, west = np.meshgrid(LANES, LANES, indexing="ij")
    table = np.empty_like(north)
    function.apply(north, west, out=table)
    return table


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_pair_of_every_function(dut: Dut) -> None:
    bench = Bench(dut)
    for code in bench.rng.permutation(len(bench.functions)).tolist():
        table = results(bench.functions[code])
        await bench.apply(code, bench.rng.permutation(LANES), table)
        sample("pe", "function x set", f"{bench.elements} {bench.set} {code}")
    await bench.complete(len(bench.functions) * len(LANES))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def codes_beyond_the_set(dut: Dut) -> None:
    """Sets of 16 functions read four bits of the code; codes beyond the 19 give N."""
    bench = Bench(dut)
    beyond = range(len(bench.functions), CODES)
    for code in beyond:
        known = bench.functions[code % 16 if len(bench.functions) == 16 else 0]
        await bench.apply(code, bench.rng.permutation(LANES)[:16], results(known))
    await bench.complete(16 * len(beyond))
