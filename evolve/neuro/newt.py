# SPDX-License-Identifier: Apache-2.0
"""Weights and architecture of a small CNN evolved together, without backpropagation.

Like DeepNEWT (J.-C. Hernández-Hernández, Aprendizaje Profundo y Neuroevolución para el Análisis de
Sentimientos en Tweets Escritos en Español Mexicano, Universidad Veracruzana, 2021): a genetic
algorithm whose genomes are whole CNNs of any size. Crossover exchanges whole filters; mutation
changes weights, or what the network is made of. The rules beyond that are ours (cnn.py).

The last layer has most of the weights, and must follow whatever changes before it. So every new
network first evolves that layer alone, by (1+lambda), and competes as what it has become. That is
cheap, as all before the last layer stays the same (see heads.py and fitness.py).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from evoarray.evolution.neuro.algorithm import Reals
from evoarray.evolution.neuro.architecture import Block, fitted
from evoarray.evolution.neuro.cnn import Cnn, cnn_of, crossed, mutated, random_cnn, restructured
from evoarray.evolution.neuro.heads import heads
from evoarray.evolution.neuro.settings import NeuroSettings
from evoarray.evolution.neuro.survival import Survivors
from evoarray.model.neuro.layers import Pool, Shape

START_POOL = Pool("max", 2, 2)

SETTLED = 0.3
"""The part of the evaluations before architectures change: as long as weights have learned little,
the smallest network, which learns first, would take the place of all others."""


class Newt(Survivors[Cnn]):
    """A genetic algorithm: parents by tournament, children by crossover and mutation.

    One network at a time is young: it has children that differ in the last layer alone, and the
    best of them takes its place if it is not worse. After `trials` of these it joins the others.
    """

    settings: NeuroSettings

    def __init__(
        self, settings: NeuroSettings, rng: np.random.Generator, input_shape: Shape, outputs: int
    ) -> None:
        super().__init__(settings, rng)
        self._input_shape, self._outputs = input_shape, outputs
        self._young: tuple[Cnn, float] | None = None
        self._tried = self._evaluated = 0

    def _ask(self) -> Sequence[Cnn]:
        if self._young:
            return heads(self._young[0], self.settings.children, self.settings.step, self.rng)
        if len(self.population) < self.settings.population:
            return [self._first()]
        return self._children()

    def _tell(self, asked: Sequence[Cnn], fitness: Reals) -> None:
        best = int(fitness.argmax())
        if self._young is None or fitness[best] >= self._young[1]:
            self._young = asked[best], float(fitness[best])
        self._tried += len(asked)
        self._evaluated += len(asked)
        if self._tried > self.settings.trials:
            super()._tell([self._young[0]], np.array([self._young[1]]))
            self._young, self._tried = None, 0

    def _first(self) -> Cnn:
        # All are alike but for their weights; of others those would survive that learn first.
        settings = self.settings
        blocks = [Block(settings.filters, pool=START_POOL)] * settings.blocks
        hidden = [settings.hidden] if settings.hidden else []
        start = fitted(self._input_shape, blocks, hidden, self._outputs)
        return random_cnn(start, settings.spread, self.rng)

    def _children(self) -> Sequence[Cnn]:
        """Return a child of two parents, or else of one with another architecture or weights."""
        child, settings = self._parent(), self.settings
        self.count("children")
        if self.rng.random() < settings.crossover_rate:
            self.count("crossovers")
            return [crossed(child, self._parent(), self.rng)]
        settled = self._evaluated > SETTLED * settings.evaluations
        if settled and self.rng.random() < settings.structure_rate:
            self.count("changes of architecture")
            return [restructured(child, settings.spread, self.rng)]
        return [mutated(child, settings.step, self.rng)]

    def _parent(self) -> Cnn:
        drawn = self.rng.choice(len(self.population), self.settings.tournament, replace=False)
        return self.population[int(drawn.min())][0]

    def genome(self, data: Any) -> Cnn:
        """See Algorithm.genome."""
        return cnn_of(data)

    def _state(self) -> Any:
        young = self._young and [self._young[0].to_json(), self._young[1]]
        return [super()._state(), young, self._tried, self._evaluated]

    def _restore(self, state: Any) -> None:
        population, young, self._tried, self._evaluated = state
        super()._restore(population)
        self._young = young and (self.genome(young[0]), float(young[1]))
