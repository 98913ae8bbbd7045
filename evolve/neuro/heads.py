# SPDX-License-Identifier: Apache-2.0
"""Children of a CNN that differ from it in the last layer alone, its head.

What the head reads is the same in all of them, so a backend need compute it but once: to the head
it is an image, and the head a network of its own with one layer (evolve/neuro/increments.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np

from evoarray.evolution.neuro.cnn import Cnn, normal_steps
from evoarray.evolution.neuro.encodings import Individual, Integers
from evoarray.evolution.neuro.mutants import MOST_CHANGES, Mutants, few_changes
from evoarray.evolution.neuro.weights import Form
from evoarray.model.neuro.arithmetic import LARGEST


@dataclass(frozen=True, eq=False)
class Heads(Sequence[Cnn]):
    """Children of a CNN, kept as what differs in their heads."""

    parent: Cnn
    mutants: Mutants

    def __len__(self) -> int:
        return len(self.mutants)

    @overload
    def __getitem__(self, index: int) -> Cnn: ...
    @overload
    def __getitem__(self, index: slice) -> list[Cnn]: ...
    def __getitem__(self, index: int | slice) -> Cnn | list[Cnn]:
        """Return children as genomes of their own."""
        if isinstance(index, slice):
            return [with_head(self.parent, each) for each in self.mutants[index]]
        return with_head(self.parent, self.mutants[index])


def heads(parent: Cnn, count: int, step: float, rng: np.random.Generator) -> Heads:
    """Draw children that differ from their parent in one to three weights of the head."""
    head = head_of(parent)
    genes, shape = head.row, (count, MOST_CHANGES)
    positions = rng.integers(len(genes), size=shape)
    moved = genes[positions] + normal_steps(step, shape, rng)
    values = moved.clip(-LARGEST, LARGEST).astype(np.int8)
    return Heads(parent, few_changes(head, positions, values, rng))


def head_of(cnn: Cnn) -> Individual:
    """Return the head of a CNN as genes, as those of Form are: a unit's bias is one of them."""
    kernel = cnn.kernels[-1]
    units = len(kernel.weights)
    bias = (kernel.bias // LARGEST)[:, np.newaxis].astype(np.int8)
    genes = np.concatenate([kernel.weights.reshape(units, -1), bias], 1)
    form = Form((genes.shape[1] - 1, 1, 1), (units,))
    return Integers(form, 1.0, 1.0, 1.0, 0.0).individual(genes.ravel())


def with_head(cnn: Cnn, head: Individual) -> Cnn:
    """Return a CNN with another head of the same form; all other kernels are the same objects."""
    last = cnn.kernels[-1]
    genes = head.row.reshape(len(last.weights), -1)
    bias = genes[:, -1].astype(np.int32) * LARGEST
    kernel = replace(last, weights=genes[:, :-1].reshape(last.weights.shape), bias=bias)
    return Cnn(cnn.architecture, (*cnn.kernels[:-1], kernel))
