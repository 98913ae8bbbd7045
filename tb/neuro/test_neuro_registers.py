# SPDX-License-Identifier: Apache-2.0
"""neuro_registers: in every cycle what docs/neural-registers.md says, whatever host and core do."""

from collections.abc import Callable

import cocotb
import pytest

from evoarray.model.neuro.program import Core
from evoarray.model.registers import load_map
from tb.drivers import Dut, Testbench

MAP = load_map("evoarray_neuro_axi").registers
NAMES = {register.address: name for name, register in MAP.items()}
CONTROL, STATUS = MAP["CONTROL"].fields, MAP["STATUS"].fields
MEMORIES = MAP["MEMORIES"].address
CORE = Core(11, 5, layers=6, activations=65536, positions=81, weights=600, biases=40, tables=3)
CYCLES = 6_000
EVENTS = ("image_done", "image_marks_wrong")


@pytest.mark.verilator
def test_neuro_registers(simulate: Callable[..., None]) -> None:
    simulate(
        toplevel="evoarray_neuro_registers",
        module="tb.neuro.test_neuro_registers",
        parameters=CORE.parameters,
        family="neuro",
    )


class Registers:
    """What the registers hold, and what they say to a read and to a write."""

    def __init__(self) -> None:
        self.control = self.status = self.images = 0

    @property
    def held(self) -> int:
        """Whether the data path is in reset."""
        return CONTROL["RESET"].of(self.control)

    def read(self, address: int, now: dict[str, int]) -> int | None:
        """Return a register's value, None where there is nothing to read."""
        values = {
            "IDENTITY": MAP["IDENTITY"].value,
            "ARRAY": CORE.rows | CORE.cols << 16,
            "LAYERS": CORE.layers | CORE.tables << 16 | CORE.multiplier << 19,
            "ACTIVATIONS": CORE.activations,
            "POSITIONS": CORE.positions,
            "WEIGHTS": CORE.weights,
            "BIASES": CORE.biases,
            "CONTROL": self.control,
            "STATUS": self.status | STATUS["BUSY"].place(1 - now["cfg_ready"]),
            "CYCLES": now["cycles"],
            "IMAGES": self.images,
        }
        return values.get(NAMES.get(address, ""))

    def is_legal(self, address: int, now: dict[str, int]) -> bool:
        """Return whether a write is not refused."""
        if address >= MEMORIES:
            return bool(now["cfg_ready"] and not self.held)
        return NAMES.get(address) in {"CONTROL", "STATUS"}

    def step(self, done: str, word: int, now: dict[str, int]) -> None:
        """Go on to the next cycle, after a write to a register, or to none."""
        if done == "STATUS":
            self.status &= ~word
        for name, event in zip(("DONE", "IMAGE_MARKS"), EVENTS, strict=True):
            self.status |= STATUS[name].place(now[event])
        if self.held:
            self.status &= ~STATUS["DONE"].place(1)
        if done == "CONTROL":
            self.control = word & 0b11
        self.images += now["image_done"]


class Bench(Testbench):
    """The registers between a host and a core that do anything at any time."""

    def address(self) -> int:
        """Return the address of a register or of a memory, or one that is wrong by a bit."""
        memory = MEMORIES + 4 * self.random.getrandbits(18)
        address = self.random.choice([*NAMES, MAP["CONTROL"].address, memory, memory, memory])
        return address ^ (1 << self.random.randrange(2, 21) if self.random.random() < 0.4 else 0)

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
    writes = reads = words = 0
    for _ in range(CYCLES):
        now = {name: int(draw.random() < 0.2) for name in EVENTS}
        now |= {"cfg_ready": draw.getrandbits(1), "cycles": draw.getrandbits(32)}
        target, word, source = bench.address(), draw.getrandbits(32), bench.address()
        write, rst = draw.getrandbits(1), int(draw.random() < 0.001)
        access = {"write": write, "write_address": target, "write_data": word}
        bench.drive({**now, **access, "read_address": source, "rst": rst})
        await bench.edge

        legal = state.is_legal(target, now)
        assert int(dut.write_refused.value) == (not legal), f"{target:#x}"
        value = state.read(source, now)
        assert int(dut.read_refused.value) == (value is None), f"{source:#x}"
        assert int(dut.read_data.value) == (value or 0), f"{source:#x}"  # 0 where it is refused
        assert int(dut.data_rst.value) == (rst or state.held)
        interrupt = CONTROL["INTERRUPT"].of(state.control)
        assert int(dut.irq.value) == (interrupt and STATUS["DONE"].of(state.status))
        is_word = bool(write and legal and target >= MEMORIES)
        assert int(dut.cfg_valid.value) == is_word
        if is_word:
            assert int(dut.cfg_address.value) == (target - MEMORIES) // 4
            assert int(dut.cfg_data.value) == word

        done = NAMES.get(target, "") if write and legal else ""
        writes, reads, words = writes + bool(done), reads + (value is not None), words + is_word
        state.step(done, word, now)
        if rst:
            state = Registers()
    assert min(writes, reads, words) > 0


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def images_are_counted_beyond_sixteen_bits(dut: Dut) -> None:
    bench = Bench(dut)
    bench.drive(dict.fromkeys((*EVENTS, "cfg_ready", "cycles", "write"), 0))
    dut.rst.value = 1
    await bench.wait(1)
    dut.rst.value, dut.image_done.value = 0, 1
    await bench.wait(70_000)
    dut.read_address.value = MAP["IMAGES"].address
    await bench.edge
    assert int(dut.read_data.value) == 70_000
    dut.rst.value = 1
    await bench.wait(2)
    assert int(dut.read_data.value) == 0
