# SPDX-License-Identifier: Apache-2.0
"""A whole run of NEAT, or of neat-python, and what it comes to."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from evolve.neuro.algorithm import Algorithm
from evolve.neuro.backends import Backend, open_backend
from evolve.neuro.fitness import Fitness
from evolve.neuro.loop import Champion, Search, follow
from evolve.neuro.neat.algorithm import Neat
from evolve.neuro.neat.genome import Genome
from evolve.neuro.neat.mapping import map_genome
from evolve.neuro.neat.peer import Peer, PeerBackend, PeerNetwork
from evolve.neuro.neat.problems import PROBLEMS
from evolve.neuro.neat.settings import PEER, NeatSettings
from model.neuro.latency import inference_cycles
from model.neuro.network import Network
from model.neuro.program import Core


@dataclass(frozen=True)
class Outcome:
    """What a run has come to: the champion, by validation, and how it got there.

    right has how many images of training, validation and test are, images how many there are;
    curve has the part of the test that is wrong after so many evaluations, as two rows. sizes tell
    of the champion: hidden nodes and connections, and for what is mapped onto the array layers, and
    its padding; counters tell how often things happened. A run is solved, and ends, when its
    champion has all images for validation right.
    """

    champion: Champion
    solved: bool
    evaluations: int
    right: tuple[int, int, int]
    images: tuple[int, int, int]
    parameters: int
    nonzero: int
    curve: tuple[tuple[int, ...], tuple[float, ...]]
    sizes: Mapping[str, int]
    counters: Mapping[str, int]


def run(settings: NeatSettings) -> Outcome:
    """Do a run, until it is solved or its evaluations are spent.

    Raises InputError where neat-python is asked for and missing.
    """
    if settings.algorithm == PEER:
        # It has no state to be kept, and the loop asks for none.
        return _run(settings, cast("Algorithm[Any]", Peer(settings)), PeerBackend(settings.scale))
    algorithm = Neat(settings, settings.frame, np.random.default_rng(settings.seed))
    with closing(open_backend(settings.backend)) as backend:
        return _run(settings, algorithm, backend)


def _run(settings: NeatSettings, algorithm: Algorithm[Any], backend: Backend) -> Outcome:
    data = PROBLEMS[settings.problem].load()
    parts = data.training, data.validation, data.test
    training, validation, test = judges = [
        Fitness(settings.fitness, part.images, part.labels, backend) for part in parts
    ]
    search = Search(algorithm)
    budget, interval = settings.evaluations, settings.population
    found = follow(search, training, validation, test, budget, interval, until_solved=True)
    last, network = found.champion, found.champion.genome.network()
    return Outcome(
        last,
        last.right == validation.count,
        search.evaluations,
        _three(judge.right(last.genome) for judge in judges),
        _three(judge.count for judge in judges),
        network.parameters,
        network.nonzero,
        found.curve,
        _sizes(last.genome, network),
        dict(algorithm.counters),
    )


def _three(numbers: Iterable[int]) -> tuple[int, int, int]:
    one, two, three = numbers
    return one, two, three


def _sizes(genome: Any, network: Network | PeerNetwork) -> Mapping[str, int]:
    if isinstance(network, PeerNetwork):
        return {"hidden nodes": network.hidden, "connections": network.connections}
    assert isinstance(genome, Genome)
    mapped = map_genome(genome)
    return {
        "hidden nodes": mapped.hidden,
        "connections": mapped.connections,
        "cycles": inference_cycles(mapped.network, Core()),
        "layers": len(mapped.network.layers),
        "identity lanes": mapped.lanes,
        "weights of no connection": mapped.zeros,
    }
