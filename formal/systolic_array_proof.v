// SPDX-License-Identifier: Apache-2.0
//
// Delay balance: with elements that pass north or west on, whatever path a circuit lays through
// the mesh, and wherever it begins and ends, the pixel that arrives is one of the window that
// entered ROWS + COLS + 1 enabled cycles ago, and it took that window's circuit. As every path to
// an element's inputs is among them, elements only combine pixels of the same window.

`default_nettype none

module systolic_array_proof #(
  parameter integer ROWS   = 2,
  parameter integer COLS   = 2,
  // Whether ce may be low
  parameter integer STALLS = 0
) (
  input wire                 clk,
  input wire                 rst,
  input wire                 ce,
  input wire [ROWS*COLS-1:0] routes,  // of each element: whether it passes west on
  input wire [COLS*4-1:0]    north,
  input wire [ROWS*4-1:0]    west,
  input wire [5:0]           output_row,
  input wire                 s_valid,
  input wire                 s_load,
  input wire                 s_last,
  input wire [71:0]          s_window
);

  localparam integer LATENCY   = ROWS + COLS + 1;
  localparam integer CIRCUIT_W = ROWS*COLS + COLS*4 + ROWS*4 + 6;

  wire       m_valid;
  wire       m_load;
  wire       m_last;
  wire [7:0] m_pixel;

  // upm16 has N at 10, W at 11.
  wire [ROWS*COLS*5-1:0] functions;
  genvar i;
  generate
    for (i = 0; i < ROWS*COLS; i = i + 1) begin : g_function
      assign functions[i*5 +: 5] = {4'b0101, routes[i]};
    end
  endgenerate

  evoarray_systolic_array #(.ROWS(ROWS), .COLS(COLS), .FUNCTION_SET(0)) u_systolic_array (
    .clk        (clk),
    .rst        (rst),
    .ce         (ce),
    .functions  (functions),
    .north      (north),
    .west       (west),
    .output_row (output_row),
    .s_valid    (s_valid),
    .s_load     (s_load),
    .s_last     (s_last),
    .s_window   (s_window),
    .m_valid    (m_valid),
    .m_load     (m_load),
    .m_last     (m_last),
    .m_pixel    (m_pixel)
  );

  // The circuit of the window that enters, and what a mesh without delays makes of it.
  wire                 loads   = s_valid && s_load;
  wire [CIRCUIT_W-1:0] offered = {output_row, west, north, routes};
  reg  [CIRCUIT_W-1:0] kept;
  wire [CIRCUIT_W-1:0] circuit = loads ? offered : kept;

  wire [ROWS*COLS-1:0] circuit_routes = circuit[ROWS*COLS-1:0];
  wire [COLS*4-1:0]    circuit_north  = circuit[ROWS*COLS +: COLS*4];
  wire [ROWS*4-1:0]    circuit_west   = circuit[ROWS*COLS + COLS*4 +: ROWS*4];
  wire [5:0]           circuit_output = circuit[ROWS*COLS + COLS*4 + ROWS*4 +: 6];

  function [7:0] pixel_of(input [71:0] window, input [3:0] selector);
    pixel_of = window[((selector < 8) ? selector : 8)*8 +: 8];
  endfunction

  integer                 r, c;
  reg [ROWS*COLS*8-1:0]   mesh;
  reg [7:0]               from_north, from_west;
  reg [7:0]               routed;

  always @* begin
    mesh   = {ROWS*COLS*8{1'b0}};
    routed = 8'd0;
    for (r = 0; r < ROWS; r = r + 1)
      for (c = 0; c < COLS; c = c + 1) begin
        if (r == 0) from_north = pixel_of(s_window, circuit_north[c*4 +: 4]);
        else        from_north = mesh[((r-1)*COLS + c)*8 +: 8];
        if (c == 0) from_west = pixel_of(s_window, circuit_west[r*4 +: 4]);
        else        from_west = mesh[(r*COLS + c-1)*8 +: 8];
        mesh[(r*COLS + c)*8 +: 8] = circuit_routes[r*COLS + c] ? from_west : from_north;
        if (c == COLS-1 && circuit_output == r)
          routed = mesh[(r*COLS + c)*8 +: 8];
      end
  end

  // It is expected LATENCY enabled cycles later, at the end of this line.
  reg                 began = 1'b0;   // since the first reset
  reg                 configured;     // since a window brought the first circuit
  reg [LATENCY-1:0]   valid, load, last, known;
  reg [LATENCY*8-1:0] pixels;

  always @(posedge clk)
    if (rst) begin
      began      <= 1'b1;
      configured <= 1'b0;
      valid      <= {LATENCY{1'b0}};
      load       <= {LATENCY{1'b0}};
      last       <= {LATENCY{1'b0}};
      known      <= {LATENCY{1'b0}};
    end else if (ce) begin
      configured <= configured || loads;
      valid      <= {valid[LATENCY-2:0], s_valid};
      load       <= {load[LATENCY-2:0], loads};
      last       <= {last[LATENCY-2:0], s_valid && s_last};
      known      <= {known[LATENCY-2:0], s_valid && (configured || loads)};
    end

  always @(posedge clk)
    if (ce) begin
      pixels <= {pixels[LATENCY*8-9:0], routed};
      kept   <= circuit;
    end

  // The environment: a row that exists, and inputs that hold from s_load until m_load.
  reg [CIRCUIT_W-1:0] held;

  always @(posedge clk)
    held <= offered;

  always @* begin
    assume (output_row < ROWS);
    if (began && |load)
      assume (offered == held);
    if (began && !STALLS)
      assume (ce);
    if (!began)
      assume (rst);
  end

  always @*
    if (began) begin
      assert (m_valid == valid[LATENCY-1]);
      assert (m_load == load[LATENCY-1]);
      assert (m_last == last[LATENCY-1]);
      if (known[LATENCY-1])
        assert (m_pixel == pixels[LATENCY*8-1 -: 8]);
    end

endmodule

`default_nettype wire
