// SPDX-License-Identifier: Apache-2.0
//
// Processing element: one function of its north and west operands, in a register.
//
// Equals FUNCTION_SETS[...].functions[function_code].apply of model/functions.py.
// Latency 1 cycle; the register moves only while ce is high. Codes beyond the set give N.

`default_nettype none

module pe #(
  // Function set: 0 upm16, 1 upm19, 2 cgp16
  parameter integer FUNCTION_SET = 0
) (
  input  wire       clk,
  input  wire       ce,

  // Which function, and its operands
  input  wire [4:0] function_code,
  input  wire [7:0] north,
  input  wire [7:0] west,

  // To the south and the east neighbour
  output reg  [7:0] result
);

  // The carry tells a sum that saturates or overflows, the comparison a difference that does.
  wire [8:0] sum       = {1'b0, north} + {1'b0, west};
  wire       west_more = west > north;

  reg [7:0] value;

  generate
    if (FUNCTION_SET == 0) begin : g_upm16
      always @(*) begin
        value = north;
        case (function_code)
          5'd0:  value = sum[7:0];
          5'd1:  value = {north[6:0], 1'b0};
          5'd2:  value = {west[6:0], 1'b0};
          5'd3:  value = sum[7:0] | {8{sum[8]}};
          5'd4:  value = {north[6:0], 1'b0} | {8{north[7]}};
          5'd5:  value = {west[6:0], 1'b0} | {8{west[7]}};
          5'd6:  value = sum[8:1];
          5'd7:  value = 8'd255;
          5'd8:  value = {1'b0, north[7:1]};
          5'd9:  value = {1'b0, west[7:1]};
          5'd11: value = west;
          5'd12: value = west_more ? west : north;
          5'd13: value = west_more ? north : west;
          5'd14: value = west_more ? 8'd0 : north - west;
          5'd15: value = west_more ? west - north : 8'd0;
          default: ;  // 10 is N
        endcase
      end
    end else if (FUNCTION_SET == 1) begin : g_upm19
      wire       north_more = north > west;
      wire [7:0] n_minus    = north - west;
      wire [7:0] w_minus    = west - north;

      always @(*) begin
        value = north;
        case (function_code)
          5'd1:  value = west;
          5'd2:  value = west_more ? west : north;
          5'd3:  value = west_more ? north : west;
          5'd4:  value = sum[8] ? sum[7:0] : 8'd0;
          5'd5:  value = west_more ? 8'd0 : n_minus;
          5'd6:  value = west_more ? w_minus : 8'd0;
          5'd7:  value = sum[7:0] | {8{sum[8]}};
          5'd8:  value = west_more ? n_minus : 8'd255;
          5'd9:  value = north_more ? w_minus : 8'd255;
          5'd10: value = sum[7:0];
          5'd11: value = n_minus;
          5'd12: value = w_minus;
          5'd13: value = sum[8:1];
          5'd14: value = {!west_more, n_minus[7:1]};
          5'd15: value = {!north_more, w_minus[7:1]};
          5'd16: value = west_more ? w_minus : n_minus;
          5'd17: value = {8{!west_more}};
          5'd18: value = {8{!north_more}};
          default: ;  // 0 is N
        endcase
      end
    end else if (FUNCTION_SET == 2) begin : g_cgp16
      always @(*) begin
        value = north;
        case (function_code)
          5'd0:  value = 8'd255;
          5'd2:  value = ~north;
          5'd3:  value = north | west;
          5'd4:  value = ~north | west;
          5'd5:  value = north & west;
          5'd6:  value = ~(north & west);
          5'd7:  value = north ^ west;
          5'd8:  value = {1'b0, north[7:1]};
          5'd9:  value = {2'b0, north[7:2]};
          5'd10: value = {north[3:0], west[3:0]};
          5'd11: value = sum[7:0];
          5'd12: value = sum[7:0] | {8{sum[8]}};
          5'd13: value = sum[8:1];
          5'd14: value = west_more ? west : north;
          5'd15: value = west_more ? north : west;
          default: ;  // 1 is N
        endcase
      end
    end else begin : g_illegal
      FUNCTION_SET_must_be_0_1_or_2 u_stop ();
    end
  endgenerate

  always @(posedge clk)
    if (ce)
      result <= value;

endmodule

`default_nettype wire
