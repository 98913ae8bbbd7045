// SPDX-License-Identifier: Apache-2.0
//
// The registers of evoarray_axi, as docs/registers.md describes them.
//
// Reads and writes come from evoarray_axil_slave and are answered in the same cycle; a refused
// write changes nothing. What the data path reports shows in the next cycle, and is not lost where
// the host clears its bit in the same one.

`default_nettype none

module evoarray_axi_registers #(
  // As in evoarray_axi
  parameter integer ROWS         = 8,
  parameter integer COLS         = 8,
  parameter integer ARRAYS       = 1,
  parameter integer FUNCTION_SET = 0,
  parameter integer MAX_WIDTH    = 1024,
  parameter integer MAX_HEIGHT   = 1024,
  // Derived
  parameter integer ARRAY_W      = (ARRAYS > 1) ? $clog2(ARRAYS) : 1,
  parameter integer WIDTH_W      = $clog2(MAX_WIDTH + 1),
  parameter integer HEIGHT_W     = $clog2(MAX_HEIGHT + 1),
  parameter integer ADDRESS_W    = $clog2(ROWS*COLS + ROWS + COLS + 2)
) (
  input  wire                 clk,
  input  wire                 rst,

  // The host's accesses
  input  wire                 write,
  input  wire [15:0]          write_address,
  input  wire [31:0]          write_data,
  output reg                  write_refused,
  input  wire [15:0]          read_address,
  output reg  [31:0]          read_data,
  output reg                  read_refused,

  // To the data path
  output wire                 data_rst,
  output wire                 fitness,
  output wire                 sync,
  output wire                 abort_enable,
  output wire [WIDTH_W-1:0]   frame_width,
  output wire [HEIGHT_W-1:0]  frame_height,
  output wire [ARRAYS*32-1:0] sae_limit,

  // Configuration writes, as evoarray_evaluator takes them
  output wire                 cfg_valid,
  input  wire                 cfg_ready,
  output wire [ARRAY_W-1:0]   cfg_array,
  output wire [ADDRESS_W-1:0] cfg_address,
  output wire [5:0]           cfg_gene,

  // From the data path: levels, and events of one cycle
  input  wire                 sae_valid,
  input  wire [ARRAYS*32-1:0] sae_sum,
  input  wire [ARRAYS-1:0]    sae_over,
  input  wire                 frame_leaves,
  input  wire                 frame_given_up,
  input  wire                 noisy_dropped,
  input  wire                 noisy_marks_wrong,
  input  wire                 reference_marks_wrong,

  // To the host
  output wire                 irq
);

  `include "evoarray_axi.vh"

  localparam integer GENES = ROWS*COLS + ROWS + COLS + 1;

  reg                 reset_reg;
  reg                 fitness_reg;
  reg                 interrupt_reg;
  reg                 sync_reg;
  reg                 abort_reg;
  reg                 over_interrupt_reg;
  reg                 fitness_ready_reg;
  reg                 noisy_marks_reg;
  reg                 reference_marks_reg;
  reg                 given_up_reg;
  reg [WIDTH_W-1:0]   width_reg;
  reg [HEIGHT_W-1:0]  height_reg;
  reg [ARRAY_W-1:0]   array_reg;
  reg [ARRAYS*32-1:0] limit_reg;
  reg [31:0]          cycles_reg;
  reg [31:0]          frames_reg;
  reg [31:0]          dropped_reg;

  // Writes: which ones are refused

  wire        genes        = (write_address >= GENES_ADDRESS);
  wire [15:0] gene         = (write_address - GENES_ADDRESS) >> 2;
  wire        commit       = (write_address == CONTROL_ADDRESS) && write_data[CONTROL_COMMIT];
  wire [15:0] width        = write_data[FRAME_SIZE_WIDTH +: FRAME_SIZE_WIDTH_W];
  wire [15:0] height       = write_data[FRAME_SIZE_HEIGHT +: FRAME_SIZE_HEIGHT_W];
  wire        width_legal  = (width >= 16'd3) && (width <= MAX_WIDTH[15:0]);
  wire        height_legal = (height >= 16'd3) && (height <= MAX_HEIGHT[15:0]);

  always @* begin
    write_refused = 1'b0;
    case (write_address)
      CONTROL_ADDRESS:
        write_refused = commit && (!cfg_ready || reset_reg || write_data[CONTROL_RESET]);
      STATUS_ADDRESS,
      LIMIT_ADDRESS:
        write_refused = 1'b0;
      FRAME_SIZE_ADDRESS:
        write_refused = !width_legal || !height_legal;
      ARRAY_ADDRESS:
        write_refused = (write_data >= ARRAYS);
      default:
        write_refused = !genes || !cfg_ready || (gene >= GENES[15:0]);
    endcase
  end

  wire accept        = write && !write_refused;
  wire control_write = accept && (write_address == CONTROL_ADDRESS);
  wire status_write  = accept && (write_address == STATUS_ADDRESS);
  wire size_write    = accept && (write_address == FRAME_SIZE_ADDRESS);
  wire array_write   = accept && (write_address == ARRAY_ADDRESS);
  wire limit_write   = accept && (write_address == LIMIT_ADDRESS);

  // The commit has the address after the last gene.
  assign cfg_valid   = accept && (genes || commit);
  assign cfg_array   = array_reg;
  assign cfg_address = genes ? gene[ADDRESS_W-1:0] : GENES[ADDRESS_W-1:0];
  assign cfg_gene    = write_data[GENES_GENE +: GENES_GENE_W];

  always @(posedge clk)
    if (rst) begin
      reset_reg          <= 1'b0;
      fitness_reg        <= 1'b0;
      interrupt_reg      <= 1'b0;
      sync_reg           <= 1'b0;
      abort_reg          <= 1'b0;
      over_interrupt_reg <= 1'b0;
    end else if (control_write) begin
      reset_reg          <= write_data[CONTROL_RESET];
      fitness_reg        <= write_data[CONTROL_FITNESS];
      interrupt_reg      <= write_data[CONTROL_INTERRUPT];
      sync_reg           <= write_data[CONTROL_SYNC];
      abort_reg          <= write_data[CONTROL_ABORT];
      over_interrupt_reg <= write_data[CONTROL_OVER_INTERRUPT];
    end

  always @(posedge clk)
    if (rst) begin
      width_reg  <= MAX_WIDTH[WIDTH_W-1:0];
      height_reg <= MAX_HEIGHT[HEIGHT_W-1:0];
      array_reg  <= {ARRAY_W{1'b0}};
      limit_reg  <= {ARRAYS*32{1'b1}};
    end else begin
      if (size_write) begin
        width_reg  <= width[WIDTH_W-1:0];
        height_reg <= height[HEIGHT_W-1:0];
      end
      if (array_write)
        array_reg <= write_data[ARRAY_W-1:0];
      if (limit_write)
        limit_reg[array_reg*32 +: 32] <= write_data;
    end

  always @(posedge clk)
    if (rst) begin
      fitness_ready_reg   <= 1'b0;
      noisy_marks_reg     <= 1'b0;
      reference_marks_reg <= 1'b0;
      given_up_reg        <= 1'b0;
    end else begin
      if (status_write) begin
        fitness_ready_reg   <= fitness_ready_reg && !write_data[STATUS_FITNESS_READY];
        noisy_marks_reg     <= noisy_marks_reg && !write_data[STATUS_NOISY_MARKS];
        reference_marks_reg <= reference_marks_reg && !write_data[STATUS_REFERENCE_MARKS];
        given_up_reg        <= given_up_reg && !write_data[STATUS_GIVEN_UP];
      end
      if (sae_valid)
        fitness_ready_reg <= 1'b1;
      if (noisy_marks_wrong)
        noisy_marks_reg <= 1'b1;
      if (reference_marks_wrong)
        reference_marks_reg <= 1'b1;
      if (frame_given_up)
        given_up_reg <= 1'b1;
      if (reset_reg) begin
        fitness_ready_reg <= 1'b0;
        given_up_reg      <= 1'b0;
      end
    end

  always @(posedge clk)
    if (rst) begin
      cycles_reg  <= 32'd0;
      frames_reg  <= 32'd0;
      dropped_reg <= 32'd0;
    end else begin
      cycles_reg <= cycles_reg + 32'd1;
      if (frame_leaves)
        frames_reg <= frames_reg + 32'd1;
      if (noisy_dropped)
        dropped_reg <= dropped_reg + 32'd1;
    end

  assign data_rst     = rst || reset_reg;
  assign fitness      = fitness_reg;
  assign sync         = sync_reg;
  assign abort_enable = abort_reg;
  assign frame_width  = width_reg;
  assign frame_height = height_reg;
  assign sae_limit    = limit_reg;
  assign irq          = (fitness_ready_reg && interrupt_reg)
                        || ((given_up_reg || &sae_over) && over_interrupt_reg);

  // Reads

  always @* begin
    read_refused = 1'b0;
    read_data    = 32'd0;
    case (read_address)
      IDENTITY_ADDRESS:
        read_data = IDENTITY_VALUE;
      SHAPE_ADDRESS: begin
        read_data[SHAPE_ROWS +: SHAPE_ROWS_W]     = ROWS[7:0];
        read_data[SHAPE_COLS +: SHAPE_COLS_W]     = COLS[7:0];
        read_data[SHAPE_SET +: SHAPE_SET_W]       = FUNCTION_SET[7:0];
        read_data[SHAPE_ARRAYS +: SHAPE_ARRAYS_W] = ARRAYS[7:0];
      end
      LARGEST_FRAME_ADDRESS: begin
        read_data[LARGEST_FRAME_WIDTH +: LARGEST_FRAME_WIDTH_W]   = MAX_WIDTH[15:0];
        read_data[LARGEST_FRAME_HEIGHT +: LARGEST_FRAME_HEIGHT_W] = MAX_HEIGHT[15:0];
      end
      CONTROL_ADDRESS: begin
        read_data[CONTROL_RESET]          = reset_reg;
        read_data[CONTROL_FITNESS]        = fitness_reg;
        read_data[CONTROL_INTERRUPT]      = interrupt_reg;
        read_data[CONTROL_SYNC]           = sync_reg;
        read_data[CONTROL_ABORT]          = abort_reg;
        read_data[CONTROL_OVER_INTERRUPT] = over_interrupt_reg;
      end
      STATUS_ADDRESS: begin
        read_data[STATUS_BUSY]            = !cfg_ready;
        read_data[STATUS_FITNESS_READY]   = fitness_ready_reg;
        read_data[STATUS_OVER_LIMIT]      = &sae_over;
        read_data[STATUS_NOISY_MARKS]     = noisy_marks_reg;
        read_data[STATUS_REFERENCE_MARKS] = reference_marks_reg;
        read_data[STATUS_GIVEN_UP]        = given_up_reg;
      end
      FRAME_SIZE_ADDRESS: begin
        read_data[FRAME_SIZE_WIDTH +: WIDTH_W]   = width_reg;
        read_data[FRAME_SIZE_HEIGHT +: HEIGHT_W] = height_reg;
      end
      ARRAY_ADDRESS:
        read_data[0 +: ARRAY_W] = array_reg;
      LIMIT_ADDRESS:
        read_data = limit_reg[array_reg*32 +: 32];
      SAE_ADDRESS:
        read_data = sae_sum[array_reg*32 +: 32];
      CYCLES_ADDRESS:
        read_data = cycles_reg;
      FRAMES_ADDRESS:
        read_data = frames_reg;
      DROPPED_ADDRESS:
        read_data = dropped_reg;
      default:
        read_refused = 1'b1;
    endcase
  end

`ifdef FORMAL
  // The data path gets no frame size and no array that it was not built for.
  reg formal_began_reg = 1'b0;

  always @(posedge clk)
    if (rst)
      formal_began_reg <= 1'b1;

  always @*
    if (!formal_began_reg)
      assume (rst);
    else begin
      assert (width_reg >= 3 && width_reg <= MAX_WIDTH);
      assert (height_reg >= 3 && height_reg <= MAX_HEIGHT);
      assert (array_reg < ARRAYS);
    end
`endif

endmodule

`default_nettype wire
