// SPDX-License-Identifier: Apache-2.0
//
// The example of docs/core.md in plain Verilog, for simulators without cocotb: a circuit of 2x2
// elements that makes every pixel the largest of itself and its neighbours north, east and south.
// Two frames are filtered and measured while all streams pause at random. Says PASS, or stops at
// what is wrong.

`default_nettype none

module evoarray_axi_tb;

  `include "evoarray_axi.vh"

  localparam integer WIDTH      = 8;
  localparam integer HEIGHT     = 6;
  localparam integer FRAMES     = 2;
  localparam integer PIXELS     = FRAMES * WIDTH * HEIGHT;
  localparam integer MAXIMUM    = 12;  // max(N, W) of upm16
  localparam integer GENE_COUNT = 9;

  reg         clk = 1'b0;
  reg         rst = 1'b1;
  wire [15:0] awaddr;
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
  wire [15:0] araddr;
  wire [2:0]  arprot;
  wire        arvalid;
  wire        arready;
  wire [31:0] rdata;
  wire [1:0]  rresp;
  wire        rvalid;
  wire        rready;
  wire        irq;

  reg         started = 1'b0;
  reg         noisy_valid = 1'b0;
  wire        noisy_ready;
  reg         reference_valid = 1'b0;
  wire        reference_ready;
  wire [7:0]  filtered;
  wire        filtered_valid;
  reg         filtered_ready = 1'b0;
  wire        filtered_user;
  wire        filtered_last;

  integer     noisy_sent = 0;
  integer     reference_sent = 0;
  integer     received = 0;
  integer     frame;
  integer     i;
  reg  [31:0] word;
  reg  [31:0] expected;

  // Pixels of both streams, and what the circuit makes of them

  function [7:0] noise(input integer stream, input integer pixel);
    reg [31:0] mixed;
    begin
      mixed = (pixel + 1) * 32'd2654435761 + stream * 32'd40503;
      noise = mixed[31:24] ^ mixed[15:8];
    end
  endfunction

  // The window reaches over the edge: there the pixel at the edge counts again.
  function [7:0] neighbour(input integer pixel, input integer down, input integer right);
    integer first;
    integer row;
    integer column;
    begin
      first  = pixel - pixel % (WIDTH * HEIGHT);
      row    = (pixel - first) / WIDTH + down;
      column = pixel % WIDTH + right;
      if (row < 0) row = 0;
      if (row == HEIGHT) row = HEIGHT - 1;
      if (column == WIDTH) column = WIDTH - 1;
      neighbour = noise(0, first + row * WIDTH + column);
    end
  endfunction

  function [7:0] largest(input [7:0] one, input [7:0] other);
    largest = (one > other) ? one : other;
  endfunction

  function [7:0] filter(input integer pixel);
    filter = largest(
      largest(neighbour(pixel, 0, 0), neighbour(pixel, -1, 0)),
      largest(neighbour(pixel, 0, 1), neighbour(pixel, 1, 0))
    );
  endfunction

  function [31:0] gene(input integer index);
    case (index)
      4:       gene = 1;  // north of column 0: the pixel north
      5:       gene = 5;  // north of column 1: the pixel east
      6:       gene = 4;  // west of row 0: the pixel itself
      7:       gene = 7;  // west of row 1: the pixel south
      8:       gene = 1;  // the output row
      default: gene = MAXIMUM;
    endcase
  endfunction

  evoarray_axil_host #(.ADDRESS_W(16)) u_host (
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

  evoarray_axi #(
    .ROWS(2), .COLS(2), .MAX_WIDTH(WIDTH), .MAX_HEIGHT(HEIGHT)
  ) u_evoarray_axi (
    .clk                     (clk),
    .rst                     (rst),
    .s_axil_awaddr           (awaddr),
    .s_axil_awprot           (awprot),
    .s_axil_awvalid          (awvalid),
    .s_axil_awready          (awready),
    .s_axil_wdata            (wdata),
    .s_axil_wstrb            (wstrb),
    .s_axil_wvalid           (wvalid),
    .s_axil_wready           (wready),
    .s_axil_bresp            (bresp),
    .s_axil_bvalid           (bvalid),
    .s_axil_bready           (bready),
    .s_axil_araddr           (araddr),
    .s_axil_arprot           (arprot),
    .s_axil_arvalid          (arvalid),
    .s_axil_arready          (arready),
    .s_axil_rdata            (rdata),
    .s_axil_rresp            (rresp),
    .s_axil_rvalid           (rvalid),
    .s_axil_rready           (rready),
    .s_axis_noisy_tdata      (noise(0, noisy_sent)),
    .s_axis_noisy_tvalid     (noisy_valid),
    .s_axis_noisy_tready     (noisy_ready),
    .s_axis_noisy_tuser      (noisy_sent % (WIDTH * HEIGHT) == 0),
    .s_axis_noisy_tlast      (noisy_sent % WIDTH == WIDTH - 1),
    .s_axis_reference_tdata  (noise(1, reference_sent)),
    .s_axis_reference_tvalid (reference_valid),
    .s_axis_reference_tready (reference_ready),
    .s_axis_reference_tuser  (reference_sent % (WIDTH * HEIGHT) == 0),
    .s_axis_reference_tlast  (reference_sent % WIDTH == WIDTH - 1),
    .m_axis_filtered_tdata   (filtered),
    .m_axis_filtered_tvalid  (filtered_valid),
    .m_axis_filtered_tready  (filtered_ready),
    .m_axis_filtered_tuser   (filtered_user),
    .m_axis_filtered_tlast   (filtered_last),
    .irq                     (irq)
  );

  always #5 clk = !clk;

  initial begin
    repeat (3) @(negedge clk);
    rst = 1'b0;

    u_host.read(IDENTITY_ADDRESS, word);
    expect_word("IDENTITY", word, IDENTITY_VALUE);
    u_host.write(FRAME_SIZE_ADDRESS, WIDTH << FRAME_SIZE_WIDTH | HEIGHT << FRAME_SIZE_HEIGHT);
    for (i = 0; i < GENE_COUNT; i = i + 1)
      u_host.write(GENES_ADDRESS + 16'd4 * i[15:0], gene(i));
    u_host.write(
      CONTROL_ADDRESS, 1 << CONTROL_COMMIT | 1 << CONTROL_FITNESS | 1 << CONTROL_INTERRUPT
    );
    started = 1'b1;

    for (frame = 0; frame < FRAMES; frame = frame + 1) begin
      wait (irq);
      expected = 0;
      for (i = frame * WIDTH * HEIGHT; i < (frame + 1) * WIDTH * HEIGHT; i = i + 1)
        expected = expected + difference(filter(i), noise(1, i));
      u_host.read(SAE_ADDRESS, word);
      expect_word("SAE", word, expected);
      u_host.write(STATUS_ADDRESS, 1 << STATUS_FITNESS_READY);
    end
    u_host.read(STATUS_ADDRESS, word);
    expect_word("STATUS", word, 0);
    expect_word("the number of filtered pixels", received, PIXELS);
    $display("PASS: %0d frames, %0d pixels", FRAMES, received);
    $finish;
  end

  initial begin
    repeat (100 * PIXELS) @(negedge clk);
    $display("FAIL: the test did not end; %0d of %0d pixels came", received, PIXELS);
    $stop;
  end

  // What is offered stays until it is taken. The next frame waits until the sum is read.
  wire start_noisy     = started && noisy_sent < (frame + 1) * WIDTH * HEIGHT;
  wire start_reference = started && reference_sent < (frame + 1) * WIDTH * HEIGHT;

  always @(negedge clk) begin
    filtered_ready = ($random & 3) != 0;
    if (!noisy_valid)
      noisy_valid = start_noisy && ($random & 3) != 0;
    if (!reference_valid)
      reference_valid = start_reference && ($random & 3) != 0;
  end

  always @(posedge clk) begin
    if (noisy_valid && noisy_ready) begin
      noisy_sent  <= noisy_sent + 1;
      noisy_valid <= 1'b0;
    end
    if (reference_valid && reference_ready) begin
      reference_sent  <= reference_sent + 1;
      reference_valid <= 1'b0;
    end
    if (filtered_valid && filtered_ready) begin
      expect_word("a filtered pixel", {24'd0, filtered}, {24'd0, filter(received)});
      expect_word("tuser", {31'd0, filtered_user}, {31'd0, received % (WIDTH * HEIGHT) == 0});
      expect_word("tlast", {31'd0, filtered_last}, {31'd0, received % WIDTH == WIDTH - 1});
      received <= received + 1;
    end
  end

  function [31:0] difference(input [7:0] one, input [7:0] other);
    difference = {24'd0, (one > other) ? one - other : other - one};
  endfunction

  task expect_word(input [30*8-1:0] name, input [31:0] found, input [31:0] due);
    if (found !== due) begin
      $display("FAIL: %0s is %0d, not %0d, after %0d pixels", name, found, due, received);
      $stop;
    end
  endtask

endmodule

`default_nettype wire
