// SPDX-License-Identifier: Apache-2.0
//
// The neural core with AXI4-Stream for images and logits and AXI4-Lite for everything else.
//
//   s_axis_image -> register --> neural core --> register --> m_axis_logits
//                                    ^
//                                    | memories; cycles
//   s_axil ----> AXI4-Lite slave -> registers ----> irq
//
// An image is a byte a cycle, channel by channel and row by row; tlast marks its last byte. Its
// logits leave as int32, tlast with the last one. Wrong marks set a bit of STATUS and nothing else.
// Back-pressure is allowed anywhere at any time; no stream waits for the bus.
//
// Registers: docs/neural-registers.md. How to work with it: docs/neural-core.md.

`default_nettype none

module evoarray_neuro_axi #(
  // As in evoarray_neuro_core
  parameter integer ROWS        = 9,
  parameter integer COLS        = 8,
  parameter integer LAYERS      = 16,
  parameter integer ACTIVATIONS = 1024,
  parameter integer POSITIONS   = 64,
  parameter integer WEIGHTS     = 1024,
  parameter integer BIASES      = 256,
  parameter integer TABLES      = 3,
  parameter integer MULTIPLIER  = 1
) (
  input  wire        clk,
  input  wire        rst,

  // Registers and memories: AXI4-Lite
  input  wire [20:0] s_axil_awaddr,
  input  wire [2:0]  s_axil_awprot,
  input  wire        s_axil_awvalid,
  output wire        s_axil_awready,
  input  wire [31:0] s_axil_wdata,
  input  wire [3:0]  s_axil_wstrb,
  input  wire        s_axil_wvalid,
  output wire        s_axil_wready,
  output wire [1:0]  s_axil_bresp,
  output wire        s_axil_bvalid,
  input  wire        s_axil_bready,
  input  wire [20:0] s_axil_araddr,
  input  wire [2:0]  s_axil_arprot,
  input  wire        s_axil_arvalid,
  output wire        s_axil_arready,
  output wire [31:0] s_axil_rdata,
  output wire [1:0]  s_axil_rresp,
  output wire        s_axil_rvalid,
  input  wire        s_axil_rready,

  // Images in
  input  wire [7:0]  s_axis_image_tdata,
  input  wire        s_axis_image_tvalid,
  output wire        s_axis_image_tready,
  input  wire        s_axis_image_tlast,

  // Logits out
  output wire [31:0] m_axis_logits_tdata,
  output wire        m_axis_logits_tvalid,
  input  wire        m_axis_logits_tready,
  output wire        m_axis_logits_tlast,

  // An inference is done
  output wire        irq
);

  // The host's side

  wire        write;
  wire [20:0] write_address;
  wire [31:0] write_data;
  wire        write_refused;
  wire [20:0] read_address;
  wire [31:0] read_data;
  wire        read_refused;
  wire        data_rst;
  wire        cfg_valid;
  wire        cfg_ready;
  wire [17:0] cfg_address;
  wire [31:0] cfg_data;
  wire [31:0] cycles;

  evoarray_axil_slave #(.ADDRESS_W(21)) u_axil_slave (
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

  // The images' side

  wire        image_valid;
  wire        image_ready;
  wire        image_last;        // the mark that came with the byte
  wire [7:0]  image_value;
  wire        image_last_due;    // and the one that belongs there
  wire        logits_valid;
  wire        logits_ready;
  wire        logits_last;
  wire [31:0] logits_value;

  evoarray_axis_register #(.DATA_W(9)) u_image (
    .clk     (clk),
    .rst     (data_rst),
    .s_valid (s_axis_image_tvalid),
    .s_ready (s_axis_image_tready),
    .s_data  ({s_axis_image_tlast, s_axis_image_tdata}),
    .m_valid (image_valid),
    .m_ready (image_ready),
    .m_data  ({image_last, image_value})
  );

  evoarray_neuro_core #(
    .ROWS        (ROWS),
    .COLS        (COLS),
    .LAYERS      (LAYERS),
    .ACTIVATIONS (ACTIVATIONS),
    .POSITIONS   (POSITIONS),
    .WEIGHTS     (WEIGHTS),
    .BIASES      (BIASES),
    .TABLES      (TABLES),
    .MULTIPLIER  (MULTIPLIER)
  ) u_neuro_core (
    .clk            (clk),
    .rst            (data_rst),
    .cfg_valid      (cfg_valid),
    .cfg_ready      (cfg_ready),
    .cfg_address    (cfg_address),
    .cfg_data       (cfg_data),
    .s_image_valid  (image_valid),
    .s_image_ready  (image_ready),
    .s_image_last   (image_last_due),
    .s_image_value  (image_value),
    .m_logits_valid (logits_valid),
    .m_logits_ready (logits_ready),
    .m_logits_last  (logits_last),
    .m_logits_value (logits_value),
    .cycles         (cycles)
  );

  // What this one offers must stay until it is taken, also where the host resets the data path.
  evoarray_axis_register #(.DATA_W(33)) u_logits (
    .clk     (clk),
    .rst     (rst),
    .s_valid (logits_valid),
    .s_ready (logits_ready),
    .s_data  ({logits_last, logits_value}),
    .m_valid (m_axis_logits_tvalid),
    .m_ready (m_axis_logits_tready),
    .m_data  ({m_axis_logits_tlast, m_axis_logits_tdata})
  );

  evoarray_neuro_registers #(
    .ROWS        (ROWS),
    .COLS        (COLS),
    .LAYERS      (LAYERS),
    .ACTIVATIONS (ACTIVATIONS),
    .POSITIONS   (POSITIONS),
    .WEIGHTS     (WEIGHTS),
    .BIASES      (BIASES),
    .TABLES      (TABLES),
    .MULTIPLIER  (MULTIPLIER)
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
    .image_done        (logits_valid && logits_ready && logits_last),
    .image_marks_wrong (image_valid && image_ready && (image_last != image_last_due)),
    .irq               (irq)
  );

endmodule

`default_nettype wire
