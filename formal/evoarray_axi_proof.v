// SPDX-License-Identifier: Apache-2.0
//
// The streams of the core, of 1x1 elements and for frames of 3x3. MARKS 0: whatever the host and
// the streams do, what is offered stays, a reset leaves nothing behind, a host's RESET lets the
// sources end their frames, and from every other state, while all streams are ready, a frame begins
// to leave within BOUND cycles. MARKS 1: as many pixels leave as came, each with the marks of its
// place; there, offers and the sink pause once, at any time and for any time, reference pixels do
// not.

`default_nettype none

module evoarray_axi_proof #(
  parameter integer MARKS = 0,
  parameter integer BOUND = 20
) (
  input wire        clk,
  input wire        rst,
  input wire [15:0] s_axil_awaddr,
  input wire        s_axil_awvalid,
  input wire [31:0] s_axil_wdata,
  input wire [3:0]  s_axil_wstrb,
  input wire        s_axil_wvalid,
  input wire        s_axil_bready,
  input wire        s_axil_arvalid,
  input wire [7:0]  s_axis_noisy_tdata,
  input wire        s_axis_noisy_tvalid,
  input wire        s_axis_noisy_tuser,
  input wire        s_axis_noisy_tlast,
  input wire [7:0]  s_axis_reference_tdata,
  input wire        s_axis_reference_tvalid,
  input wire        s_axis_reference_tuser,
  input wire        s_axis_reference_tlast,
  input wire        m_axis_filtered_tready
);

  `include "evoarray_axi.vh"

  wire        s_axil_bvalid;
  wire        s_axil_rvalid;
  wire [31:0] s_axil_rdata;
  wire        s_axis_noisy_tready;
  wire        s_axis_reference_tready;
  wire [7:0]  m_axis_filtered_tdata;
  wire        m_axis_filtered_tvalid;
  wire        m_axis_filtered_tuser;
  wire        m_axis_filtered_tlast;
  wire        irq;

  evoarray_axi #(.ROWS(1), .COLS(1), .MAX_WIDTH(3), .MAX_HEIGHT(3)) u_evoarray_axi (
    .clk                     (clk),
    .rst                     (rst),
    .s_axil_awaddr           (s_axil_awaddr),
    .s_axil_awprot           (3'd0),
    .s_axil_awvalid          (s_axil_awvalid),
    .s_axil_awready          (),
    .s_axil_wdata            (s_axil_wdata),
    .s_axil_wstrb            (s_axil_wstrb),
    .s_axil_wvalid           (s_axil_wvalid),
    .s_axil_wready           (),
    .s_axil_bresp            (),
    .s_axil_bvalid           (s_axil_bvalid),
    .s_axil_bready           (s_axil_bready),
    .s_axil_araddr           (CONTROL_ADDRESS),
    .s_axil_arprot           (3'd0),
    .s_axil_arvalid          (s_axil_arvalid),
    .s_axil_arready          (),
    .s_axil_rdata            (s_axil_rdata),
    .s_axil_rresp            (),
    .s_axil_rvalid           (s_axil_rvalid),
    .s_axil_rready           (1'b1),
    .s_axis_noisy_tdata      (s_axis_noisy_tdata),
    .s_axis_noisy_tvalid     (s_axis_noisy_tvalid),
    .s_axis_noisy_tready     (s_axis_noisy_tready),
    .s_axis_noisy_tuser      (s_axis_noisy_tuser),
    .s_axis_noisy_tlast      (s_axis_noisy_tlast),
    .s_axis_reference_tdata  (s_axis_reference_tdata),
    .s_axis_reference_tvalid (s_axis_reference_tvalid),
    .s_axis_reference_tready (s_axis_reference_tready),
    .s_axis_reference_tuser  (s_axis_reference_tuser),
    .s_axis_reference_tlast  (s_axis_reference_tlast),
    .m_axis_filtered_tdata   (m_axis_filtered_tdata),
    .m_axis_filtered_tvalid  (m_axis_filtered_tvalid),
    .m_axis_filtered_tready  (m_axis_filtered_tready),
    .m_axis_filtered_tuser   (m_axis_filtered_tuser),
    .m_axis_filtered_tlast   (m_axis_filtered_tlast),
    .irq                     (irq)
  );

  wire enters = s_axis_noisy_tvalid && s_axis_noisy_tready;
  wire leaves = m_axis_filtered_tvalid && m_axis_filtered_tready;

  reg began = 1'b0;  // since a first cycle

  always @(posedge clk)
    began <= 1'b1;

  always @*
    if (!began)
      assume (rst);

  generate
    if (MARKS == 0) begin : g_rules
      reg       after_reset;
      reg       waited;
      reg [9:0] waiting;
      reg [2:0] quiet;           // cycles since the host began a write, as far as they count
      reg [7:0] patience = 8'd0; // cycles in which all was ready and no frame began to leave

      wire [9:0] offered = {m_axis_filtered_tuser, m_axis_filtered_tlast, m_axis_filtered_tdata};

      // The host reads CONTROL all the time: what it read last holds while it writes nothing.
      wire ready = s_axis_noisy_tvalid && s_axis_reference_tvalid && m_axis_filtered_tready &&
                   !s_axil_awvalid && s_axil_bready;
      wire halts = s_axil_rvalid && s_axil_rdata[CONTROL_RESET];
      // With SYNC a source without tuser is never listened to (see evoarray_frame_sync.v).
      wire syncs = s_axil_rvalid && s_axil_rdata[CONTROL_SYNC];

      always @(posedge clk) begin
        after_reset <= rst;
        waited      <= !rst && m_axis_filtered_tvalid && !m_axis_filtered_tready;
        waiting     <= offered;
        quiet       <= (rst || s_axil_awvalid || !s_axil_bready) ? 3'd0
                       : quiet + (quiet != 3'd7);
        patience    <= (!rst && ready && !halts && !syncs && !(leaves && m_axis_filtered_tuser))
                       ? patience + 1'b1 : 8'd0;
      end

      always @*
        assume (s_axil_arvalid);

      always @*
        if (began) begin
          // What waits stays, also where the host resets the data path.
          if (waited)
            assert (m_axis_filtered_tvalid && offered == waiting);

          // A reset leaves nothing behind, and lets everything in.
          if (after_reset) begin
            assert (!m_axis_filtered_tvalid && !s_axil_bvalid && !s_axil_rvalid && !irq);
            assert (s_axis_noisy_tready && s_axis_reference_tready);
          end

          // While the host holds the data path in reset, what arrives is taken.
          if (quiet == 3'd7 && halts)
            assert (s_axis_noisy_tready && s_axis_reference_tready);

          // No deadlock.
          assert (patience <= BOUND);
        end
    end else begin : g_marks
      (* anyconst *) reg fitness;

      // Of the frame under way, where the next pixel belongs, and how many are inside.
      reg [1:0] in_x,  out_x;
      reg [1:0] in_y,  out_y;
      reg [4:0] inside;
      reg [1:0] written;
      reg [4:0] quiet;  // cycles in which nothing came and everything was taken

      wire row_in  = (in_x == 2'd2);
      wire row_out = (out_x == 2'd2);

      always @(posedge clk)
        if (rst) begin
          {in_x, in_y, out_x, out_y} <= 8'd0;
          inside                     <= 5'd0;
          written                    <= 2'd0;
          quiet                      <= 5'd0;
        end else begin
          inside  <= inside + enters - leaves;
          written <= {written[0], 1'b1};
          quiet   <= (s_axis_noisy_tvalid || !m_axis_filtered_tready) ? 5'd0 : quiet + 1'b1;
          if (enters) begin
            in_x <= row_in ? 2'd0 : in_x + 1'b1;
            if (row_in)
              in_y <= (in_y == 2'd2) ? 2'd0 : in_y + 1'b1;
          end
          if (leaves) begin
            out_x <= row_out ? 2'd0 : out_x + 1'b1;
            if (row_out)
              out_y <= (out_y == 2'd2) ? 2'd0 : out_y + 1'b1;
          end
        end

      reg offered, offers_paused, taken, sink_paused;

      always @(posedge clk)
        if (rst)
          {offered, offers_paused, taken, sink_paused} <= 4'd0;
        else begin
          offered       <= s_axis_noisy_tvalid;
          offers_paused <= offers_paused || (offered && !s_axis_noisy_tvalid);
          taken         <= m_axis_filtered_tready;
          sink_paused   <= sink_paused || (taken && !m_axis_filtered_tready);
        end

      always @* begin
        assume (!(offers_paused && offered && !s_axis_noisy_tvalid));
        assume (!(sink_paused && taken && !m_axis_filtered_tready));
        assume (s_axis_reference_tvalid);
      end

      // Of the host one write: whether it measures.
      always @* begin
        assume (rst == !began);
        assume (s_axil_awaddr == CONTROL_ADDRESS && s_axil_wstrb == 4'hF);
        assume (s_axil_wdata == (fitness << CONTROL_FITNESS));
        assume (s_axil_awvalid == !written[0] && s_axil_wvalid == !written[0]);
        assume (s_axil_bready && !s_axil_arvalid);
      end

      always @*
        if (began) begin
          // Nothing is invented, and every pixel has the marks of its place.
          if (m_axis_filtered_tvalid) begin
            assert (inside != 5'd0);
            assert (m_axis_filtered_tuser == (out_x == 2'd0 && out_y == 2'd0));
            assert (m_axis_filtered_tlast == row_out);
          end
          // Nothing is lost: what is left of a frame that is in takes no longer.
          if (in_x == 2'd0 && in_y == 2'd0 && quiet > 5'd10)
            assert (inside == 5'd0);
        end
    end
  endgenerate

endmodule

`default_nettype wire
