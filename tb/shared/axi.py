# SPDX-License-Identifier: Apache-2.0
"""The bench of a core behind AXI4-Lite and streams, which its driver works through bus models.

Monitors hold the core's own channels to the rules of AXI: what is offered stays until it is taken.
"""

import random
from collections.abc import Awaitable, Iterator, Sequence
from typing import Any

import cocotb
import pytest
from cocotbext.axi import AxiResp

from evoarray.evolution.backends.axi.registers import RefusedError, RegisteredCore
from evoarray.evolution.backends.axi.simulated import SimulatedBus
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

    async def at_once(self, names: Sequence[str], legal: int, illegal: int, bits: int) -> list[int]:
        """Begin accesses before those before are answered; return what was written.

        Each gets the answer that is its own. Registers of these names are read; words of so many
        bits are written to two addresses, of which one must be refused.
        """
        expected = [await self.core.read(name) for name in names]
        words = [self.random.getrandbits(bits) for _ in range(4)]
        fine = [bool(self.random.getrandbits(1)) for _ in words]
        writes = [
            cocotb.start_soon(
                self.port.bus.write(legal if ok else illegal, word.to_bytes(4, "little"))
            )
            for word, ok in zip(words, fine, strict=True)
        ]
        reads = [cocotb.start_soon(self.core.read(name)) for name in names]
        assert [(await write).resp == AxiResp.OKAY for write in writes] == fine
        assert [await read for read in reads] == expected
        return [word for word, ok in zip(words, fine, strict=True) if ok]

    async def state(self) -> list[int]:
        """Return what all registers hold that do not run by themselves."""
        registers = self.core.registers.items()
        names = [name for name, r in registers if "read" in r.access and name != "CYCLES"]
        return [await self.core.read(name) for name in names]
