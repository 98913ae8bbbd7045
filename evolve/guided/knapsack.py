# SPDX-License-Identifier: Apache-2.0
"""The knapsack problem: which items, of a limited weight together, are worth most."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.bits import crossed, flipped
from evoarray.evolution.guided.problems import Reals
from evoarray.evolution.guided.settings import GuidedSettings

Bits: TypeAlias = NDArray[np.int8]

HEAVIEST = 1000


@dataclass(frozen=True)
class Knapsack:
    """The weights and profits (n,) int64 of items, all positive, and how much may be carried."""

    weights: NDArray[np.int64]
    profits: NDArray[np.int64]
    capacity: int

    @cached_property
    def optimum(self) -> int:
        """The highest profit, by dynamic programming over capacities (R. Bellman, 1957)."""
        best = np.zeros(self.capacity + 1, np.int64)
        for weight, profit in zip(self.weights.tolist(), self.profits.tolist(), strict=True):
            if weight <= self.capacity:
                best[weight:] = np.maximum(best[weight:], best[: len(best) - weight] + profit)
        return int(best[-1])

    def repair(self, chosen: Bits) -> Bits:
        """Return what of the chosen items (..., n) can be carried.

        Items are packed in the order of their profit per weight, each if it still fits.
        """
        order = (-self.profits / self.weights).argsort(kind="stable")
        packed = np.zeros_like(chosen)
        load = np.zeros(chosen.shape[:-1], np.int64)
        for item in order:
            fits = (chosen[..., item] == 1) & (load + self.weights[item] <= self.capacity)
            packed[..., item] = fits
            load += fits * self.weights[item]
        return packed


def random_knapsack(items: int, seed: int) -> Knapsack:
    """Return items with profits near their weights, of which half can be carried.

    These are the "weakly correlated" ones of D. Pisinger, Where are the hard knapsack problems?,
    Computers & Operations Research 32, 2005.
    """
    random = np.random.default_rng(seed)
    weights = random.integers(1, HEAVIEST, items, endpoint=True)
    near = HEAVIEST // 10
    profits = np.maximum(1, weights + random.integers(-near, near, items, endpoint=True))
    return Knapsack(weights, profits, max(int(weights.max()), int(weights.sum()) // 2))


@dataclass(frozen=True)
class Knapsacks:
    """Individuals tell of each item whether it is carried, (..., n) int8; none is too heavy."""

    settings: GuidedSettings
    problem: Knapsack

    mates = 1

    @property
    def start_draws(self) -> int:
        """One for each item."""
        return len(self.problem.weights)

    @property
    def draws(self) -> int:
        """Two for each item: whose it is, and whether it changes."""
        return 2 * len(self.problem.weights)

    def start(self, draws: Reals) -> Bits:
        """See Operators.start."""
        return self.problem.repair((draws < 0.5).astype(np.int8))

    def breed(self, target: Bits, mates: Bits, draws: Reals) -> Bits:
        """Cross uniformly, flip bits, and repair."""
        whose, flips = np.split(draws, 2, -1)
        child = crossed(target, mates[:, :, 0], whose)
        return self.problem.repair(flipped(child, flips, self.settings.mutation_rate))

    def errors(self, genes: Bits) -> Reals:
        """Return what part of the highest profit is missed."""
        profits = (genes * self.problem.profits).sum(-1)
        missed: Reals = 1 - profits / self.problem.optimum
        return missed
