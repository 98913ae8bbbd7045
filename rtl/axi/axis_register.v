// SPDX-License-Identifier: Apache-2.0
//
// A register for an AXI4-Stream: no path from one side to the other without a flip-flop, an item
// per cycle all the same. A second register takes what comes in the cycle in which the sink stops.
//
// Latency 1 cycle. m_data holds while m_valid is high and m_ready low. From the second cycle of rst
// on, s_ready is high and m_valid low: what arrives is taken and dropped.

`default_nettype none

module axis_register #(
  // Bits of an item
  parameter integer DATA_W = 8
) (
  input  wire              clk,
  input  wire              rst,

  // Stream in
  input  wire              s_valid,
  output wire              s_ready,
  input  wire [DATA_W-1:0] s_data,

  // Stream out
  output wire              m_valid,
  input  wire              m_ready,
  output wire [DATA_W-1:0] m_data
);

  reg              valid_reg;
  reg              spare_valid_reg;
  reg [DATA_W-1:0] data_reg;
  reg [DATA_W-1:0] spare_reg;

  wire advance = m_ready || !valid_reg;

  always @(posedge clk)
    if (rst) begin
      valid_reg       <= 1'b0;
      spare_valid_reg <= 1'b0;
    end else if (advance) begin
      valid_reg       <= spare_valid_reg || s_valid;
      spare_valid_reg <= 1'b0;
    end else if (s_valid)
      spare_valid_reg <= 1'b1;

  always @(posedge clk)
    if (advance)
      data_reg <= spare_valid_reg ? spare_reg : s_data;

  always @(posedge clk)
    if (s_ready)
      spare_reg <= s_data;

  assign s_ready = !spare_valid_reg;
  assign m_valid = valid_reg;
  assign m_data  = data_reg;

endmodule

`default_nettype wire
