# SPDX-License-Identifier: Apache-2.0
"""Runs inside Icarus, under cocotb: answers the requests of evolve/filter/backends/axi/icarus.py.

What it does to the core it does through the driver.
"""

from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles

from evoarray.evolution.filter.backends.axi.driver import Core
from evoarray.evolution.filter.backends.axi.simulated import SimulatedPort
from evoarray.evolution.filter.backends.served import Server
from evoarray.model.filter.circuit import circuit_of, copy_filter
from evoarray.model.filter.functions import Plane
from evoarray.model.window import CENTRE, WINDOW_PIXELS


@cocotb.test()
async def serve(dut: Any) -> None:
    """Evaluate batch after batch, until the request pipe ends."""
    Clock(dut.clk, 2, "step", impl="gpi").start()
    dut.rst.value = 1
    await ClockCycles(dut.clk, 2)
    core = Core(SimulatedPort(dut, dut.clk, dut.rst))
    dut.rst.value = 0
    await core.connect()
    await _Host(core, *_images()).serve(len(core.shape.limits))


def _images() -> tuple[Plane, Plane]:
    """Return the noisy image and its reference, from the file that simulated.py has written."""
    given = cocotb.plusargs
    size = int(str(given["height"])), int(str(given["width"]))
    data = np.frombuffer(Path(str(given["images"])).read_bytes(), np.uint8)
    windows, reference = np.split(data, [len(WINDOW_PIXELS) * size[0] * size[1]])
    noisy = windows.reshape(-1, len(WINDOW_PIXELS))[:, CENTRE]
    return noisy.reshape(size), reference.reshape(size)


class _Host(Server):
    """A host of the core, with a pair of images."""

    def __init__(self, core: Core, noisy: Plane, reference: Plane) -> None:
        self.core, self.noisy, self.reference = core, noisy, reference
        self.circuit = copy_filter(core.shape)

    async def evaluate(self, circuit: bytes, limit: int) -> int:
        """See Server.evaluate."""
        self.circuit = circuit_of(np.frombuffer(circuit, np.uint8), self.core.shape)
        await self.core.configure([self.circuit])
        saes = await self.core.evaluate(self.noisy, self.reference, [limit])
        return limit + 1 if saes is None else saes[0]

    async def cycles(self) -> int:
        """See Server.cycles."""
        return await self.core.read("CYCLES")

    async def filtered(self) -> bytes:
        """See Server.filtered."""
        await self.core.configure([self.circuit])
        return (await self.core.filter(self.noisy)).tobytes()
