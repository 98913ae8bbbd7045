# SPDX-License-Identifier: Apache-2.0
"""What the array computes, one pixel at a time in plain Python integers.

The tests hold the golden model against this page. It shares nothing with the model, not even NumPy:
a circuit is the plain object of a circuit file, an image a list of rows of integers 0..255.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Image = Sequence[Sequence[int]]

# Code = position. N and W are 0..255; Python's >> and // round down, also below zero.
FUNCTIONS: dict[str, tuple[Callable[[int, int], int], ...]] = {
    "upm16": (
        lambda n, w: (n + w) % 256,
        lambda n, w: 2 * n % 256,
        lambda n, w: 2 * w % 256,
        lambda n, w: min(n + w, 255),
        lambda n, w: min(2 * n, 255),
        lambda n, w: min(2 * w, 255),
        lambda n, w: (n + w) >> 1,
        lambda n, w: 255,
        lambda n, w: n >> 1,
        lambda n, w: w >> 1,
        lambda n, w: n,
        lambda n, w: w,
        lambda n, w: max(n, w),
        lambda n, w: min(n, w),
        lambda n, w: max(n - w, 0),
        lambda n, w: max(w - n, 0),
    ),
    "upm19": (
        lambda n, w: n,
        lambda n, w: w,
        lambda n, w: max(n, w),
        lambda n, w: min(n, w),
        lambda n, w: max(n + w - 256, 0),
        lambda n, w: max(n - w, 0),
        lambda n, w: max(w - n, 0),
        lambda n, w: min(n + w, 255),
        lambda n, w: min(n - w + 256, 255),
        lambda n, w: min(w - n + 256, 255),
        lambda n, w: (n + w) % 256,
        lambda n, w: (n - w) % 256,
        lambda n, w: (w - n) % 256,
        lambda n, w: (n + w) >> 1,
        lambda n, w: (n - w) // 2 + 128,
        lambda n, w: (w - n) // 2 + 128,
        lambda n, w: abs(n - w),
        lambda n, w: 255 if n >= w else 0,
        lambda n, w: 255 if w >= n else 0,
    ),
    "cgp16": (
        lambda a, b: 255,
        lambda a, b: a,
        lambda a, b: 255 - a,
        lambda a, b: a | b,
        lambda a, b: (~a | b) % 256,
        lambda a, b: a & b,
        lambda a, b: ~(a & b) % 256,
        lambda a, b: a ^ b,
        lambda a, b: a >> 1,
        lambda a, b: a >> 2,
        lambda a, b: (a & 15) << 4 | (b & 15),
        lambda a, b: (a + b) % 256,
        lambda a, b: min(a + b, 255),
        lambda a, b: (a + b) >> 1,
        lambda a, b: max(a, b),
        lambda a, b: min(a, b),
    ),
}


def window(image: Image, y: int, x: int) -> list[int]:
    """The 9 pixels around (y, x), NW to SE; a missing one repeats the nearest real pixel."""
    bottom, right = len(image) - 1, len(image[0]) - 1
    return [
        image[min(max(y + dy, 0), bottom)][min(max(x + dx, 0), right)]
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    ]


def mesh(circuit: dict[str, Any], pixels: Sequence[int]) -> int:
    """The result of the output PE for one window."""
    functions = FUNCTIONS[circuit["function_set"]]
    result: dict[tuple[int, int], int] = {}
    for r in range(circuit["rows"]):
        for c in range(circuit["cols"]):
            north = result[r - 1, c] if r > 0 else pixels[circuit["north"][c]]
            west = result[r, c - 1] if c > 0 else pixels[circuit["west"][r]]
            result[r, c] = functions[circuit["functions"][r][c]](north, west)
    return result[circuit["output"], circuit["cols"] - 1]


def filter_image(circuit: dict[str, Any], image: Image) -> list[list[int]]:
    """The output image: the mesh, evaluated anew for every pixel."""
    return [
        [mesh(circuit, window(image, y, x)) for x in range(len(image[0]))]
        for y in range(len(image))
    ]


def sae(output: Image, reference: Image) -> int:
    """The sum over all pixels of |output - reference|."""
    return sum(
        abs(a - b)
        for row_a, row_b in zip(output, reference, strict=True)
        for a, b in zip(row_a, row_b, strict=True)
    )
