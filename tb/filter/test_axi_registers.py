# SPDX-License-Identifier: Apache-2.0
"""axi_registers: in every cycle what docs/registers.md says, whatever host and data path do."""

from collections.abc import Callable

import cocotb

from evoarray.model.filter.circuit import Shape
from evoarray.model.filter.functions import FUNCTION_SETS
from evoarray.model.filter.rtl import parameters
from evoarray.model.registers import load_map
from tb.drivers import Dut, Testbench

MAP = load_map("evoarray_axi").registers
NAMES = {register.address: name for name, register in MAP.items()}
SHAPE = Shape(2, 3, "cgp16")
GENES = len(SHAPE.limits)
ARRAYS, WIDTH, HEIGHT = 3, 13, 9
CYCLES = 6_000
NO_LIMIT = 2**32 - 1
SIZE = WIDTH | HEIGHT << 16
INPUTS = ("cfg_ready", "sae_valid", "sae_sum", "sae_over", "frame_leaves", "noisy_dropped")
EVENTS = ("noisy_marks_wrong", "reference_marks_wrong", "frame_given_up")


def test_axi_registers(simulate: Callable[..., None]) -> None:
    simulate(
        toplevel="evoarray_axi_registers",
        module="tb.filter.test_axi_registers",
        parameters={
            **parameters(SHAPE),
            "ARRAYS": ARRAYS,
            "MAX_WIDTH": WIDTH,
            "MAX_HEIGHT": HEIGHT,
        },
    )


class Registers:
    """What the registers hold, and what they say to a read and to a write."""

    def __init__(self) -> None:
        self.words = {"CONTROL": 0, "FRAME_SIZE": SIZE, "ARRAY": 0, "CYCLES": 0, "FRAMES": 0}
        self.words["DROPPED"] = 0
        self.limits = [NO_LIMIT] * ARRAYS
        self.status = 0  # without the bits that only show something

    def read(self, address: int, now: dict[str, int]) -> int | None:
        """Return a register's value, None where there is nothing to read."""
        name, array = NAMES.get(address, ""), self.words["ARRAY"]
        status = MAP["STATUS"].fields
        over = now["sae_over"] == 2**ARRAYS - 1
        values = {
            **self.words,
            "IDENTITY": MAP["IDENTITY"].value,
            "SHAPE": SHAPE.rows
            | SHAPE.cols << 8
            | list(FUNCTION_SETS).index(SHAPE.function_set) << 16
            | ARRAYS << 24,
            "LARGEST_FRAME": SIZE,
            "STATUS": self.status
            | status["BUSY"].place(1 - now["cfg_ready"])
            | status["OVER_LIMIT"].place(over),
            "LIMIT": self.limits[array],
            "SAE": now["sae_sum"] >> 32 * array & NO_LIMIT,
        }
        return values.get(name)

    def is_legal(self, address: int, word: int, now: dict[str, int]) -> bool:
        """Return whether a write is not refused."""
        name, control = NAMES.get(address, ""), MAP["CONTROL"].fields
        held = control["RESET"].of(self.words["CONTROL"] | word)
        first = MAP["GENES"].address
        if first <= address < first + 4 * GENES:
            return bool(now["cfg_ready"])
        if name == "CONTROL":
            return not control["COMMIT"].of(word) or bool(now["cfg_ready"] and not held)
        if name == "FRAME_SIZE":
            return 3 <= word & 0xFFFF <= WIDTH and 3 <= word >> 16 <= HEIGHT
        return name in {"STATUS", "LIMIT"} or (name == "ARRAY" and word < ARRAYS)

    def step(self, done: str, word: int, now: dict[str, int]) -> None:
        """Go on to the next cycle, after a write to a register, or to none."""
        fields = MAP["STATUS"].fields
        held = MAP["CONTROL"].fields["RESET"].of(self.words["CONTROL"])
        if done == "STATUS":
            self.status &= ~word
        for name, event in zip(
            ("FITNESS_READY", "NOISY_MARKS", "REFERENCE_MARKS", "GIVEN_UP"),
            ("sae_valid", *EVENTS),
            strict=True,
        ):
            self.status |= fields[name].place(now[event])
        if held:
            self.status &= ~(fields["FITNESS_READY"].place(1) | fields["GIVEN_UP"].place(1))
        if done == "LIMIT":
            self.limits[self.words["ARRAY"]] = word
        elif done == "CONTROL":
            self.words[done] = word & 0b1111101
        elif done in {"FRAME_SIZE", "ARRAY"}:
            self.words[done] = word
        self.words["CYCLES"] += 1
        self.words["FRAMES"] += now["frame_leaves"]
        self.words["DROPPED"] += now["noisy_dropped"]


class Bench(Testbench):
    """The registers between a host and a data path that do anything at any time."""

    def address(self) -> int:
        """Return the address of a register or gene, or one that is wrong by a bit."""
        genes = MAP["GENES"].address + 4 * self.random.randrange(GENES + 2)
        address = self.random.choice([*NAMES, *2 * [MAP["CONTROL"].address], genes, genes])
        return address ^ (1 << self.random.randrange(2, 16) if self.random.random() < 0.4 else 0)

    def word(self) -> int:
        draw = self.random
        size = draw.randrange(2, WIDTH + 2) | draw.randrange(2, HEIGHT + 2) << 16
        return draw.choice(
            [draw.getrandbits(32), draw.randrange(ARRAYS + 1), size, draw.getrandbits(7)]
        )

    def drive(self, signals: dict[str, int]) -> None:
        for name, value in signals.items():
            getattr(self.dut, name).value = value


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_cycle_is_as_described(dut: Dut) -> None:
    bench = Bench(dut)
    draw = bench.random
    state = Registers()
    dut.rst.value = 1
    await bench.wait(1)
    dut.rst.value = 0
    writes = reads = commits = 0
    for _ in range(CYCLES):
        now = {name: draw.getrandbits(len(getattr(dut, name))) for name in INPUTS}
        now |= {name: int(draw.random() < 0.2) for name in EVENTS}
        now["sae_over"] = draw.choice([now["sae_over"], 2**ARRAYS - 1])
        target, word, source = bench.address(), bench.word(), bench.address()
        write, rst = draw.getrandbits(1), int(draw.random() < 0.001)
        access = {"write": write, "write_address": target, "write_data": word}
        bench.drive({**now, **access, "read_address": source, "rst": rst})
        await bench.edge

        control = {n: f.of(state.words["CONTROL"]) for n, f in MAP["CONTROL"].fields.items()}
        legal = state.is_legal(target, word, now)
        assert int(dut.write_refused.value) == (not legal), f"{target:#x} {word:#x}"
        value = state.read(source, now)
        assert int(dut.read_refused.value) == (value is None), f"{source:#x}"
        assert int(dut.read_data.value) == (value or 0), f"{source:#x}"  # 0 where it is refused
        assert int(dut.data_rst.value) == (rst or control["RESET"])
        assert int(dut.fitness.value) == control["FITNESS"]
        assert int(dut.sync.value) == control["SYNC"]
        assert int(dut.abort_enable.value) == control["ABORT"]
        ready, given_up = (
            MAP["STATUS"].fields[name].of(state.status) for name in ("FITNESS_READY", "GIVEN_UP")
        )
        over = given_up or now["sae_over"] == 2**ARRAYS - 1
        assert int(dut.irq.value) == bool(
            (ready and control["INTERRUPT"]) or (over and control["OVER_INTERRUPT"])
        )
        size = int(dut.frame_width.value) | int(dut.frame_height.value) << 16
        assert size == state.words["FRAME_SIZE"]
        limits = int(dut.sae_limit.value)
        assert [limits >> 32 * a & NO_LIMIT for a in range(ARRAYS)] == state.limits

        done = NAMES.get(target, "") if write and legal else ""
        is_gene = target >= MAP["GENES"].address
        commit = done == "CONTROL" and MAP["CONTROL"].fields["COMMIT"].of(word)
        assert int(dut.cfg_valid.value) == bool(write and legal and (is_gene or commit))
        if int(dut.cfg_valid.value):
            number = GENES if commit else (target - MAP["GENES"].address) // 4
            assert int(dut.cfg_address.value) == number
            assert int(dut.cfg_array.value) == state.words["ARRAY"]
            assert commit or int(dut.cfg_gene.value) == word & 0x3F
        writes, reads, commits = writes + bool(done), reads + (value is not None), commits + commit
        state.step(done, word, now)
        if rst:
            state = Registers()
    assert min(writes, reads, commits) > 0


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def counters_go_on_beyond_sixteen_bits(dut: Dut) -> None:
    bench = Bench(dut)
    bench.drive(dict.fromkeys((*INPUTS, *EVENTS, "write"), 0))
    dut.rst.value = 1
    await bench.wait(1)
    dut.rst.value, dut.frame_leaves.value, dut.noisy_dropped.value = 0, 1, 1
    await bench.wait(70_000)
    for name, passed in (("CYCLES", 70_000), ("FRAMES", 70_001), ("DROPPED", 70_002)):
        dut.read_address.value = MAP[name].address
        await bench.edge
        assert int(dut.read_data.value) == passed
