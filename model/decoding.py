# SPDX-License-Identifier: Apache-2.0
"""Samples of image files: Pillow's readers, and a check of what they pass over in silence.

Pillow keeps one byte of a 16-bit colour sample, takes the depth of a BMP from its palette, refuses
a sound PNG for its comments, and leaves black what a file lacks. Here no sample is cut or made up.
"""

import io
import logging
import os
import re
import struct
import sys
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImagePalette,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

Samples: TypeAlias = NDArray[np.unsignedinteger[Any]]

READABLE = tuple(
    plugin.format
    for plugin in (
        PngImagePlugin.PngImageFile,
        PpmImagePlugin.PpmImageFile,
        BmpImagePlugin.BmpImageFile,
        JpegImagePlugin.JpegImageFile,
        TiffImagePlugin.TiffImageFile,
        WebPImagePlugin.WebPImageFile,
        GifImagePlugin.GifImageFile,
    )
)
"""The formats as Pillow names them; its modules are imported so that it need not look for them."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT = {b"tRNS", b"eXIf", b"acTL", b"fcTL", b"fdAT"}
"""The ancillary chunks of a PNG that change what is seen: transparency, orientation, frames."""

_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_RESTARTS, _END, _SCAN = range(0xD0, 0xD8), 0xD9, 0xDA
_ARITHMETIC = (0xC9, 0xCA)
"""Markers of JPEG; those of arithmetic coding, in which data may lack zeros at their end."""

_PADDING = bytes(range(254, 190, -1))
"""Bytes that are no marker, and no picture that is likely to go on."""

_INDEX_MODES = {1: "P;1", 4: "P;4", 8: "P"}
"""Pillow's raw mode for the bits that an index into a BMP's palette has."""

_FEW_BITS = {"BGR;15": (5, 5, 5), "BGR;16": (5, 6, 5)}
"""Bits of red, green and blue in raw modes of BMP, which Pillow scales and cuts."""

_OTHER_BYTE = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
"""The byte order, by its letter in a raw mode, in which the low byte is where the high one was."""

_DEEP_GREY_AND_ALPHA = "LA;16B"
"""Pillow's raw mode for them in a PNG; of these four bytes a pixel it drops two."""

_SHALLOW = {
    **{mode: mode for mode in ("L", "LA", "RGB", "RGBA")},
    "1": "L",
    "La": "LA",
    "PA": "RGBA",
    "RGBa": "RGBA",
    **dict.fromkeys(("RGBX", "CMYK", "YCbCr"), "RGB"),
}
"""The modes that are read, and what Pillow turns them to."""

_SUBFILE, _BITS, _PHOTOMETRIC, _ORIENTATION, _SAMPLE_FORMAT = 254, 258, 262, 274, 339
"""Numbers of tags in TIFF and EXIF."""

# Pillow has no common base for what it raises on damaged or hostile files.
_DAMAGE = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError),
    *(struct.error, zlib.error),
)


# What it logs it raises, too, or it is of no consequence.
logging.getLogger("PIL").addHandler(logging.NullHandler())


class NotAnImageError(Exception):
    """The file is of none of the formats."""


class DamagedError(Exception):
    """The file is damaged or cut off; the message says where."""


class UnknownKindError(Exception):
    """The samples of the file are of a kind that is not read; the message names it."""


@dataclass(frozen=True)
class Frame:
    """Samples (H, W, channels) from 0 to `most`, uint8 or uint16, upright.

    Channels are grey, or red, green and blue; an alpha may follow. keyed: one colour is declared
    transparent instead; palette: the colours come from one.
    """

    samples: Samples
    most: int
    keyed: bool
    palette: bool

    @property
    def coloured(self) -> bool:
        """Whether there are red, green and blue."""
        return self.samples.shape[2] in {3, 4}

    @property
    def transparent(self) -> bool:
        """Whether a pixel may be transparent."""
        return self.keyed or self.samples.shape[2] in {2, 4}


class ImageFile:
    """An image file of one frame or more."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Read the file. Raises NotAnImageError, DamagedError or UnknownKindError."""
        self._name, self._data = _read(stream)
        with _damage(), self._opened() as picture:
            # The further pictures of a camera's JPEG are previews and maps of its brightness.
            count = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)
            self.sizes: list[tuple[int, int]] = [picture.size]
            """The widths and heights of frames, as the file says before they are decoded."""
            self._numbers: Sequence[int] = range(count)  # a damaged file may claim billions
            if picture.format == "TIFF":
                pages = {n: size for n in range(count) if (size := _page_size(picture, n))}
                self._numbers, self.sizes = list(pages), list(pages.values())

    def __len__(self) -> int:
        return len(self._numbers)

    def frames(self) -> Iterator[Frame]:
        """Yield the frames in order. Raises DamagedError or UnknownKindError.

        Each is decoded twice, over black and over white: a pixel that differs is not in the file.
        What a JPEG lacks its decoder makes up instead, of what follows, which differs as well.
        """
        padded = _padded(self._data) if self._name == "JPEG" else self._data
        with _damage():
            over_black_and_white = self._opened(), self._opened(padded)
        for number in self._numbers:
            with _damage():
                frame = self._frame(number, *over_black_and_white)
            yield frame

    def _frame(self, number: int, on_black: Any, on_white: Any) -> Frame:
        on_black.seek(number)
        on_white.seek(number)
        most = _most(on_black)
        self._correct(on_black)
        self._correct(on_white)
        raw_mode, colours = _raw_mode(on_black), _palette_size(on_black)
        given = _load(on_black, 0)
        if (given != _load(on_white, 255)).any():
            raise DamagedError("pixels are missing")
        if most <= 255:
            if colours and given.max() >= colours:
                raise DamagedError(f"a pixel has colour {given.max()} of a palette of {colours}")
            samples = _shallow(on_black)
            for channel, bits in enumerate(_FEW_BITS.get(raw_mode, ())):
                samples[..., channel] = _rounded(samples[..., channel], bits)
        elif _has_low_byte(raw_mode):
            with self._opened() as low:
                low.seek(number)
                self._correct(low)
                _set_raw_mode(low, raw_mode[:-1] + _OTHER_BYTE[raw_mode[-1]])
                samples = given * np.uint16(256) + _load(low, 0)
        else:
            samples = _deep(given, raw_mode, most, on_black)
        if samples.max() > most:
            raise DamagedError(f"a sample is {samples.max()}, and white is {most}")
        if colours or self._name in {"GIF", "WEBP"}:  # which store grey as colours
            samples = _reduced(samples)
        keyed = self._name == "PNG" and not colours and "transparency" in on_black.info
        return Frame(_upright(samples, on_black), most, keyed, bool(colours))

    def _correct(self, picture: Any) -> None:
        """Put right what Pillow says of how to decode a frame."""
        if self._name == "BMP":
            _restore_palette(picture, self._data)
        elif self._name == "PPM":
            _unscale(picture)
        elif _raw_mode(picture) == _DEEP_GREY_AND_ALPHA:
            _set_raw_mode(picture, "RGBA")

    def _opened(self, data: bytes = b"") -> Any:  # most of what a format adds has no types
        factory, _ = Image.OPEN[self._name]
        return factory(io.BytesIO(data or self._data), "")


@contextmanager
def _damage() -> Iterator[None]:
    """Turn what Pillow raises into a DamagedError; what it only warns of is no reason for one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Image.DecompressionBombError as error:
        raise MemoryError(str(error)) from None
    except _DAMAGE as error:
        if str(error).lower().startswith(("unknown pixel", "unknown raw", "unsupported")):
            raise UnknownKindError(str(error)) from None
        raise DamagedError(str(error)) from None


def _read(stream: IO[bytes]) -> tuple[str, bytes]:
    """Return the format of a file and its content, of a PNG without comments.

    What is no image by its first bytes is not read on, as it may be large.
    """
    start = stream.read(64)
    for name in READABLE:
        _, accepts = Image.OPEN[name]
        # What begins with P and a letter may also be a text.
        if accepts and accepts(start) is True and (name != "PPM" or start[2:3].isspace()):
            data = start + stream.read()
            return name, _without_comments(data) if name == "PNG" else data
    raise NotAnImageError


def _without_comments(data: bytes) -> bytes:
    """Return a PNG without the chunks that change no pixel, whatever may be wrong with them.

    Raises DamagedError for a wrong checksum in one of the others.
    """
    kept, place = [data[:8]], 8
    while place < len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        kind, chunk = data[place + 4 : place + 8], data[place:end]
        if not kind[:1].islower() or kind in _KEPT:
            checksum = int.from_bytes(chunk[-4:], "big")
            if end <= len(data) and zlib.crc32(chunk[4:-4]) != checksum:
                raise DamagedError(f"the checksum of {kind.decode('latin-1')!r} is wrong")
            kept.append(chunk)
        place = end
    return b"".join(kept)


def _padded(data: bytes) -> bytes:
    """Return a JPEG with bytes behind the data of each scan and of each part of one.

    A decoder passes over them, unless it wants for data and takes them for its own.
    """
    parts, place, in_scan = [], 0, False
    search_from = 2
    while marker := _MARKER.search(data, search_from):
        kind, search_from = marker[1][0], marker.end()
        if kind in _ARITHMETIC:
            return data
        if in_scan:
            parts += [data[place : marker.start()], _PADDING]
            place = marker.start()
        if kind == _END:
            break
        if kind not in _RESTARTS:
            search_from += int.from_bytes(data[search_from : search_from + 2], "big")
            in_scan = kind == _SCAN
    return b"".join((*parts, data[place:]))


def _page_size(picture: Any, number: int) -> tuple[int, int] | None:
    """Return the size of a page of a TIFF, None if it is a smaller copy of another."""
    picture.seek(number)
    size: tuple[int, int] = picture.size
    return None if picture.tag_v2.get(_SUBFILE, 0) & 1 else size


def _most(picture: Any) -> int:
    """Return the value of white: 255, or that of more bits. Raises UnknownKindError."""
    if picture.format == "TIFF":
        bits = max(picture.tag_v2.get(_BITS, (1,)))
        if set(picture.tag_v2.get(_SAMPLE_FORMAT, (1,))) != {1} or bits > 16:
            raise UnknownKindError(f"{bits} bits, signed or with fractions")
        return 255 if bits <= 8 else (1 << bits) - 1
    if picture.format == "PPM" and (white := _white(picture)):
        return white
    return 65535 if picture.mode.startswith("I") or _raw_mode(picture).endswith(";16B") else 255


def _raw_mode(picture: Any) -> str:
    """Return how Pillow unpacks samples, "" where the decoder does it alone."""
    arguments = picture.tile[0][3] if picture.tile else ""
    found = arguments if isinstance(arguments, str) else arguments[0]
    return found if isinstance(found, str) else ""


def _set_raw_mode(picture: Any, raw_mode: str) -> None:
    picture.tile = [
        tile._replace(args=raw_mode if isinstance(tile.args, str) else (raw_mode, *tile.args[1:]))
        for tile in picture.tile
    ]


def _white(picture: Any) -> int:
    """Return the value of white that a PPM has of its own; 0 where Pillow must scale it to 255."""
    (tile,) = picture.tile
    if tile.codec_name == "raw" or picture.mode == "1":
        return 0
    white: int = tile.args[1]
    return 0 if tile.codec_name == "ppm_plain" and picture.mode == "RGB" and white > 255 else white


def _unscale(picture: Any) -> None:
    """Let the samples of a PPM be as they are; Pillow scales them, and cuts those above white."""
    if white := _white(picture):
        (tile,) = picture.tile
        if tile.codec_name == "ppm":
            raw_mode = {"I": "I;16B", "L": "L", "RGB": "RGB;16B" if white > 255 else "RGB"}
            tile = tile._replace(codec_name="raw", args=(raw_mode[picture.mode], 0, 1))
        else:
            tile = tile._replace(args=(tile.args[0], 65535 if picture.mode == "I" else 255))
        picture.tile = [tile]


def _restore_palette(picture: Any, data: bytes) -> None:
    """Give a BMP its palette back, which Pillow drops with the bits of an index if it is grey."""
    if picture.mode not in {"1", "L"}:
        return
    header = int.from_bytes(data[14:18], "little")
    old = header == 12
    bits = int.from_bytes(data[24:26] if old else data[28:30], "little")
    colours = (not old and int.from_bytes(data[46:50], "little")) or 1 << bits
    greys = bytes((0, 255)) if picture.mode == "1" else bytes(range(256))
    palette = np.repeat(np.frombuffer(greys[:colours], np.uint8), 3).tobytes()
    picture.palette, picture._mode = ImagePalette.raw("RGB", palette), "P"
    _set_raw_mode(picture, _INDEX_MODES[bits])


def _palette_size(picture: Any) -> int:
    """Return how many colours there are, 0 without a palette."""
    if picture.mode != "P":
        return 0
    if picture.palette is None:
        raise DamagedError("the palette is missing")
    stored = picture.palette.rawmode or "RGB"  # BGRX in most BMP, RGB;L in TIFF
    return len(picture.palette.palette) // len(stored.partition(";")[0])


def _load(picture: Any, ground: int) -> NDArray[Any]:
    """Decode a frame over a ground, and return what it has of indices or samples."""
    prepare = picture.load_prepare

    def prepare_ground() -> None:
        prepare()
        for _, box, *_ in picture.tile:
            picture.im.paste((ground,) * picture.im.bands, box)

    picture.load_prepare = prepare_ground
    with _silence() if picture.format == "TIFF" else nullcontext():
        picture.load()
    del picture.load_prepare
    return np.asarray(picture)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep libtiff from writing to standard error what Pillow raises as well."""
    standard_error, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(standard_error, 2)
        os.close(standard_error)
        os.close(nowhere)


def _shallow(picture: Any) -> Samples:
    """Return the samples (H, W, channels) uint8 of a picture with up to 8 bits each."""
    mode = picture.mode
    if mode == "P":
        mode = "RGBA" if "transparency" in picture.info else "RGB"
    elif (picture.format, mode) == ("GIF", "L") and "transparency" in picture.info:
        mode = "LA"
    if mode not in _SHALLOW:
        raise UnknownKindError(f"Pillow's mode {mode}")
    return _with_channels(np.array(picture.convert(_SHALLOW[mode]), np.uint8))


def _deep(given: NDArray[Any], raw_mode: str, most: int, picture: Any) -> Samples:
    """Return the samples (H, W, channels) uint16 of which Pillow has both bytes."""
    if raw_mode == "RGBA":  # bytes of grey and alpha, the high ones first
        both: Samples = given[..., ::2] * np.uint16(256) + given[..., 1::2]
        return both
    if not picture.mode.startswith("I"):
        raise UnknownKindError(f"more than 8 bits in Pillow's mode {picture.mode}")
    samples = _with_channels(given.astype(np.uint16))
    if picture.format == "TIFF" and picture.tag_v2.get(_PHOTOMETRIC, 0) == 0:
        samples = most - samples  # white is 0
    return samples


def _rounded(samples: Samples, bits: int) -> Samples:
    """Return samples of so few bits rounded, where they were cut when they were scaled to 255."""
    most = (1 << bits) - 1
    levels = np.arange(most + 1)
    rounded = np.zeros(256, np.uint8)
    rounded[levels * 255 // most] = (levels * 510 + most) // (2 * most)
    return rounded[samples]


def _with_channels(samples: Samples) -> Samples:
    return samples if samples.ndim == 3 else samples[..., np.newaxis]


def _has_low_byte(raw_mode: str) -> bool:
    return raw_mode[:-1] in {"RGB;16", "RGBA;16", "RGBX;16"}


def _reduced(samples: Samples) -> Samples:
    """Return samples without an alpha that is 255 everywhere, and colours that are grey as one."""
    alpha = samples[..., -1:] if samples.shape[2] in {2, 4} else samples[..., :0]
    if (alpha == 255).all():
        alpha = alpha[..., :0]
    colours = samples[..., :3] if samples.shape[2] >= 3 else samples[..., :1]
    if (colours == colours[..., :1]).all():
        colours = colours[..., :1]
    return np.concatenate([colours, alpha], axis=2)


def _upright(samples: Samples, picture: Any) -> Samples:
    """Turn and mirror samples as EXIF says; of a TIFF Pillow has done it."""
    try:
        orientation = 1 if picture.format == "TIFF" else picture.getexif().get(_ORIENTATION, 1)
    except _DAMAGE:  # nobody sees a picture turned by what cannot be read
        orientation = 1
    if orientation in {5, 6, 7, 8}:
        samples = samples.swapaxes(0, 1)
    if orientation in {2, 3, 6, 7}:
        samples = samples[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        samples = samples[::-1]
    return samples
