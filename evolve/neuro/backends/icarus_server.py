# SPDX-License-Identifier: Apache-2.0
"""Runs inside Icarus, under cocotb: answers the requests of evolve/neuro/backends/icarus.py.

All inputs change as the clock falls, and outputs are read then: what stands there is what the next
rising edge takes.
"""

from collections.abc import Sequence
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge

from evoarray.evolution.neuro.backends.served import PERIOD, Server
from evoarray.model.neuro.program import Words


@cocotb.test()
async def serve(core: Any) -> None:
    """Run network after network, until the request pipe ends."""
    host = _Host(core)
    await host.reset()
    await host.serve()


class _Host(Server):
    """What is connected to the ports of the core."""

    def __init__(self, core: Any) -> None:
        self.core = core
        Clock(core.clk, PERIOD, "step", impl="gpi").start()

    async def reset(self) -> None:
        """Reset the core for two cycles."""
        core = self.core
        core.rst.value = 1
        core.cfg_valid.value = core.s_image_valid.value = 0
        core.m_logits_ready.value = 1
        for _ in range(3):
            await FallingEdge(core.clk)
        core.rst.value = 0

    async def load(self, words: Words) -> None:
        """See Server.load."""
        core = self.core
        core.cfg_valid.value = 1
        for address, value in words.tolist():
            core.cfg_address.value, core.cfg_data.value = address, value
            await self._taken(core.cfg_ready)
        core.cfg_valid.value = 0

    async def infer(self, image: bytes, outputs: int) -> Sequence[int]:
        """See Server.infer."""
        core = self.core
        core.s_image_valid.value = 1
        for byte in image:
            core.s_image_value.value = byte
            await self._taken(core.s_image_ready)
        core.s_image_valid.value = 0
        return [await self._logit() for _ in range(outputs)]

    async def _logit(self) -> int:
        """Return the next logit."""
        core = self.core
        while not int(core.m_logits_valid.value):
            await RisingEdge(core.m_logits_valid)
            await FallingEdge(core.clk)
        value = core.m_logits_value.value.to_signed()
        await FallingEdge(core.clk)
        return int(value)

    async def _taken(self, ready: Any) -> None:
        """Wait for the cycle in which an offer is taken."""
        taken = False
        while not taken:
            taken = bool(int(ready.value))
            await FallingEdge(self.core.clk)
