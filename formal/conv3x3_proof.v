// SPDX-License-Identifier: Apache-2.0
//
// Of maps with any border and stride each, exactly the windows leave that should, in their order and
// with the last one marked. Each shows zeros outside of the map and, wherever it should, one watched
// pixel: any of any map, so what holds for it holds for all.

`default_nettype none

module conv3x3_proof #(
  // Of all maps
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
  input wire [1:0] border,
  input wire [1:0] stride,
  input wire       s_valid,
  input wire [7:0] s_pixel
);

  localparam [1:0] ZEROS = 2'd1;
  localparam [1:0] TWO   = 2'd2;

  wire        s_ready;
  wire        m_valid;
  wire        m_last;
  wire [71:0] m_taps;

  evoarray_conv3x3 #(.MAX_WIDTH(WIDTH), .MAX_HEIGHT(HEIGHT)) u_conv3x3 (
    .clk          (clk),
    .rst          (rst),
    .ce           (ce),
    .frame_width  (WIDTH[WIDTH_W-1:0]),
    .frame_height (HEIGHT[HEIGHT_W-1:0]),
    .border       (border),
    .stride       (stride),
    .s_valid      (s_valid),
    .s_ready      (s_ready),
    .s_pixel      (s_pixel),
    .m_valid      (m_valid),
    .m_last       (m_last),
    .m_taps       (m_taps)
  );

  // Three maps are numbered; a fourth has no time to leave within the bound.
  (* anyconst *) reg [1:0]          watched_map;
  (* anyconst *) reg [WIDTH_W-1:0]  watched_x;
  (* anyconst *) reg [HEIGHT_W-1:0] watched_y;

  reg                began = 1'b0;   // since the first reset
  reg [1:0]          in_map, out_map;
  reg [WIDTH_W-1:0]  in_x;
  reg [HEIGHT_W-1:0] in_y;
  reg [7:0]          borders, strides;   // of the maps, two bits each
  reg [7:0]          left, top;          // of the next window, in the map with its zeros around
  reg                offered, paused;
  reg [7:0]          taken;              // pixels
  reg                seen;
  reg [7:0]          value;
  reg [4:0]          quiet;              // enabled cycles without a pixel, as far as they count

  wire accept = s_valid && s_ready;
  wire first  = (in_x == 0) && (in_y == 0);
  wire pauses = paused || (offered && !s_valid);

  // Of the map whose windows leave.
  wire [1:0] out_border = borders[2*out_map +: 2];
  wire [1:0] out_stride = strides[2*out_map +: 2];
  wire       two        = (out_border == TWO);
  wire [7:0] zeros      = (out_border == ZEROS) ? 8'd1 : 8'd0;
  wire [7:0] side       = two ? 8'd2 : 8'd3;
  wire       ends_row   = (left + out_stride + side > WIDTH + 2*zeros);
  wire       ends_map   = ends_row && (top + out_stride + side > HEIGHT + 2*zeros);
  wire       drained    = first && (left == 0) && (top == 0) && (in_map == out_map);

  always @(posedge clk)
    if (rst) begin
      began   <= 1'b1;
      in_map  <= 2'd0;
      in_x    <= {WIDTH_W{1'b0}};
      in_y    <= {HEIGHT_W{1'b0}};
      out_map <= 2'd0;
      left    <= 8'd0;
      top     <= 8'd0;
      seen    <= 1'b0;
      quiet   <= 5'd0;
      offered <= 1'b0;
      paused  <= 1'b0;
      taken   <= 8'd0;
    end else begin
      taken   <= taken + accept;
      offered <= s_valid;
      paused  <= pauses;
      if (ce)
        quiet <= accept ? 5'd0 : (quiet == 5'd31) ? quiet : quiet + 1'b1;
      if (accept) begin
        if (first) begin
          borders[2*in_map +: 2] <= border;
          strides[2*in_map +: 2] <= stride;
        end
        in_x <= (in_x == WIDTH - 1) ? 0 : in_x + 1;
        if (in_x == WIDTH - 1) begin
          in_y <= (in_y == HEIGHT - 1) ? 0 : in_y + 1;
          if (in_y == HEIGHT - 1)
            in_map <= in_map + 1;
        end
        if (in_map == watched_map && in_x == watched_x && in_y == watched_y) begin
          seen  <= 1'b1;
          value <= s_pixel;
        end
      end
      if (ce && m_valid) begin
        left <= ends_row ? 8'd0 : left + out_stride;
        if (ends_row)
          top <= ends_map ? 8'd0 : top + out_stride;
        if (ends_map)
          out_map <= out_map + 1;
      end
    end

  always @* begin
    assume (watched_map != 3);
    assume (rst == !began);
    assume (border != 3 && stride != 0);
    if (began)
      assume (ce && in_map != 3);
    if (began && PIXELS == 0)
      assume (!(paused && offered && !s_valid));
    if (began && PIXELS != 0)
      assume (s_valid == (taken < PIXELS));
  end

  always @*
    if (began) begin
      // Nothing is lost: what is owed of a map leaves by itself.
      if (first && quiet >= WIDTH + 3)
        assert (drained);
      if (m_valid) begin
        // Nothing is invented.
        assert (!drained);
        assert (m_last == ends_map);
      end
    end

  genvar i;
  generate
    for (i = 0; i < 9; i = i + 1) begin : g_tap
      wire [7:0] x       = left + (two ? i % 2 : i % 3) - zeros;   // 255 to the left of the map
      wire [7:0] y       = top + (two ? i / 2 : i / 3) - zeros;
      wire       inside  = (x < WIDTH) && (y < HEIGHT) && (!two || i < 4);
      wire       watched = (out_map == watched_map) && (x == watched_x) && (y == watched_y);

      always @*
        if (began && m_valid) begin
          if (!inside)
            assert (m_taps[i*8 +: 8] == 8'd0);
          else if (watched)
            assert (seen && m_taps[i*8 +: 8] == value);
        end
    end
  endgenerate

endmodule

`default_nettype wire
