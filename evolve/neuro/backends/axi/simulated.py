# SPDX-License-Identifier: Apache-2.0
"""The way to an evoarray_neuro_axi in a simulator, through the bus models of cocotbext-axi."""

from typing import Any

import numpy as np
from cocotb.handle import LogicObject
from cocotbext.axi import AxiStreamBus, AxiStreamSink, AxiStreamSource

from evoarray.evolution.backends.axi.simulated import SimulatedBus
from evoarray.model.neuro.layers import Int32


class SimulatedPort(SimulatedBus):
    """A Port to an evoarray_neuro_axi under cocotb. Make it while the core is in reset."""

    def __init__(self, core: Any, clk: LogicObject, rst: LogicObject) -> None:
        super().__init__(core, clk, rst)
        self.image = AxiStreamSource(AxiStreamBus.from_prefix(core, "s_axis_image"), clk, rst)
        logits = AxiStreamBus.from_prefix(core, "m_axis_logits")
        # A lane is a byte by default; without tkeep these have whole words.
        self.logits = AxiStreamSink(logits, clk, rst, byte_size=32)

    def send(self, image: bytes) -> None:
        """See Port.send."""
        self.image.send_nowait(image)

    async def sent(self) -> None:
        """See Port.sent."""
        await self.image.wait()

    def discard(self) -> None:
        """See Port.discard."""
        self.logits.clear()

    async def receive(self, outputs: int) -> Int32:
        """See Port.receive."""
        frame = await self.logits.recv()
        return np.array(frame.tdata[-outputs:], np.uint32).view(np.int32)
