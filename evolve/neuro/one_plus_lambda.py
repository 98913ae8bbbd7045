# SPDX-License-Identifier: Apache-2.0
"""(1+lambda) evolution of int8 weights: a parent, and children that differ from it in few weights.

Weights that are 0 cost nothing, so connections come and go: a change makes a weight 0, or moves one
that is not, or moves any. Children say what they change, which lets a backend compute no more than
that (evolve/neuro/increments.py).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from evoarray.evolution.neuro.algorithm import Algorithm, Reals
from evoarray.evolution.neuro.encodings import Individual, Integers, steps
from evoarray.evolution.neuro.mutants import MOST_CHANGES, Mutants, few_changes
from evoarray.evolution.neuro.settings import NeuroSettings
from evoarray.model.neuro.arithmetic import LARGEST

COOLEST = 0.01
"""The temperature at the end, as a part of that at the start."""


class OnePlusLambda(Algorithm[Individual]):
    """The best child replaces its parent if it is not worse, or if annealing forgives by how much.

    I. Rechenberg, Evolutionsstrategie, 1973. That equal children do, too, lets changes gather which
    have no effect yet (J. Miller and P. Thomson, Cartesian Genetic Programming, 2000). What is
    forgiven is drawn each time, exponentially, with a mean that falls from `temperature` to a
    hundredth of it (S. Kirkpatrick and others, Optimization by Simulated Annealing, 1983).
    """

    settings: NeuroSettings

    def __init__(
        self, settings: NeuroSettings, encoding: Integers, rng: np.random.Generator
    ) -> None:
        super().__init__(settings, rng)
        self.encoding = encoding
        self.parent = encoding.individual(encoding.start(1, rng)[0])
        self.fitness: float | None = None
        self.counters["replacements"] = 0
        self.evaluations = 0

    def _ask(self) -> Sequence[Individual]:
        if self.fitness is None:
            return [self.parent]
        return self._mutants(self.settings.children)

    def _mutants(self, count: int) -> Mutants:
        """Draw children; each change is of one of three kinds."""
        genes, rng, settings = self.parent.row, self.rng, self.settings
        used = np.flatnonzero(genes) if genes.any() else np.arange(len(genes))
        shape = (count, MOST_CHANGES)
        kind, place = rng.random((2, *shape))
        zero, anywhere = kind < settings.zeroes, kind >= 1 - settings.anywhere
        positions = np.where(
            anywhere, (place * len(genes)).astype(np.int64), used[(place * len(used)).astype(int)]
        )
        # A weight that is new must be worth what it costs, for which it has to be large enough.
        moves = np.where(anywhere, 2, 1) * steps(settings.step, shape, rng)
        moved = np.clip(genes[positions] + moves, -LARGEST, LARGEST)
        values = np.where(zero, 0, moved).astype(np.int8)
        return few_changes(self.parent, positions, values, rng)

    def _tell(self, asked: Sequence[Individual], fitness: Reals) -> None:
        best = int(fitness.argmax())
        self.evaluations += len(fitness)
        if self.fitness is None:
            self.fitness = float(fitness[best])
        elif fitness[best] >= self.fitness - self._forgiven():
            self.parent, self.fitness = asked[best], float(fitness[best])
            self.counters["replacements"] += 1

    def _forgiven(self) -> float:
        """Return by how much a child may be worse than its parent."""
        if not self.settings.temperature:
            return 0.0
        spent = min(1.0, self.evaluations / self.settings.evaluations)
        mean = self.settings.temperature * COOLEST**spent
        return float(mean * self.rng.standard_exponential())

    def genome(self, data: Any) -> Individual:
        """See Algorithm.genome."""
        return self.encoding.individual(data)

    def _state(self) -> Any:
        return {
            "parent": self.parent.to_json(),
            "fitness": self.fitness,
            "evaluations": self.evaluations,
        }

    def _restore(self, state: Any) -> None:
        self.parent, self.fitness = self.genome(state["parent"]), state["fitness"]
        self.evaluations = state["evaluations"]
