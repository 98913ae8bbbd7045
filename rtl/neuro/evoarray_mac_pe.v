// SPDX-License-Identifier: Apache-2.0
//
// An element of the weight-stationary array: activation times the weight that it holds, added to
// what comes from the north.
//
// An activation goes east one cycle of ce after it came; its product is in sum_south two cycles
// after it came, added to the sum_north of one cycle after. `load` makes the weight on the input
// the one that is held: for the activations after this one, not for this one. It goes east along
// with the activation. ce low holds everything.

`default_nettype none

module evoarray_mac_pe #(
  // Bits of a partial sum, 16 or more
  parameter integer SUM_W = 20
) (
  input  wire                    clk,
  input  wire                    ce,

  // From the west, and to the east
  input  wire                    load_west,
  input  wire signed [7:0]       activation_west,
  output reg                     load_east,
  output reg  signed [7:0]       activation_east,

  // From the north; the weight is for all elements of the column
  input  wire signed [7:0]       weight,
  input  wire signed [SUM_W-1:0] sum_north,

  // To the south
  output reg  signed [SUM_W-1:0] sum_south
);

  generate
    if (SUM_W < 16) begin : g_illegal
      SUM_W_must_be_16_or_more u_stop ();
    end
  endgenerate

  reg signed [7:0]  weight_reg;
  reg signed [15:0] product_reg;

  always @(posedge clk)
    if (ce) begin
      if (load_west)
        weight_reg <= weight;
      load_east       <= load_west;
      activation_east <= activation_west;
      product_reg     <= activation_west * weight_reg;
      sum_south       <= sum_north + {{SUM_W-16{product_reg[15]}}, product_reg};
    end

endmodule

`default_nettype wire
