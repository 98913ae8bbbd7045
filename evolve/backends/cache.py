# SPDX-License-Identifier: Apache-2.0
"""What is compiled once and kept: in the user's cache folder, under a hash of all that goes in.

The file's name ends in a hash of its content, so that a spoilt one is not taken. One that another
user may have put there, or may change, is not taken either (evolve/backends/trust.py).
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from evolve.backends.trust import distrust, instead_of, make_private
from model.errors import InputError

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
        with (
            tempfile.TemporaryDirectory(dir=_plain(kept), prefix="build-") as folder,
            tempfile.TemporaryDirectory(dir=kept, prefix="build-") as beside,
        ):
            link(Path(folder), {**found, **(links or {})})
            _run(command, folder, environment or {})
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
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # so that what it starts can be stopped with it
    ) as running:
        try:
            said, _ = running.communicate()
        except BaseException:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()  # until the last of them is gone
            raise
    if running.returncode:
        last = "\n".join(said.splitlines()[-LAST_LINES:])
        raise BuildError(f"{command[0]} failed; its last lines:\n{last}")


def _made(folder: Path) -> str:
    """Make a folder if it is not there; return why it is not to be trusted, or nothing."""
    reason = distrust(folder)
    if not reason:
        make_private(folder)
        reason = distrust(folder)  # where all may write, as in /tmp, somebody may have been faster
    return reason


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "evoarray").resolve()
