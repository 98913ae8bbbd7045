# SPDX-License-Identifier: Apache-2.0
"""What users would pick instead: a CGP library, on the same circuits."""

import time
from contextlib import closing
from typing import Any

import numpy as np

from evoarray.evolution.filter.backends.fast import FastBackend
from evoarray.evolution.filter.loop import found
from evoarray.evolution.filter.sample import Pair
from evoarray.evolution.filter.settings import Settings
from evoarray.evolution.filter.tribe import advance, rule_at
from evoarray.model.filter.circuit import Circuit, circuit_of
from evoarray.model.filter.fitness import sae
from evoarray.model.filter.functions import FUNCTION_SETS
from evoarray.model.window import WINDOW_PIXELS, windows

EVALUATIONS = 20_000
"""After so many the circuit is taken."""


def evaluate_with_cgpy(settings: Settings, pair: Pair, count: int) -> float:
    """Return the CPU seconds in which cgpy evaluates an evolved circuit, as a graph, many times."""
    from cgpy.cgp import CGP

    noisy, clean = pair
    with closing(FastBackend(settings.shape, [pair])) as fast:
        tribe = found(settings, fast).tribes[0]
        advance(fast, [tribe], EVALUATIONS, rule_at(settings))
    genes = graph_genes(circuit_of(tribe.genes, settings.shape))
    operations = [_Operation(code) for code in range(16)]
    planes = list(windows(noisy))
    started = time.process_time()
    for _ in range(count):
        if sae(CGP(len(planes), operations, genes).eval(planes), clean) != tribe.sae:
            raise RuntimeError("cgpy and the engine disagree about an SAE")
    return time.process_time() - started


class _Operation:
    """A function of upm16 as cgpy takes it."""

    is_binary = True

    def __init__(self, code: int) -> None:
        self._apply = FUNCTION_SETS["upm16"].functions[code].apply

    def func(self, north: Any, west: Any) -> Any:
        result = np.empty_like(north)
        self._apply(north, west, out=result)
        return result


def graph_genes(circuit: Circuit) -> list[int]:
    """Return a circuit as CGP genes: for each node a function and two earlier nodes; the output."""
    rows, cols = circuit.functions.shape
    first = len(WINDOW_PIXELS)
    genes: list[int] = []
    for row, col in np.ndindex(rows, cols):
        node = first + row * cols + col
        north = node - cols if row else circuit.north[col]
        west = node - 1 if col else circuit.west[row]
        genes += [int(circuit.functions[row, col]), int(north), int(west)]
    return [*genes, first + circuit.output * cols + cols - 1]
