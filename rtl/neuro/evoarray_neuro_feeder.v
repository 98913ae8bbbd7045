// SPDX-License-Identifier: Apache-2.0
//
// Reads the input of a layer byte by byte, in order, and makes of it what the array or the pooling
// unit takes. All of it is read once in each pass; there is a pass for every COLS outputs.
//
// dense: ROWS bytes in order are a vector, and a vector a tile. What is beyond the input, and meets
//        weights of 0, is its last byte.
// conv:  a channel is a tile: its windows are vectors of 9 taps, zeros in all rows beyond.
// pool:  the windows leave on m_window; there are no vectors.
//
// A byte per cycle of ce, pass after pass without a gap, the first one two cycles after `start`. A
// vector leaves one cycle of ce after the last byte of a dense one came from the memory, or after
// its window left evoarray_conv3x3. m_tile_start is high one cycle of ce before the first vector of
// a tile. ce low holds everything.

`default_nettype none

module evoarray_neuro_feeder #(
  // Rows of the array, 9 or more
  parameter integer ROWS      = 9,
  // Bits of an address in the layer's input
  parameter integer ADDRESS_W = 10
) (
  input  wire                 clk,
  input  wire                 rst,
  input  wire                 ce,

  // The layer: begins one cycle after start, and holds until the next one
  input  wire                 start,
  output wire                 fed,          // not under way
  input  wire                 dense,
  input  wire                 conv,
  input  wire [15:0]          last_input,   // bytes of the input, less 1
  input  wire [15:0]          last_pass,    // passes, less 1
  input  wire [6:0]           width,
  input  wire [6:0]           height,
  input  wire [1:0]           border,       // as in evoarray_conv3x3
  input  wire [1:0]           stride,

  // Memory with the input: a byte comes the cycle after it is asked for, and stays
  output wire                 read,
  output wire [ADDRESS_W-1:0] read_address,
  input  wire [7:0]           read_data,

  // Windows of conv and pool
  output wire                 m_window_valid,
  output wire                 m_window_last,
  output wire [71:0]          m_window,

  // Vectors; last marks the last one of a tile
  output wire                 m_tile_start,
  output reg                  m_vector_valid,
  output reg                  m_vector_last,
  output reg  [ROWS*8-1:0]    m_vector
);

  localparam integer ROW_W    = $clog2(ROWS);
  localparam integer LAST_ROW = ROWS - 1;

  // What is read next. The row is that of a dense vector.
  reg              feeding_reg;
  reg [15:0]       address_reg;
  reg [15:0]       pass_reg;
  reg [ROW_W-1:0]  row_reg;

  // What has been read.
  reg              byte_valid_reg;
  reg              byte_fills_reg;

  wire             windows_ready;
  wire             next     = ce && (!byte_valid_reg || dense || windows_ready);
  wire             advance  = next && feeding_reg;
  wire             fills    = (row_reg == LAST_ROW[ROW_W-1:0]);
  wire             ended    = (address_reg == last_input);
  wire             pass_end = ended && (fills || !dense);

  assign fed          = !feeding_reg && !byte_valid_reg;
  assign read         = advance;
  assign read_address = address_reg[ADDRESS_W-1:0];

  always @(posedge clk)
    if (rst) begin
      feeding_reg    <= 1'b0;
      byte_valid_reg <= 1'b0;
    end else begin
      if (start)
        feeding_reg <= 1'b1;
      else if (advance && pass_end && (pass_reg == last_pass))
        feeding_reg <= 1'b0;
      if (next)
        byte_valid_reg <= feeding_reg;
    end

  always @(posedge clk)
    if (start) begin
      address_reg <= 16'd0;
      pass_reg    <= 16'd0;
      row_reg     <= {ROW_W{1'b0}};
    end else if (advance) begin
      address_reg <= pass_end ? 16'd0 : ended ? address_reg : address_reg + 1'b1;
      pass_reg    <= pass_end ? pass_reg + 1'b1 : pass_reg;
      row_reg     <= fills ? {ROW_W{1'b0}} : row_reg + 1'b1;
    end

  always @(posedge clk)
    if (advance)
      byte_fills_reg <= fills;

  evoarray_conv3x3 u_conv3x3 (
    .clk          (clk),
    .rst          (rst),
    .ce           (ce),
    .frame_width  (width),
    .frame_height (height),
    .border       (border),
    .stride       (stride),
    .s_valid      (byte_valid_reg && !dense),
    .s_ready      (windows_ready),
    .s_pixel      (read_data),
    .m_valid      (m_window_valid),
    .m_last       (m_window_last),
    .m_taps       (m_window)
  );

  // Whether the next window is the first one of its channel.
  reg  opening_reg;

  wire completes = dense ? byte_valid_reg && byte_fills_reg : conv && m_window_valid;

  assign m_tile_start = completes && (dense || opening_reg);

  always @(posedge clk)
    if (start)
      opening_reg <= 1'b1;
    else if (ce && m_window_valid)
      opening_reg <= m_window_last;

  always @(posedge clk)
    if (rst)
      m_vector_valid <= 1'b0;
    else if (ce)
      m_vector_valid <= completes;

  always @(posedge clk)
    if (ce) begin
      m_vector_last <= dense || m_window_last;
      m_vector      <= dense ? {read_data, m_vector[ROWS*8-1:8]}
                             : {{ROWS*8-72{1'b0}}, m_window};
    end

endmodule

`default_nettype wire
