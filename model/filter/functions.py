# SPDX-License-Identifier: Apache-2.0
"""The function sets of the processing element: what each gene code computes from N and W.

Everything here works on planes, arrays of uint8, whose sums and differences wrap modulo 256 as
an 8-bit adder does. `apply(n, w, out=result)` writes into a plane that is neither `n` nor `w`.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]


class Operation(Protocol):
    """An elementwise function of two planes, called as a NumPy ufunc is."""

    def __call__(self, n: Plane, w: Plane, /, *, out: Plane) -> object:
        """Write the result into out."""


@dataclass(frozen=True)
class Function:
    """One function of a set: a label for drawings, its formula, and what it does to planes."""

    name: str
    formula: str
    apply: Operation


@dataclass(frozen=True)
class FunctionSet:
    """A named tuple of functions; a function's position is its gene code."""

    name: str
    functions: tuple[Function, ...]


def _constant(out: Plane) -> None:
    out.fill(255)


def _saturating_add(a: Plane, b: Plane, out: Plane) -> None:
    np.invert(b, out=out)  # 255 - b is the most that a may add
    np.minimum(a, out, out=out)
    np.add(out, b, out=out)


def _saturating_subtract(a: Plane, b: Plane, out: Plane) -> None:
    np.maximum(a, b, out=out)
    np.subtract(out, b, out=out)


def _half_sum(a: Plane, b: Plane, out: Plane) -> None:
    np.bitwise_xor(a, b, out=out)  # a + b = 2 (a & b) + (a ^ b), so no ninth bit is needed
    np.right_shift(out, 1, out=out)
    np.add(out, a & b, out=out)


def _half_difference(a: Plane, b: Plane, out: Plane) -> None:
    # (a - b) / 2 + 128, rounded down, is (a + (255 - b) + 1) / 2: a half sum that rounds up
    not_b = ~b
    np.bitwise_xor(a, not_b, out=out)
    np.right_shift(out, 1, out=out)
    np.subtract(a | not_b, out, out=out)


def _overflow(a: Plane, b: Plane, out: Plane) -> None:
    np.add(a, b, out=out)
    np.multiply(out, out < a, out=out)  # an 8-bit sum is smaller than an operand iff it wrapped


def _underflow(a: Plane, b: Plane, out: Plane) -> None:
    _at_least(a, b, out)
    np.maximum(out, a - b, out=out)


def _absolute_difference(a: Plane, b: Plane, out: Plane) -> None:
    np.maximum(a, b, out=out)
    np.subtract(out, np.minimum(a, b), out=out)


def _at_least(a: Plane, b: Plane, out: Plane) -> None:
    np.multiply(a >= b, np.uint8(255), out=out)


def _or_not(a: Plane, b: Plane, out: Plane) -> None:
    np.invert(a, out=out)
    np.bitwise_or(out, b, out=out)


def _nand(a: Plane, b: Plane, out: Plane) -> None:
    np.bitwise_and(a, b, out=out)
    np.invert(out, out=out)


def _join_nibbles(a: Plane, b: Plane, out: Plane) -> None:
    np.left_shift(a, 4, out=out)
    np.bitwise_or(out, b & 15, out=out)


# The names below are the UPM group's array of 2023 (A. Rodriguez, J. Mora) and its later library.
UPM16 = FunctionSet(
    "upm16",
    (
        Function("N+W", "(N+W) mod 256", np.add),
        Function("2N", "2N mod 256", lambda n, w, out: np.add(n, n, out=out)),
        Function("2W", "2W mod 256", lambda n, w, out: np.add(w, w, out=out)),
        Function("N+W sat", "min(N+W, 255)", _saturating_add),
        Function("2N sat", "min(2N, 255)", lambda n, w, out: _saturating_add(n, n, out)),
        Function("2W sat", "min(2W, 255)", lambda n, w, out: _saturating_add(w, w, out)),
        Function("avg", "(N+W)>>1", _half_sum),
        Function("255", "255", lambda n, w, out: _constant(out)),
        Function("N/2", "N>>1", lambda n, w, out: np.right_shift(n, 1, out=out)),
        Function("W/2", "W>>1", lambda n, w, out: np.right_shift(w, 1, out=out)),
        Function("N", "N", lambda n, w, out: np.copyto(out, n)),
        Function("W", "W", lambda n, w, out: np.copyto(out, w)),
        Function("max", "max(N, W)", np.maximum),
        Function("min", "min(N, W)", np.minimum),
        Function("N-W sat", "max(N-W, 0)", _saturating_subtract),
        Function("W-N sat", "max(W-N, 0)", lambda n, w, out: _saturating_subtract(w, n, out)),
    ),
)

UPM19 = FunctionSet(
    "upm19",
    (
        Function("N", "N", lambda n, w, out: np.copyto(out, n)),
        Function("W", "W", lambda n, w, out: np.copyto(out, w)),
        Function("max", "max(N, W)", np.maximum),
        Function("min", "min(N, W)", np.minimum),
        Function("N+W over", "max(N+W-256, 0)", _overflow),
        Function("N-W sat", "max(N-W, 0)", _saturating_subtract),
        Function("W-N sat", "max(W-N, 0)", lambda n, w, out: _saturating_subtract(w, n, out)),
        Function("N+W sat", "min(N+W, 255)", _saturating_add),
        Function("N-W under", "min(N-W+256, 255)", _underflow),
        Function("W-N under", "min(W-N+256, 255)", lambda n, w, out: _underflow(w, n, out)),
        Function("N+W", "(N+W) mod 256", np.add),
        Function("N-W", "(N-W) mod 256", np.subtract),
        Function("W-N", "(W-N) mod 256", lambda n, w, out: np.subtract(w, n, out=out)),
        Function("avg", "(N+W)>>1", _half_sum),
        Function("N-W half", "(N-W)/2 + 128", _half_difference),
        Function("W-N half", "(W-N)/2 + 128", lambda n, w, out: _half_difference(w, n, out)),
        Function("|N-W|", "|N-W|", _absolute_difference),
        Function("N>=W", "N>=W ? 255 : 0", _at_least),
        Function("W>=N", "W>=N ? 255 : 0", lambda n, w, out: _at_least(w, n, out)),
    ),
)

# The set of the Brno group's CGP image filters (L. Sekanina and others).
CGP16 = FunctionSet(
    "cgp16",
    (
        Function("255", "255", lambda n, w, out: _constant(out)),
        Function("N", "N", lambda n, w, out: np.copyto(out, n)),
        Function("not N", "255-N", lambda n, w, out: np.invert(n, out=out)),
        Function("or", "N|W", np.bitwise_or),
        Function("not N or W", "(~N)|W", _or_not),
        Function("and", "N&W", np.bitwise_and),
        Function("nand", "~(N&W)", _nand),
        Function("xor", "N^W", np.bitwise_xor),
        Function("N/2", "N>>1", lambda n, w, out: np.right_shift(n, 1, out=out)),
        Function("N/4", "N>>2", lambda n, w, out: np.right_shift(n, 2, out=out)),
        Function("nibbles", "((N&15)<<4)|(W&15)", _join_nibbles),
        Function("N+W", "(N+W) mod 256", np.add),
        Function("N+W sat", "min(N+W, 255)", _saturating_add),
        Function("avg", "(N+W)>>1", _half_sum),
        Function("max", "max(N, W)", np.maximum),
        Function("min", "min(N, W)", np.minimum),
    ),
)

# Insertion order is the value of the RTL parameter FUNCTION_SET.
FUNCTION_SETS = {s.name: s for s in (UPM16, UPM19, CGP16)}
