# SPDX-License-Identifier: Apache-2.0
"""The bench of the neural core: loads networks, runs images, compares logits and counts cycles."""

import math
from collections import deque
from collections.abc import Sequence
from typing import TypeVar

import cocotb
import numpy as np
from numpy.typing import NDArray

from evoarray.model.errors import InputError
from evoarray.model.neuro.forward import forward
from evoarray.model.neuro.latency import FETCH_CYCLES, inference_cycles, runs
from evoarray.model.neuro.network import Conv, Dense, Layer, Network, Shape
from evoarray.model.neuro.program import Core, check_fit, program
from tb.covergroups import is_sampled, sample
from tb.drivers import Dut, Monitor, Source, Stall, Testbench, Watch
from tb.neuro.covergroups import MEMORIES, filled_bins, kind_of, network_bins, value_bins
from tests.neuro.networks import random_images, random_network

Images = NDArray[np.int8]
T = TypeVar("T")


class Bench(Testbench):
    """The core with its configuration port, its images and its logits."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        names = ("ROWS", "COLS", "LAYERS", "ACTIVATIONS", "POSITIONS", "WEIGHTS", "BIASES")
        self.core = Core(
            *(int(getattr(dut, name).value) for name in (*names, "TABLES", "MULTIPLIER"))
        )
        self.configuration = Source(
            self, dut.cfg_valid, dut.cfg_ready, [dut.cfg_address, dut.cfg_data]
        )
        self.pixels = Source(self, dut.s_image_valid, dut.s_image_ready, [dut.s_image_value])
        self.enable = Stall(self, dut.m_logits_ready)
        self.logits = Monitor(
            self,
            dut.m_logits_valid,
            dut.m_logits_ready,
            [dut.m_logits_last, dut.m_logits_value],
        )
        self.lasts = Monitor(
            self, dut.s_image_valid, dut.s_image_ready, [dut.s_image_last], the_takers=True
        )
        Watch(self, self.count, self.forget)
        if is_sampled():
            Watch(self, self.sample_write)
        self.cover("neuro_core cfg", dut.cfg_valid, dut.cfg_ready)
        self.cover("neuro_core image", dut.s_image_valid, dut.s_image_ready)
        self.cover("neuro_core logits", dut.m_logits_valid, dut.m_logits_ready)
        self.loaded: Network | None = None
        self.is_fast = cocotb.SIM_NAME.startswith("Verilator")

    def some(self, choices: Sequence[T], number: int) -> list[T]:
        """Return all choices in any order, or so many on a slow simulator: others in each run."""
        number = len(choices) if self.is_fast else min(number, len(choices))
        return self.random.sample(choices, number)

    def forget(self) -> None:
        self.under_way = 0
        self.counted: list[int] = []  # how long each inference was under way
        self.expected: list[int] = []  # and how long it must be, unstalled
        self.asked: deque[tuple[Network, Images]] = deque()  # with each image that is not through

    def count(self) -> None:
        """Count the cycles of inferences; the core's own counter must say the same."""
        dut = self.dut
        if int(dut.cfg_ready.value):
            if self.under_way:
                assert int(dut.cycles.value) == self.under_way
                self.counted.append(self.under_way)
                self.sample(*self.asked.popleft())
            begins = int(dut.s_image_valid.value) and not int(dut.cfg_valid.value)
            self.under_way = int(begins)
        else:
            self.under_way += 1

    def sample(self, network: Network, image: Images) -> None:
        """Sample an inference that is over."""
        if not is_sampled():
            return
        for point, name in network_bins(network, self.core):
            sample("neuro_core layer", point, name)
        for point, name in filled_bins(network, self.core):
            sample("neuro_core memory", point, name)
        for point, name in value_bins(network, image):
            sample("neuro_core value", point, name)

    def sample_write(self) -> None:
        """Sample a write to the configuration before the edge that takes it."""
        if int(self.dut.cfg_valid.value) and int(self.dut.cfg_ready.value):
            memory, word = divmod(int(self.dut.cfg_address.value), 2**16)
            core = self.core
            words = (
                4 * core.layers,
                256 * core.tables,
                core.biases,
                core.weights * core.row_stride,
            )
            place = {0: "first", words[memory] - 1: "last"}.get(word, "inside")
            name = "beyond" if word >= words[memory] else place
            sample("neuro_core memory", "memory x write", f"{MEMORIES[memory]} x {name}")

    def before_reset(self) -> None:
        if self.loaded is not None and (state := self.state()):
            sample("neuro_core reset", "state", state)

    def state(self) -> str | None:
        """Return what the core does in this cycle, or None where stalls hide it."""
        dut, cycle = self.dut, self.under_way
        if int(dut.cfg_ready.value):
            return "configuration" if int(dut.cfg_valid.value) else "idle"
        if cycle <= FETCH_CYCLES:
            return "before the image"
        for port, name in ((dut.s_image_ready, "image"), (dut.m_logits_valid, "logits")):
            if int(port.value):
                return name
        if self.enable.stall or self.pixels.pause:
            return None
        network, _ = self.asked[0]
        for layer, (first, last) in zip(network.layers, runs(network, self.core), strict=True):
            if first <= cycle <= last:
                return kind_of(layer)
        return "between layers"

    def load(self, network: Network) -> None:
        """Queue the writes that load a network."""
        self.configuration.send((int(a), int(d)) for a, d in program(network, self.core))
        self.loaded = network

    def run(self, images: Images) -> None:
        """Queue images (n, channels, height, width) for the network that was loaded last."""
        network = self.loaded
        assert network is not None
        self.pixels.send((int(byte),) for byte in images.view(np.uint8).ravel())
        self.asked.extend((network, image) for image in images)
        size = math.prod(network.input_shape)
        self.lasts.scoreboard.expect(
            (int(i % size == size - 1),) for i in range(size * len(images))
        )
        for row in forward(network, images):
            self.logits.scoreboard.expect(
                (int(i == len(row) - 1), int(value) & 0xFFFFFFFF) for i, value in enumerate(row)
            )
            self.expected.append(inference_cycles(network, self.core))

    async def loaded_and_run(self, network: Network, images: Images) -> None:
        """Load a network, which takes place before the images, and wait for all logits."""
        self.load(network)
        await self.until(lambda: not self.configuration.queue)
        self.run(images)
        await self.finish(surplus=3)

    async def until_left(self, cycles: int) -> None:
        """Wait until the inference under way, unstalled and the last one, has so many left."""
        await self.until(lambda: self.under_way >= self.expected[-1] - cycles)

    async def finish(self, surplus: int = 100) -> None:
        await super().finish(surplus)
        await self.until(lambda: bool(int(self.dut.cfg_ready.value)))
        await self.wait(2)
        stalled = self.enable.stall or self.pixels.pause
        assert len(self.counted) == len(self.expected)
        assert stalled or self.counted == self.expected

    def fits(self, network: Network) -> bool:
        try:
            check_fit(network, self.core)
        except InputError:
            return False
        return True

    def random_network(self) -> Network:
        """Return a random network that fits into the core."""
        while True:
            network = random_network(self.rng)
            if self.fits(network):
                return network

    def dense(self, inputs: int, outputs: int, activation: str = "logits") -> Dense:
        weights = self.rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
        bias = self.rng.integers(-9999, 10000, outputs).astype(np.int32)
        return Dense(weights, bias, 0 if activation == "logits" else 8, activation)

    def conv(
        self, inputs: int, outputs: int, stride: int, padding: int, activation: str = "logits"
    ) -> Conv:
        weights = self.rng.integers(-127, 128, (outputs, inputs, 3, 3)).astype(np.int8)
        bias = self.rng.integers(-9999, 10000, outputs).astype(np.int32)
        shift = 0 if activation == "logits" else 9
        return Conv(weights, bias, shift, activation, stride, padding)

    def closed(self, shape: Shape, *layers: Layer) -> Network:
        """Return a network of these layers and a dense one with few logits."""
        after = shape
        for layer in layers:
            after = layer.output_shape(after)
        return Network(shape, (*layers, self.dense(math.prod(after), 3)))

    def small_network(self) -> Network:
        """Return a network that is loaded and run in few cycles."""
        return self.closed((1, 1, 6), self.dense(6, 4, "tanh"))

    async def try_out(self, network: Network, images: int = 2) -> None:
        """Load a network that fits and run it on random images."""
        drawn = self.rng.permutation(random_images(self.rng, network.input_shape, 5))
        await self.loaded_and_run(network, drawn[:images])
