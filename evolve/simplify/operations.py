# SPDX-License-Identifier: Apache-2.0
"""What the functions of all sets come down to, in the three languages of an export.

model/filter/functions.py stays the only place that says what a function computes: the tables here
are made with it, and tests hold the text in every language against them.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from evoarray.model.filter.functions import FUNCTION_SETS, Function

Table = NDArray[np.uint8]


@dataclass(frozen=True)
class Operation:
    """A function of one byte, a, or of two, a and b, as an expression in each language.

    In Verilog operands and result have 8 bits, or the result has a ninth below, which is dropped
    (halved); in C and Python they are integers from 0 to 255.
    """

    name: str
    verilog: str
    c: str
    python: str
    halved: bool = False


_SUM = "({1'b0, a} + {1'b0, b}"

OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("sum", "a + b", "(a + b) & 255", "(a + b) & 255"),
        Operation(
            "saturated_sum",
            f"{_SUM} > 9'd255) ? 8'd255 : a + b",
            "a + b > 255 ? 255 : a + b",
            "min(a + b, 255)",
        ),
        Operation(
            "overflow",
            f"{_SUM} > 9'd255) ? a + b : 8'd0",
            "a + b > 255 ? a + b - 256 : 0",
            "max(a + b - 256, 0)",
        ),
        Operation("average", f"{_SUM})", "(a + b) >> 1", "(a + b) >> 1", halved=True),
        Operation("difference", "a - b", "(a - b) & 255", "(a - b) & 255"),
        Operation(
            "saturated_difference",
            "(a > b) ? a - b : 8'd0",
            "a > b ? a - b : 0",
            "max(a - b, 0)",
        ),
        Operation(
            "underflow",
            "(a < b) ? a - b : 8'd255",
            "a < b ? a - b + 256 : 255",
            "min(a - b + 256, 255)",
        ),
        Operation(
            "half_difference",
            "{1'b1, a} - {1'b0, b}",
            "(a - b + 256) >> 1",
            "(a - b + 256) >> 1",
            halved=True,
        ),
        Operation(
            "absolute_difference",
            "(a > b) ? a - b : b - a",
            "a > b ? a - b : b - a",
            "abs(a - b)",
        ),
        Operation("maximum", "(a > b) ? a : b", "a > b ? a : b", "max(a, b)"),
        Operation("minimum", "(a < b) ? a : b", "a < b ? a : b", "min(a, b)"),
        Operation("at_least", "{8{a >= b}}", "a >= b ? 255 : 0", "255 if a >= b else 0"),
        Operation("half", "a >> 1", "a >> 1", "a >> 1"),
        Operation("quarter", "a >> 2", "a >> 2", "a >> 2"),
        Operation("complement", "~a", "255 - a", "255 - a"),
        Operation("either", "a | b", "a | b", "a | b"),
        Operation("not_or", "~a | b", "(255 - a) | b", "(255 - a) | b"),
        Operation("both", "a & b", "a & b", "a & b"),
        Operation("not_both", "~(a & b)", "255 - (a & b)", "255 - (a & b)"),
        Operation("exclusive", "a ^ b", "a ^ b", "a ^ b"),
        Operation(
            "nibbles",
            "(a << 4) | (b & 8'd15)",
            "(a & 15) << 4 | (b & 15)",
            "(a & 15) << 4 | (b & 15)",
        ),
    )
}

# By formula: an operand, or an operation and its operands.
_MEANINGS = {
    "N": "N",
    "W": "W",
    "255": "255",
    "(N+W) mod 256": "sum N W",
    "2N mod 256": "sum N N",
    "2W mod 256": "sum W W",
    "min(N+W, 255)": "saturated_sum N W",
    "min(2N, 255)": "saturated_sum N N",
    "min(2W, 255)": "saturated_sum W W",
    "max(N+W-256, 0)": "overflow N W",
    "(N+W)>>1": "average N W",
    "(N-W) mod 256": "difference N W",
    "(W-N) mod 256": "difference W N",
    "max(N-W, 0)": "saturated_difference N W",
    "max(W-N, 0)": "saturated_difference W N",
    "min(N-W+256, 255)": "underflow N W",
    "min(W-N+256, 255)": "underflow W N",
    "(N-W)/2 + 128": "half_difference N W",
    "(W-N)/2 + 128": "half_difference W N",
    "|N-W|": "absolute_difference N W",
    "max(N, W)": "maximum N W",
    "min(N, W)": "minimum N W",
    "N>=W ? 255 : 0": "at_least N W",
    "W>=N ? 255 : 0": "at_least W N",
    "N>>1": "half N",
    "W>>1": "half W",
    "N>>2": "quarter N",
    "255-N": "complement N",
    "N|W": "either N W",
    "(~N)|W": "not_or N W",
    "N&W": "both N W",
    "~(N&W)": "not_both N W",
    "N^W": "exclusive N W",
    "((N&15)<<4)|(W&15)": "nibbles N W",
}


def meaning(function: Function) -> tuple[str, ...]:
    """Return a function of the model as N, W, 255, or the name of an operation and its operands."""
    return tuple(_MEANINGS[function.formula].split())


def function_table(function: Function) -> Table:
    """Return the results (256, 256) uint8 of a function of the model for all N and W."""
    north, west = np.indices((256, 256), np.uint8)
    table = np.empty_like(north)
    function.apply(north, west, out=table)
    return table


@cache
def table(name: str) -> Table:
    """Return the results (256, 256) uint8 of an operation for all a and b."""
    functions = [f for each in FUNCTION_SETS.values() for f in each.functions]
    plain = {(name, "N", "W"), (name, "N")}
    return function_table(next(f for f in functions if meaning(f) in plain))


@cache
def commutes(name: str) -> bool:
    """Whether the operands of an operation may change places."""
    return bool((table(name) == table(name).T).all())
