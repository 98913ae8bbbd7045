# SPDX-License-Identifier: Apache-2.0
"""What a network is worth in the end, and whether the RTL agrees."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evoarray.evolution.neuro.backends import Backend
from evoarray.evolution.neuro.backends.simulated import ROOMY
from evoarray.evolution.neuro.data import Digits
from evoarray.model.errors import MismatchError
from evoarray.model.neuro.arithmetic import Int8
from evoarray.model.neuro.forward import classify, forward
from evoarray.model.neuro.latency import inference_cycles
from evoarray.model.neuro.network import Network
from evoarray.model.neuro.program import Core

PARTS = ("training", "validation", "test")


@dataclass(frozen=True)
class Judged:
    """How many images of each part are right of how many, and what the network costs.

    confusion has a row for each class: how many images of the test are taken for each class.
    parameters are stored, nonzero those that are not 0, cycles those of an inference on the core.
    """

    right: Mapping[str, int]
    images: Mapping[str, int]
    confusion: tuple[tuple[int, ...], ...]
    parameters: int
    nonzero: int
    cycles: int

    def accuracy(self, part: str) -> float:
        """Return the part of a part's images that is right."""
        return self.right[part] / self.images[part]


def judge(network: Network, digits: Digits, core: Core = ROOMY) -> Judged:
    """Run the golden model on all images."""
    parts = {name: getattr(digits, name) for name in PARTS}
    called = {name: classify(forward(network, part.images)) for name, part in parts.items()}
    confusion = np.zeros((network.outputs, network.outputs), np.int64)
    np.add.at(confusion, (digits.test.labels, called["test"]), 1)
    return Judged(
        {name: int((called[name] == part.labels).sum()) for name, part in parts.items()},
        {name: len(part.labels) for name, part in parts.items()},
        tuple(map(tuple, confusion.tolist())),
        network.parameters,
        network.nonzero,
        inference_cycles(network, core),
    )


def replay(network: Network, images: Int8, backend: Backend) -> int:
    """Run images (n, channels, height, width) on the RTL, and return how many logits are equal.

    Raises MismatchError, with the first image, unless every one equals the golden model's.
    """
    expected = forward(network, images)
    (found,) = backend.logits([network], images)
    differing = np.flatnonzero((found != expected).any(-1))
    if differing.size:
        first = int(differing[0])
        raise MismatchError(
            f"image {first}: logits {found[first].tolist()}, not {expected[first].tolist()}"
        )
    return int(expected.size)
