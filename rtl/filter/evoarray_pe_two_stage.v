// SPDX-License-Identifier: Apache-2.0
//
// Processing element of upm16 for synthesis: one adder, then one selection that its carry drives.
//
// Equals evoarray_pe with FUNCTION_SET 0 where control is what evoarray_pe_decoder makes of
// function_code. On Xilinx 7 series a bit costs three look-up tables: left and right, mask, result.

`default_nettype none

module evoarray_pe_two_stage (
  input  wire       clk,
  input  wire       ce,

  // From evoarray_pe_decoder, and the operands
  input  wire [7:0] control,
  input  wire [7:0] north,
  input  wire [7:0] west,

  // To the south and the east neighbour
  output reg  [7:0] result
);

  wire [7:0] left  = control[0] ? west : north;
  wire [7:0] right = control[2] ? (control[1] ? ~west : 8'd0) : (control[1] ? north : west);

  // Its ninth bit is the carry, or what the carry is not.
  wire [8:0] sum    = {1'b0, left} + {control[6], right} + {8'd0, control[3]};
  wire       counts = sum[8];

  wire [7:0] base = control[5] ? (control[4] ? 8'd0 : ~sum[7:0])
                               : (control[4] ? sum[8:1] : sum[7:0]);
  wire [7:0] mask = control[7] ? (control[4] ? (counts ? west : north) : {8{counts}}) : 8'd0;

  // A mask clears what is a difference, and sets what is not.
  always @(posedge clk)
    if (ce)
      result <= (control[3] ^ control[5]) ? base & ~mask : base | mask;

endmodule

`default_nettype wire
