// SPDX-License-Identifier: Apache-2.0
//
// Windows come in the order of the pixels, none is lost or invented, each with its marks, and each
// shows, wherever it should, one watched pixel: any of any frame, so what holds for it holds for all.

`default_nettype none

module pixel_window_proof #(
  // Of all frames
  parameter integer WIDTH    = 3,
  parameter integer HEIGHT   = 3,
  // Pixels offered without a pause, after which the stream ends; 0: it pauses once, whenever it likes
  parameter integer PIXELS   = 0,
  // Derived
  parameter integer WIDTH_W  = $clog2(WIDTH + 1),
  parameter integer HEIGHT_W = $clog2(HEIGHT + 1)
) (
  input wire       clk,
  input wire       rst,
  input wire       ce,
  input wire       s_valid,
  input wire       s_load,
  input wire [7:0] s_pixel
);

  wire        s_ready;
  wire        s_first;
  wire        s_idle;
  wire        m_valid;
  wire        m_load;
  wire        m_last;
  wire [71:0] m_window;

  evoarray_pixel_window #(.MAX_WIDTH(WIDTH), .MAX_HEIGHT(HEIGHT)) u_pixel_window (
    .clk          (clk),
    .rst          (rst),
    .ce           (ce),
    .frame_width  (WIDTH[WIDTH_W-1:0]),
    .frame_height (HEIGHT[HEIGHT_W-1:0]),
    .s_valid      (s_valid),
    .s_ready      (s_ready),
    .s_first      (s_first),
    .s_idle       (s_idle),
    .s_load       (s_load),
    .s_pixel      (s_pixel),
    .m_valid      (m_valid),
    .m_load       (m_load),
    .m_last       (m_last),
    .m_window     (m_window)
  );

  // Three frames are numbered; a fourth has no time to leave within the bound.
  (* anyconst *) reg [1:0]          watched_frame;
  (* anyconst *) reg [WIDTH_W-1:0]  watched_x;
  (* anyconst *) reg [HEIGHT_W-1:0] watched_y;

  reg                began = 1'b0;   // since the first reset
  reg [1:0]          in_frame,  out_frame;
  reg [WIDTH_W-1:0]  in_x,      out_x;
  reg [HEIGHT_W-1:0] in_y,      out_y;
  reg [3:0]          load;
  reg                offered, paused;
  reg [7:0]          taken;          // pixels
  reg                seen;
  reg [7:0]          value;
  reg [3:0]          quiet;          // enabled cycles without a pixel, as far as they count

  wire pauses = paused || (offered && !s_valid);

  wire accept    = s_valid && s_ready;
  wire first     = (in_x == 0) && (in_y == 0);
  wire out_start = (out_x == 0) && (out_y == 0);
  wire out_end   = (out_x == WIDTH - 1) && (out_y == HEIGHT - 1);
  wire drained   = first && out_start && (in_frame == out_frame);

  always @(posedge clk)
    if (rst) begin
      began     <= 1'b1;
      in_frame  <= 2'd0;
      in_x      <= {WIDTH_W{1'b0}};
      in_y      <= {HEIGHT_W{1'b0}};
      out_frame <= 2'd0;
      out_x     <= {WIDTH_W{1'b0}};
      out_y     <= {HEIGHT_W{1'b0}};
      seen      <= 1'b0;
      quiet     <= 4'd0;
      offered   <= 1'b0;
      paused    <= 1'b0;
      taken     <= 8'd0;
    end else begin
      taken     <= taken + accept;
      offered   <= s_valid;
      paused    <= pauses;
      if (ce)
        quiet <= accept ? 4'd0 : (quiet == 4'd15) ? quiet : quiet + 1'b1;
      if (accept) begin
        in_x <= (in_x == WIDTH - 1) ? 0 : in_x + 1;
        if (in_x == WIDTH - 1) begin
          in_y <= (in_y == HEIGHT - 1) ? 0 : in_y + 1;
          if (in_y == HEIGHT - 1)
            in_frame <= in_frame + 1;
        end
        if (in_frame == watched_frame && in_x == watched_x && in_y == watched_y) begin
          seen  <= 1'b1;
          value <= s_pixel;
        end
      end
      if (ce && m_valid) begin
        out_x <= (out_x == WIDTH - 1) ? 0 : out_x + 1;
        if (out_x == WIDTH - 1) begin
          out_y <= out_end ? 0 : out_y + 1;
          if (out_end)
            out_frame <= out_frame + 1;
        end
      end
    end

  always @(posedge clk)
    if (accept && first)
      load[in_frame] <= s_load;

  always @* begin
    assume (watched_frame != 3);
    assume (rst == !began);
    if (began)
      assume (ce && in_frame != 3);
    if (began && PIXELS == 0)
      assume (!(paused && offered && !s_valid));
    if (began && PIXELS != 0)
      assume (s_valid == (taken < PIXELS));
  end

  always @*
    if (began) begin
      if (accept)
        assert (s_first == first);
      if (s_idle)
        assert (drained);
      // Nothing is lost: a last row leaves by itself.
      if (first && quiet >= WIDTH + 2)
        assert (drained && s_idle);
      if (m_valid) begin
        // Nothing is invented.
        assert (!drained);
        assert (m_last == out_end);
        assert (m_load == (out_start && load[out_frame]));
      end
    end

  function integer clamped(input integer position, input integer size);
    clamped = (position < 0) ? 0 : (position < size) ? position : size - 1;
  endfunction

  genvar i;
  generate
    for (i = 0; i < 9; i = i + 1) begin : g_pixel
      wire [31:0] x       = clamped(out_x + i % 3 - 1, WIDTH);
      wire [31:0] y       = clamped(out_y + i / 3 - 1, HEIGHT);
      wire        watched = (out_frame == watched_frame) && (x == watched_x) && (y == watched_y);

      always @*
        if (began && m_valid && watched)
          assert (seen && m_window[i*8 +: 8] == value);
    end
  endgenerate

endmodule

`default_nettype wire
