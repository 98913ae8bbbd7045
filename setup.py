# SPDX-License-Identifier: Apache-2.0
"""Compile the engines into wheels, so that who installs one needs no compiler.

All else is in pyproject.toml. Without a compiler the wheel has none of them, and they are compiled
when they are first used; so they are in a checkout, for the very machine.
"""

import os
import platform
import runpy
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent


def module(path: str) -> dict[str, Any]:
    """Return what a module of the package defines, which imports nothing else of it."""
    return runpy.run_path(str(HERE / "evoarray" / path))


LEVELS = module("evolution/backends/levels.py")
OPERATIONS = module("model/filter/functions.py")["for_engine"]()
SOURCES: dict[str, Sequence[str]] = {
    "evolution/filter/backends/engine/engine.c": [f"-DOPERATIONS(X)={OPERATIONS}"],
    "evolution/neuro/increments.c": [],
}


def compiler() -> list[str]:
    """Return the C compiler's command, or nothing."""
    words = os.environ.get("CC", "").split()
    for name in words[:1] or ("cc", "gcc", "clang"):
        if found := shutil.which(name):
            return [found, *words[1:]]
    return []


def knows(command: list[str], options: Sequence[str]) -> bool:
    """Return whether a compiler takes these options; GCC before 11 has no levels of x86-64."""
    empty = [*command, *options, "-E", "-x", "c", os.devnull]
    return subprocess.run(empty, capture_output=True, check=False).returncode == 0


class BuildWithEngines(build_py):
    """Compiles the engines beside their sources, where the package is copied to."""

    def run(self) -> None:
        """See build_py."""
        super().run()
        command = compiler()
        if self.editable_mode or not command:
            return
        # A cross compiler's machine is told by whoever calls it.
        machine = os.environ.get("EVOARRAY_MACHINE") or platform.machine()
        for source, macros in SOURCES.items():
            made = Path(self.build_lib, "evoarray", source)
            for level in LEVELS["levels"](machine):
                if not knows(command, level.options):
                    print(f"{source} is not built for {level.name}: {command[0]} is too old")
                    continue
                target = made.with_name(LEVELS["library_name"](made.stem, level))
                options = (*LEVELS["OPTIONS"], *level.options, *macros)
                subprocess.run(
                    [*command, *options, "-o", str(target), str(HERE / "evoarray" / source)],
                    check=True,
                )


class PlatformWheel(bdist_wheel):
    """The libraries are of a platform, and of no version of Python: they know nothing of it."""

    def get_tag(self) -> tuple[str, str, str]:
        """See bdist_wheel."""
        return "py3", "none", super().get_tag()[2]


class WithLibraries(Distribution):
    """Says that what is built is of a platform, if it is."""

    def has_ext_modules(self) -> bool:
        """See Distribution."""
        return bool(compiler())


if __name__ == "__main__":
    setup(
        distclass=WithLibraries,
        cmdclass={"build_py": BuildWithEngines, "bdist_wheel": PlatformWheel},
    )
