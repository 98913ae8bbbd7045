// SPDX-License-Identifier: Apache-2.0
//
// The 3x3 neighbourhood of every pixel of a raster stream, edges replicated.
//
// Equals windows() of model/window.py. The window of pixel (y, x) leaves one cycle after pixel
// (y+1, x+1) came in, or what stands for it beyond the edge (WINDOW_CYCLES of
// model/filter/latency.py). One pixel per cycle, also from the last pixel of a frame to the first
// of the next: the last row of windows leaves while the first row of the next frame comes in. If no
// next frame is there in the cycle after the last pixel, that row is flushed by itself, which holds
// s_ready low for frame_width - 1 cycles more. The stream may pause in any cycle; ce low holds
// everything.
//
// Two rows of pixels wait in one memory, read two steps before it is written. frame_width and
// frame_height are taken with the first pixel of a frame; a frame of another size waits until the
// one before is flushed. s_load is taken with the first pixel too, and leaves with its window.

`default_nettype none

module evoarray_pixel_window #(
  // Largest frame, each side 3 or more
  parameter integer MAX_WIDTH  = 1024,
  parameter integer MAX_HEIGHT = 1024,
  // Derived
  parameter integer WIDTH_W    = $clog2(MAX_WIDTH + 1),
  parameter integer HEIGHT_W   = $clog2(MAX_HEIGHT + 1)
) (
  input  wire                clk,
  input  wire                rst,
  input  wire                ce,

  // Size of the next frame: 3..MAX_WIDTH, 3..MAX_HEIGHT
  input  wire [WIDTH_W-1:0]  frame_width,
  input  wire [HEIGHT_W-1:0] frame_height,

  // Pixels in, row by row; s_first says that the next one begins a frame, s_idle moreover that
  // all windows of the frame before have left, s_line_last that the next one ends a row
  input  wire                s_valid,
  output wire                s_ready,
  output wire                s_first,
  output wire                s_line_last,
  output wire                s_idle,
  input  wire                s_load,
  input  wire [7:0]          s_pixel,

  // Windows out: pixel i of WINDOW_PIXELS (model/window.py) at [i*8 +: 8]; taken while ce is high.
  // m_line_last marks the last one of a row, m_last that of a frame
  output wire                m_valid,
  output wire                m_load,
  output wire                m_line_last,
  output wire                m_last,
  output wire [71:0]         m_window
);

  localparam integer COLUMN_W = $clog2(MAX_WIDTH);
  localparam integer TWO      = 2;

  generate
    if (MAX_WIDTH < 3 || MAX_HEIGHT < 3) begin : g_illegal
      MAX_WIDTH_and_MAX_HEIGHT_must_be_3_or_more u_stop ();
    end
  endgenerate

  // Where the next pixel belongs, and whether the frame before still owes its last row (tail).
  // Whether it begins or ends something is decided a step before: the ready outputs wait for that.
  reg [WIDTH_W-1:0]  width_reg;
  reg [HEIGHT_W-1:0] height_reg;
  reg [WIDTH_W-1:0]  x_reg;
  reg [HEIGHT_W-1:0] y_reg;
  reg                at_row_start_reg;
  reg                at_row_end_reg;
  reg                in_first_row_reg;
  reg                tail_reg;
  reg                flush_reg;

  wire in_second_row = (y_reg == {{HEIGHT_W-1{1'b0}}, 1'b1});
  wire in_last_row   = !in_first_row_reg && (y_reg == height_reg - 1'b1);
  wire resized       = (frame_width != width_reg) || (frame_height != height_reg);

  // The tail goes out by itself if the next frame is not there to push it, or has another size.
  wire tail_due   = tail_reg && at_row_start_reg;
  wire must_flush = flush_reg || (tail_due && resized);
  wire flush      = must_flush || (tail_due && !s_valid);
  wire accept     = s_valid && s_ready;

  // That is flush || s_valid: a tail that is due goes out in any case, resized or not.
  wire step       = ce && (s_valid || flush_reg || tail_due);

  wire [WIDTH_W-1:0] x_next = at_row_end_reg ? {WIDTH_W{1'b0}} : x_reg + 1'b1;

  assign s_ready     = ce && !must_flush;
  assign s_first     = at_row_start_reg && in_first_row_reg;
  assign s_line_last = at_row_end_reg;

  always @(posedge clk)
    if (rst) begin
      x_reg            <= {WIDTH_W{1'b0}};
      y_reg            <= {HEIGHT_W{1'b0}};
      at_row_start_reg <= 1'b1;
      at_row_end_reg   <= 1'b0;
      in_first_row_reg <= 1'b1;
      tail_reg         <= 1'b0;
      flush_reg        <= 1'b0;
    end else if (step) begin
      x_reg            <= x_next;
      at_row_start_reg <= at_row_end_reg;
      at_row_end_reg   <= !at_row_start_reg && (x_reg == width_reg - TWO[WIDTH_W-1:0]);
      flush_reg        <= flush && !at_row_end_reg;
      if (at_row_end_reg) begin
        tail_reg <= in_last_row;
        if (accept) begin
          y_reg            <= in_last_row ? {HEIGHT_W{1'b0}} : y_reg + 1'b1;
          in_first_row_reg <= in_last_row;
        end
      end
    end

  always @(posedge clk)
    if (accept && s_first) begin
      width_reg  <= frame_width;
      height_reg <= frame_height;
    end

  // Column of three pixels, one step later: rows y-2 and y-1 from the memory, row y from the
  // stream. Its middle is the row of the windows that it belongs to. What it is to them is decided
  // together with it, not from column_reg: m_valid has a long way to go in its cycle.
  // The column that is read is two ahead of the one that is written, and rows have three or more:
  // yosys need not add what decides between reading and writing one address at once.
  (* no_rw_check *)
  reg [15:0]         memory [0:MAX_WIDTH-1];
  reg [15:0]         ahead_reg;
  reg [15:0]         above_reg;
  reg [7:0]          below_reg;
  reg [COLUMN_W-1:0] column_reg;
  reg                step_reg;
  reg                slides_reg;
  reg                second_column_reg;
  reg                top_reg;
  reg                bottom_reg;
  reg                row_end_reg;

  wire write = ce && step_reg;

  // Read a step ahead, as block memories are slow.
  always @(posedge clk)
    if (step)
      ahead_reg <= memory[x_next[COLUMN_W-1:0]];

  always @(posedge clk)
    if (write)
      memory[column_reg] <= {above_reg[7:0], below_reg};

  always @(posedge clk)
    if (rst) begin
      step_reg   <= 1'b0;
      slides_reg <= 1'b0;
    end else if (ce) begin
      step_reg   <= step;
      slides_reg <= step && !at_row_start_reg && (!in_first_row_reg || tail_reg);
    end

  always @(posedge clk)
    if (step) begin
      above_reg         <= {in_second_row ? ahead_reg[7:0] : ahead_reg[15:8], ahead_reg[7:0]};
      below_reg         <= s_pixel;
      column_reg        <= x_reg[COLUMN_W-1:0];
      second_column_reg <= (x_reg == {{WIDTH_W-1{1'b0}}, 1'b1});
      top_reg           <= in_second_row;
      bottom_reg        <= in_first_row_reg;
      row_end_reg       <= at_row_end_reg;
    end

  wire [7:0]  middle = above_reg[7:0];
  wire [23:0] column = {bottom_reg ? middle : below_reg, middle, above_reg[15:8]};

  // The window slides over the columns. The last window of a row needs no new column: it leaves
  // in the cycle after the row's end, in which a new row's first column brings no window.
  reg [23:0] left_reg;
  reg [23:0] mid_reg;
  reg        owed_reg;
  reg        owed_last_reg;
  reg        load_reg;

  always @(posedge clk)
    if (write) begin
      left_reg      <= mid_reg;
      mid_reg       <= column;
      owed_last_reg <= bottom_reg;
    end

  always @(posedge clk)
    if (rst)
      owed_reg <= 1'b0;
    else if (ce)
      owed_reg <= slides_reg && row_end_reg;

  always @(posedge clk)
    if (accept && s_first)
      load_reg <= s_load;

  wire [23:0] west_column = second_column_reg ? mid_reg : left_reg;
  wire [23:0] east_column = owed_reg ? mid_reg : column;

  assign s_idle      = s_first && !tail_reg && !m_valid;
  assign m_valid     = owed_reg || slides_reg;
  assign m_load      = load_reg && slides_reg && top_reg && second_column_reg;
  assign m_line_last = owed_reg;
  assign m_last      = owed_reg && owed_last_reg;
  assign m_window    = {east_column[16 +: 8], mid_reg[16 +: 8], west_column[16 +: 8],
                        east_column[8 +: 8],  mid_reg[8 +: 8],  west_column[8 +: 8],
                        east_column[0 +: 8],  mid_reg[0 +: 8],  west_column[0 +: 8]};

`ifdef FORMAL
  // A frame under way has a legal size, and the next pixel lies within it; a last row is only owed,
  // and flushed, before the next frame's second row. The registers say what x and y are.
  reg  formal_reset_reg = 1'b0;
  wire under_way        = !s_first || tail_reg;

  always @(posedge clk)
    if (rst)
      formal_reset_reg <= 1'b1;

  always @*
    if (!formal_reset_reg)
      assume (rst);
    else begin
      if (under_way) begin
        assert (width_reg >= 3 && width_reg <= MAX_WIDTH && x_reg < width_reg);
        assert (height_reg >= 3 && height_reg <= MAX_HEIGHT && y_reg < height_reg);
      end
      assert (at_row_start_reg == (x_reg == 0));
      assert (in_first_row_reg == (y_reg == 0));
      if (!at_row_start_reg)
        assert (at_row_end_reg == (x_reg == width_reg - 1'b1));
      else
        assert (!at_row_end_reg);
      if (tail_reg)
        assert (in_first_row_reg);
      if (flush_reg)
        assert (tail_reg);
    end
`endif

endmodule

`default_nettype wire
