// SPDX-License-Identifier: Apache-2.0
//
// The median of a 3x3 window, by hand: what an evolved filter has to beat.
//
// Equals median3x3() of model/filter/baselines.py, given the windows of model/window.py: pixel i of
// WINDOW_PIXELS at [i*8 +: 8], as an exported circuit has them. A window per cycle of ce, latency
// LATENCY such cycles.
//
// The columns are sorted; the median is that of the greatest of their least, the median of their
// medians and the least of their greatest. That takes 19 compare-exchanges, 9 deep: J. L. Smith,
// "Implementing Median Filters in XC4000E FPGAs", Xcell 23, 1996, after A. W. Paeth, "Median
// Finding on a 3x3 Grid", Graphics Gems, 1990, who needs 20.

`default_nettype none

module evoarray_median3x3 (
  input  wire        clk,
  input  wire        ce,
  input  wire [71:0] window,
  output wire [7:0]  pixel
);

  localparam integer LATENCY = 9;

  // Stages 1 to 3, by column
  wire [23:0] least;
  wire [23:0] median;
  wire [23:0] greatest;

  genvar x;
  generate
    for (x = 0; x < 3; x = x + 1) begin : g_column
      evoarray_sort3 u_sort3 (
        .clk      (clk),
        .ce       (ce),
        .a        (window[x*8 +: 8]),
        .b        (window[(x+3)*8 +: 8]),
        .c        (window[(x+6)*8 +: 8]),
        .least    (least[x*8 +: 8]),
        .median   (median[x*8 +: 8]),
        .greatest (greatest[x*8 +: 8])
      );
    end
  endgenerate

  // Stages 4 to 6
  function [7:0] lesser(input [7:0] one, input [7:0] other);
    lesser = (one < other) ? one : other;
  endfunction

  function [7:0] greater(input [7:0] one, input [7:0] other);
    greater = (one < other) ? other : one;
  endfunction

  reg  [7:0] low4_reg, low5_reg, low6_reg, least4_reg;
  reg  [7:0] high4_reg, high5_reg, high6_reg, greatest4_reg;
  wire [7:0] middle;

  always @(posedge clk)
    if (ce) begin
      low4_reg      <= greater(least[0 +: 8], least[8 +: 8]);
      least4_reg    <= least[16 +: 8];
      low5_reg      <= greater(low4_reg, least4_reg);
      low6_reg      <= low5_reg;
      high4_reg     <= lesser(greatest[0 +: 8], greatest[8 +: 8]);
      greatest4_reg <= greatest[16 +: 8];
      high5_reg     <= lesser(high4_reg, greatest4_reg);
      high6_reg     <= high5_reg;
    end

  evoarray_sort3 u_middle (
    .clk      (clk),
    .ce       (ce),
    .a        (median[0 +: 8]),
    .b        (median[8 +: 8]),
    .c        (median[16 +: 8]),
    .least    (),
    .median   (middle),
    .greatest ()
  );

  // Stages 7 to 9
  evoarray_sort3 u_last (
    .clk      (clk),
    .ce       (ce),
    .a        (low6_reg),
    .b        (middle),
    .c        (high6_reg),
    .least    (),
    .median   (pixel),
    .greatest ()
  );

endmodule

`default_nettype wire
