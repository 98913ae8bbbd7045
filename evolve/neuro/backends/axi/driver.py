# SPDX-License-Identifier: Apache-2.0
"""The driver of the neural core: networks, images and logits on one side, registers on the other.

It knows the core by rtl/registers/evoarray_neuro_axi.toml alone. How its words and bytes get to the
core is up to a Port: on a board, memory-mapped registers and DMA; here, a simulator (simulated.py).
"""

from typing import Protocol

import numpy as np

from evoarray.evolution.backends.axi.registers import RegisteredCore, RegisterPort
from evoarray.model.neuro.arithmetic import Int8
from evoarray.model.neuro.forward import check_images
from evoarray.model.neuro.layers import Int32
from evoarray.model.neuro.network import Network
from evoarray.model.neuro.program import Core, Words, program


class Port(RegisterPort, Protocol):
    """The way to a core: its registers and its streams."""

    def send(self, image: bytes) -> None:
        """Begin to send an image, after those before it."""

    async def sent(self) -> None:
        """Wait until the core took all that was sent."""

    def discard(self) -> None:
        """Forget the logits that came so far."""

    async def receive(self, outputs: int) -> Int32:
        """Return the next logits (outputs,) int32, up to the mark of the last one.

        What is before them, an image that was given up has left.
        """


class NeuroCore(RegisteredCore):
    """A core behind a port. Call `connect` first."""

    def __init__(self, port: Port) -> None:
        super().__init__("evoarray_neuro_axi", port)
        self.port = port
        self._known: dict[int, int] = {}

    async def connect(self) -> None:
        """Find out what the core is, and reset its data path.

        Raises RuntimeError if something else, or a core with another register map, is there.
        """
        await self.identify()
        self.core = Core(
            rows=await self.read("ARRAY", "ROWS"),
            cols=await self.read("ARRAY", "COLS"),
            layers=await self.read("LAYERS", "LAYERS"),
            activations=await self.read("ACTIVATIONS"),
            positions=await self.read("POSITIONS"),
            weights=await self.read("WEIGHTS"),
            biases=await self.read("BIASES"),
            tables=await self.read("LAYERS", "TABLES"),
            multiplier=await self.read("LAYERS", "MULTIPLIER"),
        )
        await self.reset()

    async def reset(self) -> None:
        """Give up the inference under way and the images that wait. The network stays."""
        await self.write("CONTROL", RESET=1)
        await self.port.sent()
        await self.write("CONTROL")
        self.port.discard()

    async def load(self, network: Network) -> None:
        """Have the next images read by this network.

        Raises InputError where it does not fit into the core, RefusedError while an inference is
        under way.
        """
        await self.write_memories(program(network, self.core))

    async def write_memories(self, words: Words) -> None:
        """Write words (n, 2) uint32 as `program` makes them, those that change."""
        for address, word in words.tolist():
            if self._known.get(address) != word:
                await self.port.write(self.registers["MEMORIES"].address + 4 * address, word)
                self._known[address] = word

    async def run(self, network: Network, images: Int8) -> Int32:
        """Load a network and return its logits (n, outputs) int32 of images, back to back.

        See `load`. Raises InputError for images that are not of its size.
        """
        check_images(network, images)
        await self.load(network)
        for image in images:
            self.port.send(image.tobytes())
        logits = [await self.port.receive(network.outputs) for _ in images]
        return np.array(logits, np.int32).reshape(len(images), network.outputs)
