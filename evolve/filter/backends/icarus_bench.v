// SPDX-License-Identifier: Apache-2.0
//
// The evaluator with its clock and its images in Verilog, so that Icarus runs whole frames by
// itself. evolve/filter/backends/icarus_server.py writes the genes, starts frames, and reads the SAE.
//
// plusargs: width, height, and images, the name of a file that holds, row by row, the nine pixels
// of every window, of which the fifth is the noisy pixel, and then the reference pixels; with
// as_windows they are shown as windows, as those of no image must be. A change of `start` starts a
// frame.

`timescale 1ns/1ns
`default_nettype none

module icarus_bench #(
  // As in evoarray_evaluator
  parameter integer ROWS         = 8,
  parameter integer COLS         = 8,
  parameter integer FUNCTION_SET = 0,
  parameter integer MAX_WIDTH    = 4096,
  parameter integer MAX_HEIGHT   = 4096,
  // Pixels of an image
  parameter integer PIXELS       = 128 * 128,
  // Derived
  parameter integer ADDRESS_W    = $clog2(ROWS*COLS + ROWS + COLS + 2)
);

  reg clk = 1'b0;
  reg rst = 1'b1;

  always #5 clk = !clk;

  reg [7:0] images [0:10*PIXELS-1];
  reg [7:0] filtered [0:PIXELS-1];

  reg            as_windows = 1'b0;
  integer        width;
  integer        height;
  integer        file;
  integer        got;
  reg [8*512-1:0] path;

  initial begin
    got = $value$plusargs("width=%d", width);
    got = $value$plusargs("height=%d", height);
    got = $value$plusargs("images=%s", path);
    as_windows = $test$plusargs("as_windows");
    file = $fopen(path, "rb");
    got = $fread(images, file);
    if (got != 10*PIXELS) begin
      $display("icarus_bench: read %0d bytes of images, not %0d", got, 10*PIXELS);
      $finish;
    end
    $fclose(file);
  end

  // Driven by the server
  reg                 cfg_valid = 1'b0;
  reg [ADDRESS_W-1:0] cfg_address = {ADDRESS_W{1'b0}};
  reg [5:0]           cfg_gene = 6'd0;
  reg [31:0]          sae_limit = {32{1'b1}};
  reg                 start = 1'b0;

  wire        cfg_ready;
  wire        noisy_ready;
  wire        window_ready;
  wire        filtered_valid;
  wire [7:0]  filtered_pixel;
  wire        sae_valid;
  wire [31:0] sae_sum;
  wire        sae_over;

  // A frame has ended for the server when its sum is known, or known to be too high.
  wire        ended = sae_valid || sae_over;

  integer cycles    = 0;
  reg     started   = 1'b0;
  integer noisy     = 0;
  integer reference = 0;

  wire shown = (started != start);  // a pixel or a window
  wire taken = shown && (as_windows ? window_ready : noisy_ready);
  wire last  = (noisy == PIXELS - 1);

  wire [71:0] window;
  genvar i;
  generate
    for (i = 0; i < 9; i = i + 1) begin : g_window
      assign window[8*i +: 8] = images[9*noisy + i];
    end
  endgenerate

  always @(posedge clk) begin
    cycles <= cycles + 1;
    if (rst) begin
      started   <= start;
      noisy     <= 0;
      reference <= 0;
    end else begin
      if (taken) begin
        noisy <= last ? 0 : noisy + 1;
        if (last)
          started <= start;
      end
      if (filtered_valid) begin
        filtered[reference] <= filtered_pixel;
        reference           <= (reference == PIXELS - 1) ? 0 : reference + 1;
      end
    end
  end

  evoarray_evaluator #(
    .ROWS         (ROWS),
    .COLS         (COLS),
    .FUNCTION_SET (FUNCTION_SET),
    .MAX_WIDTH    (MAX_WIDTH),
    .MAX_HEIGHT   (MAX_HEIGHT)
  ) u_evaluator (
    .clk                  (clk),
    .rst                  (rst),
    .frame_width          (width[$clog2(MAX_WIDTH + 1)-1:0]),
    .frame_height         (height[$clog2(MAX_HEIGHT + 1)-1:0]),
    .cfg_valid            (cfg_valid),
    .cfg_ready            (cfg_ready),
    .cfg_array            (1'b0),
    .cfg_address          (cfg_address),
    .cfg_gene             (cfg_gene),
    .s_noisy_valid        (shown && !as_windows),
    .s_noisy_ready        (noisy_ready),
    .s_noisy_first        (),
    .s_noisy_line_last    (),
    .s_noisy_pixel        (images[9*noisy + 4]),
    .s_window_valid       (shown && as_windows),
    .s_window_ready       (window_ready),
    .s_window_last        (last),
    .s_window_pixels      (window),
    .s_reference_valid    (1'b1),
    .s_reference_ready    (),
    .s_reference_pixel    (images[9*PIXELS + reference]),
    .m_filtered_valid     (filtered_valid),
    .m_filtered_ready     (1'b1),
    .m_filtered_line_last (),
    .m_filtered_last      (),
    .m_filtered_pixel     (filtered_pixel),
    .sae_limit            (sae_limit),
    .sae_over             (sae_over),
    .sae_valid            (sae_valid),
    .sae_sum              (sae_sum)
  );

endmodule

`default_nettype wire
