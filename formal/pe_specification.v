// SPDX-License-Identifier: Apache-2.0
//
// What a processing element computes, in plain integers: the tables of the function sets, row by
// row, with nothing shared between them. Codes are read as pe reads them.

`default_nettype none

module pe_specification #(
  // Function set: 0 upm16, 1 upm19, 2 cgp16
  parameter integer FUNCTION_SET = 0
) (
  input  wire [4:0]  function_code,
  input  wire [7:0]  north,
  input  wire [7:0]  west,
  // Not cut to a byte: a result outside 0..255 would be seen
  output wire [31:0] result
);

  integer code, n, w, value;

  always @* begin
    code  = {27'd0, function_code};
    n     = {24'd0, north};
    w     = {24'd0, west};
    value = n;

    if (FUNCTION_SET == 0)
      case (code % 16)
        0:       value = (n + w) % 256;
        1:       value = (2 * n) % 256;
        2:       value = (2 * w) % 256;
        3:       value = (n + w < 255) ? n + w : 255;
        4:       value = (2 * n < 255) ? 2 * n : 255;
        5:       value = (2 * w < 255) ? 2 * w : 255;
        6:       value = (n + w) / 2;
        7:       value = 255;
        8:       value = n / 2;
        9:       value = w / 2;
        10:      value = n;
        11:      value = w;
        12:      value = (n > w) ? n : w;
        13:      value = (n < w) ? n : w;
        14:      value = (n - w > 0) ? n - w : 0;
        15:      value = (w - n > 0) ? w - n : 0;
        default: value = -1;
      endcase

    // 256 is added before a division or remainder, which would round below 0 towards 0.
    if (FUNCTION_SET == 1)
      case (code)
        0:       value = n;
        1:       value = w;
        2:       value = (n > w) ? n : w;
        3:       value = (n < w) ? n : w;
        4:       value = (n + w - 256 > 0) ? n + w - 256 : 0;
        5:       value = (n - w > 0) ? n - w : 0;
        6:       value = (w - n > 0) ? w - n : 0;
        7:       value = (n + w < 255) ? n + w : 255;
        8:       value = (n - w + 256 < 255) ? n - w + 256 : 255;
        9:       value = (w - n + 256 < 255) ? w - n + 256 : 255;
        10:      value = (n + w) % 256;
        11:      value = (256 + n - w) % 256;
        12:      value = (256 + w - n) % 256;
        13:      value = (n + w) / 2;
        14:      value = (256 + n - w) / 2;
        15:      value = (256 + w - n) / 2;
        16:      value = (n > w) ? n - w : w - n;
        17:      value = (n >= w) ? 255 : 0;
        18:      value = (w >= n) ? 255 : 0;
        default: value = n;
      endcase

    if (FUNCTION_SET == 2)
      case (code % 16)
        0:       value = 255;
        1:       value = n;
        2:       value = 255 - n;
        3:       value = n | w;
        4:       value = (255 - n) | w;
        5:       value = n & w;
        6:       value = 255 - (n & w);
        7:       value = n ^ w;
        8:       value = n / 2;
        9:       value = n / 4;
        10:      value = 16 * (n % 16) + w % 16;
        11:      value = (n + w) % 256;
        12:      value = (n + w < 255) ? n + w : 255;
        13:      value = (n + w) / 2;
        14:      value = (n > w) ? n : w;
        15:      value = (n < w) ? n : w;
        default: value = -1;
      endcase
  end

  assign result = value;

endmodule

`default_nettype wire
