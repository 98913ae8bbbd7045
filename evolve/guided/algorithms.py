# SPDX-License-Identifier: Apache-2.0
"""Every algorithm on every problem."""

from collections.abc import Sequence

from evoarray.evolution.guided.baseline import scipy_evolve
from evoarray.evolution.guided.differential import Vectors
from evoarray.evolution.guided.knapsack import Knapsacks, random_knapsack
from evoarray.evolution.guided.loop import Evolved, Operators, evolve
from evoarray.evolution.guided.settings import KNAPSACK, SCIPY, GuidedSettings
from evoarray.evolution.guided.tours import Tours, random_cities
from evoarray.evolution.guided.tsplib import read_tsplib


def evolve_all(settings: GuidedSettings, file: str, seeds: Sequence[int]) -> Evolved:
    """Do a run for each seed; file is the text of the TSPLIB file, where one is named."""
    if settings.function and settings.algorithm == SCIPY:
        return scipy_evolve(settings, settings.function, seeds)
    return evolve(settings, operators_of(settings, file), seeds)


def operators_of(settings: GuidedSettings, file: str) -> Operators:
    """Return what individuals are, and how they have children, with the settings' problem."""
    if settings.function:
        return Vectors(settings, settings.function)
    if settings.problem == KNAPSACK:
        return Knapsacks(settings, random_knapsack(settings.items, settings.instance))
    if settings.file:
        return Tours(settings, read_tsplib(file, settings.file))
    return Tours(settings, random_cities(settings.cities, settings.instance))
