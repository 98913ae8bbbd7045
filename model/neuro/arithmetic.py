# SPDX-License-Identifier: Apache-2.0
"""From a wide sum back to eight bits: rounding and saturation (docs/neural-arithmetic.md)."""

import numpy as np
from numpy.typing import NDArray

from evoarray.model.errors import refuse

Int64 = NDArray[np.int64]
Int8 = NDArray[np.int8]

LARGEST = 127  # weights and values are symmetric: -128 does not occur
LARGEST_MULTIPLIER = 2**31 - 1


def round_half_even(numerator: Int64, denominator: int) -> Int64:
    """Return numerator / denominator as the nearest integers, ties to the even one, int64.

    The denominator is 1 .. 2**62, so that twice the rest of the division stays in 64 bits.
    """
    quotient, rest = np.divmod(numerator, denominator)  # rounds down, so the rest is never negative
    tie = 2 * rest == denominator
    up = (2 * rest > denominator) | (tie & (quotient % 2 == 1))
    return np.asarray(quotient + up, np.int64)


def requantise(accumulator: Int64, shift: int, multiplier: int = 1, low: int = -LARGEST) -> Int8:
    """Return accumulator * multiplier / 2**shift, rounded half to even and saturated, int8.

    The accumulator, of any shape, holds int32 values; the result is low .. 127 with low -127, or 0
    for ReLU. Equals rtl/neuro/evoarray_requant.v. Raises InputError for a factor that the hardware
    does not know (see `check_scale`). Source: Jacob and others, Quantization and training of neural
    networks for efficient integer-arithmetic-only inference, CVPR 2018, 2.2; the ties are ONNX's.
    """
    check_scale(shift, multiplier)
    scaled = round_half_even(np.asarray(accumulator, np.int64) * multiplier, 2**shift)
    return np.clip(scaled, low, LARGEST).astype(np.int8)


def check_scale(shift: int, multiplier: int) -> None:
    """Refuse a factor multiplier / 2**shift outside what the hardware has: raises InputError.

    The shift is 0..31 alone, 0..62 with a multiplier other than 1, which is 1 .. 2**31 - 1.
    """
    if type(multiplier) is not int or not 1 <= multiplier <= LARGEST_MULTIPLIER:
        refuse("multiplier", multiplier, f"a whole number from 1 to {LARGEST_MULTIPLIER}")
    largest = 31 if multiplier == 1 else 62
    if type(shift) is not int or not 0 <= shift <= largest:
        refuse("shift", shift, f"a whole number from 0 to {largest}")
