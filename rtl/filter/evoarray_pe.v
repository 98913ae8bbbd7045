// SPDX-License-Identifier: Apache-2.0
//
// Processing element: one function of its north and west operands, in a register.
//
// Equals FUNCTION_SETS[...].functions[function_code].apply of model/filter/functions.py.
// Latency 1 cycle; the register moves only while ce is high. Codes beyond upm19 give N.

`default_nettype none

module evoarray_pe #(
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

  // Functions, not shared signals: a simulator then computes only what the code asks for.
  function [8:0] sum(input [7:0] a, input [7:0] b);
    sum = {1'b0, a} + {1'b0, b};
  endfunction

  function [7:0] saturated(input [8:0] value);
    saturated = value[7:0] | {8{value[8]}};
  endfunction

  function [7:0] overflow(input [8:0] value);
    overflow = value[7:0] & {8{value[8]}};
  endfunction

  function [7:0] half(input [8:0] value);
    half = value[8:1];
  endfunction

  function [7:0] half_difference(input [7:0] a, input [7:0] b);
    half_difference = half(sum(a, ~b) + 9'd1);
  endfunction

  function [7:0] maximum(input [7:0] a, input [7:0] b);
    maximum = (a > b) ? a : b;
  endfunction

  function [7:0] minimum(input [7:0] a, input [7:0] b);
    minimum = (a < b) ? a : b;
  endfunction

  // a - b, and what stands for a difference below 0
  function [7:0] difference(input [7:0] a, input [7:0] b, input [7:0] below);
    difference = (a < b) ? below : a - b;
  endfunction

  function [7:0] underflow(input [7:0] a, input [7:0] b);
    underflow = (a < b) ? a - b : 8'd255;
  endfunction

  // Sets of 16 functions read four bits.
  wire [4:0] code = (FUNCTION_SET == 1) ? function_code : {1'b0, function_code[3:0]};

  // Chains, of which Verilator and a compiler make one jump to what the code asks for, after a test
  // for the first; of a case they make a tree of tests. The function of code 0 is what is left, so
  // that no code needs a second test. For synthesis a chain of equal signal and constants is one
  // multiplexer (yosys needs muxpack to see it).
  generate
    if (FUNCTION_SET == 0) begin : g_upm16
      always @(posedge clk)
        if (ce)
          if      (code == 5'd1)   result <= {north[6:0], 1'b0};
          else if (code == 5'd2)   result <= {west[6:0], 1'b0};
          else if (code == 5'd3)   result <= saturated(sum(north, west));
          else if (code == 5'd4)   result <= saturated({north, 1'b0});
          else if (code == 5'd5)   result <= saturated({west, 1'b0});
          else if (code == 5'd6)   result <= half(sum(north, west));
          else if (code == 5'd7)   result <= 8'd255;
          else if (code == 5'd8)   result <= {1'b0, north[7:1]};
          else if (code == 5'd9)   result <= {1'b0, west[7:1]};
          else if (code == 5'd10)  result <= north;
          else if (code == 5'd11)  result <= west;
          else if (code == 5'd12)  result <= maximum(north, west);
          else if (code == 5'd13)  result <= minimum(north, west);
          else if (code == 5'd14)  result <= difference(north, west, 8'd0);
          else if (code == 5'd15)  result <= difference(west, north, 8'd0);
          else                     result <= north + west;
    end else if (FUNCTION_SET == 1) begin : g_upm19
      always @(posedge clk)
        if (ce)
          if      (code == 5'd1)   result <= west;
          else if (code == 5'd2)   result <= maximum(north, west);
          else if (code == 5'd3)   result <= minimum(north, west);
          else if (code == 5'd4)   result <= overflow(sum(north, west));
          else if (code == 5'd5)   result <= difference(north, west, 8'd0);
          else if (code == 5'd6)   result <= difference(west, north, 8'd0);
          else if (code == 5'd7)   result <= saturated(sum(north, west));
          else if (code == 5'd8)   result <= underflow(north, west);
          else if (code == 5'd9)   result <= underflow(west, north);
          else if (code == 5'd10)  result <= north + west;
          else if (code == 5'd11)  result <= north - west;
          else if (code == 5'd12)  result <= west - north;
          else if (code == 5'd13)  result <= half(sum(north, west));
          else if (code == 5'd14)  result <= half_difference(north, west);
          else if (code == 5'd15)  result <= half_difference(west, north);
          else if (code == 5'd16)  result <= difference(north, west, west - north);
          else if (code == 5'd17)  result <= {8{north >= west}};
          else if (code == 5'd18)  result <= {8{west >= north}};
          else                     result <= north;  // 0 is N
    end else if (FUNCTION_SET == 2) begin : g_cgp16
      always @(posedge clk)
        if (ce)
          if      (code == 5'd1)   result <= north;
          else if (code == 5'd2)   result <= ~north;
          else if (code == 5'd3)   result <= north | west;
          else if (code == 5'd4)   result <= ~north | west;
          else if (code == 5'd5)   result <= north & west;
          else if (code == 5'd6)   result <= ~(north & west);
          else if (code == 5'd7)   result <= north ^ west;
          else if (code == 5'd8)   result <= {1'b0, north[7:1]};
          else if (code == 5'd9)   result <= {2'b0, north[7:2]};
          else if (code == 5'd10)  result <= {north[3:0], west[3:0]};
          else if (code == 5'd11)  result <= north + west;
          else if (code == 5'd12)  result <= saturated(sum(north, west));
          else if (code == 5'd13)  result <= half(sum(north, west));
          else if (code == 5'd14)  result <= maximum(north, west);
          else if (code == 5'd15)  result <= minimum(north, west);
          else                     result <= 8'd255;
    end else begin : g_illegal
      FUNCTION_SET_must_be_0_1_or_2 u_stop ();
    end
  endgenerate

endmodule

`default_nettype wire
