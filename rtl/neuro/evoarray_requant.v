// SPDX-License-Identifier: Apache-2.0
//
// Makes an int8 value of an int32 accumulator: times a multiplier, shifted right, rounded half to
// even, saturated.
//
// Equals requantise() of model/neuro/arithmetic.py with low 0 where s_low_zero is high, which is
// ReLU, and -127 elsewhere. An accumulator per cycle of ce; latency 4 such cycles (REQUANT_CYCLES
// of model/neuro/latency.py). ce low holds everything. The shift is any of 0..63; without the
// multiplier all of 32 and more give 0.

`default_nettype none

module evoarray_requant #(
  // 1: there is a multiplier; 0: s_multiplier is ignored, and the accumulator taken as it is
  parameter integer MULTIPLIER = 1,
  // Derived
  parameter integer PRODUCT_W  = (MULTIPLIER != 0) ? 63 : 32
) (
  input  wire        clk,
  input  wire        rst,
  input  wire        ce,

  // Accumulator in, with what is to be done with it
  input  wire        s_valid,
  input  wire [31:0] s_accumulator,
  input  wire [5:0]  s_shift,
  input  wire [30:0] s_multiplier,
  input  wire        s_low_zero,

  // Value out
  output reg         m_valid,
  output reg  [7:0]  m_value
);

  localparam signed [7:0] LOWEST  = -8'sd127;
  localparam signed [7:0] HIGHEST = 8'sd127;

  reg [2:0] valid_reg;

  always @(posedge clk)
    if (rst)
      {m_valid, valid_reg} <= 4'b0;
    else if (ce)
      {m_valid, valid_reg} <= {valid_reg, s_valid};

  // The product.
  reg signed [PRODUCT_W-1:0] product_reg;
  reg        [5:0]           shift_reg;
  reg        [2:0]           zero_reg;

  generate
    if (MULTIPLIER < 0 || MULTIPLIER > 1) begin : g_illegal
      MULTIPLIER_must_be_0_or_1 u_stop ();
    end
    if (MULTIPLIER != 0) begin : g_product
      wire signed [PRODUCT_W-1:0] accumulator = {{31{s_accumulator[31]}}, s_accumulator};
      wire signed [PRODUCT_W-1:0] multiplier  = {32'd0, s_multiplier};

      always @(posedge clk)
        if (ce)
          product_reg <= accumulator * multiplier;
    end else begin : g_accumulator
      always @(posedge clk)
        if (ce)
          product_reg <= s_accumulator;
    end
  endgenerate

  always @(posedge clk)
    if (ce) begin
      shift_reg <= s_shift;
      zero_reg  <= {zero_reg[1:0], s_low_zero};
    end

  // Shifted in two steps. The bit below the quotient is the half; `lost` says whether any bit below
  // that was 1.
  wire signed [PRODUCT_W:0] doubled = {product_reg, 1'b0};
  wire        [5:0]         coarse  = {shift_reg[5:3], 3'd0};
  reg signed  [PRODUCT_W:0] coarse_reg;
  reg                       coarse_lost_reg;
  reg         [2:0]         fine_reg;

  always @(posedge clk)
    if (ce) begin
      coarse_reg      <= doubled >>> coarse;
      coarse_lost_reg <= |(doubled & ~({PRODUCT_W+1{1'b1}} << coarse));
      fine_reg        <= shift_reg[2:0];
    end

  wire signed [PRODUCT_W:0] shifted  = coarse_reg >>> fine_reg;
  wire                      negative = coarse_reg[PRODUCT_W];
  reg         [7:0]         quotient_reg;
  reg                       negative_reg;
  reg                       outside_reg;     // of 8 bits
  reg                       half_reg;
  reg                       lost_reg;

  always @(posedge clk)
    if (ce) begin
      quotient_reg <= shifted[8:1];
      negative_reg <= negative;
      outside_reg  <= (shifted[PRODUCT_W:8] != {PRODUCT_W-7{negative}});
      half_reg     <= shifted[0];
      lost_reg     <= coarse_lost_reg || |(coarse_reg[6:0] & ~(7'h7f << fine_reg));
    end

  // Rounding goes up only: a quotient of HIGHEST is there already, one below LOWEST stays so or
  // becomes it. With ReLU a negative quotient is 0 in any case, also if rounding makes it so.
  wire       up      = half_reg && (lost_reg || quotient_reg[0]);
  wire [7:0] rounded = quotient_reg + {7'd0, up};

  always @(posedge clk)
    if (ce) begin
      if (negative_reg && zero_reg[2])
        m_value <= 8'd0;
      else if (negative_reg && (outside_reg || quotient_reg == LOWEST - 8'sd1))
        m_value <= LOWEST;
      else if (!negative_reg && (outside_reg || quotient_reg == HIGHEST))
        m_value <= HIGHEST;
      else
        m_value <= rounded;
    end

endmodule

`default_nettype wire
