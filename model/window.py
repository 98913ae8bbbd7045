# SPDX-License-Identifier: Apache-2.0
"""The 3x3 neighbourhood of every pixel, as nine planes."""

import numpy as np

from evoarray.model.filter.functions import Plane

WINDOW_PIXELS = ("NW", "N", "NE", "W", "C", "E", "SW", "S", "SE")
CENTRE = WINDOW_PIXELS.index("C")


def windows(image: Plane) -> Plane:
    """Return the nine neighbourhood planes (9, H, W) uint8 of an image (H, W) uint8.

    Plane i holds, at every position, the pixel that WINDOW_PIXELS[i] names. At the edges a
    missing pixel repeats the nearest real one. Equals rtl/shared/evoarray_pixel_window.v. Source:
    thesis, 3.2.
    """
    height, width = image.shape
    padded = np.pad(image, 1, mode="edge")
    return np.stack([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)])
