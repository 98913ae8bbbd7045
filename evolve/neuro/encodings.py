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

from evoarray.evolution.bits import crossed, flipped
from evoarray.evolution.neuro.weights import Form, quantised
from evoarray.model.neuro.arithmetic import LARGEST, Int8
from evoarray.model.neuro.network import Network

GROUPS, NONE = 15, 7
"""Of connections that share a weight, and the one whose weight is 0."""

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


class Grouped(Integers):
    """Connections in groups that share a weight: the number of each gene's group, then the weights.

    So a connection costs four bits. The weight of the middle group is always 0. E. Falkenauer,
    Genetic Algorithms and Grouping Problems, 1998, has the idea, and other operators.
    """

    def start(self, count: int, rng: np.random.Generator) -> Rows:
        """Return groups, a part `density` of them not the middle one, and evenly spaced weights.

        All individuals begin with the same weights, so that a group is the same thing in both
        parents of a child.
        """
        size = (count, self.form.genes)
        others = rng.integers(0, GROUPS - 1, size)
        others += others >= NONE
        members = np.where(rng.random(size) < self.density, others, NONE)
        weights = np.tile(spaced(GROUPS, self.spread), (count, 1))
        return np.concatenate([members.astype(np.int8), weights], 1)

    def mutate(self, rows: Rows, rng: np.random.Generator) -> Rows:
        """Send a part of the genes to other groups, and change as large a part of the weights."""
        members, weights = np.split(rows, [self.form.genes], 1)
        moved = rng.random(members.shape) < self.rate
        groups = rng.integers(0, GROUPS, members.shape).astype(np.int8)
        weights = super().mutate(weights, rng)
        weights[:, NONE] = 0
        return np.concatenate([np.where(moved, groups, members), weights], 1)

    def genes(self, rows: Rows) -> Int8:
        """Return the weight of each gene's group."""
        members, weights = np.split(rows, [self.form.genes], -1)
        found: Int8 = np.take_along_axis(weights, members.astype(np.intp), -1)
        return found


class Permutation(Encoding):
    """Weights that are given and stay: a row says which of them stands at each gene.

    Y. Qiu and R. Suda, Train-by-Reconnect: Decoupling Locations of Weights from Their Values,
    NeurIPS 2020, permute what was drawn at random; here the part `density` of the weights is
    evenly spaced from -spread to spread, and the others are 0.
    """

    dtype = np.int32

    def start(self, count: int, rng: np.random.Generator) -> Rows:
        """Return permutations, all as likely."""
        every = np.arange(self.form.genes, dtype=self.dtype)
        return rng.permuted(np.tile(every, (count, 1)), axis=1)

    def mutate(self, rows: Rows, rng: np.random.Generator) -> Rows:
        """Swap genes with others, so many that about a part `rate` of them changes."""
        changed, counts = rows.copy(), rng.binomial(rows.shape[1], self.rate / 2, len(rows))
        for row, swaps in zip(changed, counts, strict=True):
            for one, other in rng.integers(0, rows.shape[1], (swaps, 2)):
                row[[one, other]] = row[[other, one]]
        return changed

    def cross(self, one: Rows, other: Rows, rng: np.random.Generator) -> Rows:
        """Return a child of each pair: whole cycles are either's, as likely.

        Every weight so stands where it stands in one of the parents. I. Oliver, D. Smith and
        J. Holland, A Study of Permutation Crossover Operators on the TSP, ICGA 1987.
        """
        cycle = cycles(one, other)
        return crossed(one, other, np.take_along_axis(rng.random(one.shape), cycle, 1))

    def genes(self, rows: Rows) -> Int8:
        """Return the weights at their places."""
        count = round(self.density * self.form.genes)
        weights = np.zeros(self.form.genes, np.int8)
        weights[:count] = spaced(count, self.spread)
        return weights[rows]


def spaced(count: int, spread: float) -> Int8:
    """Return so many weights, evenly spaced from -spread to spread."""
    return np.rint(np.linspace(-spread, spread, count)).astype(np.int8)


def cycles(one: Rows, other: Rows) -> NDArray[np.intp]:
    """Return in which cycle each place is of two permutations (n, places), by its least place.

    From a place the cycle goes to where `one` has what `other` has there. The least place of each
    cycle is found in steps that double.
    """
    there = np.take_along_axis(one.argsort(1), other, 1)
    least = np.tile(np.arange(one.shape[1]), (len(one), 1))
    for _ in range(one.shape[1].bit_length()):
        least = np.minimum(least, np.take_along_axis(least, there, 1))
        there = np.take_along_axis(there, there, 1)
    return least


def steps(mean: float, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return whole steps, geometrically distributed with this mean size, as often up as down."""
    sizes = rng.geometric(1 / mean, shape)
    return np.where(rng.random(shape) < 0.5, sizes, -sizes)
