# SPDX-License-Identifier: Apache-2.0
"""The other end of simulated.py's pipes, for simulators that Python drives from inside."""

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from cocotb.utils import get_sim_time

from evoarray.evolution.backends.pipes import REPLIES, REQUESTS
from evoarray.model.neuro.program import Words

PERIOD = 2  # of the clock, in steps of the simulator


class Server(ABC):
    """Answers requests; how it works the core is up to the derived class."""

    @abstractmethod
    async def load(self, words: Words) -> None:
        """Write words (n, 2) uint32 to the memories: addresses, and what goes there."""

    @abstractmethod
    async def infer(self, image: bytes, outputs: int) -> Sequence[int]:
        """Return the so many logits of an image."""

    async def serve(self) -> None:
        """Run network after network, until the request pipe ends."""
        with os.fdopen(REQUESTS, "rb") as requests, os.fdopen(REPLIES, "wb") as replies:
            while header := requests.read(16):
                count, images, size, outputs = np.frombuffer(header, "<u4").tolist()
                before = get_sim_time("step")
                words = np.frombuffer(requests.read(8 * count), "<u4").reshape(count, 2)
                await self.load(words)
                for _ in range(images):
                    logits = await self.infer(requests.read(size), outputs)
                    replies.write(np.array(logits, "<i4").tobytes())
                cycles = int(get_sim_time("step") - before) // PERIOD
                replies.write(cycles.to_bytes(8, "little"))
                replies.flush()
