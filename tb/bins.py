# SPDX-License-Identifier: Apache-2.0
"""What covergroups are made of: bins, their crosses, and the coverpoints that modules share."""

from collections.abc import Iterable, Sequence
from itertools import product

Coverpoints = dict[str, tuple[str, ...]]

LENGTHS = ("none", "single", "several", "long")
LONG = 8  # cycles
SIZES = ("smallest", "widest and lowest", "narrowest and tallest", "largest", "other")
RESETS = ("idle", "first row", "inner row", "last row", "all in, not all out")


def cross(*bins: Sequence[str], without: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the bins of a cross: every combination of one bin each, without impossible ones."""
    crossed = tuple(" x ".join(combination) for combination in product(*bins))
    impossible = set(without)
    assert impossible <= set(crossed)
    return tuple(name for name in crossed if name not in impossible)


def stream(pauses: Sequence[str] = LENGTHS, stalls: Sequence[str] = LENGTHS) -> Coverpoints:
    """Return the coverpoints of a stream.

    handshake: valid and ready of a cycle; pause: how long the source offered nothing before an
    item; stall: how long the sink did not take what was offered.
    """
    return {
        "handshake": ("idle x ready", "idle x busy", "offered x busy", "offered x ready"),
        "pause": (*pauses, "back-to-back"),
        "stall": (*stalls, "back-to-back"),
    }


def crossed_stream(
    pauses: Sequence[str] = LENGTHS, stalls: Sequence[str] = LENGTHS, without: Iterable[str] = ()
) -> Coverpoints:
    """Return the coverpoints of a stream, and how long pauses meet how long stalls."""
    return {**stream(pauses, stalls), "pause x stall": cross(pauses, stalls, without=without)}


def length_bin(cycles: int) -> str:
    """Return the bin of a pause or a stall."""
    return LENGTHS[min(cycles, 2)] if cycles < LONG else LENGTHS[3]


def size_bin(size: tuple[int, int], largest: tuple[int, int]) -> str:
    """Return the bin of a frame's height and width."""
    smallest = (3, 3)
    extremes = (smallest, (3, largest[1]), (largest[0], 3), largest)
    return SIZES[extremes.index(size)] if size in extremes else "other"


def reset_bin(frames: Sequence[tuple[int, int]], taken: int, left: int) -> str:
    """Return the bin of a reset, for frames (height, width) that began and items in and out."""
    before = 0
    for height, width in frames:
        if before < taken < before + height * width:
            row = (taken - before) // width
            return {0: "first row", height - 1: "last row"}.get(row, "inner row")
        before += height * width
    return "idle" if left == taken else "all in, not all out"
