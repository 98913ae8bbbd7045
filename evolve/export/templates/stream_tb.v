// SPDX-License-Identifier: Apache-2.0
// NAME_stream: random frames, and what the golden model makes of them; both sides pause.
// iverilog -g2005 -o NAME_stream_tb SOURCES \
//   NAME_stream_tb.v && vvp -N NAME_stream_tb
// After FAIL it stops, which vvp -N and Verilator end with a status other than 0.

`default_nettype none

module NAME_stream_tb;

  localparam integer WIDTH  = 9;
  localparam integer HEIGHT = 7;
  localparam integer FRAMES = 3;
  localparam integer PIXELS = FRAMES * WIDTH * HEIGHT;

  reg  [15:0] vectors [0:PIXELS-1];  // the filtered pixel, then the noisy one
  reg         clk = 1'b0;
  reg         rst = 1'b1;
  reg         offered = 1'b0;
  reg         ready = 1'b0;
  wire        taken;
  wire        valid;
  wire        user;
  wire        last;
  wire [7:0]  pixel;
  wire        marks_wrong;

  integer waited   = 0;  // cycles since a pixel came
  integer sent     = 0;
  integer compared = 0;
  integer wrong    = 0;

  wire [15:0] vector = vectors[sent];

  NAME_stream #(.MAX_WIDTH(WIDTH), .MAX_HEIGHT(HEIGHT)) dut (
    .clk           (clk),
    .rst           (rst),
    .frame_width   (4'd9),
    .frame_height  (3'd7),
    .s_axis_tdata  (vector[7:0]),
    .s_axis_tvalid (offered),
    .s_axis_tready (taken),
    .s_axis_tuser  (sent % (WIDTH * HEIGHT) == 0),
    .s_axis_tlast  (sent % WIDTH == WIDTH - 1),
    .m_axis_tdata  (pixel),
    .m_axis_tvalid (valid),
    .m_axis_tready (ready),
    .m_axis_tuser  (user),
    .m_axis_tlast  (last),
    .marks_wrong   (marks_wrong)
  );

  always #5 clk = !clk;

  initial begin
VECTORS
    repeat (3) @(negedge clk);
    rst = 1'b0;
  end

  // What is offered stays until it is taken.
  always @(negedge clk) begin
    ready = ($random & 3) != 0;
    if (!offered && sent < PIXELS)
      offered = !rst && ($random & 7) != 0;
  end

  always @(posedge clk)
    if (!rst) begin
      if (offered && taken) begin
        sent    <= sent + 1;
        offered <= sent + 1 < PIXELS && ($random & 7) != 0;
      end
      if (marks_wrong)
        wrong = wrong + 1;
      waited = waited + 1;
      if (waited == 10 * PIXELS) begin
        $display("FAIL: no pixel comes after %0d of %0d", compared, PIXELS);
        $stop;
      end
      if (valid && ready) begin
        if (pixel !== vectors[compared][15:8]
            || user !== (compared % (WIDTH * HEIGHT) == 0)
            || last !== (compared % WIDTH == WIDTH - 1)) begin
          wrong = wrong + 1;
          if (wrong <= 10)
            $display("pixel %0d: %0d, not %0d", compared, pixel, vectors[compared][15:8]);
        end
        compared = compared + 1;
        waited = 0;
        if (compared == PIXELS) begin
          if (wrong == 0) begin
            $display("PASS: %0d pixels", compared);
            $finish;
          end else begin
            $display("FAIL: %0d of %0d pixels", wrong, compared);
            $stop;
          end
        end
      end
    end

endmodule

`default_nettype wire
