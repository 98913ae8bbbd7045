# SPDX-License-Identifier: Apache-2.0
"""Fitness from the golden model."""

import numpy as np
from numpy.typing import NDArray

from model.array import run
from model.circuit import Genes, Shape, circuit_of
from model.fitness import sae
from model.functions import Plane
from model.window import windows


class ModelBackend:
    """The golden model, one circuit after the other."""

    def __init__(self, shape: Shape, noisy: Plane, reference: Plane) -> None:
        self._shape = shape
        self._planes = windows(noisy)
        self._reference = reference

    def evaluate(self, batch: Genes) -> NDArray[np.int64]:
        """See Backend.evaluate."""
        return np.array([sae(self.filter(genes), self._reference) for genes in batch], np.int64)

    def filter(self, genes: Genes) -> Plane:
        """See Backend.filter."""
        return run(circuit_of(genes, self._shape), self._planes)

    def close(self) -> None:
        """Nothing runs."""
