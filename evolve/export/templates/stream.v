// SPDX-License-Identifier: Apache-2.0
// NAME_stream: filters a stream of greyscale frames with NAME, a pixel per cycle.
//
// AXI4-Stream in and out, in raster order: tuser marks the first pixel of a frame, tlast the last one
// of a row. frame_width and frame_height are taken with a frame's first pixel. The marks that come
// in decide nothing: marks_wrong says in which cycles they are not where the frame's size has them.

`default_nettype none

module NAME_stream #(
  // Largest frame, each side 3 or more
  parameter integer MAX_WIDTH  = 1024,
  parameter integer MAX_HEIGHT = 1024,
  // Derived
  parameter integer WIDTH_W    = $clog2(MAX_WIDTH + 1),
  parameter integer HEIGHT_W   = $clog2(MAX_HEIGHT + 1)
) (
  input  wire                clk,
  input  wire                rst,

  // Size of the next frame: 3..MAX_WIDTH, 3..MAX_HEIGHT
  input  wire [WIDTH_W-1:0]  frame_width,
  input  wire [HEIGHT_W-1:0] frame_height,

  // Noisy pixels in
  input  wire [7:0]          s_axis_tdata,
  input  wire                s_axis_tvalid,
  output wire                s_axis_tready,
  input  wire                s_axis_tuser,
  input  wire                s_axis_tlast,

  // Filtered pixels out
  output wire [7:0]          m_axis_tdata,
  output wire                m_axis_tvalid,
  input  wire                m_axis_tready,
  output wire                m_axis_tuser,
  output wire                m_axis_tlast,

  output wire                marks_wrong
);

  // Registers of the window's way to its filtered pixel: the window's own, then those of NAME
  localparam integer STAGES = LATENCY + 1;

  wire        noisy_valid;
  wire        noisy_ready;
  wire        noisy_user;
  wire        noisy_last;
  wire [7:0]  noisy_pixel;
  wire        noisy_first;
  wire        noisy_line_last;
  wire        window_valid;
  wire        window_line_last;
  wire        window_last;
  wire [71:0] window;
  wire        filtered_ready;
  wire [7:0]  filtered_pixel;
  wire        unused_idle;
  wire        unused_load;

  evoarray_axis_register #(.DATA_W(10)) u_noisy (
    .clk     (clk),
    .rst     (rst),
    .s_valid (s_axis_tvalid),
    .s_ready (s_axis_tready),
    .s_data  ({s_axis_tuser, s_axis_tlast, s_axis_tdata}),
    .m_valid (noisy_valid),
    .m_ready (noisy_ready),
    .m_data  ({noisy_user, noisy_last, noisy_pixel})
  );

  assign marks_wrong = noisy_valid && noisy_ready
                       && ({noisy_user, noisy_last} != {noisy_first, noisy_line_last});

  // The marks take as long as the pixels.
  reg  [STAGES-1:0] valid_reg;
  reg  [STAGES-1:0] line_last_reg;
  reg  [STAGES-1:0] last_reg;
  reg  [71:0]       window_reg;
  wire [STAGES:0]   valid     = {valid_reg, window_valid};
  wire [STAGES:0]   line_last = {line_last_reg, window_line_last};
  wire [STAGES:0]   last      = {last_reg, window_last};

  // Everything moves on unless a pixel waits at the end.
  wire ce = !valid[STAGES] || filtered_ready;

  evoarray_pixel_window #(.MAX_WIDTH(MAX_WIDTH), .MAX_HEIGHT(MAX_HEIGHT)) u_pixel_window (
    .clk          (clk),
    .rst          (rst),
    .ce           (ce),
    .frame_width  (frame_width),
    .frame_height (frame_height),
    .s_valid      (noisy_valid),
    .s_ready      (noisy_ready),
    .s_first      (noisy_first),
    .s_line_last  (noisy_line_last),
    .s_idle       (unused_idle),
    .s_load       (1'b0),
    .s_pixel      (noisy_pixel),
    .m_valid      (window_valid),
    .m_load       (unused_load),
    .m_line_last  (window_line_last),
    .m_last       (window_last),
    .m_window     (window)
  );

  always @(posedge clk)
    if (rst)
      valid_reg <= {STAGES{1'b0}};
    else if (ce)
      valid_reg <= valid[STAGES-1:0];

  always @(posedge clk)
    if (ce) begin
      window_reg    <= window;
      line_last_reg <= line_last[STAGES-1:0];
      last_reg      <= last[STAGES-1:0];
    end

  NAME u_filter (
CLOCK    .window (window_reg),
    .pixel  (filtered_pixel)
  );

  // The next pixel that leaves is the first of its frame.
  reg first_reg;

  always @(posedge clk)
    if (rst)
      first_reg <= 1'b1;
    else if (valid[STAGES] && filtered_ready)
      first_reg <= last[STAGES];

  evoarray_axis_register #(.DATA_W(10)) u_filtered (
    .clk     (clk),
    .rst     (rst),
    .s_valid (valid[STAGES]),
    .s_ready (filtered_ready),
    .s_data  ({first_reg, line_last[STAGES], filtered_pixel}),
    .m_valid (m_axis_tvalid),
    .m_ready (m_axis_tready),
    .m_data  ({m_axis_tuser, m_axis_tlast, m_axis_tdata})
  );

endmodule

`default_nettype wire
