// SPDX-License-Identifier: Apache-2.0
//
// A register for an AXI4-Stream: no path from one side to the other without a flip-flop, an item
// per cycle all the same. A second register takes what comes in the cycle in which the sink stops.
//
// Latency 1 cycle. m_data holds while m_valid is high and m_ready low. From the second cycle of rst
// on, s_ready is high and m_valid low: what arrives is taken and dropped.

`default_nettype none

module evoarray_axis_register #(
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

`ifdef FORMAL
  // It is a queue of two: what is inside, by what went in and out since a reset.
  reg              formal_began_reg = 1'b0;
  reg [1:0]        formal_count_reg;
  reg [DATA_W-1:0] formal_oldest_reg;
  reg [DATA_W-1:0] formal_newest_reg;
  reg              formal_stalled_reg;  // the sink did not take what was offered
  reg [DATA_W-1:0] formal_offered_reg;

  wire formal_in  = s_valid && s_ready;
  wire formal_out = m_valid && m_ready;

  always @(posedge clk) begin
    formal_stalled_reg <= !rst && m_valid && !m_ready;
    formal_offered_reg <= m_data;
    if (formal_in)
      formal_newest_reg <= s_data;
    if (formal_count_reg == (formal_out ? 2'd1 : 2'd0))
      formal_oldest_reg <= s_data;
    else if (formal_out)
      formal_oldest_reg <= formal_newest_reg;
    if (rst) begin
      formal_began_reg <= 1'b1;
      formal_count_reg <= 2'd0;
    end else
      formal_count_reg <= formal_count_reg + formal_in - formal_out;
  end

  always @*
    if (!formal_began_reg)
      assume (rst);
    else begin
      // Nothing is lost or invented, a reset leaves it empty; what came a cycle ago is on offer.
      assert (m_valid == (formal_count_reg != 2'd0));

      // There is a place as long as the sink takes what it is offered.
      assert (formal_count_reg <= 2'd2 && s_ready == (formal_count_reg != 2'd2));
      assert (s_ready || formal_stalled_reg);

      // Items keep their order, and what waits stays.
      if (m_valid)
        assert (m_data == formal_oldest_reg);
      if (formal_count_reg == 2'd2)
        assert (spare_reg == formal_newest_reg);
      if (formal_stalled_reg)
        assert (m_valid && m_data == formal_offered_reg);
    end
`endif

endmodule

`default_nettype wire
