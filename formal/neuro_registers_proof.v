// SPDX-License-Identifier: Apache-2.0
//
// The registers do what docs/neural-registers.md says, by a second account of it: what is refused
// and what a write changes, what reads show, what the core gets, when the interrupt is there. Reads
// change nothing: two addresses, any of them, are read in turn, so what holds for them holds for
// all, and what two registers have to do with each other is seen.

`default_nettype none

module neuro_registers_proof (
  input wire        clk,
  input wire        rst,
  input wire        write,
  input wire [20:0] write_address,
  input wire [31:0] write_data,
  input wire        cfg_ready,
  input wire [31:0] cycles,
  input wire        image_done,
  input wire        image_marks_wrong
);

  `include "evoarray_neuro_axi.vh"

  (* anyconst *) reg [20:0] first_address;
  (* anyconst *) reg [20:0] second_address;

  reg         second;
  wire [20:0] read_address = second ? second_address : first_address;

  wire        write_refused;
  wire [31:0] read_data;
  wire        read_refused;
  wire        data_rst;
  wire        cfg_valid;
  wire [17:0] cfg_address;
  wire [31:0] cfg_data;
  wire        irq;

  evoarray_neuro_registers #(
    .ROWS(300), .COLS(7), .LAYERS(1000), .ACTIVATIONS(65536), .POSITIONS(500), .WEIGHTS(700),
    .BIASES(90), .TABLES(4), .MULTIPLIER(1)
  ) u_neuro_registers (
    .clk               (clk),
    .rst               (rst),
    .write             (write),
    .write_address     (write_address),
    .write_data        (write_data),
    .write_refused     (write_refused),
    .read_address      (read_address),
    .read_data         (read_data),
    .read_refused      (read_refused),
    .data_rst          (data_rst),
    .cfg_valid         (cfg_valid),
    .cfg_ready         (cfg_ready),
    .cfg_address       (cfg_address),
    .cfg_data          (cfg_data),
    .cycles            (cycles),
    .image_done        (image_done),
    .image_marks_wrong (image_marks_wrong),
    .irq               (irq)
  );

  // What the registers hold.
  reg        began = 1'b0;  // since a first reset
  reg        reset, interrupt;
  reg        done, marks;
  reg [31:0] images;

  wire control = (write_address == CONTROL_ADDRESS);
  wire status  = (write_address == STATUS_ADDRESS);
  wire word    = (write_address >= MEMORIES_ADDRESS);
  wire legal   = control || status || (word && cfg_ready && !reset);

  // An event shows also where the host clears its bit in the same cycle.
  wire clears = write && status;

  always @(posedge clk) begin
    second <= !second;
    if (rst) begin
      began              <= 1'b1;
      {reset, interrupt} <= 2'd0;
      {done, marks}      <= 2'd0;
      images             <= 32'd0;
    end else begin
      images <= images + image_done;
      done   <= !reset && (image_done || (done && !(clears && write_data[STATUS_DONE])));
      marks  <= image_marks_wrong || (marks && !(clears && write_data[STATUS_IMAGE_MARKS]));
      if (write && control)
        {interrupt, reset} <= write_data[1:0];
    end
  end

  reg [31:0] expected;

  always @*
    case (read_address)
      IDENTITY_ADDRESS:    expected = IDENTITY_VALUE;
      ARRAY_ADDRESS:       expected = {16'd7, 16'd300};
      LAYERS_ADDRESS:      expected = {12'd0, 1'b1, 3'd4, 16'd1000};
      ACTIVATIONS_ADDRESS: expected = 32'd65536;
      POSITIONS_ADDRESS:   expected = 32'd500;
      WEIGHTS_ADDRESS:     expected = 32'd700;
      BIASES_ADDRESS:      expected = 32'd90;
      CONTROL_ADDRESS:     expected = {interrupt, reset};
      STATUS_ADDRESS:      expected = {marks, done, !cfg_ready};
      CYCLES_ADDRESS:      expected = cycles;
      IMAGES_ADDRESS:      expected = images;
      default:             expected = 32'd0;
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
      assert (read_refused == (read_address > IMAGES_ADDRESS));
      assert (read_data == expected);
      assert (data_rst == (rst || reset));

      // An interrupt is there while an inference is done and the host wants to know.
      if (first_address == CONTROL_ADDRESS && second_address == STATUS_ADDRESS)
        assert (irq == (done && interrupt));

      // A word that is not refused is taken, and as it was written.
      assert (cfg_valid == (write && word && legal));
      if (cfg_valid) begin
        assert (cfg_ready);
        assert (cfg_address == (write_address - MEMORIES_ADDRESS) / 4);
        assert (cfg_data == write_data);
      end
    end

endmodule

`default_nettype wire
