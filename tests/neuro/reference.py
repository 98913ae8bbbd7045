# SPDX-License-Identifier: Apache-2.0
"""What a network computes, one multiplication at a time in plain Python integers and fractions.

The tests hold the golden model against this page. It shares nothing with the model, not even NumPy:
a network is the plain object of a network file, an image a list of channels of rows of integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from typing import Any

Maps = list[list[list[int]]]


def scaled(accumulator: int, shift: int, multiplier: int, low: int) -> int:
    """The accumulator, scaled by multiplier / 2**shift; Python rounds a fraction half to even."""
    return min(max(round(Fraction(accumulator * multiplier, 2**shift)), low), 127)


@cache
def table(name: str, value: int) -> int:
    """127 times the function at value / 16, from 50 decimal digits."""
    if name == "step":
        return 127 if value >= 0 else 0
    with localcontext() as context:
        context.prec = 50
        e = (Decimal(value) / 16).exp()
        ratio = e / (e + 1) if name == "sigmoid" else (e * e - 1) / (e * e + 1)
        return round(Fraction(127 * ratio))


def activated(accumulator: int, layer: dict[str, Any]) -> int:
    name = layer["activation"]
    if name == "logits":
        return accumulator
    low = 0 if name == "relu" else -127
    value = scaled(accumulator, layer["shift"], layer["multiplier"], low)
    return value if name in {"linear", "relu"} else table(name, value)


def dense(maps: Maps, layer: dict[str, Any]) -> Maps:
    values = [value for channel in maps for row in channel for value in row]
    result = []
    for weights, bias in zip(layer["weights"], layer["bias"], strict=True):
        total = bias
        for weight, value in zip(weights, values, strict=True):
            total += weight * value
        result.append([[activated(total, layer)]])
    return result


def conv_sum(maps: Sequence[Sequence[Sequence[int]]], kernel: Any, top: int, left: int) -> int:
    """The products of a kernel whose NW corner lies at (top, left); outside the map is zero."""
    total = 0
    for channel, plane in zip(maps, kernel, strict=True):
        for dy in range(3):
            for dx in range(3):
                y, x = top + dy, left + dx
                if 0 <= y < len(channel) and 0 <= x < len(channel[0]):
                    total += channel[y][x] * plane[dy][dx]
    return total


def conv(maps: Maps, layer: dict[str, Any]) -> Maps:
    stride, padding = layer["stride"], layer["padding"]
    tops = range(-padding, len(maps[0]) + padding - 2, stride)
    lefts = range(-padding, len(maps[0][0]) + padding - 2, stride)
    return [
        [
            [activated(bias + conv_sum(maps, kernel, top, left), layer) for left in lefts]
            for top in tops
        ]
        for kernel, bias in zip(layer["weights"], layer["bias"], strict=True)
    ]


def pool(maps: Maps, layer: dict[str, Any]) -> Maps:
    size, stride = layer["size"], layer["stride"]
    result = []
    for channel in maps:
        rows = []
        for top in range(0, len(channel) - size + 1, stride):
            row = []
            for left in range(0, len(channel[0]) - size + 1, stride):
                window = [channel[top + y][left + x] for y in range(size) for x in range(size)]
                average = round(Fraction(sum(window), size * size))
                row.append(max(window) if layer["kind"] == "max" else average)
            rows.append(row)
        result.append(rows)
    return result


def forward(network: dict[str, Any], image: Maps) -> list[int]:
    """The logits of one image."""
    maps = image
    for layer in network["layers"]:
        maps = {"dense": dense, "conv": conv, "pool": pool}[layer["layer"]](maps, layer)
    return [value for channel in maps for row in channel for value in row]
