// SPDX-License-Identifier: Apache-2.0
//
// A function of one int8 value as a table: sigmoid, tanh and step of model/neuro/tables.py, or any.
//
// m_value is the entry whose address are the bits of s_value, one cycle of ce later. An entry is
// written in any cycle with w_valid, whatever ce is. One that is read in the cycle in which it is
// written may be the old or the new one. Nothing is in the table before it is written.

`default_nettype none

module evoarray_activation_lut (
  input  wire       clk,
  input  wire       ce,

  // Writes to the table
  input  wire       w_valid,
  input  wire [7:0] w_address,
  input  wire [7:0] w_value,

  // Value in, its entry out
  input  wire [7:0] s_value,
  output reg  [7:0] m_value
);

  (* no_rw_check *)
  reg [7:0] table_memory [0:255];

  always @(posedge clk)
    if (w_valid)
      table_memory[w_address] <= w_value;

  always @(posedge clk)
    if (ce)
      m_value <= table_memory[s_value];

endmodule

`default_nettype wire
