// SPDX-License-Identifier: Apache-2.0
//
// The adaptive median of a window, by hand: what an evolved filter is compared with.
//
// Equals adaptive_median(image, largest=LARGEST) of model/filter/baselines.py, given the
// neighbourhood of each pixel, edges replicated: row by row, the pixel in row y and column x at
// [(y*LARGEST + x)*8 +: 8]. A window per cycle of ce, latency LATENCY such cycles.
//
// The medians are found bit by bit (evoarray_bitwise_median.v) and not by sorting, because that is
// smaller.
// On 7 series a bit takes a LUT6 for each pixel, which has two outputs, and nearly as many for the
// count of votes: 2*8 for each pixel. A compare-exchange takes 12, and a network for the median of
// 25 has 99 of them (N. Devillard, "Fast Median Search", 1998), four for each pixel, of 49 more.
// Nothing is sorted for the least and the greatest either: a median lies between them if pixels
// lie on both sides of it, which the bits have shown; for the pixel in the middle it takes two
// comparisons with each of the others, once for all windows.

`default_nettype none

module evoarray_adaptive_median #(
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

  // Pixels in rings around the middle: the smaller windows are the first ones. A ring begins
  // behind the ones in it, with its upper row, then its lower one, then both sides.
  function integer place(input integer radius, input integer y, input integer x);
    begin
      place = (radius == 0) ? 0 : (2 * radius - 1) * (2 * radius - 1);
      if (y == -radius)
        place = place + radius + x;
      else if (y == radius)
        place = place + 3 * radius + 1 + x;
      else
        place = place + 6 * radius + 2 * y + ((x == radius) ? 1 : 0);
    end
  endfunction

  // Bit b of pixel i in that order goes to [b*PIXELS + i].
  function [8*PIXELS-1:0] by_bit(input [8*PIXELS-1:0] pixels);
    integer radius, y, x, b;
    for (radius = 0; radius <= SIZES; radius = radius + 1)
      for (y = -radius; y <= radius; y = y + 1)
        for (x = -radius; x <= radius; x = x + 1)
          if (y == -radius || y == radius || x == -radius || x == radius)
            for (b = 0; b < 8; b = b + 1)
              by_bit[b*PIXELS + place(radius, y, x)] =
                pixels[((y + SIZES) * LARGEST + x + SIZES) * 8 + b];
  endfunction

  wire [8*PIXELS-1:0] now = by_bit(window);

  // The medians take a bit per cycle, but 7 and 6 at once: the others wait for their turn.
  wire [8*PIXELS-1:0] planes;

  genvar b, i, k;

  generate
    for (b = 0; b < 8; b = b + 1) begin : g_plane
      wire [PIXELS-1:0] plane = now[b*PIXELS +: PIXELS];

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
      wire [7:0] other = {now[7*PIXELS+i], now[6*PIXELS+i], now[5*PIXELS+i], now[4*PIXELS+i],
                          now[3*PIXELS+i], now[2*PIXELS+i], now[PIXELS+i],   now[i]};

      always @(posedge clk)
        if (ce) begin
          below_reg[i] <= (other < centre);
          above_reg[i] <= (other > centre);
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
      localparam integer COUNT = (2 * k + 3) * (2 * k + 3);

      evoarray_bitwise_median #(.COUNT(COUNT)) u_median (
        .clk     (clk),
        .ce      (ce),
        .planes  ({planes[7*PIXELS +: COUNT], planes[6*PIXELS +: COUNT],
                   planes[5*PIXELS +: COUNT], planes[4*PIXELS +: COUNT],
                   planes[3*PIXELS +: COUNT], planes[2*PIXELS +: COUNT],
                   planes[1*PIXELS +: COUNT], planes[0 +: COUNT]}),
        .median  (medians[k*8 +: 8]),
        .between (is_settled[k])
      );

      reg [7:0] kept_reg;

      always @(posedge clk)
        if (ce)
          kept_reg <= {kept_reg[6:0], (|below_reg[COUNT-1:0]) && (|above_reg[COUNT-1:0])};

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
