// SPDX-License-Identifier: Apache-2.0
//
// With the copy filter, which it writes and commits after each reset, the evaluator gives back one
// watched pixel, any of them, at its place and with its mark: nothing is lost, invented or
// exchanged. When everything is quiet, as many pixels have left as came in.

`default_nettype none

module evaluator_order_proof #(
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
  input wire                s_noisy_valid,
  input wire [7:0]          s_noisy_pixel,
  input wire                s_window_valid,
  input wire                s_window_last,
  input wire [71:0]         s_window_pixels,
  input wire                s_reference_valid,
  input wire                m_filtered_ready
);

  // Genes in their order: W, north and west read the centre, row 0; then the commit.
  reg  [2:0] step;
  wire       configured = (step == 3'd5);
  reg  [5:0] gene;
  wire       cfg_ready;

  always @*
    case (step)
      3'd0:    gene = 6'd11;
      3'd1:    gene = 6'd4;
      3'd2:    gene = 6'd4;
      default: gene = 6'd0;
    endcase

  always @(posedge clk)
    if (rst)
      step <= 3'd0;
    else if (!configured && cfg_ready)
      step <= step + 1'b1;

  wire       s_noisy_ready;
  wire       s_window_ready;
  wire       m_filtered_valid;
  wire       m_filtered_last;
  wire [7:0] m_filtered_pixel;

  evoarray_evaluator #(
    .ROWS(1), .COLS(1), .MAX_WIDTH(MAX_WIDTH), .MAX_HEIGHT(MAX_HEIGHT), .SAE_W(12)
  ) u_evaluator (
    .clk               (clk),
    .rst               (rst),
    .frame_width       (frame_width),
    .frame_height      (frame_height),
    .cfg_valid         (!configured),
    .cfg_ready         (cfg_ready),
    .cfg_array         (1'b0),
    .cfg_address       (step),
    .cfg_gene          (gene),
    .s_noisy_valid     (s_noisy_valid && configured),
    .s_noisy_ready     (s_noisy_ready),
    .s_noisy_pixel     (s_noisy_pixel),
    .s_window_valid    (s_window_valid && configured),
    .s_window_ready    (s_window_ready),
    .s_window_last     (s_window_last),
    .s_window_pixels   (s_window_pixels),
    .s_reference_valid (s_reference_valid),
    .s_reference_ready (),
    .s_reference_pixel (8'd0),
    .m_filtered_valid  (m_filtered_valid),
    .m_filtered_ready  (m_filtered_ready),
    .m_filtered_last   (m_filtered_last),
    .m_filtered_pixel  (m_filtered_pixel),
    .sae_limit         (12'd0),
    .sae_over          (),
    .sae_valid         (),
    .sae_sum           ()
  );

  (* anyconst *) reg [7:0] watched;

  reg                began = 1'b0;   // since the first reset
  reg [7:0]          came, left;     // pixels, in either way
  reg [WIDTH_W-1:0]  x, width;       // of the frame of pixels that comes in
  reg [HEIGHT_W-1:0] y, height;
  reg                seen;
  reg                last;
  reg [7:0]          value;
  reg [7:0]          quiet;          // cycles in which nothing was offered and all was taken

  wire                noisy  = s_noisy_valid && configured && s_noisy_ready;
  wire                window = s_window_valid && configured && s_window_ready;
  wire                first  = (x == 0) && (y == 0);
  wire [WIDTH_W-1:0]  w      = first ? frame_width : width;
  wire [HEIGHT_W-1:0] h      = first ? frame_height : height;
  wire                row    = (x == w - 1);
  wire                leaves = m_filtered_valid && m_filtered_ready;

  always @(posedge clk)
    if (rst) begin
      began <= 1'b1;
      came  <= 8'd0;
      left  <= 8'd0;
      x     <= {WIDTH_W{1'b0}};
      y     <= {HEIGHT_W{1'b0}};
      seen  <= 1'b0;
      quiet <= 8'd0;
    end else begin
      came  <= came + (noisy || window);
      left  <= left + leaves;
      quiet <= (s_noisy_valid || s_window_valid || !s_reference_valid || !m_filtered_ready) ? 8'd0
                                                                                  : quiet + 1'b1;
      if ((noisy || window) && came == watched) begin
        seen  <= 1'b1;
        value <= noisy ? s_noisy_pixel : s_window_pixels[4*8 +: 8];
        last  <= noisy ? row && (y == h - 1) : s_window_last;
      end
      if (noisy) begin
        width  <= w;
        height <= h;
        x      <= row ? 0 : x + 1;
        if (row)
          y <= (y == h - 1) ? 0 : y + 1;
      end
    end

  // Offers pause once, and so does the sink, at any time and as long as they like.
  wire offers = s_noisy_valid || s_window_valid;
  reg  offered, offers_paused, taken, sink_paused;

  always @(posedge clk)
    if (!configured) begin
      offered       <= 1'b0;
      offers_paused <= 1'b0;
      taken         <= 1'b0;
      sink_paused   <= 1'b0;
    end else begin
      offered       <= offers;
      offers_paused <= offers_paused || (offered && !offers);
      taken         <= m_filtered_ready;
      sink_paused   <= sink_paused || (taken && !m_filtered_ready);
    end

  always @* begin
    assume (rst == !began);
    assume (s_reference_valid);
    assume (!(s_noisy_valid && s_window_valid));
    if (configured) begin
      assume (!(offers_paused && offered && !offers));
      assume (!(sink_paused && taken && !m_filtered_ready));
    end
    assume (frame_width >= 3 && frame_width <= MAX_WIDTH);
    assume (frame_height >= 3 && frame_height <= MAX_HEIGHT);
  end

  always @*
    if (began) begin
      if (m_filtered_valid)
        assert (left != came);
      if (m_filtered_valid && left == watched)
        assert (seen && m_filtered_pixel == value && m_filtered_last == last);
      // A last row and the way through the array take no longer.
      if (first && quiet > MAX_WIDTH + 5)
        assert (left == came);
    end

endmodule

`default_nettype wire
