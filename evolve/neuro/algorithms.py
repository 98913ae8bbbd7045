# SPDX-License-Identifier: Apache-2.0
"""The algorithm and the fitness that settings ask for."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from evolve.neuro.algorithm import Algorithm
from evolve.neuro.backends import Backend
from evolve.neuro.copies import with_copies
from evolve.neuro.data import Digits, Part
from evolve.neuro.deepga import DeepGA
from evolve.neuro.encodings import Continuous, Encoding, Integers, Masked
from evolve.neuro.fitness import Fitness
from evolve.neuro.handmade import HandMade
from evolve.neuro.newt import Newt
from evolve.neuro.one_plus_lambda import OnePlusLambda
from evolve.neuro.populations import (
    EvolutionaryProgramming,
    EvolutionStrategy,
    GeneticAlgorithm,
    ParticleSwarm,
    Population,
)
from evolve.neuro.settings import CLASSES, IMAGE, NeuroSettings

_ENCODINGS: Mapping[str, type[Encoding]] = {
    "integer": Integers,
    "masked": Masked,
    "continuous": Continuous,
}
_CONTINUOUS: Mapping[str, type[Population]] = {
    "ep": EvolutionaryProgramming,
    "es": EvolutionStrategy,
    "pso": ParticleSwarm,
}


def algorithm_of(settings: NeuroSettings) -> Algorithm[Any]:
    """Return the algorithm at its start, with a generator from the seed."""
    rng = np.random.default_rng(settings.seed)
    if settings.algorithm == "newt":
        return Newt(settings, rng, IMAGE, CLASSES)
    if settings.algorithm == "deepga":
        return DeepGA(settings, rng, IMAGE, CLASSES)
    if settings.algorithm == "hand-made":
        return HandMade(settings, rng)
    numbers = (settings.form, settings.spread, settings.density, settings.step, settings.rate)
    if settings.algorithm == "one-plus-lambda":
        return OnePlusLambda(settings, Integers(*numbers), rng)
    if settings.algorithm == "ga":
        return GeneticAlgorithm(settings, _ENCODINGS[settings.encoding](*numbers), rng)
    return _CONTINUOUS[settings.algorithm](settings, Continuous(*numbers), rng)


def seen_part(algorithm: Algorithm[Any], data: Digits) -> Part:
    """Return the images that the fitness is by; which, Algorithm.trains says."""
    return data.validation if algorithm.trains else data.training


def training_fitness(settings: NeuroSettings, part: Part, backend: Backend) -> Fitness:
    """Return the fitness that evolution sees: that on these images, and copies if asked for."""
    images, labels = with_copies(part.images, part.labels, settings.copies, settings.seed)
    return Fitness(settings.fitness, images, labels, backend)
