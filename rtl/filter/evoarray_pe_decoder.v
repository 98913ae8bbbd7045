// SPDX-License-Identifier: Apache-2.0
//
// What a function code of upm16 asks of the parts of evoarray_pe_two_stage.
//
//   [0]    left is west, not north
//   [2:1]  right is west, north, 0 or ~west
//   [3]    the sum is left + right + 1, not left + right
//   [5:4]  base is the sum, the half of the 9-bit sum, ~sum or 0
//   [6]    what counts is that there is no carry, not that there is one
//   [7]    whether it counts

`default_nettype none

module evoarray_pe_decoder (
  input  wire [3:0] function_code,
  output reg  [7:0] control
);

  // The operands, left first
  localparam [2:0] N_W     = 3'b00_0;
  localparam [2:0] N_N     = 3'b01_0;
  localparam [2:0] N_0     = 3'b10_0;
  localparam [2:0] N_NOT_W = 3'b11_0;
  localparam [2:0] W_W     = 3'b00_1;
  localparam [2:0] W_0     = 3'b10_1;
  localparam [2:0] W_NOT_W = 3'b11_1;

  // What becomes of their sum
  localparam [4:0] SUM        = 5'b00_00_0;
  localparam [4:0] HALF       = 5'b00_01_0;
  localparam [4:0] SATURATED  = 5'b10_00_0;  // 255 with a carry
  localparam [4:0] COMPLEMENT = 5'b10_10_0;  // ~sum, 0 with a carry
  localparam [4:0] DIFFERENCE = 5'b11_00_1;  // 0 without a carry, which is north < west
  localparam [4:0] MAXIMUM    = 5'b11_11_1;  // west without, north with
  localparam [4:0] MINIMUM    = 5'b10_11_1;  // west with, north without

  always @*
    case (function_code)
      4'd0:    control = {SUM, N_W};
      4'd1:    control = {SUM, N_N};
      4'd2:    control = {SUM, W_W};
      4'd3:    control = {SATURATED, N_W};
      4'd4:    control = {SATURATED, N_N};
      4'd5:    control = {SATURATED, W_W};
      4'd6:    control = {HALF, N_W};
      4'd7:    control = {SUM, W_NOT_W};
      4'd8:    control = {HALF, N_0};
      4'd9:    control = {HALF, W_0};
      4'd10:   control = {SUM, N_0};
      4'd11:   control = {SUM, W_0};
      4'd12:   control = {MAXIMUM, N_NOT_W};
      4'd13:   control = {MINIMUM, N_NOT_W};
      4'd14:   control = {DIFFERENCE, N_NOT_W};
      default: control = {COMPLEMENT, N_NOT_W};  // 15: W - N is ~(N - W - 1)
    endcase

endmodule

`default_nettype wire
