// SPDX-License-Identifier: Apache-2.0
//
// The evolvable mesh: ROWS x COLS processing elements, border selectors, delay balance, output
// selection, and the active configuration, which follows the wavefront.
//
//   window --> north selectors, column c delayed c+1 cycles
//     |            |          |          |
//     |         PE(0,0) -> PE(0,1) -> PE(0,2) --+
//     |            |          |          |      v  the chosen row of the east column,
//     +-> west  PE(1,0) -> PE(1,1) -> PE(1,2) --+  carried south along with the wavefront
//      selectors,                               v
//      row r delayed r+1 cycles              m_pixel
//
// Equals run() of model/filter/array.py. Latency ROWS + COLS + 1 cycles (array_cycles of
// model/filter/latency.py), whatever the output row. One window per cycle; while ce is low
// everything holds. A cycle of ce without s_valid is a bubble that travels along.
//
// Configuration: s_load on a window means that this window and all later ones are computed with
// the genes that stand on the configuration inputs. Each PE takes its own when that window
// reaches it, so frames with different circuits follow each other without a gap. The inputs must
// hold from s_load until m_load. Lanes: PE(r,c) at [(r*COLS+c)*CODE_W +: CODE_W], selectors at
// [i*4 +: 4].

`default_nettype none

module evoarray_systolic_array #(
  // Rows and columns of the mesh, each 1 to 64
  parameter integer ROWS         = 8,
  parameter integer COLS         = 8,
  // Function set: 0 upm16, 1 upm19, 2 cgp16
  parameter integer FUNCTION_SET = 0,
  // Elements: 0 evoarray_pe, 1 evoarray_pe_two_stage, which has upm16 only
  parameter integer TWO_STAGE    = 0,
  // Derived
  parameter integer CODE_W       = (TWO_STAGE != 0) ? 8 : 5
) (
  input  wire                        clk,
  input  wire                        rst,
  input  wire                        ce,

  // Configuration to take with s_load: codes of evoarray_pe, or controls of evoarray_pe_two_stage
  input  wire [ROWS*COLS*CODE_W-1:0] functions,
  input  wire [COLS*4-1:0]           north,
  input  wire [ROWS*4-1:0]           west,
  input  wire [5:0]                  output_row,

  // Windows in: pixel i of WINDOW_PIXELS (model/window.py) at [i*8 +: 8]
  input  wire                        s_valid,
  input  wire                        s_load,
  input  wire                        s_line_last,
  input  wire                        s_last,
  input  wire [71:0]                 s_window,

  // Pixels out, with the marks of their window
  output wire                        m_valid,
  output wire                        m_load,
  output wire                        m_line_last,
  output wire                        m_last,
  output wire [7:0]                  m_pixel
);

  localparam integer LATENCY = ROWS + COLS + 1;

  generate
    if (ROWS < 1 || ROWS > 64 || COLS < 1 || COLS > 64) begin : g_illegal_mesh
      ROWS_and_COLS_must_be_from_1_to_64 u_stop ();
    end
    if (TWO_STAGE < 0 || TWO_STAGE > 1) begin : g_illegal_elements
      TWO_STAGE_must_be_0_or_1 u_stop ();
    end
    if (TWO_STAGE != 0 && FUNCTION_SET != 0) begin : g_illegal_set
      TWO_STAGE_needs_FUNCTION_SET_0 u_stop ();
    end
  endgenerate

  // Marks travel beside the windows; load[0] is high while a first window enters, load[d+1] while
  // what was selected of it enters diagonal d.
  reg  [LATENCY-1:0] valid_reg;
  reg  [LATENCY-1:0] load_reg;
  reg  [LATENCY-1:0] line_last_reg;
  reg  [LATENCY-1:0] last_reg;
  wire [LATENCY-1:0] load = {load_reg[LATENCY-2:0], s_valid && s_load};

  always @(posedge clk)
    if (rst) begin
      valid_reg     <= {LATENCY{1'b0}};
      load_reg      <= {LATENCY{1'b0}};
      line_last_reg <= {LATENCY{1'b0}};
      last_reg      <= {LATENCY{1'b0}};
    end else if (ce) begin
      valid_reg     <= {valid_reg[LATENCY-2:0], s_valid};
      load_reg      <= load;
      line_last_reg <= {line_last_reg[LATENCY-2:0], s_valid && s_line_last};
      last_reg      <= {last_reg[LATENCY-2:0], s_valid && s_last};
    end

  // Spares a simulator the question to every PE in most cycles.
  wire loading = |load;

  assign m_valid     = valid_reg[LATENCY-1];
  assign m_load      = load_reg[LATENCY-1];
  assign m_line_last = line_last_reg[LATENCY-1];
  assign m_last      = last_reg[LATENCY-1];

  // The window's own register lets the genes change together with it. Its pixels stand in an array,
  // of which a simulator takes one by its index. A selector code above 8, which no circuit has,
  // reads pixel 8.
  reg [71:0] window_reg;
  (* mem2reg *)
  reg [7:0]  pixels [0:15];

  always @(posedge clk)
    if (ce)
      window_reg <= s_window;

  integer p;
  always @*
    for (p = 0; p < 16; p = p + 1)
      pixels[p] = window_reg[((p < 8) ? p : 8)*8 +: 8];

  // A selection ends in a register, the first of its delay, as that of PE(0,0) would make the
  // longest path of all.
  wire [COLS*8-1:0] selected_north;
  wire [ROWS*8-1:0] selected_west;
  wire [COLS*8-1:0] entering_north;
  wire [ROWS*8-1:0] entering_west;

  evoarray_skew #(.LANES(COLS)) u_skew_north (
    .clk (clk),
    .ce  (ce),
    .d   (selected_north),
    .q   (entering_north)
  );

  evoarray_skew #(.LANES(ROWS)) u_skew_west (
    .clk (clk),
    .ce  (ce),
    .d   (selected_west),
    .q   (entering_west)
  );

  genvar r, c;
  generate
    for (c = 0; c < COLS; c = c + 1) begin : g_north
      reg [3:0] selector_reg;

      always @(posedge clk)
        if (ce && loading)
          if (load[0])
            selector_reg <= north[c*4 +: 4];

      assign selected_north[c*8 +: 8] = pixels[selector_reg];
    end

    for (r = 0; r < ROWS; r = r + 1) begin : g_row
      reg [3:0] selector_reg;

      always @(posedge clk)
        if (ce && loading)
          if (load[0])
            selector_reg <= west[r*4 +: 4];

      assign selected_west[r*8 +: 8] = pixels[selector_reg];

      for (c = 0; c < COLS; c = c + 1) begin : g_col
        wire [7:0] from_north;
        wire [7:0] from_west;
        wire [7:0] result;

        reg [CODE_W-1:0] function_reg;

        if (r == 0) begin : g_top
          assign from_north = entering_north[c*8 +: 8];
        end else begin : g_inner_row
          assign from_north = g_row[r-1].g_col[c].result;
        end
        if (c == 0) begin : g_left
          assign from_west = entering_west[r*8 +: 8];
        end else begin : g_inner_col
          assign from_west = g_row[r].g_col[c-1].result;
        end

        always @(posedge clk)
          if (ce && loading)
            if (load[r+c+1])
              function_reg <= functions[(r*COLS+c)*CODE_W +: CODE_W];

        if (TWO_STAGE != 0) begin : g_two_stage
          evoarray_pe_two_stage u_pe (
            .clk     (clk),
            .ce      (ce),
            .control (function_reg),
            .north   (from_north),
            .west    (from_west),
            .result  (result)
          );
        end else begin : g_plain
          evoarray_pe #(.FUNCTION_SET(FUNCTION_SET)) u_pe (
            .clk           (clk),
            .ce            (ce),
            .function_code (function_reg),
            .north         (from_north),
            .west          (from_west),
            .result        (result)
          );
        end
      end

      // The output row's result joins here and moves south with its wavefront: whatever the
      // row, it takes the same number of cycles to the corner.
      wire [7:0] carried;

      if (r == 0) begin : g_first
        assign carried = g_col[COLS-1].result;
      end else begin : g_next
        reg       chosen_reg;
        reg [7:0] carried_reg;

        always @(posedge clk)
          if (ce)
            carried_reg <= g_row[r-1].carried;

        always @(posedge clk)
          if (ce && loading)
            if (load[r+COLS+1])
              chosen_reg <= (output_row == r);

        assign carried = chosen_reg ? g_col[COLS-1].result : carried_reg;
      end
    end
  endgenerate

  assign m_pixel = g_row[ROWS-1].carried;

endmodule

`default_nettype wire
