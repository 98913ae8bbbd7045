# SPDX-License-Identifier: Apache-2.0
"""What computes logits: the golden model, the fast one, or the RTL in a simulator.

All say the same integers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from evoarray.evolution.neuro.backends.axi.icarus import IcarusAxiBackend
from evoarray.evolution.neuro.backends.icarus import IcarusBackend
from evoarray.evolution.neuro.backends.verilator import VerilatorBackend
from evoarray.evolution.neuro.fast import Fast, architecture_of, stack
from evoarray.model.errors import InputError
from evoarray.model.neuro.arithmetic import Int8
from evoarray.model.neuro.forward import forward
from evoarray.model.neuro.layers import Int32
from evoarray.model.neuro.network import Network

MOST_KNOWN = 32
"""Architectures that are kept prepared; a few megabytes each."""


class Backend(Protocol):
    """Something that runs networks."""

    def logits(self, networks: Sequence[Network], images: Int8) -> Int32:
        """Return the logits (networks, n, outputs) int32 of images (n, channels, height, width).

        All networks have as many outputs.
        """

    def close(self) -> None:
        """Stop what runs for this backend."""


class ModelBackend:
    """The golden model, one network after the other."""

    def logits(self, networks: Sequence[Network], images: Int8) -> Int32:
        """See Backend.logits."""
        return np.stack([forward(network, images) for network in networks])

    def close(self) -> None:
        """See Backend.close; nothing runs."""


class FastBackend:
    """evolve/neuro/fast.py, for all networks of one architecture at once.

    What it prepares for an architecture and images is kept, for both come again.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, int], tuple[Int8, Fast]] = {}

    def logits(self, networks: Sequence[Network], images: Int8) -> Int32:
        """See Backend.logits."""
        found = np.empty((len(networks), len(images), networks[0].outputs), np.int32)
        groups: dict[object, list[int]] = {}
        for number, network in enumerate(networks):
            groups.setdefault(architecture_of(network), []).append(number)
        for architecture, members in groups.items():
            some = [networks[number] for number in members]
            found[members] = self._fast(some[0], architecture, images).logits(stack(some))
        return found

    def features(self, network: Network, images: Int8) -> Int8:
        """Return what the last layer of a network reads, (n, inputs) int8."""
        fast = self._fast(network, architecture_of(network), images)
        found: Int8 = fast.features(stack([network]))[0].T.astype(np.int8)
        return found

    def _fast(self, network: Network, architecture: object, images: Int8) -> Fast:
        key = architecture, id(images)
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            # With the images, so that no others take their place in memory.
            self._known[key] = images, Fast(network, images)
        return self._known[key][1]

    def close(self) -> None:
        """See Backend.close; nothing runs."""


BACKENDS: Mapping[str, Callable[[], Backend]] = {
    "fast": FastBackend,
    "model": ModelBackend,
    "verilator": VerilatorBackend,
    "icarus": IcarusBackend,
    "icarus-axi": IcarusAxiBackend,
}


def open_backend(name: str) -> Backend:
    """Return a backend; close it after use.

    Raises InputError for an unknown name or if what it needs is not installed, BuildError or
    SimulatorError if that does not work.
    """
    if name not in BACKENDS:
        raise InputError(f"backend is {name!r}; it must be one of {', '.join(BACKENDS)}")
    return BACKENDS[name]()
