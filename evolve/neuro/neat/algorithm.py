# SPDX-License-Identifier: Apache-2.0
"""NEAT: a population of networks that begin minimal and grow, behind evolve/neuro/algorithm.py.

Start reading at `Neat._tell`: one generation. The rates that are no options are those of the
paper's experiments (4.1).
"""

from collections.abc import Mapping, Sequence
from math import ceil, inf
from typing import Any

import numpy as np

from evoarray.evolution.neuro.algorithm import Algorithm, Reals
from evoarray.evolution.neuro.neat.genes import Frame
from evoarray.evolution.neuro.neat.genome import Genome, distance, minimal
from evoarray.evolution.neuro.neat.innovations import Innovations
from evoarray.evolution.neuro.neat.mapping import map_genes
from evoarray.evolution.neuro.neat.settings import NeatSettings
from evoarray.evolution.neuro.neat.species import Species, breeding, offspring, speciate
from evoarray.evolution.neuro.neat.variation import (
    add_connection,
    add_node,
    crossover,
    mutate_weights,
)

SURVIVORS = 0.2
"""The part of a species that may have children; the paper leaves it open, its program has this."""

CHAMPION = 5
"""The best genome of a species with more members than this is kept unchanged."""

ALONE = 0.25
"""The part of the children that have one parent."""

ABROAD = 0.001
"""The part of the other children whose second parent may be of any species."""


class Neat(Algorithm[Genome]):
    """NeuroEvolution of Augmenting Topologies, without recurrent connections."""

    settings: NeatSettings

    def __init__(self, settings: NeatSettings, frame: Frame, rng: np.random.Generator) -> None:
        super().__init__(settings, rng)
        self.counters = dict.fromkeys(
            ("crossovers", "nodes added", "connections added", "species founded"), 0
        )
        self._generation = self._improved = 0
        self._record = -inf
        self._innovations = Innovations.after_minimal(frame)
        self._population = [minimal(frame, rng) for _ in range(settings.population)]
        self._species: list[Species] = []
        self._place()

    @property
    def species(self) -> Sequence[Species]:
        """The species of the genomes that are asked for next."""
        return self._species

    def _ask(self) -> Sequence[Genome]:
        return self._population

    def _tell(self, asked: Sequence[Genome], fitness: Reals) -> None:
        self._generation += 1
        for each in self._species:
            each.remember(fitness, self._generation)
        if self.best[1] > self._record:
            self._record, self._improved = self.best[1], self._generation
        parents = breeding(self._species, fitness, self._generation, self._improved)
        # The best come first; sorting is stable, so that equals keep their order.
        ranked = [sorted(each.members, key=lambda one: -float(fitness[one])) for each in parents]
        mates = [ranks[: ceil(SURVIVORS * len(ranks))] for ranks in ranked]
        everyone = [one for ranks in mates for one in ranks]
        self._innovations.next_generation()
        children: list[Genome] = []
        counts = offspring(parents, fitness, self.settings.population)
        for ranks, mine, count in zip(ranked, mates, counts, strict=True):
            kept = min(count, int(len(ranks) > CHAMPION))
            children += [asked[one] for one in ranks[:kept]]
            for _ in range(count - kept):
                children.append(self._child(asked, fitness, mine, everyone))
        for each in parents:
            each.representative = asked[int(self.rng.choice(each.members))]
        self._population, self._species = children, parents
        self._place()

    def _child(
        self, asked: Sequence[Genome], fitness: Reals, mates: list[int], everyone: list[int]
    ) -> Genome:
        rng = self.rng
        one = mates[rng.integers(len(mates))]
        child = asked[one]
        if rng.random() >= ALONE:
            pool = everyone if rng.random() < ABROAD else mates
            other = pool[rng.integers(len(pool))]
            better, worse = (one, other) if fitness[one] >= fitness[other] else (other, one)
            equal = bool(fitness[one] == fitness[other])
            child = crossover(asked[better], asked[worse], equal, rng)
            self.counters["crossovers"] += 1
        settings = self.settings
        if rng.random() < settings.add_node:
            child = self._grown(child, add_node(child, self._innovations, rng), "nodes added")
        if rng.random() < settings.add_connection:
            grown = add_connection(child, self._innovations, rng)
            child = self._grown(child, grown, "connections added")
        if rng.random() < settings.mutates:
            child = mutate_weights(child, settings.part, settings.step, rng)
        return child

    def sizes(self, genome: Genome) -> Mapping[str, int]:
        """See Algorithm.sizes: what computes, and the padding on the array."""
        mapped = map_genes(genome)
        return {
            "hidden nodes": mapped.hidden,
            "connections": mapped.connections,
            "layers": len(mapped.network.layers),
            "identity lanes": mapped.lanes,
            "weights of no connection": mapped.zeros,
        }

    def _grown(self, before: Genome, after: Genome, what: str) -> Genome:
        self.counters[what] += after is not before
        return after

    def _place(self) -> None:
        self._species = speciate(self._population, self._species, self._near, self._generation)
        self.counters["species founded"] += sum(each.best is None for each in self._species)

    def _near(self, one: Genome, other: Genome) -> bool:
        settings = self.settings
        apart = distance(one, other, settings.excess, settings.disjoint, settings.weights)
        return apart < settings.threshold

    def genome(self, data: Any) -> Genome:
        """See Algorithm.genome."""
        return Genome.from_json(data)

    def _state(self) -> Any:
        return {
            "generation": self._generation,
            "improved": self._improved,
            "innovations": [self._innovations.genes, self._innovations.nodes],
            "genomes": [genome.to_json() for genome in self._population],
            "species": [each.to_json() for each in self._species],
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._generation, self._improved = state["generation"], state["improved"]
        self._record = self.best[1]
        self._innovations = Innovations(*state["innovations"])
        self._population = [Genome.from_json(data) for data in state["genomes"]]
        self._species = [Species.from_json(data) for data in state["species"]]
