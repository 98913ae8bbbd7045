// SPDX-License-Identifier: Apache-2.0
//
// Adds the sums of a pass's tiles, position by position, then hands them out with their biases.
//
// A tile brings the sums of all positions in order, COLS at once; they are added to those of the
// tiles before. After the last tile of a pass the sums leave one by one: all positions of column 0
// with the first bias, then those of column 1 with the next one, and so on, until the last output
// of the layer or the last column. s_ready is low meanwhile. The first value is on m_value three
// cycles after its pass's last sums were taken, and one follows per cycle; s_ready is high again
// when the last one is on m_value. m_last marks the last value of a layer.
//
// Tiles start 9 cycles apart or more, as the memory is read two cycles before it is written.
// While `rewind` is high, the first bias of the memory becomes the next one.

`default_nettype none

module evoarray_neuro_accumulator #(
  // Columns of the array
  parameter integer COLS      = 8,
  // Positions of a map for which there are accumulators, 2 or more
  parameter integer POSITIONS = 64,
  // Biases in the memory, 2 or more
  parameter integer BIASES    = 256,
  // Derived
  parameter integer BIAS_W    = $clog2(BIASES)
) (
  input  wire               clk,
  input  wire               rst,

  // Bias writes
  input  wire               w_valid,
  input  wire [BIAS_W-1:0]  w_address,
  input  wire [31:0]        w_data,
  input  wire               rewind,

  // The layer: tiles of a pass, less 1, and output channels, less 1
  input  wire [13:0]        last_tile,
  input  wire [15:0]        last_output,

  // Sums in, column c at [c*32 +: 32]; last marks the last position of a tile
  input  wire               s_valid,
  output wire               s_ready,
  input  wire               s_last,
  input  wire [COLS*32-1:0] s_sums,

  // Accumulators out
  output reg                m_valid,
  input  wire               m_ready,
  output reg                m_last,
  output reg  [31:0]        m_value
);

  localparam integer POSITION_W = $clog2(POSITIONS);
  localparam integer COLUMN_W   = (COLS > 1) ? $clog2(COLS) : 1;
  localparam integer LAST       = COLS - 1;

  // The position is that of the sums that come, or of the value that leaves.
  reg  [POSITION_W-1:0] position_reg;
  reg  [POSITION_W-1:0] last_position_reg;
  reg  [13:0]           tile_reg;
  reg  [COLUMN_W-1:0]   column_reg;
  reg  [15:0]           channel_reg;
  reg  [BIAS_W-1:0]     bias_reg;
  reg                   draining_reg;
  reg                   read_reg;       // what the memories have read is what leaves next

  wire                  accept       = s_valid && s_ready;
  wire                  pass_in      = accept && s_last && (tile_reg == last_tile);
  wire                  step         = draining_reg && read_reg && (!m_valid || m_ready);
  wire                  channel_end  = step && (position_reg == last_position_reg);
  wire                  layer_end    = channel_end && (channel_reg == last_output);
  wire                  pass_out     = layer_end
                                       || (channel_end && (column_reg == LAST[COLUMN_W-1:0]));
  wire                  position_end = draining_reg ? channel_end : accept && s_last;
  wire [POSITION_W-1:0] position     = position_end     ? {POSITION_W{1'b0}}
                                       : accept || step ? position_reg + 1'b1 : position_reg;
  wire [BIAS_W-1:0]     bias         = rewind        ? {BIAS_W{1'b0}}
                                       : channel_end ? bias_reg + 1'b1 : bias_reg;

  assign s_ready = !draining_reg;

  always @(posedge clk)
    if (rst) begin
      position_reg <= {POSITION_W{1'b0}};
      tile_reg     <= 14'd0;
      column_reg   <= {COLUMN_W{1'b0}};
      channel_reg  <= 16'd0;
      draining_reg <= 1'b0;
      read_reg     <= 1'b0;
    end else begin
      position_reg <= position;
      read_reg     <= draining_reg;
      if (accept && s_last)
        tile_reg <= pass_in ? 14'd0 : tile_reg + 1'b1;
      if (pass_in)
        draining_reg <= 1'b1;
      else if (pass_out)
        draining_reg <= 1'b0;
      if (channel_end) begin
        column_reg  <= pass_out ? {COLUMN_W{1'b0}} : column_reg + 1'b1;
        channel_reg <= layer_end ? 16'd0 : channel_reg + 1'b1;
      end
    end

  always @(posedge clk) begin
    bias_reg <= bias;
    if (pass_in)
      last_position_reg <= position_reg;
  end

  // Both memories are read where the next cycle needs them.
  wire [COLS*32-1:0] kept;
  wire [COLS*32-1:0] added;
  wire [31:0]        bias_value;

  genvar c;
  generate
    for (c = 0; c < COLS; c = c + 1) begin : g_column
      assign added[c*32 +: 32] = s_sums[c*32 +: 32]
                                 + ((tile_reg == 14'd0) ? 32'd0 : kept[c*32 +: 32]);
    end
  endgenerate

  evoarray_block_memory #(.WIDTH(COLS*32), .DEPTH(POSITIONS)) u_sums (
    .clk           (clk),
    .write         (accept),
    .write_address (position_reg),
    .write_data    (added),
    .read          (1'b1),
    .read_address  (position),
    .read_data     (kept)
  );

  evoarray_block_memory #(.WIDTH(32), .DEPTH(BIASES)) u_biases (
    .clk           (clk),
    .write         (w_valid),
    .write_address (w_address),
    .write_data    (w_data),
    .read          (1'b1),
    .read_address  (bias),
    .read_data     (bias_value)
  );

  always @(posedge clk)
    if (rst)
      m_valid <= 1'b0;
    else if (!m_valid || m_ready)
      m_valid <= step;

  always @(posedge clk)
    if (step) begin
      m_last  <= layer_end;
      m_value <= kept[column_reg*32 +: 32] + bias_value;
    end

endmodule

`default_nettype wire
