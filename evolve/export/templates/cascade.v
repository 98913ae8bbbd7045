// SPDX-License-Identifier: Apache-2.0
// NAME_stream: COUNT filters in a row, each on what the one before it made of the frames.
//
// Streams and marks are those of NAME_1_stream. frame_width and frame_height must not change while
// there are pixels inside.

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

  // Size of the frames: 3..MAX_WIDTH, 3..MAX_HEIGHT
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

  // Between the filters: {tuser, tlast, tdata}, item 0 before the first one
  wire [9:0]     item  [0:COUNT];
  wire [COUNT:0] valid;
  wire [COUNT:0] ready;
  wire [COUNT:1] wrong;

  assign item[0]       = {s_axis_tuser, s_axis_tlast, s_axis_tdata};
  assign valid[0]      = s_axis_tvalid;
  assign s_axis_tready = ready[0];
  assign {m_axis_tuser, m_axis_tlast, m_axis_tdata} = item[COUNT];
  assign m_axis_tvalid = valid[COUNT];
  assign ready[COUNT]  = m_axis_tready;

  // The other filters get the marks that the ones before them make.
  wire unused = &{1'b0, wrong[COUNT:2]};
  assign marks_wrong = wrong[1];

FILTERS
endmodule

`default_nettype wire
