// SPDX-License-Identifier: Apache-2.0
//
// What leaves is the maximum of the taps of three enabled cycles ago, or their average: the integer
// that is nearest to the sum divided by their number, of two the even one.

`default_nettype none

module pool_proof #(
  // 1: in any cycle it may be stalled, but the taps of a window are equal; 0: never
  parameter integer STALLS = 0
) (
  input wire        clk,
  input wire        rst,
  input wire        ce,
  input wire        s_valid,
  input wire        s_last,
  input wire [71:0] s_taps,
  input wire        average,
  input wire        size3
);

  localparam integer LATENCY = 3;
  localparam integer ITEM_W  = 75;

  wire              m_valid;
  wire              m_last;
  wire signed [7:0] m_value;

  evoarray_pool u_pool (
    .clk     (clk),
    .rst     (rst),
    .ce      (ce),
    .s_valid (s_valid),
    .s_last  (s_last),
    .s_taps  (s_taps),
    .average (average),
    .size3   (size3),
    .m_valid (m_valid),
    .m_last  (m_last),
    .m_value (m_value)
  );

  reg [LATENCY-1:0]        valid_reg;
  reg [LATENCY*ITEM_W-1:0] items_reg;
  reg                      began = 1'b0;

  always @(posedge clk) begin
    if (rst) begin
      began     <= 1'b1;
      valid_reg <= {LATENCY{1'b0}};
    end else if (ce)
      valid_reg <= {valid_reg[LATENCY-2:0], s_valid};
    if (ce)
      items_reg <= {items_reg[(LATENCY-1)*ITEM_W-1:0], size3, average, s_last, s_taps};
  end

  always @* begin
    assume (rst || began);
    if (STALLS == 0)
      assume (ce);
    else
      assume (s_taps == {9{s_taps[7:0]}});
  end

  // Of the window that leaves.
  wire [71:0] taps;
  wire        last;
  wire        averaged;
  wire        nine;

  assign {nine, averaged, last, taps} = items_reg[LATENCY*ITEM_W-1 -: ITEM_W];

  // Its taps up to each one: their sum, whether none is above m_value, and whether one is m_value.
  wire signed [15:0] sums [0:9];
  wire        [9:0]  none_above;
  wire        [9:0]  one_equal;

  assign sums[0]       = 16'sd0;
  assign none_above[0] = 1'b1;
  assign one_equal[0]  = 1'b0;

  genvar i;
  generate
    for (i = 0; i < 9; i = i + 1) begin : g_tap
      wire signed [7:0] tap   = taps[i*8 +: 8];
      wire              there = nine || (i < 4);

      assign sums[i+1]       = there ? sums[i] + tap : sums[i];
      assign none_above[i+1] = none_above[i] && (!there || tap <= m_value);
      assign one_equal[i+1]  = one_equal[i] || (there && tap == m_value);
    end
  endgenerate

  wire signed [15:0] value   = m_value;
  wire signed [15:0] number  = nine ? 16'sd9 : 16'sd4;
  wire signed [15:0] excess  = number * value - sums[9];
  wire signed [15:0] twice   = (excess < 0) ? -2 * excess : 2 * excess;

  always @*
    if (began) begin
      assert (m_valid == valid_reg[LATENCY-1]);
      if (m_valid) begin
        assert (m_last == last);
        if (averaged)
          assert (twice < number || (twice == number && !m_value[0]));
        else
          assert (none_above[9] && one_equal[9]);
      end
    end

endmodule

`default_nettype wire
