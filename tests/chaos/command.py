# SPDX-License-Identifier: Apache-2.0
"""Run the command evoarray in a forked process, and say how it ended.

A fork has all modules already: a trial takes milliseconds instead of a second. Start reading at
`Command`; `wrongs` says what no command may ever do.
"""

import ctypes
import fcntl
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import matplotlib.figure  # noqa: F401  (loaded here, once, instead of in every fork)

import evoarray
from evoarray.__main__ import main

PATIENCE = 10.0
"""Seconds within which a command that was told to stop has ended, and what it started as well."""

REFUSED, INTERRUPTED, TERMINATED = 2, 130, 143

_OURS = tuple(str(Path(evoarray.__path__[0]).parent / name) for name in ("evo", "model"))
"""How the paths of our own modules begin."""

_PR_SET_CHILD_SUBREAPER = 36
_AIMED_AT = {
    *("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.truncate"),
    *("shutil.rmtree", "sqlite3.connect", "subprocess.Popen"),
}
"""Python's audit events after which a process may be hit: its dealings with files."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its status, minus a signal's number; what it wrote; seconds it took.

    hung: it had to be killed. orphans: what it started and left behind, which was killed, too.
    """

    arguments: Sequence[str]
    status: int
    out: str
    err: str
    seconds: float
    hung: bool = False
    orphans: Sequence[str] = ()

    def wrongs(self, *legal: int) -> list[str]:
        """Return what is wrong, whatever the command was: an empty list if nothing is."""
        wrongs = []
        if self._is_python_s_own:
            return []
        if self.hung:
            wrongs.append(f"still there after {PATIENCE:.0f} s")
        elif self.status not in legal:
            wrongs.append(f"status {self.status}")
        if "Traceback" in self.err or "Error:" in self.err.split("evoarray: ")[0]:
            wrongs.append("a traceback")
        if self.orphans:
            wrongs.append("left behind: " + ", ".join(self.orphans))
        if self.status == REFUSED and not any(
            line.startswith("evoarray: ") for line in self.err.splitlines()
        ):
            wrongs.append("refused without a sentence")
        crashed = self.status < 0  # with PYTHONFAULTHANDLER Python tells where
        said = self.err.strip().splitlines()[-60 if crashed else -3 :]
        return [f"{wrong}: evoarray {' '.join(self.arguments)} | {said}" for wrong in wrongs]

    @property
    def _is_python_s_own(self) -> bool:
        """Whether nothing of ours was there yet, or any more, when this was said.

        Python itself is interrupted while it starts; a worker that multiprocessing just starts
        finds that its parent was killed.
        """
        files = re.findall(r'File "([^"]+)"', self.err)
        ours = any(file.startswith(_OURS) for file in files)
        starts = bool(files) and self.err.strip().endswith("KeyboardInterrupt")
        orphaned = self.status == -signal.SIGKILL and "EOFError: Ran out of input" in self.err
        return not ours and (starts or orphaned) and not (self.hung or self.orphans)


@dataclass(frozen=True)
class Blow:
    """A signal that a command gets, after so many of its dealings with files, or seconds."""

    number: signal.Signals
    event: int | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        if self.event is not None:
            return f"{self.number.name} at file event {self.event}"
        return f"{self.number.name} after {self.seconds:.3f} s"


class Command:
    """A command that runs, in a session of its own; `fresh` starts a new Python for it."""

    def __init__(
        self,
        folder: Path,
        *arguments: object,
        blow: Blow | None = None,
        largest_file: int | None = None,
        fresh: bool = False,
    ) -> None:
        self.arguments = [*map(str, arguments)]
        _adopt_orphans(True)
        pipes = [_wide_pipe() for _ in range(2)]  # not files, which may be limited
        self._said = [read for read, _ in pipes]
        self._began = time.monotonic()
        _hold_signals(True)  # until the command is there to take them
        self.pid = os.fork()
        if self.pid == 0:
            _become(folder, self.arguments, [w for _, w in pipes], blow, largest_file, fresh)
        _hold_signals(False)
        for _, write in pipes:
            os.close(write)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the command alone, if it is still there."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended, so long at most; say whether it has."""
        end = time.monotonic() + seconds
        while not (gone := _has_ended(self.pid)) and time.monotonic() < end:
            time.sleep(0.002)
        return gone

    def end(self, seconds: float = 60.0) -> Ended:
        """Wait for its end, and for that of what it started; kill what does not end."""
        hung = not self.wait(seconds)
        took = time.monotonic() - self._began
        if hung:
            self.send(signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        orphans = _end_session(self.pid)
        _adopt_orphans(False)
        out, err = map(_drain, self._said)
        return Ended(
            self.arguments, os.waitstatus_to_exitcode(status), out, err, took, hung, orphans
        )


def run(
    folder: Path,
    *arguments: object,
    blow: Blow | None = None,
    largest_file: int | None = None,
    fresh: bool = False,
) -> Ended:
    """Run a command to its end, with a blow on its way."""
    command = Command(folder, *arguments, blow=blow, largest_file=largest_file, fresh=fresh)
    if blow is not None and blow.seconds is not None and not command.wait(blow.seconds):
        command.send(blow.number)
    return command.end()


def _adopt_orphans(adopt: bool) -> None:
    """Make this process the parent of what its children leave behind, on Linux, or no longer."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0)


def _become(
    folder: Path,
    arguments: list[str],
    streams: list[int],
    blow: Blow | None,
    largest_file: int | None,
    fresh: bool,
) -> NoReturn:
    """Be the command, in the process that was forked for it."""
    status = 70  # EX_SOFTWARE: this function itself failed
    try:
        os.setsid()
        os.chdir(folder)
        for number, stream in enumerate(streams, 1):
            os.dup2(stream, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        (folder / ".tmp").mkdir(exist_ok=True)
        os.environ["TMPDIR"] = str(folder / ".tmp")
        tempfile.tempdir = None  # read anew
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL if fresh else signal.default_int_handler)
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
        if fresh:
            _hold_signals(False)
            os.execv(sys.executable, [sys.executable, "-m", "evoarray", *arguments])
        status = _call(arguments, blow)
    finally:
        os._exit(status)


def _aim(number: signal.Signals, left: int) -> None:
    """Let this process signal itself when it has dealt with files so many times."""
    home = os.getpid()

    def count(event: str, _: object) -> None:
        nonlocal left
        if event in _AIMED_AT and os.getpid() == home:
            left -= 1
            if left == 0:
                os.kill(home, number)

    sys.addaudithook(count)


def _call(arguments: list[str], blow: Blow | None) -> int:
    sys.argv = ["evoarray", *arguments]
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    if blow is not None and blow.event is not None:
        _aim(blow.number, blow.event)
    try:
        _hold_signals(False)
        main()
        status: object = 0
    except SystemExit as end:
        status = end.code
    except KeyboardInterrupt:
        traceback.print_exc()
        status = INTERRUPTED
    except BaseException:  # noqa: BLE001  (as Python itself does)
        traceback.print_exc()
        status = 1
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    return status if isinstance(status, int) else 0 if status is None else 1


def _hold_signals(hold: bool) -> None:
    how = signal.SIG_BLOCK if hold else signal.SIG_UNBLOCK
    signal.pthread_sigmask(how, (signal.SIGINT, signal.SIGTERM))


def _wide_pipe() -> tuple[int, int]:
    """Return the ends of a pipe that takes all that a command says, without a reader."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 2**20)
    os.set_blocking(read, False)
    return read, write


def _drain(pipe: int) -> str:
    said = b""
    with suppress(BlockingIOError):
        while part := os.read(pipe, 2**16):
            said += part
    os.close(pipe)
    return said.decode(errors="replace")


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end_session(session: int) -> list[str]:
    """Wait for all that is in a session; kill and name what does not end."""
    end = time.monotonic() + PATIENCE
    while (left := _session(session)) and time.monotonic() < end:
        time.sleep(0.01)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while _session(session):
        time.sleep(0.01)
    return [*left.values()]


def _session(session: int) -> dict[int, str]:
    """Return the processes of a session that live, and their command lines; forget the others."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            state, _, _, number = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            pid = int(folder.name)
            if int(number) != session:
                continue
            if state == "Z":
                os.waitpid(pid, os.WNOHANG)  # it was left to us
            else:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                found[pid] = b" ".join(words).decode(errors="replace")[:120]
    return found
