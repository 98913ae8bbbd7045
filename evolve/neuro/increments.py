# SPDX-License-Identifier: Apache-2.0
"""Children of one parent evaluated by what differs from it, by increments.c.

That is much faster than computing every child whole by NumPy, and comes to the same integers. C for
the reasons of the filter's engine: it needs a compiler on the machine, once, and no package.
"""

import ctypes
import weakref
from functools import cache
from pathlib import Path

import numpy as np

from evoarray.evolution.backends.library import address, load_compiled
from evoarray.evolution.neuro.mutants import Mutants
from evoarray.evolution.neuro.weights import Form
from evoarray.model.neuro.arithmetic import LARGEST, Int8, Int64
from evoarray.model.neuro.tables import FUNCTIONS, table

SOURCE = Path(__file__).with_name("increments.c")


class Increments:
    """An engine for networks of one form, images (n, channels, height, width), labels (n,)."""

    def __init__(self, form: Form, images: Int8, labels: Int64, scale: int) -> None:
        self._library = _library()
        self._genes = np.zeros(form.genes, np.int8)  # the engine's parent
        units = np.array([inputs for _, inputs in form.blocks], np.int32) - 1
        units = np.append(units, np.int32(form.units[-1]))
        pixels = np.ascontiguousarray(images.reshape(len(images), -1).T)
        classes = labels.astype(np.uint8)
        self._table = table(form.activation) if form.activation in FUNCTIONS else None
        self._engine = self._library.increments_new(
            *(len(form.units), address(units), len(images), address(pixels), address(classes)),
            *(form.shift, 0 if form.activation == "relu" else -LARGEST, scale),
            None if self._table is None else address(self._table),
        )
        if not self._engine:
            raise MemoryError
        weakref.finalize(self, self._library.increments_free, self._engine)

    def measure(self, mutants: Mutants) -> tuple[Int64, Int64]:
        """Return how many images are right, and the bits, (children,) int64 each."""
        genes = mutants.parent.row
        changed = np.flatnonzero(genes != self._genes)
        if len(changed):
            values = genes[changed]
            self._library.increments_move(
                self._engine, len(changed), address(changed), address(values)
            )
            self._genes = genes
        right, bits = np.empty((2, len(mutants)), np.int64)
        self._library.increments_measure(
            *(self._engine, len(mutants), address(mutants.starts), address(mutants.positions)),
            *(address(mutants.values), address(right), address(bits)),
        )
        return right, bits


@cache
def _library() -> ctypes.CDLL:
    library = load_compiled(SOURCE)
    pointer, number = ctypes.c_void_p, ctypes.c_int32
    library.increments_new.restype = pointer
    library.increments_new.argtypes = [
        *(number, pointer, number, pointer, pointer),
        *(number, number, number, pointer),
    ]
    library.increments_measure.argtypes = [pointer, number, *[pointer] * 5]
    library.increments_measure.restype = None
    library.increments_move.argtypes = [pointer, number, pointer, pointer]
    library.increments_move.restype = None
    library.increments_free.argtypes = [pointer]
    library.increments_free.restype = None
    return library
