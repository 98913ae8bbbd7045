// SPDX-License-Identifier: Apache-2.0
//
// The weight-stationary systolic array: ROWS int8 activations times ROWS x COLS int8 weights that
// it holds, COLS sums a cycle.
//
//   vector, row r      weights, column c delayed c cycles
//   delayed r cycles     |           |           |
//          |             v           v           v
//          +---------> MAC(0,0) -> MAC(0,1) -> MAC(0,2)
//          |             |           |           |
//          +---------> MAC(1,0) -> MAC(1,1) -> MAC(1,2)
//                        v           v           v
//                      sums, column c delayed COLS-1-c cycles
//
// Equals vector @ weights for weights (ROWS, COLS). A vector per cycle of ce; its sums leave
// ROWS + COLS cycles of ce later (array_cycles of model/neuro/latency.py). A cycle of ce without
// s_valid is a bubble that travels along; ce low holds everything. The sums are exact.
//
// Loading weights costs no cycle of its own: they come row by row and run through the mesh as the
// vectors do. w_start says that w_row is row 0 of a tile; rows 1..ROWS-1 are on w_row in the
// following cycles of ce. Vectors that come up to the cycle with w_start meet the weights before,
// those that come after it the new ones. Tiles may start every ROWS cycles of ce. They may do so
// earlier if the activations of the rows that are missing then are 0.
//
// Lanes: row r at [r*8 +: 8] of the vector, column c at [c*8 +: 8] of w_row, [c*32 +: 32] of the
// sums, all signed.

`default_nettype none

module evoarray_mac_array #(
  // Rows: activations of a vector, 1 or more
  parameter integer ROWS = 9,
  // Columns: sums of a vector, 1 or more
  parameter integer COLS = 8
) (
  input  wire               clk,
  input  wire               rst,
  input  wire               ce,

  // Weights in, row by row
  input  wire               w_start,
  input  wire [COLS*8-1:0]  w_row,

  // Vectors in; last is a mark that travels along
  input  wire               s_valid,
  input  wire               s_last,
  input  wire [ROWS*8-1:0]  s_vector,

  // Sums out
  output wire               m_valid,
  output wire               m_last,
  output wire [COLS*32-1:0] m_sums
);

  localparam integer LATENCY = ROWS + COLS;
  // The largest product is 2^14, of -128 and -128.
  localparam integer SUM_W   = 16 + $clog2(ROWS);

  generate
    if (ROWS < 1 || ROWS > 32768 || COLS < 1) begin : g_illegal
      ROWS_must_be_1_to_32768_and_COLS_1_or_more u_stop ();
    end
  endgenerate

  reg [LATENCY-1:0] valid_reg;
  reg [LATENCY-1:0] last_reg;

  always @(posedge clk)
    if (rst)
      valid_reg <= {LATENCY{1'b0}};
    else if (ce)
      valid_reg <= {valid_reg[LATENCY-2:0], s_valid};

  always @(posedge clk)
    if (ce)
      last_reg <= {last_reg[LATENCY-2:0], s_last};

  assign m_valid = valid_reg[LATENCY-1];
  assign m_last  = last_reg[LATENCY-1];

  genvar r, c;
  generate
    for (c = 0; c < COLS; c = c + 1) begin : g_column
      wire [7:0]       weight;
      wire [SUM_W-1:0] sum;

      evoarray_delay_line #(.DEPTH(c)) u_weight (
        .clk (clk),
        .ce  (ce),
        .d   (w_row[c*8 +: 8]),
        .q   (weight)
      );

      evoarray_delay_line #(.DEPTH(COLS - 1 - c), .WIDTH(SUM_W)) u_sum (
        .clk (clk),
        .ce  (ce),
        .d   (g_row[ROWS-1].g_element[c].sum_south),
        .q   (sum)
      );

      assign m_sums[c*32 +: 32] = {{32-SUM_W{sum[SUM_W-1]}}, sum};
    end

    for (r = 0; r < ROWS; r = r + 1) begin : g_row
      wire       load;
      wire [7:0] activation;

      evoarray_delay_line #(.DEPTH(r), .WIDTH(1)) u_load (
        .clk (clk),
        .ce  (ce),
        .d   (w_start),
        .q   (load)
      );

      evoarray_delay_line #(.DEPTH(r)) u_activation (
        .clk (clk),
        .ce  (ce),
        .d   (s_vector[r*8 +: 8]),
        .q   (activation)
      );

      for (c = 0; c < COLS; c = c + 1) begin : g_element
        wire             load_west;
        wire             load_east;
        wire [7:0]       activation_west;
        wire [7:0]       activation_east;
        wire [SUM_W-1:0] sum_north;
        wire [SUM_W-1:0] sum_south;

        if (c == 0) begin : g_first
          assign load_west       = load;
          assign activation_west = activation;
        end else begin : g_next
          assign load_west       = g_row[r].g_element[c-1].load_east;
          assign activation_west = g_row[r].g_element[c-1].activation_east;
        end
        if (r == 0) begin : g_top
          assign sum_north = {SUM_W{1'b0}};
        end else begin : g_inner
          assign sum_north = g_row[r-1].g_element[c].sum_south;
        end

        evoarray_mac_pe #(.SUM_W(SUM_W)) u_mac_pe (
          .clk             (clk),
          .ce              (ce),
          .load_west       (load_west),
          .activation_west (activation_west),
          .load_east       (load_east),
          .activation_east (activation_east),
          .weight          (g_column[c].weight),
          .sum_north       (sum_north),
          .sum_south       (sum_south)
        );
      end
    end
  endgenerate

endmodule

`default_nettype wire
