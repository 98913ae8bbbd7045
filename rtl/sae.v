// SPDX-License-Identifier: Apache-2.0
//
// Sum of absolute errors of a frame: the fitness.
//
// Equals sae() of model/fitness.py. m_valid is high for one cycle, 2 cycles after the frame's
// last pixel pair (SAE_CYCLES of model/latency.py); m_sae then holds until the next frame's sum
// is ready. One pair per cycle, frames back to back. The unit is never stalled.
//
// m_over is high while the sum of the frame under way is above `limit`, from 2 cycles after the
// pair that made it so until the frame's last pair is added.

`default_nettype none

module sae #(
  // Bits of the sum: enough for 255 times the pixels of the largest frame
  parameter integer SAE_W = 32
) (
  input  wire             clk,
  input  wire             rst,

  // Pixel pairs in
  input  wire             s_valid,
  input  wire             s_last,
  input  wire [7:0]       s_pixel,
  input  wire [7:0]       s_reference,

  // What the sum of the frame under way is compared with
  input  wire [SAE_W-1:0] limit,
  output wire             m_over,

  // Sum out
  output reg              m_valid,
  output reg  [SAE_W-1:0] m_sae
);

  reg       valid_reg;
  reg       last_reg;
  reg [7:0] error_reg;

  always @(posedge clk) begin
    last_reg  <= s_last;
    error_reg <= (s_pixel > s_reference) ? s_pixel - s_reference : s_reference - s_pixel;
  end

  always @(posedge clk)
    if (rst)
      valid_reg <= 1'b0;
    else
      valid_reg <= s_valid;

  reg  [SAE_W-1:0] sum_reg;
  wire [SAE_W-1:0] sum_next = sum_reg + {{SAE_W-8{1'b0}}, error_reg};

  always @(posedge clk)
    if (rst) begin
      sum_reg <= {SAE_W{1'b0}};
      m_valid <= 1'b0;
    end else begin
      m_valid <= valid_reg && last_reg;
      if (valid_reg)
        sum_reg <= last_reg ? {SAE_W{1'b0}} : sum_next;
    end

  always @(posedge clk)
    if (valid_reg && last_reg)
      m_sae <= sum_next;

  assign m_over = sum_reg > limit;

endmodule

`default_nettype wire
