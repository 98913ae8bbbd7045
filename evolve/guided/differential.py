# SPDX-License-Identifier: Apache-2.0
"""Differential evolution of real vectors, as operators of a guided evolution.

R. Storn, On the Usage of Differential Evolution for Function Optimization, NAFIPS 1996.
"""

from dataclasses import dataclass

import numpy as np

from evoarray.evolution.guided.problems import Function, Reals
from evoarray.evolution.guided.settings import GuidedSettings


@dataclass(frozen=True)
class Vectors:
    """Points of a function's domain. A child has parts of a + F (b - c), a, b and c its mates."""

    settings: GuidedSettings
    function: Function

    mates = 3

    @property
    def start_draws(self) -> int:
        """One for each number."""
        return self.settings.dimensions

    @property
    def draws(self) -> int:
        """One for each number, and one for that which is new in any case."""
        return self.settings.dimensions + 1

    @property
    def radius(self) -> float:
        """Half the side of the domain."""
        return self.settings.radius or self.function.radius

    def start(self, draws: Reals) -> Reals:
        """Return points (..., D), spread over the domain or normally."""
        if self.settings.start == "uniform":
            return (2 * draws - 1) * self.radius
        from scipy.special import ndtri

        lowest = np.finfo(np.float64).tiny  # of a draw of 0 the deviation would be infinite
        deviations = ndtri(np.maximum(draws, lowest))
        points: Reals = np.clip(deviations / 3, -1.0, 1.0) * self.radius
        return points

    def breed(self, target: Reals, mates: Reals, draws: Reals) -> Reals:
        """See Operators.breed."""
        dimensions = self.settings.dimensions
        base, plus, minus = (mates[:, :, number] for number in range(3))
        mutant = base + self.settings.factor * (plus - minus)
        always = np.floor(draws[..., dimensions:] * dimensions) == np.arange(dimensions)
        new = (draws[..., :dimensions] <= self.settings.crossover_rate) | always
        child = np.where(new, mutant, base if self.settings.crosses == "mate" else target)
        return child if self.settings.beyond == "keep" else child.clip(-self.radius, self.radius)

    def errors(self, genes: Reals) -> Reals:
        """See Operators.errors."""
        # In this order of memory, sums do not depend on how many runs there are.
        return self.function.errors(np.ascontiguousarray(genes))
