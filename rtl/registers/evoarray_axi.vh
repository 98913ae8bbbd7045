// SPDX-License-Identifier: Apache-2.0
//
// Made from evoarray_axi.toml by `make registers`: do not edit.
// Of a register the address, of a field the lowest bit and, with _W, the width.

localparam [15:0] IDENTITY_ADDRESS = 16'h0000;
localparam [31:0] IDENTITY_VALUE = 32'h45564F31;
localparam [15:0] SHAPE_ADDRESS = 16'h0004;
localparam integer SHAPE_ROWS = 0;
localparam integer SHAPE_ROWS_W = 8;
localparam integer SHAPE_COLS = 8;
localparam integer SHAPE_COLS_W = 8;
localparam integer SHAPE_SET = 16;
localparam integer SHAPE_SET_W = 8;
localparam integer SHAPE_ARRAYS = 24;
localparam integer SHAPE_ARRAYS_W = 8;
localparam [15:0] LARGEST_FRAME_ADDRESS = 16'h0008;
localparam integer LARGEST_FRAME_WIDTH = 0;
localparam integer LARGEST_FRAME_WIDTH_W = 16;
localparam integer LARGEST_FRAME_HEIGHT = 16;
localparam integer LARGEST_FRAME_HEIGHT_W = 16;
localparam [15:0] CONTROL_ADDRESS = 16'h000C;
localparam integer CONTROL_RESET = 0;
localparam integer CONTROL_COMMIT = 1;
localparam integer CONTROL_FITNESS = 2;
localparam integer CONTROL_INTERRUPT = 3;
localparam integer CONTROL_SYNC = 4;
localparam integer CONTROL_ABORT = 5;
localparam integer CONTROL_OVER_INTERRUPT = 6;
localparam [15:0] STATUS_ADDRESS = 16'h0010;
localparam integer STATUS_BUSY = 0;
localparam integer STATUS_FITNESS_READY = 1;
localparam integer STATUS_OVER_LIMIT = 2;
localparam integer STATUS_NOISY_MARKS = 3;
localparam integer STATUS_REFERENCE_MARKS = 4;
localparam integer STATUS_GIVEN_UP = 5;
localparam [15:0] FRAME_SIZE_ADDRESS = 16'h0014;
localparam integer FRAME_SIZE_WIDTH = 0;
localparam integer FRAME_SIZE_WIDTH_W = 16;
localparam integer FRAME_SIZE_HEIGHT = 16;
localparam integer FRAME_SIZE_HEIGHT_W = 16;
localparam [15:0] ARRAY_ADDRESS = 16'h0018;
localparam [15:0] LIMIT_ADDRESS = 16'h001C;
localparam [15:0] SAE_ADDRESS = 16'h0020;
localparam [15:0] CYCLES_ADDRESS = 16'h0024;
localparam [15:0] FRAMES_ADDRESS = 16'h0028;
localparam [15:0] DROPPED_ADDRESS = 16'h002C;
localparam [15:0] GENES_ADDRESS = 16'h8000;
localparam integer GENES_GENE = 0;
localparam integer GENES_GENE_W = 6;
