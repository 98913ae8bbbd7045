# SPDX-License-Identifier: Apache-2.0
"""Programs that this process starts: simulators, compilers, tools of synthesis.

Each is a process group of its own, with all that it starts in turn, and ends with this process,
however that ends. Nobody can do anything at a kill -9; therefore, while there are such groups, a
shell waits at a pipe whose other end is here, and kills them when that is no more.
"""

import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from evoarray.evolution.stopping import end_group, groups, held_back, is_asked

_GUARD = """
while read -r line; do groups=$line; done
for group in $groups; do kill -s KILL -- "-$group"; done
"""


class _Guard:
    """The shell, which is there for as long as there are groups."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._shell: subprocess.Popen[bytes] | None = None

    def stand_by(self) -> None:
        """Be there before the program is that is to be told of: a kill -9 may come in between."""
        if self._shell is not None and self._shell.poll() is not None:  # somebody has killed it
            self._shut(self._shell)
        if self._shell is None:
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )

    def tell(self) -> None:
        """Let the shell know which groups there are now; the caller has the lock."""
        if groups:
            self.stand_by()
        if self._shell is None:
            return
        assert self._shell.stdin is not None
        with suppress(BrokenPipeError):
            self._shell.stdin.write(f"{' '.join(map(str, groups))}\n".encode())
            self._shell.stdin.flush()
        if not groups:
            self._shut(self._shell)

    def _shut(self, shell: "subprocess.Popen[bytes]") -> None:
        assert shell.stdin is not None
        with suppress(BrokenPipeError):
            shell.stdin.close()
        shell.wait()
        self._shell = None


_guard = _Guard()


def start(command: Sequence[str | Path], **options: Any) -> "subprocess.Popen[Any]":
    """Start a program; options are those of subprocess.Popen. Raises OSError as that does.

    Ctrl-C is not for it: that comes here first. Whoever calls this must call `end`.
    """
    with held_back(), _guard.lock:
        _guard.stand_by()
        try:
            process = subprocess.Popen(command, start_new_session=True, **options)
            groups.add(process.pid)
            if is_asked():  # a thread starts it that goes on for a moment; nobody waits for it
                end_group(process.pid)
        finally:
            _guard.tell()
    return process


def end(process: "subprocess.Popen[Any]", *, kill: bool = True) -> None:
    """Wait for the end of a program. Unless it has done all it should, kill it and its children."""
    with held_back():
        if kill:
            end_group(process.pid)
        process.wait()
        with _guard.lock:
            groups.discard(process.pid)
            _guard.tell()


def run(
    command: Sequence[str | Path], limit: float | None = None, **options: Any
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end, and return its status and what it said, as text.

    Raises OSError as subprocess.Popen does, and subprocess.TimeoutExpired if it takes longer than
    the limit in seconds; then, and whatever else happens, neither it nor a child of it is left.
    """
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = start(command, text=True, errors="replace", **{**streams, **options})
    done = False
    try:
        out, err = process.communicate(timeout=limit)
        done = True
    finally:
        end(process, kill=not done)
        if not done:
            with held_back(), suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=1)  # until the last of them is gone
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
