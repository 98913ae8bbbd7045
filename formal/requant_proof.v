// SPDX-License-Identifier: Apache-2.0
//
// What leaves is the accumulator of four enabled cycles ago, scaled as the model says: the quotient
// rounded down, one more if the rest is more than half of the divisor or half and the quotient odd,
// then clipped.

`default_nettype none

module requant_proof #(
  parameter integer MULTIPLIER = 1,
  // 1: in any cycle it may be stalled; 0: never
  parameter integer STALLS     = 0
) (
  input wire        clk,
  input wire        rst,
  input wire        ce,
  input wire        s_valid,
  input wire [31:0] s_accumulator,
  input wire [5:0]  s_shift,
  input wire [30:0] s_multiplier,
  input wire        s_low_zero
);

  localparam integer LATENCY = 4;

  wire       m_valid;
  wire [7:0] m_value;

  evoarray_requant #(.MULTIPLIER(MULTIPLIER)) u_requant (
    .clk           (clk),
    .rst           (rst),
    .ce            (ce),
    .s_valid       (s_valid),
    .s_accumulator (s_accumulator),
    .s_shift       (s_shift),
    .s_multiplier  (s_multiplier),
    .s_low_zero    (s_low_zero),
    .m_valid       (m_valid),
    .m_value       (m_value)
  );

  wire signed [62:0] accumulator = {{31{s_accumulator[31]}}, s_accumulator};
  wire signed [62:0] multiplier  = (MULTIPLIER != 0) ? {32'd0, s_multiplier} : 63'd1;
  wire signed [62:0] product     = accumulator * multiplier;

  wire signed [63:0] scaled   = product;
  wire signed [63:0] quotient = scaled >>> s_shift;
  wire        [63:0] divisor  = 64'd1 << s_shift;
  wire        [63:0] rest     = scaled & (divisor - 64'd1);
  wire               more     = {rest, 1'b0} > {1'b0, divisor};
  wire               tie      = {rest, 1'b0} == {1'b0, divisor};
  wire signed [63:0] nearest  = quotient + $signed({63'd0, more || (tie && quotient[0])});
  wire signed [63:0] low      = s_low_zero ? 64'sd0 : -64'sd127;
  wire signed [63:0] clipped  = (nearest < low) ? low : (nearest > 64'sd127) ? 64'sd127 : nearest;

  reg [LATENCY-1:0]   valid_reg;
  reg [LATENCY*8-1:0] expected_reg;
  reg                 began = 1'b0;

  always @(posedge clk) begin
    if (rst) begin
      began     <= 1'b1;
      valid_reg <= {LATENCY{1'b0}};
    end else if (ce)
      valid_reg <= {valid_reg[LATENCY-2:0], s_valid};
    if (ce)
      expected_reg <= {expected_reg[LATENCY*8-9:0], clipped[7:0]};
  end

  always @* begin
    assume (rst || began);
    if (STALLS == 0)
      assume (ce);
  end

  always @*
    if (began) begin
      assert (m_valid == valid_reg[LATENCY-1]);
      if (m_valid)
        assert (m_value == expected_reg[LATENCY*8-1 -: 8]);
    end

endmodule

`default_nettype wire
