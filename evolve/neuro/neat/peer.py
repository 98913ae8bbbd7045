# SPDX-License-Identifier: Apache-2.0
"""What our NEAT is measured by: the package neat-python, with the options of its XOR example.

Its networks compute with floats. Outputs are bare sums here, as ours are: those of its sigmoid
would be equal where they saturate, and of equal ones the first counts. A difference of 1 is a bit,
so that the fitness comes from the same formula. All images go through a network at once, as arrays,
which the package allows if its activation takes arrays: that is faster than one after the other.
"""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from evoarray.evolution.neuro.algorithm import Reals
from evoarray.evolution.neuro.neat.settings import NeatSettings
from evoarray.model.errors import InputError
from evoarray.model.neuro.arithmetic import LARGEST, Int8
from evoarray.model.neuro.layers import Int32
from evoarray.model.neuro.network import Network
from evoarray.model.temporary import TemporaryFolder

CONFIG = Path(__file__).with_suffix(".ini")


class PeerNetwork:
    """A genome of the package as what has outputs and a size.

    connections are those enabled between the nodes that an output depends on, as in mapping.py; a
    node's bias counts as one more, as there it is a connection from the bias.
    """

    def __init__(self, genome: Any, config: Any) -> None:
        from neat.graphs import required_for_output
        from neat.nn import FeedForwardNetwork

        sides = config.genome_config.input_keys, config.genome_config.output_keys
        self._network = FeedForwardNetwork.create(genome, config)
        joined = [key for key, gene in genome.connections.items() if gene.enabled]
        used = required_for_output(*sides, joined)
        self.hidden = len(used) - len(sides[1])
        self.connections = sum(target in used for _, target in joined) + len(used)
        self.nonzero = self.parameters = self.connections

    def outputs(self, images: Int8) -> Reals:
        """Return the outputs (n, outputs) float64 for images (n, channels, height, width)."""
        rows = (images.reshape(len(images), -1) / LARGEST).T
        found = self._network.activate(list(rows))
        return np.stack([np.broadcast_to(row, len(images)) for row in found], axis=1)


class PeerBackend:
    """Runs such networks (evolve/neuro/backends.py)."""

    def __init__(self, scale: int) -> None:
        self._unit = 2**scale

    def logits(self, networks: Sequence[Network], images: Int8) -> Int32:
        """See Backend.logits."""
        peers = cast("Sequence[PeerNetwork]", networks)
        outputs = np.stack([peer.outputs(images) for peer in peers])
        logits: Int32 = np.rint(outputs * self._unit).astype(np.int32)
        return logits

    def close(self) -> None:
        """See Backend.close; nothing runs."""


class PeerGenome:
    """A genome of the package (evolve/neuro/algorithm.py)."""

    def __init__(self, genome: Any, config: Any) -> None:
        self.genome, self.config = genome, config

    def network(self) -> Network:
        """Return what only PeerBackend runs."""
        return cast("Network", PeerNetwork(self.genome, self.config))

    def to_json(self) -> Any:
        """Return it as text that JSON can hold."""
        return str(self.genome)


class Peer:
    """The package, asked and told like an Algorithm; but nobody can keep its state.

    It draws from Python's global generator, which is as before whenever it has not its turn. Raises
    InputError where the package is missing.
    """

    trains = False
    """See Algorithm.trains."""

    def __init__(self, settings: NeatSettings) -> None:
        try:
            import neat
        except ImportError:
            raise InputError(
                "the algorithm neat-python needs the package: pip install 'evoarray[neuro]'"
            ) from None
        frame = settings.frame
        with TemporaryFolder() as folder:
            path = Path(folder) / CONFIG.name
            text = CONFIG.read_text(encoding="ascii").format(
                population=settings.population, inputs=frame.bias, outputs=frame.outputs
            )
            path.write_text(text, encoding="ascii")
            self._config = neat.Config(
                neat.DefaultGenome,
                neat.DefaultReproduction,
                neat.DefaultSpeciesSet,
                neat.DefaultStagnation,
                str(path),
            )
        self._config.genome_config.add_activation("sigmoid", sigmoid)
        self.counters: dict[str, int] = {}
        self.best: tuple[PeerGenome, float] | None = None
        before = random.getstate()
        self._population = neat.Population(self._config, seed=settings.seed)
        self._random = random.getstate()
        random.setstate(before)
        for genome in self._population.population.values():
            for output in self._config.genome_config.output_keys:
                genome.nodes[output].activation = "identity"  # children inherit it

    def sizes(self, genome: PeerGenome) -> Mapping[str, int]:
        """See Algorithm.sizes."""
        network = PeerNetwork(genome.genome, genome.config)
        return {"hidden nodes": network.hidden, "connections": network.connections}

    def ask(self) -> Sequence[PeerGenome]:
        """See Algorithm.ask."""
        genomes = self._population.population.values()
        return [PeerGenome(genome, self._config) for genome in genomes]

    def tell(self, fitness: Reals) -> None:
        """See Algorithm.tell."""

        def assign(genomes: Sequence[tuple[int, Any]], config: Any) -> None:
            for (_, genome), value in zip(genomes, fitness.tolist(), strict=True):
                genome.fitness = value

        first = int(fitness.argmax())
        if self.best is None or fitness[first] > self.best[1]:
            self.best = self.ask()[first], float(fitness[first])
        before = random.getstate()
        random.setstate(self._random)
        self._population.run(assign, 1)
        self._random = random.getstate()
        random.setstate(before)


def sigmoid(values: Reals) -> Reals:
    """Return the package's own steep sigmoid of numbers, elementwise."""
    found: Reals = 1 / (1 + np.exp(-np.clip(5 * values, -60, 60)))
    return found
