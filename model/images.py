# SPDX-License-Identifier: Apache-2.0
"""Reading and writing 8-bit greyscale images: PNG, PGM and BMP."""

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, UnidentifiedImageError

from model.errors import InputError
from model.files import write_atomically
from model.filter.functions import Plane

FORMATS = {".png": "PNG", ".pgm": "PPM", ".bmp": "BMP"}  # suffix: what Pillow calls it
SMALLEST_SIDE = 3  # the window is 3x3
MOST_PIXELS = 2**26  # 8192x8192: the nine window planes fill 600 MB

# The modes of Pillow that only a conversion makes grey of 8 bits.
_KINDS = {
    "P": "a palette image",
    "RGB": "a colour image",
    "RGBA": "a colour image with transparency",
    "LA": "a grey image with transparency",
    "I": "a 16-bit image",
    "I;16": "a 16-bit image",
    "I;16B": "a 16-bit image",
}
# Pillow has no common base for what it raises on damaged or hostile files.
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)


def read_image(path: Path, convert: bool = False) -> Plane:
    """Return the pixels of an image file as (H, W) uint8.

    Taken are grey PNG, PGM and BMP of up to 8 bits, a BMP also with a palette of greys, from 3x3
    to 2**26 pixels; fewer bits are scaled to 0..255. With `convert` also other PNG, PPM and BMP:
    colour becomes luma, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), and 16 bits are divided by
    257, both rounded to nearest; transparency is dropped.
    Raises InputError, one sentence that says what to do, on everything else.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"'{path}' is not a file; give an image file")
        stream = path.open("rb")
    except OSError as error:
        raise InputError(
            f"cannot read the image '{path}': {error.strerror}; check the path"
        ) from None
    with stream:
        return decode_image(stream, path, convert)


def decode_image(stream: IO[bytes], path: Path, convert: bool = False) -> Plane:
    """Return the pixels of an image in a stream, as read_image does; path is what errors name."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow warns of is checked or refused here
            with Image.open(stream, formats=tuple(FORMATS.values())) as picture:
                _check_size(path, picture)
                picture.load()
                return _grey(path, picture, convert)
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(f"'{path}' is not a PNG, PGM or BMP image; give one of these") from None
    except (Image.DecompressionBombError, MemoryError):
        raise InputError(_too_large(path)) from None
    except _DAMAGE as error:
        raise InputError(f"'{path}' is damaged or cut off ({error}); get it anew") from None


def write_image(path: Path, image: Plane) -> None:
    """Write an image (H, W) uint8 as PNG, PGM or BMP, whole or not at all; the suffix decides.

    Raises InputError for another suffix or a place that cannot be written.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"cannot write '{path}': end its name in {', '.join(FORMATS)}")
    write_atomically(path, encode_image(image, kind))


def encode_image(image: Plane, kind: str = "PNG") -> bytes:
    """Return a file's content for an image (H, W) uint8; kind is one that Pillow knows."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, kind)
    return stream.getvalue()


def _too_large(path: Path) -> str:
    return f"'{path}' has more than {MOST_PIXELS} pixels; give a smaller image"


def _check_size(path: Path, picture: Image.Image) -> None:
    width, height = picture.size
    if width < SMALLEST_SIDE or height < SMALLEST_SIDE:
        raise InputError(
            f"'{path}' is {width}x{height} pixels; give an image of 3x3 pixels or more"
        )
    if width * height > MOST_PIXELS:
        raise InputError(_too_large(path))


def _grey(path: Path, picture: Image.Image, convert: bool) -> Plane:
    mode = picture.mode
    if mode in {"L", "1"} and "transparency" in picture.info:
        mode = "LA"  # one grey level is declared transparent
    if mode in {"L", "1"}:
        return _pixels(picture.convert("L"))
    # An 8-bit BMP always has a palette, so a palette of greys is its way to be grey.
    if mode == "P" and picture.format == "BMP":
        red, green, blue = picture.convert("RGB").split()
        if red == green == blue:
            return _pixels(red)
    if mode not in _KINDS:
        raise InputError(f"'{path}' has no whole numbers as pixels; give an 8-bit grey image")
    if not convert:
        raise InputError(
            f"'{path}' is {_KINDS[mode]}; give an 8-bit grey image or the option --convert"
        )
    if mode.startswith("I"):
        return ((np.asarray(picture).astype(np.int64) + 128) // 257).astype(np.uint8)
    return _pixels(picture.convert("RGB").convert("L"))


def _pixels(picture: Image.Image) -> Plane:
    return np.array(picture, np.uint8)
