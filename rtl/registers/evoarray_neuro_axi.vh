// SPDX-License-Identifier: Apache-2.0
//
// Made from evoarray_neuro_axi.toml by `make registers`: do not edit.
// Of a register the address, of a field the lowest bit and, with _W, the width.

localparam [20:0] IDENTITY_ADDRESS = 21'h000000;
localparam [31:0] IDENTITY_VALUE = 32'h45564E31;
localparam [20:0] ARRAY_ADDRESS = 21'h000004;
localparam integer ARRAY_ROWS = 0;
localparam integer ARRAY_ROWS_W = 16;
localparam integer ARRAY_COLS = 16;
localparam integer ARRAY_COLS_W = 16;
localparam [20:0] LAYERS_ADDRESS = 21'h000008;
localparam integer LAYERS_LAYERS = 0;
localparam integer LAYERS_LAYERS_W = 16;
localparam integer LAYERS_TABLES = 16;
localparam integer LAYERS_TABLES_W = 3;
localparam integer LAYERS_MULTIPLIER = 19;
localparam [20:0] ACTIVATIONS_ADDRESS = 21'h00000C;
localparam [20:0] POSITIONS_ADDRESS = 21'h000010;
localparam [20:0] WEIGHTS_ADDRESS = 21'h000014;
localparam [20:0] BIASES_ADDRESS = 21'h000018;
localparam [20:0] CONTROL_ADDRESS = 21'h00001C;
localparam integer CONTROL_RESET = 0;
localparam integer CONTROL_INTERRUPT = 1;
localparam [20:0] STATUS_ADDRESS = 21'h000020;
localparam integer STATUS_BUSY = 0;
localparam integer STATUS_DONE = 1;
localparam integer STATUS_IMAGE_MARKS = 2;
localparam [20:0] CYCLES_ADDRESS = 21'h000024;
localparam [20:0] IMAGES_ADDRESS = 21'h000028;
localparam [20:0] MEMORIES_ADDRESS = 21'h100000;
