# SPDX-License-Identifier: Apache-2.0
"""How good networks are: a whole population at once, the same number on every backend.

A backend only says the logits, which are integers. From them come integers again, how many images
are classified right and how many bits the labels cost, and from those the fitness by one formula:

    accuracy * right / images - smooth * bits / images - size * parameters / most

So the same networks have the same fitness, to the last bit, on any backend and in any order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from evoarray.evolution.neuro.algorithm import Genome, Reals
from evoarray.evolution.neuro.backends import Backend, FastBackend
from evoarray.evolution.neuro.encodings import Individual
from evoarray.evolution.neuro.heads import Heads
from evoarray.evolution.neuro.increments import Increments
from evoarray.evolution.neuro.mutants import Mutants, from_nothing
from evoarray.evolution.neuro.weights import Form
from evoarray.evolution.options import check, option
from evoarray.model.neuro.arithmetic import Int8, Int64
from evoarray.model.neuro.layers import Int32
from evoarray.model.neuro.network import Network

BIT = 1024
"""What the bits of `cost` are counted in: 1024 for one bit."""

MOST_BITS = 20
"""By how much a class counts as less likely than the likeliest one, at most."""


@dataclass(frozen=True)
class FitnessSettings:
    """The weights of the three terms. Raises InputError naming option, value and legal range.

    With a weight of `smooth` below 1 / (30 * images) the bits decide between networks alone that
    classify as many images right and are as large. 0.7, 0 and 0.3 are DeepGA's weights (but for the
    constant 0.3): G.-A. Vargas-Hakim, Universidad Veracruzana, 2021.
    """

    accuracy: float = option(1.0, "Of the part of the images that is right.", least=0.0)
    smooth: float = option(0.0, "Of the bits that an image's label costs.", least=0.0)
    scale: int = option(
        12, "Binary logarithm of the logit difference that counts as one bit.", least=10, most=24
    )
    size: float = option(0.0, "Of the parameters, as a part of the most there may be.", least=0.0)
    counts: str = option(
        "nonzero",
        "Parameters that the size penalty counts: all stored ones, or only those that are not 0.",
        choices=("nonzero", "stored"),
    )
    most: int = option(1, "Parameters, which count as the part 1.", least=1)

    def __post_init__(self) -> None:
        for each in fields(self):
            check(each.name, getattr(self, each.name), each.metadata)


class Measured(NamedTuple):
    """What networks come to on some images, (networks,) int64 each; bits are in 1 / 1024."""

    right: Int64
    bits: Int64
    parameters: Int64


class Fitness:
    """The fitness of networks on images (n, channels, height, width) int8, labels (n,) int64."""

    def __init__(
        self, settings: FitnessSettings, images: Int8, labels: Int64, backend: Backend
    ) -> None:
        self.settings, self.images, self.labels = settings, images, labels
        self._backend = backend
        self._increments: dict[Form, Increments] = {}
        self._body: tuple[object, ...] = ()
        self._head: Increments | None = None

    def __call__(self, genomes: Sequence[Genome]) -> Reals:
        """Return the fitness (genomes,) float64; higher is better."""
        if isinstance(self._backend, FastBackend):
            if isinstance(genomes, Mutants):
                return self.of(self._measure_mutants(genomes))
            if isinstance(genomes, Heads):
                return self.of(self._measure_heads(genomes, self._backend))
            rows = [genome for genome in genomes if isinstance(genome, Individual)]
            if len(rows) == len(genomes) and len({row.encoding for row in rows}) == 1:
                return self.of(self._measure_mutants(from_nothing(rows)))
        return self.of(self.measure([genome.network() for genome in genomes]))

    def of(self, measured: Measured) -> Reals:
        """Return the fitness (networks,) float64 of what they come to."""
        settings, count = self.settings, len(self.labels)
        found: Reals = (
            settings.accuracy * (measured.right / count)
            - settings.smooth * (measured.bits / (BIT * count))
            - settings.size * (measured.parameters / settings.most)
        )
        return found

    def measure(self, networks: Sequence[Network]) -> Measured:
        """Return what networks come to; bits are 0 where they have no weight."""
        logits = self._backend.logits(networks, self.images)
        right = (logits.argmax(-1) == self.labels).sum(-1)
        bits = np.zeros(len(networks), np.int64)
        if self.settings.smooth:
            bits = cost(logits, self.labels, self.settings.scale).sum(-1)
        sizes = [
            network.nonzero if self.settings.counts == "nonzero" else network.parameters
            for network in networks
        ]
        return Measured(right, bits, np.array(sizes, np.int64))

    @property
    def count(self) -> int:
        """How many images there are."""
        return len(self.labels)

    def right(self, genome: Genome) -> int:
        """Return how many images a genome's network takes for what they are."""
        return int(self.measure([genome.network()]).right[0])

    def _measure_mutants(self, mutants: Mutants) -> Measured:
        """Return what `measure` does of their networks, but compute what differs alone."""
        form = mutants.parent.encoding.form
        if form not in self._increments:
            arguments = (self.images, self.labels, self.settings.scale)
            self._increments[form] = Increments(form, *arguments)
        right, bits = self._increments[form].measure(mutants)
        sizes = np.full(len(mutants), form.genes)
        if self.settings.counts == "nonzero":
            sizes = mutants.nonzero
        return Measured(right, bits if self.settings.smooth else 0 * bits, sizes)

    def _measure_heads(self, heads: Heads, backend: FastBackend) -> Measured:
        """The same of CNNs that differ in their heads; what these read is kept for the next."""
        parent, mutants = heads.parent, heads.mutants
        body = parent.architecture, *parent.kernels[:-1]
        if self._head is None or body != self._body:
            features = backend.features(parent.network(), self.images)
            form = mutants.parent.encoding.form
            self._head = Increments(form, features, self.labels, self.settings.scale)
            self._body = body
        right, bits = self._head.measure(mutants)
        sizes = np.full(len(heads), parent.architecture.parameters)
        if self.settings.counts == "nonzero":
            sizes = mutants.nonzero + sum(
                np.count_nonzero(each.weights) + np.count_nonzero(each.bias)
                for each in parent.kernels[:-1]
            )
        return Measured(right, bits if self.settings.smooth else 0 * bits, sizes)


def cost(logits: Int32, labels: Int64, scale: int) -> Int64:
    """Return how many bits labels (n,) cost, (..., n) int64 in 1 / 1024.

    Logits are (..., n, k) int32.

    A class has a probability proportional to 2^(logit / 2^scale), and a label costs its negative
    logarithm to the base 2. That is softmax and cross-entropy, but in integers: between powers of
    two there are straight lines, which costs no accuracy here and leaves nothing to rounding.
    Differences of more than 20 bits count as 20. A scale is 10 .. 24.
    """
    # Differences need 32 bits, without a sign; shifts and masks of these are much the fastest way.
    largest = logits.max(-1, keepdims=True).astype(np.uint32)
    behind = np.minimum(largest - logits.astype(np.uint32) >> scale - 10, MOST_BITS * BIT)
    powers = (2 * BIT - (behind & BIT - 1) << 9) >> (behind >> 10)  # of two; 2^20 is one
    total = powers.sum(-1, dtype=np.int64)
    exponent = np.frexp(total.astype(np.float64))[1].astype(np.int64) - 1  # exact below 2^53
    logarithm = (exponent - 20) * BIT + (total >> exponent - 10) % BIT
    index = np.broadcast_to(labels[:, np.newaxis], (*behind.shape[:-1], 1))
    own = np.take_along_axis(behind, index, -1)[..., 0].astype(np.int64)
    found: Int64 = own + logarithm
    return found
