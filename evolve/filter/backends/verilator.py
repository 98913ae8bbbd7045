# SPDX-License-Identifier: Apache-2.0
"""Fitness from the RTL compiled by Verilator, driven in batches by a small C++ program.

The program is built once per shape and kept.
"""

from pathlib import Path

from evoarray.evolution.backends import verilated
from evoarray.evolution.filter.backends.simulated import IMAGES, LARGEST_SIDE, SimulatorBackend
from evoarray.evolution.filter.sample import Sheet
from evoarray.model.filter.circuit import Shape
from evoarray.model.filter.rtl import parameters
from evoarray.model.rtl import sources

_BENCH = Path(__file__).with_name("verilator_bench.v")
_SERVER = Path(__file__).with_name("verilator_server.cpp")


class VerilatorBackend(SimulatorBackend):
    """The compiled RTL, in a process of its own."""

    def __init__(self, shape: Shape, sheet: Sheet) -> None:
        program = build(shape)
        super().__init__(sheet)
        height, width = sheet.reference.shape
        self.start([program, str(width), str(height), IMAGES], {})


def build(shape: Shape) -> Path:
    """Return the evaluator program for a shape, built now or before; raises as verilated.build."""
    values = {**parameters(shape), "MAX_WIDTH": LARGEST_SIDE, "MAX_HEIGHT": LARGEST_SIDE}
    defines = {"ROWS": shape.rows, "COLS": shape.cols}
    rtl = [_BENCH, *sources("filter")]
    return verilated.build(_BENCH.stem, rtl, values, _SERVER, defines)
