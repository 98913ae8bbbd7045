# SPDX-License-Identifier: Apache-2.0
"""evoarray_axi in a LiteX SoC: found, loaded, and as good as the golden model through its bus."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
import pytest
from cocotb.triggers import RisingEdge

from evoarray.evolution.filter.backends.axi.driver import Core
from evoarray.evolution.filter.backends.axi.simulated import SimulatedPort
from evoarray.model.errors import InputError
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import Shape, random_circuit
from evoarray.model.filter.fitness import sae
from evoarray.model.registers import load_map
from tb.drivers import Dut, Testbench
from tb.filter.test_core_example import block
from tb.shared.litex import EV_ENABLE, drive_addresses, write_soc

SHAPE = Shape(2, 3, "upm16")
ARRAYS = 2


@pytest.mark.parametrize("bus", ["wishbone", "axi-lite"])
def test_litex(simulate: Callable[..., None], tmp_path: Path, bus: str) -> None:
    from evoarray.evolution.integration.litex import Filter

    file = tmp_path / "litex_soc.v"
    sizes = {"rows": SHAPE.rows, "cols": SHAPE.cols, "max_width": 16, "max_height": 16}
    write_soc(file, Filter, "evoarray_axi", bus, {**sizes, "arrays": ARRAYS})
    simulate(toplevel=file.stem, module="tb.filter.test_litex", sources=[file])


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def filters_and_measures_a_frame(dut: Dut) -> None:
    bench = Testbench(dut)
    dut.rst.value = 1
    await bench.wait(2)
    port = SimulatedPort(dut, dut.clk, dut.rst)
    drive_addresses(dut)
    await bench.reset()
    core = Core(port)
    await core.connect()
    assert (core.shape, core.arrays, core.largest) == (SHAPE, ARRAYS, (16, 16))
    circuits = [random_circuit(SHAPE, bench.rng) for _ in range(ARRAYS)]
    noisy, reference = bench.rng.integers(0, 256, (2, 7, 9)).astype(np.uint8)
    await core.configure(circuits)
    filtered = [filter_image(circuit, noisy) for circuit in circuits]
    assert np.array_equal(await core.filter(noisy), filtered)

    await port.write(2 ** load_map("evoarray_axi").address_bits + EV_ENABLE, 1)
    await core.write("CONTROL", FITNESS=1, INTERRUPT=1)
    assert not int(dut.irq.value)
    port.send_reference(reference)
    port.send_noisy(noisy)
    await RisingEdge(dut.irq)
    for array in range(ARRAYS):
        await core.write("ARRAY", array)
        assert await core.read("SAE") == sae(filtered[array], reference)
    await core.write("STATUS", FITNESS_READY=1)
    assert not int(dut.irq.value)


def test_the_page_makes_a_soc(monkeypatch: pytest.MonkeyPatch) -> None:
    from litex.build.generic_platform import Pins
    from litex.build.io import CRG
    from litex.build.sim import SimPlatform
    from litex.soc.integration.soc import SoCIRQHandler

    # LiteX's CPUs come in packages of their own; without one a SoC takes no interrupt.
    monkeypatch.setattr(SoCIRQHandler, "add", lambda *_: None)
    names: dict[str, Any] = {}
    exec(block("python"), names)
    platform = SimPlatform("SIM", [("clk", 0, Pins(1))])
    soc = names["FilterSoC"](platform, clk_freq=100_000_000, cpu_type=None, with_uart=False)
    soc.crg = CRG(platform.request("clk"))
    soc.finalize()
    assert re.search(r"evoarray_axi #\(.*\.ROWS +\(3'd4\)", str(platform.get_verilog(soc)), re.S)


def test_litex_refuses_what_is_no_parameter() -> None:
    from evoarray.evolution.integration.litex import Filter

    with pytest.raises(InputError, match=r"no parameter 'width'; choose from rows, cols, arrays"):
        Filter(None, width=16)
    with pytest.raises(InputError, match=r"rows is 2\.5; it must be a whole number"):
        Filter(None, rows=2.5)  # type: ignore[arg-type]
