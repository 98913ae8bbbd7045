# SPDX-License-Identifier: Apache-2.0
"""A design out of context: three pins, and registers at all its other ports."""

from collections.abc import Mapping
from typing import Any

WRAPPER = "Out_of_context"
"""With a capital, which no exported module's name has."""

_TEMPLATE = """\
// {inputs} inputs come from a shift register, {outputs} outputs go into another one: a package has
// not so many pins, and a path counts for the clock only from register to register.
module {wrapper} (input wire clk, input wire d, output wire q);
  reg  [{inputs}:1] in_reg;
  reg  [{outputs}:1] out_reg;
  wire [{outputs}:1] out;
  always @(posedge clk) begin
    in_reg  <= {{in_reg, d}};
    out_reg <= {{out_reg, 1'b0}} ^ out;
  end
  assign q = out_reg[{outputs}];
  {module} #({parameters}) u_design ({connections});
endmodule
"""


def wrapper(module: str, parameters: Mapping[str, int], ports: Mapping[str, Any]) -> str:
    """Return the Verilog of a wrapper of a module with the ports that write_json gives.

    The module's clock, if it has one, is called clk.
    """
    connections = [".clk(clk)"] if "clk" in ports else []
    used = {"input": 0, "output": 0}
    registers = {"input": "in_reg", "output": "out"}
    for name, port in ports.items():
        if name != "clk":
            direction, width = port["direction"], len(port["bits"])
            first = used[direction] + 1
            connections.append(f".{name}({registers[direction]}[{first} +: {width}])")
            used[direction] += width
    return _TEMPLATE.format(
        wrapper=WRAPPER,
        inputs=used["input"],
        outputs=used["output"],
        module=module,
        parameters=", ".join(f".{name}({value})" for name, value in parameters.items()),
        connections=", ".join(connections),
    )
