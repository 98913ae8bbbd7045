// SPDX-License-Identifier: Apache-2.0
//
// An element's result is what the specification makes of the operands of the last enabled cycle.

`default_nettype none

module pe_proof #(
  parameter integer FUNCTION_SET = 0,
  // 0 evoarray_pe, 1 evoarray_pe_two_stage behind evoarray_pe_decoder
  parameter integer TWO_STAGE    = 0
) (
  input wire       clk,
  input wire       ce,
  input wire [4:0] function_code,
  input wire [7:0] north,
  input wire [7:0] west
);

  wire [7:0]  result;
  wire [31:0] specified;

  generate
    if (TWO_STAGE != 0) begin : g_two_stage
      wire [7:0] control;

      evoarray_pe_decoder u_pe_decoder (.function_code(function_code[3:0]), .control(control));

      evoarray_pe_two_stage u_pe (
        .clk     (clk),
        .ce      (ce),
        .control (control),
        .north   (north),
        .west    (west),
        .result  (result)
      );
    end else begin : g_plain
      evoarray_pe #(.FUNCTION_SET(FUNCTION_SET)) u_pe (
        .clk           (clk),
        .ce            (ce),
        .function_code (function_code),
        .north         (north),
        .west          (west),
        .result        (result)
      );
    end
  endgenerate

  pe_specification #(.FUNCTION_SET(FUNCTION_SET)) u_specification (
    .function_code (function_code),
    .north         (north),
    .west          (west),
    .result        (specified)
  );

  reg        known = 1'b0;
  reg [31:0] expected;

  always @(posedge clk)
    if (ce) begin
      known    <= 1'b1;
      expected <= specified;
    end

  always @*
    if (known)
      assert ({24'd0, result} == expected);

endmodule

`default_nettype wire
