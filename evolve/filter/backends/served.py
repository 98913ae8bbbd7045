# SPDX-License-Identifier: Apache-2.0
"""The other end of simulated.py's pipes, for simulators that Python drives from inside."""

import os
import struct
from abc import ABC, abstractmethod

from evoarray.evolution.backends.pipes import REPLIES, REQUESTS


class Server(ABC):
    """Answers requests; what it simulates, and how, is up to the derived class."""

    @abstractmethod
    async def evaluate(self, circuit: bytes, limit: int) -> int:
        """Return the SAE of a circuit's frame, or any number above the limit."""

    @abstractmethod
    async def cycles(self) -> int:
        """Return the clock cycles so far, modulo 2^32."""

    @abstractmethod
    async def filtered(self) -> bytes:
        """Return the last circuit's filtered pixels, row by row."""

    async def serve(self, genes: int) -> None:
        """Evaluate batches of circuits with so many genes, until the request pipe ends."""
        with os.fdopen(REQUESTS, "rb") as requests, os.fdopen(REPLIES, "wb") as replies:
            while header := requests.read(8):
                count, pixels_wanted = struct.unpack("<2I", header)
                limits = struct.unpack(f"<{count}I", requests.read(4 * count))
                before = await self.cycles()
                saes = [await self.evaluate(requests.read(genes), limit) for limit in limits]
                cycles = (await self.cycles() - before) % 2**32
                replies.write(struct.pack(f"<{count}IQ", *saes, cycles))
                if pixels_wanted:
                    replies.write(await self.filtered())
                replies.flush()
