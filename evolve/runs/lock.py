# SPDX-License-Identifier: Apache-2.0
"""Who may write a run's folder: one process at a time, and after its death the next."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from evoarray.evolution.runs.sqlite import check_plain
from evoarray.model.errors import InputError

LOCK = "run.lock"


@contextmanager
def held(folder: Path) -> Iterator[FileLock]:
    """Take a run's lock, and release it if what is done with it fails."""
    path = folder / LOCK
    check_plain(path)
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
        with _open(path, os.O_WRONLY | os.O_TRUNC) as stream:
            stream.write(str(os.getpid()).encode())
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
    """Return whether a process has this lock. A shared lock for a moment is the only way to ask.

    Raises InputError if there is something else in its place.
    """
    check_plain(path)
    try:
        with _open(path, os.O_RDONLY) as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _open(path: Path, flags: int) -> IO[bytes]:
    """Open the lock's file, and nothing that somebody just put in its place."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    return os.fdopen(descriptor, "rb" if flags == os.O_RDONLY else "wb")
