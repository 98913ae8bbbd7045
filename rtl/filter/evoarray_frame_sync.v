// SPDX-License-Identifier: Apache-2.0
//
// Keeps frames in step with a source that never stops: pixels that no frame begins with are dropped
// until one with tuser comes, and a frame whose marks are wrong is filled up with black ones.
//
// Every frame that has right marks goes in whole, whatever came before it. What is wrong of another
// one ends it: a tuser within it, which waits until the frame is filled up, a tlast too many, or
// one that is missing. What follows until the next tuser is dropped. While `sync` is low every
// pixel goes in as it comes. Latency 0; no counterpart in the model.
//
//   next pixel            comes with           is            and the frame
//   the first one         no tuser             dropped       waits
//   the first one         tuser, tlast         passed on     is bad
//   another one           tuser                kept waiting  is bad
//   another one           a wrong tlast        passed on     is bad
//   of a bad frame        no tuser             dropped       gets a black pixel
//   of a bad frame        tuser                kept waiting  gets a black pixel

`default_nettype none

module evoarray_frame_sync (
  input  wire       clk,
  input  wire       rst,
  input  wire       sync,

  // Pixels in, with their marks
  input  wire       s_valid,
  output wire       s_ready,
  input  wire       s_user,
  input  wire       s_last,
  input  wire [7:0] s_pixel,

  // Pixels out; while m_ready is high, first and line_last say where the next one belongs, and
  // first is never high elsewhere
  output wire       m_valid,
  input  wire       m_ready,
  input  wire       m_first,
  input  wire       m_line_last,
  output wire [7:0] m_pixel,

  // A pixel is dropped; marks are wrong
  output wire       dropped,
  output wire       wrong
);

  // A frame that is bad ends where the next one would begin.
  reg  bad_reg;
  wire filling  = sync && bad_reg && !m_first;
  wire early    = sync && s_user && !m_first;
  wire mismatch = ({s_user, s_last} != {m_first, m_line_last});

  assign dropped = sync && s_valid && !s_user && (bad_reg || m_first);
  assign m_valid = filling || (s_valid && !dropped && !early);
  assign m_pixel = filling ? 8'd0 : s_pixel;
  assign s_ready = dropped || (m_ready && !filling && !early);
  assign wrong   = dropped || (s_valid && m_ready && !filling && mismatch);

  // Without m_ready the marks of the next pixel mean nothing.
  always @(posedge clk)
    if (rst)
      bad_reg <= 1'b0;
    else if (m_ready)
      bad_reg <= filling || (sync && s_valid && mismatch && !dropped);

`ifdef FORMAL_EVOARRAY_FRAME_SYNC
  // Of frames of 3x3: where the next pixel belongs that goes in, and where the one that comes does,
  // if it and the pixels since the last tuser have the marks of a frame. Without m_ready, m_first
  // may be low where a frame begins, and m_line_last is whatever it likes.
  reg        formal_began_reg = 1'b0;
  reg  [1:0] formal_x_reg, formal_y_reg;
  reg        formal_right_reg;
  reg  [1:0] formal_next_x_reg, formal_next_y_reg;
  reg        formal_alien_reg;   // the frame that goes in began without sync
  reg  [3:0] formal_waited_reg;  // cycles of m_ready in which a pixel was offered and not taken

  wire       formal_first     = (formal_x_reg == 2'd0) && (formal_y_reg == 2'd0);
  wire       formal_line_last = (formal_x_reg == 2'd2);
  wire [3:0] formal_inside    = 3*formal_y_reg + formal_x_reg;
  wire       formal_taken     = s_valid && s_ready;
  wire       formal_enters    = m_valid && m_ready;
  wire       formal_right     = sync && (s_user || formal_right_reg);
  wire [1:0] formal_at_x      = s_user ? 2'd0 : formal_next_x_reg;
  wire [1:0] formal_at_y      = s_user ? 2'd0 : formal_next_y_reg;
  wire       formal_line_end  = (formal_at_x == 2'd2);

  always @(posedge clk)
    if (rst) begin
      formal_began_reg             <= 1'b1;
      {formal_x_reg, formal_y_reg} <= 4'd0;
      formal_right_reg             <= 1'b0;
      formal_alien_reg             <= 1'b1;
      formal_waited_reg            <= 4'd0;
    end else begin
      if (formal_enters) begin
        formal_x_reg <= formal_line_last ? 2'd0 : formal_x_reg + 1'b1;
        if (formal_line_last)
          formal_y_reg <= (formal_y_reg == 2'd2) ? 2'd0 : formal_y_reg + 1'b1;
      end
      if (!sync)
        formal_alien_reg <= 1'b1;
      else if (formal_enters && formal_first)
        formal_alien_reg <= 1'b0;
      if (!sync || (m_ready && s_valid && s_user && !s_ready))  // another one begins: it was cut
        formal_right_reg <= 1'b0;
      else if (formal_taken) begin
        formal_right_reg  <= formal_right && (s_last == formal_line_end)
                             && !(formal_line_end && formal_at_y == 2'd2);
        formal_next_x_reg <= formal_line_end ? 2'd0 : formal_at_x + 1'b1;
        formal_next_y_reg <= formal_at_y + formal_line_end;
      end
      if (m_ready)
        formal_waited_reg <= (s_valid && !s_ready) ? formal_waited_reg + 1'b1 : 4'd0;
    end

  always @*
    if (!formal_began_reg)
      assume (rst);
    else begin
      if (m_first)
        assume (formal_first);
      if (m_ready)
        assume (m_first == formal_first && m_line_last == formal_line_last);

      // A frame goes in as it came and in its place as long as its marks are right, from its tuser
      // on and whatever came before.
      if (formal_taken && formal_right)
        assert (formal_enters && m_pixel == s_pixel
                && formal_x_reg == formal_at_x && formal_y_reg == formal_at_y);

      // No other one does, and none twice: what goes in of itself fills a bad frame up.
      if (sync && formal_enters && !filling)
        assert (formal_taken && (formal_right || (formal_alien_reg && !formal_first)));

      // What is taken goes in or is dropped. Without sync nothing is dropped and nothing invented.
      if (formal_taken && !rst)
        assert (dropped != (formal_enters && !filling && m_pixel == s_pixel));
      if (!sync)
        assert (!dropped && m_valid == s_valid && s_ready == m_ready && m_pixel == s_pixel);

      // No wrong mark is kept secret.
      if (formal_taken && !wrong)
        assert ({s_user, s_last} == {formal_first, formal_line_last});

      // A tuser waits for the rest of the frame before, and for no cycle more than it needs.
      assert (formal_waited_reg <= 4'd9);

      // The registers say where both are.
      assert (formal_x_reg != 2'd3 && formal_y_reg != 2'd3);
      if (formal_right_reg)
        assert (!bad_reg && !formal_first && formal_x_reg == formal_next_x_reg
                && formal_y_reg == formal_next_y_reg);
      if (!formal_alien_reg && !formal_first && !bad_reg)
        assert (formal_right_reg);
      if (formal_waited_reg != 4'd0)
        assert (bad_reg && (formal_first || formal_waited_reg <= formal_inside));
    end
`endif

endmodule

`default_nettype wire
