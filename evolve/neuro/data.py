# SPDX-License-Identifier: Apache-2.0
"""The handwritten digits that networks learn, split once and for all."""

import gzip
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.rng import Random
from evoarray.model.errors import InputError
from evoarray.model.neuro.arithmetic import LARGEST, Int8, Int64, round_half_even

FILE = files("evoarray").joinpath("images", "digits", "digits.csv.gz")
BRIGHTEST = 16  # of a pixel in the file: it counts the dark ones among 4 x 4
SPLIT_SEED = 9
TRAINING, VALIDATION, TEST = 1000, 397, 400


@dataclass(frozen=True, eq=False)
class Part:
    """Images (n, 1, 8, 8) int8 with pixels 0..127 and their labels (n,) int64, read-only.

    `rows` (n,) int64 are their places in the file, counted from 0.
    """

    images: Int8
    labels: Int64
    rows: Int64


@dataclass(frozen=True, eq=False)
class Digits:
    """What evolution learns from, what it selects by, and what only the last figures are from."""

    training: Part
    validation: Part
    test: Part


@cache
def digits() -> Digits:
    """Return the 1,797 digits as 1,000 for training, 397 for validation and 400 for the test.

    A pixel p of 0..16 becomes 127 p / 16, rounded half to even. Every part holds each class in its
    share of the whole, one image more or less. Raises InputError without the file. Source: Alpaydin
    and Kaynak, Optical recognition of handwritten digits, UCI, 1998 (images/README.md).
    """
    try:
        with FILE.open("rb") as packed, gzip.open(packed, "rt", encoding="ascii") as stream:
            table = np.loadtxt(stream, np.int64, delimiter=",")
    except OSError as error:
        raise InputError(f"cannot read {FILE} ({error.strerror}); install evoarray anew") from None
    images = round_half_even(table[:, :-1] * LARGEST, BRIGHTEST).astype(np.int8)
    images = images.reshape(-1, 1, 8, 8)
    labels = table[:, -1]
    parts = []
    for chosen in np.split(split_order(labels), [TRAINING, TRAINING + VALIDATION]):
        rows = np.sort(chosen)
        part = Part(images[rows], labels[rows], rows)
        for array in (part.images, part.labels, part.rows):
            array.flags.writeable = False
        parts.append(part)
    return Digits(*parts)


def split_order(labels: NDArray[np.int64]) -> Int64:
    """Return all rows (n,) int64 in an order of which every beginning holds all classes evenly.

    The rows are shuffled (Fisher and Yates, by the fixed seed). Then the k-th of the m rows of a
    class stands at (2k + 1) / 2m of the way, so that each stretch has each class in its share.
    """
    shuffled = np.arange(len(labels))
    rng = Random.stream(SPLIT_SEED)
    for last in range(len(labels) - 1, 0, -1):
        other = rng.below(last + 1)
        shuffled[[last, other]] = shuffled[[other, last]]
    place = np.empty(len(labels))
    for label in np.unique(labels):
        rows = shuffled[labels[shuffled] == label]
        place[rows] = (2 * np.arange(len(rows)) + 1) / (2 * len(rows))
    return np.asarray(shuffled[np.argsort(place[shuffled], kind="stable")], np.int64)
