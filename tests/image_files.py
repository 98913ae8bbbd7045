# SPDX-License-Identifier: Apache-2.0
"""Image files made by hand from their samples, by other code than reads them."""

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Of a PNG, by its type of colour."""

PASSES = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)),
    (0, 1, 1, 2),
)
"""Of an interlaced PNG: first column and row, and the steps from one to the next."""


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    samples: NDArray[np.uint16],
    depth: int,
    colour: int,
    *,
    filters: Sequence[int] = (0,),
    interlaced: bool = False,
    before: bytes = b"",
    missing: int = 0,
) -> bytes:
    """Return a PNG of samples (H, W, channels); `missing` bytes are left out at its end.

    filters: the types of filters that rows have in turn; before: chunks before the pixels.
    """
    height, width = samples.shape[:2]
    passes = PASSES if interlaced else ((0, 0, 1, 1),)
    parts = [samples[y::down, x::right] for x, y, right, down in passes]
    data = b"".join(_filtered(part, depth, filters) for part in parts if part.size)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    pixels = zlib.compress(data[: len(data) - missing])
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            before,
            chunk(b"IDAT", pixels),
            chunk(b"IEND", b""),
        )
    )


def _filtered(samples: NDArray[np.uint16], depth: int, filters: Sequence[int]) -> bytes:
    step = max(1, samples.shape[2] * depth // 8)
    above = bytes(len(packed(samples[0].ravel(), depth)))
    data = b""
    for number, row in enumerate(samples):
        kind, line = filters[number % len(filters)], packed(row.ravel(), depth)
        data += bytes([kind])
        for place, byte in enumerate(line):
            a = line[place - step] if place >= step else 0
            b, c = above[place], above[place - step] if place >= step else 0
            guess = (0, a, b, (a + b) // 2, min((a, b, c), key=lambda x: abs(a + b - c - x)))
            data += bytes([(byte - guess[kind]) % 256])
        above = line
    return data


def packed(values: NDArray[np.uint16], depth: int) -> bytes:
    """Return values in as many bits each, the first one in the highest bits."""
    text = "".join(f"{value:0{depth}b}" for value in values.tolist())
    text += "0" * (-len(text) % 8)
    return bytes(int(text[place : place + 8], 2) for place in range(0, len(text), 8))


def bmp(
    indices: NDArray[np.uint16],
    bits: int,
    palette: Sequence[tuple[int, int, int]],
    *,
    old: bool = False,
    top_down: bool = False,
) -> bytes:
    """Return a BMP of indices (H, W) into a palette of red, green and blue.

    old: with the header of OS/2, which has no number of colours: the palette must be complete.
    """
    height, width = indices.shape
    lines = [packed(row, bits) for row in (indices if top_down else indices[::-1])]
    pixels = b"".join(line + bytes(-len(line) % 4) for line in lines)
    if old:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
        colours = b"".join(bytes((b, g, r)) for r, g, b in palette)
    else:
        rows = -height if top_down else height
        info = struct.pack(
            "<IiiHHIIiiII", 40, width, rows, 1, bits, 0, len(pixels), 0, 0, len(palette), 0
        )
        colours = b"".join(bytes((b, g, r, 0)) for r, g, b in palette)
    offset = 14 + len(info) + len(colours)
    return (
        struct.pack("<2sIHHI", b"BM", offset + len(pixels), 0, 0, offset) + info + colours + pixels
    )


def tiff(
    pixels: bytes,
    size: tuple[int, int],
    bits: int,
    *,
    white_is_zero: bool = False,
    order: str = "<",
) -> bytes:
    """Return a grey TIFF of one strip of packed rows; size is width and height."""
    entries = [
        *((256, size[0]), (257, size[1]), (258, bits), (259, 1), (262, 0 if white_is_zero else 1)),
        *((273, 8), (277, 1), (278, size[1]), (279, len(pixels))),
    ]
    directory = struct.pack(order + "H", len(entries))
    for tag, value in entries:
        directory += struct.pack(order + "HHII", tag, 4, 1, value)
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(order + "HI", 42, 8 + len(pixels))
    return head + pixels + directory + bytes(4)
