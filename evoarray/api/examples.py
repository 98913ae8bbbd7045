# SPDX-License-Identifier: Apache-2.0
"""What filters are evolved for, to begin with: photos, noise, and other goals."""

from importlib.resources import as_file, files

import numpy as np

from evoarray.api.images import Image, read
from evoarray.evolution.options import LARGEST_SEED, check
from evoarray.model import noise, targets
from evoarray.model.errors import refuse
from evoarray.model.filter.functions import Plane
from evoarray.model.images import read_image

_FOLDERS = ("training", "test", "large")


def photo(name: str = "camera") -> Plane:
    """Return one of the photos that come with the package, (H, W) uint8.

    camera, astronaut, gravel, retina, brick, chelsea, coffee and rocket have 128x128 pixels;
    large/camera, large/brick, large/grass and large/gravel have 512x512. They are CC0 or in the
    public domain (images/README.md). Raises InputError for another name.
    """
    photos = {
        (f"large/{each.name}" if folder == "large" else each.name).removesuffix(".png"): each
        for folder in _FOLDERS
        for each in files("evoarray").joinpath("images", folder).iterdir()
        if each.name.endswith(".png")
    }
    if name not in photos:
        refuse("the photo", name, ", ".join(sorted(photos)))
    with as_file(photos[name]) as path:
        return read_image(path)


def add_noise(
    image: Image, kind: str = "salt-and-pepper", amount: float = 0.2, *, seed: int = 1
) -> Plane:
    """Return an image with noise, (H, W) uint8; the same seed gives the same noise.

    kind is salt-and-pepper or burst, of which amount is the part of all pixels that is hit, or
    gaussian or speckle, of which it is the standard deviation as a part of 255, or of the pixel.
    Raises InputError for another kind, and for an amount that is not from 0 to 1.
    """
    check("seed", seed, {"least": 0, "most": LARGEST_SEED})
    rng = np.random.default_rng(seed)
    return noise.add_noise(read(image, "the image").pixels, kind, amount, rng)


def target(image: Image, kind: str = "edges") -> Plane:
    """Return what a circuit may learn to make of an image, (H, W) uint8.

    kind is smooth, gaussian, edges, erode, dilate or gradient, each of 3x3 pixels.
    Raises InputError for another one.
    """
    if kind not in targets.TARGETS:
        refuse("kind", kind, f"one of {', '.join(targets.TARGETS)}")
    return targets.make_target(read(image, "the image").pixels, kind)
