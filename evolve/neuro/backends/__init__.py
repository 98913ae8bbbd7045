# SPDX-License-Identifier: Apache-2.0
"""What computes logits: the golden model, the fast one, or the RTL in a simulator.

All say the same integers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from evolve.neuro.backends.axi.icarus import IcarusAxiBackend
from evolve.neuro.backends.icarus import IcarusBackend
from evolve.neuro.backends.verilator import VerilatorBackend
from evolve.neuro.fast import Fast, Floats, Stack, architecture_of, last_logits, stack
from model.errors import InputError
from model.neuro.arithmetic import Int8
from model.neuro.forward import forward
from model.neuro.layers import Dense, Int32
from model.neuro.network import Network

MOST_KNOWN = 32
"""Architectures that are kept prepared, and of each as many features; a few megabytes each."""


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

    What it prepares for an architecture and images is kept, for both come again. So is what a last
    layer reads: most children of a network differ from it in the last layer alone.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, int], tuple[Int8, Fast, dict[bytes, Floats]]] = {}

    def logits(self, networks: Sequence[Network], images: Int8) -> Int32:
        """See Backend.logits."""
        found = np.empty((len(networks), len(images), networks[0].outputs), np.int32)
        groups: dict[object, list[int]] = {}
        for number, network in enumerate(networks):
            groups.setdefault(architecture_of(network), []).append(number)
        for architecture, members in groups.items():
            some = [networks[number] for number in members]
            key = architecture, id(images)
            if key not in self._known:
                if len(self._known) >= MOST_KNOWN:
                    self._known.clear()
                # With the images, so that no others take their place in memory.
                self._known[key] = images, Fast(some[0], images), {}
            _, fast, features = self._known[key]
            stacks = stack(some)
            if len(stacks) > 1 and isinstance(some[0].layers[-1], Dense):
                found[members] = _by_features(fast, stacks, features)
            else:
                found[members] = fast.logits(stacks)
        return found

    def close(self) -> None:
        """See Backend.close; nothing runs."""


def _by_features(fast: Fast, stacks: list[Stack], known: dict[bytes, Floats]) -> Int32:
    """Return the logits of networks that share what their last layers read, where they can."""
    *before, last = stacks
    sharing: dict[bytes, list[int]] = {}
    for number in range(len(last.bias)):
        parts = [array[number].tobytes() for layer in before for array in layer]
        sharing.setdefault(b"".join(parts), []).append(number)
    new = {key: members[0] for key, members in sharing.items() if key not in known}
    if len(known) + len(new) > MOST_KNOWN:
        known.clear()
        new = {key: members[0] for key, members in sharing.items()}
    if new:
        first = [layer.part([*new.values()]) for layer in before]
        known.update(zip(new, fast.features(first), strict=True))
    each = {key: last_logits(known[key], last.part(rows)) for key, rows in sharing.items()}
    logits = np.empty((len(last.bias), *next(iter(each.values())).shape[1:]), np.int32)
    for key, rows in sharing.items():
        logits[rows] = each[key]
    return logits


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
        raise InputError(f"backend is {name!r}; legal is one of {', '.join(BACKENDS)}")
    return BACKENDS[name]()
