# SPDX-License-Identifier: Apache-2.0
"""Noise for training and test images. Nothing here is random but what `rng` gives."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from evoarray.model.errors import InputError
from evoarray.model.filter.functions import Plane

BURST_LENGTH = 8  # pixels

Rng = np.random.Generator


def add_noise(image: Plane, kind: str, amount: float, rng: Rng) -> Plane:
    """Return a noisy copy (H, W) uint8 of an image (H, W) uint8; the kinds are those of KINDS.

    `amount`, from 0 (no noise) to 1, is the fraction of pixels that are hit (salt-and-pepper,
    burst) or a standard deviation (gaussian: as a fraction of 255, speckle: of the pixel). Real
    values are rounded to the nearest integer, half to even, and clipped to 0..255.
    Raises InputError for an unknown kind or an amount out of range.
    """
    if kind not in _NOISES:
        raise InputError(f"the noise {kind!r} is unknown; choose one of {', '.join(KINDS)}")
    if not 0 <= amount <= 1:
        raise InputError(f"the amount of noise is {amount}; it must be 0 to 1")
    return _NOISES[kind](image, amount, rng)


def _salt_and_pepper(image: Plane, amount: float, rng: Rng) -> Plane:
    """Each pixel independently becomes 0 or 255, equally likely, with probability `amount`."""
    return _impulses(image, rng.random(image.shape) < amount, rng)


def _gaussian(image: Plane, amount: float, rng: Rng) -> Plane:
    """Each pixel gets an independent normal error of standard deviation 255 `amount`."""
    return _pixels(image + 255 * amount * rng.standard_normal(image.shape))


def _burst(image: Plane, amount: float, rng: Rng) -> Plane:
    """Runs of a row become impulses, 0 or 255 pixel by pixel, as a disturbed line sends them.

    A run of 8 pixels starts at each place of a row, and at the 7 places to the left of it, with
    probability 1 - (1 - amount)^(1/8). Runs that touch make longer ones, and each pixel is hit
    with probability `amount`. Our simplification of the bursts of Koivisto, Astola, Lukin, Melnik
    and Tsymbal (EURASIP JASP 2003:3), on which Vasicek, Bidlo and Sekanina evolved filters.
    """
    height, width = image.shape
    places = rng.random((height, width + BURST_LENGTH - 1))
    starts = places < 1 - (1 - amount) ** (1 / BURST_LENGTH)
    reaching = np.lib.stride_tricks.sliding_window_view(starts, BURST_LENGTH, axis=1)
    return _impulses(image, np.any(reaching, axis=2), rng)


def _speckle(image: Plane, amount: float, rng: Rng) -> Plane:
    """Each pixel is multiplied by an independent normal factor, mean 1, deviation `amount`."""
    return _pixels(image * (1 + amount * rng.standard_normal(image.shape)))


def _impulses(image: Plane, hit: NDArray[np.bool_], rng: Rng) -> Plane:
    impulses = np.where(rng.random(image.shape) < 0.5, 0, 255)
    return np.where(hit, impulses, image).astype(np.uint8)


def _pixels(values: NDArray[np.float64]) -> Plane:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


_NOISES: dict[str, Callable[[Plane, float, Rng], Plane]] = {
    "salt-and-pepper": _salt_and_pepper,
    "gaussian": _gaussian,
    "burst": _burst,
    "speckle": _speckle,
}
KINDS = tuple(_NOISES)
