# SPDX-License-Identifier: Apache-2.0
"""Fitness from the golden model."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.filter.sample import Pair, Sheet, as_sheet
from evoarray.evolution.filter.tribe import AskEvaluateTell
from evoarray.model.filter.array import run
from evoarray.model.filter.circuit import Genes, Shape, circuit_of
from evoarray.model.filter.fitness import sae, squared_error
from evoarray.model.filter.functions import Plane


class ModelBackend(AskEvaluateTell):
    """The golden model, one circuit after the other."""

    def __init__(
        self, shape: Shape, pairs: Sequence[Pair | Sheet], *, squared: bool = False
    ) -> None:
        """Take pairs of images; squared: whether their errors are squared before they are added."""
        self._shape = shape
        self._error = squared_error if squared else sae
        self._sheets = [as_sheet(pair) for pair in pairs]

    def evaluate(
        self, batch: Genes, limits: NDArray[np.int64] | None = None, /
    ) -> NDArray[np.int64]:
        """See Evolver.evaluate; every evaluation is complete."""
        return np.array([self._sae(genes) for genes in batch], np.int64)

    def filter(self, genes: Genes, /) -> Plane:
        """See Backend.filter."""
        return run(circuit_of(genes, self._shape), self._sheets[0].windows)

    def close(self) -> None:
        """Nothing runs."""

    def _sae(self, genes: Genes) -> int:
        circuit = circuit_of(genes, self._shape)
        return sum(
            self._error(run(circuit, sheet.windows), sheet.reference) for sheet in self._sheets
        )
