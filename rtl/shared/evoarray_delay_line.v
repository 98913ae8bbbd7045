// SPDX-License-Identifier: Apache-2.0
//
// A word DEPTH cycles later: q is what d was DEPTH cycles of ce ago. DEPTH 0 is a wire.

`default_nettype none

module evoarray_delay_line #(
  // Cycles of delay, 0 or more
  parameter integer DEPTH = 1,
  // Bits of the word, 1 or more
  parameter integer WIDTH = 8
) (
  input  wire             clk,
  input  wire             ce,
  input  wire [WIDTH-1:0] d,
  output wire [WIDTH-1:0] q
);

  generate
    if (DEPTH == 0) begin : g_wire
      assign q = d;
    end else begin : g_shift
      reg [DEPTH*WIDTH-1:0] line_reg;

      if (DEPTH == 1) begin : g_one
        always @(posedge clk)
          if (ce)
            line_reg <= d;
      end else begin : g_more
        always @(posedge clk)
          if (ce)
            line_reg <= {line_reg[(DEPTH-1)*WIDTH-1:0], d};
      end

      assign q = line_reg[DEPTH*WIDTH-1 -: WIDTH];
    end
  endgenerate

endmodule

`default_nettype wire
