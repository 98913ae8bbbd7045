// SPDX-License-Identifier: Apache-2.0
//
// The core: evoarray_evaluator with AXI4-Stream for pixels and AXI4-Lite for everything else.
//
//   s_axis_noisy -----> register -> sync -> evaluator -> register -> m_axis_filtered
//   s_axis_reference -> register or queue --^  ^
//                                              | genes, limits, sizes; sums
//   s_axil ----> AXI4-Lite slave ---------> registers ----> irq
//
// Streams are as in AXI4-Stream video: a pixel a cycle, row by row, tuser marks the first pixel of
// a frame and tlast the last one of a line. With several arrays, the pixel of array a leaves at
// m_axis_filtered_tdata[a*8 +: 8]. Wrong marks set a bit of STATUS and, without CONTROL.SYNC,
// nothing else. Back-pressure is allowed anywhere at any time; no stream waits for the bus. The
// latency is 2 cycles more than first_pixel_cycles of model/filter/latency.py: one for the register
// at each end.
//
// Registers: docs/registers.md. How to work with it: docs/core.md.

`default_nettype none

module evoarray_axi #(
  // Rows and columns of the mesh, each 1 to 64
  parameter integer ROWS         = 8,
  parameter integer COLS         = 8,
  // Arrays on the pixel stream, 1 to 255
  parameter integer ARRAYS       = 1,
  // Function set: 0 upm16, 1 upm19, 2 cgp16
  parameter integer FUNCTION_SET = 0,
  // Elements: 0 evoarray_pe, which simulates fast; 1 evoarray_pe_two_stage, which is small and has
  // upm16 only
  parameter integer TWO_STAGE    = 0,
  // Largest frame, each side 3 to 65535, together at most 2^24 pixels: the SAE has 32 bits
  parameter integer MAX_WIDTH    = 1024,
  parameter integer MAX_HEIGHT   = 1024,
  // 1: reference pixels may come as early as their noisy ones, as from a source of pairs; they wait
  // in a memory of a line and the mesh's latency. 0: they may lead by two pixels
  parameter integer LOCKSTEP     = 0
) (
  input  wire                clk,
  input  wire                rst,

  // Registers: AXI4-Lite
  input  wire [15:0]         s_axil_awaddr,
  input  wire [2:0]          s_axil_awprot,
  input  wire                s_axil_awvalid,
  output wire                s_axil_awready,
  input  wire [31:0]         s_axil_wdata,
  input  wire [3:0]          s_axil_wstrb,
  input  wire                s_axil_wvalid,
  output wire                s_axil_wready,
  output wire [1:0]          s_axil_bresp,
  output wire                s_axil_bvalid,
  input  wire                s_axil_bready,
  input  wire [15:0]         s_axil_araddr,
  input  wire [2:0]          s_axil_arprot,
  input  wire                s_axil_arvalid,
  output wire                s_axil_arready,
  output wire [31:0]         s_axil_rdata,
  output wire [1:0]          s_axil_rresp,
  output wire                s_axil_rvalid,
  input  wire                s_axil_rready,

  // Noisy pixels in
  input  wire [7:0]          s_axis_noisy_tdata,
  input  wire                s_axis_noisy_tvalid,
  output wire                s_axis_noisy_tready,
  input  wire                s_axis_noisy_tuser,
  input  wire                s_axis_noisy_tlast,

  // Reference pixels in, while the fitness is wanted
  input  wire [7:0]          s_axis_reference_tdata,
  input  wire                s_axis_reference_tvalid,
  output wire                s_axis_reference_tready,
  input  wire                s_axis_reference_tuser,
  input  wire                s_axis_reference_tlast,

  // Filtered pixels out
  output wire [ARRAYS*8-1:0] m_axis_filtered_tdata,
  output wire                m_axis_filtered_tvalid,
  input  wire                m_axis_filtered_tready,
  output wire                m_axis_filtered_tuser,
  output wire                m_axis_filtered_tlast,

  // A fitness is ready
  output wire                irq
);

  localparam integer ARRAY_W   = (ARRAYS > 1) ? $clog2(ARRAYS) : 1;
  localparam integer WIDTH_W   = $clog2(MAX_WIDTH + 1);
  localparam integer HEIGHT_W  = $clog2(MAX_HEIGHT + 1);
  localparam integer ADDRESS_W = $clog2(ROWS*COLS + ROWS + COLS + 2);
  // Cycles from a noisy pixel's way in to the filtered one that waits for its reference
  localparam integer LEAD      = MAX_WIDTH + ROWS + COLS + 4;

  generate
    // A product of both could overflow.
    if (MAX_WIDTH < 3 || MAX_WIDTH > 65535 || MAX_HEIGHT < 3 || MAX_HEIGHT > 65535
        || MAX_HEIGHT > 16777216 / MAX_WIDTH) begin : g_illegal_frame
      MAX_WIDTH_and_MAX_HEIGHT_must_be_from_3_to_65535_and_together_2_to_the_24_pixels u_stop ();
    end
    if (ARRAYS < 1 || ARRAYS > 255) begin : g_illegal_arrays
      ARRAYS_must_be_from_1_to_255 u_stop ();
    end
    if (LOCKSTEP < 0 || LOCKSTEP > 1) begin : g_illegal_lockstep
      LOCKSTEP_must_be_0_or_1 u_stop ();
    end
  endgenerate

  // The host's side

  wire                 write;
  wire [15:0]          write_address;
  wire [31:0]          write_data;
  wire                 write_refused;
  wire [15:0]          read_address;
  wire [31:0]          read_data;
  wire                 read_refused;
  wire                 data_rst;
  wire                 fitness;
  wire                 sync;
  wire                 abort_enable;
  wire [WIDTH_W-1:0]   frame_width;
  wire [HEIGHT_W-1:0]  frame_height;
  wire [ARRAYS*32-1:0] sae_limit;
  wire [ARRAYS*32-1:0] sae_sum;
  wire                 cfg_valid;
  wire                 cfg_ready;
  wire [ARRAY_W-1:0]   cfg_array;
  wire [ADDRESS_W-1:0] cfg_address;
  wire [5:0]           cfg_gene;

  evoarray_axil_slave #(.ADDRESS_W(16)) u_axil_slave (
    .clk            (clk),
    .rst            (rst),
    .s_axil_awaddr  (s_axil_awaddr),
    .s_axil_awprot  (s_axil_awprot),
    .s_axil_awvalid (s_axil_awvalid),
    .s_axil_awready (s_axil_awready),
    .s_axil_wdata   (s_axil_wdata),
    .s_axil_wstrb   (s_axil_wstrb),
    .s_axil_wvalid  (s_axil_wvalid),
    .s_axil_wready  (s_axil_wready),
    .s_axil_bresp   (s_axil_bresp),
    .s_axil_bvalid  (s_axil_bvalid),
    .s_axil_bready  (s_axil_bready),
    .s_axil_araddr  (s_axil_araddr),
    .s_axil_arprot  (s_axil_arprot),
    .s_axil_arvalid (s_axil_arvalid),
    .s_axil_arready (s_axil_arready),
    .s_axil_rdata   (s_axil_rdata),
    .s_axil_rresp   (s_axil_rresp),
    .s_axil_rvalid  (s_axil_rvalid),
    .s_axil_rready  (s_axil_rready),
    .write          (write),
    .write_address  (write_address),
    .write_data     (write_data),
    .write_refused  (write_refused),
    .read_address   (read_address),
    .read_data      (read_data),
    .read_refused   (read_refused)
  );

  // The pixels' side: inner streams, each with its marks

  wire                noisy_valid;
  wire                noisy_ready;
  wire                noisy_user;
  wire                noisy_last;
  wire [7:0]          noisy_pixel;
  wire                noisy_first;
  wire                noisy_line_last;
  wire                noisy_dropped;
  wire                noisy_wrong;
  wire                synced_valid;
  wire                synced_ready;
  wire [7:0]          synced_pixel;
  wire                reference_valid;
  wire                reference_ready;
  wire                reference_user;
  wire                reference_last;
  wire [7:0]          reference_pixel;
  wire                filtered_valid;
  wire                filtered_ready;
  wire                filtered_line_last;
  wire                filtered_last;
  wire [ARRAYS*8-1:0] filtered_pixel;
  wire                sae_valid;
  wire [ARRAYS-1:0]   sae_over;

  // Whether a frame is measured is decided as its first pixel leaves. Its sum lags behind its
  // pixels, and what is known of the sum lags with it.
  reg  first_reg;
  reg  measured_reg;
  reg  summed_reg;
  // The frame under way is given up: its pixels go no further. The flag lags as the sum does.
  reg  given_up_reg;
  reg  ending_reg;
  reg  unsummed_reg;
  wire measured = first_reg ? fitness : measured_reg;
  wire leaves   = filtered_valid && (filtered_ready || given_up_reg);
  wire ends     = leaves && filtered_last;

  always @(posedge clk)
    if (data_rst)
      first_reg <= 1'b1;
    else if (leaves)
      first_reg <= filtered_last;

  // A sum that shows before a frame's first pixel has left is that of the frame before.
  wire give_up = abort_enable && &sae_over && measured_reg && !first_reg && !given_up_reg && !ends;

  always @(posedge clk)
    if (data_rst)
      given_up_reg <= 1'b0;
    else if (give_up || ends)
      given_up_reg <= give_up;

  always @(posedge clk) begin
    measured_reg <= measured;
    summed_reg   <= measured_reg;
    ending_reg   <= given_up_reg;
    unsummed_reg <= ending_reg;
  end

  evoarray_axis_register #(.DATA_W(10)) u_noisy (
    .clk     (clk),
    .rst     (data_rst),
    .s_valid (s_axis_noisy_tvalid),
    .s_ready (s_axis_noisy_tready),
    .s_data  ({s_axis_noisy_tuser, s_axis_noisy_tlast, s_axis_noisy_tdata}),
    .m_valid (noisy_valid),
    .m_ready (noisy_ready),
    .m_data  ({noisy_user, noisy_last, noisy_pixel})
  );

  evoarray_frame_sync u_frame_sync (
    .clk         (clk),
    .rst         (data_rst),
    .sync        (sync),
    .s_valid     (noisy_valid),
    .s_ready     (noisy_ready),
    .s_user      (noisy_user),
    .s_last      (noisy_last),
    .s_pixel     (noisy_pixel),
    .m_valid     (synced_valid),
    .m_ready     (synced_ready),
    .m_first     (noisy_first),
    .m_line_last (noisy_line_last),
    .m_pixel     (synced_pixel),
    .dropped     (noisy_dropped),
    .wrong       (noisy_wrong)
  );

  generate
    if (LOCKSTEP != 0) begin : g_queue
      evoarray_axis_fifo #(.DATA_W(10), .DEPTH_W($clog2(LEAD))) u_reference (
        .clk     (clk),
        .rst     (data_rst),
        .s_valid (s_axis_reference_tvalid),
        .s_ready (s_axis_reference_tready),
        .s_data  ({s_axis_reference_tuser, s_axis_reference_tlast, s_axis_reference_tdata}),
        .m_valid (reference_valid),
        .m_ready (reference_ready && measured),
        .m_data  ({reference_user, reference_last, reference_pixel})
      );
    end else begin : g_register
      evoarray_axis_register #(.DATA_W(10)) u_reference (
        .clk     (clk),
        .rst     (data_rst),
        .s_valid (s_axis_reference_tvalid),
        .s_ready (s_axis_reference_tready),
        .s_data  ({s_axis_reference_tuser, s_axis_reference_tlast, s_axis_reference_tdata}),
        .m_valid (reference_valid),
        .m_ready (reference_ready && measured),
        .m_data  ({reference_user, reference_last, reference_pixel})
      );
    end
  endgenerate

  evoarray_evaluator #(
    .ROWS         (ROWS),
    .COLS         (COLS),
    .ARRAYS       (ARRAYS),
    .FUNCTION_SET (FUNCTION_SET),
    .TWO_STAGE    (TWO_STAGE),
    .MAX_WIDTH    (MAX_WIDTH),
    .MAX_HEIGHT   (MAX_HEIGHT),
    .SAE_W        (32)
  ) u_evaluator (
    .clk                  (clk),
    .rst                  (data_rst),
    .frame_width          (frame_width),
    .frame_height         (frame_height),
    .cfg_valid            (cfg_valid),
    .cfg_ready            (cfg_ready),
    .cfg_array            (cfg_array),
    .cfg_address          (cfg_address),
    .cfg_gene             (cfg_gene),
    .s_noisy_valid        (synced_valid),
    .s_noisy_ready        (synced_ready),
    .s_noisy_first        (noisy_first),
    .s_noisy_line_last    (noisy_line_last),
    .s_noisy_pixel        (synced_pixel),
    .s_window_valid       (1'b0),
    .s_window_ready       (),
    .s_window_last        (1'b0),
    .s_window_pixels      (72'd0),
    .s_reference_valid    (reference_valid || !measured),
    .s_reference_ready    (reference_ready),
    .s_reference_pixel    (reference_pixel),
    .m_filtered_valid     (filtered_valid),
    .m_filtered_ready     (filtered_ready || given_up_reg),
    .m_filtered_line_last (filtered_line_last),
    .m_filtered_last      (filtered_last),
    .m_filtered_pixel     (filtered_pixel),
    .sae_limit            (sae_limit),
    .sae_over             (sae_over),
    .sae_valid            (sae_valid),
    .sae_sum              (sae_sum)
  );

  // What this one offers must stay until it is taken, also where the host resets the data path.
  evoarray_axis_register #(.DATA_W(ARRAYS*8 + 2)) u_filtered (
    .clk     (clk),
    .rst     (rst),
    .s_valid (filtered_valid && !given_up_reg),
    .s_ready (filtered_ready),
    .s_data  ({first_reg, filtered_line_last, filtered_pixel}),
    .m_valid (m_axis_filtered_tvalid),
    .m_ready (m_axis_filtered_tready),
    .m_data  ({m_axis_filtered_tuser, m_axis_filtered_tlast, m_axis_filtered_tdata})
  );

  wire reference_marks_wrong = leaves && measured
                               && ({reference_user, reference_last}
                                   != {first_reg, filtered_line_last});

  evoarray_axi_registers #(
    .ROWS         (ROWS),
    .COLS         (COLS),
    .ARRAYS       (ARRAYS),
    .FUNCTION_SET (FUNCTION_SET),
    .MAX_WIDTH    (MAX_WIDTH),
    .MAX_HEIGHT   (MAX_HEIGHT)
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
    .sae_valid             (sae_valid && summed_reg && !unsummed_reg),
    .sae_sum               (sae_sum),
    .sae_over              (sae_over & {ARRAYS{summed_reg}}),
    .frame_leaves          (ends),
    .frame_given_up        (give_up),
    .noisy_dropped         (noisy_dropped),
    .noisy_marks_wrong     (noisy_wrong),
    .reference_marks_wrong (reference_marks_wrong),
    .irq                   (irq)
  );

`ifdef FORMAL_EVOARRAY_AXI_PROOF
  // By a second account, of what left the arrays since the data path's last reset, a host's too: a
  // frame is under way, it is measured, and it was above its limits before its last pixel left.
  reg       formal_began_reg = 1'b0;
  reg       formal_inside_reg;
  reg       formal_measured_reg;
  reg       formal_over_reg;
  reg       formal_pending_reg;  // a measured frame ended a cycle ago, and was not given up
  reg       formal_due_reg;      // or two cycles ago

  always @(posedge clk) begin
    formal_pending_reg <= !data_rst && ends && measured && !formal_over_reg;
    formal_due_reg     <= !data_rst && formal_pending_reg;
    if (rst)
      formal_began_reg <= 1'b1;
    if (data_rst) begin
      formal_inside_reg <= 1'b0;
      formal_over_reg   <= 1'b0;
    end else begin
      if (leaves) begin
        formal_inside_reg <= !filtered_last;
        if (!formal_inside_reg)
          formal_measured_reg <= fitness;
      end
      if (ends)
        formal_over_reg <= 1'b0;
      else if (abort_enable && &sae_over && formal_inside_reg && formal_measured_reg)
        formal_over_reg <= 1'b1;
    end
  end

  always @*
    if (formal_began_reg) begin
      // The first pixel after a reset or a frame's last one is a frame's first, and no other one.
      assert (first_reg == !formal_inside_reg);

      // FITNESS counts for a frame as its first pixel leaves.
      if (formal_inside_reg)
        assert (measured == formal_measured_reg);

      // A frame that is above its limits is given up until its last pixel has left, and no other.
      assert (given_up_reg == formal_over_reg);
      if (given_up_reg)
        assert (formal_inside_reg && measured);

      // The flags lag as the sum does, by a cycle and by two.
      if (formal_pending_reg)
        assert (measured_reg && !ending_reg);
      if (formal_due_reg)
        assert (summed_reg && !unsummed_reg);

      // It has no fitness; every other one that is measured has.
      if (sae_valid)
        assert ((summed_reg && !unsummed_reg) == formal_due_reg);
    end
`endif

endmodule

`default_nettype wire
