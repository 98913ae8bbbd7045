# SPDX-License-Identifier: Apache-2.0
"""Temporary files and folders; of a process that was killed, the next one removes them.

Each is locked for as long as it is in use, which the system ends with the process. Whoever makes
one in a folder removes those there that nobody has locked. Names are chosen at random and never
taken where something is, so that nothing that was put there before is written to.
"""

import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import IO

_PREFIX, _SUFFIX = ".evoarray-", ".tmp"
_NAME = re.compile(r"\.evoarray-[a-z0-9_]{8}\.tmp")


def temporary_place() -> Path:
    """Return the folder for temporary files: where TMPDIR says, if a file can be made there.

    tempfile finds it in the same way, but a process that is killed then leaves a file of a name
    that tells nobody whose it is. From here on tempfile takes this one. Raises OSError if there is
    none.
    """
    if tempfile.tempdir is None:
        named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
        usual = ("/tmp", "/var/tmp", "/usr/tmp", str(Path.cwd()))
        for place in map(os.path.abspath, filter(None, (*named, *usual))):
            with suppress(OSError), temporary_file(Path(place)) as (_, stream):
                stream.write(b"x")
                stream.flush()
                tempfile.tempdir = place
                break
    return Path(tempfile.gettempdir())


class TemporaryFolder(tempfile.TemporaryDirectory[str]):
    """A folder in `parent`, or where TMPDIR says, that is removed by `cleanup`, or `with`."""

    def __init__(self, parent: Path | None = None) -> None:
        """Make it. Raises OSError if that cannot be."""
        place = temporary_place() if parent is None else parent
        _remove_abandoned_once(place)
        while True:
            super().__init__(_SUFFIX, _PREFIX, place)
            self._lock = os.open(self.name, os.O_RDONLY | os.O_DIRECTORY)
            if _locked(self._lock, or_unsupported=True) and Path(self.name).exists():
                break
            self.cleanup()  # somebody took it for abandoned in the moment before

    def cleanup(self) -> None:
        """Remove the folder; once more does no harm."""
        try:
            super().cleanup()
        finally:
            if self._lock >= 0:
                os.close(self._lock)
                self._lock = -1


@contextmanager
def temporary_file(parent: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Make a file in a folder; unless it is there under another name at the end, it is removed.

    Raises OSError if that cannot be.
    """
    _remove_abandoned_once(parent)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    while True:
        path = parent / f"{_PREFIX}{token_hex(4)}{_SUFFIX}"
        try:
            descriptor = os.open(path, flags, 0o666)  # less what umask takes away
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "wb") as stream:
            try:
                if _locked(descriptor, or_unsupported=True) and os.fstat(descriptor).st_nlink:
                    yield path, stream
                    return
            finally:
                path.unlink(missing_ok=True)


def is_temporary(path: Path) -> bool:
    """Return whether a file or folder has such a name as is given here."""
    return _NAME.fullmatch(path.name) is not None


def remove_abandoned(folder: Path) -> None:
    """Remove what killed processes of this user have left in a folder, and nothing else."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if is_temporary(path := Path(entry.path)):
                with suppress(OSError):
                    _remove(path)


_remove_abandoned_once = cache(remove_abandoned)


def _remove(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid() or not _locked(descriptor):
            return
        if stat.S_ISDIR(status.st_mode):
            shutil.rmtree(path, ignore_errors=True)
        elif stat.S_ISREG(status.st_mode):
            path.unlink()
    finally:
        os.close(descriptor)


def _locked(descriptor: int, *, or_unsupported: bool = False) -> bool:
    """Lock a file or folder, and return whether it is; some file systems do not support that."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return or_unsupported
    return True
