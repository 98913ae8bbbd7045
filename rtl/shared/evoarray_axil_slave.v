// SPDX-License-Identifier: Apache-2.0
//
// AXI4-Lite on one side, plain reads and writes of words on the other.
//
// A write is done in the one cycle in which `write` is high: its address and its data are there, in
// whatever order they came, and the response to the write before was taken. `write_refused` in that
// cycle becomes the response SLVERR, and must mean that nothing was changed; a write of less than a
// word is refused here. A read has no effect: data and `read_refused` follow the address. One write
// and one read may be under way; neither waits for the other. All outputs of the bus are
// registered.

`default_nettype none

module evoarray_axil_slave #(
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

`ifdef FORMAL_EVOARRAY_AXIL_SLAVE
  // The rules of AXI4-Lite, and that each access is done once and as it came. Nothing is assumed of
  // the master. Counted are transfers that were accepted and whose response was not yet taken.
  reg                 formal_began_reg = 1'b0;
  reg                 formal_reset_reg;
  reg [1:0]           formal_aws_reg;
  reg [1:0]           formal_ws_reg;
  reg [1:0]           formal_ars_reg;
  reg [ADDRESS_W-1:0] formal_aw_reg;
  reg [35:0]          formal_w_reg;
  reg [ADDRESS_W-1:0] formal_ar_reg;
  reg                 formal_b_stalled_reg;
  reg                 formal_r_stalled_reg;
  reg                 formal_written_reg;
  reg                 formal_read_reg;
  reg [1:0]           formal_bresp_reg;      // what the response must be
  reg [33:0]          formal_r_reg;
  reg [1:0]           formal_b_delay_reg;    // cycles in which a response was due and not there
  reg [1:0]           formal_r_delay_reg;

  wire formal_b = s_axil_bvalid && s_axil_bready;
  wire formal_r = s_axil_rvalid && s_axil_rready;

  // One response may be on offer; whatever else is counted waits for its access.
  wire formal_aw_waits = formal_aws_reg > s_axil_bvalid;
  wire formal_w_waits  = formal_ws_reg > s_axil_bvalid;
  wire formal_ar_waits = formal_ars_reg > s_axil_rvalid;
  wire formal_writes   = formal_aw_waits && formal_w_waits && !s_axil_bvalid;
  wire formal_reads    = formal_ar_waits && !s_axil_rvalid;
  wire formal_whole    = &formal_w_reg[35:32];

  always @(posedge clk) begin
    formal_reset_reg     <= rst;
    formal_b_stalled_reg <= !rst && s_axil_bvalid && !s_axil_bready;
    formal_r_stalled_reg <= !rst && s_axil_rvalid && !s_axil_rready;
    formal_written_reg   <= !rst && formal_writes;
    formal_read_reg      <= !rst && formal_reads;
    if (formal_writes)
      formal_bresp_reg <= {formal_whole ? write_refused : 1'b1, 1'b0};
    if (formal_reads)
      formal_r_reg <= {read_refused, 1'b0, read_data};
    if (s_axil_awvalid && s_axil_awready)
      formal_aw_reg <= s_axil_awaddr;
    if (s_axil_wvalid && s_axil_wready)
      formal_w_reg <= {s_axil_wstrb, s_axil_wdata};
    if (s_axil_arvalid && s_axil_arready)
      formal_ar_reg <= s_axil_araddr;
    if (rst) begin
      formal_began_reg   <= 1'b1;
      formal_aws_reg     <= 2'd0;
      formal_ws_reg      <= 2'd0;
      formal_ars_reg     <= 2'd0;
      formal_b_delay_reg <= 2'd0;
      formal_r_delay_reg <= 2'd0;
    end else begin
      formal_aws_reg <= formal_aws_reg + (s_axil_awvalid && s_axil_awready) - formal_b;
      formal_ws_reg  <= formal_ws_reg + (s_axil_wvalid && s_axil_wready) - formal_b;
      formal_ars_reg <= formal_ars_reg + (s_axil_arvalid && s_axil_arready) - formal_r;
      formal_b_delay_reg <= (formal_aws_reg && formal_ws_reg && !s_axil_bvalid)
                            ? formal_b_delay_reg + 1'b1 : 2'd0;
      formal_r_delay_reg <= (formal_ars_reg && !s_axil_rvalid)
                            ? formal_r_delay_reg + 1'b1 : 2'd0;
    end
  end

  always @*
    if (!formal_began_reg)
      assume (rst);
    else begin
      // Address and data are accepted in any order, each whenever none of its kind waits.
      assert (s_axil_awready == !formal_aw_waits);
      assert (s_axil_wready == !formal_w_waits);
      assert (s_axil_arready == !formal_ar_waits);

      // A response comes in the cycle after its access, whether the master is ready or not, and
      // stays; there is one for each access, and none without.
      assert (s_axil_bvalid == (formal_b_stalled_reg || formal_written_reg));
      assert (s_axil_rvalid == (formal_r_stalled_reg || formal_read_reg));
      assert (formal_aws_reg - s_axil_bvalid <= 2'd1 && formal_ws_reg - s_axil_bvalid <= 2'd1);
      assert (formal_ars_reg - s_axil_rvalid <= 2'd1);

      // It says whether the access was refused, and stays the same.
      if (s_axil_bvalid)
        assert (s_axil_bresp == formal_bresp_reg);
      if (s_axil_rvalid)
        assert ({s_axil_rresp, s_axil_rdata} == formal_r_reg);

      // A write of a whole word is done once, when its response is decided, and nothing else is.
      assert (write == (formal_writes && formal_whole));
      if (formal_aw_waits)
        assert (write_address == {formal_aw_reg[ADDRESS_W-1:2], 2'b00});
      if (formal_w_waits)
        assert (write_data == formal_w_reg[31:0] && whole_reg == formal_whole);
      if (formal_ar_waits)
        assert (read_address == {formal_ar_reg[ADDRESS_W-1:2], 2'b00});

      // No deadlock: what has come in full is answered in the next cycle but one.
      assert (formal_b_delay_reg <= 2'd1 && formal_r_delay_reg <= 2'd1);

      // A reset leaves nothing behind.
      if (formal_reset_reg) begin
        assert (!s_axil_bvalid && !s_axil_rvalid && !write);
        assert (s_axil_awready && s_axil_wready && s_axil_arready);
      end
    end
`endif

endmodule

`default_nettype wire
