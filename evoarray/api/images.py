# SPDX-License-Identifier: Apache-2.0
"""Images as users give them: arrays, files, or Pillow's images."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evoarray.model.errors import InputError
from evoarray.model.filter.functions import Plane
from evoarray.model.images import SMALLEST_SIDE, read_image

Image: TypeAlias = str | os.PathLike[str] | NDArray[np.uint8] | Any
"""A file's name, or an array (H, W) uint8, or what NumPy makes such an array of, as of a grey
image of Pillow."""

Pair: TypeAlias = tuple[Image, Image]
"""A noisy image and its clean reference, of one size."""


@dataclass(frozen=True)
class Read:
    """An image that was read: its pixels (H, W) uint8, what it is called, and what it was."""

    pixels: Plane
    name: str
    identity: dict[str, str]


def read(image: Image, called: str, *, convert: bool = False) -> Read:
    """Return an image of a file or an array; `called` is what errors call an array.

    Raises InputError for what is no grey image of 8 bits from 3x3 pixels up; `convert` makes one
    of a file in colour or with 16 bits.
    """
    if isinstance(image, str | os.PathLike):
        path = Path(image)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        # A name that is not UTF-8 would break the pictures.
        name = os.fsencode(path.stem).decode(errors="replace")
        return Read(read_image(path, convert), name, {"file": path.name, "sha256": sha256})
    pixels = as_plane(image, called)
    size = f"{pixels.shape[1]}x{pixels.shape[0]}"
    sha256 = hashlib.sha256(pixels.tobytes()).hexdigest()
    return Read(pixels, called, {"array": f"{size} pixels", "sha256": sha256})


def as_plane(image: Any, called: str) -> Plane:
    """Return what stands for a grey image as (H, W) uint8. Raises InputError for what does not."""
    array = np.asarray(image)
    if array.dtype != np.uint8:
        raise InputError(
            f"{called} is an array of {array.dtype}; it must be one of uint8, from 0 for black to "
            "255 for white: convert it first, such as by skimage.util.img_as_ubyte"
        )
    if array.ndim != 2 or min(array.shape) < SMALLEST_SIDE:
        raise InputError(
            f"{called} is an array of the shape {array.shape}; it must be (height, width), from "
            f"{SMALLEST_SIDE} up: filter colours channel by channel, or give their luma"
        )
    return np.ascontiguousarray(array)


def read_pair(pair: Pair, called: str, *, convert: bool = False) -> tuple[Read, Read]:
    """Return a noisy image and its clean reference. Raises InputError if their sizes differ."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise InputError(f"{called} is no pair of images; give (noisy, clean)")
    noisy, clean = (
        read(image, f"{called}, {part}" if called else part, convert=convert)
        for image, part in zip(pair, ("noisy", "clean"), strict=True)
    )
    sizes = [f"{each.pixels.shape[1]}x{each.pixels.shape[0]}" for each in (noisy, clean)]
    if sizes[0] != sizes[1]:
        names = [
            str(image) if isinstance(image, str | os.PathLike) else each.name
            for image, each in zip(pair, (noisy, clean), strict=True)
        ]
        raise InputError(
            f"{names[0]} is {sizes[0]} pixels and {names[1]} is {sizes[1]}; give two images of one "
            "size"
        )
    return noisy, clean
