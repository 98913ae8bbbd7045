// SPDX-License-Identifier: Apache-2.0
//
// Sum of absolute errors of a frame: the fitness.
//
// Equals sae() of model/filter/fitness.py. m_valid is high for one cycle, 2 cycles after the
// frame's last pixel pair (SAE_CYCLES of model/filter/latency.py); m_sae then holds until the next
// frame's sum is ready. One pair per cycle, frames back to back. The unit is never stalled.
//
// m_over is high while the sum of the frame under way is above `limit`, from 2 cycles after the
// pair that made it so until the frame's last pair is added.

`default_nettype none

module evoarray_sae #(
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

`ifdef FORMAL_EVOARRAY_SAE
  // The sum of the frame with the pair that came last, and the sum of the frame before.
  reg              formal_began_reg = 1'b0;
  reg [SAE_W-1:0]  formal_sum_reg;
  reg              formal_ended_reg;       // that pair was the last of its frame
  reg              formal_came_reg;        // it came in the cycle before
  reg [SAE_W-1:0]  formal_before_reg;      // what formal_sum_reg was, 0 where a frame ended
  reg              formal_valid_reg;
  reg              formal_known_reg = 1'b0;  // there was such a frame
  reg [SAE_W-1:0]  formal_sae_reg;

  wire signed [8:0] formal_difference = {1'b0, s_pixel} - {1'b0, s_reference};
  wire [SAE_W-1:0]  formal_error      = formal_difference[8] ? -formal_difference
                                                             : formal_difference;
  wire [SAE_W-1:0]  formal_so_far     = formal_ended_reg ? {SAE_W{1'b0}} : formal_sum_reg;

  always @(posedge clk) begin
    formal_came_reg   <= !rst && s_valid;
    formal_valid_reg  <= !rst && formal_came_reg && formal_ended_reg;
    formal_before_reg <= rst ? {SAE_W{1'b0}} : formal_so_far;
    if (formal_came_reg && formal_ended_reg) begin
      formal_sae_reg   <= formal_sum_reg;
      formal_known_reg <= formal_began_reg;
    end
    if (rst) begin
      formal_began_reg <= 1'b1;
      formal_sum_reg   <= {SAE_W{1'b0}};
      formal_ended_reg <= 1'b0;
    end else if (s_valid) begin
      formal_sum_reg   <= formal_so_far + formal_error;
      formal_ended_reg <= s_last;
    end
  end

  always @*
    if (!formal_began_reg)
      assume (rst);
    else begin
      // A frame brings one sum, two cycles after its last pair, and the sum stays.
      assert (m_valid == formal_valid_reg);
      if (formal_known_reg)
        assert (m_sae == formal_sae_reg);

      // The limit is compared with the sum up to the pair of two cycles ago.
      assert (m_over == (formal_before_reg > limit));

      // What is on the way, by the registers.
      assert (valid_reg == formal_came_reg);
      assert (sum_reg == formal_before_reg);
    end
`endif

endmodule

`default_nettype wire
