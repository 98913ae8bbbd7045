// SPDX-License-Identifier: Apache-2.0
//
// A gene is on its lane from two cycles after its write until the next write to it, whatever else
// is written: one watched gene, any of them, so what holds for it holds for all.

`default_nettype none

module config_shadow_proof #(
  parameter integer ROWS      = 2,
  parameter integer COLS      = 3,
  parameter integer TWO_STAGE = 0,
  // Derived
  parameter integer CODE_W    = (TWO_STAGE != 0) ? 8 : 5,
  parameter integer ADDRESS_W = $clog2(ROWS*COLS + ROWS + COLS + 2)
) (
  input wire                 clk,
  input wire                 write,
  input wire [ADDRESS_W-1:0] address,
  input wire [5:0]           gene
);

  localparam integer NORTH  = ROWS * COLS;
  localparam integer WEST   = NORTH + COLS;
  localparam integer OUTPUT = WEST + ROWS;

  wire [ROWS*COLS*CODE_W-1:0] functions;
  wire [COLS*4-1:0]           north;
  wire [ROWS*4-1:0]           west;
  wire [5:0]                  output_row;

  evoarray_config_shadow #(.ROWS(ROWS), .COLS(COLS), .TWO_STAGE(TWO_STAGE)) u_config_shadow (
    .clk        (clk),
    .write      (write),
    .address    (address),
    .gene       (gene),
    .functions  (functions),
    .north      (north),
    .west       (west),
    .output_row (output_row)
  );

  (* anyconst *) reg [ADDRESS_W-1:0] watched;

  reg       written = 1'b0;
  reg       settled = 1'b0;  // a cycle later
  reg [5:0] written_gene;
  reg [5:0] settled_gene;

  always @(posedge clk) begin
    if (write && address == watched) begin
      written      <= 1'b1;
      written_gene <= gene;
    end
    settled      <= written;
    settled_gene <= written_gene;
  end

  wire [7:0] control;
  evoarray_pe_decoder u_pe_decoder (.function_code(settled_gene[3:0]), .control(control));
  wire [CODE_W-1:0] code = (TWO_STAGE != 0) ? control : settled_gene[4:0];

  always @* begin
    assume (watched <= OUTPUT);
    if (settled) begin
      if (watched < NORTH)
        assert (functions[watched*CODE_W +: CODE_W] == code);
      else if (watched < WEST)
        assert (north[(watched - NORTH)*4 +: 4] == settled_gene[3:0]);
      else if (watched < OUTPUT)
        assert (west[(watched - WEST)*4 +: 4] == settled_gene[3:0]);
      else
        assert (output_row == settled_gene);
    end
  end

endmodule

`default_nettype wire
