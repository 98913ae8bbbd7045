# SPDX-License-Identifier: Apache-2.0
"""What evolution makes as low as it can: the SAE, the squared error, or what a function says.

The whole evolution is in integers. A function's numbers are multiplied by SCALE and rounded, which
keeps their order as far as six places reach, so that a seed walks the same way on every backend.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeAlias

from evoarray.model.errors import InputError
from evoarray.model.filter.fitness import sae, squared_error
from evoarray.model.filter.functions import Plane

FITNESSES = ("sae", "squared", "own")

SCALE = 1_000_000
"""Of what a function says; 1 is so many."""

HIGHEST = 10**12
"""The highest number that a function may say: an evolution counts in 64 bits."""

Cost: TypeAlias = Callable[[Plane, Plane], Any]
"""A function of a filtered image and the clean one, both (H, W) uint8: the lower, the better."""


@dataclass(frozen=True)
class Goal:
    """A fitness of FITNESSES, and the function of "own", which is None with the others."""

    fitness: str = "sae"
    cost: Cost | None = None

    @property
    def name(self) -> str:
        """What its values are called."""
        own = f"{_called(self.cost)} in millionths" if self.cost is not None else "cost, millionths"
        return {"sae": "SAE", "squared": "squared error"}.get(self.fitness, own)

    @property
    def key(self) -> str:
        """What its values are called in files."""
        return {"sae": "sae", "squared": "squared_error", "own": "cost"}[self.fitness]

    @property
    def axis(self) -> str:
        """What its values are called at an axis, with their unit."""
        units = {"sae": "SAE, grey levels", "squared": "squared error, grey levels squared"}
        return units.get(self.fitness, self.name)

    def value(self, counted: int) -> float:
        """Return a value as it was meant, not as evolution counts it."""
        return counted / SCALE if self.fitness == "own" else counted

    def of(self, filtered: Plane, clean: Plane) -> int:
        """Return the value of a filtered image (H, W) uint8.

        Raises InputError if a function says anything but a number from 0 to HIGHEST.
        """
        if self.cost is None:
            return sae(filtered, clean) if self.fitness == "sae" else squared_error(filtered, clean)
        said = self.cost(filtered, clean)
        try:
            number = float(said)
        except (TypeError, ValueError):
            number = float("nan")
        if not isfinite(number) or not 0 <= number <= HIGHEST:
            raise InputError(
                f"{_called(self.cost)} says {said!r} of an image; legal is a number from 0 to "
                f"{HIGHEST:.0e}, the lower, the better"
            )
        return round(number * SCALE)


SAE = Goal()


def _called(cost: Cost | None) -> str:
    return str(getattr(cost, "__qualname__", cost))
