# SPDX-License-Identifier: Apache-2.0
"""Reading images as 8-bit grey, or with their channels, and writing them without loss."""

import io
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evoarray.model.channels import luma
from evoarray.model.decoding import (
    DamagedError,
    Frame,
    ImageFile,
    NotAnImageError,
    UnknownKindError,
)
from evoarray.model.errors import InputError
from evoarray.model.files import write_atomically
from evoarray.model.filter.functions import Plane

Pixels: TypeAlias = NDArray[np.uint8]
"""Grey (H, W), or (H, W, channels) as in model/channels.py."""

READ_SUFFIXES = frozenset(
    (".png", ".pgm", ".ppm", ".pnm", ".pbm", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
) | {".gif"}
"""By which images are found in a folder; a file that is named is told by its content."""

FORMATS = {
    ".png": "PNG",
    ".pgm": "PPM",
    ".ppm": "PPM",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
"""What is written, without loss: suffix, and what Pillow calls it."""

SMALLEST_SIDE = 3  # the window is 3x3
MOST_PIXELS = 2**26  # 8192x8192: the nine window planes fill 600 MB


def read_image(path: Path, convert: bool = False) -> Plane:
    """Return the pixels of an image file as (H, W) uint8.

    Taken are grey PNG, PGM, BMP, JPEG, TIFF, WebP and GIF of up to 8 bits, also with a palette of
    greys, from 3x3 to 2**26 pixels and of one frame; fewer bits are scaled to 0..255, and EXIF says
    which side is up. With `convert` also other images of these formats: colour becomes luma, 0.299
    R + 0.587 G + 0.114 B (ITU-R BT.601), and 16 bits are divided by 257, both rounded to nearest;
    transparency is dropped.
    Raises InputError, one sentence that says what to do, on everything else.
    """
    with _open(path) as stream:
        return decode_image(stream, path, convert)


def decode_image(stream: IO[bytes], path: Path, convert: bool = False) -> Plane:
    """Return the pixels of an image in a stream, as read_image does; path is what errors name."""
    frames = list(_decode(stream, path, most_frames=1))
    return _grey(path, frames[0], convert, "the option --convert")


def read_colours(path: Path) -> Pixels:
    """Return the pixels of an image of one frame, with the channels that it has.

    16 bits become 8, rounded. Raises InputError as read_image does.
    """
    with _open(path) as stream:
        (frame,) = _decode(stream, path, most_frames=1)
    return _with_channels(path, frame)


def read_frames(path: Path, convert: bool = False, channels: bool = False) -> Iterator[Pixels]:
    """Yield the frames of an image file as read_image does, which may be many here.

    With channels, those that it has are kept, (H, W, channels) uint8; 16 bits become 8.
    """
    with _open(path) as stream:
        for frame in _decode(stream, path):
            if channels:
                yield _with_channels(path, frame)
            else:
                yield _grey(path, frame, convert, "one of the options --convert and --channels")


def write_image(path: Path, image: Pixels) -> None:
    """Write an image as PNG, PGM, PPM, BMP or TIFF, whole or not at all; the suffix decides.

    Raises InputError for another suffix, for one that does not hold the image's channels, or a
    place that cannot be written.
    """
    write_frames(path, [image])


def write_frames(path: Path, frames: Iterable[Pixels]) -> None:
    """Write images as the frames of one file, which only TIFF has, whole or not at all.

    Raises InputError as write_image does, before the first frame is asked for if it can.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"cannot write '{path}': end its name in {', '.join(FORMATS)}")
    write_atomically(path, _encode(path, FORMATS[suffix], iter(frames)))


def encode_image(image: Pixels, kind: str = "PNG") -> bytes:
    """Return a file's content for an image; kind is one that Pillow knows."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, kind)
    return stream.getvalue()


def _encode(path: Path, kind: str, frames: Iterator[Pixels]) -> bytes:
    first = next(frames)
    channels = first.shape[2] if first.ndim == 3 else 1
    if channels in {2, 4} and kind not in {"PNG", "TIFF"}:
        raise InputError(f"cannot write transparency to '{path}': end its name in .png or .tif")
    if channels > 1 and path.suffix.lower() == ".pgm":
        raise InputError(f"cannot write colours to '{path}': end its name in .png, .ppm or .tif")
    if kind == "TIFF":
        stream = io.BytesIO()
        pictures = (Image.fromarray(frame) for frame in chain([first], frames))
        next(pictures).save(
            stream, kind, save_all=True, append_images=pictures, compression="tiff_adobe_deflate"
        )
        return stream.getvalue()
    if next(frames, None) is not None:
        raise InputError(f"cannot write several frames to '{path}': end its name in .tif")
    return encode_image(first, kind)


def _open(path: Path) -> IO[bytes]:
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"'{path}' is not a file; give an image file")
        return path.open("rb")
    except OSError as error:
        raise InputError(
            f"cannot read the image '{path}': {error.strerror}; check the path"
        ) from None


def _decode(stream: IO[bytes], path: Path, most_frames: int | None = None) -> Iterator[Frame]:
    try:
        image = ImageFile(stream)
        if most_frames and len(image) > most_frames:
            raise InputError(f"'{path}' has {len(image)} frames; give an image of a single one")
        for size in image.sizes:
            _check_size(path, *size)
        yield from image.frames()
    except NotAnImageError:
        raise InputError(
            f"'{path}' is not a PNG, PGM, BMP, JPEG, TIFF, WebP or GIF image; give one of these"
        ) from None
    except UnknownKindError as error:
        raise InputError(
            f"'{path}' has pixels of a kind that is not read ({error}); save it as an 8-bit PNG"
        ) from None
    except MemoryError:
        raise InputError(_too_large(path)) from None
    except DamagedError as error:
        raise InputError(
            f"'{path}' is damaged or cut off ({error}); download or copy it again"
        ) from None


def _too_large(path: Path) -> str:
    return f"'{path}' has more than {MOST_PIXELS} pixels; give a smaller image"


def _check_size(path: Path, width: int, height: int) -> None:
    if width < SMALLEST_SIDE or height < SMALLEST_SIDE:
        raise InputError(
            f"'{path}' is {width}x{height} pixels; give an image of 3x3 pixels or more"
        )
    if width * height > MOST_PIXELS:
        raise InputError(_too_large(path))


def _grey(path: Path, frame: Frame, convert: bool, way: str) -> Plane:
    kind = _kind(frame)
    if kind and not convert:
        raise InputError(f"'{path}' is {kind}; give an 8-bit grey image or {way}")
    samples = _eight_bits(frame)
    return luma(samples) if frame.coloured else samples[..., 0].copy()


def _with_channels(path: Path, frame: Frame) -> Pixels:
    if frame.keyed:
        raise InputError(
            f"'{path}' declares one of its colours transparent; save it with an alpha channel, or "
            "give --convert instead of --channels"
        )
    samples = _eight_bits(frame)
    return samples[..., 0] if samples.shape[2] == 1 else samples


def _kind(frame: Frame) -> str:
    """Return what only a conversion makes grey of 8 bits, in words, or "" if it is that."""
    bits = "16-bit " if frame.most > 255 else ""
    if frame.palette and frame.coloured:
        return "a palette image"
    if not (bits or frame.coloured or frame.transparent):
        return ""
    colour = "colour " if frame.coloured else "" if bits and not frame.transparent else "grey "
    return f"a {bits}{colour}image{' with transparency' if frame.transparent else ''}"


def _eight_bits(frame: Frame) -> Pixels:
    """Return samples (H, W, channels) uint8, rounded to nearest."""
    if frame.most == 255:
        return frame.samples.astype(np.uint8)
    values = np.arange(frame.most + 1)
    rounded = ((values * 510 + frame.most) // (2 * frame.most)).astype(np.uint8)
    return rounded[frame.samples]
