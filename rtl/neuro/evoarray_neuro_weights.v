// SPDX-License-Identifier: Apache-2.0
//
// The weight memory: hands the array its tiles, row by row, in the order in which they stand there.
//
// In the cycle with tile_start w_row is the first row of the next tile; the others follow in the
// next cycles of ce: ROWS altogether, or 9 while `dense` is low. After the last one w_row is 0.
// Tiles start every ROWS cycles of ce at the earliest or, while `dense` is low, every 9. While
// `rewind` is high, the first row of the memory becomes the next one; a tile starts one cycle after
// that at the earliest.

`default_nettype none

module evoarray_neuro_weights #(
  // Rows and columns of the array, ROWS 9 or more
  parameter integer ROWS    = 9,
  parameter integer COLS    = 8,
  // Rows in the memory, 2 or more
  parameter integer WEIGHTS = 1024
) (
  input  wire              clk,
  input  wire              rst,
  input  wire              ce,

  // Writes of four weights: row r begins at word r * 2^ceil(log2(COLS/4)), columns 0..3 are bytes
  // 0..3 of its first word, and so on
  input  wire              w_valid,
  input  wire [15:0]       w_address,
  input  wire [31:0]       w_data,

  // What the array asks for
  input  wire              rewind,
  input  wire              dense,
  input  wire              tile_start,

  // To the array: column c at [c*8 +: 8]
  output wire [COLS*8-1:0] w_row
);

  localparam integer WORDS  = (COLS + 3) / 4;
  localparam integer SHIFT  = $clog2(WORDS);
  localparam integer STRIDE = 1 << SHIFT;
  localparam integer ROW_W  = $clog2(WEIGHTS);
  localparam integer LEFT_W = $clog2(ROWS);
  localparam integer CONV   = 9 - 1;
  localparam integer DENSE  = ROWS - 1;

  generate
    if (WEIGHTS < 2 || WEIGHTS > 65536 / STRIDE) begin : g_illegal
      WEIGHTS_must_be_2_or_more_in_up_to_65536_words u_stop ();
    end
  endgenerate

  // Writes beyond the memory have no effect.
  wire [31:0]       place      = {16'd0, w_address};
  wire [31:0]       place_row  = place >> SHIFT;
  wire [31:0]       place_word = place - (place_row << SHIFT);
  wire              write      = w_valid && (place_row < WEIGHTS);

  // The memory's output is always the next row, so that a tile starts in the cycle that asks.
  reg  [ROW_W-1:0]  ahead_reg;
  reg  [LEFT_W-1:0] left_reg;

  wire              running = tile_start || (left_reg != {LEFT_W{1'b0}});
  wire              step    = ce && running;
  wire [COLS*8-1:0] row;

  always @(posedge clk)
    if (rewind)
      ahead_reg <= {{ROW_W-1{1'b0}}, 1'b1};
    else if (step)
      ahead_reg <= ahead_reg + 1'b1;

  always @(posedge clk)
    if (rst)
      left_reg <= {LEFT_W{1'b0}};
    else if (step)
      left_reg <= !tile_start ? left_reg - 1'b1
                  : dense ? DENSE[LEFT_W-1:0] : CONV[LEFT_W-1:0];

  genvar i;
  generate
    for (i = 0; i < WORDS; i = i + 1) begin : g_word
      localparam integer WIDTH = (i < WORDS - 1) ? 32 : COLS*8 - i*32;

      evoarray_block_memory #(.WIDTH(WIDTH), .DEPTH(WEIGHTS)) u_memory (
        .clk           (clk),
        .write         (write && (place_word == i)),
        .write_address (place_row[ROW_W-1:0]),
        .write_data    (w_data[WIDTH-1:0]),
        .read          (rewind || step),
        .read_address  (rewind ? {ROW_W{1'b0}} : ahead_reg),
        .read_data     (row[i*32 +: WIDTH])
      );
    end
  endgenerate

  assign w_row = running ? row : {COLS*8{1'b0}};

endmodule

`default_nettype wire
