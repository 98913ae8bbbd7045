# SPDX-License-Identifier: Apache-2.0
"""What NEAT learns: XOR, the paper's first experiment, and digits of 4x4 pixels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from evoarray.evolution.neuro.data import Digits, Part, digits
from evoarray.model.neuro.arithmetic import LARGEST
from evoarray.model.neuro.forward import pool
from evoarray.model.neuro.layers import Shape


@dataclass(frozen=True)
class Problem:
    """Images of input_shape (channels, height, width) in classes; binary: of 0 and 127 alone.

    cases is what the images are called.
    """

    cases: str
    input_shape: Shape
    classes: int
    binary: bool
    load: Callable[[], Digits]


def xor() -> Digits:
    """Return the four cases of XOR, with which one trains, validates and tests."""
    images = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.int8) * np.int8(LARGEST)
    part = Part(images.reshape(4, 2, 1, 1), np.array([0, 1, 1, 0], np.int64), np.arange(4))
    return Digits(part, part, part)


def small_digits() -> Digits:
    """Return the digits reduced to 4x4 pixels, as an average pool of the array does it.

    A pixel is the exact mean of four, rounded half to even.
    """
    whole = digits()
    parts = (whole.training, whole.validation, whole.test)
    return Digits(*(Part(_halved(part), part.labels, part.rows) for part in parts))


def _halved(part: Part) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    return pool(part.images, "average", 2, 2).astype(np.int8)


PROBLEMS: Mapping[str, Problem] = {
    "xor": Problem("cases", (2, 1, 1), 2, True, xor),
    "digits-4x4": Problem("digits", (1, 4, 4), 10, False, small_digits),
}
