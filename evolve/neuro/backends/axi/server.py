# SPDX-License-Identifier: Apache-2.0
"""Runs inside Icarus, under cocotb: answers the requests of evolve/neuro/backends/axi/icarus.py.

What it does to the core it does through the driver.
"""

from collections.abc import Sequence
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles

from evoarray.evolution.neuro.backends.axi.driver import NeuroCore
from evoarray.evolution.neuro.backends.axi.simulated import SimulatedPort
from evoarray.evolution.neuro.backends.served import PERIOD, Server
from evoarray.model.neuro.program import Words


@cocotb.test()
async def serve(dut: Any) -> None:
    """Run network after network, until the request pipe ends."""
    Clock(dut.clk, PERIOD, "step", impl="gpi").start()
    dut.rst.value = 1
    await ClockCycles(dut.clk, 2)
    core = NeuroCore(SimulatedPort(dut, dut.clk, dut.rst))
    dut.rst.value = 0
    await core.connect()
    await _Host(core).serve()


class _Host(Server):
    """A host of the core."""

    def __init__(self, core: NeuroCore) -> None:
        self.core = core

    async def load(self, words: Words) -> None:
        """See Server.load."""
        await self.core.write_memories(words)

    async def infer(self, image: bytes, outputs: int) -> Sequence[int]:
        """See Server.infer."""
        self.core.port.send(image)
        logits = await self.core.port.receive(outputs)
        return [int(logit) for logit in logits]
