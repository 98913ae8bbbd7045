# SPDX-License-Identifier: Apache-2.0
"""docs/core.md: its module is compiled, and its accesses do what the page says."""

import re
from collections.abc import Callable
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from evoarray.evolution.filter.backends.axi.simulated import SimulatedPort
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import Circuit
from evoarray.model.filter.fitness import sae
from evoarray.model.filter.functions import FUNCTION_SETS
from evoarray.model.registers import load_map
from tb.drivers import Dut, Testbench

PAGE = Path(__file__).parents[2] / "docs" / "core.md"
CIRCUIT = Circuit(
    "upm16",
    functions=np.full((2, 2), 12, np.uint8),
    north=np.array([1, 5], np.uint8),
    west=np.array([4, 7], np.uint8),
    output=1,
)


def block(language: str) -> str:
    """Return the page's code block in this language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    assert len(found) == 1
    return str(found[0])


def test_the_example(simulate: Callable[..., None], tmp_path: Path) -> None:
    source = tmp_path / "example.v"
    source.write_text(block("verilog"), encoding="utf-8")
    simulate(toplevel="example", module="tb.filter.test_core_example", sources=[source])


def test_the_function_codes_are_the_model_s() -> None:
    lines = re.findall(r"^\| \d+ \|.*\|$", PAGE.read_text("utf-8"), re.M)
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert [row[0] for row in rows] == [str(code) for code in range(len(rows))]
    for column, functions in enumerate(FUNCTION_SETS.values(), 1):
        told = [row[column].replace("\\|", "|") for row in rows if row[column]]
        assert told == [f"`{function.formula}`" for function in functions.functions]


@cocotb.test(timeout_time=100, timeout_unit="us")
async def the_accesses_of_the_example(dut: Dut) -> None:
    bench = Testbench(dut)
    dut.rst.value = 1
    await bench.wait(2)
    port = SimulatedPort(dut, dut.clk, dut.rst)
    await bench.reset()
    noisy, reference = bench.rng.integers(0, 256, (2, 6, 8)).astype(np.uint8)
    filtered = filter_image(CIRCUIT, noisy)
    genes: list[int] = []
    for line in block("text").splitlines():
        match line.split():
            case ["frame", *_]:
                port.send_noisy(noisy)
                port.send_reference(reference)
            case ["irq", *_]:
                await RisingEdge(dut.irq)
            case ["write", address, value, name, *_]:
                await port.write(place(address, name), int(value, 0))
                if name.startswith("GENES"):
                    genes.append(int(value))
            case ["read", address, value, name, *_]:
                expected = sae(filtered, reference) if value == "SAE" else int(value, 0)
                assert await port.read(place(address, name)) == expected
            case _:
                raise AssertionError(f"the page says {line}")
    assert genes == CIRCUIT.genes.tolist()
    assert not int(dut.irq.value)
    assert np.array_equal(await port.receive((1, *noisy.shape)), filtered[np.newaxis])


def place(address: str, name: str) -> int:
    """Return an address of the page, which must be that of the register that it names."""
    number = int(address, 16)
    first = load_map("evoarray_axi").registers[name.rstrip(":")].address
    assert number == first or (name.startswith("GENES") and number > first)
    return number
