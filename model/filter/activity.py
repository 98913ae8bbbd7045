# SPDX-License-Identifier: Apache-2.0
"""Which processing elements a circuit's output depends on."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from evoarray.model.filter.circuit import Circuit
from evoarray.model.filter.functions import FUNCTION_SETS, Function

Mask = NDArray[np.bool_]


@cache
def reads(function: Function) -> tuple[bool, bool]:
    """Return whether a function's result depends on N, and whether on W.

    Found by trying all 65,536 pairs of operands.
    """
    n, w = np.indices((256, 256), np.uint8)
    out = np.empty_like(n)
    function.apply(n, w, out=out)
    return bool((out != out[:1]).any()), bool((out != out[:, :1]).any())


def operands(circuit: Circuit) -> tuple[Mask, Mask]:
    """Return which PEs read their north and which their west input, two (rows, cols) bool."""
    table = np.array([reads(f) for f in FUNCTION_SETS[circuit.function_set].functions])
    north, west = table.T
    return north[circuit.functions], west[circuit.functions]


def active(circuit: Circuit) -> Mask:
    """Return which PEs the output can depend on, (rows, cols) bool.

    These are the output PE and, from there back, the neighbours whose results the functions
    read. Relations between the values on two wires are not looked at: a maximum of twice the
    same pixel counts as reading both.
    """
    north, west = operands(circuit)
    mask = np.zeros((circuit.rows, circuit.cols), np.bool_)
    mask[circuit.output, -1] = True
    for row in range(circuit.output, -1, -1):
        for col in range(circuit.cols - 1, -1, -1):
            if mask[row, col] and north[row, col] and row > 0:
                mask[row - 1, col] = True
            if mask[row, col] and west[row, col] and col > 0:
                mask[row, col - 1] = True
    return mask


def used(circuit: Circuit) -> Mask:
    """Return which genes the output can depend on, (genes,) bool in the order of `Circuit.genes`.

    These are the functions of active PEs, the selectors that these read, and the output row.
    """
    elements = active(circuit)
    north, west = operands(circuit)
    selectors = (elements & north)[0], (elements & west)[:, 0]
    return np.concatenate([elements.ravel(), *selectors, [True]])
