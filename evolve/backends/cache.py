# SPDX-License-Identifier: Apache-2.0
"""What is compiled once and kept: in the user's cache folder, under a hash of all that goes in.

The file's name ends in a hash of its content, so that a spoilt one is not taken. One that another
user may have put there, or may change, is not taken either (evolve/backends/trust.py).
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from evoarray.evolution import children
from evoarray.evolution.backends.trust import distrust, instead_of, make_private, temporary_folder
from evoarray.model.errors import InputError
from evoarray.model.files import check_room
from evoarray.model.temporary import TemporaryFolder, remove_abandoned

LAST_LINES = 12

_PLAIN = re.compile(r"[\w./+-]+", re.ASCII)


class BuildError(RuntimeError):
    """A compiler failed; the message has its last lines."""


def built(
    name: str,
    command: Sequence[str],
    sources: Iterable[Path],
    tools: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    links: Mapping[str, Path] | None = None,
) -> Path:
    """Return the file that a command makes as `name` in its working folder, made now or before.

    There the command finds the sources by their names, and what else is linked: the paths to them
    may have spaces, quotes, $ or #, which make and Verilator do not bear. It is made anew when the
    command, a source's content or a tool's description (such as its version) has changed. Raises
    InputError for an unwritable cache, BuildError if the command fails.
    """
    digest = hashlib.sha256(repr((name, *command, *tools)).encode())
    found = {source.name: source for source in sources}
    for source in found.values():
        digest.update(source.read_bytes())
    kept = _cache() / digest.hexdigest()[:16]
    try:
        if reason := _made(kept):
            instead_of(kept, reason)
            kept = _cache() / kept.name
            make_private(kept)
        for path in kept.glob(f"{name}-*"):
            if not distrust(path) and path == _place(path, kept, name):
                return path
        for other in kept.parent.iterdir():
            remove_abandoned(other)
        with (
            TemporaryFolder(_plain(kept)) as folder,
            TemporaryFolder(kept) as beside,
            TemporaryFolder(temporary_folder()) as temporary,
        ):
            link(Path(folder), {**found, **(links or {})})
            # A compiler that is killed leaves its own temporary files.
            _run(command, folder, {"TMPDIR": temporary, **(environment or {})})
            made = Path(shutil.move(Path(folder, name), beside))
            made.chmod(0o755)  # whatever the umask is
            # Another process may have built the same meanwhile; either one serves.
            return made.replace(_place(made, kept, name))
    except OSError as error:
        raise InputError(
            f"cannot build in {kept}: {error.strerror}; XDG_CACHE_HOME names another cache folder"
        ) from None


def link(folder: Path, files: Mapping[str, Path]) -> None:
    """Make files and folders stand in another folder, too, by these names."""
    for name, path in files.items():
        Path(folder, name).symlink_to(path.absolute())


def _plain(kept: Path) -> Path:
    """Return the folder to build in: the first that others cannot change and that make bears."""
    others = (tempfile.gettempdir(), "/tmp", "/var/tmp")
    for folder in (kept, *(Path(other).resolve() for other in others)):
        if _PLAIN.fullmatch(str(folder)) and folder.is_dir() and not distrust(folder):
            return folder
    return kept


def _place(made: Path, kept: Path, name: str) -> Path:
    return kept / f"{name}-{hashlib.sha256(made.read_bytes()).hexdigest()[:16]}"


def _run(command: Sequence[str], folder: str, environment: Mapping[str, str]) -> None:
    done = children.run(
        command, cwd=folder, env={**os.environ, **environment}, stderr=subprocess.STDOUT
    )
    if done.returncode:
        check_room(Path(folder))
        check_room()
        last = "\n".join(done.stdout.splitlines()[-LAST_LINES:])
        raise BuildError(f"{command[0]} failed; its last lines:\n{last}")


def _made(folder: Path) -> str:
    """Make a folder if it is not there; return why it is not to be trusted, or nothing."""
    reason = distrust(folder)
    if not reason:
        make_private(folder)
        reason = distrust(folder)  # where all may write, as in /tmp, somebody may have been faster
    return reason


def _cache() -> Path:
    try:
        named = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # neither HOME nor an entry among the users of the system
        raise InputError(
            "there is no home folder to keep what is compiled; XDG_CACHE_HOME names another one"
        ) from None
    return Path(named, "evoarray").resolve()
