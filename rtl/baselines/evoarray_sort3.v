// SPDX-License-Identifier: Apache-2.0
//
// Three bytes in order: 3 compare-exchanges, one a cycle. Latency 3 cycles of ce.

`default_nettype none

module evoarray_sort3 (
  input  wire       clk,
  input  wire       ce,

  // In any order
  input  wire [7:0] a,
  input  wire [7:0] b,
  input  wire [7:0] c,

  output wire [7:0] least,
  output wire [7:0] median,
  output wire [7:0] greatest
);

  // The greater one above the lesser one
  function [15:0] exchanged(input [7:0] one, input [7:0] other);
    exchanged = (one < other) ? {other, one} : {one, other};
  endfunction

  // By stage
  reg [7:0] a1_reg, b1_reg, c1_reg;
  reg [7:0] a2_reg, b2_reg, c2_reg;
  reg [7:0] a3_reg, b3_reg, c3_reg;

  always @(posedge clk)
    if (ce) begin
      {b1_reg, a1_reg} <= exchanged(a, b);
      c1_reg           <= c;
      {c2_reg, b2_reg} <= exchanged(b1_reg, c1_reg);
      a2_reg           <= a1_reg;
      {b3_reg, a3_reg} <= exchanged(a2_reg, b2_reg);
      c3_reg           <= c2_reg;
    end

  assign least    = a3_reg;
  assign median   = b3_reg;
  assign greatest = c3_reg;

endmodule

`default_nettype wire
