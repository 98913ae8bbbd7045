# SPDX-License-Identifier: Apache-2.0
"""Sources in C as libraries: compiled once, for this machine, and kept."""

import ctypes
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.backends.cache import built
from evoarray.evolution.backends.levels import OPTIONS, levels, library_name
from evoarray.model.errors import InputError

COMPILERS = ("cc", "gcc", "clang")
"""The C compilers that are looked for, the first one first; CC names another."""


def load_compiled(source: Path, *flags: str, macros: Sequence[str] = ()) -> ctypes.CDLL:
    """Return a C source as a library, compiled for a wheel, or for this machine, now or before.

    flags: those of a library that no wheel has; macros: -D options that every one needs. Headers
    are those in the source's folder.

    Raises InputError without a compiler or if it cannot be loaded, BuildError if the compiler
    fails.
    """
    installed = None if flags else installed_for(source)
    try:
        return ctypes.CDLL(str(installed or _compiled(source, [*flags, *macros])))
    except OSError as error:  # for example where programs in the cache folder may not run
        remedy = "XDG_CACHE_HOME names another cache folder"
        if installed:
            remedy = "install evoarray anew"
        raise InputError(
            f"cannot load the fast engine: {error}; {remedy} (or: --backend model)"
        ) from None


def _compiled(source: Path, flags: Sequence[str]) -> Path:
    """Return where the library is that was compiled for this machine, now or before."""
    compiler = find_compiler()
    version = subprocess.run([*compiler, "--version"], capture_output=True, text=True, check=False)
    name = f"{source.stem}.so"
    # On ARM, Apple's clang knows the one, and GCC and clang both; elsewhere all know the other.
    native = "-mcpu=native" if platform.machine() in {"arm64", "aarch64"} else "-march=native"
    command = [*compiler, *OPTIONS, native, *flags, "-o", name, source.name]
    # The processor's flags are what native depends on: a cache may be shared by machines.
    processor = cpu_line("flags", "Features") or platform.processor()
    return built(
        name, command, [source, *sorted(source.parent.glob("*.h"))], [version.stdout, processor]
    )


def installed_for(source: Path) -> Path | None:
    """Return the library that a wheel has for this processor, or None, as in a checkout."""
    line = cpu_line("flags", "Features")
    flags = frozenset(line.partition(":")[2].split())
    places = (
        source.with_name(library_name(source.stem, level))
        for level in levels(platform.machine(), flags)
    )
    return next((place for place in places if place.is_file()), None)


def find_compiler() -> list[str]:
    """Return the C compiler's command, that of CC if set. Raises InputError if it is missing."""
    asked, *options = os.environ.get("CC", "").split() or [""]
    commands = [asked] if asked else COMPILERS
    for command in commands:
        if found := shutil.which(command):
            return [found, *options]
    missing = f"{asked} is not installed" if asked else f"there is none of {', '.join(COMPILERS)}"
    raise InputError(
        f"the fast engine needs a C compiler, and {missing}: "
        "apt-get install gcc (or: --backend model)"
    )


def cpu_line(*names: str) -> str:
    """Return the first processor's line of one of these names, or nothing where it has none."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith(names)), "")


def address(array: NDArray[np.generic]) -> int:
    """Return where an array's numbers begin."""
    return array.ctypes.data
