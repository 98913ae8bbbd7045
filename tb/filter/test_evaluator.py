# SPDX-License-Identifier: Apache-2.0
"""evaluator: whole frames, their pixels and SAE; streams stall, circuits change, frames stop.

A frame comes as pixels or as windows; tests that do not say which draw it for each frame.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import cocotb
import numpy as np
import pytest
from numpy.typing import NDArray

from evoarray.model.filter import latency
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import Circuit, Shape, circuit_of, copy_filter, random_circuit
from evoarray.model.filter.fitness import sae
from evoarray.model.filter.rtl import parameters
from evoarray.model.window import WINDOW_PIXELS, windows
from tb.bins import reset_bin, size_bin
from tb.covergroups import sample
from tb.drivers import (
    LONG,
    Dut,
    Monitor,
    Part,
    Source,
    Stall,
    Testbench,
    Watch,
    frame_sizes,
    window_lanes,
)
from tb.filter.drivers import Limit, label, sample_borders, sample_circuit, shape_of


@pytest.mark.parametrize(
    ("shape", "elements", "width", "height"),
    [
        pytest.param(Shape(4, 4, "upm16"), "plain", 128, 128, marks=pytest.mark.verilator),
        pytest.param(Shape(4, 4, "upm16"), "two-stage", 128, 128, marks=pytest.mark.verilator),
        (Shape(4, 4, "upm19"), "plain", 128, 128),
        (Shape(4, 4, "cgp16"), "plain", 128, 128),
        (Shape(1, 1, "upm19"), "plain", 3, 3),
        (Shape(5, 3, "upm16"), "two-stage", 5, 7),
        (Shape(2, 7, "cgp16"), "plain", 9, 5),
        (Shape(16, 5, "upm16"), "plain", 7, 7),
    ],
    ids=label,
)
def test_evaluator(
    simulate: Callable[..., None], shape: Shape, elements: str, width: int, height: int
) -> None:
    simulate(
        toplevel="evoarray_evaluator",
        module="tb.filter.test_evaluator",
        parameters={
            **parameters(shape),
            "TWO_STAGE": int(elements == "two-stage"),
            "MAX_WIDTH": width,
            "MAX_HEIGHT": height,
        },
    )


UNKNOWN = 255  # no gene
FRAME = "evaluator frame"


@dataclass(frozen=True, eq=False)
class Frame:
    """A noisy frame and its reference, (H, W) uint8, and how it comes.

    order: the indices of its pixels, as they come; source: the way in; first: its first item's
    number there.
    """

    noisy: NDArray[np.uint8]
    reference: NDArray[np.uint8]
    order: NDArray[np.int64]
    source: Source
    first: int

    @property
    def has_begun(self) -> bool:
        return self.first < len(self.source.taken)

    @property
    def begin(self) -> int:
        """The cycle in which its first pixel or window was taken."""
        return self.source.taken[self.first]

    def is_under_way(self, cycle: int) -> bool:
        """Whether it has begun before this cycle and its last pixel or window came not before."""
        last = self.source.taken[self.first : self.first + self.noisy.size][-1]
        return self.begin < cycle <= last


class Prediction(Part):
    """Expects a frame's pixels and SAE once its first pixel tells which circuit it meets."""

    bench: "Bench"

    def clear(self) -> None:
        self.waiting: list[Frame] = []

    async def run(self) -> None:
        bench = self.bench
        while True:
            await bench.edge
            for frame in [frame for frame in self.waiting if frame.has_begun]:
                self.waiting.remove(frame)
                circuit = bench.circuit_at(frame.begin)
                filtered = filter_image(circuit, frame.noisy).ravel()[frame.order]
                reference = frame.reference.ravel()[frame.order]
                bench.frames.append(frame)
                bench.circuits.append(circuit)
                sample_circuit(circuit, bench.elements)
                sample_borders(circuit)
                bench.reference.send((pixel,) for pixel in reference.tolist())
                width = frame.noisy.shape[1] if frame.source is bench.noisy else None
                bench.filtered.scoreboard.expect(
                    (int(width is not None and i % width == 0), int(i == filtered.size), pixel)
                    for i, pixel in enumerate(filtered.tolist(), start=1)
                )
                bench.sums.scoreboard.expect([(sae(filtered, reference),)])
                bench.limit.frame(filtered, reference)


class Bench(Testbench):
    """The evaluator with its five streams and its SAE."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.shape = shape_of(dut)
        self.elements = "two-stage" if int(dut.TWO_STAGE.value) else "plain"
        self.largest = int(dut.MAX_HEIGHT.value), int(dut.MAX_WIDTH.value)
        self.sizes = frame_sizes(*self.largest)
        self.noisy = Source(
            self,
            dut.s_noisy_valid,
            dut.s_noisy_ready,
            [dut.s_noisy_pixel, dut.frame_width, dut.frame_height],
        )
        self.windows = Source(
            self,
            dut.s_window_valid,
            dut.s_window_ready,
            [dut.s_window_last, dut.s_window_pixels],
        )
        self.reference = Source(
            self, dut.s_reference_valid, dut.s_reference_ready, [dut.s_reference_pixel]
        )
        dut.cfg_array.value = 0
        self.genes = Source(self, dut.cfg_valid, dut.cfg_ready, [dut.cfg_address, dut.cfg_gene])
        self.sink = Stall(self, dut.m_filtered_ready)
        self.filtered = Monitor(
            self,
            dut.m_filtered_valid,
            dut.m_filtered_ready,
            [dut.m_filtered_line_last, dut.m_filtered_last, dut.m_filtered_pixel],
        )
        self.sums = Monitor(self, dut.sae_valid, None, [dut.sae_sum])
        self.limit = Limit(
            self, dut.sae_limit, dut.sae_over, dut.sae_valid, lambda: self.filtered.seen
        )
        self.prediction = Prediction(self)
        Watch(self, self.look)
        if (self.shape.rows, self.shape.cols) == (4, 4):
            for stream in ("s_noisy", "s_window", "s_reference", "cfg", "m_filtered"):
                valid, ready = (getattr(dut, f"{stream}_{end}") for end in ("valid", "ready"))
                self.cover(f"evaluator {stream.split('_')[-1]}", valid, ready)
        self.forget()

    def forget(self) -> None:
        self.sent: list[Frame] = []
        self.frames: list[Frame] = []  # that began, in this order
        self.circuits: list[Circuit] = []  # of these
        self.commits: list[tuple[int, Circuit]] = []  # with their number in the genes' stream
        self.writes: list[tuple[int, int]] = []  # that stream
        self.known = np.full(
            len(self.shape.limits), UNKNOWN, np.uint8
        )  # of the shadow at the reset
        self.shadow = self.known  # after the writes
        self.busy: list[int] = []

    async def reset(self) -> None:
        self.sample()
        self.sample_reset()
        await super().reset()
        self.forget()

    async def give_up(self) -> None:
        """Reset as a host that has seen enough: it remembers what it has written."""
        known, taken = self.known.copy(), len(self.genes.taken)
        for number, (address, gene) in enumerate(self.writes[: taken + 1]):
            if address < len(known):
                known[address] = gene if number < taken else UNKNOWN  # a reset came in between
        await self.reset()
        self.known = self.shadow = known

    def look(self) -> None:
        if not int(self.dut.cfg_ready.value):
            self.busy.append(self.cycle)

    def stall(
        self, noisy: float, reference: float, genes: float, sink: float, long: float = LONG
    ) -> None:
        self.noisy.pause = self.windows.pause = noisy
        self.reference.pause, self.genes.pause = reference, genes
        self.sink.stall = sink
        for part in (self.noisy, self.windows, self.reference, self.genes, self.sink):
            part.long = long

    def write(self, circuit: Circuit) -> None:
        """Queue the genes that a circuit changes; now and then all, and a write to nowhere."""
        genes = circuit.genes
        changed = (genes != self.shadow) | (self.random.random() < 0.2)
        writes = [(int(i), int(genes[i])) for i in self.rng.permutation(np.flatnonzero(changed))]
        beyond = range(len(genes) + 1, 2 ** self.genes.widths[0])
        if beyond and self.random.random() < 0.5:
            writes.append((self.random.choice(beyond), self.random.getrandbits(6)))
        self.genes.send(writes)
        self.writes += writes
        self.shadow = genes

    def commit(self, circuit: Circuit) -> None:
        """Queue the commit of a circuit that is written."""
        self.commits.append((len(self.writes), circuit))
        self.writes.append((len(circuit.genes), self.random.getrandbits(6)))
        self.genes.send(self.writes[-1:])
        self.newest = circuit

    def configure(self, circuit: Circuit) -> None:
        self.write(circuit)
        self.commit(circuit)

    async def configured(self) -> None:
        """Wait until the configuration port took everything."""
        await self.until(lambda: len(self.genes.taken) == len(self.writes))

    async def start(self) -> None:
        """Reset, and configure a first random circuit."""
        await self.reset()
        self.configure(random_circuit(self.shape, self.rng))
        await self.configured()

    def repetitions(self, most: int) -> int:
        """Return how often to repeat what writes all genes: where they are many, less often."""
        return max(3, min(most, 1000 // len(self.shape.limits)))

    def mutant(self) -> Circuit:
        """Return a circuit that differs from the newest in few genes, or in all."""
        other = random_circuit(self.shape, self.rng).genes
        share = self.random.choice([0.1, 1.0])
        parent = self.newest.genes
        return circuit_of(np.where(self.rng.random(len(other)) < share, other, parent), self.shape)

    def circuit_at(self, cycle: int) -> Circuit:
        """Return the circuit of a frame that begins in this cycle."""
        taken = self.genes.taken
        return [c for i, c in self.commits if i < len(taken) and taken[i] < cycle][-1]

    def frame(
        self, height: int, width: int, source: Source | None = None, *, extreme: bool | None = None
    ) -> None:
        """Queue a random frame, or an extreme one; by one of the two ways in, or by either."""
        source = source or self.random.choice([self.noisy, self.windows])
        noisy, reference = self.rng.integers(0, 256, (2, height, width)).astype(np.uint8)
        if self.random.random() < 0.1 if extreme is None else extreme:
            noisy[:], reference[:] = self.random.choice([(0, 255), (255, 0)])
        order = np.arange(noisy.size)
        if source is self.windows:
            self.rng.shuffle(order)
        first = sum(frame.noisy.size for frame in self.sent if frame.source is source)
        self.sent.append(Frame(noisy, reference, order, source, first))
        self.prediction.waiting.append(self.sent[-1])
        if source is self.windows:
            lanes = window_lanes(windows(noisy))
            source.send((int(i == order[-1]), lanes[i]) for i in order)
            return
        pixel, *others = noisy.ravel().tolist()
        source.send([(pixel, width, height)])
        size = [width, height]  # which stays with the other pixels or does not
        if self.random.getrandbits(1):
            size = [self.random.getrandbits(bits) for bits in self.noisy.widths[1:]]
        source.send((pixel, *size) for pixel in others)

    async def begun(self) -> None:
        """Wait until all frames began."""
        await self.until(lambda: not self.prediction.waiting)

    async def finish(self, surplus: int = 100) -> None:
        await self.begun()
        await super().finish(surplus)
        assert self.reference.taken == self.filtered.seen
        ends = [self.filtered.seen[end - 1] for end in self.ends()]
        assert self.sums.seen == [end + latency.SAE_CYCLES for end in ends]
        self.check_busy()
        self.sample()

    def ends(self) -> list[int]:
        """Return for each frame the number of filtered pixels up to its last one."""
        return list(accumulate(frame.noisy.size for frame in self.frames))

    def sample(self) -> None:
        """Sample what began since the reset: frames, commits and limits."""
        for frame in self.frames:
            sample(FRAME, "size", size_bin(frame.noisy.shape, self.largest))
        ways = ["pixels" if frame.source is self.noisy else "windows" for frame in self.frames]
        for before, way in pairwise(ways):
            sample(FRAME, "way x way before", f"{way} x {before}")
        near = {-1: "a cycle before", 0: "with the first", 1: "a cycle after"}
        for number, _ in self.commits:
            if number < len(self.genes.taken):
                commit = self.genes.taken[number]
                within = any(frame.is_under_way(commit) for frame in self.frames)
                names = {near.get(commit - frame.begin) for frame in self.frames} - {None}
                for name in names or {"within" if within else "between frames"}:
                    sample(FRAME, "commit", str(name))
        if self.frames and self.limit.per_frame:
            limits = zip(self.limit.frames, self.limit.totals, strict=True)
            for (first, last, limit), total in list(limits)[: self.limit.done]:
                largest = max(self.limit.sums[first:last])
                name = "exceeded by the last pixel" if total > limit else "not reached"
                if largest >= limit:
                    name = "reached" if largest == limit else "exceeded"
                sample(FRAME, "limit", name)

    def sample_reset(self) -> None:
        """Sample where a reset meets the frames, and the newest commit."""
        taken = len(self.noisy.taken) + len(self.windows.taken)
        left = len(self.filtered.seen)
        sample(FRAME, "reset", reset_bin([f.noisy.shape for f in self.frames], taken, left))
        name = "none"
        done = [number for number, _ in self.commits if number < len(self.genes.taken)]
        if done:
            commit = self.genes.taken[done[-1]]
            firsts = zip(self.frames, [0, *self.ends()], strict=False)
            later = [first for frame, first in firsts if frame.begin > commit]
            name = "waits for a frame" if not later else "none"
            if later and later[0] >= left:
                name = "on its way"
        sample(FRAME, "reset x commit", name)

    def check_busy(self) -> None:
        """The genes hold from a commit until the first pixel of the frame that takes it left."""
        now = self.cycle
        busy: list[int] = []
        for number, _ in self.commits:
            if number < len(self.genes.taken):
                commit = self.genes.taken[number]
                firsts = zip(self.frames, [0, *self.ends()], strict=False)
                later = [first for frame, first in firsts if frame.begin > commit]
                end = self.filtered.seen[later[0]] if later else now
                busy.extend(range(commit + 1, end + 1))
        assert [c for c in self.busy if c < now] == [c for c in busy if c < now]


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(way=["noisy", "windows"])
async def frames_back_to_back_take_a_cycle_per_pixel(dut: Dut, way: str) -> None:
    """Also where their circuits differ, which is in every frame if the time is enough to write."""
    bench = Bench(dut)
    rows, cols = bench.shape.rows, bench.shape.cols
    source = {"noisy": bench.noisy, "windows": bench.windows}[way]
    for height, width in bench.sizes:
        await bench.start()
        pixels = height * width
        count = max(3, 800 // pixels)
        for _ in range(count):
            bench.frame(height, width, source)
            bench.configure(bench.mutant())
        await bench.finish()
        start = source.taken[0]
        assert source.taken == list(range(start, start + count * pixels))
        until_first = latency.array_cycles(rows, cols)
        done = start + latency.window_sae_cycles(rows, cols, pixels)
        if source is bench.noisy:
            until_first = latency.first_pixel_cycles(rows, cols, width)
            done = start + latency.sae_cycles(rows, cols, width, height)
        first = start + until_first
        assert bench.filtered.seen == list(range(first, first + count * pixels))
        assert bench.sums.seen == list(range(done, done + count * pixels, pixels))
        used = len({id(circuit) for circuit in bench.circuits})
        assert used == count or (used > 1 and pixels < until_first + len(bench.shape.limits) + 4)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def each_way_in_waits_for_the_other(dut: Dut) -> None:
    """Pixels go first, then the windows without a gap, then pixels from the next cycle on."""
    bench = Bench(dut)
    rows, cols = bench.shape.rows, bench.shape.cols
    for height, width in bench.sizes:
        await bench.start()
        pixels = height * width
        bench.frame(height, width, bench.windows)
        bench.frame(height, width, bench.noisy)
        await bench.begun()
        bench.frame(height, width, bench.noisy)
        bench.frame(height, width, bench.windows)
        await bench.finish()
        assert [frame.source for frame in bench.frames] == 2 * [bench.noisy, bench.windows]
        first = bench.noisy.taken[0] + latency.first_pixel_cycles(rows, cols, width)
        assert bench.filtered.seen[: 2 * pixels] == list(range(first, first + 2 * pixels))
        start = first + pixels - latency.array_cycles(rows, cols)
        assert bench.windows.taken[:pixels] == list(range(start, start + pixels))
        start += pixels
        assert bench.noisy.taken[pixels:] == list(range(start, start + pixels))


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(
    (
        ("noisy", "reference", "genes", "sink", "long"),
        [
            (0.0, 0.0, 0.0, 0.0, LONG),
            (0.3, 0.0, 0.0, 0.0, LONG),
            (0.0, 0.3, 0.5, 0.0, LONG),
            (0.0, 0.0, 0.2, 0.3, LONG),
            (0.02, 0.2, 0.1, 0.2, LONG),
            (0.4, 0.4, 0.4, 0.4, 0.3),
        ],
    )
)
async def circuits_change_while_frames_of_all_sizes_run(
    dut: Dut, noisy: float, reference: float, genes: float, sink: float, long: float
) -> None:
    bench = Bench(dut)
    await bench.start()
    bench.stall(noisy, reference, genes, sink, long)
    small = [size for size in bench.sizes if max(size) < 10]
    sizes = bench.sizes if long == LONG else small
    sizes = sizes + bench.random.choices(small, k=20)
    for size in bench.random.sample(sizes, len(sizes)):
        bench.frame(*size)
        if bench.random.getrandbits(1):
            await bench.begun()  # else one way in may have several frames before the other's next
        if bench.random.random() < 0.7:
            bench.configure(bench.mutant())
            bench.genes.send([None] * bench.random.choice([0, 0, 20, 100]))
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(way=["noisy", "windows"])
async def a_commit_counts_for_the_frame_that_begins_after_it(dut: Dut, way: str) -> None:
    """Commits before, with and after the first pixel or window of a frame."""
    bench = Bench(dut)
    source = {"noisy": bench.noisy, "windows": bench.windows}[way]
    ahead = []
    for wait in range(2, 6):
        await bench.start()
        bench.frame(3, 3, source)
        await bench.finish()
        circuit = bench.mutant()
        bench.write(circuit)
        await bench.configured()
        bench.genes.send([None] * wait)
        bench.commit(circuit)
        source.send([None] * 4)
        bench.frame(3, 3, source)
        bench.frame(3, 3, source)
        await bench.finish()
        ahead.append(source.taken[9] - bench.genes.taken[-1])
    assert ahead == [2, 1, 0, -1]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def what_comes_after_a_commit_waits_for_its_frame(dut: Dut) -> None:
    """Commits that come at any time while the configuration is busy, and two at once."""
    bench = Bench(dut)
    await bench.start()
    travel = latency.array_cycles(bench.shape.rows, bench.shape.cols)
    for pause, later in [*((pause, 0) for pause in range(travel + 3)), (10, 20)]:
        while not int(dut.cfg_ready.value):
            bench.frame(3, 3, bench.windows)
            await bench.finish(surplus=2)
        circuit = bench.mutant()
        bench.write(circuit)
        await bench.configured()
        bench.commit(circuit)
        bench.genes.send([None] * pause)
        bench.commit(circuit)
        bench.commit(circuit)
        bench.windows.send([None] * (1 + later))
        while len(bench.genes.taken) < len(bench.writes):
            bench.frame(3, 3, bench.windows)
            await bench.finish(surplus=2)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_border_selects_every_pixel_and_every_row_leaves(dut: Dut) -> None:
    bench = Bench(dut)
    await bench.start()
    shape, count = bench.shape, len(WINDOW_PIXELS)
    for turn in bench.rng.permutation(max(count, shape.rows)).tolist():
        circuit = replace(
            random_circuit(shape, bench.rng),
            north=(turn + np.arange(shape.cols)) % count,
            west=(turn + 4 + np.arange(shape.rows)) % count,
            output=turn % shape.rows,
        )
        bench.frame(3, 3)  # takes the circuit before
        bench.configure(circuit)
        await bench.configured()
    bench.frame(3, 3)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def the_largest_frame_has_the_largest_sum(dut: Dut) -> None:
    """Of pixels that all are as wrong as can be; the next sum has nothing of it."""
    bench = Bench(dut)
    await bench.start()
    bench.frame(3, 3)  # takes the first circuit
    bench.configure(copy_filter(bench.shape))
    await bench.configured()
    # Icarus would take too long for a very large one.
    height, width = bench.largest if "Verilator" in cocotb.SIM_NAME else bench.sizes[-1]
    bench.frame(height, width, bench.noisy, extreme=True)
    await bench.begun()
    bench.frame(3, 3, extreme=False)
    await bench.finish()
    assert bench.limit.totals[1] == 255 * height * width


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.2])
async def reset_in_the_middle(dut: Dut, stall: float) -> None:
    """At any point, also with a commit on its way; what was before leaves no trace."""
    bench = Bench(dut)
    small = [size for size in bench.sizes if max(size) < 10]
    for _ in range(bench.repetitions(20)):
        await bench.start()
        bench.stall(stall, stall, stall, stall)
        before, after = bench.random.choices(small, k=2)
        for _ in range(2):
            bench.frame(*before)
            bench.configure(bench.mutant())
        await bench.wait(bench.random.randrange(2 * before[0] * before[1] + 20))
        await bench.start()
        bench.frame(*after)
        await bench.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def reset_in_every_cycle(dut: Dut) -> None:
    """Of two smallest frames, the second with another circuit; the next frame is a whole one."""
    bench = Bench(dut)
    cycles = latency.sae_cycles(bench.shape.rows, bench.shape.cols, 3, 3) + 9 + 1
    for cycle in sorted(bench.random.sample(range(cycles), bench.repetitions(cycles))):
        await bench.start()
        bench.frame(3, 3, bench.noisy)
        bench.configure(bench.mutant())
        bench.frame(3, 3, bench.noisy)
        await bench.wait(cycle)
        await bench.start()
        bench.frame(3, 3)
        await bench.finish(surplus=20)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.2])
async def a_limit_belongs_to_the_frame_after_the_last_sae(dut: Dut, stall: float) -> None:
    """Frames of which some are above theirs; the host lets them run."""
    bench = Bench(dut)
    bench.limit.per_frame = True
    bench.stall(stall, stall, stall, stall)
    small = [size for size in bench.sizes if max(size) < 10]
    await bench.start()
    for size in bench.random.choices(small, k=30):
        bench.frame(*size)
        bench.configure(bench.mutant())
    await bench.finish()
    bench.limit.check_frames()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.2])
async def a_host_gives_up_frames_above_their_limits(dut: Dut, stall: float) -> None:
    """At once or later, with frames and genes on their way; it repeats the commit and goes on."""
    bench = Bench(dut)
    bench.limit.per_frame = True
    bench.stall(stall, stall, stall, stall)
    small = [size for size in bench.sizes if max(size) < 10]
    await bench.start()
    outcomes: list[bool] = []
    while min(outcomes.count(True), outcomes.count(False)) < bench.repetitions(10):
        bench.frame(*bench.random.choice(small))
        await bench.begun()
        first, last, limit = bench.limit.frames[-1]
        exceeds = max(bench.limit.sums[first:last]) > limit
        outcomes.append(exceeds)
        bench.frame(*bench.random.choice(small))
        if bench.random.getrandbits(1):
            bench.configure(bench.mutant())
        await bench.until(lambda: 1 in {int(dut.sae_over.value), int(dut.sae_valid.value)})
        assert int(dut.sae_over.value) == exceeds
        if exceeds:
            await bench.wait(bench.random.choice([0, 0, 1, 2, 10, 50]))
            await bench.give_up()
            sample(FRAME, "limit", "given up")
            bench.configure(bench.random.choice([bench.newest, bench.mutant()]))
            await bench.configured()
            bench.frame(*bench.random.choice(small))
        await bench.finish(surplus=20)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.2])
async def the_shadow_survives_a_reset_and_a_commit_does_not(dut: Dut, stall: float) -> None:
    """In any cycle: while genes are written, and after, when the commit is all to be repeated."""
    bench = Bench(dut)
    bench.stall(stall, stall, stall, stall)
    small = [size for size in bench.sizes if max(size) < 10]
    await bench.start()
    bench.frame(*small[0])  # takes the first commit, so that the next one can be written
    await bench.finish()
    for _ in range(bench.repetitions(10)):
        for complete in (True, False):
            bench.configure(bench.mutant())
            if complete:
                await bench.configured()
            before, after = bench.random.choices(small, k=2)
            bench.frame(*before)
            bench.frame(*before)
            bench.configure(bench.newest if complete else bench.mutant())
            await bench.wait(bench.random.randrange(2 * before[0] * before[1] + 20))
            await bench.give_up()
            if complete:
                bench.commit(bench.newest)
            else:
                bench.configure(bench.mutant())
            await bench.configured()
            bench.frame(*after)
            await bench.finish(surplus=20)
