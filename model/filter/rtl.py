# SPDX-License-Identifier: Apache-2.0
"""The filter's RTL: its parameters for a shape, and the filters by hand beside it."""

from pathlib import Path

from evoarray.model.filter.circuit import Shape
from evoarray.model.filter.functions import FUNCTION_SETS
from evoarray.model.rtl import RTL_DIR

BASELINES_DIR = RTL_DIR / "baselines"
"""Filters by hand, with which evolved ones are compared; the core does not need them."""


def parameters(shape: Shape) -> dict[str, int]:
    """Return the parameters of evoarray_systolic_array and evoarray_evaluator for a shape."""
    number = list(FUNCTION_SETS).index(shape.function_set)
    return {"ROWS": shape.rows, "COLS": shape.cols, "FUNCTION_SET": number}


def baselines() -> list[Path]:
    """Return the Verilog files of model/filter/baselines.py's filters, sorted."""
    return sorted(BASELINES_DIR.glob("*.v"))
