# SPDX-License-Identifier: Apache-2.0
"""Species, in which what is new competes with its like alone (paper, 3.3)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evoarray.evolution.neuro.algorithm import Reals
from evoarray.evolution.neuro.neat.genome import Genome

STAGNATION = 15
"""Generations without a better genome after which a species has no more children (4.1)."""

REFOCUS = 20
"""Generations without a better genome at all after which only two species have children (3.3)."""


@dataclass
class Species:
    """Genomes near a representative: positions in the population, the best fitness ever, and when.

    A species that has not been evaluated yet has no best fitness.
    """

    representative: Genome
    improved: int
    best: float | None = None
    members: list[int] = field(default_factory=list)

    def remember(self, fitness: Reals, generation: int) -> None:
        """Take note of the fitness of the members."""
        found = float(fitness[self.members].max())
        if self.best is None or found > self.best:
            self.best, self.improved = found, generation

    def to_json(self) -> dict[str, Any]:
        """Return what from_json makes a species of."""
        return {**vars(self), "representative": self.representative.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Species":
        """Return the species of which to_json made this data."""
        return cls(**{**data, "representative": Genome.from_json(data["representative"])})


def speciate(
    genomes: Sequence[Genome],
    species: Sequence[Species],
    near: Callable[[Genome, Genome], bool],
    generation: int,
) -> list[Species]:
    """Put each genome into the first species that is near, or into a new one; drop empty ones."""
    found = [Species(each.representative, each.improved, each.best) for each in species]
    for number, genome in enumerate(genomes):
        home = next((each for each in found if near(each.representative, genome)), None)
        if home is None:
            found.append(home := Species(genome, generation))
        home.members.append(number)
    return [each for each in found if each.members]


def breeding(
    species: Sequence[Species], fitness: Reals, generation: int, improved: int
) -> list[Species]:
    """Return the species that may have children, the fittest first.

    improved is the generation that had the best genome of all. The species with the best genome of
    now always may have children, which the paper does not say: else there might be none.
    """
    order = sorted(species, key=lambda each: -float(fitness[each.members].max()))
    if generation - improved > REFOCUS:
        return order[:2]
    fresh = [each for each in order[1:] if generation - each.improved <= STAGNATION]
    return [order[0], *fresh]


def offspring(species: Sequence[Species], fitness: Reals, children: int) -> list[int]:
    """Return how many children each species has, `children` in all, by shared fitness (3.3).

    A genome's fitness is divided by the size of its species, and their sum is the species' share.
    As fitness may be negative here, that of the worst genome counts as 0. What is left after
    rounding down goes to the largest remainders.
    """
    worst = min(float(fitness[each.members].min()) for each in species)
    shares = np.array([float((fitness[each.members] - worst).mean()) for each in species])
    if not shares.any():
        shares[:] = 1.0
    exact = children * shares / shares.sum()
    counts = np.floor(exact).astype(np.int64)
    left = children - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:left]] += 1
    return [int(count) for count in counts]
