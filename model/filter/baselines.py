# SPDX-License-Identifier: Apache-2.0
"""The filters of the textbook that an evolved one has to beat."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from evoarray.model.errors import InputError
from evoarray.model.filter.functions import Plane
from evoarray.model.window import windows


def median3x3(image: Plane) -> Plane:
    """Return the median of every 3x3 neighbourhood, (H, W) uint8, edges replicated."""
    planes = windows(image)
    planes.partition(4, axis=0)
    median: Plane = planes[4]
    return median


def adaptive_median(image: Plane, largest: int = 7) -> Plane:
    """Return the adaptive median of an image (H, W) uint8, edges replicated.

    The window of a pixel grows from 3x3 until its median is no impulse, that is neither its least
    nor its greatest value, or until it is `largest` wide. A pixel then keeps its value if that is
    no impulse either, and else becomes the median; where even the largest window has an impulse
    for a median, the pixel becomes that median. Raises InputError unless `largest` is odd and at
    least 3. Source: Gonzalez and Woods, Digital Image Processing, 3rd edition, 5.3.3.
    """
    if largest < 3 or largest % 2 == 0:
        raise InputError(
            f"the largest window is {largest} wide; it must be an odd number from 3 up"
        )
    output = image.copy()
    undecided = np.ones(image.shape, np.bool_)
    for size in range(3, largest + 1, 2):
        padded = np.pad(image, size // 2, mode="edge")
        seen = sliding_window_view(padded, (size, size))[undecided].reshape(-1, size * size)
        seen.sort(axis=1)
        least, median, greatest = seen[:, 0], seen[:, size * size // 2], seen[:, -1]
        pixel = image[undecided]
        median_is_impulse = (median == least) | (median == greatest)
        pixel_is_impulse = (pixel == least) | (pixel == greatest)
        output[undecided] = np.where(median_is_impulse | pixel_is_impulse, median, pixel)
        undecided[undecided] = median_is_impulse
    return output
