# SPDX-License-Identifier: Apache-2.0
"""An evolution without images: a fitness that any test can compute by hand, and its children."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.filter.tribe import AskEvaluateTell
from evoarray.evolution.rng import Random
from evoarray.model.filter.circuit import Genes

Numbers = NDArray[np.int64]


class Landscape(AskEvaluateTell):
    """A fitness without images: how far each gene is from a target, and what was asked.

    too_high gives what to report, for its limit, where an SAE is above that.
    """

    def __init__(self, too_high: Callable[[Numbers], Numbers] | None = None) -> None:
        self.target = 3
        self.batches: list[list[list[int]]] = []
        self.limits: list[Numbers | None] = []
        self._too_high = too_high

    def evaluate(self, batch: Genes, limits: Numbers | None = None, /) -> Numbers:
        self.batches.append(batch.tolist())
        self.limits.append(limits)
        saes = self.saes(batch)
        if self._too_high is None or limits is None:
            return saes
        return np.where(saes > limits, self._too_high(limits), saes)

    def saes(self, batch: Genes) -> Numbers:
        saes: Numbers = np.abs(batch.astype(np.int64) - self.target).sum(axis=1)
        return saes


def drawn_child(parent: list[int], generator: Random, limits: list[int], rate: int) -> list[int]:
    """Return a child by the rule of the document: k times a position, then a value."""
    child = list(parent)
    for _ in range(rate):
        position = generator.below(len(parent))
        child[position] = generator.below(limits[position])
    return child
