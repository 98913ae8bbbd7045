# SPDX-License-Identifier: Apache-2.0
"""Digits with noise: each image has its own, and always the same for a seed."""

import numpy as np

from evolve.neuro.data import Digits, Part
from model.neuro.arithmetic import LARGEST, Int8
from model.noise import add_noise

STREAM = 2
"""Of a seed, for the noise; copies of images have another one (evolve/neuro/copies.py)."""


def noisy(digits: Digits, kind: str, amount: float, seed: int) -> Digits:
    """Return all three parts with noise (model/noise.py), pixels 0..127 as before.

    Of an impulse of 255 the pixel becomes 127. An image's noise depends on the seed and on its
    place in the file alone. Raises InputError for an unknown kind or an amount out of range.
    """
    return Digits(
        *(
            Part(
                np.stack(
                    [
                        _image(image, kind, amount, np.random.SeedSequence(seed, spawn_key=key))
                        for image, row in zip(part.images, part.rows.tolist(), strict=True)
                        for key in [(STREAM, row)]
                    ]
                ),
                part.labels,
                part.rows,
            )
            for part in (digits.training, digits.validation, digits.test)
        )
    )


def _image(image: Int8, kind: str, amount: float, seed: np.random.SeedSequence) -> Int8:
    rng = np.random.default_rng(seed)
    planes = [add_noise(plane, kind, amount, rng) for plane in image.astype(np.uint8)]
    return np.minimum(np.stack(planes), LARGEST).astype(np.int8)
