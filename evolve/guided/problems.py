# SPDX-License-Identifier: Apache-2.0
"""Functions of real numbers to be minimised, with their domains and minima."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import e
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Reals: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Function:
    """A function of points (..., D) float64, one value for each.

    Its domain reaches from -radius to radius in every dimension. minimum is the lowest value there,
    which minima take, in two dimensions.
    """

    formula: Callable[[Reals], Reals]
    radius: float
    minimum: float
    minima: Sequence[tuple[float, float]]
    any_dimensions: bool = False

    def errors(self, points: Reals) -> Reals:
        """Return how far the values of points (..., D) lie above the minimum, (...) float64."""
        return np.maximum(self.formula(points) - self.minimum, 0.0)


def ackley(x: Reals) -> Reals:
    """D. Ackley, A Connectionist Machine for Genetic Hillclimbing, 1987, in any dimensions."""
    distance = np.sqrt((x * x).mean(-1))
    waves = np.cos(2 * np.pi * x).mean(-1)
    found: Reals = -20 * np.exp(-0.2 * distance) - np.exp(waves) + 20 + e
    return found


def beale(x: Reals) -> Reals:
    """E. Beale, On an Iterative Method for Finding a Local Minimum, 1958."""
    a, b = x[..., 0], x[..., 1]
    found: Reals = (1.5 - a + a * b) ** 2 + (2.25 - a + a * b**2) ** 2 + (2.625 - a + a * b**3) ** 2
    return found


def camel(x: Reals) -> Reals:
    """Six-hump camel back (L. Dixon and G. Szego, Towards Global Optimisation 2, 1978)."""
    a, b = x[..., 0], x[..., 1]
    found: Reals = (4 - 2.1 * a**2 + a**4 / 3) * a**2 + a * b + (4 * b**2 - 4) * b**2
    return found


def sphere(x: Reals) -> Reals:
    """Return the sum of squares (K. De Jong's first function, 1975), in any dimensions."""
    found: Reals = (x * x).sum(-1)
    return found


_HUMP = (0.08984201368301331, -0.7126564032704135)

FUNCTIONS: Mapping[str, Function] = {
    "ackley": Function(ackley, 32.0, 0.0, [(0.0, 0.0)], any_dimensions=True),
    "beale": Function(beale, 4.5, 0.0, [(3.0, 0.5)]),
    "camel": Function(camel, 5.0, -1.031628453489877, [_HUMP, (-_HUMP[0], -_HUMP[1])]),
    "sphere": Function(sphere, 5.12, 0.0, [(0.0, 0.0)], any_dimensions=True),
}
"""By name, with the domains of Llanos-Mosquera and others; for the sphere, which has none there,
that of De Jong."""
