# SPDX-License-Identifier: Apache-2.0
"""evoarray_neuro_axi in a LiteX SoC: found, loaded, and equal to the golden model."""

from collections.abc import Callable
from pathlib import Path

import cocotb
import numpy as np

from evoarray.evolution.neuro.backends.axi.driver import NeuroCore
from evoarray.evolution.neuro.backends.axi.simulated import SimulatedPort
from evoarray.model.neuro.forward import forward
from evoarray.model.neuro.network import Dense, Network
from evoarray.model.neuro.program import Core
from tb.drivers import Dut, Testbench
from tb.shared.litex import drive_addresses, write_soc

CORE = Core(
    cols=2, layers=1, activations=16, positions=2, weights=16, biases=2, tables=1, multiplier=0
)


def test_litex(simulate: Callable[..., None], tmp_path: Path) -> None:
    from evoarray.evolution.integration.litex import NeuralCore

    file = tmp_path / "litex_neuro_soc.v"
    parameters = {name.lower(): value for name, value in CORE.parameters.items()}
    write_soc(file, NeuralCore, "evoarray_neuro_axi", "wishbone", parameters)
    simulate(toplevel=file.stem, module="tb.neuro.test_litex", family="neuro", sources=[file])


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reads_images(dut: Dut) -> None:
    bench = Testbench(dut)
    dut.rst.value = 1
    await bench.wait(2)
    port = SimulatedPort(dut, dut.clk, dut.rst)
    drive_addresses(dut)
    await bench.reset()
    core = NeuroCore(port)
    await core.connect()
    assert core.core == CORE
    weights = bench.rng.integers(-128, 128, (2, 4)).astype(np.int8)
    biases = bench.rng.integers(-1000, 1000, 2).astype(np.int32)
    network = Network((1, 1, 4), (Dense(weights, biases, 0, "logits"),))
    images = bench.rng.integers(-128, 128, (3, 1, 1, 4)).astype(np.int8)
    assert np.array_equal(await core.run(network, images), forward(network, images))
