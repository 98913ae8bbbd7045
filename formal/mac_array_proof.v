// SPDX-License-Identifier: Apache-2.0
//
// The skew: every activation of a vector meets the weights of its tile, those of its row in every
// column, and the sums of a vector leave together. The weights are 0 and 1, so that a sum says which
// activations are in it; what an element multiplies does not depend on where it stands.

`default_nettype none

module mac_array_proof #(
  parameter integer ROWS   = 2,
  parameter integer COLS   = 2,
  // 1: in any cycle it may be stalled; 0: never
  parameter integer STALLS = 0
) (
  input wire              clk,
  input wire              rst,
  input wire              ce,
  input wire              w_start,
  input wire [COLS*8-1:0] w_row,
  input wire              s_valid,
  input wire              s_last,
  input wire [ROWS*8-1:0] s_vector
);

  localparam integer LATENCY = ROWS + COLS;
  localparam integer ITEM_W  = 4 + ROWS*8;
  localparam integer TILE_W  = ROWS*COLS*8;

  wire               m_valid;
  wire               m_last;
  wire [COLS*32-1:0] m_sums;

  evoarray_mac_array #(.ROWS(ROWS), .COLS(COLS)) u_mac_array (
    .clk      (clk),
    .rst      (rst),
    .ce       (ce),
    .w_start  (w_start),
    .w_row    (w_row),
    .s_valid  (s_valid),
    .s_last   (s_last),
    .s_vector (s_vector),
    .m_valid  (m_valid),
    .m_last   (m_last),
    .m_sums   (m_sums)
  );

  // Tiles are numbered from 1; rows come one after the other. A vector meets the newest tile of
  // those that began before it.
  reg                      began = 1'b0;
  reg [1:0]                tile;
  reg [7:0]                next_row;             // ROWS between tiles
  reg [4*TILE_W-1:0]       weights;
  reg [LATENCY*ITEM_W-1:0] items;

  wire [1:0] loading = w_start ? tile + 2'd1 : tile;
  wire [7:0] row     = w_start ? 8'd0 : next_row;

  always @(posedge clk)
    if (rst) begin
      began    <= 1'b1;
      tile     <= 2'd0;
      next_row <= ROWS;
      items    <= {LATENCY*ITEM_W{1'b0}};
    end else if (ce) begin
      tile  <= loading;
      items <= {items[(LATENCY-1)*ITEM_W-1:0], s_valid, s_last, tile, s_vector};
      if (row != ROWS) begin
        next_row                                        <= row + 8'd1;
        weights[loading*TILE_W + row*COLS*8 +: COLS*8] <= w_row;
      end
    end

  genvar r, c;
  generate
    for (c = 0; c < COLS; c = c + 1) begin : g_weight
      always @*
        assume (w_row[c*8 +: 8] <= 8'd1);
    end
  endgenerate

  always @* begin
    assume (rst == !began);
    if (STALLS == 0)
      assume (ce);
    if (began) begin
      assume (tile != 2'd3);
      assume (!w_start || next_row == ROWS);
    end
  end

  // Of the vector that leaves.
  wire              valid;
  wire              last;
  wire [1:0]        met;
  wire [ROWS*8-1:0] vector;
  wire [TILE_W-1:0] held = weights[met*TILE_W +: TILE_W];

  assign {valid, last, met, vector} = items[LATENCY*ITEM_W-1 -: ITEM_W];

  generate
    for (c = 0; c < COLS; c = c + 1) begin : g_column
      wire [ROWS*32+31:0] sums;

      assign sums[31:0] = 32'd0;

      for (r = 0; r < ROWS; r = r + 1) begin : g_row
        wire [7:0] activation = vector[r*8 +: 8];

        assign sums[(r+1)*32 +: 32] = sums[r*32 +: 32]
          + (held[(r*COLS + c)*8] ? {{24{activation[7]}}, activation} : 32'd0);
      end

      always @*
        if (began && m_valid && met != 2'd0)
          assert (m_sums[c*32 +: 32] == sums[ROWS*32 +: 32]);
    end
  endgenerate

  always @*
    if (began) begin
      assert (m_valid == valid);
      if (m_valid)
        assert (m_last == last);
    end

endmodule

`default_nettype wire
