# SPDX-License-Identifier: Apache-2.0
"""Builds a simulation, runs the cocotb tests of one module on it and judges the outcome.

The seed comes from COCOTB_RANDOM_SEED where that is set, and is new in every run otherwise. Where
a test fails, it runs once more with the same seed and leaves its waveform in build/waves.

Where RTL_COVERAGE is set, to the number of a round, runs leave in build/coverage what they covered,
for tb.signoff.coverage: the bins of tb/covergroups.py and, on Verilator, the code.
"""

import os
import re
import secrets
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import cocotb_test.simulator

from evoarray.model import rtl

BUILDS = rtl.ROOT / "build" / "sim"
WAVES = rtl.ROOT / "build" / "waves"
COVERAGE = rtl.ROOT / "build" / "coverage"

CODE_COVERAGE = "coverage-{}.dat"
FUNCTIONAL_COVERAGE = "functional.txt"
# Lines and, with them, branches; toggles of vectors of any width.
COVERAGE_ARGS = ("--coverage-line", "--coverage-toggle", "--coverage-max-width", "100000")


def is_covering() -> bool:
    """Return whether what the simulations cover is to be measured."""
    return bool(os.environ.get("RTL_COVERAGE"))


def compiler_cache() -> dict[str, str]:
    """Return the environment in which Verilator's makefiles compile the same only once.

    Most of what they compile is Verilator's own, and the same for every model.
    """
    if shutil.which("ccache") is None:
        return {}
    return {"OBJCACHE": "ccache", "CCACHE_DIR": str(rtl.ROOT / "build" / "ccache")}


@dataclass(frozen=True)
class Simulation:
    """A top in a simulator, and the module with the cocotb tests that run on it.

    The name is that of the folder; no two tests that may run at the same time share it.
    """

    name: str
    simulator: str
    toplevel: str
    module: str
    parameters: Mapping[str, int]
    sources: tuple[Path, ...]


def simulate(
    name: str,
    simulator: str,
    *,
    toplevel: str,
    module: str,
    family: str = "filter",
    parameters: Mapping[str, int] | None = None,
    sources: Iterable[Path] = (),
) -> None:
    """Run all cocotb tests of a module on a top of a family of rtl/, or of the further sources.

    Raises AssertionError, with the seed and the path of a waveform, unless at least one test ran
    and every one passed; InputError where the simulator is not installed.
    """
    files = (*rtl.sources(family), *sources)
    simulation = Simulation(name, simulator, toplevel, module, parameters or {}, files)
    seed = int(os.environ.get("COCOTB_RANDOM_SEED") or secrets.randbits(31))
    failures = run(simulation, seed)
    if failures:
        waveform = _record(simulation, seed, failures)
        lines = "\n".join(f"{test}: {message}" for test, message in failures.items())
        raise AssertionError(
            f"{name} on {simulator} failed; COCOTB_RANDOM_SEED={seed} repeats it\n"
            f"{lines}\nwaveform: {waveform or 'none was written'}"
        )


class _Built(cocotb_test.simulator.Verilator):  # type: ignore[misc]
    """Verilator's program as an earlier run has built it."""

    def build_command(self) -> list[list[str]]:
        return super().build_command()[-1:]  # type: ignore[no-any-return]


def _built(**options: object) -> None:
    """Do what cocotb_test.simulator.run does, without building anew."""
    _Built(**options).run()


def run(
    simulation: Simulation,
    seed: int,
    tests: Iterable[str] = (),
    waves: bool = False,
    mutant: int | None = None,
) -> dict[str, str]:
    """Run the tests named, or all, and return the failures: a test's name and what it said.

    A mutant's number is for a simulation on Verilator that was run without one before; there the
    first failure ends the run.
    """
    covering = is_covering() and not waves
    folder = (COVERAGE if covering else BUILDS) / (simulation.name + ("-waves" if waves else ""))
    results = folder / ("results.xml" if mutant is None else f"results-{mutant}.xml")
    results.unlink(missing_ok=True)
    environment = {
        # cocotb-test lets these overrule what it is called with, also where SIM is empty.
        "SIM": simulation.simulator,
        "COCOTB_RESULTS_FILE": str(results),
        "COCOTB_RANDOM_SEED": str(seed),
        **compiler_cache(),
        **rtl.find_simulator(simulation.simulator).environment,
    }
    if covering:
        environment["FUNCTIONAL_COVERAGE"] = str(folder / FUNCTIONAL_COVERAGE)
    options: dict[str, object] = {}
    if simulation.simulator == "verilator":
        # Verilator applies inertial writes after the clocked processes of the same edge, as they
        # must be. Icarus 11 applies them before, so there cocotb has to do it by itself.
        environment["COCOTB_TRUST_INERTIAL_WRITES"] = "1"
        undefined = ["+verilator+rand+reset+2", f"+verilator+seed+{seed % 2**31 or 1}"]
        tracing = ["--trace", "--trace-file", f"{simulation.toplevel}.fst"] if waves else []
        chosen = [] if mutant is None else [f"+mutant={mutant}"]
        if covering:  # from 0: a change from a random start would count as one that a test made
            file = folder / CODE_COVERAGE.format(os.environ["RTL_COVERAGE"])
            undefined = ["+verilator+rand+reset+0", f"+verilator+coverage+file+{file}"]
        options = {
            # The simulations are short: the time goes into compiling, of public signals most.
            "make_args": ["-j2", "OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0"],
            "compile_args": [
                *("--no-public-flat-rw", "--public-depth", "1"),  # ports are all that tests use
                *("--x-initial", "unique"),
                *(COVERAGE_ARGS if covering else []),
            ],
            "plus_args": undefined + tracing + chosen,
        }
    if mutant is not None:
        environment["COCOTB_MAX_FAILURES"] = "1"
    if tests:
        environment["COCOTB_TEST_FILTER"] = "|".join(f"{re.escape(test)}$" for test in tests)
    error = ""
    with patch.dict(os.environ, environment):
        try:
            start = cocotb_test.simulator.run if mutant is None else _built
            start(
                toplevel=simulation.toplevel,
                module=simulation.module,
                verilog_sources=[str(file) for file in simulation.sources],
                includes=[str(rtl.INCLUDE_DIR)],
                parameters=simulation.parameters,
                sim_build=str(folder),
                timescale="1ns/1ns",
                force_compile=True,
                waves=waves,
                **options,
            )
        except (SystemExit, ET.ParseError) as stop:
            error = str(stop)
    return _judge(results, error)


def _judge(results: Path, error: str) -> dict[str, str]:
    """Return what failed according to the results file and to what the simulator's end said."""
    cases = list(ET.parse(results).iter("testcase")) if results.is_file() else []
    failures = {}
    for case in cases:
        for fault in ("failure", "error", "skipped"):
            if (entry := case.find(fault)) is not None:
                test = f"{case.get('classname')}.{case.get('name')}"
                failures[test] = f"{entry.get('type', fault)}: {entry.get('message', '')}"
    if not cases:
        return {"simulation": error or "no test ran"}
    if error and not failures:
        return {"simulation": error}
    return failures


def _record(simulation: Simulation, seed: int, failures: Mapping[str, str]) -> Path | None:
    """Repeat the failed tests with the waveform on and return its path, if there is one."""
    written = BUILDS / f"{simulation.name}-waves" / f"{simulation.toplevel}.fst"
    written.unlink(missing_ok=True)
    run(simulation, seed, [test for test in failures if test != "simulation"], waves=True)
    if not written.is_file():
        return None
    WAVES.mkdir(parents=True, exist_ok=True)
    return written.replace(WAVES / f"{simulation.name}.fst")
