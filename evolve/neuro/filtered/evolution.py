# SPDX-License-Identifier: Apache-2.0
"""(1+lambda) evolution of a circuit before a network that stays as it is."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from evoarray.evolution.filter.mutation import mutation_of_all_genes
from evoarray.evolution.filter.settings import Settings
from evoarray.evolution.neuro.algorithm import Algorithm, Reals
from evoarray.evolution.neuro.filtered.chain import Chain
from evoarray.evolution.neuro.filtered.settings import FilterSettings
from evoarray.evolution.rng import Random
from evoarray.model.filter.circuit import Genes, circuit_of, copy_filter
from evoarray.model.neuro.network import Network


class FilterEvolution(Algorithm[Chain]):
    """It begins with the circuit that lets everything pass, and redraws genes as all filters do.

    The best child replaces its parent if it is not worse (UPM tutorial; evolve/filter/mutation.py).
    """

    settings: FilterSettings

    def __init__(self, settings: FilterSettings, network: Network) -> None:
        rng = np.random.default_rng(settings.seed)
        super().__init__(settings, rng)
        self.network = network
        self.parent = Chain(copy_filter(settings.shape), network)
        self.fitness: float | None = None
        self.counters["replacements"] = 0
        self._mutation = mutation_of_all_genes(Settings(settings.shape), settings.mutation_rate)
        # Circuits are redrawn by the filters' own generator, which begins where this one says.
        state, increment = rng.integers(2**64, size=2, dtype=np.uint64).tolist()
        self._random = Random(state, increment | 1)

    def _ask(self) -> Sequence[Chain]:
        if self.fitness is None:
            return [self.parent]
        genes = self.parent.circuit.genes
        children = (
            self._mutation.child(genes, self._random) for _ in range(self.settings.children)
        )
        return [self._chain(child) for child in children]

    def _tell(self, asked: Sequence[Chain], fitness: Reals) -> None:
        best = int(fitness.argmax())
        if self.fitness is not None and fitness[best] < self.fitness:
            return
        self.counters["replacements"] += self.fitness is not None
        self.parent, self.fitness = asked[best], float(fitness[best])

    def _chain(self, genes: Genes) -> Chain:
        return Chain(circuit_of(genes, self.settings.shape), self.network)

    def genome(self, data: Any) -> Chain:
        """See Algorithm.genome."""
        return self._chain(np.array(data, np.uint8))

    def _state(self) -> Any:
        return {
            "parent": self.parent.to_json(),
            "fitness": self.fitness,
            "random": [self._random.state, self._random.increment],
        }

    def _restore(self, state: Any) -> None:
        self.parent, self.fitness = self.genome(state["parent"]), state["fitness"]
        self._random = Random(*state["random"])
