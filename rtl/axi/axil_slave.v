// SPDX-License-Identifier: Apache-2.0
//
// AXI4-Lite on one side, plain reads and writes of words on the other.
//
// A write is done in the one cycle in which `write` is high: its address and its data are there, in
// whatever order they came, and the response to the write before was taken. `write_refused` in that
// cycle becomes the response SLVERR, and must mean that nothing was changed; a write of less than a
// word is refused here. A read has no effect: data and `read_refused` follow the address. One write
// and one read may be under way; neither waits for the other. All outputs of the bus are registered.

`default_nettype none

module axil_slave #(
  // Bits of an address in bytes
  parameter integer ADDRESS_W = 16
) (
  input  wire                 clk,
  input  wire                 rst,

  // AXI4-Lite
  input  wire [ADDRESS_W-1:0] s_axil_awaddr,
  input  wire [2:0]           s_axil_awprot,
  input  wire                 s_axil_awvalid,
  output wire                 s_axil_awready,
  input  wire [31:0]          s_axil_wdata,
  input  wire [3:0]           s_axil_wstrb,
  input  wire                 s_axil_wvalid,
  output wire                 s_axil_wready,
  output wire [1:0]           s_axil_bresp,
  output wire                 s_axil_bvalid,
  input  wire                 s_axil_bready,
  input  wire [ADDRESS_W-1:0] s_axil_araddr,
  input  wire [2:0]           s_axil_arprot,
  input  wire                 s_axil_arvalid,
  output wire                 s_axil_arready,
  output wire [31:0]          s_axil_rdata,
  output wire [1:0]           s_axil_rresp,
  output wire                 s_axil_rvalid,
  input  wire                 s_axil_rready,

  // A write; the address is that of the word's first byte
  output wire                 write,
  output wire [ADDRESS_W-1:0] write_address,
  output wire [31:0]          write_data,
  input  wire                 write_refused,

  // A read
  output wire [ADDRESS_W-1:0] read_address,
  input  wire [31:0]          read_data,
  input  wire                 read_refused
);

  // What came waits in a register that is free again as soon as the access is done.
  reg                 aw_valid_reg;
  reg [ADDRESS_W-1:2] aw_reg;
  reg                 w_valid_reg;
  reg [31:0]          w_reg;
  reg                 whole_reg;
  reg                 b_valid_reg;
  reg                 b_error_reg;

  wire write_now = aw_valid_reg && w_valid_reg && !b_valid_reg;

  assign write          = write_now && whole_reg;
  assign write_address  = {aw_reg, 2'b00};
  assign write_data     = w_reg;
  assign s_axil_awready = !aw_valid_reg;
  assign s_axil_wready  = !w_valid_reg;
  assign s_axil_bvalid  = b_valid_reg;
  assign s_axil_bresp   = {b_error_reg, 1'b0};

  always @(posedge clk)
    if (rst) begin
      aw_valid_reg <= 1'b0;
      w_valid_reg  <= 1'b0;
      b_valid_reg  <= 1'b0;
    end else begin
      aw_valid_reg <= aw_valid_reg ? !write_now : s_axil_awvalid;
      w_valid_reg  <= w_valid_reg ? !write_now : s_axil_wvalid;
      b_valid_reg  <= b_valid_reg ? !s_axil_bready : write_now;
    end

  always @(posedge clk) begin
    if (s_axil_awready)
      aw_reg <= s_axil_awaddr[ADDRESS_W-1:2];
    if (s_axil_wready) begin
      w_reg     <= s_axil_wdata;
      whole_reg <= &s_axil_wstrb;
    end
    if (write_now)
      b_error_reg <= write_refused || !whole_reg;
  end

  reg                 ar_valid_reg;
  reg [ADDRESS_W-1:2] ar_reg;
  reg                 r_valid_reg;
  reg                 r_error_reg;
  reg [31:0]          r_reg;

  wire read_now = ar_valid_reg && !r_valid_reg;

  assign read_address   = {ar_reg, 2'b00};
  assign s_axil_arready = !ar_valid_reg;
  assign s_axil_rvalid  = r_valid_reg;
  assign s_axil_rresp   = {r_error_reg, 1'b0};
  assign s_axil_rdata   = r_reg;

  always @(posedge clk)
    if (rst) begin
      ar_valid_reg <= 1'b0;
      r_valid_reg  <= 1'b0;
    end else begin
      ar_valid_reg <= ar_valid_reg ? !read_now : s_axil_arvalid;
      r_valid_reg  <= r_valid_reg ? !s_axil_rready : read_now;
    end

  always @(posedge clk) begin
    if (s_axil_arready)
      ar_reg <= s_axil_araddr[ADDRESS_W-1:2];
    if (read_now) begin
      r_reg       <= read_data;
      r_error_reg <= read_refused;
    end
  end

endmodule

`default_nettype wire
