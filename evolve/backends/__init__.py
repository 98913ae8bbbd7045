# SPDX-License-Identifier: Apache-2.0
"""Where fitness comes from: the golden model, or the RTL in a simulator. All give the same."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evolve.backends.icarus import IcarusBackend
from evolve.backends.model import ModelBackend
from evolve.backends.verilator import VerilatorBackend
from model.circuit import Genes, Shape
from model.functions import Plane


class Backend(Protocol):
    """A circuit evaluator for one shape and one pair of images; close it after use."""

    def evaluate(self, batch: Genes, /) -> NDArray[np.int64]:
        """Return the SAE (n,) int64 of genotypes (n, genes) uint8."""

    def filter(self, genes: Genes, /) -> Plane:
        """Return the filtered image (H, W) uint8 of one genotype (genes,) uint8."""

    def close(self) -> None:
        """Stop what runs for this backend."""


_BACKENDS: dict[str, Callable[[Shape, Plane, Plane], Backend]] = {
    "model": ModelBackend,
    "icarus": IcarusBackend,
    "verilator": VerilatorBackend,
}


def open_backend(name: str, shape: Shape, noisy: Plane, reference: Plane) -> Backend:
    """Start a backend of settings.BACKENDS for images (H, W) uint8 of equal size.

    Raises InputError if its simulator is missing, SimulatorError if that does not start.
    """
    return _BACKENDS[name](shape, noisy, reference)
