# SPDX-License-Identifier: Apache-2.0
"""The bench of a core behind AXI4-Lite and streams, which its driver works through bus models.

Monitors hold the core's own channels to the rules of AXI: what is offered stays until it is taken.
"""

import random
from collections.abc import Awaitable, Iterator, Sequence
from typing import Any

import pytest

from evolve.backends.axi.registers import RefusedError, RegisteredCore
from evolve.backends.axi.simulated import SimulatedBus
from tb.drivers import LONG, Dut, Item, Monitor, Testbench, pause_cycles


class Record(Monitor):
    """Keeps the items: whether they are right shows in what the driver makes of them."""

    def clear(self) -> None:
        super().clear()
        self.items: list[Item] = []

    def observe(self, item: Item) -> None:
        self.items.append(item)


class AxiBench(Testbench):
    """A core with the channels of s_axil and these streams; set port and core before a test."""

    port: SimulatedBus
    core: RegisteredCore

    def __init__(self, dut: Dut, streams: Sequence[str]) -> None:
        super().__init__(dut)
        ends = [f"{stream}_t" for stream in streams]
        for stream in (*ends, *(f"s_axil_{channel}" for channel in ("aw", "w", "b", "ar", "r"))):
            valid, ready = (getattr(dut, f"{stream}{end}") for end in ("valid", "ready"))
            name = stream.removesuffix("_t").split("_")[-1]
            self.cover(f"{dut._name} {name}", valid, ready)
        Record(self, dut.s_axil_bvalid, dut.s_axil_bready, [dut.s_axil_bresp])
        Record(self, dut.s_axil_rvalid, dut.s_axil_rready, [dut.s_axil_rresp, dut.s_axil_rdata])

    def pause(self, streams: Sequence[Any], pause: float, long: float = LONG) -> None:
        """Have these streams and every channel of the bus pause so often."""
        write, read = self.port.bus.write_if, self.port.bus.read_if
        for channel in (
            *streams,
            *(write.aw_channel, write.w_channel, write.b_channel),
            *(read.ar_channel, read.r_channel),
        ):
            if pause:
                channel.set_pause_generator(self._pauses(pause, long))

    def _pauses(self, pause: float, long: float) -> Iterator[bool]:
        draw = random.Random(self.random.random())
        while True:
            yield from [True] * pause_cycles(draw, pause, long) or [False]

    async def refuses(self, access: Awaitable[object]) -> None:
        """Check that an access gets SLVERR, and that no register changes by it."""
        before = await self.state()
        with pytest.raises(RefusedError):
            await access
        assert await self.state() == before

    async def state(self) -> list[int]:
        """Return what all registers hold that do not run by themselves."""
        registers = self.core.registers.items()
        names = [name for name, r in registers if "read" in r.access and name != "CYCLES"]
        return [await self.core.read(name) for name in names]
