// SPDX-License-Identifier: Apache-2.0
//
// The maximum or the average of the 4 or 9 int8 taps of a window.
//
// Equals pool() of model/neuro/forward.py for one window. The average is exact, rounded half to
// even. A window of 2x2 has its taps in s_taps[0 +: 32]; the others are ignored. A window per cycle
// of ce; latency 3 such cycles (POOL_CYCLES of model/neuro/latency.py). ce low holds everything.
//
// A ninth: 9 is odd, so no average is half way between two integers, and the nearest one is
// floor((sum + 4) / 9). With 9*128 added, t = sum + 1156 is 4..2299 and the result 128 too high.
// floor(t / 9) = floor(t * 3641 / 2^15) for these t: 3641*9 = 2^15 + 1, so the right side exceeds
// t / 9 by t / (9 * 2^15), which is less than 1/9, what the next integer is away at the least.

`default_nettype none

module evoarray_pool (
  input  wire        clk,
  input  wire        rst,
  input  wire        ce,

  // Windows in: tap i at [i*8 +: 8], row by row; what to do with each comes with it
  input  wire        s_valid,
  input  wire        s_last,
  input  wire [71:0] s_taps,
  input  wire        average,    // 0: maximum
  input  wire        size3,      // 0: 2x2, 1: 3x3

  // Values out; last is that of the window
  output reg         m_valid,
  output reg         m_last,
  output reg  [7:0]  m_value
);

  localparam [11:0] OFFSET = 2048 - (9 * 128 + 4);

  reg [1:0] valid_reg;
  reg [1:0] last_reg;
  reg [1:0] average_reg;
  reg [1:0] size3_reg;

  always @(posedge clk)
    if (rst)
      {m_valid, valid_reg} <= 3'b0;
    else if (ce)
      {m_valid, valid_reg} <= {valid_reg, s_valid};

  always @(posedge clk)
    if (ce) begin
      {m_last, last_reg} <= {last_reg, s_last};
      average_reg        <= {average_reg[0], average};
      size3_reg          <= {size3_reg[0], size3};
    end

  function signed [7:0] max2(input signed [7:0] a, input signed [7:0] b);
    max2 = (a > b) ? a : b;
  endfunction

  // Taps that are not there change nothing: 0 in a sum, the lowest in a maximum.
  wire [31:0] first  = s_taps[0 +: 32];
  wire [39:0] others = size3 ? s_taps[32 +: 40] : {5{!average, 7'd0}};
  wire [71:0] taps   = {others, first};

  // By threes, then these.
  reg [23:0] maximum_reg;
  reg [29:0] sum_reg;
  reg [7:0]  largest_reg;
  reg [11:0] total_reg;

  genvar i;
  generate
    for (i = 0; i < 3; i = i + 1) begin : g_three
      wire [7:0] a = taps[24*i +: 8];
      wire [7:0] b = taps[24*i+8 +: 8];
      wire [7:0] c = taps[24*i+16 +: 8];

      always @(posedge clk)
        if (ce) begin
          maximum_reg[8*i +: 8] <= max2(max2(a, b), c);
          sum_reg[10*i +: 10]   <= {{2{a[7]}}, a} + {{2{b[7]}}, b} + {{2{c[7]}}, c};
        end
    end
  endgenerate

  always @(posedge clk)
    if (ce) begin
      largest_reg <= max2(max2(maximum_reg[0 +: 8], maximum_reg[8 +: 8]), maximum_reg[16 +: 8]);
      total_reg   <= {{2{sum_reg[9]}}, sum_reg[0 +: 10]} + {{2{sum_reg[19]}}, sum_reg[10 +: 10]}
                     + {{2{sum_reg[29]}}, sum_reg[20 +: 10]};
    end

  // 2048 more than the total is not negative, and neither is this less OFFSET: nothing wraps. yosys
  // 0.70 takes a sum that does into the pre-adder of a DSP48E1, which is wider, and then wrong.
  wire [11:0] raised  = {!total_reg[11], total_reg[10:0]} - OFFSET;
  wire [22:0] ninths  = {11'd0, raised} * 23'd3641;
  wire        up      = total_reg[1] && (total_reg[0] || total_reg[2]);
  wire [7:0]  quarter = total_reg[9:2] + {7'd0, up};
  wire [7:0]  ninth   = {!ninths[22], ninths[21:15]};

  always @(posedge clk)
    if (ce)
      m_value <= !average_reg[1] ? largest_reg : size3_reg[1] ? ninth : quarter;

endmodule

`default_nettype wire
