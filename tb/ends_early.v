// SPDX-License-Identifier: Apache-2.0
//
// Ends the simulation while its test still waits: what the runner must notice.

`default_nettype none

module ends_early (
  input wire clk
);

  always @(posedge clk)
    $finish;

endmodule

`default_nettype wire
