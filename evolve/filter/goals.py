# SPDX-License-Identifier: Apache-2.0
"""What evolution makes as low as it can: the SAE, the squared error, or what a function says.

The whole evolution is in integers. A function's numbers are multiplied by SCALE and rounded, which
keeps their order as far as six places reach, so that a seed walks the same way on every backend.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evoarray.model.errors import InputError
from evoarray.model.filter.fitness import sae, squared_error
from evoarray.model.filter.functions import Plane

FITNESSES = ("sae", "squared", "own")

SCALE = 1_000_000
"""Of what a function says; 1 is so many."""

HIGHEST = 10**12
"""The highest number that a function may say of all pairs together: values have 64 bits."""

Cost: TypeAlias = Callable[[Plane, Plane], Any]
"""A function of a filtered image and the clean one, both (H, W) uint8: the lower, the better."""


@dataclass(frozen=True)
class Batched:
    """A Cost that is asked about many images at once.

    function takes filtered images (n, H, W) uint8 and the clean one (H, W) uint8, and returns n
    numbers. How many come at once, and of which tribes, may depend on the number of workers.
    """

    function: Callable[[NDArray[np.uint8], Plane], Any]

    def __call__(self, filtered: NDArray[np.uint8], clean: Plane, /) -> Any:
        """Return the numbers of filtered images."""
        return self.function(filtered, clean)


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

    @property
    def is_known(self) -> bool:
        """Whether images can be judged: the function is gone where a run is only read."""
        return self.fitness != "own" or self.cost is not None

    def of(self, filtered: NDArray[np.uint8], clean: Plane) -> list[int]:
        """Return the values of filtered images (n, H, W) uint8.

        Raises InputError if a function says anything but numbers from 0 to HIGHEST.
        """
        if self.fitness != "own":
            error = sae if self.fitness == "sae" else squared_error
            return [error(image, clean) for image in filtered]
        assert self.cost is not None
        clean = clean.view()
        clean.flags.writeable = False  # what a function changes here it would change for all
        if not isinstance(self.cost, Batched):
            return [self._counted(self.cost(image, clean)) for image in filtered]
        # As objects, so that lists of several lengths are told from numbers by _counted.
        numbers = np.asarray(self.cost(filtered, clean), object)
        if numbers.shape != (len(filtered),):
            raise InputError(
                f"{_called(self.cost)} returns an array {numbers.shape} for filtered images "
                f"{filtered.shape}; it must return ({len(filtered)},), a number for each image"
            )
        return [self._counted(number) for number in numbers.tolist()]

    def of_all(self, filtered: Sequence[NDArray[np.uint8]], clean: Sequence[Plane]) -> list[int]:
        """Return the values of n circuits, of which each pair has images (n, H, W) uint8.

        Raises InputError as `of` does, also for a sum above HIGHEST.
        """
        sums = [sum(values) for values in zip(*map(self.of, filtered, clean), strict=True)]
        if self.fitness == "own" and max(sums, default=0) > HIGHEST * SCALE:
            raise InputError(
                f"{_called(self.cost)} says {max(sums) / SCALE:g} of {len(clean)} images together; "
                f"it must be a number from 0 to {HIGHEST:.0e}"
            )
        return sums

    def _counted(self, said: Any) -> int:
        """Return a number as evolution counts it."""
        try:
            number = float(said)
        except (TypeError, ValueError, OverflowError):
            number = float("nan")
        if not isfinite(number) or not 0 <= number <= HIGHEST:
            raise InputError(
                f"{_called(self.cost)} says {said!r} of an image; it must be a number from 0 to "
                f"{HIGHEST:.0e}, the lower, the better"
            )
        return round(number * SCALE)


SAE = Goal()


def _called(cost: Cost | None) -> str:
    function = cost.function if isinstance(cost, Batched) else cost
    return str(getattr(function, "__qualname__", function))
