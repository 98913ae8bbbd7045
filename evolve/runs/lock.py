# SPDX-License-Identifier: Apache-2.0
"""Who may write a run's folder: one process at a time, and after its death the next."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from model.errors import InputError

LOCK = "run.lock"


@contextmanager
def held(folder: Path) -> Iterator[FileLock]:
    """Take a run's lock, and release it if what is done with it fails."""
    path = folder / LOCK
    lock = FileLock(path, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire(timeout=0.5)  # longer than any is_held
    except Timeout:
        owner = ""
        with suppress(OSError):  # it may have ended just now
            owner = path.read_text(encoding="ascii", errors="replace")[:20]
        who = f"process {owner}" if owner.isdigit() else "another process"
        raise InputError(f"the run {folder} is being written by {who}; stop that first") from None
    try:
        path.write_text(str(os.getpid()), encoding="ascii")
        yield lock
    except BaseException:
        release(lock)
        raise


def release(lock: FileLock) -> None:
    """Leave the run to the next writer."""
    if lock.is_locked:
        with suppress(OSError):
            Path(lock.lock_file).unlink()  # filelock sees that a file it waited for has gone
        lock.release()


def is_held(path: Path) -> bool:
    """Return whether a process has this lock. A shared lock for a moment is the only way to ask."""
    try:
        with path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
