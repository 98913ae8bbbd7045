# SPDX-License-Identifier: Apache-2.0
"""After an evolution: take out of a circuit what hardly matters."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.simplify.cost import luts
from evoarray.model.filter.activity import active
from evoarray.model.filter.circuit import Circuit, Genes, circuit_of

Evaluate = Callable[[Genes, NDArray[np.int64]], NDArray[np.int64]]
"""See Evolver.evaluate."""


def prune(circuit: Circuit, evaluate: Evaluate, most: int) -> Iterator[tuple[Circuit, int]]:
    """Yield ever cheaper circuits with their SAE, which stays within `most`.

    Each step changes the one gene that saves most LUTs, of equals that with the lowest SAE, of
    these the first; it ends where no gene saves any.
    """
    cheapest = luts(circuit)
    while True:
        batch = np.stack(list(_neighbours(circuit)))
        saes = evaluate(batch, np.full(len(batch), most))
        within = np.flatnonzero(saes <= most)
        if not len(within):
            return
        cost, sae, index = min(
            (luts(circuit_of(batch[i], circuit.shape)), int(saes[i]), int(i)) for i in within
        )
        if cost >= cheapest:
            return
        circuit, cheapest = circuit_of(batch[index], circuit.shape, circuit.provenance), cost
        yield circuit, sae


def _neighbours(circuit: Circuit) -> Iterator[Genes]:
    """Yield the genotypes that differ in one gene that may matter."""
    matters = np.concatenate(
        [active(circuit).ravel(), np.ones(circuit.rows + circuit.cols + 1, np.bool_)]
    )
    limits = circuit.shape.limits
    for gene in np.flatnonzero(matters):
        for value in range(limits[gene]):
            if value != circuit.genes[gene]:
                changed = circuit.genes.copy()
                changed[gene] = value
                yield changed
