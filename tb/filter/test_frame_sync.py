# SPDX-License-Identifier: Apache-2.0
"""frame_sync: what goes in of frames with right marks, with wrong ones, and of garbage."""

from collections.abc import Callable

import cocotb

from tb.drivers import Dut, Item, Monitor, Source, Stall, Testbench, Watch
from tb.filter.streams import synced

WIDTH, HEIGHT = 4, 3


def test_frame_sync(simulate: Callable[..., None]) -> None:
    simulate(toplevel="evoarray_frame_sync", module="tb.filter.test_frame_sync")


class Bench(Testbench):
    """The module before something that counts the pixels of frames."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.place = self.dropped = self.wrong = 0
        self.source = Source(self, dut.s_valid, dut.s_ready, [dut.s_user, dut.s_last, dut.s_pixel])
        self.sink = Stall(self, dut.m_ready)
        self.pixels = Monitor(self, dut.m_valid, dut.m_ready, [dut.m_pixel], the_takers=True)
        Watch(self, self.look, self.mark)

    def mark(self) -> None:
        """Say where the next pixel belongs."""
        self.dut.m_first.value = int(self.place == 0)
        self.dut.m_line_last.value = int(self.place % WIDTH == WIDTH - 1)

    def look(self) -> None:
        self.dropped += int(self.dut.dropped.value)
        self.wrong += int(self.dut.wrong.value)
        if int(self.dut.m_valid.value) and int(self.dut.m_ready.value):
            self.place = (self.place + 1) % (WIDTH * HEIGHT)
        self.mark()

    def frame(self) -> list[Item]:
        """Return a frame's pixels with their marks."""
        size = WIDTH * HEIGHT
        return [
            (int(i == 0), int(i % WIDTH == WIDTH - 1), self.random.getrandbits(8))
            for i in range(size)
        ]

    def spoilt(self) -> list[Item]:
        """Return a frame with pixels lost, doubled or with other marks, or none of these."""
        items = self.frame()
        for _ in range(self.random.choice([0, 0, 1, 1, 3])):
            place = self.random.randrange(len(items))
            user, last, value = items[place]
            items[place : place + 1] = self.random.choice(
                [[], [items[place]] * 2, [(1 - user, last, value)], [(user, 1 - last, value)]]
            )
        return items


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("pause", "stall"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.3), (0.3, 0.3)]))
async def right_frames_go_in_whole_whatever_comes_before(
    dut: Dut, pause: float, stall: float
) -> None:
    bench = Bench(dut)
    dut.sync.value = 1
    bench.source.pause, bench.sink.stall = pause, stall
    await bench.reset()
    sent = [item for _ in range(60) for item in bench.spoilt()] + bench.frame()
    frames, dropped = synced(sent, WIDTH, HEIGHT)
    bench.source.send(sent)
    bench.pixels.scoreboard.expect((value,) for frame in frames for value in frame)
    await bench.finish()
    assert bench.dropped == dropped > 0
    assert bench.wrong >= dropped


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def without_sync_every_pixel_goes_in(dut: Dut) -> None:
    bench = Bench(dut)
    dut.sync.value = 0
    bench.source.pause = bench.sink.stall = 0.2
    await bench.reset()
    sent = [item for _ in range(20) for item in bench.spoilt()]
    bench.source.send(sent)
    bench.pixels.scoreboard.expect((value,) for *_, value in sent)
    await bench.finish()
    assert not bench.dropped
    assert bench.wrong == sum(
        (user, last) != (i % (WIDTH * HEIGHT) == 0, i % WIDTH == WIDTH - 1)
        for i, (user, last, _) in enumerate(sent)
    )
