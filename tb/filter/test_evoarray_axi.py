# SPDX-License-Identifier: Apache-2.0
"""evoarray_axi, worked by its driver through the bus models of cocotbext-axi, which may pause."""

from collections.abc import Callable
from itertools import accumulate, product

import cocotb
import numpy as np
import pytest
from cocotb.triggers import RisingEdge, Timer
from cocotbext.axi import AxiProt, AxiResp, AxiStreamFrame, AxiStreamSource
from numpy.typing import NDArray

from evoarray.evolution.backends.axi.registers import RefusedError
from evoarray.evolution.filter.backends.axi.driver import NO_LIMIT, Core
from evoarray.evolution.filter.backends.axi.simulated import SimulatedPort, lines
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import Circuit, Shape, random_circuit
from evoarray.model.filter.fitness import sae
from evoarray.model.filter.functions import Plane
from evoarray.model.filter.latency import first_pixel_cycles
from evoarray.model.filter.rtl import parameters
from tb.bins import size_bin
from tb.covergroups import sample
from tb.drivers import LONG, PERIOD, Dut, frame_sizes
from tb.filter.drivers import shape_of
from tb.filter.streams import synced
from tb.shared.axi import AxiBench, Record

LARGEST = 13
FRAME = "evoarray_axi frame"


@pytest.mark.parametrize(
    ("shape", "arrays", "two_stage", "lockstep"),
    [
        pytest.param(Shape(3, 4, "cgp16"), 3, 0, 0, marks=pytest.mark.verilator),
        (Shape(2, 2, "upm16"), 1, 1, 1),
    ],
    ids=["three arrays", "one array of two-stage elements, pairs"],
)
def test_evoarray_axi(
    simulate: Callable[..., None], shape: Shape, arrays: int, two_stage: int, lockstep: int
) -> None:
    simulate(
        toplevel="evoarray_axi",
        module="tb.filter.test_evoarray_axi",
        parameters={
            **parameters(shape),
            "ARRAYS": arrays,
            "TWO_STAGE": two_stage,
            "LOCKSTEP": lockstep,
            "MAX_WIDTH": LARGEST,
            "MAX_HEIGHT": LARGEST,
        },
    )


class Bench(AxiBench):
    """The core with its driver, and the frames and circuits of a test."""

    port: SimulatedPort
    core: Core

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut, ("s_axis_noisy", "s_axis_reference", "m_axis_filtered"))
        self.shape = shape_of(dut)
        self.arrays = int(dut.ARRAYS.value)
        self.sizes = frame_sizes(LARGEST, LARGEST)
        self.filtered = Record(
            self,
            dut.m_axis_filtered_tvalid,
            dut.m_axis_filtered_tready,
            [dut.m_axis_filtered_tuser, dut.m_axis_filtered_tlast, dut.m_axis_filtered_tdata],
        )

    async def start(self, pause: float = 0.0, long: float = LONG) -> None:
        """Reset the core, connect the driver, and have every channel pause so often."""
        self.dut.rst.value = 1
        await self.wait(2)
        self.port = SimulatedPort(self.dut, self.dut.clk, self.dut.rst)
        self.core = Core(self.port)
        await self.reset()
        await self.core.connect()
        self.pause((self.port.noisy, self.port.reference, self.port.filtered), pause, long)

    def circuits(self) -> list[Circuit]:
        return [random_circuit(self.shape, self.rng) for _ in range(self.arrays)]

    def pair(self, size: tuple[int, int] | None = None) -> tuple[Plane, Plane]:
        height, width = size or self.random.choice(self.sizes)
        noisy, reference = self.rng.integers(0, 256, (2, height, width)).astype(np.uint8)
        return noisy, reference

    def modelled(self, circuits: list[Circuit], noisy: Plane) -> NDArray[np.uint8]:
        return np.stack([filter_image(circuit, noisy) for circuit in circuits])

    async def left(self, pixels: int) -> None:
        """Wait until so many pixels left the core."""
        await self.until(lambda: len(self.filtered.seen) == pixels)

    async def clear_after(self, cycles: int) -> None:
        """Have the host clear FITNESS_READY."""
        await self.wait(cycles)
        await self.core.write("STATUS", FITNESS_READY=1)


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize((("pause", "long"), [(0.0, LONG), (0.4, LONG), (0.4, 0.3)]))
async def frames_are_filtered_and_measured(dut: Dut, pause: float, long: float) -> None:
    bench = Bench(dut)
    await bench.start(pause, long)
    core = bench.core
    assert (core.shape, core.arrays) == (bench.shape, bench.arrays)
    assert core.largest == (LARGEST, LARGEST)
    for size in bench.random.sample(bench.sizes, len(bench.sizes)):
        circuits = bench.circuits()
        noisy, reference = bench.pair(size)
        outputs = bench.modelled(circuits, noisy)
        await core.configure(circuits)
        if bench.random.getrandbits(1):
            assert np.array_equal(await core.filter(noisy), outputs)
        bench.filtered.clear()
        sums = await core.evaluate(noisy, reference)
        assert sums == [sae(output, reference) for output in outputs]
        await bench.left(noisy.size)  # a sum may be read before the last pixel of its frame leaves
        bench.filtered.clear()
        assert np.array_equal(await core.filter(noisy), outputs)
        width = noisy.shape[1]
        assert [item[:2] for item in bench.filtered.items] == [
            (int(i == 1), int(i % width == 0)) for i in range(1, noisy.size + 1)
        ]
        sample(FRAME, "size", size_bin(size, core.largest))
        for outcome in ("filtered", "measured"):
            sample(FRAME, "outcome", outcome)
    assert await core.read("STATUS") == 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def frames_back_to_back_take_a_cycle_per_pixel(dut: Dut) -> None:
    """While the genes of the next frame are written; each frame has its own circuits."""
    bench = Bench(dut)
    await bench.start()
    core = bench.core
    first, second = bench.circuits(), bench.circuits()
    noisy = bench.rng.integers(0, 256, (LARGEST, LARGEST)).astype(np.uint8)
    while np.array_equal(bench.modelled(first, noisy), bench.modelled(second, noisy)):
        second = bench.circuits()  # the output must tell them apart
    await core.write("FRAME_SIZE", WIDTH=LARGEST, HEIGHT=LARGEST)
    await core.configure(first)
    bench.filtered.seen.clear()
    count = 6
    for _ in range(count):
        bench.port.send_noisy(noisy)
    start = bench.cycle
    await bench.left(1)
    await core.configure(second)
    frames = [await bench.port.receive((bench.arrays, *noisy.shape)) for _ in range(count)]
    begin = bench.filtered.seen[0]
    assert bench.filtered.seen == list(range(begin, begin + count * noisy.size))
    # One cycle until the source offers the pixel, and a register at each end.
    latency = first_pixel_cycles(bench.shape.rows, bench.shape.cols, LARGEST)
    assert begin - start == 2 + latency + 2
    expected = [bench.modelled(circuits, noisy) for circuits in (first, second)]
    which = [[np.array_equal(frame, e) for e in expected].index(True) for frame in frames]
    assert which == sorted(which)
    assert {0, 1} == set(which)
    assert await core.read("FRAMES") == count
    sample(FRAME, "size", size_bin(noisy.shape, core.largest))


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.3])
async def frames_above_their_limits_are_given_up(dut: Dut, pause: float) -> None:
    """When all arrays are; the core then takes the next frame as if nothing had been."""
    bench = Bench(dut)
    await bench.start(pause)
    core = bench.core
    given_up = 0
    while given_up < 2:
        circuits = bench.circuits()
        noisy, reference = bench.pair()
        await core.configure(circuits)
        sums = [sae(output, reference) for output in bench.modelled(circuits, noisy)]
        limits = [s // bench.random.choice([1, 4, 40]) for s in sums]
        measured = await core.evaluate(noisy, reference, limits)
        if measured is None:
            given_up += 1
            sample(FRAME, "outcome", "given up")
            assert all(s > limit for s, limit in zip(sums, limits, strict=True))
            await core.configure(circuits)  # the commit is lost or done; either may be repeated
            measured = await core.evaluate(noisy, reference)
        assert measured == sums


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.3])
async def what_is_refused_changes_nothing(dut: Dut, pause: float) -> None:
    bench = Bench(dut)
    await bench.start(pause)
    core, port = bench.core, bench.port
    genes = core.registers["GENES"].address
    beyond = genes + 4 * len(bench.shape.limits)
    await core.configure(bench.circuits())
    await core.evaluate(*bench.pair())  # before the first one, SAE has no value
    for name, register in core.registers.items():
        if "write" not in register.access:
            await bench.refuses(core.write(name, bench.random.getrandbits(32)))
        elif "read" not in register.access:
            await bench.refuses(core.read(name))
    for address in (0x0030, 0x7FFC, beyond, 0xFFFC):
        await bench.refuses(port.write(address, 1))
        await bench.refuses(port.read(address))
    for address in (1 << bit for bit in range(6, 15)):  # every bit of an address counts
        with pytest.raises(RefusedError):
            await port.read(address)
        with pytest.raises(RefusedError):
            await port.write(address, 0)
    for size, height, width in (
        *(("too low", 2, 3), ("too narrow", 3, 2), ("too tall", LARGEST + 1, 3)),
        *(("too wide", 3, LARGEST + 1), ("too wide", 3, 0x8003)),
    ):
        await bench.refuses(core.write("FRAME_SIZE", HEIGHT=height, WIDTH=width))
        sample(FRAME, "refused size", size)
    for array in (bench.arrays, 2**31 + bench.arrays - 1):
        await bench.refuses(core.write("ARRAY", array))
    for data in (b"\1", b"\1\2", b"\1\2\3"):  # parts of a word
        before = await bench.state()
        response = await port.bus.write(core.registers["LIMIT"].address, data)
        assert response.resp == AxiResp.SLVERR
        assert await bench.state() == before
    await bench.refuses(core.write("CONTROL", COMMIT=1, RESET=1))
    await core.write("CONTROL", RESET=1)
    await bench.refuses(core.write("CONTROL", COMMIT=1))
    await core.write("CONTROL")
    # While the configuration is busy no gene changes: the frame shows it.
    circuits = bench.circuits()
    noisy, _ = bench.pair()
    await core.configure(circuits)
    assert await core.read("STATUS", "BUSY")
    for address in bench.random.sample(range(len(bench.shape.limits)), 4):
        await bench.refuses(port.write(genes + 4 * address, bench.random.getrandbits(3)))
    await bench.refuses(core.write("CONTROL", COMMIT=1, FITNESS=1))
    assert np.array_equal(await core.filter(noisy), bench.modelled(circuits, noisy))
    assert not await core.read("STATUS", "BUSY")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def an_interrupt_says_that_a_fitness_is_ready(dut: Dut) -> None:
    bench = Bench(dut)
    await bench.start()
    core = bench.core
    await core.configure(bench.circuits())
    for interrupt in (1, 0):
        noisy, reference = bench.pair()
        await core.write("FRAME_SIZE", HEIGHT=noisy.shape[0], WIDTH=noisy.shape[1])
        await core.write("CONTROL", FITNESS=1, INTERRUPT=interrupt)
        bench.port.send_noisy(noisy)
        bench.port.send_reference(reference)
        await bench.left(noisy.size)
        await bench.wait(2)
        assert int(dut.irq.value) == interrupt
        await core.write("STATUS", NOISY_MARKS=1, REFERENCE_MARKS=1)
        assert int(dut.irq.value) == interrupt
        await core.write("STATUS", FITNESS_READY=1)
        assert not int(dut.irq.value)
        assert not await core.read("STATUS")
        bench.filtered.seen.clear()
    await core.filter(bench.pair()[0])
    assert not await core.read("STATUS"), "nothing was measured"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_fitness_is_not_lost_where_the_one_before_is_cleared(dut: Dut) -> None:
    """In whatever cycle the host clears it."""
    bench = Bench(dut)
    await bench.start()
    noisy, reference = bench.rng.integers(0, 256, (2, 3, 3)).astype(np.uint8)
    await bench.core.configure(bench.circuits())
    await bench.core.write("FRAME_SIZE", HEIGHT=3, WIDTH=3)
    await bench.core.write("CONTROL", FITNESS=1, INTERRUPT=1)
    for wait in range(20, 50):
        bench.port.send_reference(reference)
        bench.port.send_noisy(noisy)
        clear = cocotb.start_soon(bench.clear_after(wait))
        await RisingEdge(dut.irq)
        await clear
        await bench.core.write("STATUS", FITNESS_READY=1)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def fitness_counts_from_a_frame_s_first_pixel(dut: Dut) -> None:
    """What is switched while the frame leaves is for the next one."""
    bench = Bench(dut)
    await bench.start()
    core, port = bench.core, bench.port
    circuits = bench.circuits()
    noisy, reference = bench.rng.integers(0, 256, (2, 5, 7)).astype(np.uint8)
    sums = [sae(output, reference) for output in bench.modelled(circuits, noisy)]
    await core.configure(circuits)
    await core.write("FRAME_SIZE", HEIGHT=5, WIDTH=7)
    await core.write("CONTROL", FITNESS=1)
    first, *others = lines(reference)
    port.send_noisy(noisy)
    port.reference.send_nowait(first)
    await bench.left(7)
    await core.write("CONTROL", FITNESS=0)
    await bench.wait(20)
    assert len(bench.filtered.seen) == 7, "the other pixels wait for their reference"
    for line in others:
        port.reference.send_nowait(line)
    await bench.left(35)
    await bench.wait(2)
    assert await core.read("STATUS", "FITNESS_READY")
    for array, expected in enumerate(sums):
        await core.write("ARRAY", array)
        assert await core.read("SAE") == expected
    await core.write("STATUS", FITNESS_READY=1)
    port.send_reference(reference)
    port.send_noisy(noisy)
    await bench.left(40)
    port.filtered.pause = True
    await core.write("CONTROL", FITNESS=1)
    for array in range(bench.arrays):
        await core.write("ARRAY", array)
        await core.write("LIMIT", 0)
    assert not await core.read("STATUS"), "no limit without a sum"
    port.filtered.pause = False
    await bench.left(70)
    await bench.wait(2)
    assert not await core.read("STATUS"), "nothing was measured"
    port.send_noisy(noisy)
    await bench.left(105)
    await bench.wait(2)
    assert await core.read("SAE") == sums[-1], "the reference waited for a frame that needs it"
    assert await core.read("STATUS", "FITNESS_READY")
    await core.reset()
    assert not await core.read("STATUS")


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.5])
async def accesses_may_follow_each_other_at_once(dut: Dut, pause: float) -> None:
    """Before the one before is answered; each gets the answer that is its own."""
    bench = Bench(dut)
    await bench.start(pause)
    core = bench.core
    names = ("SHAPE", "IDENTITY", "LARGEST_FRAME", "ARRAY")
    limit, shape = core.registers["LIMIT"].address, core.registers["SHAPE"].address
    for _ in range(20):
        written = await bench.at_once(names, limit, shape, bits=32)
        assert not written or await core.read("LIMIT") == written[-1]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def registers_hold_what_is_written(dut: Dut) -> None:
    bench = Bench(dut)
    await bench.start()
    core = bench.core
    assert await core.read("FRAME_SIZE", "WIDTH") == LARGEST
    assert await core.read("FRAME_SIZE", "HEIGHT") == LARGEST
    limits = [bench.random.getrandbits(32) for _ in range(bench.arrays)]
    for array, limit in enumerate(limits):
        await core.write("ARRAY", array)
        assert await core.read("LIMIT") == NO_LIMIT
        await core.write("LIMIT", limit)
    for array, limit in enumerate(limits):
        await core.write("ARRAY", array)
        assert await core.read("ARRAY") == array
        assert await core.read("LIMIT") == limit
    for height, width in bench.sizes:
        await core.write("FRAME_SIZE", HEIGHT=height, WIDTH=width)
        assert await core.read("FRAME_SIZE") == width + (height << 16)
    for value in (*(1 << bit for bit in (0, 2, 3, 4, 5, 6)), 0b1111101, 0):
        await core.write("CONTROL", value)
        assert await core.read("CONTROL") == value
    before, cycle = await core.read("CYCLES"), bench.cycle
    await bench.wait(100)
    assert await core.read("CYCLES") - before == bench.cycle - cycle
    frames = bench.random.randrange(1, 4)
    await core.configure(bench.circuits())
    for _ in range(frames):
        await core.filter(bench.pair()[0])
    assert await core.read("FRAMES") == frames


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def counters_count_beyond_what_a_test_takes(dut: Dut) -> None:
    """64 frames, and 2^16 cycles."""
    bench = Bench(dut)
    await bench.start()
    core, (noisy, _) = bench.core, bench.pair((3, 3))
    await core.configure(bench.circuits())
    await core.write("FRAME_SIZE", HEIGHT=3, WIDTH=3)
    before, cycle = await core.read("CYCLES"), bench.cycle
    for _ in range(64):
        bench.port.send_noisy(noisy)
    await Timer(2**16 * PERIOD, "ns")
    await bench.edge
    assert await core.read("FRAMES") == 64
    assert await core.read("CYCLES") - before == bench.cycle - cycle


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def an_access_is_of_the_word_in_which_it_begins(dut: Dut) -> None:
    """Whatever its protection; a write of a part of a word is refused."""
    bench = Bench(dut)
    await bench.start()
    address = bench.core.registers["LIMIT"].address
    for prot, offset in product(range(8), range(4)):
        word, other = (bench.random.getrandbits(32).to_bytes(4, "little") for _ in range(2))
        bus, kind = bench.port.bus, AxiProt(prot)
        assert (await bus.write(address, word, kind)).resp == AxiResp.OKAY
        if offset:
            refused = await bus.write(address + offset, other[offset:], kind)
            assert refused.resp == AxiResp.SLVERR
        read = await bus.read(address + offset, 4 - offset, kind)
        assert (read.resp, read.data) == (AxiResp.OKAY, word[offset:])


def falsified(frame: Plane, how: str) -> list[AxiStreamFrame]:
    """Return the lines of a frame with one wrong mark, or `how` is "not"."""
    marked = list(lines(frame))
    if how == "no frame start":
        marked[0].tuser = 0
    if how == "frame start within":
        marked[1].tuser[-1] = 1
    if how == "no line end":
        following = marked.pop(1)
        marked[0].tdata += following.tdata
        marked[0].tuser += following.tuser
    if how == "line end within":
        line = marked.pop()
        marked += [AxiStreamFrame(part, tuser=0) for part in (line.tdata[:1], line.tdata[1:])]
    return marked


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stream=["noisy", "reference"])
async def wrong_marks_set_a_bit_and_nothing_else(dut: Dut, stream: str) -> None:
    bench = Bench(dut)
    await bench.start()
    core = bench.core
    circuits = bench.circuits()
    await core.configure(circuits)
    for how in ("no frame start", "frame start within", "no line end", "line end within", "not"):
        source = getattr(bench.port, stream)

        def send(frame: Plane, source: AxiStreamSource = source, how: str = how) -> None:
            for line in falsified(frame, how):
                source.send_nowait(line)

        setattr(bench.port, f"send_{stream}", send)
        noisy, reference = bench.pair()
        sums = await core.evaluate(noisy, reference)
        assert sums == [sae(output, reference) for output in bench.modelled(circuits, noisy)]
        noted = [await core.read("STATUS", f"{name}_MARKS") for name in ("NOISY", "REFERENCE")]
        assert noted == [int(how != "not" and name == stream) for name in ("noisy", "reference")]
        sample(FRAME, "marks", f"{stream} x {how}")
        await core.write("STATUS", **{f"{stream.upper()}_MARKS": 1})
        assert not await core.read("STATUS")


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.3])
async def a_reset_in_any_cycle_leaves_nothing_behind(dut: Dut, pause: float) -> None:
    bench = Bench(dut)
    await bench.start(pause)

    async def work() -> None:
        while True:
            await bench.core.configure(bench.circuits())
            await bench.core.evaluate(*bench.pair(), [bench.random.getrandbits(12)] * bench.arrays)

    for _ in range(5):
        task = cocotb.start_soon(work())
        await bench.wait(bench.random.randrange(600))
        task.cancel()
        for stream in (bench.port.noisy, bench.port.reference, bench.port.filtered):
            stream.clear()
        await bench.reset()
        bench.core = Core(bench.port)
        await bench.core.connect()
        assert not await bench.core.read("STATUS")
        assert not await bench.core.read("FRAMES")
        circuits = bench.circuits()
        noisy, reference = bench.pair()
        await bench.core.configure(circuits)
        sums = await bench.core.evaluate(noisy, reference)
        outputs = bench.modelled(circuits, noisy)
        assert sums == [sae(output, reference) for output in outputs]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_reset_takes_back_what_is_on_offer(dut: Dut) -> None:
    bench = Bench(dut)
    await bench.start()
    await bench.core.configure(bench.circuits())
    bench.port.filtered.pause = True
    noisy, _ = bench.pair((LARGEST, LARGEST))
    bench.port.send_noisy(noisy)
    await bench.until(lambda: bool(int(dut.m_axis_filtered_tvalid.value)))
    bench.port.noisy.clear()
    await bench.reset()
    await bench.wait(1)
    assert not int(dut.m_axis_filtered_tvalid.value)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_bit_of_every_limit_counts(dut: Dut) -> None:
    """While a frame waits for its last line, each array's sum is compared with limits near it."""
    bench = Bench(dut)
    await bench.start()
    core, port, draw = bench.core, bench.port, bench.random
    circuits = bench.circuits()
    noisy, reference = bench.rng.integers(0, 256, (2, 5, 7)).astype(np.uint8)
    outputs = bench.modelled(circuits, noisy).reshape(bench.arrays, -1)[:, :28]
    sums = [sae(output, reference.ravel()[:28]) for output in outputs]
    assert min(sums) > 0
    await core.configure(circuits)
    await core.write("FRAME_SIZE", HEIGHT=5, WIDTH=7)
    await core.write("CONTROL", FITNESS=1)
    for line in list(lines(reference))[:4]:
        port.reference.send_nowait(line)
    port.send_noisy(noisy)
    await bench.left(28)
    for array, total in enumerate(sums):
        for limit in (total, total - 1, *(total ^ 1 << bit for bit in range(32))):
            for other, above in enumerate(sums):
                await core.write("ARRAY", other)
                await core.write("LIMIT", limit if other == array else draw.randrange(above))
            assert await core.read("STATUS", "OVER_LIMIT") == (total > limit), f"{total} {limit}"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def what_is_refused_is_a_slave_error(dut: Dut) -> None:
    """And no other one."""
    bench = Bench(dut)
    await bench.start()
    bus, registers = bench.port.bus, bench.core.registers
    for name, answers in (("SHAPE", (0, 2)), ("LIMIT", (0, 0)), ("GENES", (2, 0))):
        address = registers[name].address
        read, written = await bus.read(address, 4), await bus.write(address, bytes(4))
        assert (read.resp, written.resp) == tuple(map(AxiResp, answers)), name


def marked(size: int, width: int) -> list[tuple[int, int]]:
    """Return the marks of a frame's first pixels."""
    return [(int(i == 0), int(i % width == width - 1)) for i in range(size)]


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def a_host_reset_in_any_cycle_leaves_nothing_behind(dut: Dut) -> None:
    """Wherever it cuts a frame that is measured: the next one has its marks, and no fitness."""
    bench = Bench(dut)
    await bench.start()
    core, port = bench.core, bench.port
    noisy, reference = bench.rng.integers(0, 256, (2, 5, 7)).astype(np.uint8)
    for left in (0, 1, 6, 7, 20, 34):
        circuits = bench.circuits()
        outputs = bench.modelled(circuits, noisy)
        await core.configure(circuits)
        await core.write("FRAME_SIZE", HEIGHT=5, WIDTH=7)
        await core.write("CONTROL", FITNESS=1)
        bench.filtered.seen.clear()
        port.send_noisy(noisy)
        if left:
            for line in list(lines(reference.reshape(1, -1)[:, :left])):
                port.reference.send_nowait(line)
        await bench.left(left)
        await core.reset()
        await bench.wait(4)
        bench.filtered.clear()
        await core.configure(circuits)
        assert np.array_equal(await core.filter(noisy), outputs), left
        assert [item[:2] for item in bench.filtered.items] == marked(35, 7), left
        assert not await core.read("STATUS", "FITNESS_READY"), left
        assert await core.evaluate(noisy, reference) == [sae(o, reference) for o in outputs], left
        await core.write("STATUS", NOISY_MARKS=1, REFERENCE_MARKS=1)


def out_of_step(frame: Plane, how: str) -> list[tuple[int, int, int]]:
    """Return a frame's pixels with their marks, less or more than there should be."""
    height, width = frame.shape
    pixels = [
        (*marks, value)
        for marks, value in zip(marked(frame.size, width), frame.ravel().tolist(), strict=True)
    ]
    middle, line = width * (height // 2) + 1, slice(width, 2 * width)
    match how:
        case "pixel lost":
            del pixels[middle]
        case "first pixel lost":
            del pixels[0]
        case "last pixel lost":
            del pixels[-1]
        case "line lost":
            del pixels[line]
        case "pixel doubled":
            pixels.insert(middle, pixels[middle])
        case "line doubled":
            pixels[line] = pixels[line] * 2
        case "garbage before":
            pixels = [(0, i % 3 == 0, 99) for i in range(width + 5)] + pixels
    return pixels


def send(source: AxiStreamSource, pixels: list[tuple[int, int, int]]) -> None:
    """Send pixels with these marks; the last one must have a tlast."""
    line: list[tuple[int, int, int]] = []
    for pixel in pixels:
        line.append(pixel)
        if pixel[1]:
            source.send_nowait(
                AxiStreamFrame(bytes(p[2] for p in line), tuser=[p[0] for p in line])
            )
            line = []
    assert not line


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.3])
async def a_source_that_loses_pixels_stays_in_step(dut: Dut, pause: float) -> None:
    """With SYNC, all frames but the spoilt ones are right; without, a lost pixel spoils all."""
    bench = Bench(dut)
    await bench.start(pause)
    core, port = bench.core, bench.port
    circuits = bench.circuits()
    await core.write("FRAME_SIZE", HEIGHT=5, WIDTH=7)
    await core.configure(circuits)
    await core.write("CONTROL", SYNC=1)
    ways = (
        *("pixel lost", "first pixel lost", "line lost", "pixel doubled", "line doubled"),
        *("garbage before", "last pixel lost", "nothing"),
    )
    for how in ways:
        noisy = bench.rng.integers(1, 256, (3, 5, 7)).astype(np.uint8)
        pixels = out_of_step(noisy[0], "nothing") + out_of_step(noisy[1], how)
        pixels += out_of_step(noisy[2], "nothing")
        frames, dropped = synced(pixels, 7, 5)
        before = await core.read("DROPPED")
        bench.filtered.clear()
        bench.filtered.seen.clear()
        send(port.noisy, pixels)
        await bench.left(35 * len(frames))
        await bench.wait(20)
        seen = bench.filtered.items
        assert [item[:2] for item in seen] == marked(35, 7) * len(frames), how
        for number, frame in enumerate(frames):
            outputs = bench.modelled(circuits, np.array(frame, np.uint8).reshape(5, 7))
            lanes = np.moveaxis(outputs, 0, -1).reshape(35, -1)
            values = [int.from_bytes(lane.tobytes(), "little") for lane in lanes]
            assert [item[2] for item in seen[35 * number :][:35]] == values, how
        assert await core.read("DROPPED") - before == dropped, how
        assert await core.read("STATUS", "NOISY_MARKS") == (how != "nothing"), how
        await core.write("STATUS", NOISY_MARKS=1)
        sample(FRAME, "out of step", how)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_reset_within_a_frame_ends_with_the_next_one(dut: Dut) -> None:
    """With SYNC, whatever the source does meanwhile, and wherever in a frame RESET is released."""
    bench = Bench(dut)
    await bench.start()
    core, port = bench.core, bench.port
    circuits = bench.circuits()
    await core.write("FRAME_SIZE", HEIGHT=5, WIDTH=7)
    await core.configure(circuits)
    await core.write("CONTROL", SYNC=1)
    dropped = 0
    for pixels in (3, 17, 36, 50):
        bench.filtered.seen.clear()
        noisy = bench.rng.integers(0, 256, (6, 5, 7)).astype(np.uint8)
        for frame in noisy:
            port.send_noisy(frame)
        await bench.left(pixels)
        await core.write("CONTROL", RESET=1, SYNC=1)
        await core.write("CONTROL", SYNC=1)
        await bench.wait(3)
        bench.filtered.clear()
        await bench.wait(6 * 35 + 50)
        items = bench.filtered.items
        assert len(items) % 35 == 0
        assert len(items) >= 35 * 2
        assert [item[:2] for item in items] == marked(35, 7) * (len(items) // 35)
        for number, frame in enumerate(noisy[6 - len(items) // 35 :]):
            lanes = np.moveaxis(bench.modelled(circuits, frame), 0, -1).reshape(35, -1)
            values = [int.from_bytes(lane.tobytes(), "little") for lane in lanes]
            assert [item[2] for item in items[35 * number :][:35]] == values
        before, dropped = dropped, await core.read("DROPPED")
        assert await core.read("STATUS", "NOISY_MARKS") == (dropped > before)
        await core.write("STATUS", NOISY_MARKS=1)
    assert dropped
    sample(FRAME, "out of step", "RESET within")


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.3])
async def the_core_gives_hopeless_frames_up_by_itself(dut: Dut, pause: float) -> None:
    """Frames follow at once; of one that is given up a part leaves, and the next one is whole."""
    bench = Bench(dut)
    await bench.start(pause)
    core, port, draw = bench.core, bench.port, bench.random
    await core.write("FRAME_SIZE", HEIGHT=5, WIDTH=7)
    bench.filtered.seen.clear()
    parts: list[tuple[NDArray[np.uint8], range]] = []
    for turn in range(10):
        circuits = bench.circuits()
        noisy, reference = bench.rng.integers(0, 256, (2, 5, 7)).astype(np.uint8)
        outputs = bench.modelled(circuits, noisy)
        sums = [
            list(accumulate(map(sae, output.reshape(-1, 1), reference.reshape(-1, 1))))
            for output in outputs
        ]
        hopeless = turn % 3 != 2
        limits = [max(s[draw.randrange(2, 20)] - 1, 0) if hopeless else NO_LIMIT for s in sums]
        await core.configure(circuits)
        for array, limit in enumerate(limits):
            await core.write("ARRAY", array)
            await core.write("LIMIT", limit)
        await core.write("CONTROL", FITNESS=1, ABORT=1, OVER_INTERRUPT=1, INTERRUPT=1)
        port.send_noisy(noisy)
        port.send_reference(reference)
        status = await core.read("STATUS")
        fields = core.registers["STATUS"].fields
        while not any(fields[name].of(status) for name in ("FITNESS_READY", "GIVEN_UP")):
            status = await core.read("STATUS")
        assert fields["GIVEN_UP"].of(status) == hopeless
        assert fields["FITNESS_READY"].of(status) == (not hopeless)
        assert int(dut.irq.value)
        lanes = np.moveaxis(outputs, 0, -1).reshape(35, -1)
        if hopeless:
            over = max(
                next(i for i, total in enumerate(s) if total > limit)
                for s, limit in zip(sums, limits, strict=True)
            )
            # The sum shows two cycles after its pixel left, and one more until the rest stays.
            parts.append((lanes, range(over + 1, over + 4) if pause else range(over + 3, over + 4)))
            sample(FRAME, "outcome", "given up by the core")
        else:
            for array, s in enumerate(sums):
                await core.write("ARRAY", array)
                assert await core.read("SAE") == s[-1]
            parts.append((lanes, range(35, 36)))
        await core.write("STATUS", GIVEN_UP=1, FITNESS_READY=1)
        if draw.getrandbits(1):
            await port.sent()
    while await core.read("FRAMES") < len(parts):
        pass
    await bench.wait(20)
    assert not int(dut.irq.value)
    assert await core.read("STATUS") == 0, "no frame that was given up has a fitness"
    items = bench.filtered.items
    for lanes, lengths in parts:
        values = [int.from_bytes(lane.tobytes(), "little") for lane in lanes]
        length = next((i for i in range(1, len(items)) if items[i][0]), len(items))
        assert length in lengths
        assert [item[:2] for item in items[:length]] == marked(35, 7)[:length]
        assert [item[2] for item in items[:length]] == values[:length]
        items = items[length:]
    assert not items


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def an_interrupt_says_that_a_frame_is_over_its_limit(dut: Dut) -> None:
    """While it is, without ABORT; and once for all with it."""
    bench = Bench(dut)
    await bench.start()
    core, port = bench.core, bench.port
    noisy, reference = bench.rng.integers(0, 256, (2, 5, 7)).astype(np.uint8)
    circuits = bench.circuits()
    for abort in (0, 1):
        await core.configure(circuits)
        for array in range(bench.arrays):
            await core.write("ARRAY", array)
            await core.write("LIMIT", 0)
        await core.write("FRAME_SIZE", HEIGHT=5, WIDTH=7)
        await core.write("CONTROL", FITNESS=1, ABORT=abort)
        bench.filtered.seen.clear()
        for line in list(lines(reference))[:4]:
            port.reference.send_nowait(line)
        port.send_noisy(noisy)
        await bench.wait(80)
        assert len(bench.filtered.seen) == 28 if not abort else len(bench.filtered.seen) < 28
        assert await core.read("STATUS", "OVER_LIMIT")
        assert not int(dut.irq.value), "nobody asked"
        await core.write("CONTROL", FITNESS=1, ABORT=abort, OVER_INTERRUPT=1)
        await bench.wait(1)
        assert int(dut.irq.value)
        for array in range(bench.arrays):
            await core.write("ARRAY", array)
            await core.write("LIMIT", NO_LIMIT)
        await bench.wait(1)
        assert int(dut.irq.value) == abort
        await core.write("STATUS", GIVEN_UP=1)
        await bench.wait(1)
        assert not int(dut.irq.value)
        await core.reset()
    await core.write("CONTROL", FITNESS=1, ABORT=1)
    assert not await core.read("STATUS", "GIVEN_UP")


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.4])
async def pairs_in_lockstep_are_measured_with_a_queue(dut: Dut, pause: float) -> None:
    """One source has a pixel and its reference at once; without the queue both wait for ever."""
    bench = Bench(dut)
    await bench.start()
    core, port, draw = bench.core, bench.port, bench.random
    taken = [0, 0]
    couple = True

    async def in_step() -> None:
        while True:
            await bench.edge
            for stream, bus in enumerate((dut.s_axis_noisy_tvalid, dut.s_axis_reference_tvalid)):
                ready = (dut.s_axis_noisy_tready, dut.s_axis_reference_tready)[stream]
                taken[stream] += int(bus.value) & int(ready.value)
            for source, mine, other in (
                (port.noisy, *taken),
                (port.reference, *reversed(taken)),
            ):
                source.pause = couple and (mine > other or draw.random() < pause)

    cocotb.start_soon(in_step())
    circuits = bench.circuits()
    for size in bench.sizes:
        noisy, reference = bench.pair(size)
        await core.configure(circuits)
        evaluation = cocotb.start_soon(core.evaluate(noisy, reference))
        if not int(dut.LOCKSTEP.value):
            bench.filtered.seen.clear()
            await bench.wait(300)
            assert not bench.filtered.seen
            couple = False
        expected = [sae(output, reference) for output in bench.modelled(circuits, noisy)]
        assert await evaluation == expected
        if not couple:
            return
