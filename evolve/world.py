# SPDX-License-Identifier: Apache-2.0
"""All that an evolution is at a moment and needs to go on: a checkpoint is this as JSON."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evolve.rng import Random
from evolve.tribe import Tribe
from model.circuit import Genes


@dataclass
class World:
    """The living tribes, what they have spent, and the best circuit that any had.

    evaluations are those of all tribes and of all attempts at crossover; age is how many each of
    the first tribes had. random is for what happens between tribes; founded counts the tribes that
    ever were; improved is `evaluations` when the best SAE fell last; counters tell what happened.
    """

    tribes: list[Tribe]
    random: Random
    best: Genes
    sae: int
    founded: int
    evaluations: int = 0
    age: int = 0
    improved: int = 0
    counters: Counter[str] = field(default_factory=Counter)

    def remember(self) -> None:
        """Keep the best circuit of the tribes if it is better than any before."""
        champion = self.champion
        if champion.sae < self.sae:
            self.best, self.sae, self.improved = champion.genes, champion.sae, self.evaluations

    @property
    def champion(self) -> Tribe:
        """The best living tribe; of equals the first."""
        return min(self.tribes, key=lambda tribe: tribe.sae)

    @property
    def worst(self) -> Tribe:
        """The worst living tribe; of equals the first."""
        return max(self.tribes, key=lambda tribe: tribe.sae)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "tribes": [_tribe_as_json(tribe) for tribe in self.tribes],
            "random": [self.random.state, self.random.increment],
            "best": self.best.tolist(),
            "sae": self.sae,
            "founded": self.founded,
            "evaluations": self.evaluations,
            "age": self.age,
            "improved": self.improved,
            "counters": dict(self.counters),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "World":
        """Return the world of which as_json made this data. Raises KeyError or TypeError."""
        rest = ("sae", "founded", "evaluations", "age", "improved")
        return cls(
            tribes=[_tribe_from_json(tribe) for tribe in data["tribes"]],
            random=Random(*data["random"]),
            best=np.array(data["best"], np.uint8),
            counters=Counter(data["counters"]),
            **{name: int(data[name]) for name in rest},
        )


def _tribe_as_json(tribe: Tribe) -> dict[str, Any]:
    return {
        "genes": tribe.genes.tolist(),
        "sae": tribe.sae,
        "random": [tribe.random.state, tribe.random.increment],
        "evaluations": tribe.evaluations,
        "accepted": tribe.accepted,
        "number": tribe.number,
    }


def _tribe_from_json(data: Mapping[str, Any]) -> Tribe:
    return Tribe(
        np.array(data["genes"], np.uint8),
        data["sae"],
        Random(*data["random"]),
        data["evaluations"],
        data["accepted"],
        data["number"],
    )
