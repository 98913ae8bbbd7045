# SPDX-License-Identifier: Apache-2.0
"""Checks a proof with yosys, its smtbmc and the solver yices."""

from pathlib import Path

from evoarray.evolution.synthesis import programs
from evoarray.model.errors import InputError
from evoarray.model.rtl import FAMILIES, INCLUDE_DIR, ROOT, sources
from formal.proofs import Mutant, Proof

BUILDS = ROOT / "build" / "formal"
RESULTS = ROOT / "build" / "signoff" / "formal.json"


def check(proof: Proof, mutant: Mutant | None = None) -> bool:
    """Return whether a proof holds, of the RTL or of a mutant of it.

    What does not hold leaves its waveform in build/formal. Raises InputError where a tool is not
    installed or a mutant's text is not in its file, ProgramError where a tool fails.
    """
    programs.require(*programs.PROVER, command="make setup")
    number = "" if mutant is None else f"-mutant-{proof.mutants.index(mutant)}"
    folder = BUILDS / f"{proof.name}{number}"
    folder.mkdir(parents=True, exist_ok=True)
    problem = folder / "problem.smt2"
    _translate(proof, mutant, folder, problem)
    bounded = ["-t", str(proof.steps), "--dump-vcd", str(folder / "counterexample.vcd")]
    if not programs.holds(ROOT, str(problem), *bounded):
        return False
    return not proof.induction or programs.holds(ROOT, str(problem), "-i", *bounded)


def _translate(proof: Proof, mutant: Mutant | None, folder: Path, problem: Path) -> None:
    """Write the harness on the RTL as a problem for smtbmc."""
    files = [*sources(*FAMILIES), *sorted(Path(__file__).parent.glob("*.v"))]
    if mutant is not None:
        files = [
            _mutated(file, mutant, folder) if file.name == mutant.file else file for file in files
        ]
    parameters = " ".join(f"-set {name} {value}" for name, value in proof.parameters.items())
    script = [
        # Rules of a module that only its own proof needs are under FORMAL_ and its name.
        f"read_verilog -formal -D FORMAL_{proof.harness.upper()}"
        f" -I {INCLUDE_DIR.relative_to(ROOT)}"
        f" {' '.join(str(file.relative_to(ROOT)) for file in files)}",
        f"chparam {parameters} {proof.harness}" if parameters else "",
        f"hierarchy -top {proof.harness}; blackbox *{proof.cut}*; cutpoint -blackbox"
        if proof.cut
        else "",
        # An input without a driver would be whatever suits the proof.
        f"prep -flatten -top {proof.harness}; check -assert",
        "memory_map; opt -full; async2sync; dffunmap; opt_clean",
        f"write_smt2 -wires {problem.relative_to(ROOT)}",
    ]
    if wrong := programs.yosys(ROOT, *script):
        raise programs.ProgramError(f"yosys on {proof.name}: {wrong}")


def _mutated(file: Path, mutant: Mutant, folder: Path) -> Path:
    text = file.read_text(encoding="utf-8")
    if text.count(mutant.text) != 1:
        raise InputError(
            f"{mutant.file} has {mutant.text!r} {text.count(mutant.text)} times, not once;"
            " its mutant in formal/proofs.py needs another text"
        )
    copy = folder / file.name
    copy.write_text(text.replace(mutant.text, mutant.wrong), encoding="utf-8")
    return copy
