# SPDX-License-Identifier: Apache-2.0
"""What each operation of an export takes on 7 series: evolve/simplify/luts.toml.

Run: python -m synth.operations.
"""

import click

from evoarray.evolution.synthesis.devices import SYNTHESIS
from evoarray.evolution.synthesis.flow import BUILD, read_modules, yosys
from evoarray.evolution.synthesis.netlist import area
from evoarray.model.files import write_atomically
from evoarray.model.filter.functions import OPERATIONS
from evoarray.model.rtl import ROOT

PAGE = ROOT / "evolve" / "simplify" / "luts.toml"
TOP = "operations"
HEADER = """\
# SPDX-License-Identifier: Apache-2.0
# LUT6 sites of an operation of 8 bits on 7 series. Made by `make synth`.

"""


def measure() -> dict[str, int]:
    """Return the LUT6 sites of each operation, by yosys."""
    folder = BUILD / "operations"
    (ROOT / folder).mkdir(parents=True, exist_ok=True)
    source, netlist = folder / "operations.v", folder / "xc7.json"
    (ROOT / source).write_text(_source(), encoding="utf-8")
    keep = "setattr -mod -set keep_hierarchy 1 op_*"
    read = f"read_verilog {source}; hierarchy -top {TOP}"
    yosys(ROOT, f"{read}; {keep}; {SYNTHESIS['xc7']}", netlist)
    found = read_modules(ROOT / netlist)
    return {name: area(found, f"op_{name}", paired=True).sites for name in OPERATIONS}


def _source() -> str:
    """Return a module for each operation, and one that has them all."""
    modules = [
        f"""\
module op_{operation.name} (input wire [7:0] a, input wire [7:0] b, output wire [7:0] out);
  wire [8:0] wide = {operation.verilog};
  assign out = wide[{"8:1" if operation.halved else "7:0"}];
endmodule
"""
        for operation in OPERATIONS.values()
    ]
    instances = [
        f"  op_{name} u_{name} (.a(a), .b(b), .out(out[{8 * number} +: 8]));\n"
        for number, name in enumerate(OPERATIONS)
    ]
    modules.append(
        f"module {TOP} (input wire [7:0] a, input wire [7:0] b, "
        f"output wire [{8 * len(OPERATIONS) - 1}:0] out);\n{''.join(instances)}endmodule\n"
    )
    return "\n".join(modules)


@click.command()
def main() -> None:
    """Write evolve/simplify/luts.toml."""
    lines = [f"{name} = {luts}" for name, luts in measure().items()]
    write_atomically(PAGE, (HEADER + "\n".join(lines) + "\n").encode())
    click.echo(f"Written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
