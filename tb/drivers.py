# SPDX-License-Identifier: Apache-2.0
"""What all cocotb tests are made of: clock, reset, drivers with stalls, monitors, scoreboards.

Everything happens at rising edges: parts read the values before the edge and write the ones after
it. An edge's number is its time in clock periods. A bench for a module derives from Testbench and
names the module's ports.
"""

import random
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.handle import LogicArrayObject
from cocotb.task import Task
from cocotb.triggers import RisingEdge
from cocotb.types import LogicArray
from cocotb.utils import get_sim_time
from numpy.typing import NDArray

from tb import covergroups

PERIOD = 10  # ns
LONG = 1 / 64  # of the pauses

Dut = Any  # cocotb finds the ports of a top at run time
Signal = LogicArrayObject
Item = tuple[int, ...]


class Scoreboard:
    """Compares what comes out with what is expected, in order and at once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.expected: deque[Item] = deque()
        self.count = 0

    def expect(self, items: Iterable[Item]) -> None:
        self.expected.extend(items)

    def observe(self, item: Item) -> None:
        assert self.expected, f"{self.name}: {item} came after all that was expected"
        expected = self.expected.popleft()
        assert item == expected, f"{self.name} number {self.count} is {item}, not {expected}"
        self.count += 1

    def check(self) -> None:
        """Raise AssertionError if anything is missing, or if nothing was ever compared."""
        assert not self.expected, f"{self.name}: {len(self.expected)} did not come"
        assert self.count, f"{self.name}: nothing was compared"


class Part:
    """A coroutine that a bench starts, and stops for a reset."""

    def __init__(self, bench: "Testbench") -> None:
        self.bench = bench
        bench.parts.append(self)
        self._task: Task[None] | None = None

    def start(self) -> None:
        self.clear()
        self._task = cocotb.start_soon(self.run())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def clear(self) -> None:
        """Forget everything from before the start."""
        raise NotImplementedError

    async def run(self) -> None:
        """Do the work, for ever."""
        raise NotImplementedError


def pause_cycles(draw: random.Random, pause: float, long: float) -> int:
    """Return for how many cycles to pause: 0, or with this probability 1, or of these some long."""
    if not pause or draw.random() >= pause:
        return 0
    return draw.randrange(8, 20) if draw.random() < long else 1


class Source(Part):
    """Offers items on a stream, each until it is taken: when ready is high, or absent.

    Without valid, the payload stays, is random or, on Icarus, unknown: X. None in the queue is a
    cycle without an item; further ones come with the probability `pause`, of which the share `long`
    are many.
    """

    def __init__(
        self, bench: "Testbench", valid: Signal, ready: Signal | None, payload: Sequence[Signal]
    ) -> None:
        super().__init__(bench)
        self.valid, self.ready, self.payload = valid, ready, payload
        self.widths = [len(signal) for signal in payload]
        self.pause = 0.0
        self.long = LONG
        self.queue: deque[Item | None] = deque()
        self.taken: list[int] = []
        valid.value = 0

    def send(self, items: Iterable[Item | None]) -> None:
        self.queue.extend(items)

    def clear(self) -> None:
        self.queue.clear()
        self.taken = []
        self.valid.value = 0

    def nothing(self) -> tuple[int | LogicArray, ...]:
        """Return a payload that nobody may look at."""
        if cocotb.SIM_NAME.startswith("Icarus") and self.bench.random.getrandbits(1):
            return tuple(LogicArray("X" * width) for width in self.widths)
        return tuple(self.bench.random.getrandbits(width) for width in self.widths)

    async def run(self) -> None:
        edge, draw = self.bench.edge, self.bench.random
        wait = 0
        while True:
            item = None
            if self.queue and not wait:
                wait = pause_cycles(draw, self.pause, self.long)
            if wait:
                wait -= 1
            elif self.queue:
                item = self.queue.popleft()
            self.valid.value = item is not None
            payload: tuple[int | LogicArray, ...] | None = item
            if item is None and draw.getrandbits(1):
                payload = self.nothing()
            if payload is not None:
                for signal, value in zip(self.payload, payload, strict=True):
                    signal.value = value
            await edge
            while item and self.ready is not None and not int(self.ready.value):
                await edge
            if item:
                self.taken.append(self.bench.cycle)


class Stall(Part):
    """Drives a ready or a clock enable, low with the probability `stall` in every cycle.

    Of these the share `long` begin many cycles.
    """

    def __init__(self, bench: "Testbench", signal: Signal) -> None:
        super().__init__(bench)
        self.signal = signal
        self.stall = 0.0
        self.long = LONG
        self.high: list[int] = []
        signal.value = 1

    def cycles(self, first: int, last: int) -> int:
        """Return in how many cycles after the first, up to the last, the signal was high."""
        return bisect_right(self.high, last) - bisect_right(self.high, first)

    def clear(self) -> None:
        self.high = []

    async def run(self) -> None:
        edge, draw = self.bench.edge, self.bench.random
        low = 0
        while True:
            self.signal.value = not low
            await edge
            if not low:
                self.high.append(self.bench.cycle)
            low = max(low - 1, 0) or pause_cycles(draw, self.stall, self.long)


class Monitor(Part):
    """Hands the items of a stream to a scoreboard.

    An item that is not taken must stay, unless it is `the_takers`: what a taker says of what it
    takes counts only then.
    """

    def __init__(
        self,
        bench: "Testbench",
        valid: Signal,
        ready: Signal | None,
        payload: Sequence[Signal],
        *,
        the_takers: bool = False,
    ) -> None:
        super().__init__(bench)
        self.the_takers = the_takers
        self.valid, self.ready, self.payload = valid, ready, payload
        self.scoreboard = Scoreboard(valid._name)
        self.seen: list[int] = []

    def clear(self) -> None:
        self.scoreboard.expected.clear()
        self.seen = []

    async def run(self) -> None:
        held: Item | None = None
        while True:
            await self.bench.edge
            if int(self.valid.value):
                item = tuple(int(signal.value) for signal in self.payload)
                assert held in {None, item}, f"{item} came in place of {held}, which waited"
                held = None if self.the_takers else item
                if self.ready is None or int(self.ready.value):
                    held = None
                    self.seen.append(self.bench.cycle)
                    self.observe(item)
            else:
                assert held is None, f"{held} was withdrawn"

    def observe(self, item: Item) -> None:
        """Do with an item that was taken what this monitor is for."""
        self.scoreboard.observe(item)


class Watch(Part):
    """Calls a function before every rising edge, and another one in a reset."""

    def __init__(
        self,
        bench: "Testbench",
        look: Callable[[], None],
        clear: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(bench)
        self.look, self._clear = look, clear

    def clear(self) -> None:
        self._clear()

    async def run(self) -> None:
        while True:
            await self.bench.edge
            self.look()


class Testbench:
    """A top with its clock and its reset; drivers and monitors are added by the derived bench."""

    __test__ = False  # for pytest

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.rng = np.random.default_rng(cocotb.RANDOM_SEED)
        self.random = random.Random(cocotb.RANDOM_SEED)  # faster for single draws
        self.edge = RisingEdge(dut.clk)
        self.parts: list[Part] = []
        # cocotb picks its slower clock by itself where it does not trust inertial writes.
        # Low first: the first edge then comes after the first inputs.
        Clock(dut.clk, PERIOD, "ns", impl="gpi").start(start_high=False)

    def cover(self, name: str, valid: Signal, ready: Signal) -> covergroups.StreamSampler:
        """Sample how a stream pauses and stalls, where coverage is measured."""
        sampler = covergroups.StreamSampler(name, valid, ready)
        if covergroups.is_sampled():
            Watch(self, sampler.look, sampler.clear)
        return sampler

    @property
    def cycle(self) -> int:
        """The number of the present rising edge."""
        return int(get_sim_time("ns")) // PERIOD

    async def wait(self, cycles: int) -> None:
        for _ in range(cycles):
            await self.edge

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for the first rising edge after which the condition holds."""
        while not condition():
            await self.edge

    async def reset(self) -> None:
        """Reset for one cycle, whatever goes on, and begin anew; inputs stay as they are in it."""
        for part in self.parts:
            part.stop()
        self.dut.rst.value = 1
        await self.edge
        self.before_reset()
        self.dut.rst.value = 0
        for part in self.parts:
            part.start()

    def before_reset(self) -> None:
        """Look at what the edge that resets ends, just before it."""

    async def finish(self, surplus: int = 100) -> None:
        """Wait until all that is expected came, and longer for what must not come; check."""
        monitors = [part for part in self.parts if isinstance(part, Monitor)]
        await self.until(lambda: not any(monitor.scoreboard.expected for monitor in monitors))
        await self.wait(surplus)
        for monitor in monitors:
            monitor.scoreboard.check()


def packed(codes: NDArray[np.uint8], width: int) -> int:
    """Return codes of any shape, in C order, as one number of lanes of this width, first lowest."""
    return sum(code << (width * lane) for lane, code in enumerate(codes.ravel().tolist()))


def window_lanes(planes: NDArray[np.uint8]) -> list[int]:
    """Return window planes (9, H, W) uint8 as the vectors of 72 bits of the RTL, row by row."""
    windows = np.moveaxis(planes, 0, -1).reshape(-1, len(planes))
    return [int.from_bytes(window.tobytes(), "little") for window in windows]


def frame_sizes(tall: int, wide: int) -> list[tuple[int, int]]:
    """Return heights and widths of frames up to a largest one: smallest, largest, even and odd."""
    sizes = {(3, 3), (3, wide), (tall, 3), (3, 4), (4, 3), (7, 5), (5, 8), (9, 13)}
    return sorted((height, width) for height, width in sizes if height <= tall and width <= wide)
