# SPDX-License-Identifier: Apache-2.0
"""Goals other than a clean image: what a circuit may learn to make of one, seen through 3x3 pixels.

Opening, closing and larger kernels are absent, because no circuit could reach them: they depend on
pixels that a 3x3 window does not show.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evoarray.model.errors import InputError
from evoarray.model.filter.functions import Plane
from evoarray.model.window import windows


def make_target(image: Plane, kind: str) -> Plane:
    """Return the goal (H, W) uint8 for an image (H, W) uint8, edges replicated.

    All arithmetic is exact. smooth: the mean of 3x3 pixels, to the nearest integer (it is never
    half). gaussian: their mean with weights 1 2 1, 2 4 2, 1 2 1, half up. edges: the magnitude
    sqrt(x^2 + y^2) of the two Sobel sums, to the nearest integer (it is never half), at most 255.
    erode, dilate: the least and the greatest of 3x3 pixels. gradient: greatest less least. Source:
    Gonzalez and Woods, Digital Image Processing, 3rd edition, chapters 3, 9 and 10.
    Raises InputError for an unknown kind.
    """
    if kind not in _TARGETS:
        raise InputError(f"the target '{kind}' is unknown; choose one of {', '.join(TARGETS)}")
    return _TARGETS[kind](windows(image)).astype(np.uint8)


Numbers = NDArray[np.int32]


def _edges(planes: Plane) -> NDArray[np.float64]:
    across = _weighted(planes, (-1, 0, 1, -2, 0, 2, -1, 0, 1))
    down = _weighted(planes, (-1, -2, -1, 0, 0, 0, 1, 2, 1))
    magnitude: NDArray[np.float64] = np.rint(np.sqrt(across**2 + down**2))
    return np.minimum(magnitude, 255)


def _weighted(planes: Plane, weights: Sequence[int]) -> Numbers:
    """Return the sum of the nine planes, each with its weight, in the order of WINDOW_PIXELS."""
    total: Numbers = np.einsum("i,ihw->hw", np.array(weights, np.int32), planes)
    return total


_TARGETS: dict[str, Callable[[Plane], NDArray[Any]]] = {
    "smooth": lambda planes: (_weighted(planes, (1,) * 9) + 4) // 9,
    "gaussian": lambda planes: (_weighted(planes, (1, 2, 1, 2, 4, 2, 1, 2, 1)) + 8) // 16,
    "edges": _edges,
    "erode": lambda planes: planes.min(axis=0),
    "dilate": lambda planes: planes.max(axis=0),
    "gradient": lambda planes: planes.max(axis=0) - planes.min(axis=0),
}
TARGETS = tuple(_TARGETS)
