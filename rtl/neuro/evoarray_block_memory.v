// SPDX-License-Identifier: Apache-2.0
//
// A memory with one port to write and one to read, as FPGAs have them in blocks.
//
// read_data is the word at read_address one cycle after read, and stays until the next read. A word
// that is read in the cycle in which it is written may be the old or the new one; whoever cares
// reads again. Nothing is in the memory before it is written.

`default_nettype none

module evoarray_block_memory #(
  // Bits of a word
  parameter integer WIDTH     = 8,
  // Words, 2 or more
  parameter integer DEPTH     = 256,
  // Derived
  parameter integer ADDRESS_W = $clog2(DEPTH)
) (
  input  wire                 clk,

  // Write port
  input  wire                 write,
  input  wire [ADDRESS_W-1:0] write_address,
  input  wire [WIDTH-1:0]     write_data,

  // Read port
  input  wire                 read,
  input  wire [ADDRESS_W-1:0] read_address,
  output reg  [WIDTH-1:0]     read_data
);

  generate
    if (WIDTH < 1 || DEPTH < 2) begin : g_illegal
      WIDTH_must_be_1_or_more_and_DEPTH_2_or_more u_stop ();
    end
  endgenerate

  // There are too many bits to cover each of them; the ports show what a word is.
  /* verilator coverage_off */
  (* no_rw_check *)
  reg [WIDTH-1:0] memory [0:DEPTH-1];
  /* verilator coverage_on */

  always @(posedge clk)
    if (write)
      memory[write_address] <= write_data;

  always @(posedge clk)
    if (read)
      read_data <= memory[read_address];

endmodule

`default_nettype wire
