// SPDX-License-Identifier: Apache-2.0
//
// Makes the bytes that a layer writes: of accumulators by requantisation and a table, or of windows
// by pooling.
//
// A byte leaves 5 cycles after its accumulator came, 4 cycles after its window. m_last goes with
// the last byte of a layer: with the last accumulator, or the last window of the last map.

`default_nettype none

module evoarray_neuro_writer #(
  // 1: layers may have a multiplier, 0: only shifts
  parameter integer MULTIPLIER = 1,
  // Tables, 1 to 4
  parameter integer TABLES     = 3
) (
  input  wire        clk,
  input  wire        rst,

  // Table writes
  input  wire        w_valid,
  input  wire [1:0]  w_table,
  input  wire [7:0]  w_address,
  input  wire [7:0]  w_value,

  // The layer
  input  wire        pooling,
  input  wire        average,
  input  wire        size3,
  input  wire [13:0] last_map,      // of pooling: maps, less 1
  input  wire        relu,
  input  wire [5:0]  shift,
  input  wire [30:0] multiplier,
  input  wire        tabled,
  input  wire [1:0]  layer_table,

  // Accumulators in
  input  wire        s_valid,
  input  wire        s_last,
  input  wire [31:0] s_value,

  // Windows in; last marks the last one of a map
  input  wire        s_window_valid,
  input  wire        s_window_last,
  input  wire [71:0] s_window,

  // Bytes out
  output reg         m_valid,
  output reg         m_last,
  output wire [7:0]  m_value
);

  localparam integer REQUANT = 4;   // cycles of latency

  wire       scaled_valid;
  wire [7:0] scaled;
  wire       pooled_valid;
  wire       pooled_last;
  wire [7:0] pooled;

  evoarray_requant #(.MULTIPLIER(MULTIPLIER)) u_requant (
    .clk           (clk),
    .rst           (rst),
    .ce            (1'b1),
    .s_valid       (s_valid),
    .s_accumulator (s_value),
    .s_shift       (shift),
    .s_multiplier  (multiplier),
    .s_low_zero    (relu),
    .m_valid       (scaled_valid),
    .m_value       (scaled)
  );

  evoarray_pool u_pool (
    .clk     (clk),
    .rst     (rst),
    .ce      (1'b1),
    .s_valid (s_window_valid && pooling),
    .s_last  (s_window_last),
    .s_taps  (s_window),
    .average (average),
    .size3   (size3),
    .m_valid (pooled_valid),
    .m_last  (pooled_last),
    .m_value (pooled)
  );

  wire [TABLES*8-1:0] entries;

  genvar i;
  generate
    if (TABLES < 1 || TABLES > 4) begin : g_illegal
      TABLES_must_be_1_to_4 u_stop ();
    end

    for (i = 0; i < TABLES; i = i + 1) begin : g_table
      evoarray_activation_lut u_activation_lut (
        .clk       (clk),
        .ce        (1'b1),
        .w_valid   (w_valid && (w_table == i)),
        .w_address (w_address),
        .w_value   (w_value),
        .s_value   (scaled),
        .m_value   (entries[i*8 +: 8])
      );
    end
  endgenerate

  reg [REQUANT-1:0] last_reg;
  reg [13:0]        map_reg;
  reg [7:0]         plain_reg;

  wire map_end   = pooled_valid && pooled_last;
  wire layer_end = map_end && (map_reg == last_map);

  always @(posedge clk)
    if (rst) begin
      map_reg <= 14'd0;
      m_valid <= 1'b0;
    end else begin
      if (map_end)
        map_reg <= layer_end ? 14'd0 : map_reg + 1'b1;
      m_valid <= scaled_valid || pooled_valid;
    end

  always @(posedge clk) begin
    last_reg  <= {last_reg[REQUANT-2:0], s_last};
    m_last    <= pooling ? layer_end : last_reg[REQUANT-1];
    plain_reg <= pooling ? pooled : scaled;
  end

  assign m_value = tabled ? entries[layer_table*8 +: 8] : plain_reg;

endmodule

`default_nettype wire
