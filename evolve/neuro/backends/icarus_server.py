# SPDX-License-Identifier: Apache-2.0
"""Runs inside Icarus, under cocotb: answers the requests of evolve/neuro/backends/icarus.py.

All inputs change as the clock falls, and outputs are read then: what stands there is what the next
rising edge takes.
"""

import os
import struct
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge
from cocotb.utils import get_sim_time

from evolve.backends.served import REPLIES, REQUESTS

PERIOD = 2  # steps of the simulator


@cocotb.test()
async def serve(core: Any) -> None:
    """Run network after network, until the request pipe ends."""
    host = _Host(core)
    await host.reset()
    with os.fdopen(REQUESTS, "rb") as requests, os.fdopen(REPLIES, "wb") as replies:
        while header := requests.read(16):
            words, images, size, outputs = struct.unpack("<4I", header)
            before = get_sim_time("step")
            for address, value in struct.iter_unpack("<2I", requests.read(8 * words)):
                await host.write(address, value)
            for _ in range(images):
                await host.send(requests.read(size))
                for _ in range(outputs):
                    replies.write(struct.pack("<i", await host.logit()))
            cycles = int(get_sim_time("step") - before) // PERIOD
            replies.write(struct.pack("<Q", cycles))
            replies.flush()


class _Host:
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

    async def write(self, address: int, value: int) -> None:
        """Write a word of the configuration."""
        core = self.core
        core.cfg_valid.value = 1
        core.cfg_address.value, core.cfg_data.value = address, value
        await self._taken(core.cfg_ready)
        core.cfg_valid.value = 0

    async def send(self, image: bytes) -> None:
        """Send an image."""
        core = self.core
        core.s_image_valid.value = 1
        for byte in image:
            core.s_image_value.value = byte
            await self._taken(core.s_image_ready)
        core.s_image_valid.value = 0

    async def logit(self) -> int:
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
