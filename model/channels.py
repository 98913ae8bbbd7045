# SPDX-License-Identifier: Apache-2.0
"""Colour for filters of grey: each channel by itself, or the luma alone.

Pixels are (H, W) uint8, or (H, W, channels): grey or red, green and blue, and an alpha behind them
if there is one. The alpha is never changed.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from evoarray.model.filter.functions import Plane

CHANNELS = ("each", "luma")

_LUMA = (19595, 38470, 7471)  # 0.299, 0.587 and 0.114 of 65536


def luma(colours: NDArray[np.uint8]) -> Plane:
    """Return 0.299 R + 0.587 G + 0.114 B of colours (H, W, 3 or more) as (H, W) uint8.

    That is the luma of ITU-R BT.601, rounded to nearest.
    """
    sums = np.full(colours.shape[:2], 1 << 15, np.uint32)
    for channel, weight in enumerate(_LUMA):
        sums += colours[..., channel] * np.uint32(weight)
    return (sums >> np.uint32(16)).astype(np.uint8)


def planes_of(pixels: NDArray[np.uint8], channels: str) -> list[Plane]:
    """Return the planes (H, W) uint8 of pixels that "each" or "luma" stands for."""
    if pixels.ndim == 2:
        return [pixels]
    if pixels.shape[2] < 3:
        return [np.ascontiguousarray(pixels[..., 0])]
    if channels == "luma":
        return [luma(pixels)]
    return [np.ascontiguousarray(pixels[..., n]) for n in range(3)]


def by_channel(
    pixels: NDArray[np.uint8], channels: str, change: Callable[[Plane], Plane]
) -> NDArray[np.uint8]:
    """Return pixels of which the planes of "each" or "luma" are changed.

    What is added to the luma is added to red, green and blue alike, up to 0 and 255, so that the
    differences of colour, the chroma, stay as they are.
    """
    planes = planes_of(pixels, channels)
    changed = [change(plane) for plane in planes]
    if pixels.ndim == 2:
        return changed[0]
    result = pixels.copy()
    if channels == "luma" and pixels.shape[2] >= 3:
        more = changed[0].astype(np.int16) - planes[0]
        result[..., :3] = np.clip(pixels[..., :3] + more[..., np.newaxis], 0, 255)
    else:
        result[..., : len(changed)] = np.stack(changed, -1)
    return result
