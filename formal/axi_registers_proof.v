// SPDX-License-Identifier: Apache-2.0
//
// The registers do what docs/registers.md says, by a second account of it: what is refused and what
// a write changes, what reads show, what the data path gets, when the interrupt is there. Reads
// change nothing: two addresses, any of them, are read in turn, so what holds for them holds for
// all, and what two registers have to do with each other is seen.

`default_nettype none

module axi_registers_proof #(
  parameter integer ARRAYS     = 3,
  parameter integer MAX_WIDTH  = 9,
  parameter integer MAX_HEIGHT = 6
) (
  input wire                 clk,
  input wire                 rst,
  input wire                 write,
  input wire [15:0]          write_address,
  input wire [31:0]          write_data,
  input wire                 cfg_ready,
  input wire                 sae_valid,
  input wire [ARRAYS*32-1:0] sae_sum,
  input wire [ARRAYS-1:0]    sae_over,
  input wire                 frame_leaves,
  input wire                 frame_given_up,
  input wire                 noisy_dropped,
  input wire                 noisy_marks_wrong,
  input wire                 reference_marks_wrong
);

  `include "evoarray_axi.vh"

  localparam integer GENES = 4;

  (* anyconst *) reg [15:0] first_address;
  (* anyconst *) reg [15:0] second_address;

  reg         second;
  wire [15:0] read_address = second ? second_address : first_address;

  wire                 write_refused;
  wire [31:0]          read_data;
  wire                 read_refused;
  wire                 data_rst;
  wire                 fitness;
  wire                 sync;
  wire                 abort_enable;
  wire [3:0]           frame_width;
  wire [2:0]           frame_height;
  wire [ARRAYS*32-1:0] sae_limit;
  wire                 cfg_valid;
  wire [1:0]           cfg_array;
  wire [2:0]           cfg_address;
  wire [5:0]           cfg_gene;
  wire                 irq;

  evoarray_axi_registers #(
    .ROWS(1), .COLS(1), .ARRAYS(ARRAYS), .FUNCTION_SET(2),
    .MAX_WIDTH(MAX_WIDTH), .MAX_HEIGHT(MAX_HEIGHT)
  ) u_axi_registers (
    .clk                   (clk),
    .rst                   (rst),
    .write                 (write),
    .write_address         (write_address),
    .write_data            (write_data),
    .write_refused         (write_refused),
    .read_address          (read_address),
    .read_data             (read_data),
    .read_refused          (read_refused),
    .data_rst              (data_rst),
    .fitness               (fitness),
    .sync                  (sync),
    .abort_enable          (abort_enable),
    .frame_width           (frame_width),
    .frame_height          (frame_height),
    .sae_limit             (sae_limit),
    .cfg_valid             (cfg_valid),
    .cfg_ready             (cfg_ready),
    .cfg_array             (cfg_array),
    .cfg_address           (cfg_address),
    .cfg_gene              (cfg_gene),
    .sae_valid             (sae_valid),
    .sae_sum               (sae_sum),
    .sae_over              (sae_over),
    .frame_leaves          (frame_leaves),
    .frame_given_up        (frame_given_up),
    .noisy_dropped         (noisy_dropped),
    .noisy_marks_wrong     (noisy_marks_wrong),
    .reference_marks_wrong (reference_marks_wrong),
    .irq                   (irq)
  );

  // What the registers hold.
  reg                 began = 1'b0;  // since a first reset
  reg                 reset, measures, interrupt, syncs, aborts, over_interrupt;
  reg                 fitness_ready, noisy_marks, reference_marks, given_up;
  reg [15:0]          width, height;
  reg [31:0]          array;
  reg [ARRAYS*32-1:0] limits;
  reg [31:0]          cycles, frames, drops;

  wire gene    = (write_address >= GENES_ADDRESS) && (write_address < GENES_ADDRESS + 4*GENES);
  wire control = (write_address == CONTROL_ADDRESS);
  wire commit  = control && write_data[CONTROL_COMMIT];
  wire status  = (write_address == STATUS_ADDRESS);
  wire size    = (write_address == FRAME_SIZE_ADDRESS);
  wire select  = (write_address == ARRAY_ADDRESS);
  wire limit   = (write_address == LIMIT_ADDRESS);

  wire fits = write_data[15:0] >= 3 && write_data[15:0] <= MAX_WIDTH &&
              write_data[31:16] >= 3 && write_data[31:16] <= MAX_HEIGHT;
  wire free = cfg_ready && !reset && !write_data[CONTROL_RESET];

  wire legal = status || limit || (control && (free || !commit)) || (size && fits) ||
               (select && write_data < ARRAYS) || (gene && cfg_ready);
  wire done  = write && legal;

  // An event shows also where the host clears its bit in the same cycle.
  wire clears = done && status;

  always @(posedge clk) begin
    second <= !second;
    if (rst) begin
      began                                         <= 1'b1;
      {reset, measures, interrupt}                  <= 3'd0;
      {syncs, aborts, over_interrupt}               <= 3'd0;
      {fitness_ready, noisy_marks, reference_marks} <= 3'd0;
      given_up                                      <= 1'b0;
      width                                         <= MAX_WIDTH;
      height                                        <= MAX_HEIGHT;
      array                                         <= 32'd0;
      limits                                        <= {ARRAYS{32'hFFFFFFFF}};
      cycles                                        <= 32'd0;
      frames                                        <= 32'd0;
      drops                                         <= 32'd0;
    end else begin
      cycles          <= cycles + 1'b1;
      frames          <= frames + frame_leaves;
      drops           <= drops + noisy_dropped;
      given_up        <= !reset && (frame_given_up ||
                                    (given_up && !(clears && write_data[STATUS_GIVEN_UP])));
      fitness_ready   <= !reset && (sae_valid || (fitness_ready &&
                                                  !(clears && write_data[STATUS_FITNESS_READY])));
      noisy_marks     <= noisy_marks_wrong || (noisy_marks &&
                                               !(clears && write_data[STATUS_NOISY_MARKS]));
      reference_marks <= reference_marks_wrong || (reference_marks &&
                                                   !(clears && write_data[STATUS_REFERENCE_MARKS]));
      if (done && control) begin
        reset          <= write_data[CONTROL_RESET];
        measures       <= write_data[CONTROL_FITNESS];
        interrupt      <= write_data[CONTROL_INTERRUPT];
        syncs          <= write_data[CONTROL_SYNC];
        aborts         <= write_data[CONTROL_ABORT];
        over_interrupt <= write_data[CONTROL_OVER_INTERRUPT];
      end
      if (done && size)
        {height, width} <= write_data;
      if (done && select)
        array <= write_data;
      if (done && limit)
        limits[array*32 +: 32] <= write_data;
    end
  end

  reg [31:0] expected;

  always @*
    case (read_address)
      IDENTITY_ADDRESS:      expected = IDENTITY_VALUE;
      SHAPE_ADDRESS:         expected = {ARRAYS[7:0], 8'd2, 8'd1, 8'd1};
      LARGEST_FRAME_ADDRESS: expected = {MAX_HEIGHT[15:0], MAX_WIDTH[15:0]};
      CONTROL_ADDRESS:       expected = {over_interrupt, aborts, syncs, interrupt,
                                         measures, 1'b0, reset};
      STATUS_ADDRESS:        expected = {given_up, reference_marks, noisy_marks, &sae_over, fitness_ready,
                                         !cfg_ready};
      FRAME_SIZE_ADDRESS:    expected = {height, width};
      ARRAY_ADDRESS:         expected = array;
      LIMIT_ADDRESS:         expected = limits[array*32 +: 32];
      SAE_ADDRESS:           expected = sae_sum[array*32 +: 32];
      CYCLES_ADDRESS:        expected = cycles;
      FRAMES_ADDRESS:        expected = frames;
      DROPPED_ADDRESS:       expected = drops;
      default:               expected = 32'd0;
    endcase

  always @* begin
    if (!began)
      assume (rst);
    assume (first_address[1:0] == 2'b00 && second_address[1:0] == 2'b00);
    assume (write_address[1:0] == 2'b00);
  end

  always @*
    if (began) begin
      assert (write_refused == !legal);
      assert (read_refused == (read_address > DROPPED_ADDRESS));
      assert (read_data == expected);

      assert (data_rst == (rst || reset));
      assert (fitness == measures && sync == syncs && abort_enable == aborts);
      assert (frame_width == width && frame_height == height);
      assert (sae_limit == limits);
      assert (cfg_array == array);

      // An interrupt is there while there is something that the host wants to know.
      if (first_address == CONTROL_ADDRESS && second_address == STATUS_ADDRESS)
        assert (irq == ((fitness_ready && interrupt) ||
                        ((given_up || &sae_over) && over_interrupt)));

      // A gene or a commit that is not refused is taken, and as it was written.
      assert (cfg_valid == (done && (gene || commit)));
      if (cfg_valid) begin
        assert (cfg_ready);
        assert (cfg_address == (commit ? GENES : (write_address - GENES_ADDRESS) / 4));
        if (gene)
          assert (cfg_gene == write_data[5:0]);
      end
    end

endmodule

`default_nettype wire
