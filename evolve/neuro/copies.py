# SPDX-License-Identifier: Apache-2.0
"""More images to train on: each one again, turned, shifted, stretched and blurred a little.

Small networks learn a thousand digits by heart; of copies that differ they learn what digits have
in common (P. Simard and others, Best Practices for Convolutional Neural Networks, ICDAR 2003).
"""

import numpy as np

from evoarray.model.neuro.arithmetic import LARGEST, Int8, Int64

DEGREES = 4.0
PIXELS = 0.25
STRETCH = 0.03
NOISE = 5.0
"""Deviations: of the turn, of the shift and of the logarithm of the scale in each direction, and of
what is added to a pixel of 0 .. 127."""


def with_copies(images: Int8, labels: Int64, copies: int, seed: int) -> tuple[Int8, Int64]:
    """Return images (n, channels, side, side) int8 0 .. 127 and so many copies of each, and labels.

    What the copies are depends on the seed alone.
    """
    if not copies:
        return images, labels
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
    made = [[_copy(image, rng) for image in images] for _ in range(copies)]
    return np.concatenate([images, *map(np.stack, made)]), np.tile(labels, copies + 1)


def _copy(image: Int8, rng: np.random.Generator) -> Int8:
    """Return an image (channels, side, side) seen a little otherwise, straight between pixels."""
    from scipy.ndimage import affine_transform

    angle, down, right = rng.normal(0, [np.deg2rad(DEGREES), PIXELS, PIXELS])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn * np.exp(rng.normal(0, STRETCH, 2))
    centre = (np.array(image.shape[1:]) - 1) / 2
    offset = centre - matrix @ centre + (down, right)
    planes = image.astype(np.float64)
    # A digit fills its image: what lies beyond is 0, and the way to there is a straight line, too.
    seen = [affine_transform(p, matrix, offset, order=1, mode="grid-constant") for p in planes]
    noisy = np.stack(seen) + rng.normal(0, NOISE, image.shape)
    return np.clip(np.rint(noisy), 0, LARGEST).astype(np.int8)
