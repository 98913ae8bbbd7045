// SPDX-License-Identifier: Apache-2.0
//
// The evaluator as evolve/filter/backends/verilator_server.cpp drives it: what the server offers
// stands in registers here, and who is always ready is so by a constant. As no logic hangs on the
// inputs of this top, a simulator has to settle it only once in a cycle, after the edge.

`default_nettype none

module verilator_bench #(
  // As in evoarray_evaluator
  parameter integer ROWS         = 8,
  parameter integer COLS         = 8,
  parameter integer FUNCTION_SET = 0,
  parameter integer MAX_WIDTH    = 4096,
  parameter integer MAX_HEIGHT   = 4096,
  // Derived
  parameter integer WIDTH_W      = $clog2(MAX_WIDTH + 1),
  parameter integer HEIGHT_W     = $clog2(MAX_HEIGHT + 1),
  parameter integer ADDRESS_W    = $clog2(ROWS*COLS + ROWS + COLS + 2)
) (
  input  wire                 clk,
  input  wire                 rst,

  // Offered from the next edge on
  input  wire [WIDTH_W-1:0]   frame_width,
  input  wire [HEIGHT_W-1:0]  frame_height,
  input  wire                 cfg_valid,
  input  wire [ADDRESS_W-1:0] cfg_address,
  input  wire [5:0]           cfg_gene,
  input  wire                 s_noisy_valid,
  input  wire [7:0]           s_noisy_pixel,
  input  wire                 s_window_valid,
  input  wire                 s_window_last,
  input  wire [71:0]          s_window_pixels,
  input  wire [7:0]           s_reference_pixel,
  input  wire [31:0]          sae_limit,

  // What comes of it
  output wire                 cfg_ready,
  output wire                 s_noisy_ready,
  output wire                 s_window_ready,
  output wire                 m_filtered_valid,
  output wire [7:0]           m_filtered_pixel,
  output wire                 sae_over,
  output wire                 sae_valid,
  output wire [31:0]          sae_sum
);

  reg [WIDTH_W-1:0]   frame_width_reg;
  reg [HEIGHT_W-1:0]  frame_height_reg;
  reg                 cfg_valid_reg;
  reg [ADDRESS_W-1:0] cfg_address_reg;
  reg [5:0]           cfg_gene_reg;
  reg                 s_noisy_valid_reg;
  reg [7:0]           s_noisy_pixel_reg;
  reg                 s_window_valid_reg;
  reg                 s_window_last_reg;
  reg [71:0]          s_window_pixels_reg;
  reg [7:0]           s_reference_pixel_reg;
  reg [31:0]          sae_limit_reg;

  always @(posedge clk) begin
    frame_width_reg       <= frame_width;
    frame_height_reg      <= frame_height;
    cfg_valid_reg         <= cfg_valid;
    cfg_address_reg       <= cfg_address;
    cfg_gene_reg          <= cfg_gene;
    s_noisy_valid_reg     <= s_noisy_valid;
    s_noisy_pixel_reg     <= s_noisy_pixel;
    s_window_valid_reg    <= s_window_valid;
    s_window_last_reg     <= s_window_last;
    s_window_pixels_reg   <= s_window_pixels;
    s_reference_pixel_reg <= s_reference_pixel;
    sae_limit_reg         <= sae_limit;
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
    .frame_width          (frame_width_reg),
    .frame_height         (frame_height_reg),
    .cfg_valid            (cfg_valid_reg),
    .cfg_ready            (cfg_ready),
    .cfg_array            (1'b0),
    .cfg_address          (cfg_address_reg),
    .cfg_gene             (cfg_gene_reg),
    .s_noisy_valid        (s_noisy_valid_reg),
    .s_noisy_ready        (s_noisy_ready),
    .s_noisy_first        (),
    .s_noisy_line_last    (),
    .s_noisy_pixel        (s_noisy_pixel_reg),
    .s_window_valid       (s_window_valid_reg),
    .s_window_ready       (s_window_ready),
    .s_window_last        (s_window_last_reg),
    .s_window_pixels      (s_window_pixels_reg),
    .s_reference_valid    (1'b1),
    .s_reference_ready    (),
    .s_reference_pixel    (s_reference_pixel_reg),
    .m_filtered_valid     (m_filtered_valid),
    .m_filtered_ready     (1'b1),
    .m_filtered_line_last (),
    .m_filtered_last      (),
    .m_filtered_pixel     (m_filtered_pixel),
    .sae_limit            (sae_limit_reg),
    .sae_over             (sae_over),
    .sae_valid            (sae_valid),
    .sae_sum              (sae_sum)
  );

endmodule

`default_nettype wire
