// SPDX-License-Identifier: Apache-2.0
//
// Staggers the lanes of a word for a systolic array: lane i of q is what lane i of d was i + 1
// cycles of ce ago.
//
//   d ->[0 1 2]->[1 2]->[2]    stage s holds the lanes that still wait, and lane s leaves from it
//         |        |     |
//        q[0]     q[1]  q[2]

`default_nettype none

module evoarray_skew #(
  // Lanes, 1 or more
  parameter integer LANES = 8,
  // Bits of a lane, 1 or more
  parameter integer WIDTH = 8
) (
  input  wire                   clk,
  input  wire                   ce,
  input  wire [LANES*WIDTH-1:0] d,
  output wire [LANES*WIDTH-1:0] q
);

  // Whole stages move, not lanes: a simulator then moves many lanes at once.
  genvar s;
  generate
    for (s = 0; s < LANES; s = s + 1) begin : g_stage
      localparam integer BITS = (LANES - s) * WIDTH;

      reg [BITS-1:0] stage_reg;

      if (s == 0) begin : g_first
        always @(posedge clk)
          if (ce)
            stage_reg <= d;
      end else begin : g_next
        always @(posedge clk)
          if (ce)
            stage_reg <= g_stage[s-1].stage_reg[WIDTH +: BITS];
      end

      assign q[s*WIDTH +: WIDTH] = stage_reg[WIDTH-1:0];
    end
  endgenerate

endmodule

`default_nettype wire
