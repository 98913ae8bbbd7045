# SPDX-License-Identifier: Apache-2.0
"""How the weights of a network are written as numbers, and how those vary.

A population is an array whose rows are individuals. All encodings come to the same int8 genes
(evolve/neuro/weights.py); they differ in what a small step is, and in what parents pass on.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from evolve.networks.bits import crossed, flipped
from evolve.neuro.weights import Form, quantised
from model.neuro.arithmetic import LARGEST, Int8
from model.neuro.network import Network

Rows = NDArray[Any]


@dataclass(frozen=True)
class Encoding(ABC):
    """An encoding of networks of one form.

    spread is the size of weights at the start, density the part of them that is not 0 then; step is
    the size of a change, rate the part of the numbers that a mutation changes.
    """

    form: Form
    spread: float
    density: float
    step: float
    rate: float

    dtype: ClassVar[type[np.generic]]

    @abstractmethod
    def start(self, count: int, rng: np.random.Generator) -> Rows:
        """Return individuals (count, numbers) to begin with."""

    @abstractmethod
    def mutate(self, rows: Rows, rng: np.random.Generator) -> Rows:
        """Return changed copies of individuals (n, numbers)."""

    @abstractmethod
    def genes(self, rows: Rows) -> Int8:
        """Return the genes (..., genes) int8 of individuals (..., numbers)."""

    def cross(self, one: Rows, other: Rows, rng: np.random.Generator) -> Rows:
        """Return a child of each pair (n, numbers); each number is either's, as likely.

        G. Syswerda, Uniform Crossover in Genetic Algorithms, ICGA 1989.
        """
        return crossed(one, other, rng.random(one.shape))

    def individual(self, row: Any) -> "Individual":
        """Return an individual of a row (numbers,), also of one that came from JSON."""
        return Individual(self, np.asarray(row, self.dtype))


@dataclass(frozen=True, eq=False)
class Individual:
    """A row (numbers,) of a population, as a genome."""

    encoding: Encoding
    row: Rows

    def network(self) -> Network:
        """See Genome.network."""
        return self.encoding.form.network(self.encoding.genes(self.row))

    def to_json(self) -> Any:
        """See Genome.to_json."""
        return self.row.tolist()


class Integers(Encoding):
    """A vector of int8 genes, which changes in whole steps."""

    dtype = np.int8

    def start(self, count: int, rng: np.random.Generator) -> Rows:
        """Return genes that are 0, or whole numbers from -spread to spread as likely."""
        size = (count, self.form.genes)
        most = round(self.spread)
        values = rng.integers(-most, most, size, endpoint=True).astype(np.int8)
        return np.where(rng.random(size) < self.density, values, np.int8(0))

    def mutate(self, rows: Rows, rng: np.random.Generator) -> Rows:
        """Change a part of the genes by steps, up or down, of geometrically distributed size."""
        changes = np.where(rng.random(rows.shape) < self.rate, steps(self.step, rows.shape, rng), 0)
        changed: Rows = np.clip(rows + changes, -LARGEST, LARGEST).astype(np.int8)
        return changed

    def genes(self, rows: Rows) -> Int8:
        """Return the rows themselves."""
        return rows


class Masked(Integers):
    """A binary vector beside the integers: which connections there are, bits first, then genes.

    A connection that goes and comes again has its old weight.
    """

    def start(self, count: int, rng: np.random.Generator) -> Rows:
        """Return bits, 1 with the probability `density`, before genes that are all drawn."""
        bits = rng.random((count, self.form.genes)) < self.density
        dense = Integers(self.form, self.spread, 1.0, self.step, self.rate)
        return np.concatenate([bits.astype(np.int8), dense.start(count, rng)], 1)

    def mutate(self, rows: Rows, rng: np.random.Generator) -> Rows:
        """Flip a part of the bits, and change as large a part of the genes."""
        bits, genes = np.split(rows, 2, 1)
        changed = flipped(bits, rng.random(bits.shape), self.rate)
        return np.concatenate([changed, super().mutate(genes, rng)], 1)

    def genes(self, rows: Rows) -> Int8:
        """Return the genes where bits are 1, and 0 elsewhere."""
        bits, genes = np.split(rows, 2, -1)
        found: Int8 = bits * genes
        return found


class Continuous(Encoding):
    """A vector of real numbers, which are rounded where the network is made."""

    dtype = np.float64

    def start(self, count: int, rng: np.random.Generator) -> Rows:
        """Return numbers that are 0, or normally distributed with the deviation `spread`."""
        size = (count, self.form.genes)
        return np.where(rng.random(size) < self.density, rng.normal(0, self.spread, size), 0.0)

    def mutate(self, rows: Rows, rng: np.random.Generator) -> Rows:
        """Add normally distributed numbers of the deviation `step` to a part of them."""
        changes = rng.normal(0, self.step, rows.shape)
        return rows + np.where(rng.random(rows.shape) < self.rate, changes, 0.0)

    def genes(self, rows: Rows) -> Int8:
        """Return the nearest int8 values."""
        return quantised(rows)


def steps(mean: float, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return whole steps, geometrically distributed with this mean size, as often up as down."""
    sizes = rng.geometric(1 / mean, shape)
    return np.where(rng.random(shape) < 0.5, sizes, -sizes)
