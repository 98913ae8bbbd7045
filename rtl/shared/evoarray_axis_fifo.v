// SPDX-License-Identifier: Apache-2.0
//
// A queue for an AXI4-Stream in a block memory: no path from one side to the other without a
// flip-flop, an item per cycle.
//
// Latency 2 cycles. It takes 2^DEPTH_W items, and one more that waits at its end. m_data holds
// while m_valid is high and m_ready low. From the second cycle of rst on, s_ready is high and
// m_valid low: what arrives is taken and dropped.

`default_nettype none

module evoarray_axis_fifo #(
  // Bits of an item
  parameter integer DATA_W  = 8,
  // Binary logarithm of the items in the memory, 1 or more
  parameter integer DEPTH_W = 4
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

  reg [DATA_W-1:0]  memory [0:(1<<DEPTH_W)-1];
  reg [DATA_W-1:0]  data_reg;
  reg               valid_reg;
  // One bit more than an address: equal addresses are those of a full or of an empty memory.
  reg [DEPTH_W:0]   write_reg;
  reg [DEPTH_W:0]   read_reg;

  wire [DEPTH_W:0] level   = write_reg - read_reg;
  wire             filled  = (level != {DEPTH_W+1{1'b0}});
  wire             accept  = s_valid && s_ready;
  wire             advance = m_ready || !valid_reg;

  assign s_ready = !level[DEPTH_W];
  assign m_valid = valid_reg;
  assign m_data  = data_reg;

  always @(posedge clk)
    if (rst) begin
      write_reg <= {DEPTH_W+1{1'b0}};
      read_reg  <= {DEPTH_W+1{1'b0}};
      valid_reg <= 1'b0;
    end else begin
      if (accept)
        write_reg <= write_reg + 1'b1;
      if (advance) begin
        valid_reg <= filled;
        if (filled)
          read_reg <= read_reg + 1'b1;
      end
    end

  always @(posedge clk)
    if (accept)
      memory[write_reg[DEPTH_W-1:0]] <= s_data;

  always @(posedge clk)
    if (advance)
      data_reg <= memory[read_reg[DEPTH_W-1:0]];

`ifdef FORMAL_EVOARRAY_AXIS_FIFO
  // The same queue as a shift register: item 0 is the oldest one.
  localparam integer SIZE = (1 << DEPTH_W) + 1;

  reg                   formal_began_reg = 1'b0;
  reg [SIZE*DATA_W-1:0] formal_items_reg;
  reg [DEPTH_W+1:0]     formal_count_reg;
  reg                   formal_stalled_reg;
  reg [DATA_W-1:0]      formal_offered_reg;

  wire                  formal_out   = m_valid && m_ready;
  wire [DEPTH_W+1:0]    formal_place = formal_count_reg - formal_out;
  wire [DEPTH_W+1:0]    formal_taken = m_valid;  // by the register at the end

  integer i;

  always @(posedge clk) begin
    formal_stalled_reg <= !rst && m_valid && !m_ready;
    formal_offered_reg <= m_data;
    if (formal_out)
      formal_items_reg <= formal_items_reg >> DATA_W;
    if (accept)
      formal_items_reg[formal_place*DATA_W +: DATA_W] <= s_data;
    if (rst) begin
      formal_began_reg <= 1'b1;
      formal_count_reg <= 0;
    end else
      formal_count_reg <= formal_count_reg + accept - formal_out;
  end

  always @*
    if (!formal_began_reg)
      assume (rst);
    else begin
      // Nothing is lost or invented, a reset leaves it empty, and there is the place that it has.
      assert (level <= 1 << DEPTH_W);
      assert (formal_count_reg == level + m_valid);
      assert (s_ready || formal_count_reg >= 1 << DEPTH_W);

      // Items keep their order, and what waits stays.
      if (m_valid)
        assert (m_data == formal_items_reg[DATA_W-1:0]);
      for (i = 0; i < SIZE - 1; i = i + 1)
        if (i < level)
          assert (memory[read_reg[DEPTH_W-1:0] + i[DEPTH_W-1:0]]
                  == formal_items_reg[(i + formal_taken)*DATA_W +: DATA_W]);
      if (formal_stalled_reg)
        assert (m_valid && m_data == formal_offered_reg);
    end
`endif

endmodule

`default_nettype wire
