# SPDX-License-Identifier: Apache-2.0
"""The way to a core in a simulator, through the bus models of cocotbext-axi."""

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
from cocotb.handle import LogicObject
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from evolve.backends.axi.registers import RefusedError
from model.filter.functions import Plane


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
                line = line.tdata[arrays * marks.index(1) :]
            lanes.extend(line)
        pixels = np.array(lanes, np.uint8).reshape(height, width, arrays)
        return np.moveaxis(pixels, -1, 0)


def lines(frame: Plane) -> Iterator[AxiStreamFrame]:
    """Return a frame (H, W) uint8 as its lines, each with its marks."""
    for y, line in enumerate(frame):
        yield AxiStreamFrame(line.tobytes(), tuser=[int(y == 0), *[0] * (len(line) - 1)])
