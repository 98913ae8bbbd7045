# SPDX-License-Identifier: Apache-2.0
"""What genetic algorithms on networks of any size do alike: the fittest of all survive."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from evoarray.evolution.neuro.algorithm import Algorithm, G, Reals


class Survivors(Algorithm[G]):
    """A population, the fittest first, in which the best of parents and children survive.

    Of equals the younger one does, so that what makes no difference yet can go on changing. The
    settings have population, its size.
    """

    def __init__(self, settings: Any, rng: np.random.Generator) -> None:
        super().__init__(settings, rng)
        self.population: list[tuple[G, float]] = []

    @abstractmethod
    def _first(self) -> G:
        """Return a random genome, for the start."""

    @abstractmethod
    def _children(self) -> Sequence[G]:
        """Return what is to compete with the population."""

    def _ask(self) -> Sequence[G]:
        if not self.population:
            return [self._first() for _ in range(self.settings.population)]
        return self._children()

    def _tell(self, asked: Sequence[G], fitness: Reals) -> None:
        everyone = [*zip(asked, fitness.tolist(), strict=True), *self.population]
        everyone.sort(key=lambda each: -each[1])  # stable: of equals the younger come first
        self.population = everyone[: self.settings.population]

    def _state(self) -> Any:
        return [[genome.to_json(), fitness] for genome, fitness in self.population]

    def _restore(self, state: Any) -> None:
        self.population = [(self.genome(data), float(fitness)) for data, fitness in state]

    def count(self, name: str) -> None:
        """Count that something happened."""
        self.counters[name] = self.counters.get(name, 0) + 1
