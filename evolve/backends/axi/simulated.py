# SPDX-License-Identifier: Apache-2.0
"""The way to a core in a simulator, through the bus models of cocotbext-axi."""

import logging
from typing import Any

from cocotb.handle import LogicObject
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
)

from evoarray.evolution.backends.axi.registers import RefusedError


class SimulatedBus:
    """A RegisterPort to a core under cocotb. Make it while the core is in reset."""

    def __init__(self, core: Any, clk: LogicObject, rst: LogicObject) -> None:
        logging.getLogger(f"cocotb.{core._name}").setLevel(logging.WARNING)  # else every access
        self.bus = AxiLiteMaster(AxiLiteBus.from_prefix(core, "s_axil"), clk, rst)

    async def read(self, address: int) -> int:
        """See RegisterPort.read."""
        answer = await self.bus.read(address, 4)
        if answer.resp != AxiResp.OKAY:
            raise RefusedError(f"reading 0x{address:04X} is refused")
        return int.from_bytes(answer.data, "little")

    async def write(self, address: int, word: int) -> None:
        """See RegisterPort.write."""
        answer = await self.bus.write(address, word.to_bytes(4, "little"))
        if answer.resp != AxiResp.OKAY:
            raise RefusedError(f"writing 0x{word:08X} to 0x{address:04X} is refused")
