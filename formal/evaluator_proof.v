// SPDX-License-Identifier: Apache-2.0
//
// The streams of the evaluator, for every environment whose reference pixels wait until they are
// taken: what waits stays, filtered and reference pixels leave in pairs, each last pixel brings one
// sum two cycles later, a reset leaves nothing behind; and from every state, while everybody is
// ready, a frame gets out within BOUND cycles.

`default_nettype none

module evaluator_proof #(
  parameter integer BOUND      = 24,
  // 1: whether commits get through, as well, which shows only from a reset on
  parameter integer COMMITS    = 0,
  parameter integer MAX_WIDTH  = 3,
  parameter integer MAX_HEIGHT = 3,
  // Derived
  parameter integer WIDTH_W    = $clog2(MAX_WIDTH + 1),
  parameter integer HEIGHT_W   = $clog2(MAX_HEIGHT + 1)
) (
  input wire                clk,
  input wire                rst,
  input wire [WIDTH_W-1:0]  frame_width,
  input wire [HEIGHT_W-1:0] frame_height,
  input wire                cfg_valid,
  input wire [2:0]          cfg_address,
  input wire [5:0]          cfg_gene,
  input wire                s_noisy_valid,
  input wire [7:0]          s_noisy_pixel,
  input wire                s_window_valid,
  input wire                s_window_last,
  input wire [71:0]         s_window_pixels,
  input wire                s_reference_valid,
  input wire [7:0]          s_reference_pixel,
  input wire                m_filtered_ready
);

  wire        cfg_ready;
  wire        s_noisy_ready;
  wire        s_window_ready;
  wire        s_reference_ready;
  wire        m_filtered_valid;
  wire        m_filtered_last;
  wire [7:0]  m_filtered_pixel;
  wire        sae_over;
  wire        sae_valid;
  wire [11:0] sae_sum;

  evoarray_evaluator #(
    .ROWS(1), .COLS(1), .MAX_WIDTH(MAX_WIDTH), .MAX_HEIGHT(MAX_HEIGHT), .SAE_W(12)
  ) u_evaluator (
    .clk               (clk),
    .rst               (rst),
    .frame_width       (frame_width),
    .frame_height      (frame_height),
    .cfg_valid         (cfg_valid),
    .cfg_ready         (cfg_ready),
    .cfg_array         (1'b0),
    .cfg_address       (cfg_address),
    .cfg_gene          (cfg_gene),
    .s_noisy_valid     (s_noisy_valid),
    .s_noisy_ready     (s_noisy_ready),
    .s_noisy_pixel     (s_noisy_pixel),
    .s_window_valid    (s_window_valid),
    .s_window_ready    (s_window_ready),
    .s_window_last     (s_window_last),
    .s_window_pixels   (s_window_pixels),
    .s_reference_valid (s_reference_valid),
    .s_reference_ready (s_reference_ready),
    .s_reference_pixel (s_reference_pixel),
    .m_filtered_valid  (m_filtered_valid),
    .m_filtered_ready  (m_filtered_ready),
    .m_filtered_last   (m_filtered_last),
    .m_filtered_pixel  (m_filtered_pixel),
    .sae_limit         (12'd0),
    .sae_over          (sae_over),
    .sae_valid         (sae_valid),
    .sae_sum           (sae_sum)
  );

  wire leaves = m_filtered_valid && m_filtered_ready;

  // Everybody is ready when pixels, windows that end their frame at once, and reference pixels
  // are offered, and filtered pixels are taken.
  wire ready = s_noisy_valid && s_window_valid && s_window_last && s_reference_valid &&
               m_filtered_ready;

  reg        began = 1'b0;    // since a first cycle
  reg        after_reset;
  reg        reference_waited;
  reg        waited;
  reg        waiting_last;
  reg [7:0]  waiting_pixel;
  reg        ended       = 1'b0;
  reg        ended_later = 1'b0;
  reg [7:0]  patience    = 8'd0;  // cycles in which everybody was ready and no frame got out
  reg [7:0]  busy        = 8'd0;  // cycles of a commit in which everybody was ready

  always @(posedge clk) begin
    began            <= 1'b1;
    after_reset      <= rst;
    reference_waited <= !rst && s_reference_valid && !s_reference_ready;
    waited           <= !rst && m_filtered_valid && !m_filtered_ready;
    waiting_last     <= m_filtered_last;
    waiting_pixel    <= m_filtered_pixel;
    ended            <= !rst && leaves && m_filtered_last;
    ended_later      <= !rst && ended;
    busy             <= (!rst && ready && !cfg_ready) ? busy + 1'b1 : 8'd0;
    patience         <= (!rst && ready && !(leaves && m_filtered_last)) ? patience + 1'b1 : 8'd0;
  end

  always @* begin
    if (!began)
      assume (rst);
    if (began && reference_waited)
      assume (s_reference_valid);
    assume (frame_width >= 3 && frame_width <= MAX_WIDTH);
    assume (frame_height >= 3 && frame_height <= MAX_HEIGHT);
  end

  always @*
    if (began) begin
      // What waits stays.
      if (waited)
        assert (m_filtered_valid && m_filtered_last == waiting_last &&
                m_filtered_pixel == waiting_pixel);

      // A filtered pixel and its reference leave together.
      assert (leaves == (s_reference_valid && s_reference_ready));

      // Pixels and windows are never taken in the same cycle.
      assert (!(s_noisy_valid && s_noisy_ready && s_window_valid && s_window_ready));

      // A last pixel brings one sum, and nothing else does.
      assert (sae_valid == ended_later);

      // A reset leaves nothing behind, and lets everything in.
      if (after_reset) begin
        assert (!m_filtered_valid && !sae_valid && !sae_over);
        assert (cfg_ready && s_noisy_ready);
      end

      // No deadlock.
      assert (patience <= BOUND);

      // A commit gets through.
      if (COMMITS != 0)
        assert (busy <= BOUND);
    end

endmodule

`default_nettype wire
