# SPDX-License-Identifier: Apache-2.0
"""Exports of random circuits: each is proved equal to the array, and passes as synthesized cells.

Run: python -m tb.signoff.exports --circuits 100. A circuit's number determines it.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from evoarray.evolution.export.product import export
from evoarray.evolution.export.proof import is_equal
from evoarray.evolution.simplify.graph import depth, nodes, simplify
from evoarray.evolution.synthesis.programs import ProgramError, yosys
from evoarray.model.files import write_json
from evoarray.model.filter.array import run
from evoarray.model.filter.circuit import Circuit, Shape, circuit_of, random_circuit
from evoarray.model.filter.functions import FUNCTION_SETS
from evoarray.model.rtl import ROOT
from tb.signoff.design import RESULTS, relative
from tb.signoff.netlist import FAMILIES, models

BUILDS = ROOT / "build" / "exports"
RESULT = RESULTS / "exports.json"
NAME = "evolved"
LARGEST_SIDE = 6
PROCESSES = 2


@dataclass(frozen=True)
class Outcome:
    """What was found of a circuit's export.

    equal: it is the array with the circuit; refuted: it is not the one with a wrong gene; passes:
    its cells of a family pass its testbench.
    """

    number: int
    what: str
    equal: bool
    refuted: bool
    family: str
    passes: bool
    seconds: float

    @property
    def good(self) -> bool:
        """Whether all is as it should be."""
        return self.equal and self.refuted and self.passes


def judge(number: int) -> Outcome:
    """Export the circuit of a number, and find out all about it."""
    start = time.monotonic()
    rng = np.random.default_rng(number)
    function_set = list(FUNCTION_SETS)[number % len(FUNCTION_SETS)]
    circuit, wrong = pair(function_set, rng)
    output = simplify(circuit)
    pipeline = str(rng.integers(depth(output) + 1))
    folder = BUILDS / str(number)
    stages = export([circuit], folder, NAME, "verilog", pipeline).latencies[NAME]
    verilog = (folder / f"{NAME}.v").read_text(encoding="utf-8")
    family = list(FAMILIES)[number // len(FUNCTION_SETS) % len(FAMILIES)]
    return Outcome(
        number,
        f"{function_set} {circuit.rows}x{circuit.cols}: {len(nodes(output))} operations, "
        f"{stages} registers",
        is_equal(circuit, NAME, stages, verilog),
        not is_equal(wrong, NAME, stages, verilog),
        family,
        passes(folder, family),
        round(time.monotonic() - start, 1),
    )


def pair(function_set: str, rng: np.random.Generator) -> tuple[Circuit, Circuit]:
    """Return a random circuit that computes something, and one that differs in one gene.

    They differ for some window: for one of many random ones.
    """
    while True:
        rows, cols = rng.integers(1, LARGEST_SIDE + 1, 2).tolist()
        shape = Shape(rows, cols, function_set)
        circuit = random_circuit(shape, rng)
        if nodes(simplify(circuit)):
            for wrong in _neighbours(circuit, rng):
                if differ(circuit, wrong, rng):
                    return circuit, wrong


def _neighbours(circuit: Circuit, rng: np.random.Generator) -> Iterator[Circuit]:
    limits = circuit.shape.limits
    for gene in rng.permutation(np.flatnonzero(limits > 1)):
        genes = circuit.genes.copy()
        genes[gene] = (genes[gene] + rng.integers(1, limits[gene])) % limits[gene]
        yield circuit_of(genes, circuit.shape)


def differ(one: Circuit, other: Circuit, rng: np.random.Generator) -> bool:
    """Return whether two circuits make something else of any of many random windows."""
    windows = rng.integers(0, 256, (9, 64, 64)).astype(np.uint8)
    return bool((run(one, windows) != run(other, windows)).any())


def passes(folder: Path, family: str) -> bool:
    """Return whether an export's cells of a family pass its own testbench.

    Raises ProgramError where yosys cannot map it.
    """
    netlist = folder / f"{family}.v"
    if wrong := yosys(
        ROOT,
        f"read_verilog {relative(folder / f'{NAME}.v')}",
        f"{FAMILIES[family]} -top {NAME}",
        f"write_verilog -noattr {relative(netlist)}",
    ):
        raise ProgramError(f"yosys cannot map {netlist} to the cells of {family}: {wrong}")
    program = folder / family
    sources = [netlist, folder / f"{NAME}_tb.v", models(family)]
    # Icarus 11 knows no defaults of ports.
    compiler = ["iverilog", "-g2012", "-DNO_ICE40_DEFAULT_ASSIGNMENTS", "-s", f"{NAME}_tb"]
    subprocess.run([*compiler, "-o", program, *sources], check=True, capture_output=True)
    simulated = subprocess.run(["vvp", "-n", program], check=True, capture_output=True, text=True)
    return "PASS: " in simulated.stdout


def main(arguments: list[str]) -> int:
    """Judge circuits, write build/signoff/exports.json and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tb.signoff.exports", description=__doc__)
    parser.add_argument("--circuits", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="the first one's number")
    options = parser.parse_args(arguments)
    numbers = range(options.first, options.first + options.circuits)
    outcomes = []
    with ProcessPoolExecutor(PROCESSES) as pool:
        for outcome in pool.map(judge, numbers):
            outcomes.append(outcome)
            print(
                f"{'equal' if outcome.equal else 'NOT EQUAL'}, wrong gene "
                f"{'found' if outcome.refuted else 'NOT FOUND'}, {outcome.family} "
                f"{'passes' if outcome.passes else 'FAILS'}: {outcome.number} {outcome.what}",
                flush=True,
            )
    write_json(RESULT, [asdict(outcome) for outcome in outcomes])
    good = sum(outcome.good for outcome in outcomes)
    print(f"{good} of {len(outcomes)} exports are as they should be")
    return 0 if good == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
