# SPDX-License-Identifier: Apache-2.0
"""What is compiled once and kept: in the user's cache folder, under a hash of all that goes in.

The file's name ends in a hash of its content, so that a spoilt one is not taken.
"""

import hashlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from model.errors import InputError
from model.files import check_room

LAST_LINES = 12


class BuildError(RuntimeError):
    """A compiler failed; the message has its last lines."""


def built(
    name: str,
    command: Sequence[str],
    sources: Iterable[Path],
    tools: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Path:
    """Return the file that a command makes as `name` in its working folder, made now or before.

    It is made anew when the command, a source's content or a tool's description (such as its
    version) has changed. Raises InputError for an unwritable cache, BuildError if the command
    fails.
    """
    digest = hashlib.sha256(repr((name, *command, *tools)).encode())
    for source in sources:
        digest.update(source.read_bytes())
    kept = _folder() / digest.hexdigest()[:16]
    try:
        for path in kept.glob(f"{name}-*"):
            if path == _place(path, kept, name):
                return path
        kept.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept, prefix="build-") as folder:
            _run(command, folder, environment or {})
            made = Path(folder, name)
            # Another process may have built the same meanwhile; either one serves.
            return made.replace(_place(made, kept, name))
    except OSError as error:
        raise InputError(
            f"cannot build in {kept}: {error.strerror}; XDG_CACHE_HOME names another cache folder"
        ) from None


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
        check_room(Path(folder))
        check_room()
        last = "\n".join(said.splitlines()[-LAST_LINES:])
        raise BuildError(f"{command[0]} failed; its last lines:\n{last}")


def _folder() -> Path:
    try:
        named = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # neither HOME nor an entry among the users of the system
        raise InputError(
            "there is no home folder to keep what is compiled; XDG_CACHE_HOME names another one"
        ) from None
    return Path(named, "evoarray").resolve()
