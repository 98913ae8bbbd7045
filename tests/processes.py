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
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

from evoarray.cli import main
from tests.conftest import ROOT

MODULE = (sys.executable, "-m", "evoarray")

PROMPT = 2.0
"""Seconds within which a command that is stopped has ended."""

BUSY = 8.0
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
                names = []
                for pid in left:
                    with suppress(FileNotFoundError, ProcessLookupError):  # it ends just now
                        names.append(Path(f"/proc/{pid}/cmdline").read_bytes())
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


Moment = Callable[[str, tuple[object, ...]], bool]
"""Whether an event that Python's audit hooks are told of counts; see sys.audit."""


def hit(
    folder: Path, arguments: tuple[object, ...], number: int, count: int, counts: Moment
) -> tuple[int, str]:
    """Run a command that sends itself a signal at the count-th event that counts.

    It is a fork of this process, so that moments by the hundred take little time. Returns its
    status, which is negative if it died of a signal, and what is on standard error. Status 0 is
    that of a command that has fewer such events; one that took no notice has status 1.
    """
    err = folder / f"stderr-{uuid4().hex}"
    child = os.fork()
    if not child:
        os.setsid()
        _run_and_hit(folder, arguments, err, number, count, counts)
    _, ended = os.waitpid(child, 0)
    said = err.read_text(encoding="utf-8", errors="replace")
    err.unlink()
    return os.waitstatus_to_exitcode(ended), said


def _run_and_hit(
    folder: Path,
    arguments: tuple[object, ...],
    err: Path,
    number: int,
    count: int,
    counts: Moment,
) -> NoReturn:
    left = count

    def hook(event: str, values: tuple[object, ...]) -> None:
        nonlocal left
        if left and counts(event, values):
            left -= 1
            if not left:
                os.kill(os.getpid(), number)

    status = 1
    try:
        os.dup2(os.open(err, os.O_WRONLY | os.O_CREAT), 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        os.chdir(folder)
        sys.argv = ["evoarray", *map(str, arguments)]
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.addaudithook(hook)
        main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 0
    except BaseException:  # noqa: BLE001  (what Python would then print)
        traceback.print_exc()
    finally:
        if status == 0 and not left:
            sys.stderr.write("the signal had no effect")
            status = 1
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)


def writes_in(place: Path) -> Moment:
    """Return the moment at which something in a folder is opened, made, renamed or removed."""
    events = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.scandir"}
    events |= {"sqlite3.connect", "shutil.rmtree"}

    def counts(event: str, values: tuple[object, ...]) -> bool:
        if event not in events or not isinstance(values[0], str | bytes | Path):
            return False
        name = os.fsdecode(values[0]).removeprefix("file://").partition("?")[0]
        return Path(os.path.normpath(Path(name).absolute())).is_relative_to(place)

    return counts


def after(place: Path, name: str) -> Moment:
    """Return any moment after a file of this name was put into a folder."""
    is_there = False

    def counts(event: str, values: tuple[object, ...]) -> bool:
        nonlocal is_there
        if event == "os.rename" and Path(str(values[1])).absolute() == place / name:
            is_there = True
        return is_there

    return counts
