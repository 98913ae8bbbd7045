# SPDX-License-Identifier: Apache-2.0
"""Four ways to evolve a population of weight vectors: GA, EP, ES and PSO.

Each class is one algorithm: `_ask` says what its source calls a generation, `_tell` its selection.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from evoarray.evolution.neuro.algorithm import Algorithm, Reals
from evoarray.evolution.neuro.encodings import Encoding, Individual, Rows
from evoarray.evolution.neuro.settings import NeuroSettings
from evoarray.model.neuro.arithmetic import LARGEST

INERTIA, PULL = 0.7298, 1.49618
"""Of particles: the constriction of M. Clerc and J. Kennedy, IEEE TEC 6, 2002."""


class Population(Algorithm[Individual]):
    """What the four have alike: rows of one encoding, and the fitness of each once it is known."""

    settings: NeuroSettings

    def __init__(
        self, settings: NeuroSettings, encoding: Encoding, rng: np.random.Generator
    ) -> None:
        super().__init__(settings, rng)
        self.encoding = encoding
        self.rows: Rows = self._start()
        self.fitness: Reals | None = None

    def _start(self) -> Rows:
        return self.encoding.start(self.settings.population, self.rng)

    def individuals(self, rows: Rows) -> Sequence[Individual]:
        """Return rows as genomes."""
        return [Individual(self.encoding, row) for row in rows]

    def genome(self, data: Any) -> Individual:
        """See Algorithm.genome."""
        return self.encoding.individual(data)

    def _state(self) -> Any:
        fitness = None if self.fitness is None else self.fitness.tolist()
        return {"rows": self.rows.tolist(), "fitness": fitness}

    def _restore(self, state: Any) -> None:
        self.rows = np.array(state["rows"], self.encoding.dtype)
        self.fitness = None if state["fitness"] is None else np.array(state["fitness"])


class GeneticAlgorithm(Population):
    """Parents win tournaments, children are crossed and mutated, and the best parents stay.

    J. Holland, Adaptation in Natural and Artificial Systems, 1975; the elite is K. De Jong's, 1975.
    """

    def _ask(self) -> Sequence[Individual]:
        if self.fitness is None:
            return self.individuals(self.rows)
        one, other = (self.rows[self._winners()] for _ in range(2))
        children = self.encoding.cross(one, other, self.rng)
        return self.individuals(self.encoding.mutate(children, self.rng))

    def _winners(self) -> Rows:
        """Return as many parents as there are, each the best of some that are drawn."""
        assert self.fitness is not None
        size = len(self.rows)
        drawn = self.rng.integers(0, size, (size, self.settings.tournament))
        places: Rows = self.fitness[drawn].argmax(1)
        return drawn[np.arange(size), places]

    def _tell(self, asked: Sequence[Individual], fitness: Reals) -> None:
        rows = np.stack([individual.row for individual in asked])
        if self.fitness is not None:  # the elite takes the places of the worst children
            best = _fittest(self.fitness, self.settings.elite)
            worst = _fittest(-fitness, self.settings.elite)
            rows[worst] = self.rows[best]
            fitness = fitness.copy()
            fitness[worst] = self.fitness[best]
        self.rows, self.fitness = rows, fitness


class EvolutionaryProgramming(Population):
    """Every parent has one child by mutation alone; all meet some others, and most wins stay.

    D. Fogel, Evolutionary Computation, 1995 (meta-EP). A child varies its parent's step first, as
    in H.-P. Schwefel, Evolution and Optimum Seeking, 1995, where it stays positive.
    """

    def __init__(
        self, settings: NeuroSettings, encoding: Encoding, rng: np.random.Generator
    ) -> None:
        super().__init__(settings, encoding, rng)
        self.steps: Reals = np.full(len(self.rows), settings.step)
        self._new = self.steps

    def _ask(self) -> Sequence[Individual]:
        if self.fitness is None:
            return self.individuals(self.rows)
        varied = self.rng.normal(0, 1, self.steps.shape) / np.sqrt(2 * np.sqrt(self.rows.shape[1]))
        self._new = self.steps * np.exp(varied)
        changes = self.rng.normal(0, 1, self.rows.shape) * self._new[:, np.newaxis]
        chosen = self.rng.random(self.rows.shape) < self.settings.rate
        return self.individuals(self.rows + np.where(chosen, changes, 0.0))

    def _tell(self, asked: Sequence[Individual], fitness: Reals) -> None:
        rows, steps = np.stack([individual.row for individual in asked]), self._new
        if self.fitness is not None:
            rows = np.concatenate([self.rows, rows])
            steps = np.concatenate([self.steps, steps])
            fitness = np.concatenate([self.fitness, fitness])
            met = self.rng.integers(0, len(rows), (len(rows), self.settings.tournament))
            wins = (fitness[:, np.newaxis] >= fitness[met]).sum(1)
            stay = np.lexsort((-fitness, -wins))[: len(self.rows)]  # of equal wins the fitter
            rows, steps, fitness = rows[stay], steps[stay], fitness[stay]
        self.rows, self.steps, self.fitness = rows, steps, fitness

    def _state(self) -> Any:
        return {**super()._state(), "steps": self.steps.tolist()}

    def _restore(self, state: Any) -> None:
        super()._restore(state)
        self.steps = np.array(state["steps"])
        self._new = self.steps


class EvolutionStrategy(Population):
    """A centre follows the gradient that pairs of opposite steps estimate.

    T. Salimans and others, Evolution Strategies as a Scalable Alternative to Reinforcement
    Learning, 2017; the optimiser is Adam (D. Kingma and J. Ba, ICLR 2015). rows are the centre and
    Adam's two moments. The centre is evaluated, too, in each generation.
    """

    def _start(self) -> Rows:
        centre = self.encoding.start(1, self.rng)
        return np.concatenate([centre, np.zeros((2, centre.shape[1]))])

    def _ask(self) -> Sequence[Individual]:
        centre, half = self.rows[0], self.settings.population // 2
        self._noise: Reals = self.rng.normal(0, 1, (half, len(centre)))
        away = self.settings.step * self._noise
        return self.individuals(np.concatenate([centre[np.newaxis], centre + away, centre - away]))

    def _tell(self, asked: Sequence[Individual], fitness: Reals) -> None:
        half = len(self._noise)
        place = np.empty(2 * half)
        place[fitness[1:].argsort(kind="stable")] = np.arange(2 * half)
        shaped = place / (2 * half - 1) - 0.5  # by rank, so that outliers do not decide
        gradient = (shaped[:half] - shaped[half:]) @ self._noise / (2 * half)
        self.counters["steps"] = time = self.counters.get("steps", 0) + 1
        centre, mean, square = self.rows
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        towards = mean / (1 - 0.9**time) / (np.sqrt(square / (1 - 0.999**time)) + 1e-8)
        centre = np.clip(centre + self.settings.learning_rate * towards, -LARGEST, LARGEST)
        self.rows = np.stack([centre, mean, square])


class ParticleSwarm(Population):
    """Particles fly on, drawn to the best place of their own and to that of all.

    J. Kennedy and R. Eberhart, Particle Swarm Optimization, ICNN 1995. rows are where they are now;
    fitness is that of their own best places.
    """

    def __init__(
        self, settings: NeuroSettings, encoding: Encoding, rng: np.random.Generator
    ) -> None:
        super().__init__(settings, encoding, rng)
        self.velocities: Reals = rng.normal(0, settings.step, self.rows.shape)
        self.own: Rows = self.rows

    def _ask(self) -> Sequence[Individual]:
        if self.fitness is not None:
            all_ = self.own[self.fitness.argmax()]
            mine, others = (self.rng.random(self.rows.shape) for _ in range(2))
            towards = mine * (self.own - self.rows) + others * (all_ - self.rows)
            self.velocities = INERTIA * self.velocities + PULL * towards
            self.rows = np.clip(self.rows + self.velocities, -LARGEST, LARGEST)
        return self.individuals(self.rows)

    def _tell(self, asked: Sequence[Individual], fitness: Reals) -> None:
        if self.fitness is None:
            self.fitness = fitness
            return
        better = fitness > self.fitness
        self.own = np.where(better[:, np.newaxis], self.rows, self.own)
        self.fitness = np.where(better, fitness, self.fitness)

    def _state(self) -> Any:
        more = {"velocities": self.velocities.tolist(), "own": self.own.tolist()}
        return {**super()._state(), **more}

    def _restore(self, state: Any) -> None:
        super()._restore(state)
        self.velocities, self.own = np.array(state["velocities"]), np.array(state["own"])


def _fittest(fitness: Reals, count: int) -> Rows:
    """Return which are the fittest ones, of equals the first."""
    return (-fitness).argsort(kind="stable")[:count]
