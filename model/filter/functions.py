# SPDX-License-Identifier: Apache-2.0
"""The function sets of the processing element: what each gene code computes from N and W.

Everything here works on planes, arrays of uint8, whose sums and differences wrap modulo 256 as
an 8-bit adder does. `apply(n, w, out=result)` writes into a plane that is neither `n` nor `w`.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]


class Elementwise(Protocol):
    """What computes a plane from two, called as a NumPy ufunc is."""

    def __call__(self, a: Plane, b: Plane, /, *, out: Plane) -> object:
        """Write the result into out."""


@dataclass(frozen=True)
class Operation:
    """An elementwise function of one byte, a, or of two, a and b.

    apply says what it computes; tests hold the expressions in other languages, from which the
    engine and the exports are made, against it. In Verilog operands and result have 8 bits, or the
    result has a ninth below, which is dropped (halved). In C the operands are uint8_t, and of the
    result the low 8 bits count. In Python they are integers from 0 to 255.
    """

    name: str
    apply: Elementwise
    verilog: str
    c: str
    python: str
    halved: bool = False

    @property
    def operands(self) -> int:
        """How many operands it reads."""
        return len(set(re.findall(r"\b[ab]\b", self.c)))


@dataclass(frozen=True)
class Function:
    """One function of a set: a label for drawings, its formula, an operation, and of which inputs.

    inputs is a letter for each operand, N or W.
    """

    name: str
    formula: str
    operation: Operation
    inputs: str = "NW"

    @cached_property
    def apply(self) -> Elementwise:
        """What it does to planes N and W; out is neither of them."""
        compute = self.operation.apply
        if self.inputs == "NW":
            return compute
        first, last = (self.inputs or "N")[0] == "N", (self.inputs or "N")[-1] == "N"
        return lambda n, w, *, out: compute(n if first else w, n if last else w, out=out)


@dataclass(frozen=True)
class FunctionSet:
    """A named tuple of functions; a function's position is its gene code."""

    name: str
    functions: tuple[Function, ...]


# ---- How NumPy computes what takes more than one of its functions


def _saturated_sum(a: Plane, b: Plane, out: Plane) -> None:
    np.invert(b, out=out)  # 255 - b is the most that a may add
    np.minimum(a, out, out=out)
    np.add(out, b, out=out)


def _saturated_difference(a: Plane, b: Plane, out: Plane) -> None:
    np.maximum(a, b, out=out)
    np.subtract(out, b, out=out)


def _average(a: Plane, b: Plane, out: Plane) -> None:
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


def _not_or(a: Plane, b: Plane, out: Plane) -> None:
    np.invert(a, out=out)
    np.bitwise_or(out, b, out=out)


def _not_both(a: Plane, b: Plane, out: Plane) -> None:
    np.bitwise_and(a, b, out=out)
    np.invert(out, out=out)


def _nibbles(a: Plane, b: Plane, out: Plane) -> None:
    np.left_shift(a, 4, out=out)
    np.bitwise_or(out, b & 15, out=out)


# ---- Operations

WIRE = Operation("wire", lambda a, _, out: np.copyto(out, a), "a", "a", "a")
ONES = Operation("ones", lambda _a, _b, out: out.fill(255), "8'd255", "255", "255")

_ADDS = "({1'b0, a} + {1'b0, b}"
_WRAPS = "(uint8_t)(a + b) < a"

SUM = Operation("sum", np.add, "a + b", "a + b", "(a + b) & 255")
SATURATED_SUM = Operation(
    "saturated_sum",
    _saturated_sum,
    verilog=f"{_ADDS} > 9'd255) ? 8'd255 : a + b",
    c=f"{_WRAPS} ? 255 : a + b",
    python="min(a + b, 255)",
)
OVERFLOW = Operation(
    "overflow",
    _overflow,
    verilog=f"{_ADDS} > 9'd255) ? a + b : 8'd0",
    c=f"{_WRAPS} ? a + b : 0",
    python="max(a + b - 256, 0)",
)
AVERAGE = Operation(
    "average",
    _average,
    verilog=f"{_ADDS})",
    c="(a & b) + ((a ^ b) >> 1)",
    python="(a + b) >> 1",
    halved=True,
)
DIFFERENCE = Operation("difference", np.subtract, "a - b", "a - b", "(a - b) & 255")
SATURATED_DIFFERENCE = Operation(
    "saturated_difference",
    _saturated_difference,
    verilog="(a > b) ? a - b : 8'd0",
    c="a > b ? a - b : 0",
    python="max(a - b, 0)",
)
UNDERFLOW = Operation(
    "underflow",
    _underflow,
    verilog="(a < b) ? a - b : 8'd255",
    c="a < b ? a - b : 255",
    python="min(a - b + 256, 255)",
)
HALF_DIFFERENCE = Operation(
    "half_difference",
    _half_difference,
    verilog="{1'b1, a} - {1'b0, b}",
    c="(a | (uint8_t)~b) - ((a ^ (uint8_t)~b) >> 1)",
    python="(a - b + 256) >> 1",
    halved=True,
)
ABSOLUTE_DIFFERENCE = Operation(
    "absolute_difference",
    _absolute_difference,
    verilog="(a > b) ? a - b : b - a",
    c="a > b ? a - b : b - a",
    python="abs(a - b)",
)
MAXIMUM = Operation("maximum", np.maximum, "(a > b) ? a : b", "a > b ? a : b", "max(a, b)")
MINIMUM = Operation("minimum", np.minimum, "(a < b) ? a : b", "a < b ? a : b", "min(a, b)")
AT_LEAST = Operation(
    "at_least", _at_least, "{8{a >= b}}", "a >= b ? 255 : 0", "255 if a >= b else 0"
)
HALF = Operation(
    "half", lambda a, _, out: np.right_shift(a, 1, out=out), "a >> 1", "a >> 1", "a >> 1"
)
QUARTER = Operation(
    "quarter", lambda a, _, out: np.right_shift(a, 2, out=out), "a >> 2", "a >> 2", "a >> 2"
)
COMPLEMENT = Operation("complement", lambda a, _, out: np.invert(a, out=out), "~a", "~a", "255 - a")
EITHER = Operation("either", np.bitwise_or, "a | b", "a | b", "a | b")
NOT_OR = Operation("not_or", _not_or, "~a | b", "~a | b", "(255 - a) | b")
BOTH = Operation("both", np.bitwise_and, "a & b", "a & b", "a & b")
NOT_BOTH = Operation("not_both", _not_both, "~(a & b)", "~(a & b)", "255 - (a & b)")
EXCLUSIVE = Operation("exclusive", np.bitwise_xor, "a ^ b", "a ^ b", "a ^ b")
NIBBLES = Operation(
    "nibbles",
    _nibbles,
    verilog="(a << 4) | (b & 8'd15)",
    c="(a & 15) << 4 | (b & 15)",
    python="(a & 15) << 4 | (b & 15)",
)

# ---- Sets

# The names below are the UPM group's array of 2023 (A. Rodriguez, J. Mora) and its later library.
UPM16 = FunctionSet(
    "upm16",
    (
        Function("N+W", "(N+W) mod 256", SUM),
        Function("2N", "2N mod 256", SUM, "NN"),
        Function("2W", "2W mod 256", SUM, "WW"),
        Function("N+W sat", "min(N+W, 255)", SATURATED_SUM),
        Function("2N sat", "min(2N, 255)", SATURATED_SUM, "NN"),
        Function("2W sat", "min(2W, 255)", SATURATED_SUM, "WW"),
        Function("avg", "(N+W)>>1", AVERAGE),
        Function("255", "255", ONES, ""),
        Function("N/2", "N>>1", HALF, "N"),
        Function("W/2", "W>>1", HALF, "W"),
        Function("N", "N", WIRE, "N"),
        Function("W", "W", WIRE, "W"),
        Function("max", "max(N, W)", MAXIMUM),
        Function("min", "min(N, W)", MINIMUM),
        Function("N-W sat", "max(N-W, 0)", SATURATED_DIFFERENCE),
        Function("W-N sat", "max(W-N, 0)", SATURATED_DIFFERENCE, "WN"),
    ),
)

UPM19 = FunctionSet(
    "upm19",
    (
        Function("N", "N", WIRE, "N"),
        Function("W", "W", WIRE, "W"),
        Function("max", "max(N, W)", MAXIMUM),
        Function("min", "min(N, W)", MINIMUM),
        Function("N+W over", "max(N+W-256, 0)", OVERFLOW),
        Function("N-W sat", "max(N-W, 0)", SATURATED_DIFFERENCE),
        Function("W-N sat", "max(W-N, 0)", SATURATED_DIFFERENCE, "WN"),
        Function("N+W sat", "min(N+W, 255)", SATURATED_SUM),
        Function("N-W under", "min(N-W+256, 255)", UNDERFLOW),
        Function("W-N under", "min(W-N+256, 255)", UNDERFLOW, "WN"),
        Function("N+W", "(N+W) mod 256", SUM),
        Function("N-W", "(N-W) mod 256", DIFFERENCE),
        Function("W-N", "(W-N) mod 256", DIFFERENCE, "WN"),
        Function("avg", "(N+W)>>1", AVERAGE),
        Function("N-W half", "(N-W)/2 + 128", HALF_DIFFERENCE),
        Function("W-N half", "(W-N)/2 + 128", HALF_DIFFERENCE, "WN"),
        Function("|N-W|", "|N-W|", ABSOLUTE_DIFFERENCE),
        Function("N>=W", "N>=W ? 255 : 0", AT_LEAST),
        Function("W>=N", "W>=N ? 255 : 0", AT_LEAST, "WN"),
    ),
)

# The set of the Brno group's CGP image filters (L. Sekanina and others).
CGP16 = FunctionSet(
    "cgp16",
    (
        Function("255", "255", ONES, ""),
        Function("N", "N", WIRE, "N"),
        Function("not N", "255-N", COMPLEMENT, "N"),
        Function("or", "N|W", EITHER),
        Function("not N or W", "(~N)|W", NOT_OR),
        Function("and", "N&W", BOTH),
        Function("nand", "~(N&W)", NOT_BOTH),
        Function("xor", "N^W", EXCLUSIVE),
        Function("N/2", "N>>1", HALF, "N"),
        Function("N/4", "N>>2", QUARTER, "N"),
        Function("nibbles", "((N&15)<<4)|(W&15)", NIBBLES),
        Function("N+W", "(N+W) mod 256", SUM),
        Function("N+W sat", "min(N+W, 255)", SATURATED_SUM),
        Function("avg", "(N+W)>>1", AVERAGE),
        Function("max", "max(N, W)", MAXIMUM),
        Function("min", "min(N, W)", MINIMUM),
    ),
)

# Insertion order is the value of the RTL parameter FUNCTION_SET.
FUNCTION_SETS = {s.name: s for s in (UPM16, UPM19, CGP16)}

_USED = [function.operation for each in FUNCTION_SETS.values() for function in each.functions]
OPERATIONS = {each.name: each for each in _USED if each not in (WIRE, ONES)}
"""By name, those that compute something in any set."""


def for_engine() -> str:
    """Return all operations as the engine in C wants them, an X(name, expression) for each."""
    return "".join(f"X({each.name},{each.c})" for each in (WIRE, ONES, *OPERATIONS.values()))
