// SPDX-License-Identifier: Apache-2.0
//
// The configuration that is being written while the array still works with another one.
//
// One gene per write, in the order of Shape.limits (model/filter/circuit.py): functions row by row,
// the north selectors, the west selectors, the output row. Writes beyond that are ignored. Genes
// stay until overwritten, so a mutation costs one write per changed gene. With two-stage elements,
// what is kept of a function is what evoarray_pe_decoder makes of it: one decoder serves all.
//
// A gene is on its lane 2 cycles after its write (SHADOW_CYCLES of model/filter/latency.py), which
// is in time for a frame that a commit in the next cycle lets begin.

`default_nettype none

module evoarray_config_shadow #(
  // Rows and columns of the mesh
  parameter integer ROWS      = 8,
  parameter integer COLS      = 8,
  // Elements: 0 evoarray_pe, 1 evoarray_pe_two_stage
  parameter integer TWO_STAGE = 0,
  // Derived
  parameter integer CODE_W    = (TWO_STAGE != 0) ? 8 : 5,
  parameter integer ADDRESS_W = $clog2(ROWS*COLS + ROWS + COLS + 2)
) (
  input  wire                        clk,

  // Write port
  input  wire                        write,
  input  wire [ADDRESS_W-1:0]        address,
  input  wire [5:0]                  gene,

  // Lanes as evoarray_systolic_array takes them
  output reg  [ROWS*COLS*CODE_W-1:0] functions,
  output reg  [COLS*4-1:0]           north,
  output reg  [ROWS*4-1:0]           west,
  output reg  [5:0]                  output_row
);

  localparam integer NORTH  = ROWS * COLS;
  localparam integer WEST   = NORTH + COLS;
  localparam integer OUTPUT = WEST + ROWS;

  wire [CODE_W-1:0] code;

  generate
    if (TWO_STAGE != 0) begin : g_decoded
      evoarray_pe_decoder u_pe_decoder (.function_code(gene[3:0]), .control(code));
    end else begin : g_plain
      assign code = gene[4:0];
    end
  endgenerate

  // The decoding of a write takes a cycle of its own, for the sake of the clock.
  reg                 write_reg;
  reg [ADDRESS_W-1:0] address_reg;
  reg [CODE_W-1:0]    written_code_reg;
  reg [5:0]           written_gene_reg;

  always @(posedge clk) begin
    write_reg        <= write;
    address_reg      <= address;
    written_code_reg <= code;
    written_gene_reg <= gene;
  end

  // Two nested ifs, so that a simulator compares addresses only in a write; and lanes that are
  // registers themselves, so that it need not put them together.
  genvar i;
  generate
    for (i = 0; i < NORTH; i = i + 1) begin : g_function
      localparam integer ADDRESS = i;
      always @(posedge clk)
        if (write_reg)
          if (address_reg == ADDRESS[ADDRESS_W-1:0])
            functions[i*CODE_W +: CODE_W] <= written_code_reg;
    end
    for (i = 0; i < COLS; i = i + 1) begin : g_north
      localparam integer ADDRESS = NORTH + i;
      always @(posedge clk)
        if (write_reg)
          if (address_reg == ADDRESS[ADDRESS_W-1:0])
            north[i*4 +: 4] <= written_gene_reg[3:0];
    end
    for (i = 0; i < ROWS; i = i + 1) begin : g_west
      localparam integer ADDRESS = WEST + i;
      always @(posedge clk)
        if (write_reg)
          if (address_reg == ADDRESS[ADDRESS_W-1:0])
            west[i*4 +: 4] <= written_gene_reg[3:0];
    end
  endgenerate

  always @(posedge clk)
    if (write_reg)
      if (address_reg == OUTPUT[ADDRESS_W-1:0])
        output_row <= written_gene_reg;

endmodule

`default_nettype wire
