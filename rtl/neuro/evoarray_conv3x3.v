// SPDX-License-Identifier: Apache-2.0
//
// The windows that a 3x3 convolution or a pooling reads, of a map that comes pixel by pixel.
//
// A window leaves for each value of the result, row by row, in the order of convolve() and pool()
// of model/neuro/forward.py:
//   border 0: windows of 3x3 inside the map
//   border 1: windows of 3x3 around every pixel, zeros outside of the map
//   border 2: windows of 2x2 inside the map
// of which, from the first one on, every stride-th is taken in either direction. m_last marks the
// last one of a map.
//
// Windows of evoarray_pixel_window that are not taken are dropped, and pixels outside of the map
// cleared; timing and handshake are its, one cycle of ce later. Size, border and stride are taken
// with the first pixel of a map, so that maps follow each other without a lost cycle, whatever they
// are, if they have the same size.

`default_nettype none

module evoarray_conv3x3 #(
  // Largest map, each side 3 or more
  parameter integer MAX_WIDTH  = 64,
  parameter integer MAX_HEIGHT = 64,
  // Derived
  parameter integer WIDTH_W    = $clog2(MAX_WIDTH + 1),
  parameter integer HEIGHT_W   = $clog2(MAX_HEIGHT + 1)
) (
  input  wire                clk,
  input  wire                rst,
  input  wire                ce,

  // Of the next map: its size, 3..MAX_WIDTH and 3..MAX_HEIGHT, border 0..2 and stride 1..3
  input  wire [WIDTH_W-1:0]  frame_width,
  input  wire [HEIGHT_W-1:0] frame_height,
  input  wire [1:0]          border,
  input  wire [1:0]          stride,

  // Pixels in, row by row
  input  wire                s_valid,
  output wire                s_ready,
  input  wire [7:0]          s_pixel,

  // Windows out, taken while ce is high: tap i at [i*8 +: 8], row by row; 2x2 has four, then zeros
  output reg                 m_valid,
  output reg                 m_last,
  output reg  [71:0]         m_taps
);

  localparam [1:0] ZEROS = 2'd1;
  localparam [1:0] TWO   = 2'd2;

  wire        s_first;
  wire        window_valid;
  wire        window_line_last;
  wire        window_last;
  wire [71:0] window;

  evoarray_pixel_window #(.MAX_WIDTH(MAX_WIDTH), .MAX_HEIGHT(MAX_HEIGHT)) u_pixel_window (
    .clk          (clk),
    .rst          (rst),
    .ce           (ce),
    .frame_width  (frame_width),
    .frame_height (frame_height),
    .s_valid      (s_valid),
    .s_ready      (s_ready),
    .s_first      (s_first),
    .s_line_last  (),
    .s_idle       (),
    .s_load       (1'b0),
    .s_pixel      (s_pixel),
    .m_valid      (window_valid),
    .m_load       (),
    .m_line_last  (window_line_last),
    .m_last       (window_last),
    .m_window     (window)
  );

  // The map that is coming in.
  reg [WIDTH_W-1:0]  in_width_reg;
  reg [HEIGHT_W-1:0] in_height_reg;
  reg [1:0]          in_border_reg;
  reg [1:0]          in_stride_reg;

  always @(posedge clk)
    if (s_valid && s_ready && s_first) begin
      in_width_reg  <= frame_width;
      in_height_reg <= frame_height;
      in_border_reg <= border;
      in_stride_reg <= stride;
    end

  // The map whose windows leave; its last ones may leave while the next map comes in. Until its
  // first one leaves, it is the map that is coming in.
  reg                starting_reg;
  reg [WIDTH_W-1:0]  width_reg;
  reg [1:0]          border_reg;
  reg [1:0]          stride_reg;

  wire leaves = ce && window_valid;
  wire starts = window_valid ? window_last : starting_reg;

  always @(posedge clk)
    if (rst)
      starting_reg <= 1'b1;
    else if (ce)
      starting_reg <= starts;

  // How many windows follow in the row, and rows in the map, and how many of each are skipped
  // before the next one that is taken.
  reg [WIDTH_W-1:0]  columns_left_reg;
  reg [HEIGHT_W-1:0] rows_left_reg;
  reg [1:0]          skip_columns_reg;
  reg [1:0]          skip_rows_reg;
  reg                west_reg;          // the next window is the first of its row
  reg                north_reg;         // it is in the first row

  wire [1:0] first_skip = {1'b0, in_border_reg == 2'd0};

  always @(posedge clk)
    if (ce && starts) begin
      width_reg        <= in_width_reg;
      border_reg       <= in_border_reg;
      stride_reg       <= in_stride_reg;
      columns_left_reg <= in_width_reg - 1'b1;
      rows_left_reg    <= in_height_reg - 1'b1;
      skip_columns_reg <= first_skip;
      skip_rows_reg    <= first_skip;
      west_reg         <= 1'b1;
      north_reg        <= 1'b1;
    end else if (leaves && window_line_last) begin
      columns_left_reg <= width_reg - 1'b1;
      rows_left_reg    <= rows_left_reg - 1'b1;
      skip_columns_reg <= {1'b0, border_reg == 2'd0};
      skip_rows_reg    <= ((skip_rows_reg == 2'd0) ? stride_reg : skip_rows_reg) - 1'b1;
      west_reg         <= 1'b1;
      north_reg        <= 1'b0;
    end else if (leaves) begin
      columns_left_reg <= columns_left_reg - 1'b1;
      skip_columns_reg <= ((skip_columns_reg == 2'd0) ? stride_reg : skip_columns_reg) - 1'b1;
      west_reg         <= 1'b0;
    end

  // Without zeros around it the map has no windows in its last row and column.
  wire zeros = (border_reg == ZEROS);
  wire south = (rows_left_reg == {HEIGHT_W{1'b0}});
  wire taken = (skip_columns_reg == 2'd0) && (skip_rows_reg == 2'd0)
               && (zeros || !(window_line_last || south));

  // Whether a further one is taken in the row, and a further row.
  wire [WIDTH_W:0]  next_column    = {{WIDTH_W-1{1'b0}}, stride_reg};
  wire [HEIGHT_W:0] next_row       = {{HEIGHT_W-1{1'b0}}, stride_reg};
  wire [WIDTH_W:0]  columns        = {1'b0, columns_left_reg};
  wire [HEIGHT_W:0] rows           = {1'b0, rows_left_reg};
  wire              follows_column = zeros ? columns >= next_column : columns > next_column;
  wire              follows_row    = zeros ? rows >= next_row : rows > next_row;
  wire              last_taken     = !follows_column && !follows_row;

  wire [8:0]  outside = {{3{south}}, 3'd0, {3{north_reg}}} | {3{window_line_last, 1'b0, west_reg}};
  wire [71:0] cleared;

  genvar i;
  generate
    for (i = 0; i < 9; i = i + 1) begin : g_tap
      assign cleared[i*8 +: 8] = (zeros && outside[i]) ? 8'd0 : window[i*8 +: 8];
    end
  endgenerate

  always @(posedge clk)
    if (rst)
      m_valid <= 1'b0;
    else if (ce)
      m_valid <= window_valid && taken;

  always @(posedge clk)
    if (ce) begin
      m_last <= last_taken;
      m_taps <= (border_reg == TWO) ? {40'd0, window[56 +: 16], window[32 +: 16]} : cleared;
    end

endmodule

`default_nettype wire
