// SPDX-License-Identifier: Apache-2.0
//
// The example of docs/neural-core.md in plain Verilog, for simulators without cocotb: a neuron that
// computes AND, behind AXI. All four images run through it while both streams pause at random.
// Says PASS, or stops at what is wrong.

`default_nettype none

module evoarray_neuro_axi_tb;

  `include "evoarray_neuro_axi.vh"

  localparam integer IMAGES = 4;
  localparam integer WRITES = 14;

  reg         clk = 1'b0;
  reg         rst = 1'b1;
  wire [20:0] awaddr;
  wire [2:0]  awprot;
  wire        awvalid;
  wire        awready;
  wire [31:0] wdata;
  wire [3:0]  wstrb;
  wire        wvalid;
  wire        wready;
  wire [1:0]  bresp;
  wire        bvalid;
  wire        bready;
  wire [20:0] araddr;
  wire [2:0]  arprot;
  wire        arvalid;
  wire        arready;
  wire [31:0] rdata;
  wire [1:0]  rresp;
  wire        rvalid;
  wire        rready;
  wire        irq;

  reg         started = 1'b0;
  reg         byte_valid = 1'b0;
  wire        byte_ready;
  wire [31:0] logit;
  wire        logit_valid;
  reg         logit_ready = 1'b0;
  wire        logit_last;

  integer     sent = 0;
  integer     received = 0;
  integer     i;
  reg  [31:0] word;

  // Byte i of the images: the inputs are the bits of the image's number; 127 is true, 0 false.
  function [7:0] image_byte(input integer index);
    image_byte = (((index / 2) >> (1 - index % 2)) & 1) != 0 ? 8'd127 : 8'd0;
  endfunction

  // The sum of both inputs less 254, which reaches 0 only where both are true
  function [31:0] logit_of(input integer image);
    logit_of = {24'd0, image_byte(2 * image)} + {24'd0, image_byte(2 * image + 1)} - 32'd254;
  endfunction

  // The words of the memories that make the neuron: where, and what
  function [49:0] load(input integer index);
    case (index)
      0:       load = {18'h00000, 32'h00000204};  // a dense layer with logits, one tile
      1:       load = {18'h00001, 32'h00000001};  // no multiplier
      2:       load = {18'h00002, 32'h00000001};  // two bytes of input, one output
      3:       load = {18'h00003, 32'h00000102};  // width 2, height 1, one pass
      4:       load = {18'h20000, 32'hFFFFFF02};  // the bias, -254
      5:       load = {18'h30000, 32'h00000001};  // the weights of both inputs
      6:       load = {18'h30001, 32'h00000001};
      default: load = {18'h30002 + index[17:0] - 18'd7, 32'h00000000};  // and of rows not needed
    endcase
  endfunction

  evoarray_axil_host #(.ADDRESS_W(21)) u_host (
    .clk            (clk),
    .m_axil_awaddr  (awaddr),
    .m_axil_awprot  (awprot),
    .m_axil_awvalid (awvalid),
    .m_axil_awready (awready),
    .m_axil_wdata   (wdata),
    .m_axil_wstrb   (wstrb),
    .m_axil_wvalid  (wvalid),
    .m_axil_wready  (wready),
    .m_axil_bresp   (bresp),
    .m_axil_bvalid  (bvalid),
    .m_axil_bready  (bready),
    .m_axil_araddr  (araddr),
    .m_axil_arprot  (arprot),
    .m_axil_arvalid (arvalid),
    .m_axil_arready (arready),
    .m_axil_rdata   (rdata),
    .m_axil_rresp   (rresp),
    .m_axil_rvalid  (rvalid),
    .m_axil_rready  (rready)
  );

  evoarray_neuro_axi #(
    .COLS(1), .LAYERS(1), .ACTIVATIONS(16), .POSITIONS(2), .WEIGHTS(16), .BIASES(2), .TABLES(1),
    .MULTIPLIER(0)
  ) u_evoarray_neuro_axi (
    .clk                  (clk),
    .rst                  (rst),
    .s_axil_awaddr        (awaddr),
    .s_axil_awprot        (awprot),
    .s_axil_awvalid       (awvalid),
    .s_axil_awready       (awready),
    .s_axil_wdata         (wdata),
    .s_axil_wstrb         (wstrb),
    .s_axil_wvalid        (wvalid),
    .s_axil_wready        (wready),
    .s_axil_bresp         (bresp),
    .s_axil_bvalid        (bvalid),
    .s_axil_bready        (bready),
    .s_axil_araddr        (araddr),
    .s_axil_arprot        (arprot),
    .s_axil_arvalid       (arvalid),
    .s_axil_arready       (arready),
    .s_axil_rdata         (rdata),
    .s_axil_rresp         (rresp),
    .s_axil_rvalid        (rvalid),
    .s_axil_rready        (rready),
    .s_axis_image_tdata   (image_byte(sent)),
    .s_axis_image_tvalid  (byte_valid),
    .s_axis_image_tready  (byte_ready),
    .s_axis_image_tlast   (sent % 2 == 1),
    .m_axis_logits_tdata  (logit),
    .m_axis_logits_tvalid (logit_valid),
    .m_axis_logits_tready (logit_ready),
    .m_axis_logits_tlast  (logit_last),
    .irq                  (irq)
  );

  always #5 clk = !clk;

  initial begin
    repeat (3) @(negedge clk);
    rst = 1'b0;

    u_host.read(IDENTITY_ADDRESS, word);
    expect_word("IDENTITY", word, IDENTITY_VALUE);
    for (i = 0; i < WRITES; i = i + 1)
      load_word(load(i));
    u_host.write(CONTROL_ADDRESS, 1 << CONTROL_INTERRUPT);
    started = 1'b1;

    wait (received == IMAGES && irq);
    u_host.read(IMAGES_ADDRESS, word);
    expect_word("IMAGES", word, IMAGES);
    u_host.read(STATUS_ADDRESS, word);
    expect_word("STATUS", word, 1 << STATUS_DONE);
    u_host.write(STATUS_ADDRESS, 1 << STATUS_DONE);
    expect_word("irq", {31'd0, irq}, 0);
    $display("PASS: %0d images", received);
    $finish;
  end

  initial begin
    repeat (2000) @(negedge clk);
    $display("FAIL: the test did not end; %0d of %0d logits came", received, IMAGES);
    $stop;
  end

  // What is offered stays until it is taken.
  always @(negedge clk) begin
    logit_ready = ($random & 3) != 0;
    if (!byte_valid)
      byte_valid = started && sent < 2 * IMAGES && ($random & 3) != 0;
  end

  always @(posedge clk) begin
    if (byte_valid && byte_ready) begin
      sent       <= sent + 1;
      byte_valid <= 1'b0;
    end
    if (logit_valid && logit_ready) begin
      expect_word("a logit", logit, logit_of(received));
      expect_word("tlast", {31'd0, logit_last}, 1);
      received <= received + 1;
    end
  end

  task load_word(input [49:0] place_and_word);
    u_host.write(MEMORIES_ADDRESS + {1'b0, place_and_word[49:32], 2'b00}, place_and_word[31:0]);
  endtask

  task expect_word(input [30*8-1:0] name, input [31:0] found, input [31:0] due);
    if (found !== due) begin
      $display("FAIL: %0s is %0d, not %0d, after %0d logits", name, $signed(found), $signed(due), received);
      $stop;
    end
  endtask

endmodule

`default_nettype wire
