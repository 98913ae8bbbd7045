# SPDX-License-Identifier: Apache-2.0
"""The way to an evoarray_axi in a simulator, through the bus models of cocotbext-axi."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from cocotb.handle import LogicObject
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

from evoarray.evolution.backends.axi.simulated import SimulatedBus
from evoarray.model.filter.functions import Plane


class SimulatedPort(SimulatedBus):
    """A Port to an evoarray_axi under cocotb."""

    def __init__(self, core: Any, clk: LogicObject, rst: LogicObject) -> None:
        super().__init__(core, clk, rst)

        def stream(kind: Any, name: str) -> Any:
            return kind(AxiStreamBus.from_prefix(core, name), clk, rst)

        self.noisy = stream(AxiStreamSource, "s_axis_noisy")
        self.reference = stream(AxiStreamSource, "s_axis_reference")
        self.filtered = stream(AxiStreamSink, "m_axis_filtered")

    def send_noisy(self, frame: Plane) -> None:
        """See Port.send_noisy."""
        for line in lines(frame):
            self.noisy.send_nowait(line)

    def send_reference(self, frame: Plane) -> None:
        """See Port.send_reference."""
        for line in lines(frame):
            self.reference.send_nowait(line)

    async def sent(self) -> None:
        """See Port.sent."""
        await self.noisy.wait()
        await self.reference.wait()

    def discard(self) -> None:
        """See Port.discard."""
        self.filtered.clear()

    async def receive(self, shape: tuple[int, int, int]) -> Plane:
        """See Port.receive."""
        arrays, height, width = shape
        lanes: list[int] = []
        begun = False
        while not begun or len(lanes) < arrays * height * width:
            line = await self.filtered.recv(compact=False)
            marks = line.tuser[::arrays]  # they stand with each byte
            if 1 in marks:
                begun, lanes = True, []
                # A frame that RESET cut leaves a part of a line, which may begin with a mark.
                last = len(marks) - 1 - marks[::-1].index(1)
                line = line.tdata[arrays * last :]
            lanes.extend(line)
        pixels = np.array(lanes, np.uint8).reshape(height, width, arrays)
        return np.moveaxis(pixels, -1, 0)


def lines(frame: Plane) -> Iterator[AxiStreamFrame]:
    """Return a frame (H, W) uint8 as its lines, each with its marks."""
    for y, line in enumerate(frame):
        yield AxiStreamFrame(line.tobytes(), tuser=[int(y == 0), *[0] * (len(line) - 1)])
