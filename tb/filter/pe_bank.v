// SPDX-License-Identifier: Apache-2.0
//
// 256 processing elements that share everything but their west operand, which is the lane's number
// XOR flip: all pairs of operands take 256 cycles instead of 65,536.

`default_nettype none

module pe_bank #(
  // Function set: 0 upm16, 1 upm19, 2 cgp16
  parameter integer FUNCTION_SET = 0,
  // Elements: 0 evoarray_pe, 1 evoarray_pe_two_stage behind evoarray_pe_decoder
  parameter integer TWO_STAGE    = 0
) (
  input  wire            clk,
  input  wire            ce,
  input  wire [4:0]      function_code,
  input  wire [7:0]      north,
  input  wire [7:0]      flip,
  output wire [256*8-1:0] result
);

  wire [7:0] control;

  evoarray_pe_decoder u_pe_decoder (.function_code(function_code[3:0]), .control(control));

  genvar i;
  generate
    for (i = 0; i < 256; i = i + 1) begin : g_lane
      localparam [7:0] LANE = i;
      if (TWO_STAGE != 0) begin : g_two_stage
        evoarray_pe_two_stage u_pe (
          .clk     (clk),
          .ce      (ce),
          .control (control),
          .north   (north),
          .west    (LANE ^ flip),
          .result  (result[i*8 +: 8])
        );
      end else begin : g_plain
        evoarray_pe #(.FUNCTION_SET(FUNCTION_SET)) u_pe (
          .clk           (clk),
          .ce            (ce),
          .function_code (function_code),
          .north         (north),
          .west          (LANE ^ flip),
          .result        (result[i*8 +: 8])
        );
      end
    end
  endgenerate

endmodule

`default_nettype wire
