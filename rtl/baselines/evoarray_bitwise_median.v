// SPDX-License-Identifier: Apache-2.0
//
// The median of an odd number of bytes, and whether it lies strictly between others of them.
//
// From the highest bit down, the median's bit is that of the majority. A byte whose bit is another
// one is below or above the median from there on, whatever follows: it is settled, and keeps voting
// as it did. In the end those that are not settled equal the median. (C. L. Lee and C. W. Jen,
// "Bit-Sliced Median Filter Design Based on Majority Gate", IEE Proceedings G 139, 1992.)
//
// A bit per cycle, and one cycle more to see what the bytes have come to: LATENCY cycles of ce from
// bit 7 to the results.

`default_nettype none

module evoarray_bitwise_median #(
  // Bytes; odd
  parameter integer COUNT = 9
) (
  input  wire               clk,
  input  wire               ce,

  // Bit b of byte i at [b*COUNT + i]; bit 6 with bit 7, the others a cycle later each
  input  wire [8*COUNT-1:0] planes,

  output wire [7:0]         median,
  output reg                between
);

  localparam integer LATENCY = 9;

  // So many votes are added that the majority's count is a power of two.
  localparam integer HALF  = (COUNT + 1) / 2;
  localparam integer SUM_W = $clog2(HALF) + 1;
  localparam integer GIVEN = (1 << (SUM_W - 1)) - HALF;

  function majority(input [COUNT-1:0] votes);
    integer         i;
    reg [SUM_W-1:0] sum;
    begin
      sum = GIVEN[SUM_W-1:0];
      for (i = 0; i < COUNT; i = i + 1)
        sum = sum + {{SUM_W-1{1'b0}}, votes[i]};
      majority = sum[SUM_W-1];
    end
  endfunction

  // Before bit b: at [b+1]
  wire [9*COUNT-1:0] settled;
  wire [9*COUNT-1:0] votes;

  assign settled[8*COUNT +: COUNT] = {COUNT{1'b0}};
  assign votes[8*COUNT +: COUNT]   = planes[7*COUNT +: COUNT];

  genvar b;
  generate
    for (b = 0; b < 8; b = b + 1) begin : g_bit
      wire [COUNT-1:0] voted = votes[(b+1)*COUNT +: COUNT];
      wire             found = majority(voted);
      wire [COUNT-1:0] done  = settled[(b+1)*COUNT +: COUNT] | (voted ^ {COUNT{found}});
      wire [COUNT-1:0] next;

      if (b == 0) begin : g_last
        assign next = voted;
      end else begin : g_next
        assign next = planes[(b-1)*COUNT +: COUNT];
      end

      reg [COUNT-1:0] settled_reg;
      reg [COUNT-1:0] votes_reg;
      reg [b+1:0]     found_reg;  // waits for the lower bits

      always @(posedge clk)
        if (ce) begin
          settled_reg <= done;
          votes_reg   <= (done & voted) | (~done & next);
          found_reg   <= {found_reg[b:0], found};
        end

      assign settled[b*COUNT +: COUNT] = settled_reg;
      assign votes[b*COUNT +: COUNT]   = votes_reg;
      assign median[b]                 = found_reg[b+1];
    end
  endgenerate

  wire [COUNT-1:0] below = settled[COUNT-1:0] & ~votes[COUNT-1:0];
  wire [COUNT-1:0] above = settled[COUNT-1:0] & votes[COUNT-1:0];

  always @(posedge clk)
    if (ce)
      between <= (|below) && (|above);

endmodule

`default_nettype wire
