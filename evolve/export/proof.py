# SPDX-License-Identifier: Apache-2.0
"""A proof that an exported module and the array with its circuit are the same, for all inputs.

The array takes its genes with every window, so they are constants to the solver. Whatever state
both begin in, after as many cycles as the array has stages nothing of it is left: an induction over
that many cycles covers every sequence of windows. Time stands still for both while ce is low, so ce
is high throughout.

Where the module computes what an element does, the solver is told to prove that first, so that it
needs to look at one operation at a time. Without these steps some circuits take it hours.
"""

import shutil
from pathlib import Path

from evoarray.evolution.backends.trust import temporary_folder
from evoarray.evolution.export.verilog import stage_of
from evoarray.evolution.simplify.graph import Node, elements, names, nodes
from evoarray.evolution.synthesis import programs
from evoarray.model.filter.circuit import Circuit
from evoarray.model.filter.latency import array_cycles
from evoarray.model.filter.rtl import parameters
from evoarray.model.rtl import RTL_DIR
from evoarray.model.temporary import TemporaryFolder

SOURCES = (
    "filter/evoarray_skew.v",
    "filter/evoarray_pe.v",
    "filter/evoarray_pe_two_stage.v",
    "filter/evoarray_systolic_array.v",
)

_PREPARE = (
    # The export may be called as the harness, or a part of the array; no name of one has a capital.
    "read_verilog -formal export.v; rename {name} Export",
    f"read_verilog -formal {' '.join(Path(each).name for each in SOURCES)} harness.v",
    "prep -flatten -top harness; opt -full; async2sync; dffunmap; chformal -lower",
    "write_smt2 -wires harness.smt2",
)

_HARNESS = """
module harness (input wire clk, input wire [71:0] window);
  wire [7:0] array_pixel;
  wire [7:0] export_pixel;

  evoarray_systolic_array #(.ROWS({ROWS}), .COLS({COLS}), .FUNCTION_SET({FUNCTION_SET})) u_array (
    .clk(clk), .rst(1'b0), .ce(1'b1),
    .functions({functions}), .north({north}), .west({west}), .output_row(6'd{output}),
    .s_valid(1'b1), .s_load(1'b1), .s_line_last(1'b0), .s_last(1'b0), .s_window(window),
    .m_valid(), .m_load(), .m_line_last(), .m_last(), .m_pixel(array_pixel)
  );

  Export u_export ({clock}.window(window), .pixel(export_pixel));

  reg [9:0] cycle = 10'd0;
  always @(posedge clk) if (cycle < 10'd{latency}) cycle <= cycle + 10'd1;

{equal}endmodule
"""

# What the export has is there earlier than in the array. A line with its past cycles catches up.
_EQUAL = """\
  reg [{late}*8-1:0] line_{number};
  always @(posedge clk) line_{number} <= {{line_{number}, {ours}}};
  always @* assert (cycle < 10'd{cycles} || {theirs} == line_{number}[{late}*8-1 -: 8]);
"""

# Connected when yosys flattens the instance that has this wire.
_INNER = "  (* hierconn *) wire [7:0] {wire};\n"


def is_equal(circuit: Circuit, name: str, stages: int, verilog: str) -> bool:
    """Return whether a module, which takes `stages` cycles, equals the array with the circuit.

    Raises InputError where programs are missing, ProgramError where one fails.
    """
    programs.require(*programs.PROVER, command="make setup")
    latency = array_cycles(circuit.rows, circuit.cols)
    output = _equal("out", "array_pixel", "export_pixel", latency, stages)
    # What is computed in other steps may still be the same in the end.
    return _holds(circuit, name, stages, verilog, f"{_steps(circuit, stages)}{output}") or _holds(
        circuit, name, stages, verilog, output
    )


def _holds(circuit: Circuit, name: str, stages: int, verilog: str, equal: str) -> bool:
    latency = array_cycles(circuit.rows, circuit.cols)
    harness = _HARNESS.format(
        **parameters(circuit.shape),
        functions=_lanes(circuit.functions.ravel().tolist(), 5),
        north=_lanes(circuit.north.tolist(), 4),
        west=_lanes(circuit.west.tolist(), 4),
        output=circuit.output,
        clock=".clk(clk), .ce(1'b1), " if stages else "",
        latency=latency + 1,
        equal=equal,
    )
    steps = latency + 3
    with TemporaryFolder(temporary_folder()) as folder:
        for source in SOURCES:
            shutil.copy(RTL_DIR / source, folder)
        Path(folder, "export.v").write_text(verilog, encoding="utf-8")
        Path(folder, "harness.v").write_text(harness, encoding="utf-8")
        prepare = [each.format(name=name) for each in _PREPARE]
        if wrong := programs.yosys(Path(folder), *prepare):
            raise programs.ProgramError(f"yosys does not understand the module: {wrong}")
        return all(
            programs.holds(Path(folder), "harness.smt2", "-t", *how)
            for how in ((str(steps + 1),), (f"{steps}:{steps}", "-i"))
        )


def _steps(circuit: Circuit, stages: int) -> str:
    """Return the equality of each element with the operation of the module that is the same."""
    rows = elements(circuit)
    output = rows[-1][-1]
    name_of = names(output)
    ours = {node: rf"\u_export.{name_of(node)} " for node in nodes(output)}
    text = "".join(_INNER.format(wire=wire) for wire in ours.values())
    for row, values in enumerate(rows):
        for col, value in enumerate(values):
            if isinstance(value, Node) and value in ours:
                theirs = rf"\u_array.g_row[{row}].g_col[{col}].result "
                cycles = array_cycles(row + 1, col + 1)
                stage = stage_of(value, output, stages)
                text += _INNER.format(wire=theirs)
                text += _equal(f"{row}_{col}", theirs, ours[value], cycles, stage - 1)
    return text


def _equal(number: str, theirs: str, ours: str, cycles: int, early: int) -> str:
    """Return that a byte of the array is one of the module.

    They are there so many cycles after the window.
    """
    return _EQUAL.format(
        number=number, theirs=theirs, ours=ours, cycles=cycles + 1, late=cycles - early
    )


def _lanes(codes: list[int], width: int) -> str:
    value = sum(code << width * lane for lane, code in enumerate(codes))
    return f"{width * len(codes)}'h{value:x}"
