# SPDX-License-Identifier: Apache-2.0
"""The mutation score: which faults in the RTL the tests of tb/ find.

Run: python -m tb.signoff.mutation.

yosys puts many faults into the netlist of a module, each behind a value of one more input, which a
plus argument of the simulation sets: one build serves all. A mutant is killed if a test fails. It
does not count if it is proved to do what the module does. The netlist without a fault must pass.
Faults of clock inputs are left out: they are no faults that a design has.
"""

import argparse
import logging
import re
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from evoarray.evolution.synthesis.programs import ProgramError, yosys
from evoarray.model.files import write_json
from evoarray.model.neuro.program import Core
from evoarray.model.rtl import FAMILIES, ROOT, sources
from tb.runner import Simulation, run
from tb.signoff.design import RESULTS, Target, header, ports, read_rtl, relative

BUILDS = ROOT / "build" / "mutation"
RESULT = RESULTS / "mutation.json"
GOAL = 0.95
SEED = 1
PROCESSES = 2
PATIENCE = 120
"""Seconds for a proof that a mutant is no fault; one that takes longer counts as not proved."""

_CORE = Core(11, 5, layers=6, activations=300, positions=81, weights=600, biases=40).parameters
"""Of the core that the networks' parts are tested in."""


def _of_core(*names: str) -> dict[str, int]:
    """Return the parameters of a part that are the core's."""
    return {name: _CORE[name] for name in names}


TARGETS = (
    Target(
        "evoarray_pe_decoder",
        "filter.test_pe",
        bench="filter/pe_bank",
        bench_parameters={"TWO_STAGE": 1},
    ),
    Target(
        "evoarray_pe_two_stage",
        "filter.test_pe",
        bench="filter/pe_bank",
        bench_parameters={"TWO_STAGE": 1},
    ),
    *(
        Target(
            "evoarray_pe",
            "filter.test_pe",
            parameters={"FUNCTION_SET": number},
            bench="filter/pe_bank",
            bench_parameters={"FUNCTION_SET": number},
        )
        for number in range(3)
    ),
    Target("evoarray_delay_line", "shared.test_delay_line", {"DEPTH": 3}),
    Target("evoarray_config_shadow", "filter.test_config_shadow", {"ROWS": 2, "COLS": 3}),
    Target("evoarray_sae", "filter.test_sae", {"SAE_W": 20}),
    Target("evoarray_skew", "filter.test_skew", {"LANES": 3, "WIDTH": 2}),
    Target("evoarray_systolic_array", "filter.test_systolic_array", {"ROWS": 2, "COLS": 3}),
    Target("evoarray_pixel_window", "shared.test_pixel_window", {"MAX_WIDTH": 5, "MAX_HEIGHT": 4}),
    Target(
        "evoarray_evaluator",
        "filter.test_evaluator",
        # As many rows as a gene of four bits can name: then these are all that a circuit sets.
        {"ROWS": 16, "COLS": 1, "MAX_WIDTH": 9, "MAX_HEIGHT": 9},
        legal={"cfg_gene": "cfg_gene & 6'd15"},
    ),
    Target("evoarray_requant", "neuro.test_requant", {"MULTIPLIER": 1}),
    Target("evoarray_activation_lut", "neuro.test_activation_lut"),
    Target("evoarray_pool", "neuro.test_pool"),
    Target("evoarray_conv3x3", "neuro.test_conv3x3", {"MAX_WIDTH": 5, "MAX_HEIGHT": 4}),
    Target("evoarray_block_memory", "neuro.test_block_memory", {"WIDTH": 5, "DEPTH": 11}),
    Target("evoarray_mac_pe", "neuro.test_mac_pe", {"SUM_W": 20}),
    Target(
        "evoarray_neuro_accumulator",
        "neuro.test_neuro_accumulator",
        {"COLS": 3, "POSITIONS": 5, "BIASES": 8},
    ),
    Target("evoarray_mac_array", "neuro.test_mac_array", {"ROWS": 2, "COLS": 3}),
    *(
        Target(
            module,
            "neuro.test_neuro_core",
            parameters,
            top="evoarray_neuro_core",
            bench_parameters=_CORE,
        )
        for module, parameters in (
            ("evoarray_neuro_core", _CORE),
            ("evoarray_neuro_sequencer", _of_core("LAYERS")),
            ("evoarray_neuro_feeder", {**_of_core("ROWS"), "ADDRESS_W": 9}),
            ("evoarray_neuro_weights", _of_core("ROWS", "COLS", "WEIGHTS")),
            ("evoarray_neuro_writer", _of_core("MULTIPLIER", "TABLES")),
        )
    ),
    Target(
        "evoarray_neuro_registers",
        "neuro.test_neuro_registers",
        {**_CORE, "ACTIVATIONS": 65536},
        # evoarray_axil_slave gives the address of a word.
        legal={f"{way}_address": f"{way}_address & 21'h1FFFFC" for way in ("read", "write")},
    ),
    Target("evoarray_neuro_axi", "neuro.test_neuro_axi", _CORE),
    Target("evoarray_axis_register", "shared.test_axis_register", {"DATA_W": 4}),
    Target("evoarray_axis_fifo", "shared.test_axis_fifo", {"DATA_W": 4, "DEPTH_W": 2}),
    Target("evoarray_frame_sync", "filter.test_frame_sync"),
    Target("evoarray_axil_slave", "shared.test_axil_slave", {"ADDRESS_W": 6}),
    Target(
        "evoarray_axi_registers",
        "filter.test_axi_registers",
        {
            "ROWS": 2,
            "COLS": 3,
            "FUNCTION_SET": 2,
            "ARRAYS": 3,
            "MAX_WIDTH": 13,
            "MAX_HEIGHT": 9,
        },
    ),
    Target(
        "evoarray_axi",
        "filter.test_evoarray_axi",
        {"ROWS": 2, "COLS": 2, "ARRAYS": 2, "MAX_WIDTH": 13, "MAX_HEIGHT": 13},
    ),
)


def insert_faults(target: Target, folder: Path, count: int) -> list[str]:
    """Write the netlist with so many faults, and return them; they are numbered from 1.

    They are faults of the module itself: the modules in it have tests of their own.
    """
    listed, applied = folder / "listed.txt", folder / "applied.ys"
    parameters = " ".join(f"-set {name} {value}" for name, value in target.parameters.items())
    design = [
        read_rtl(),
        f"chparam {parameters} {target.module}" if parameters else "",
        f"hierarchy -top {target.module}; proc; opt_clean; memory_collect",
    ]
    # Twice as many as are wanted, as those of clocks go.
    _yosys(*design, f"mutate -list {2 * count} -seed {SEED} -o {relative(listed)} {target.module}")
    faults = [line for line in listed.read_text().splitlines() if "CLK" not in line]
    faults = faults[:count]
    lines = [f"{fault} -ctrl mutant 16 {i}" for i, fault in enumerate(faults, start=1)]
    applied.write_text("\n".join(lines) + "\n", encoding="utf-8")
    netlist = folder / "netlist.v"
    _yosys(
        *design,
        f"script {relative(applied)}",
        "flatten; opt_clean",
        f"rename -top {target.module}_faulty",
        f"write_verilog -noattr {relative(netlist)}",
    )
    # Bits of a vector that feed other bits of it look like a loop, yosys writes ! for == 0, and a
    # multiplexer of one-hot inputs as a casez.
    waived = "".join(
        f"// verilator lint_off {name}\n" for name in ("UNOPTFLAT", "WIDTH", "CASEOVERLAP")
    )
    netlist.write_text(waived + netlist.read_text(encoding="utf-8"), encoding="utf-8")
    return faults


def _yosys(*commands: str) -> None:
    if wrong := yosys(ROOT, *commands):
        raise ProgramError(f"yosys cannot insert faults: {wrong}")


def wrapper(module: str, name: str, mutant: str, legal: Mapping[str, str] | None = None) -> str:
    """Return a module of this name that has the ports of the module, and is one of its mutants.

    Of the inputs in `legal` the mutant sees those expressions.
    """
    connections = ", ".join(f".{port}({(legal or {}).get(port, port)})" for port in ports(module))
    return (
        f"{header(module).replace(f'module {module}', f'module {name}', 1)}\n"
        "  reg [15:0] chosen;\n"
        '  initial if (!$value$plusargs("mutant=%d", chosen)) chosen = 16\'d0;\n'
        f"  {module}_faulty u_faulty (.mutant({mutant}), {connections});\n"
        "endmodule\n"
    )


def is_equivalent(target: Target, folder: Path, mutant: int) -> bool:
    """Return whether a mutant is proved equal to the module, registers and all, by induction."""
    pair = folder / f"pair-{mutant}.v"
    texts = (
        wrapper(target.module, "gold", "16'd0", target.legal),
        wrapper(target.module, "gate", f"16'd{mutant}", target.legal),
    )
    plain = re.sub(r"  (reg \[15:0\] chosen|initial if).*\n", "", "".join(texts))
    pair.write_text(plain, encoding="utf-8")
    parameters = " ".join(f"-set {name} {value}" for name, value in target.parameters.items())
    # Memories that see the same are the same. Where that does not do, they are registers as well.
    return any(
        not yosys(
            ROOT,
            f"read_verilog {relative(folder / 'netlist.v')} {relative(pair)}",
            f"chparam {parameters} gold gate" if parameters else "",
            # Wires that yosys named, of which one has the fault, need not be equal; registers do.
            # They are single bits, so that those of a register that nothing reads go.
            f"proc; {memories}; flatten; rename -hide w:*._*_ w:*._*$func$*; opt -full",
            "simplemap t:$dff t:$dffe; opt_clean",
            "equiv_make gold gate equal; hierarchy -top equal; opt -full",
            f"{proof}; equiv_status -assert",
            limit=PATIENCE,
        )
        for memories, proof in (
            ("memory_collect", "equiv_simple -undef"),
            ("memory_map", "equiv_simple -undef; equiv_induct -undef"),
        )
    )


def is_killed(simulation: Simulation, mutant: int) -> bool:
    """Return whether a test fails on a mutant."""
    return bool(run(simulation, SEED, mutant=mutant))


@dataclass(frozen=True)
class Score:
    """What became of the mutants of a target."""

    target: str
    mutants: int
    killed: int
    equivalent: int
    survivors: list[str]
    seconds: float


def measure(target: Target, count: int) -> Score:
    """Return the score of a target with so many mutants."""
    start = time.monotonic()
    folder = BUILDS / target.name
    folder.mkdir(parents=True, exist_ok=True)
    faults = insert_faults(target, folder, count)
    faulty = folder / "wrapper.v"
    faulty.write_text(wrapper(target.module, target.module, "chosen"), encoding="utf-8")
    top = target.top or Path(target.bench).name or target.module
    simulation = Simulation(
        f"mutation-{target.name}",
        "verilator",
        top,
        f"tb.{target.test}",
        target.bench_parameters or target.parameters,
        (
            *(file for file in sources(*FAMILIES) if file.stem != target.module),
            *([ROOT / "tb" / f"{target.bench}.v"] if target.bench else []),
            faulty,
            folder / "netlist.v",
        ),
    )
    failures = run(simulation, SEED)
    assert not failures, f"{target.name} fails without a fault: {failures}"
    numbers = range(1, len(faults) + 1)
    with ProcessPoolExecutor(PROCESSES) as pool:
        killed = list(pool.map(partial(is_killed, simulation), numbers))
    survivors = [number for number, dead in zip(numbers, killed, strict=True) if not dead]
    equivalent = {number for number in survivors if is_equivalent(target, folder, number)}
    return Score(
        target=target.name,
        mutants=len(faults),
        killed=sum(killed),
        equivalent=len(equivalent),
        survivors=[faults[number - 1] for number in survivors if number not in equivalent],
        seconds=round(time.monotonic() - start, 1),
    )


def main() -> int:
    """Measure, write build/signoff/mutation.json and return the exit status."""
    modules = list(dict.fromkeys(target.module for target in TARGETS))
    parser = argparse.ArgumentParser(prog="python -m tb.signoff.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", choices=[[], *modules], metavar="MODULE")
    parser.add_argument("--mutants", type=int, default=40, help="of each target")
    options = parser.parse_args()
    logging.disable()  # failures are what is wanted
    scores = []
    for target in TARGETS:
        if options.modules and target.module not in options.modules:
            continue
        score = measure(target, options.mutants)
        scores.append(score)
        print(
            f"{score.target:50} {score.killed:3} of {score.mutants:3} killed,"
            f" {score.equivalent:2} equivalent, {score.seconds:5} s",
            *(f"  survived: {survivor}" for survivor in score.survivors),
            sep="\n",
            flush=True,
        )
    write_json(RESULT, [asdict(score) for score in scores])
    killed = sum(score.killed for score in scores)
    differ = killed + sum(len(score.survivors) for score in scores)
    print(f"{killed} of {differ} mutants that are not proved equivalent were killed")
    return 0 if killed >= GOAL * differ else 1


if __name__ == "__main__":
    sys.exit(main())
