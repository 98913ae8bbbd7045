// SPDX-License-Identifier: Apache-2.0
//
// The streams of the neural core behind AXI, whatever the host, the streams and evoarray_neuro_core
// do, which is cut out: what is offered stays, also where the host resets the data path, a reset
// leaves nothing behind, and a host's RESET lets a source end its image.

`default_nettype none

module neuro_axi_proof (
  input wire        clk,
  input wire        rst,
  input wire [20:0] s_axil_awaddr,
  input wire        s_axil_awvalid,
  input wire [31:0] s_axil_wdata,
  input wire [3:0]  s_axil_wstrb,
  input wire        s_axil_wvalid,
  input wire        s_axil_bready,
  input wire        s_axil_arvalid,
  input wire [7:0]  s_axis_image_tdata,
  input wire        s_axis_image_tvalid,
  input wire        s_axis_image_tlast,
  input wire        m_axis_logits_tready
);

  `include "evoarray_neuro_axi.vh"

  wire        s_axil_bvalid;
  wire        s_axil_rvalid;
  wire [31:0] s_axil_rdata;
  wire        s_axis_image_tready;
  wire [31:0] m_axis_logits_tdata;
  wire        m_axis_logits_tvalid;
  wire        m_axis_logits_tlast;
  wire        irq;

  evoarray_neuro_axi #(
    .COLS(1), .LAYERS(1), .ACTIVATIONS(2), .POSITIONS(2), .WEIGHTS(2), .BIASES(2), .TABLES(1),
    .MULTIPLIER(0)
  ) u_neuro_axi (
    .clk                  (clk),
    .rst                  (rst),
    .s_axil_awaddr        (s_axil_awaddr),
    .s_axil_awprot        (3'd0),
    .s_axil_awvalid       (s_axil_awvalid),
    .s_axil_awready       (),
    .s_axil_wdata         (s_axil_wdata),
    .s_axil_wstrb         (s_axil_wstrb),
    .s_axil_wvalid        (s_axil_wvalid),
    .s_axil_wready        (),
    .s_axil_bresp         (),
    .s_axil_bvalid        (s_axil_bvalid),
    .s_axil_bready        (s_axil_bready),
    .s_axil_araddr        (CONTROL_ADDRESS),
    .s_axil_arprot        (3'd0),
    .s_axil_arvalid       (s_axil_arvalid),
    .s_axil_arready       (),
    .s_axil_rdata         (s_axil_rdata),
    .s_axil_rresp         (),
    .s_axil_rvalid        (s_axil_rvalid),
    .s_axil_rready        (1'b1),
    .s_axis_image_tdata   (s_axis_image_tdata),
    .s_axis_image_tvalid  (s_axis_image_tvalid),
    .s_axis_image_tready  (s_axis_image_tready),
    .s_axis_image_tlast   (s_axis_image_tlast),
    .m_axis_logits_tdata  (m_axis_logits_tdata),
    .m_axis_logits_tvalid (m_axis_logits_tvalid),
    .m_axis_logits_tready (m_axis_logits_tready),
    .m_axis_logits_tlast  (m_axis_logits_tlast),
    .irq                  (irq)
  );

  reg        began = 1'b0;  // since a first cycle
  reg        after_reset;
  reg        waited;
  reg [32:0] waiting;
  reg [2:0]  quiet;         // cycles since the host began a write, as far as they count

  wire [32:0] offered = {m_axis_logits_tlast, m_axis_logits_tdata};

  // The host reads CONTROL all the time: what it read last holds while it writes nothing.
  wire halts = s_axil_rvalid && s_axil_rdata[CONTROL_RESET];

  always @(posedge clk) begin
    began       <= 1'b1;
    after_reset <= rst;
    waited      <= !rst && m_axis_logits_tvalid && !m_axis_logits_tready;
    waiting     <= offered;
    quiet       <= (rst || s_axil_awvalid || !s_axil_bready) ? 3'd0 : quiet + (quiet != 3'd7);
  end

  always @* begin
    if (!began)
      assume (rst);
    assume (s_axil_arvalid);
  end

  always @*
    if (began) begin
      if (waited)
        assert (m_axis_logits_tvalid && offered == waiting);

      // A reset leaves nothing behind, and lets everything in.
      if (after_reset) begin
        assert (!m_axis_logits_tvalid && !s_axil_bvalid && !s_axil_rvalid && !irq);
        assert (s_axis_image_tready);
      end

      // While the host holds the data path in reset, what arrives is taken.
      if (quiet == 3'd7 && halts)
        assert (s_axis_image_tready);
    end

endmodule

`default_nettype wire
