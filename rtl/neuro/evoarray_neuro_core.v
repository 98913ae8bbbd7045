// SPDX-License-Identifier: Apache-2.0
//
// Runs small int8 networks layer by layer on one systolic array, from a configuration memory.
//
//   s_image -> activation memory -> feeder -> mac_array -> accumulator -> m_logits
//                    ^                |           ^             |
//                    |                |        weights          v
//                    +----------------+---------------------- writer
//
// Equals forward() of model/neuro/forward.py for a network that model/neuro/program.py translates
// for ROWS, COLS and the sizes of the memories; docs/neural-core.md says how it works.
//
// An image is last_input + 1 bytes (of layer 0), int8, channel by channel and row by row;
// s_image_last says that the one that is taken is the last one. An image is accepted when the
// logits of the one before have left, and starts the inference. The logits leave as int32 in order;
// last marks the last one. Image and logits may stall in any cycle. Unstalled, an inference takes
// inference_cycles() of model/neuro/latency.py; `cycles` says how many the one before took, stalls
// and all.
//
// Configuration is written while no inference is under way (cfg_ready); it has precedence over the
// next image. Addresses are in words of 32 bits: bits 17:16 say which memory, the others where.
//   0  layers, four words each: evoarray_neuro_sequencer.v says what is in them
//   1  tables: entry e of table t is byte 0 of word 256*t + e
//   2  biases, in the order in which they are needed
//   3  weights, in rows of COLS in the order in which the array takes them: row r begins at word
//      r * 2^ceil(log2(COLS/4)), column c is byte c%4 of its word c/4
// Writes beyond a memory have no effect.

`default_nettype none

module evoarray_neuro_core #(
  // Rows of the array, 9 to 32768, and columns, 1 to 32768
  parameter integer ROWS        = 9,
  parameter integer COLS        = 8,
  // Layers
  parameter integer LAYERS      = 16,
  // Bytes of the largest input of a layer, up to 65536
  parameter integer ACTIVATIONS = 1024,
  // Positions of the largest map that a convolution makes, up to 65536
  parameter integer POSITIONS   = 64,
  // Rows of weights, and biases, of all layers
  parameter integer WEIGHTS     = 1024,
  parameter integer BIASES      = 256,
  // Tables of activations, 1 to 4
  parameter integer TABLES      = 3,
  // 1: layers may have a multiplier, 0: only shifts
  parameter integer MULTIPLIER  = 1
) (
  input  wire        clk,
  input  wire        rst,

  // Configuration writes
  input  wire        cfg_valid,
  output wire        cfg_ready,
  input  wire [17:0] cfg_address,
  input  wire [31:0] cfg_data,

  // Image in
  input  wire        s_image_valid,
  output wire        s_image_ready,
  output wire        s_image_last,
  input  wire [7:0]  s_image_value,

  // Logits out
  output wire        m_logits_valid,
  input  wire        m_logits_ready,
  output wire        m_logits_last,
  output wire [31:0] m_logits_value,

  // Clock cycles of the inference before
  output wire [31:0] cycles
);

  localparam integer ACTIVATION_W = $clog2(ACTIVATIONS);
  localparam integer LAYER_W      = $clog2(4 * LAYERS);
  localparam integer BIAS_W       = $clog2(BIASES);

  generate
    if (ROWS < 9 || ROWS > 32768 || COLS < 1 || COLS > 32768) begin : g_illegal_array
      ROWS_must_be_9_to_32768_and_COLS_1_to_32768 u_stop ();
    end
    if (ACTIVATIONS < 2 || ACTIVATIONS > 65536 || POSITIONS < 2 || POSITIONS > 65536)
    begin : g_illegal_maps
      ACTIVATIONS_and_POSITIONS_must_be_2_to_65536 u_stop ();
    end
    if (LAYERS < 1 || LAYERS > 16384 || BIASES < 2 || BIASES > 65536) begin : g_illegal_lists
      LAYERS_must_be_1_to_16384_and_BIASES_2_to_65536 u_stop ();
    end
  endgenerate

  // Configuration.
  wire        idle;
  wire        cfg_accept = cfg_valid && cfg_ready;
  wire [1:0]  region     = cfg_address[17:16];
  wire [31:0] place      = {16'd0, cfg_address[15:0]};

  assign cfg_ready = idle;

  // The layer, as evoarray_neuro_sequencer.v describes it.
  wire [127:0] layer;
  wire         dense       = (layer[1:0] == 2'd0);
  wire         conv        = (layer[1:0] == 2'd1);
  wire         pooling     = (layer[1:0] == 2'd2);
  wire         logits      = layer[2];
  wire [1:0]   border      = layer[8:7];
  wire [13:0]  last_tile   = layer[31:18];
  wire [15:0]  last_input  = layer[79:64];

  // Between the parts.
  wire                    receiving;
  wire                    running;
  wire                    start;
  wire                    source_half;
  wire                    fed;
  wire                    read;
  wire [ACTIVATION_W-1:0] read_address;
  wire [7:0]              read_data;
  wire                    window_valid;
  wire                    window_last;
  wire [71:0]             window;
  wire                    tile_start;
  wire                    vector_valid;
  wire                    vector_last;
  wire [ROWS*8-1:0]       vector;
  wire [COLS*8-1:0]       w_row;
  wire                    sums_valid;
  wire                    sums_ready;
  wire                    sums_last;
  wire [COLS*32-1:0]      sums;
  wire                    value_valid;
  wire                    value_ready;
  wire                    value_last;
  wire [31:0]             value;
  wire                    byte_valid;
  wire                    byte_last;
  wire [7:0]              byte_value;

  // The last output of a layer leaves.
  wire put_out = (m_logits_valid && m_logits_ready && value_last) || (byte_valid && byte_last);

  // Sums that cannot be taken yet hold all that is before them. Between layers the array is empty,
  // and rests.
  wire ce = !sums_valid || sums_ready;

  // The image is written to one half of the activation memory, each layer reads the half that was
  // written before and writes the other one.
  wire              image_accept = s_image_valid && receiving;
  wire              write        = image_accept || byte_valid;
  reg  [15:0]       write_address_reg;
  wire              write_half   = !receiving && !source_half;
  wire              received     = image_accept && s_image_last;

  assign s_image_ready = receiving;
  assign s_image_last  = receiving && (write_address_reg == last_input);

  always @(posedge clk)
    if (start || idle)
      write_address_reg <= 16'd0;
    else if (write)
      write_address_reg <= write_address_reg + 1'b1;

  evoarray_block_memory #(.WIDTH(8), .DEPTH(2 << ACTIVATION_W)) u_activations (
    .clk           (clk),
    .write         (write),
    .write_address ({write_half, write_address_reg[ACTIVATION_W-1:0]}),
    .write_data    (receiving ? s_image_value : byte_value),
    .read          (read),
    .read_address  ({source_half, read_address}),
    .read_data     (read_data)
  );

  evoarray_neuro_sequencer #(.LAYERS(LAYERS)) u_sequencer (
    .clk         (clk),
    .rst         (rst),
    .w_valid     (cfg_accept && (region == 2'd0) && (place < 4 * LAYERS)),
    .w_address   (place[LAYER_W-1:0]),
    .w_data      (cfg_data),
    .idle        (idle),
    .begins      (s_image_valid && !cfg_valid),
    .receiving   (receiving),
    .running     (running),
    .received    (received),
    .start       (start),
    .fed         (fed),
    .put_out     (put_out),
    .source_half (source_half),
    .cycles      (cycles),
    .layer       (layer)
  );

  evoarray_neuro_feeder #(.ROWS(ROWS), .ADDRESS_W(ACTIVATION_W)) u_feeder (
    .clk            (clk),
    .rst            (rst),
    .ce             (ce),
    .start          (start),
    .fed            (fed),
    .dense          (dense),
    .conv           (conv),
    .last_input     (last_input),
    .last_pass      (layer[127:112]),
    .width          (layer[102:96]),
    .height         (layer[110:104]),
    .border         (border),
    .stride         (layer[10:9]),
    .read           (read),
    .read_address   (read_address),
    .read_data      (read_data),
    .m_window_valid (window_valid),
    .m_window_last  (window_last),
    .m_window       (window),
    .m_tile_start   (tile_start),
    .m_vector_valid (vector_valid),
    .m_vector_last  (vector_last),
    .m_vector       (vector)
  );

  evoarray_neuro_weights #(.ROWS(ROWS), .COLS(COLS), .WEIGHTS(WEIGHTS)) u_weights (
    .clk        (clk),
    .rst        (rst),
    .ce         (ce),
    .w_valid    (cfg_accept && (region == 2'd3)),
    .w_address  (cfg_address[15:0]),
    .w_data     (cfg_data),
    .rewind     (idle),
    .dense      (dense),
    .tile_start (tile_start),
    .w_row      (w_row)
  );

  evoarray_mac_array #(.ROWS(ROWS), .COLS(COLS)) u_mac_array (
    .clk      (clk),
    .rst      (rst),
    .ce       (ce && running),
    .w_start  (tile_start),
    .w_row    (w_row),
    .s_valid  (vector_valid),
    .s_last   (vector_last),
    .s_vector (vector),
    .m_valid  (sums_valid),
    .m_last   (sums_last),
    .m_sums   (sums)
  );

  evoarray_neuro_accumulator #(.COLS(COLS), .POSITIONS(POSITIONS), .BIASES(BIASES)) u_accumulator (
    .clk         (clk),
    .rst         (rst),
    .w_valid     (cfg_accept && (region == 2'd2) && (place < BIASES)),
    .w_address   (place[BIAS_W-1:0]),
    .w_data      (cfg_data),
    .rewind      (idle),
    .last_tile   (last_tile),
    .last_output (layer[95:80]),
    .s_valid     (sums_valid),
    .s_ready     (sums_ready),
    .s_last      (sums_last),
    .s_sums      (sums),
    .m_valid     (value_valid),
    .m_ready     (value_ready),
    .m_last      (value_last),
    .m_value     (value)
  );

  evoarray_neuro_writer #(.MULTIPLIER(MULTIPLIER), .TABLES(TABLES)) u_writer (
    .clk            (clk),
    .rst            (rst),
    .w_valid        (cfg_accept && (region == 2'd1) && (place < 256 * TABLES)),
    .w_table        (place[9:8]),
    .w_address      (place[7:0]),
    .w_value        (cfg_data[7:0]),
    .pooling        (pooling),
    .average        (layer[11]),
    .size3          (border != 2'd2),
    .last_map       (last_tile),
    .relu           (layer[3]),
    .shift          (layer[17:12]),
    .multiplier     (layer[62:32]),
    .tabled         (layer[4]),
    .layer_table    (layer[6:5]),
    .s_valid        (value_valid && !logits),
    .s_last         (value_last),
    .s_value        (value),
    .s_window_valid (window_valid),
    .s_window_last  (window_last),
    .s_window       (window),
    .m_valid        (byte_valid),
    .m_last         (byte_last),
    .m_value        (byte_value)
  );

  // The layer with the logits hands its values out, the others write bytes.
  assign value_ready    = !logits || m_logits_ready;
  assign m_logits_valid = value_valid && logits;
  assign m_logits_last  = value_last;
  assign m_logits_value = value;

endmodule

`default_nettype wire
