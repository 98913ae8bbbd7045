# SPDX-License-Identifier: Apache-2.0
"""What options ask for: settings, and then the algorithm, its images and its fitness."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeAlias, cast

import numpy as np

from evoarray.evolution.neuro.algorithm import Algorithm
from evoarray.evolution.neuro.backends import Backend, open_backend
from evoarray.evolution.neuro.copies import with_copies
from evoarray.evolution.neuro.data import Digits, Part, digits
from evoarray.evolution.neuro.deepga import DeepGA
from evoarray.evolution.neuro.encodings import (
    Continuous,
    Encoding,
    Grouped,
    Integers,
    Masked,
    Permutation,
)
from evoarray.evolution.neuro.fitness import Fitness
from evoarray.evolution.neuro.handmade import HandMade
from evoarray.evolution.neuro.neat import settings as neat
from evoarray.evolution.neuro.neat.algorithm import Neat
from evoarray.evolution.neuro.neat.peer import Peer, PeerBackend
from evoarray.evolution.neuro.neat.problems import PROBLEMS
from evoarray.evolution.neuro.neat.settings import NeatSettings
from evoarray.evolution.neuro.newt import Newt
from evoarray.evolution.neuro.one_plus_lambda import OnePlusLambda
from evoarray.evolution.neuro.populations import (
    EvolutionaryProgramming,
    EvolutionStrategy,
    GeneticAlgorithm,
    ParticleSwarm,
    Population,
)
from evoarray.evolution.neuro.settings import CLASSES, IMAGE, OPTIONS, NeuroSettings
from evoarray.evolution.options import chosen

Settings: TypeAlias = NeuroSettings | NeatSettings

_ENCODINGS: Mapping[str, type[Encoding]] = {
    "integer": Integers,
    "masked": Masked,
    "grouped": Grouped,
    "permutation": Permutation,
    "continuous": Continuous,
}
_CONTINUOUS: Mapping[str, type[Population]] = {
    "ep": EvolutionaryProgramming,
    "es": EvolutionStrategy,
    "pso": ParticleSwarm,
}


def settings_of(options: Mapping[str, Any]) -> Settings:
    """Return the settings of options with - in their names, of which `algorithm` says what kind.

    Raises InputError for an illegal value, and for an option that the algorithm has not.
    """
    if options.get("algorithm") in neat.ALGORITHMS:
        return NeatSettings(**chosen(options, neat.OPTIONS))
    return NeuroSettings(**chosen(options, OPTIONS))


def used_with(algorithm: str) -> frozenset[str]:
    """Return the options that have an effect with an algorithm, by the names of their fields."""
    settings = settings_of({"algorithm": algorithm})
    idle = {name for each in settings.effects if not each.when(settings) for name in each.options}
    own = neat.OPTIONS if isinstance(settings, NeatSettings) else OPTIONS
    return frozenset(each.name for each in own) - idle


def algorithm_of(settings: Settings) -> Algorithm[Any]:
    """Return the algorithm at its start, with a generator from the seed.

    Raises InputError where neat-python is asked for and missing; its state cannot be kept.
    """
    if settings.algorithm == neat.PEER:
        return cast("Algorithm[Any]", Peer(cast("NeatSettings", settings)))
    rng = np.random.default_rng(settings.seed)
    if isinstance(settings, NeatSettings):
        return Neat(settings, settings.frame, rng)
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


def backend_of(settings: Settings) -> Backend:
    """Return what runs the networks, which the caller closes; those of neat-python have their own.

    Raises InputError where a simulator is missing.
    """
    if settings.algorithm == neat.PEER:
        return PeerBackend(settings.scale)
    return open_backend(settings.backend)


def data_of(settings: Settings) -> Digits:
    """Return the images to learn from, to choose by, and for the test."""
    return PROBLEMS[settings.problem].load() if isinstance(settings, NeatSettings) else digits()


def seen_part(algorithm: Algorithm[Any], data: Digits) -> Part:
    """Return the images that the fitness is by; which, Algorithm.trains says."""
    return data.validation if algorithm.trains else data.training


def training_fitness(settings: Settings, part: Part, backend: Backend) -> Fitness:
    """Return the fitness that evolution sees: that on these images, and copies if asked for."""
    images, labels = part.images, part.labels
    if isinstance(settings, NeuroSettings):
        images, labels = with_copies(images, labels, settings.copies, settings.seed)
    return Fitness(settings.fitness, images, labels, backend)


@dataclass(frozen=True)
class Judges:
    """What judges the networks of a search: the fitness that it sees, and each part of the images.

    Runs, studies and the estimator of scikit-learn judge by the same.
    """

    seen: Fitness
    training: Fitness
    validation: Fitness
    test: Fitness

    @classmethod
    def of(
        cls, settings: Settings, algorithm: Algorithm[Any], data: Digits, backend: Backend
    ) -> Self:
        """Return those of an algorithm that learns these images."""
        seen = training_fitness(settings, seen_part(algorithm, data), backend)
        parts = (data.training, data.validation, data.test)
        return cls(
            seen, *(Fitness(settings.fitness, part.images, part.labels, backend) for part in parts)
        )
