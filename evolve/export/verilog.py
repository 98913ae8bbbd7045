# SPDX-License-Identifier: Apache-2.0
"""An export in Verilog-2005: the module, and a testbench that needs nothing but a simulator."""

from collections.abc import Iterator, Sequence

import numpy as np

from evoarray.evolution.simplify.graph import (
    Constant,
    Node,
    Pixel,
    Value,
    depth,
    names,
    nodes,
    pixels,
)
from evoarray.model.errors import refuse, whole
from evoarray.model.filter.array import run
from evoarray.model.filter.circuit import Circuit
from evoarray.model.filter.functions import OPERATIONS
from evoarray.model.window import WINDOW_PIXELS

VECTORS = 1000


def stages_of(output: Value, pipeline: str) -> int:
    """Return how many registers full, none or a number puts on every way through a circuit.

    Raises InputError for anything else, and for more registers than there are operations.
    """
    most = depth(output)
    if pipeline in {"none", "full"}:
        return most if pipeline == "full" else 0
    stages = whole(pipeline, 0, most)
    if stages is None:
        refuse("pipeline", pipeline, f"none, full, or a number up to {most}")
    return stages


def stage_of(value: Value, output: Value, stages: int) -> int:
    """Return the stage of so many in which a value is there first, from 1."""
    if not isinstance(value, Node) or not stages:
        return 1
    return -(-value.depth * stages // depth(output))


def module(output: Value, name: str, stages: int, remarks: Sequence[str]) -> str:
    """Return the Verilog module: what the circuit makes of the window `stages` cycles ago.

    Without stages it has no clock.
    """
    writer, name_of = _Writer(output, stages), names(output)
    ports = ["  input  wire        clk,", "  input  wire        ce,"] if stages else []
    unread = [i for i in range(len(WINDOW_PIXELS)) if i not in pixels(output)]
    lines = [
        *(f"// {remark}" for remark in remarks),
        "//",
        f"// window: {', '.join(WINDOW_PIXELS)}, NW at [7:0]; at the edges of an image a missing",
        "// pixel repeats the nearest real one.",
        f"// Latency {stages} cycles of ce." if stages else "// Combinational.",
        "",
        "`default_nettype none",
        "",
        f"module {name} (",
        *ports,
        "  input  wire [71:0] window,",
        "  output wire [7:0]  pixel",
        ");",
        "",
        *writer.functions(),
        *(f"  wire [7:0] {name_of(Pixel(i))} = window[{8 * i} +: 8];" for i in pixels(output)),
        *(
            [f"  wire unused = &{{1'b0{''.join(f', window[{8 * i} +: 8]' for i in unread)}}};"]
            if unread
            else []
        ),
        "",
        *writer.body(),
        "endmodule",
        "",
        "`default_nettype wire",
        "",
    ]
    return "\n".join(lines)


class _Writer:
    """Writes values in the stage in which they are computed; registers carry them to the others."""

    def __init__(self, output: Value, stages: int) -> None:
        self._output = output
        self._stages = stages
        self._nodes = nodes(output)
        self._name = names(output)
        self._last: dict[Value, int] = {}  # stage in which a value is needed last
        for node in self._nodes:
            for operand in node.operands:
                self._need(operand, self._stage(node))
        self._need(output, stages + 1)

    def functions(self) -> Iterator[str]:
        """Yield the operations as functions."""
        for operation in sorted({node.operation for node in self._nodes}):
            two = any(len(n.operands) == 2 for n in self._nodes if n.operation == operation)
            operands = "input [7:0] a, input [7:0] b" if two else "input [7:0] a"
            yield f"  function [7:0] {operation}({operands});"
            if OPERATIONS[operation].halved:
                yield "    reg unused;"
                yield f"    {{{operation}, unused}} = {OPERATIONS[operation].verilog};"
            else:
                yield f"    {operation} = {OPERATIONS[operation].verilog};"
            yield "  endfunction"
            yield ""

    def body(self) -> Iterator[str]:
        """Yield the stages, each with its registers, and the output."""
        for stage in range(1, max(self._stages, 1) + 1):
            if self._stages:
                yield f"  // Stage {stage}"
            for node in self._nodes:
                if self._stage(node) == stage:
                    operands = ", ".join(self._at(operand, stage) for operand in node.operands)
                    yield f"  wire [7:0] {self._name(node)} = {node.operation}({operands});"
            if self._stages:
                yield from self._registers(stage)
            yield ""
        yield f"  assign pixel = {self._at(self._output, self._stages + 1)};"
        yield ""

    def _registers(self, stage: int) -> Iterator[str]:
        carried = [
            value for value, last in self._last.items() if self._stage(value) <= stage < last
        ]
        for value in carried:
            yield f"  reg  [7:0] {self._at(value, stage + 1)};"
        yield "  always @(posedge clk)"
        yield "    if (ce) begin"
        for value in carried:
            yield f"      {self._at(value, stage + 1)} <= {self._at(value, stage)};"
        yield "    end"

    def _stage(self, value: Value) -> int:
        """Return the stage in which a value is there first, from 1."""
        return stage_of(value, self._output, self._stages)

    def _need(self, value: Value, stage: int) -> None:
        if not isinstance(value, Constant):
            self._last[value] = max(stage, self._last.get(value, 0))

    def _at(self, value: Value, stage: int) -> str:
        """Return the name that a value has in a stage."""
        if isinstance(value, Constant):
            return f"8'd{value.byte}"
        waited = stage - self._stage(value) if self._stages else 0
        return f"{self._name(value)}_{waited}" if waited else self._name(value)


def testbench(circuit: Circuit, name: str, stages: int, remarks: Sequence[str]) -> str:
    """Return a testbench that holds a module against what the golden model made of random windows.

    It prints PASS and finishes, or the first windows that differ and FAIL, and stops. The enable
    stalls now and then.
    """
    windows = np.random.default_rng(1).integers(0, 256, (9, 1, VECTORS)).astype(np.uint8)
    expected = run(circuit, windows)
    vectors = [
        f"    vectors[{i}] = 80'h{bytes([e, *w[::-1]]).hex()};"
        for i, (w, e) in enumerate(zip(windows[:, 0].T.tolist(), expected[0].tolist(), strict=True))
    ]
    clocked = "    .clk    (clk),\n    .ce     (ce),\n" if stages else ""
    said = "".join(f"// {remark}\n" for remark in remarks)
    return f"""{said}// {name}: {VECTORS} random windows, and what the golden model makes of them.
// iverilog -g2005 -o {name}_tb {name}.v {name}_tb.v && vvp -N {name}_tb
// After FAIL it stops, which vvp -N and Verilator end with a status other than 0.

`default_nettype none

module {name}_tb;

  localparam integer VECTORS = {VECTORS};
  localparam integer LATENCY = {stages};

  reg  [79:0] vectors [0:VECTORS-1];  // the expected pixel, then the window
  reg         clk = 1'b0;
  reg         ce  = 1'b0;
  reg  [71:0] window;
  wire [7:0]  pixel;

  {name} dut (
{clocked}    .window (window),
    .pixel  (pixel)
  );

  always #5 clk = !clk;

  integer sent     = 0;
  integer compared = 0;
  integer wrong    = 0;

  initial begin
{chr(10).join(vectors)}
  end

  // A window enters with an enabled edge; its pixel is there LATENCY such edges later.
  always @(negedge clk) begin
    ce     <= ($random & 7) != 0;
    window <= vectors[sent < VECTORS ? sent : 0][71:0];
  end

  always @(posedge clk)
    if (ce) begin
      if (sent >= LATENCY) begin
        if (pixel !== vectors[compared][79:72]) begin
          wrong = wrong + 1;
          if (wrong <= 10)
            $display("window %0d: pixel %0d, not %0d", compared, pixel, vectors[compared][79:72]);
        end
        compared = compared + 1;
        if (compared == VECTORS) begin
          if (wrong == 0) begin
            $display("PASS: %0d windows", compared);
            $finish;
          end else begin
            $display("FAIL: %0d of %0d windows", wrong, compared);
            $stop;
          end
        end
      end
      sent = sent + 1;
    end

endmodule

`default_nettype wire
"""
