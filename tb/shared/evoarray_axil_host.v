// SPDX-License-Identifier: Apache-2.0
//
// A host on AXI4-Lite for testbenches in plain Verilog. Its tasks write and read one word each, and
// stop the simulation at any response but OKAY. Signals change at falling edges of the clock.

`default_nettype none

module evoarray_axil_host #(
  // Bits of an address
  parameter integer ADDRESS_W = 16
) (
  input  wire                 clk,

  output reg  [ADDRESS_W-1:0] m_axil_awaddr,
  output wire [2:0]           m_axil_awprot,
  output reg                  m_axil_awvalid,
  input  wire                 m_axil_awready,
  output reg  [31:0]          m_axil_wdata,
  output wire [3:0]           m_axil_wstrb,
  output reg                  m_axil_wvalid,
  input  wire                 m_axil_wready,
  input  wire [1:0]           m_axil_bresp,
  input  wire                 m_axil_bvalid,
  output wire                 m_axil_bready,
  output reg  [ADDRESS_W-1:0] m_axil_araddr,
  output wire [2:0]           m_axil_arprot,
  output reg                  m_axil_arvalid,
  input  wire                 m_axil_arready,
  input  wire [31:0]          m_axil_rdata,
  input  wire [1:0]           m_axil_rresp,
  input  wire                 m_axil_rvalid,
  output wire                 m_axil_rready
);

  assign m_axil_awprot = 3'd0;
  assign m_axil_wstrb  = 4'hF;
  assign m_axil_bready = 1'b1;
  assign m_axil_arprot = 3'd0;
  assign m_axil_rready = 1'b1;

  initial begin
    m_axil_awvalid = 1'b0;
    m_axil_wvalid  = 1'b0;
    m_axil_arvalid = 1'b0;
  end

  task write(input [ADDRESS_W-1:0] address, input [31:0] data);
    reg address_taken;
    reg data_taken;
    begin
      @(negedge clk);
      m_axil_awaddr  = address;
      m_axil_awvalid = 1'b1;
      m_axil_wdata   = data;
      m_axil_wvalid  = 1'b1;
      while (m_axil_awvalid || m_axil_wvalid) begin
        @(posedge clk);
        address_taken = m_axil_awready;
        data_taken    = m_axil_wready;
        @(negedge clk);
        if (address_taken) m_axil_awvalid = 1'b0;
        if (data_taken) m_axil_wvalid = 1'b0;
      end
      while (!m_axil_bvalid) @(negedge clk);
      check(m_axil_bresp, address);
      @(negedge clk);
    end
  endtask

  task read(input [ADDRESS_W-1:0] address, output [31:0] data);
    reg taken;
    begin
      @(negedge clk);
      m_axil_araddr  = address;
      m_axil_arvalid = 1'b1;
      while (m_axil_arvalid) begin
        @(posedge clk);
        taken = m_axil_arready;
        @(negedge clk);
        if (taken) m_axil_arvalid = 1'b0;
      end
      while (!m_axil_rvalid) @(negedge clk);
      data = m_axil_rdata;
      check(m_axil_rresp, address);
      @(negedge clk);
    end
  endtask

  task check(input [1:0] response, input [ADDRESS_W-1:0] address);
    if (response != 2'b00) begin
      $display("FAIL: the access to 0x%h got the response %0d", address, response);
      $stop;
    end
  endtask

endmodule

`default_nettype wire
