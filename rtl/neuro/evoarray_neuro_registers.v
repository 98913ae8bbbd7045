// SPDX-License-Identifier: Apache-2.0
//
// The registers of evoarray_neuro_axi, as docs/neural-registers.md describes them.
//
// Reads and writes come from evoarray_axil_slave and are answered in the same cycle; a refused
// write changes nothing. What the data path reports shows in the next cycle, and is not lost where
// the host clears its bit in the same one.

`default_nettype none

module evoarray_neuro_registers #(
  // As in evoarray_neuro_core
  parameter integer ROWS        = 9,
  parameter integer COLS        = 8,
  parameter integer LAYERS      = 16,
  parameter integer ACTIVATIONS = 1024,
  parameter integer POSITIONS   = 64,
  parameter integer WEIGHTS     = 1024,
  parameter integer BIASES      = 256,
  parameter integer TABLES      = 3,
  parameter integer MULTIPLIER  = 1
) (
  input  wire        clk,
  input  wire        rst,

  // The host's accesses
  input  wire        write,
  input  wire [20:0] write_address,
  input  wire [31:0] write_data,
  output reg         write_refused,
  input  wire [20:0] read_address,
  output reg  [31:0] read_data,
  output reg         read_refused,

  // To the data path
  output wire        data_rst,

  // Configuration writes, as evoarray_neuro_core takes them
  output wire        cfg_valid,
  input  wire        cfg_ready,
  output wire [17:0] cfg_address,
  output wire [31:0] cfg_data,

  // From the data path: the cycles of an inference, and events of one cycle
  input  wire [31:0] cycles,
  input  wire        image_done,
  input  wire        image_marks_wrong,

  // To the host
  output wire        irq
);

  `include "evoarray_neuro_axi.vh"

  reg        reset_reg;
  reg        interrupt_reg;
  reg        done_reg;
  reg        image_marks_reg;
  reg [31:0] images_reg;

  // Writes: which ones are refused

  wire memories = (write_address >= MEMORIES_ADDRESS);

  always @*
    case (write_address)
      CONTROL_ADDRESS,
      STATUS_ADDRESS:
        write_refused = 1'b0;
      default:
        write_refused = !memories || !cfg_ready || reset_reg;
    endcase

  wire accept        = write && !write_refused;
  wire control_write = accept && (write_address == CONTROL_ADDRESS);
  wire status_write  = accept && (write_address == STATUS_ADDRESS);

  // The memories fill the upper half of the addresses.
  assign cfg_valid   = accept && memories;
  assign cfg_address = write_address[19:2];
  assign cfg_data    = write_data;

  always @(posedge clk)
    if (rst) begin
      reset_reg     <= 1'b0;
      interrupt_reg <= 1'b0;
    end else if (control_write) begin
      reset_reg     <= write_data[CONTROL_RESET];
      interrupt_reg <= write_data[CONTROL_INTERRUPT];
    end

  always @(posedge clk)
    if (rst) begin
      done_reg        <= 1'b0;
      image_marks_reg <= 1'b0;
    end else begin
      if (status_write) begin
        done_reg        <= done_reg && !write_data[STATUS_DONE];
        image_marks_reg <= image_marks_reg && !write_data[STATUS_IMAGE_MARKS];
      end
      if (image_done)
        done_reg <= 1'b1;
      if (image_marks_wrong)
        image_marks_reg <= 1'b1;
      if (reset_reg)
        done_reg <= 1'b0;
    end

  always @(posedge clk)
    if (rst)
      images_reg <= 32'd0;
    else if (image_done)
      images_reg <= images_reg + 32'd1;

  assign data_rst = rst || reset_reg;
  assign irq      = done_reg && interrupt_reg;

  // Reads

  always @* begin
    read_refused = 1'b0;
    read_data    = 32'd0;
    case (read_address)
      IDENTITY_ADDRESS:
        read_data = IDENTITY_VALUE;
      ARRAY_ADDRESS: begin
        read_data[ARRAY_ROWS +: ARRAY_ROWS_W] = ROWS[15:0];
        read_data[ARRAY_COLS +: ARRAY_COLS_W] = COLS[15:0];
      end
      LAYERS_ADDRESS: begin
        read_data[LAYERS_LAYERS +: LAYERS_LAYERS_W] = LAYERS[15:0];
        read_data[LAYERS_TABLES +: LAYERS_TABLES_W] = TABLES[2:0];
        read_data[LAYERS_MULTIPLIER]                = MULTIPLIER[0];
      end
      ACTIVATIONS_ADDRESS:
        read_data = ACTIVATIONS;
      POSITIONS_ADDRESS:
        read_data = POSITIONS;
      WEIGHTS_ADDRESS:
        read_data = WEIGHTS;
      BIASES_ADDRESS:
        read_data = BIASES;
      CONTROL_ADDRESS: begin
        read_data[CONTROL_RESET]     = reset_reg;
        read_data[CONTROL_INTERRUPT] = interrupt_reg;
      end
      STATUS_ADDRESS: begin
        read_data[STATUS_BUSY]        = !cfg_ready;
        read_data[STATUS_DONE]        = done_reg;
        read_data[STATUS_IMAGE_MARKS] = image_marks_reg;
      end
      CYCLES_ADDRESS:
        read_data = cycles;
      IMAGES_ADDRESS:
        read_data = images_reg;
      default:
        read_refused = 1'b1;
    endcase
  end

endmodule

`default_nettype wire
