# SPDX-License-Identifier: Apache-2.0
"""Children of one parent, kept as what differs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from evoarray.evolution.neuro.encodings import Individual, Integers
from evoarray.model.neuro.arithmetic import Int8, Int64

MOST_CHANGES = 3
MORE = 0.3
"""The probability of one more change in a child, as long as there are fewer than the most."""


@dataclass(frozen=True, eq=False)
class Mutants(Sequence[Individual]):
    """Children of one parent that differ from it in few genes: what differs is kept, not copied.

    Child i has the values (changes,) int8 at the positions (changes,) int64, of both the part from
    starts[i] to starts[i + 1], where positions ascend.
    """

    parent: Individual
    starts: Int64
    positions: Int64
    values: Int8

    def __len__(self) -> int:
        return len(self.starts) - 1

    @overload
    def __getitem__(self, index: int) -> Individual: ...
    @overload
    def __getitem__(self, index: slice) -> list[Individual]: ...
    def __getitem__(self, index: int | slice) -> Individual | list[Individual]:
        """Return children as genomes of their own."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        part = slice(self.starts[number], self.starts[number + 1])
        genes = self.parent.row.copy()
        genes[self.positions[part]] = self.values[part]
        return Individual(self.parent.encoding, genes)

    @property
    def nonzero(self) -> Int64:
        """Genes of each child that are not 0, (children,) int64."""
        before, now = self.parent.row[self.positions] != 0, self.values != 0
        sums = np.concatenate([[0], np.cumsum(now.astype(np.int64) - before)])
        more: Int64 = sums[self.starts[1:]] - sums[self.starts[:-1]]
        return np.count_nonzero(self.parent.row) + more


def few_changes(
    parent: Individual, positions: Int64, values: Int8, rng: np.random.Generator
) -> Mutants:
    """Return children with one to MOST_CHANGES of the changes (children, MOST_CHANGES) drawn."""
    more = rng.random((len(positions), MOST_CHANGES - 1)) < MORE
    there = np.concatenate(
        [np.ones((len(positions), 1), np.bool_), np.logical_and.accumulate(more, 1)], 1
    )
    for later in range(1, MOST_CHANGES):  # of changes at one position the first counts
        twice = (positions[:, later, np.newaxis] == positions[:, :later]) & there[:, :later]
        there[:, later] &= ~twice.any(1)
    order = positions.argsort(1)
    positions, values, there = (
        np.take_along_axis(each, order, 1) for each in (positions, values, there)
    )
    starts = np.concatenate([[0], there.sum(1).cumsum()])
    return Mutants(parent, starts, positions[there], values[there])


def from_nothing(individuals: Sequence[Individual]) -> Mutants:
    """Return individuals of one encoding as children of the network whose weights are all 0."""
    first = individuals[0].encoding
    plain = Integers(first.form, first.spread, first.density, first.step, first.rate)
    genes = first.genes(np.stack([individual.row for individual in individuals]))
    children, positions = map(np.ascontiguousarray, np.nonzero(genes))
    starts = np.searchsorted(children, np.arange(len(genes) + 1))
    nothing = plain.individual(np.zeros(first.form.genes))
    return Mutants(nothing, starts, positions, genes[children, positions])
