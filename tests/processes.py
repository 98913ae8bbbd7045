# SPDX-License-Identifier: Apache-2.0
"""Commands as processes that tests stop and kill: at which moment, and what may be left of them.

All that a command starts has a word of the command's own in its environment, by which it is found
again even if its parents have gone.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from tests.conftest import ROOT

MODULE = (sys.executable, "-m", "evolve")

PROMPT = 2.0
"""Seconds within which a command that is stopped has ended."""

BUSY = 3.0
"""Seconds more that a machine may take which has other things to do."""

_WORD = "EVOARRAY_TESTED_AS"


@dataclass
class Started:
    """A command that runs, and what it has said so far."""

    process: "subprocess.Popen[bytes]"
    word: str
    err: Path
    since: float = field(default_factory=time.monotonic)

    def stop(self, number: int, *, group: bool = False) -> None:
        """Send a signal to the command, or as a terminal does to all of its group."""
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.process.pid, number)

    def ended(self, within: float) -> tuple[int, str]:
        """Return the status and standard error of a command that ends within so many seconds."""
        try:
            status = self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.clear()
            raise AssertionError(f"it did not end within {within} s: {self.said()}") from None
        return status, self.said()

    def said(self) -> str:
        """Return what is on standard error so far."""
        return self.err.read_text(encoding="utf-8", errors="replace")

    def left(self) -> list[int]:
        """Return the processes of the command that are still there, itself among them."""
        names = (each.name for each in Path("/proc").iterdir())
        return [pid for pid in map(int, filter(str.isdigit, names)) if self._has(pid)]

    def wait_until_alone(self, within: float = PROMPT + BUSY) -> None:
        """Wait until the command has left no process. Raises AssertionError if it does."""
        end = time.monotonic() + within
        while left := self.left():
            if time.monotonic() > end:
                names = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left]
                self.clear()
                raise AssertionError(f"these are left: {names}")
            time.sleep(0.02)

    def clear(self) -> None:
        """Kill whatever there is of the command."""
        for pid in self.left():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def _has(self, pid: int) -> bool:
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()  # a zombie has none
        except OSError:
            return False
        return f"{_WORD}={self.word}".encode() in environment


def start(
    folder: Path,
    *arguments: object,
    program: tuple[str, ...] = MODULE,
    environment: Mapping[str, str] | None = None,
) -> Started:
    """Start a command in a folder, in a process group of its own that Ctrl-C is not kept from."""
    word = uuid4().hex
    err = folder / f"stderr-{word}"
    with err.open("wb") as stream:
        process = subprocess.Popen(
            [*program, *map(str, arguments)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {}), _WORD: word},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stream,
            start_new_session=True,
            # Where the tests run in the background, it is ignored, and that would be inherited.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
    return Started(process, word, err)


def wait_until(condition: Callable[[], bool], within: float = 60) -> None:
    """Wait until something is so. Raises AssertionError if it takes too long."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def check_stopped(started: Started, number: int, within: float = PROMPT + BUSY) -> str:
    """Check that a command to which a signal was sent ends soon, with its status and no traceback.

    Returns what it said on standard error. Also right is status 0 of one that was done before.
    """
    status, said = started.ended(within)
    assert status in {128 + number, 0}, f"status {status}: {said}"
    for sign in ("Traceback", "Exception ignored", "Error"):
        assert sign not in said, said
    if status:
        assert said.strip().endswith("evoarray: stopped"), said
    started.wait_until_alone()
    return said
