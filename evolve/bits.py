# SPDX-License-Identifier: Apache-2.0
"""How vectors of bits vary; crossing serves vectors of other numbers, too."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.guided.problems import Reals


def crossed(one: NDArray[Any], other: NDArray[Any], draws: Reals) -> NDArray[Any]:
    """Cross uniformly: each number is either parent's, by draws from [0, 1) of their shape."""
    return np.where(draws < 0.5, one, other)


def flipped(bits: NDArray[np.int8], draws: Reals, rate: float) -> NDArray[np.int8]:
    """Return bits of which about this part is flipped, by draws from [0, 1) of their shape."""
    return bits ^ (draws < rate).astype(np.int8)
