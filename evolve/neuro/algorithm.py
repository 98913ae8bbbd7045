# SPDX-License-Identifier: Apache-2.0
"""What an algorithm is to the loop: it asks for genomes to be evaluated, and is told their fitness.

evolve/neuro/loop.py runs it. An algorithm draws from its own generator alone, and never evaluates
anything, so a seed walks the same way on every backend.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from evoarray.model.neuro.network import Network

Reals: TypeAlias = NDArray[np.float64]


class Genome(Protocol):
    """What varies. Two genomes with the same JSON are the same."""

    def network(self) -> Network:
        """Return the network that it stands for, or that is behind what it stands for."""

    def to_json(self) -> Any:
        """Return it as data that JSON can hold."""


G = TypeVar("G", bound=Genome)


class Algorithm(ABC, Generic[G]):
    """An algorithm with its population. A subclass says how genomes are made, not how they do.

    counters tell how often things happened.
    """

    trains: ClassVar[bool] = False
    """Whether the networks of genomes are trained already on the images to train on. Then their
    fitness is by those for validation, as some learn by heart what they are trained on."""

    def __init__(self, settings: Any, rng: np.random.Generator) -> None:
        self.settings = settings
        self.rng = rng
        self.counters: dict[str, int] = {}
        self._asked: Sequence[G] | None = None
        self._best: tuple[G, float] | None = None

    def ask(self) -> Sequence[G]:
        """Return the genomes that are to be evaluated next, until `tell` the same ones."""
        if self._asked is None:
            self._asked = self._ask()
        return self._asked

    def tell(self, fitness: Reals) -> None:
        """Take the fitness (n,) float64 of the genomes that were asked for; higher is better.

        Raises ValueError unless there is one finite number for each.
        """
        asked = self.ask()
        if fitness.shape != (len(asked),) or not np.isfinite(fitness).all():
            raise ValueError(f"fitness is not {len(asked)} finite numbers")
        first = int(fitness.argmax())
        if self._best is None or fitness[first] > self._best[1]:
            self._best = asked[first], float(fitness[first])
        self._tell(asked, fitness)
        self._asked = None

    @property
    def best(self) -> tuple[G, float]:
        """The fittest genome so far and its fitness; of equals the first.

        Raises ValueError before the first `tell`.
        """
        if self._best is None:
            raise ValueError("nothing has been evaluated yet")
        return self._best

    def sizes(self, genome: G) -> Mapping[str, int]:
        """Return what there is to count in a genome beside its network's parameters, by names."""
        return {}

    def state(self) -> dict[str, Any]:
        """Return all that `restore` needs to go on with the same bits, as data for JSON.

        Raises ValueError before the first `tell`, and between `ask` and `tell`.
        """
        genome, fitness = self.best
        if self._asked is not None:
            raise ValueError("genomes that were asked for have not been told yet")
        return {
            "random": self.rng.bit_generator.state,
            "counters": dict(self.counters),
            "best": [genome.to_json(), fitness],
            "population": self._state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state of the same algorithm with the same settings."""
        self.rng.bit_generator.state = state["random"]
        self.counters = dict(state["counters"])
        genome, fitness = state["best"]
        self._best, self._asked = (self.genome(genome), float(fitness)), None
        self._restore(state["population"])

    @abstractmethod
    def _ask(self) -> Sequence[G]:
        """Return the next genomes."""

    @abstractmethod
    def _tell(self, asked: Sequence[G], fitness: Reals) -> None:
        """Select, by the fitness of the genomes that `_ask` returned."""

    @abstractmethod
    def genome(self, data: Any) -> G:
        """Return the genome of which to_json made this data."""

    @abstractmethod
    def _state(self) -> Any:
        """Return what is to be kept of the population, as data for JSON."""

    @abstractmethod
    def _restore(self, state: Any) -> None:
        """Take what `_state` returned."""
