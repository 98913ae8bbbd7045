# SPDX-License-Identifier: Apache-2.0
"""What a guided evolution is measured by: scipy's differential evolution as it comes.

Best/1/bin with a dithered F and CR = 0.7, on a Latin hypercube; but with updates by generation,
which lets a population be evaluated at once, without a final polish, and with no end before its
evaluations are spent.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from evoarray.evolution.guided.loop import Evolved
from evoarray.evolution.guided.problems import Function
from evoarray.evolution.guided.settings import GuidedSettings


def scipy_evolve(settings: GuidedSettings, function: Function, seeds: Sequence[int]) -> Evolved:
    """Do a run for each seed, with as many evaluations as the other algorithms have."""
    done = [_run(settings, function, seed) for seed in seeds]
    evaluations = settings.population * np.arange(1, settings.generations + 2)
    errors = np.array([curve for curve, _ in done]).T
    return Evolved(evaluations, errors, np.array([genes for _, genes in done]), {})


def _run(settings: GuidedSettings, function: Function, seed: int) -> tuple[list[float], Any]:
    from scipy.optimize import differential_evolution
    from scipy.stats.qmc import LatinHypercube

    radius, random = settings.radius or function.radius, np.random.default_rng(seed)
    start = LatinHypercube(settings.dimensions, rng=random).random(settings.population)
    start = (2 * start - 1) * radius
    curve = [float(function.errors(start).min())]
    found = differential_evolution(
        lambda points: function.errors(points.T),
        [(-radius, radius)] * settings.dimensions,
        init=start,
        maxiter=settings.generations,
        updating="deferred",
        vectorized=True,
        polish=False,
        tol=0,
        rng=random,
        callback=lambda intermediate_result: curve.append(float(intermediate_result.fun)),
    )
    # It ends early only where all individuals have become the same.
    curve += [float(found.fun)] * (settings.generations + 1 - len(curve))
    return curve, found.x
