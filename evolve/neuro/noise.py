# SPDX-License-Identifier: Apache-2.0
"""Digits with noise: each image has its own, and always the same for a seed."""

import numpy as np

from evoarray.evolution.neuro.data import Digits, Part
from evoarray.model.neuro.arithmetic import LARGEST
from evoarray.model.noise import add_noise

STREAM = 2
"""Of a seed, for the noise; copies of images have another one (evolve/neuro/copies.py)."""


def noisy(digits: Digits, kind: str, amount: float, seed: int) -> Digits:
    """Return all three parts with noise (model/noise.py), pixels 0..127 as before.

    Of an impulse of 255 the pixel becomes 127. An image's noise depends on the seed and on its
    place in the file alone. Raises InputError for an unknown kind or an amount out of range.
    """
    parts = (digits.training, digits.validation, digits.test)
    return Digits(*(_part(part, kind, amount, seed) for part in parts))


def _part(part: Part, kind: str, amount: float, seed: int) -> Part:
    images = []
    for image, row in zip(part.images.astype(np.uint8), part.rows.tolist(), strict=True):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(STREAM, row)))
        planes = np.stack([add_noise(plane, kind, amount, rng) for plane in image])
        images.append(np.minimum(planes, LARGEST).astype(np.int8))
    return Part(np.stack(images), part.labels, part.rows)
