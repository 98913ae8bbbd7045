# SPDX-License-Identifier: Apache-2.0
"""How many images networks read a second: in evolution, in the golden model, in the RTL.

A rate is per second of one core's CPU time, as in measure.py. The golden model and Verilator run
the network that an evolution ends with.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import NamedTuple

from evoarray.evolution.neuro.algorithms import algorithm_of, backend_of, data_of, training_fitness
from evoarray.evolution.neuro.backends import ModelBackend
from evoarray.evolution.neuro.backends.verilator import VerilatorBackend
from evoarray.evolution.neuro.fitness import Fitness
from evoarray.evolution.neuro.loop import Search, evolve
from evoarray.evolution.neuro.settings import NeuroSettings
from evoarray.model.neuro.network import Network

EVALUATIONS = 20_000
GOLDEN_RUNS = 20
"""Times that the golden model sees the images."""

READ_BY_RTL = 200
"""Images."""

RATE = "images/s"

NETWORKS: Mapping[str, Mapping[str, NeuroSettings]] = {
    "64-16-10": {
        "(1+8)": NeuroSettings(),
        "ga": NeuroSettings(algorithm="ga", rate=0.005),
    },
    "CNN": {
        "newt": NeuroSettings(algorithm="newt", population=4, tournament=2, size=0.0, step=64.0),
    },
}
"""What evolves, and by which algorithms; the network of the first goes to model and RTL."""


class Measured(NamedTuple):
    """A value of a figure, and of which network."""

    what: str
    unit: str
    network: str
    value: float


def measure_neuro(seed: int, *, rtl: bool) -> Iterator[Measured]:
    """Measure everything once; rtl: on the RTL, too."""
    for name, algorithms in NETWORKS.items():
        rates, networks = {}, []
        for algorithm, settings in algorithms.items():
            rates[f"fast, {algorithm}"], network = _evolve(settings, seed)
            networks.append(network)
        golden = _golden(networks[0])
        yield Measured("golden", RATE, name, golden)
        for what, rate in rates.items():
            yield Measured(what, RATE, name, rate)
            yield Measured(what, "x golden", name, rate / golden)
        if rtl:
            rate, cycles = _verilator(networks[0])
            yield Measured("verilator", RATE, name, rate)
            yield Measured("verilator", "cycles/image", name, cycles)


def _evolve(settings: NeuroSettings, seed: int) -> tuple[float, Network]:
    """Return the rate of an evolution from this seed, and the network that it ends with."""
    settings = replace(settings, seed=seed)
    data = data_of(settings)
    with closing(backend_of(settings)) as backend:
        fitness = training_fitness(settings, data.training, backend)
        part = data.validation
        validation = Fitness(settings.fitness, part.images, part.labels, backend)
        search = Search(algorithm_of(settings))
        started = time.process_time()
        for _ in evolve(search, fitness, validation, EVALUATIONS, EVALUATIONS):
            pass
        seconds = time.process_time() - started
    return search.evaluations * fitness.count / seconds, search.chosen.network()


def _golden(network: Network) -> float:
    images = data_of(NeuroSettings()).training.images
    started = time.process_time()
    ModelBackend().logits([network] * GOLDEN_RUNS, images)
    return GOLDEN_RUNS * len(images) / (time.process_time() - started)


def _verilator(network: Network) -> tuple[float, float]:
    """Return the rate, and the clock cycles of an image."""
    images = data_of(NeuroSettings()).training.images[:READ_BY_RTL]
    with closing(VerilatorBackend()) as backend:
        backend.logits([network], images[:1])  # loads the network, as the next call does
        seconds, cycles = backend.simulation.cpu_seconds(), backend.cycles
        backend.logits([network], images)
        seconds = backend.simulation.cpu_seconds() - seconds
        cycles = backend.cycles - 2 * cycles
    return len(images) / seconds, cycles / (len(images) - 1)
