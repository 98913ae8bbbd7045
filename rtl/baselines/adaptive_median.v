// SPDX-License-Identifier: Apache-2.0
//
// The adaptive median of a window, by hand: what an evolved filter is compared with.
//
// Equals adaptive_median(image, largest=LARGEST) of model/baselines.py, given the neighbourhood of
// each pixel, edges replicated: row by row, the pixel in row y and column x at
// [(y*LARGEST + x)*8 +: 8]. A window per cycle of ce, latency LATENCY such cycles.

`default_nettype none

module adaptive_median #(
  // Side of the largest window; odd, 3 or more
  parameter integer LARGEST = 7,
  // Derived
  parameter integer PIXELS  = LARGEST * LARGEST
) (
  input  wire                clk,
  input  wire                ce,
  input  wire [PIXELS*8-1:0] window,
  output reg  [7:0]          pixel
);

  localparam integer LATENCY = 10;
  localparam integer SIZES   = (LARGEST - 1) / 2;

  generate
    if (LARGEST < 3 || LARGEST % 2 == 0) begin : g_illegal
      LARGEST_must_be_odd_and_3_or_more u_stop ();
    end
  endgenerate

  genvar b, i, k, n;

  // The medians take a bit per cycle: bit b of every pixel waits for its turn.
  wire [8*PIXELS-1:0] planes;

  generate
    for (b = 0; b < 8; b = b + 1) begin : g_plane
      wire [PIXELS-1:0] plane;

      for (i = 0; i < PIXELS; i = i + 1) begin : g_pixel
        assign plane[i] = window[i*8 + b];
      end

      if (b >= 6) begin : g_now
        assign planes[b*PIXELS +: PIXELS] = plane;
      end else begin : g_later
        reg [(6-b)*PIXELS-1:0] line_reg;

        if (b == 5) begin : g_one
          always @(posedge clk)
            if (ce)
              line_reg <= plane;
        end else begin : g_more
          always @(posedge clk)
            if (ce)
              line_reg <= {line_reg[(5-b)*PIXELS-1:0], plane};
        end

        assign planes[b*PIXELS +: PIXELS] = line_reg[(5-b)*PIXELS +: PIXELS];
      end
    end
  endgenerate

  // Stage 1: which pixels are below and above the one in the middle.
  wire [7:0]       centre = window[(PIXELS/2)*8 +: 8];
  reg [PIXELS-1:0] below_reg;
  reg [PIXELS-1:0] above_reg;

  generate
    for (i = 0; i < PIXELS; i = i + 1) begin : g_compare
      always @(posedge clk)
        if (ce) begin
          below_reg[i] <= (window[i*8 +: 8] < centre);
          above_reg[i] <= (window[i*8 +: 8] > centre);
        end
    end
  endgenerate

  // Stages 1 to 9, for every size of the window: its median, whether that is no impulse, and
  // whether the pixel in the middle is none.
  wire [SIZES*8-1:0] medians;
  wire [SIZES-1:0]   is_settled;
  wire [SIZES-1:0]   is_kept;

  generate
    for (k = 0; k < SIZES; k = k + 1) begin : g_size
      localparam integer SIDE   = 2 * k + 3;
      localparam integer COUNT  = SIDE * SIDE;
      localparam integer MARGIN = (LARGEST - SIDE) / 2;

      wire [8*COUNT-1:0] inner;
      wire [COUNT-1:0]   below;
      wire [COUNT-1:0]   above;

      for (n = 0; n < COUNT; n = n + 1) begin : g_pixel
        localparam integer PLACE = (n / SIDE + MARGIN) * LARGEST + n % SIDE + MARGIN;

        for (b = 0; b < 8; b = b + 1) begin : g_bit
          assign inner[b*COUNT + n] = planes[b*PIXELS + PLACE];
        end

        assign below[n] = below_reg[PLACE];
        assign above[n] = above_reg[PLACE];
      end

      bitwise_median #(.COUNT(COUNT)) u_median (
        .clk     (clk),
        .ce      (ce),
        .planes  (inner),
        .median  (medians[k*8 +: 8]),
        .between (is_settled[k])
      );

      reg [7:0] kept_reg;

      always @(posedge clk)
        if (ce)
          kept_reg <= {kept_reg[6:0], (|below) && (|above)};

      assign is_kept[k] = kept_reg[7];
    end
  endgenerate

  reg [LATENCY*8-9:0] centre_reg;

  always @(posedge clk)
    if (ce)
      centre_reg <= {centre_reg[LATENCY*8-17:0], centre};

  // Stage 10: the smallest window that has a median which is no impulse decides.
  reg [7:0] pixel_next;
  integer   size;

  always @* begin
    pixel_next = medians[(SIZES-1)*8 +: 8];
    for (size = SIZES - 1; size >= 0; size = size - 1)
      if (is_settled[size])
        pixel_next = is_kept[size] ? centre_reg[LATENCY*8-9 -: 8] : medians[size*8 +: 8];
  end

  always @(posedge clk)
    if (ce)
      pixel <= pixel_next;

endmodule

`default_nettype wire
