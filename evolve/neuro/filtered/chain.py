# SPDX-License-Identifier: Apache-2.0
"""A circuit and the network behind it, on many images at once, and how good they are together.

Between the two, whatever the circuit gives above 127 becomes 127, the largest input of the network.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evoarray.evolution.neuro.algorithm import Reals
from evoarray.evolution.neuro.backends import Backend
from evoarray.evolution.neuro.data import Part
from evoarray.evolution.neuro.fitness import Fitness, FitnessSettings
from evoarray.model.filter.activity import used
from evoarray.model.filter.array import run
from evoarray.model.filter.baselines import median3x3
from evoarray.model.filter.circuit import Circuit, Shape
from evoarray.model.filter.functions import Plane
from evoarray.model.neuro.arithmetic import LARGEST, Int8
from evoarray.model.neuro.network import Network
from evoarray.model.window import windows

UNUSED = np.uint8(255)
"""Stands for the value of a gene that has no effect; no gene has it."""


@dataclass(frozen=True, eq=False)
class Chain:
    """A genome: the genes are the circuit's; the network is the same for all."""

    circuit: Circuit
    classifier: Network

    def network(self) -> Network:
        """Return the network behind the circuit."""
        return self.classifier

    def to_json(self) -> list[int]:
        """See Genome.to_json."""
        return [int(gene) for gene in self.circuit.genes]


class ChainFitness:
    """The fitness of chains on the images of a part, whose planes of windows are made once.

    The circuits run on the golden model (model/filter/array.py), the networks on the backend. Most
    children differ from their parent in genes without effect, so what is known is not run again.
    """

    def __init__(self, settings: FitnessSettings, part: Part, backend: Backend) -> None:
        self._settings, self._part, self._backend = settings, part, backend
        self._planes = planes_of(part.images)
        self._known: dict[tuple[Network, Shape, bytes], tuple[int, float]] = {}

    def __call__(self, chains: Sequence[Chain]) -> Reals:
        """Return the fitness (chains,) float64; higher is better."""
        return np.array([self._look(chain)[1] for chain in chains])

    @property
    def count(self) -> int:
        """See loop.Judge."""
        return len(self._part.labels)

    def right(self, chain: Chain) -> int:
        """Return how many images the network takes for what they are, behind the circuit."""
        return self._look(chain)[0]

    def _look(self, chain: Chain) -> tuple[int, float]:
        circuit, network = chain.circuit, chain.classifier
        genes = np.where(used(circuit), circuit.genes, UNUSED)
        key = network, circuit.shape, genes.tobytes()
        if key not in self._known:
            images = filtered(circuit, self._planes, len(self._part.images))
            fitness = Fitness(self._settings, images, self._part.labels, self._backend)
            measured = fitness.measure([network])
            self._known[key] = int(measured.right[0]), float(fitness.of(measured)[0])
        return self._known[key]


def planes_of(images: Int8) -> Plane:
    """Return the windows of images (n, 1, height, width) int8 0..127, one below the other.

    They are (9, n * height, width) uint8. Each image's edges are replicated, as if it were alone.
    """
    each = [windows(image) for image in images[:, 0].astype(np.uint8)]
    return np.concatenate(each, axis=1)


def filtered(circuit: Circuit, planes: Plane, count: int) -> Int8:
    """Return what a circuit makes of so many images, (count, 1, height, width) int8 0..127."""
    result = np.minimum(run(circuit, planes), LARGEST).astype(np.int8)
    return result.reshape(count, 1, -1, result.shape[-1])


def medians(images: Int8) -> Int8:
    """Return the 3x3 median of images (n, 1, height, width) int8 0..127, each for itself."""
    each = [median3x3(image) for image in images[:, 0].astype(np.uint8)]
    return np.stack(each)[:, np.newaxis].astype(np.int8)
