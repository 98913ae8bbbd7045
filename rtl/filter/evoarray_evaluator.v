// SPDX-License-Identifier: Apache-2.0
//
// Filters frames with the configured circuit and measures each against its reference.
//
//   s_noisy -> window generator --+
//                                 +-> systolic array -> m_filtered
//   s_window ---------------------+         |
//                                           |
//   s_reference ----------------------------+-> SAE
//
// With ARRAYS above 1 that many arrays, each with a configuration and a SAE of its own, stand side
// by side: all see every window in the same cycle, and their pixels leave together. Lanes: array a
// at [a*8 +: 8] of the pixels, [a*SAE_W +: SAE_W] of sums and limits, [a] of sae_over.
//
// Equals filter_image() and sae() of the model. One pixel per cycle, frames back to back. A
// filtered pixel leaves when its reference pixel is there and the sink takes it; otherwise
// everything before it holds. Latencies: model/filter/latency.py.
//
// A frame comes in wholly as noisy pixels, row by row, or wholly as windows, in any order; its
// reference pixels come in the same order. The SAE is a sum, so a memory of windows that is read
// first where most errors are expected lets a bad circuit exceed its limit soon. The way in is
// chosen for each frame by what is offered when the one before is in, pixels first. Windows wait
// until all windows of the pixels are out: for ever, if frames of pixels follow without a pause.
// Pixels wait until the last window is in.
//
// Configuration: gene writes go to the shadow of the array that cfg_array names. Address
// SWAP_ADDRESS (one beyond the last gene) commits all shadows: the next frame whose first pixel or
// window is accepted after that is computed with them. cfg_ready is low from the commit until that
// frame's first pixel leaves the arrays; frames before it keep their circuits, and none of this
// costs a stream a cycle.
//
// Early stop: sae_over says that the frame under way is already worse than sae_limit. A host that
// has seen enough resets the evaluator and goes on with the next frame; the genes in the shadow
// stay, a commit has to be repeated. sae_limit belongs to the frame after the last sae_valid.

`default_nettype none

module evoarray_evaluator #(
  // Rows and columns of the mesh, each 1 to 64
  parameter integer ROWS         = 8,
  parameter integer COLS         = 8,
  // Arrays on the pixel stream, 1 or more
  parameter integer ARRAYS       = 1,
  // Function set: 0 upm16, 1 upm19, 2 cgp16
  parameter integer FUNCTION_SET = 0,
  // Elements: 0 evoarray_pe, which simulates fast; 1 evoarray_pe_two_stage, which is small and has
  // upm16 only
  parameter integer TWO_STAGE    = 0,
  // Largest frame, each side 3 or more
  parameter integer MAX_WIDTH    = 1024,
  parameter integer MAX_HEIGHT   = 1024,
  // Bits of the SAE, 12 to 64: enough for 255 times the pixels of the largest frame
  parameter integer SAE_W        = 32,
  // Derived
  parameter integer ARRAY_W      = (ARRAYS > 1) ? $clog2(ARRAYS) : 1,
  parameter integer WIDTH_W      = $clog2(MAX_WIDTH + 1),
  parameter integer HEIGHT_W     = $clog2(MAX_HEIGHT + 1),
  parameter integer ADDRESS_W    = $clog2(ROWS*COLS + ROWS + COLS + 2)
) (
  input  wire                          clk,
  input  wire                          rst,

  // Frame size, taken with a frame's first pixel: 3..MAX_WIDTH, 3..MAX_HEIGHT
  input  wire [WIDTH_W-1:0]            frame_width,
  input  wire [HEIGHT_W-1:0]           frame_height,

  // Configuration writes: a gene of an array, or the commit at SWAP_ADDRESS
  input  wire                          cfg_valid,
  output wire                          cfg_ready,
  input  wire [ARRAY_W-1:0]            cfg_array,
  input  wire [ADDRESS_W-1:0]          cfg_address,
  input  wire [5:0]                    cfg_gene,

  // Noisy pixels in, row by row; first and line_last say where the next one belongs
  input  wire                          s_noisy_valid,
  output wire                          s_noisy_ready,
  output wire                          s_noisy_first,
  output wire                          s_noisy_line_last,
  input  wire [7:0]                    s_noisy_pixel,

  // Windows in, instead of noisy pixels: pixel i of WINDOW_PIXELS (model/window.py) at [i*8 +: 8]
  input  wire                          s_window_valid,
  output wire                          s_window_ready,
  input  wire                          s_window_last,
  input  wire [71:0]                   s_window_pixels,

  // Reference pixels in, in the order of the frame's pixels or windows
  input  wire                          s_reference_valid,
  output wire                          s_reference_ready,
  input  wire [7:0]                    s_reference_pixel,

  // Filtered pixels out; last marks the end of a frame, line_last that of a row of noisy pixels
  output wire                          m_filtered_valid,
  input  wire                          m_filtered_ready,
  output wire                          m_filtered_line_last,
  output wire                          m_filtered_last,
  output wire [ARRAYS*8-1:0]           m_filtered_pixel,

  // Early stop
  input  wire [ARRAYS*SAE_W-1:0]       sae_limit,
  output wire [ARRAYS-1:0]             sae_over,

  // SAE of a frame, valid for one cycle
  output wire                          sae_valid,
  output wire [ARRAYS*SAE_W-1:0]       sae_sum
);

  localparam integer SWAP_ADDRESS = ROWS*COLS + ROWS + COLS + 1;
  localparam integer CODE_W       = (TWO_STAGE != 0) ? 8 : 5;

  generate
    if (ARRAYS < 1) begin : g_illegal_arrays
      ARRAYS_must_be_1_or_more u_stop ();
    end
    if (SAE_W < 12 || SAE_W > 64 || 80'd255*MAX_WIDTH*MAX_HEIGHT >= 80'd1 << SAE_W)
    begin : g_illegal_sum
      SAE_W_must_be_12_to_64_and_hold_255_times_MAX_WIDTH_times_MAX_HEIGHT u_stop ();
    end
  endgenerate

  wire              ce;
  wire              noisy_ready;
  wire              noisy_idle;
  wire              raster_valid;
  wire              raster_load;
  wire              raster_line_last;
  wire              raster_last;
  wire [71:0]       raster_window;

  // The arrays go in step: what they say of a window's way, all say at once.
  wire [ARRAYS-1:0] valids;
  wire [ARRAYS-1:0] loads;
  wire [ARRAYS-1:0] line_lasts;
  wire [ARRAYS-1:0] lasts;
  wire [ARRAYS-1:0] sums;
  wire              array_valid = &valids;
  wire              array_load  = &loads;

  // Whether a frame of windows is under way. The two ways in never meet: windows begin when
  // evoarray_pixel_window is empty, and nothing enters it before their last one.
  reg  windows_reg;

  wire window_open   = windows_reg || (noisy_idle && !s_noisy_valid);
  wire noisy_valid   = s_noisy_valid && !windows_reg;
  wire noisy_accept  = noisy_valid && noisy_ready;
  wire window_accept = s_window_valid && s_window_ready;
  wire frame_accept  = (noisy_accept && s_noisy_first) || (window_accept && !windows_reg);

  assign s_noisy_ready  = noisy_ready && !windows_reg;
  assign s_window_ready = ce && window_open;

  always @(posedge clk)
    if (rst)
      windows_reg <= 1'b0;
    else if (window_accept)
      windows_reg <= !s_window_last;

  // A commit waits for the next frame (pending), then its genes must hold still while that
  // frame's first pixel travels (moving).
  reg pending_reg;
  reg moving_reg;

  wire cfg_accept = cfg_valid && cfg_ready;

  assign cfg_ready = !pending_reg && !moving_reg;

  always @(posedge clk)
    if (rst) begin
      pending_reg <= 1'b0;
      moving_reg  <= 1'b0;
    end else begin
      if (cfg_accept && (cfg_address == SWAP_ADDRESS[ADDRESS_W-1:0]))
        pending_reg <= 1'b1;
      if (pending_reg && frame_accept) begin
        pending_reg <= 1'b0;
        moving_reg  <= 1'b1;
      end
      if (ce && array_load)
        moving_reg <= 1'b0;
    end

  evoarray_pixel_window #(.MAX_WIDTH(MAX_WIDTH), .MAX_HEIGHT(MAX_HEIGHT)) u_pixel_window (
    .clk          (clk),
    .rst          (rst),
    .ce           (ce),
    .frame_width  (frame_width),
    .frame_height (frame_height),
    .s_valid      (noisy_valid),
    .s_ready      (noisy_ready),
    .s_first      (s_noisy_first),
    .s_line_last  (s_noisy_line_last),
    .s_idle       (noisy_idle),
    .s_load       (pending_reg),
    .s_pixel      (s_noisy_pixel),
    .m_valid      (raster_valid),
    .m_load       (raster_load),
    .m_line_last  (raster_line_last),
    .m_last       (raster_last),
    .m_window     (raster_window)
  );

  // A filtered pixel leaves only with its reference pixel, and both together.
  wire leaves = array_valid && s_reference_valid && m_filtered_ready;

  assign ce                   = !array_valid || leaves;
  assign m_filtered_valid     = array_valid && s_reference_valid;
  assign m_filtered_line_last = &line_lasts;
  assign m_filtered_last      = &lasts;
  assign s_reference_ready    = array_valid && m_filtered_ready;
  assign sae_valid            = &sums;

  genvar a;
  generate
    for (a = 0; a < ARRAYS; a = a + 1) begin : g_array
      wire [ROWS*COLS*CODE_W-1:0] functions;
      wire [COLS*4-1:0]           north;
      wire [ROWS*4-1:0]           west;
      wire [5:0]                  output_row;

      evoarray_config_shadow #(.ROWS(ROWS), .COLS(COLS), .TWO_STAGE(TWO_STAGE)) u_config_shadow (
        .clk        (clk),
        .write      (cfg_accept && (cfg_array == a)),
        .address    (cfg_address),
        .gene       (cfg_gene),
        .functions  (functions),
        .north      (north),
        .west       (west),
        .output_row (output_row)
      );

      evoarray_systolic_array #(
        .ROWS(ROWS), .COLS(COLS), .FUNCTION_SET(FUNCTION_SET), .TWO_STAGE(TWO_STAGE)
      ) u_systolic_array (
        .clk         (clk),
        .rst         (rst),
        .ce          (ce),
        .functions   (functions),
        .north       (north),
        .west        (west),
        .output_row  (output_row),
        .s_valid     (raster_valid || (s_window_valid && window_open)),
        .s_load      (raster_valid ? raster_load : pending_reg && !windows_reg),
        .s_line_last (raster_line_last),
        .s_last      (raster_valid ? raster_last : s_window_last),
        .s_window    (raster_valid ? raster_window : s_window_pixels),
        .m_valid     (valids[a]),
        .m_load      (loads[a]),
        .m_line_last (line_lasts[a]),
        .m_last      (lasts[a]),
        .m_pixel     (m_filtered_pixel[a*8 +: 8])
      );

      evoarray_sae #(.SAE_W(SAE_W)) u_sae (
        .clk         (clk),
        .rst         (rst),
        .s_valid     (leaves),
        .s_last      (m_filtered_last),
        .s_pixel     (m_filtered_pixel[a*8 +: 8]),
        .s_reference (s_reference_pixel),
        .limit       (sae_limit[a*SAE_W +: SAE_W]),
        .m_over      (sae_over[a]),
        .m_valid     (sums[a]),
        .m_sae       (sae_sum[a*SAE_W +: SAE_W])
      );
    end
  endgenerate

endmodule

`default_nettype wire
