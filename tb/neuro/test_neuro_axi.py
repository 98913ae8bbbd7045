# SPDX-License-Identifier: Apache-2.0
"""neuro_axi, worked by its driver through the bus models of cocotbext-axi, which may pause."""

import dataclasses
from collections.abc import Callable
from itertools import product

import cocotb
import numpy as np
import pytest
from cocotbext.axi import AxiProt, AxiResp, AxiStreamFrame

from evoarray.evolution.backends.axi.registers import RefusedError
from evoarray.evolution.neuro.backends.axi.driver import NeuroCore
from evoarray.evolution.neuro.backends.axi.simulated import SimulatedPort
from evoarray.model.errors import InputError
from evoarray.model.neuro.forward import forward
from evoarray.model.neuro.latency import inference_cycles
from evoarray.model.neuro.network import Dense, Network
from evoarray.model.neuro.program import BIASES, LAYERS, Core, check_fit
from tb.covergroups import sample
from tb.drivers import LONG, Dut
from tb.shared.axi import AxiBench, Record
from tests.neuro.networks import random_images, random_network

CORES = [
    Core(9, 8, layers=4, activations=300, positions=64, weights=300, biases=40),
    Core(12, 1, layers=3, activations=200, positions=64, weights=400, biases=30, multiplier=0),
]
IMAGE = "evoarray_neuro_axi image"


@pytest.mark.parametrize(
    "core",
    [pytest.param(CORES[0], marks=pytest.mark.verilator), CORES[1]],
    ids=lambda core: f"{core.rows}x{core.cols}",
)
def test_neuro_axi(simulate: Callable[..., None], core: Core) -> None:
    simulate(
        toplevel="evoarray_neuro_axi",
        module="tb.neuro.test_neuro_axi",
        parameters=core.parameters,
        family="neuro",
    )


class Bench(AxiBench):
    """The core with its driver, and the networks of a test."""

    port: SimulatedPort
    core: NeuroCore

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut, ("s_axis_image", "m_axis_logits"))
        self.logits = Record(
            self,
            dut.m_axis_logits_tvalid,
            dut.m_axis_logits_tready,
            [dut.m_axis_logits_tlast, dut.m_axis_logits_tdata],
        )

    async def start(self, pause: float = 0.0, long: float = LONG) -> None:
        """Reset the core, connect the driver, and have every channel pause so often."""
        self.dut.rst.value = 1
        await self.wait(2)
        self.port = SimulatedPort(self.dut, self.dut.clk, self.dut.rst)
        self.core = NeuroCore(self.port)
        await self.reset()
        await self.core.connect()
        self.pause((self.port.image, self.port.logits), pause, long)

    def network(self) -> Network:
        """Return a random network that fits into the core."""
        while True:
            network = random_network(self.rng)
            try:
                check_fit(network, self.core.core)
            except InputError:
                continue
            return network

    def dense(self, inputs: int, outputs: int) -> Network:
        weights = self.rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
        bias = self.rng.integers(-9999, 10000, outputs).astype(np.int32)
        return Network((1, 1, inputs), (Dense(weights, bias, 0, "logits"),))

    async def clear_after(self, cycles: int) -> None:
        """Have the host clear DONE."""
        await self.wait(cycles)
        await self.core.write("STATUS", DONE=1)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("pause", "long"), [(0.0, LONG), (0.4, LONG), (0.4, 0.3)]))
async def images_become_logits(dut: Dut, pause: float, long: float) -> None:
    """Of networks that replace each other; the core says what it was built for."""
    bench = Bench(dut)
    await bench.start(pause, long)
    core = bench.core
    names = [name.upper() for name in Core.__dataclass_fields__]
    assert core.core == Core(*(int(getattr(dut, name).value) for name in names))
    ended = 0
    # Of the first one, in 9x8, there is one cycle between the logits of two passes.
    for network in (bench.dense(9, 17), bench.network(), bench.network()):
        images = random_images(bench.rng, network.input_shape, 3)[: bench.random.choice([1, 3])]
        bench.logits.clear()
        assert np.array_equal(await core.run(network, images), forward(network, images))
        outputs = network.outputs
        assert [last for last, _ in bench.logits.items] == [
            int(i % outputs == 0) for i in range(1, len(images) * outputs + 1)
        ]
        if not pause:
            assert await core.read("CYCLES") == inference_cycles(network, core.core)
        ended += len(images)
        assert await core.read("IMAGES") == ended
        assert await core.read("STATUS") == core.registers["STATUS"].fields["DONE"].place(1)
        await core.write("STATUS", DONE=1)
        sample(IMAGE, "outcome", "read")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def images_back_to_back_wait_for_nobody(dut: Dut) -> None:
    """Between two images there are the cycles of an inference, and no more."""
    bench = Bench(dut)
    await bench.start()
    network = bench.dense(20, 3)
    images = random_images(bench.rng, network.input_shape, 4)
    await bench.core.load(network)
    bench.logits.clear()
    for image in images:
        bench.port.send(image.tobytes())
    await bench.until(lambda: len(bench.logits.seen) == len(images) * network.outputs)
    lasts = bench.logits.seen[network.outputs - 1 :: network.outputs]
    assert set(np.diff(lasts).tolist()) == {inference_cycles(network, bench.core.core)}


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def an_image_may_pause_while_its_layer_is_read(dut: Dut) -> None:
    """For so long that its next byte waits for the core for many cycles, for one, or for none."""
    bench = Bench(dut)
    await bench.start()
    network = bench.dense(5, 1)
    image = random_images(bench.rng, network.input_shape, 5)[-1:]
    await bench.core.load(network)
    for wait in range(12):
        bench.port.send(image.tobytes())
        await bench.until(lambda: bool(int(dut.s_axis_image_tvalid.value)))
        bench.port.image.pause = True
        await bench.wait(wait)
        bench.port.image.pause = False
        assert np.array_equal(await bench.port.receive(1), forward(network, image)[0])


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.3])
async def an_inference_can_be_given_up(dut: Dut, pause: float) -> None:
    """At any time, also within an image; the network stays, and what waits on offer is taken."""
    bench = Bench(dut)
    await bench.start(pause)
    core, port = bench.core, bench.port
    network = bench.dense(20, 3)
    images = random_images(bench.rng, network.input_shape, 4)
    await core.load(network)
    for _ in range(6):
        for image in images:
            port.send(image.tobytes())
        await bench.wait(bench.random.randrange(4 * inference_cycles(network, core.core)))
        port.logits.pause = bool(bench.random.getrandbits(1))
        await bench.wait(bench.random.randrange(20))
        await core.write("CONTROL", RESET=1)
        await bench.wait(4)
        assert not await core.read("STATUS", "BUSY")
        assert not await core.read("STATUS", "DONE")
        port.logits.pause = False
        await port.sent()
        await core.write("CONTROL")
        await bench.wait(10)
        assert await core.read("STATUS") & ~0b100 == 0
        port.discard()
        assert np.array_equal(await core.run(network, images[:1]), forward(network, images[:1]))
        await core.write("STATUS", DONE=1, IMAGE_MARKS=1)
        sample(IMAGE, "outcome", "given up")


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.3])
async def what_is_refused_changes_nothing(dut: Dut, pause: float) -> None:
    bench = Bench(dut)
    await bench.start(pause)
    core, port = bench.core, bench.port
    memories = core.registers["MEMORIES"].address
    network = bench.dense(20, 3)
    images = random_images(bench.rng, network.input_shape, 4)
    await core.run(network, images)  # before the first one, CYCLES has no value
    for name, register in core.registers.items():
        if "write" not in register.access:
            await bench.refuses(core.write(name, bench.random.getrandbits(32)))
        elif "read" not in register.access:
            await bench.refuses(core.read(name))
    control = core.registers["CONTROL"].address
    for address in (0x00002C, 0x0FFFFC, *(control | 1 << bit for bit in range(6, 20))):
        await bench.refuses(port.write(address, 1))
        with pytest.raises(RefusedError):
            await port.read(address)
    await bench.refuses(port.read(0x1FFFFC))
    for data in (b"\1", b"\1\2", b"\1\2\3"):  # parts of a word
        response = await port.bus.write(memories, data)
        assert response.resp == AxiResp.SLVERR
    # Neither in a reset nor while an inference is under way does a memory change.
    await core.write("CONTROL", RESET=1)
    await bench.refuses(port.write(memories + 4 * LAYERS, 0))
    await core.write("CONTROL")
    port.send(images[0].tobytes()[:-1])
    await bench.until(lambda: bool(int(dut.s_axis_image_tready.value)))
    await port.sent()
    await bench.wait(10)
    assert await core.read("STATUS", "BUSY")
    for memory in range(4):
        await bench.refuses(port.write(memories + (memory << 18), bench.random.getrandbits(32)))
    port.send(images[0].tobytes()[-1:])
    assert np.array_equal(await port.receive(3), forward(network, images[:1])[0])


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def an_interrupt_says_that_an_inference_is_done(dut: Dut) -> None:
    """None is lost where the one before is cleared, in whatever cycle the host clears it."""
    bench = Bench(dut)
    await bench.start()
    core = bench.core
    network = bench.dense(3, 1)
    image = random_images(bench.rng, network.input_shape, 1)
    await core.load(network)
    around = inference_cycles(network, core.core)
    for interrupt in (0, 1):
        await core.write("CONTROL", INTERRUPT=interrupt)
        await core.run(network, image)
        await bench.wait(2)
        assert int(dut.irq.value) == interrupt
        await core.write("STATUS", IMAGE_MARKS=1)
        assert int(dut.irq.value) == interrupt
        await core.write("STATUS", DONE=1)
        assert not int(dut.irq.value)
    for wait in range(around - 12, around + 8):
        bench.port.send(image.tobytes())
        clear = cocotb.start_soon(bench.clear_after(wait))
        await bench.until(lambda: bool(int(dut.irq.value)))
        await clear
        await core.write("STATUS", DONE=1)
    assert await core.read("IMAGES") == 22


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def wrong_marks_set_a_bit_and_nothing_else(dut: Dut) -> None:
    bench = Bench(dut)
    await bench.start()
    core, port = bench.core, bench.port
    network = bench.dense(5, 2)
    images = random_images(bench.rng, network.input_shape, 2)
    await core.load(network)
    whole = images.tobytes()
    for how, parts in {
        "no end": [whole],
        "end within": [whole[:2], whole[2:5], whole[5:]],
        "not": [whole[:5], whole[5:]],
    }.items():
        for part in parts:
            port.image.send_nowait(AxiStreamFrame(part))
        logits = [await port.receive(2) for _ in images]
        assert np.array_equal(logits, forward(network, images))
        assert await core.read("STATUS", "IMAGE_MARKS") == (how != "not")
        await core.write("STATUS", IMAGE_MARKS=1)
        assert not await core.read("STATUS", "IMAGE_MARKS")
        sample(IMAGE, "marks", how)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.5])
async def accesses_may_follow_each_other_at_once(dut: Dut, pause: float) -> None:
    """The last word that was not refused is the one that counts."""
    bench = Bench(dut)
    await bench.start(pause, long=0.2)
    core = bench.core
    network = bench.dense(5, 1)
    image = random_images(bench.rng, network.input_shape, 1)
    await core.load(network)
    (layer,) = network.layers
    assert isinstance(layer, Dense)
    bias = core.registers["MEMORIES"].address + 4 * BIASES
    array = core.registers["ARRAY"].address
    for _ in range(10):
        words = await bench.at_once(("ARRAY", "IDENTITY", "WEIGHTS"), bias, array, bits=20)
        if words:
            layer = dataclasses.replace(layer, bias=np.array(words[-1:], np.int32))
        bench.port.send(image.tobytes())
        expected = forward(Network(network.input_shape, (layer,)), image)[0]
        assert np.array_equal(await bench.port.receive(1), expected)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def cycles_count_stalls(dut: Dut) -> None:
    bench = Bench(dut)
    await bench.start()
    network = bench.dense(5, 4)
    image = random_images(bench.rng, network.input_shape, 1)
    await bench.core.load(network)
    for waits in (8100, 0):
        bench.port.logits.pause = True
        bench.port.send(image.tobytes())
        await bench.until(lambda: bool(int(dut.m_axis_logits_tvalid.value)))
        await bench.wait(waits)
        bench.port.logits.pause = False
        await bench.port.receive(4)
        cycles = await bench.core.read("CYCLES")
        # Logits wait in the register, while the core goes on with others.
        unstalled = inference_cycles(network, bench.core.core)
        assert max(waits, unstalled) <= cycles <= waits + unstalled + 8


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def images_are_counted(dut: Dut) -> None:
    bench = Bench(dut)
    await bench.start()
    for inputs in (1, 2):
        network = bench.dense(inputs, 1)
        images = random_images(bench.rng, network.input_shape, 32)
        assert np.array_equal(await bench.core.run(network, images), forward(network, images))
    assert await bench.core.read("IMAGES") == 64
    await bench.reset()
    assert await bench.core.read("IMAGES") == 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def an_access_is_of_the_word_in_which_it_begins(dut: Dut) -> None:
    """Whatever its protection; a write of a part of a word is refused."""
    bench = Bench(dut)
    await bench.start()
    address, bus = bench.core.registers["CONTROL"].address, bench.port.bus
    for prot, offset in [*product(range(8), range(4)), (0, 0)]:
        kind, word = AxiProt(prot), bytes([bench.random.randrange(4), 0, 0, 0])
        assert (await bus.write(address, word, kind)).resp == AxiResp.OKAY
        if offset:
            refused = await bus.write(address + offset, b"\1\1\1\1"[offset:], kind)
            assert refused.resp == AxiResp.SLVERR
        read = await bus.read(address + offset, 4 - offset, kind)
        assert (read.resp, read.data) == (AxiResp.OKAY, word[offset:])
