# SPDX-License-Identifier: Apache-2.0
"""Tops of the RTL that Icarus interprets and a Python module drives from inside, by cocotb."""

import importlib.metadata
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from evoarray.evolution import children
from evoarray.evolution.backends.cache import LAST_LINES, BuildError, link
from evoarray.model.errors import InputError
from evoarray.model.files import check_room
from evoarray.model.rtl import INCLUDE_DIR, find_simulator


def compile_rtl(
    program: Path, top: str, sources: Sequence[Path], parameters: Mapping[str, int]
) -> None:
    """Write the program of a top with these parameters, as vvp runs it, into an own folder.

    The sources are linked there: iverilog, which asks a shell, does not bear every path.

    Raises InputError if Icarus is not installed, BuildError if it does not compile the top.
    """
    files = {path.name: path for path in (*sources, *INCLUDE_DIR.glob("*.vh"))}
    try:
        link(program.parent, files)
    except OSError:
        check_room(program.parent)
        raise
    done = children.run(
        [
            *(find_simulator("icarus").command, "-g2005", "-s", top, "-o", program.name),
            *(f"-P{top}.{name}={value}" for name, value in parameters.items()),
            *(source.name for source in sources),
        ],
        cwd=program.parent,
        env={**os.environ, **dict.fromkeys(("TMP", "TEMP", "TMPDIR"), ".")},
    )
    if done.returncode:
        check_room(program.parent)
        last = "\n".join(done.stderr.splitlines()[-LAST_LINES:])
        raise BuildError(f"Icarus could not compile the RTL; its last lines:\n{last}")


def find_cocotb() -> Path:
    """Return cocotb's library for vvp.

    Raises InputError if Icarus, cocotb or Python's shared library is not installed.
    """
    find_simulator("icarus")
    try:
        import cocotb_tools.config
        import find_libpython
    except ImportError:
        raise InputError(
            "cocotb is not installed: pip install 'evoarray[simulators]' (or: make setup)"
        ) from None
    if find_libpython.find_libpython() is None:
        raise InputError(
            f"cocotb needs Python as a shared library, which {sys.executable} lacks; "
            "use another Python (or: make setup)"
        )
    return cocotb_tools.config.lib_name_path("vpi", "icarus")


def find_bus_models() -> None:
    """Raise InputError if cocotbext-axi is not installed."""
    try:
        importlib.metadata.version("cocotbext-axi")
    except importlib.metadata.PackageNotFoundError:
        raise InputError(
            "cocotbext-axi is not installed: pip install 'evoarray[simulators]' (or: make setup)"
        ) from None


def cocotb_environment(top: str, module: str, *, inertial_writes: bool) -> dict[str, str]:
    """Return the environment in which cocotb runs a module on a top.

    Inertial writes are for a module that writes no input at a rising edge.
    """
    import cocotb_tools.config
    import find_libpython

    return {
        "GPI_USERS": f"{find_libpython.find_libpython()};{cocotb_tools.config.pygpi_entry_point()}",
        "PYGPI_PYTHON_BIN": sys.executable,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "COCOTB_TOPLEVEL": top,
        "COCOTB_TEST_MODULES": module,
        "COCOTB_TRUST_INERTIAL_WRITES": str(int(inertial_writes)),
        "TOPLEVEL_LANG": "verilog",
    }
