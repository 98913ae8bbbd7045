# SPDX-License-Identifier: Apache-2.0
"""The driver of evoarray_axi: whole frames and circuits on one side, registers on the other.

It knows the core by rtl/registers/evoarray_axi.toml alone. How its words and pixels get to the core
is up to a Port: on a board, memory-mapped registers and DMA; here, a simulator (simulated.py).
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from evoarray.evolution.backends.axi.registers import RegisteredCore, RegisterPort
from evoarray.model.filter.circuit import Circuit, Shape
from evoarray.model.filter.functions import FUNCTION_SETS, Plane

NO_LIMIT = 2**32 - 1


class Port(RegisterPort, Protocol):
    """The way to a core: its registers and its streams."""

    def send_noisy(self, frame: Plane) -> None:
        """Begin to send a frame (H, W) uint8, after those before it."""

    def send_reference(self, frame: Plane) -> None:
        """Begin to send a reference frame (H, W) uint8, after those before it."""

    async def sent(self) -> None:
        """Wait until the core took all that was sent."""

    def discard(self) -> None:
        """Forget the filtered pixels that came so far."""

    async def receive(self, shape: tuple[int, int, int]) -> Plane:
        """Return the next filtered frame (arrays, H, W) uint8; pixels before its mark are lost."""


class Core(RegisteredCore):
    """A core behind a port. Call `connect` first.

    One frame is under way at a time here, which keeps it simple: the core itself takes frames back
    to back, and circuits for the next one while one runs.
    """

    def __init__(self, port: Port) -> None:
        super().__init__("evoarray_axi", port)
        self.port = port

    async def connect(self) -> None:
        """Find out what the core is, and reset its data path.

        Raises RuntimeError if something else, or a core with another register map, is there.
        """
        await self.identify()
        rows, cols, number, self.arrays = [
            await self.read("SHAPE", key) for key in ("ROWS", "COLS", "SET", "ARRAYS")
        ]
        self.shape = Shape(rows, cols, list(FUNCTION_SETS)[number])
        self.largest = (
            await self.read("LARGEST_FRAME", "HEIGHT"),
            await self.read("LARGEST_FRAME", "WIDTH"),
        )
        self._genes = np.full((self.arrays, len(self.shape.limits)), -1)
        await self.reset()

    async def reset(self) -> None:
        """Give up the frames and the commit under way. Fitness and interrupt are off after it."""
        await self.write("CONTROL", RESET=1)
        await self.port.sent()
        await self.write("CONTROL")

    async def configure(self, circuits: Sequence[Circuit]) -> None:
        """Have the next frame filtered by these circuits, one for each array.

        Writes the genes that change. Raises RefusedError while a frame is under way whose circuits
        were committed and whose first pixel has not left.
        """
        for array, circuit in enumerate(circuits):
            genes = circuit.genes.astype(int)
            changes = np.flatnonzero(genes != self._genes[array])
            if changes.size:
                await self.write("ARRAY", array)
            for address in changes.tolist():
                await self.port.write(
                    self.registers["GENES"].address + 4 * address, int(genes[address])
                )
                self._genes[array, address] = genes[address]
        control = await self.read("CONTROL")
        await self.write("CONTROL", control, COMMIT=1)

    async def filter(self, noisy: Plane) -> Plane:
        """Return the frame (H, W) uint8 as each array filters it: (arrays, H, W) uint8."""
        await self.write("CONTROL", FITNESS=0)
        await self._size(noisy)
        self.port.discard()
        self.port.send_noisy(noisy)
        return await self.port.receive((self.arrays, *noisy.shape))

    async def evaluate(
        self, noisy: Plane, reference: Plane, limits: Sequence[int] | None = None
    ) -> list[int] | None:
        """Return each array's SAE for a pair of frames (H, W) uint8.

        Returns None, and gives the frame up, as soon as all arrays are above their limits.
        """
        for array, limit in enumerate(limits or [NO_LIMIT] * self.arrays):
            await self.write("ARRAY", array)
            await self.write("LIMIT", limit)
        await self.write("CONTROL", FITNESS=1)
        await self._size(noisy)
        self.port.send_reference(reference)
        self.port.send_noisy(noisy)
        status = self.registers["STATUS"]
        while True:
            word = await self.read("STATUS")
            if status.fields["FITNESS_READY"].of(word):
                await self.write("STATUS", FITNESS_READY=1)
                return [await self._sae(array) for array in range(self.arrays)]
            if status.fields["OVER_LIMIT"].of(word):
                await self.reset()
                return None

    async def _sae(self, array: int) -> int:
        await self.write("ARRAY", array)
        return await self.read("SAE")

    async def _size(self, frame: Plane) -> None:
        height, width = frame.shape
        await self.write("FRAME_SIZE", HEIGHT=height, WIDTH=width)
