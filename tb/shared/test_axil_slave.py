# SPDX-License-Identifier: Apache-2.0
"""axil_slave: each access reaches the register port once, as it came, and has the port's answer."""

from collections.abc import Callable

import cocotb

from tb.drivers import Dut, Monitor, Source, Stall, Testbench, Watch

WHOLE = 0xF
OKAY, SLVERR = 0, 2


def test_axil_slave(simulate: Callable[..., None]) -> None:
    simulate(toplevel="evoarray_axil_slave", module="tb.shared.test_axil_slave")


class Bench(Testbench):
    """The slave between five channels and a register port that answers at random."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        Watch(self, self.look)  # before the monitors: it tells them what to expect
        self.aw = Source(
            self, dut.s_axil_awvalid, dut.s_axil_awready, [dut.s_axil_awaddr, dut.s_axil_awprot]
        )
        self.w = Source(
            self, dut.s_axil_wvalid, dut.s_axil_wready, [dut.s_axil_wdata, dut.s_axil_wstrb]
        )
        self.ar = Source(
            self, dut.s_axil_arvalid, dut.s_axil_arready, [dut.s_axil_araddr, dut.s_axil_arprot]
        )
        self.b_ready = Stall(self, dut.s_axil_bready)
        self.r_ready = Stall(self, dut.s_axil_rready)
        self.writes = Monitor(self, dut.write, None, [dut.write_address, dut.write_data])
        self.b = Monitor(self, dut.s_axil_bvalid, dut.s_axil_bready, [dut.s_axil_bresp])
        self.r = Monitor(
            self, dut.s_axil_rvalid, dut.s_axil_rready, [dut.s_axil_rresp, dut.s_axil_rdata]
        )

    async def reset(self) -> None:
        self.whole: list[bool] = []  # which writes are of a word
        self.addresses: list[int] = []  # of reads
        self.answered = [0, 0]  # writes and reads
        self.before: list[int] = []  # what was at the register port in the last cycle
        await super().reset()

    def stall(self, aw: float, w: float, ar: float, b: float, r: float) -> None:
        self.aw.pause, self.w.pause, self.ar.pause = aw, w, ar
        self.b_ready.stall, self.r_ready.stall = b, r

    def send(self, count: int) -> None:
        """Queue so many writes and reads, any and of any bytes, the first write of a word."""
        draw = self.random.getrandbits
        for i in range(count):
            address, data = draw(self.aw.widths[0]), draw(32)
            strobe = WHOLE if i == 0 or draw(1) else draw(4)
            self.aw.send([(address, draw(3))])
            self.w.send([(data, strobe)])
            self.whole.append(strobe == WHOLE)
            if strobe == WHOLE:
                self.writes.scoreboard.expect([(address & ~3, data)])
            address = draw(self.ar.widths[0])
            self.ar.send([(address, draw(3))])
            self.addresses.append(address & ~3)

    def look(self) -> None:
        """Expect a response that came up to be what the port said in the cycle before."""
        dut = self.dut
        now = [dut.write, dut.write_refused, dut.read_address, dut.read_refused, dut.read_data]
        writes, reads = self.answered
        if int(dut.s_axil_bvalid.value) and len(self.b.seen) == writes:
            write, refused, *_ = self.before
            assert write == self.whole[writes], "a part of a word is not written"
            self.b.scoreboard.expect([(SLVERR if refused or not write else OKAY,)])
            self.answered[0] += 1
        if int(dut.s_axil_rvalid.value) and len(self.r.seen) == reads:
            *_, address, refused, data = self.before
            assert address == self.addresses[reads]
            self.r.scoreboard.expect([(SLVERR if refused else OKAY, data)])
            self.answered[1] += 1
        self.before = [int(s.value) if s.value.is_resolvable else 0 for s in now]
        for signal in (dut.write_refused, dut.read_refused, dut.read_data):
            signal.value = self.random.getrandbits(len(signal))

    async def finish(self, surplus: int = 20) -> None:
        count = len(self.whole)
        await self.until(lambda: len(self.b.seen) == count and len(self.r.seen) == count)
        await super().finish(surplus)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(
    (
        ("aw", "w", "ar", "b", "r"),
        [
            (0.0, 0.0, 0.0, 0.0, 0.0),
            (0.8, 0.0, 0.5, 0.0, 0.0),
            (0.0, 0.8, 0.0, 0.0, 0.8),
            (0.0, 0.0, 0.0, 0.8, 0.5),
            (0.3, 0.3, 0.3, 0.3, 0.3),
        ],
    )
)
async def each_access_is_done_once(
    dut: Dut, aw: float, w: float, ar: float, b: float, r: float
) -> None:
    bench = Bench(dut)
    bench.stall(aw, w, ar, b, r)
    await bench.reset()
    bench.send(300)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def an_access_takes_two_cycles(dut: Dut) -> None:
    """Where nobody pauses, so that reads and writes do not wait for each other."""
    bench = Bench(dut)
    await bench.reset()
    bench.send(50)
    await bench.finish()
    for asked, answered in ((bench.aw, bench.b), (bench.w, bench.b), (bench.ar, bench.r)):
        assert answered.seen == list(range(asked.taken[0] + 2, asked.taken[0] + 102, 2))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_reset_leaves_nothing_behind(dut: Dut) -> None:
    """In any cycle: no response, no address without its data, no data without its address."""
    bench = Bench(dut)
    await bench.reset()
    for _ in range(30):
        bench.stall(*(bench.random.choice([0.0, 0.9]) for _ in range(5)))
        bench.send(10)
        await bench.wait(bench.random.randrange(1, 15))
        await bench.reset()
        bench.stall(0.0, 0.0, 0.0, 0.0, 0.0)
        bench.send(3)
        await bench.finish()
