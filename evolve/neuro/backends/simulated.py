# SPDX-License-Identifier: Apache-2.0
"""evoarray_neuro_core in a simulator: what Verilator and Icarus have in common.

Protocol, integers little-endian: a request is, of 32 bits each, how many words the configuration
has, how many images there are, the bytes of an image and its logits; then address and value of each
word, of 32 bits; then the images, one byte a value. The reply are the logits of 32 bits, image by
image, and the clock cycles that all took, of 64 bits.
"""

from collections.abc import Sequence

import numpy as np

from evoarray.evolution.backends.process import SimulatedTop
from evoarray.model.neuro.arithmetic import Int8
from evoarray.model.neuro.forward import check_images
from evoarray.model.neuro.layers import Int32
from evoarray.model.neuro.network import Network
from evoarray.model.neuro.program import Core, program

ROOMY = Core(layers=64, activations=2**14, positions=2**12, weights=2**14, biases=2**12)
"""The default array with memories in which whatever evolves here has room."""


class SimulatedCore(SimulatedTop):
    """A core in a simulator, which runs networks one after the other."""

    def __init__(self, core: Core) -> None:
        super().__init__({})
        self.core = core

    def logits(self, networks: Sequence[Network], images: Int8) -> Int32:
        """See Backend.logits. Raises InputError for a network that does not fit into the core."""
        return np.stack([self._run(network, images) for network in networks])

    def _run(self, network: Network, images: Int8) -> Int32:
        check_images(network, images)
        words = program(network, self.core)
        count, outputs = len(images), network.outputs
        header = np.array([len(words), count, images[0].size if count else 0, outputs], "<u4")
        self.simulation.ask(header.tobytes() + words.astype("<u4").tobytes() + images.tobytes())
        reply = self.simulation.answer(4 * count * outputs + 8)
        self.cycles += int.from_bytes(reply[-8:], "little")
        found = np.frombuffer(reply, "<i4", count * outputs)
        return found.reshape(count, outputs).astype(np.int32)
