# SPDX-License-Identifier: Apache-2.0
"""Fitness from the RTL compiled by Verilator, driven in batches by a small C++ program.

The program is built once per shape and kept in the user's cache folder under a hash of all that
goes into it.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from evolve.backends.process import (
    IMAGES,
    LARGEST_SIDE,
    LAST_LINES,
    SimulatorBackend,
    SimulatorError,
)
from model.circuit import Shape
from model.errors import InputError
from model.functions import Plane
from model.rtl import Simulator, find_simulator, parameters, sources

TOOLS = ("g++", "make", "perl")
"""What Verilator needs to build a program."""

_SERVER = Path(__file__).with_name("verilator_server.cpp")
_FLAGS = ("-O3", "--x-assign", "fast", "--x-initial", "fast", "--noassert", "-Wno-fatal")
_CFLAGS = "-O2 -std=c++20"


class VerilatorBackend(SimulatorBackend):
    """The compiled RTL in a process of its own."""

    def __init__(self, shape: Shape, noisy: Plane, reference: Plane) -> None:
        program = build(shape)
        super().__init__(noisy, reference)
        height, width = noisy.shape
        self.start([program, str(width), str(height), IMAGES], {})


def build(shape: Shape) -> Path:
    """Return the evaluator program for a shape, built now or before.

    Raises InputError if Verilator or a compiler is missing, SimulatorError if the build fails.
    """
    simulator = find_simulator("verilator")
    values = {**parameters(shape), "MAX_WIDTH": LARGEST_SIDE, "MAX_HEIGHT": LARGEST_SIDE}
    command = [
        str(simulator.command),
        *("--cc", "--exe", "--build", "-j", str(os.cpu_count() or 1)),
        *("--default-language", "1364-2005", "--top-module", "evaluator", "-o", "evaluator"),
        *_FLAGS,
        *(f"-G{name}={value}" for name, value in values.items()),
        *("-CFLAGS", f"{_CFLAGS} -DROWS={shape.rows} -DCOLS={shape.cols}"),
        *map(str, [*sources(), _SERVER]),
    ]
    program = _cache() / _fingerprint(simulator, command) / "evaluator"
    if not program.exists():
        missing = " ".join(tool for tool in TOOLS if shutil.which(tool) is None)
        if missing:
            raise InputError(
                f"Verilator lacks {missing}: apt-get install {missing} (or: make setup)"
            )
        _build_into(program, simulator, command)
    return program


def _build_into(program: Path, simulator: Simulator, command: list[str]) -> None:
    try:
        program.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=program.parent, prefix="build-") as folder:
            done = subprocess.run(
                [*command, "--Mdir", "."],
                cwd=folder,
                env={**os.environ, **simulator.environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
            )
            if done.returncode:
                last = "\n".join(done.stdout.splitlines()[-LAST_LINES:])
                raise SimulatorError(f"Verilator could not build the RTL; its last lines:\n{last}")
            # Another process may have built the same meanwhile; either one serves.
            Path(folder, "evaluator").replace(program)
    except OSError as error:
        raise InputError(
            f"cannot build the Verilator program in {program.parent}: {error.strerror}; "
            "XDG_CACHE_HOME names another cache folder"
        ) from None


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "evoarray").resolve()


def _fingerprint(simulator: Simulator, command: list[str]) -> str:
    version = subprocess.run(
        [simulator.command, "--version"],
        env={**os.environ, **simulator.environment},
        capture_output=True,
        check=False,
    )
    # The binary's size tells versions apart where --version prints no number.
    binary = simulator.command.with_name("verilator_bin")
    size = binary.stat().st_size if binary.exists() else 0
    digest = hashlib.sha256(repr((version.stdout, size, command)).encode())
    for file in [*sources(), _SERVER]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
