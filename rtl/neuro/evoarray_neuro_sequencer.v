// SPDX-License-Identifier: Apache-2.0
//
// What happens when: an image comes in, then the layers of the memory run one after the other until
// the one whose outputs are the logits.
//
//   idle -> fetch of layer 0 -> image -> run -> fetch of layer 1 -> run -> ... -> idle
//
// An image that is offered while idle begins it, unless the configuration is being written. Fetch
// takes 5 cycles, in which the four words of a layer are shifted in; they are valid from the
// image or the start of the run until its end. `start` is high in the first cycle of a run. A run
// ends when the last output has left, and the last byte of the input was taken: windows that are
// dropped may be the last ones.
//
// A layer's words, lowest bit first; counts are less 1:
//   0  kind 2 (0 dense, 1 conv, 2 pool), logits 1, relu 1, tabled 1, table 2, border 2, stride 2,
//      average 1, shift 6, tiles of a pass or maps of pooling 14
//   1  multiplier 31, unused 1
//   2  bytes of the input 16, output channels 16
//   3  width of the input 7, unused 1, height 7, unused 1, passes 16
//
// `cycles` is for how long the inference before was under way: from the cycle in which its image
// was offered to the last one in which the sequencer was not idle.

`default_nettype none

module evoarray_neuro_sequencer #(
  // Layers in the memory, 1 or more
  parameter integer LAYERS = 16,
  // Derived
  parameter integer WORD_W = $clog2(4 * LAYERS)
) (
  input  wire              clk,
  input  wire              rst,

  // Writes to the memory of the layers
  input  wire              w_valid,
  input  wire [WORD_W-1:0] w_address,
  input  wire [31:0]       w_data,

  // What goes on
  output wire              idle,
  input  wire              begins,        // while idle: an image is offered
  output wire              receiving,     // the image is to be written
  output wire              running,       // a layer is under way
  input  wire              received,      // its last byte is written
  output reg               start,
  input  wire              fed,           // the layer's input is read to its end
  input  wire              put_out,       // its last output leaves
  output reg               source_half,   // of the activation memory
  output reg  [31:0]       cycles,

  // The layer: its words one after the other, word 0 lowest
  output reg  [127:0]      layer
);

  localparam [1:0] IDLE  = 2'd0;
  localparam [1:0] FETCH = 2'd1;
  localparam [1:0] IMAGE = 2'd2;
  localparam [1:0] RUN   = 2'd3;

  generate
    if (LAYERS < 1) begin : g_illegal
      LAYERS_must_be_1_or_more u_stop ();
    end
  endgenerate

  reg  [1:0]        state_reg;
  reg  [1:0]        state_next;
  reg               first_reg;      // layer, which is the one that waits for the image
  reg  [2:0]        fetched_reg;
  reg  [WORD_W-1:0] word_reg;
  reg  [31:0]       cycles_reg;
  wire [31:0]       word;
  reg               put_out_reg;
  wire              fetched    = (fetched_reg == 3'd4);
  wire              layer_done = running && fed && (put_out || put_out_reg);
  wire              network_done = layer_done && layer[2];

  assign idle      = (state_reg == IDLE);
  assign receiving = (state_reg == IMAGE);
  assign running   = (state_reg == RUN);

  always @* begin
    state_next = state_reg;
    case (state_reg)
      IDLE:
        if (begins)
          state_next = FETCH;
      FETCH:
        if (fetched)
          state_next = first_reg ? IMAGE : RUN;
      IMAGE:
        if (received)
          state_next = RUN;
      default:
        if (layer_done)
          state_next = network_done ? IDLE : FETCH;
    endcase
  end

  always @(posedge clk)
    if (rst) begin
      state_reg <= IDLE;
      start     <= 1'b0;
    end else begin
      state_reg <= state_next;
      start     <= !running && (state_next == RUN);
    end

  always @(posedge clk)
    if (idle) begin
      first_reg   <= 1'b1;
      source_half <= 1'b0;
      fetched_reg <= 3'd0;
      word_reg    <= {WORD_W{1'b0}};
      cycles_reg  <= 32'd2;             // this one, and the next, which is under way then
    end else begin
      cycles_reg <= cycles_reg + 1'b1;
      if (state_reg == FETCH) begin
        fetched_reg <= fetched ? 3'd0 : fetched_reg + 1'b1;
        if (!fetched)
          word_reg <= word_reg + 1'b1;
      end
      if (layer_done) begin
        first_reg   <= 1'b0;
        source_half <= !source_half;
      end
    end

  always @(posedge clk)
    put_out_reg <= running && !layer_done && (put_out || put_out_reg);

  always @(posedge clk)
    if (network_done)
      cycles <= cycles_reg;

  evoarray_block_memory #(.WIDTH(32), .DEPTH(4 * LAYERS)) u_layers (
    .clk           (clk),
    .write         (w_valid),
    .write_address (w_address),
    .write_data    (w_data),
    .read          (1'b1),
    .read_address  (word_reg),
    .read_data     (word)
  );

  // In the first cycle of a fetch the memory has not read the word yet: what is shifted in then is
  // shifted out again.
  always @(posedge clk)
    if (state_reg == FETCH)
      layer <= {word, layer[127:32]};

endmodule

`default_nettype wire
