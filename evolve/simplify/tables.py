# SPDX-License-Identifier: Apache-2.0
"""What operations and functions of the model give for all operands."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from evoarray.model.filter.functions import OPERATIONS, Function

Table = NDArray[np.uint8]


def function_table(function: Function) -> Table:
    """Return the results (256, 256) uint8 of a function of the model for all N and W."""
    north, west = np.indices((256, 256), np.uint8)
    results = np.empty_like(north)
    function.apply(north, west, out=results)
    return results


@cache
def table(operation: str) -> Table:
    """Return the results (256, 256) uint8 of an operation for all a and b."""
    return function_table(Function(operation, "", OPERATIONS[operation]))


@cache
def commutes(operation: str) -> bool:
    """Whether the operands of an operation may change places."""
    return bool((table(operation) == table(operation).T).all())
