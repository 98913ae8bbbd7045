# SPDX-License-Identifier: Apache-2.0
"""A run's folder, as its one writer sees it.

Start reading at `RunStore.save`. A checkpoint and the log that belongs to it are written in one
transaction, so a process may be killed at any moment. What is damaged goes on from what is good.
"""

import shutil
import sqlite3
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Self

from filelock import FileLock

from evoarray.evolution.runs.database import (
    STATUSES,
    Event,
    Loaded,
    Row,
    append,
    build,
    read,
    set_status,
)
from evoarray.evolution.runs.lock import LOCK, held, release
from evoarray.evolution.runs.sqlite import begin_writing, check_plain, connect, end_writing, parts
from evoarray.model.errors import InputError
from evoarray.model.files import keep_inside
from evoarray.model.temporary import is_temporary, remove_abandoned

DATABASE = "run.sqlite"


class RunStore:
    """The one writer of a run's folder; made by `create` or `open`, ended by `finish` or `close`.

    As a context manager it closes itself. A status that was not set by `finish` then stays
    "running", which without a writer is listed as killed.
    """

    def __init__(self, folder: Path, lock: FileLock, warnings: Sequence[str]) -> None:
        self._folder, self._lock, self._warnings = folder, lock, warnings
        keep_inside(folder)
        self._database = connect(folder / DATABASE, "mode=rw")
        begin_writing(self._database)

    @classmethod
    def create(
        cls, folder: Path, description: Mapping[str, Any], images: Mapping[str, bytes]
    ) -> Self:
        """Make the folder of a new run from its description (for JSON) and PNG files by name.

        The folder may exist if there is nothing in it, as after a kill -9 while it was made. Raises
        InputError if there is, or if it cannot be filled; nothing is then left behind.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _refuse_used(folder)
        except FileExistsError:
            raise _exists(folder) from None
        except OSError as error:
            raise InputError(f"cannot make the run folder {folder}: {error.strerror}") from None
        now = datetime.now(UTC).isoformat(timespec="seconds")
        new = Loaded(now, description, images, None, [], [], STATUSES[0])
        try:
            with said(f"cannot make the run folder {folder}"), held(folder) as lock:
                remove_abandoned(folder)
                _refuse_used(folder)  # another process may have been faster
                try:
                    build(folder / DATABASE, new)
                    return cls(folder, lock, [])
                except BaseException:
                    for part in parts(folder / DATABASE):  # the next try may have the name
                        part.unlink(missing_ok=True)
                    raise
        except BaseException:
            with suppress(OSError):
                folder.rmdir()  # if it is empty: what another process made is not ours to remove
            raise

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a run to go on with it; a damaged database is replaced by what is good of it.

        Raises InputError for a folder that is no run, that another process is writing, that a
        newer version made, or that is damaged so that no checkpoint is left.
        """
        path = folder / DATABASE
        with said(f"cannot open the run {folder}"):
            check_plain(*parts(path))
            if not path.is_file():
                raise InputError(f"{folder} is no run: there is no {DATABASE} in it")
            with held(folder) as lock:
                remove_abandoned(folder)
                return cls(folder, lock, _repair(path))

    def save(
        self,
        checkpoint: Mapping[str, Any],
        rows: Sequence[Row],
        events: Sequence[Event],
        status: str = STATUSES[0],
    ) -> None:
        """Append rows and events and replace the checkpoint, all or nothing.

        Raises InputError if that fails, as on a full disk; what was saved before is not lost.
        """
        with self._transaction():
            append(self._database, checkpoint, rows, events)
            set_status(self._database, status)

    def load(self) -> Loaded:
        """Return what was saved last, and warnings of what `open` found.

        Raises InputError if the database was damaged since it was opened.
        """
        with said(f"cannot read the run {self._folder}"):
            loaded, damaged = read(self._database, self._folder / DATABASE)
        if damaged:
            raise InputError(f"the run {self._folder} was damaged while in use; open it anew")
        return replace(loaded, warnings=self._warnings)

    def set_status(self, status: str) -> None:
        """Set the status, one of STATUSES. Raises InputError if it cannot be written."""
        with self._transaction():
            set_status(self._database, status)

    def finish(self, status: str) -> None:
        """Set the status and close."""
        with self:
            self.set_status(status)

    def close(self) -> None:
        """Leave one database file, and the folder to the next writer."""
        end_writing(self._database)
        release(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        failure = f"cannot save the run {self._folder}"
        with said(failure, "what was saved before is safe"), self._database:
            yield


def _refuse_used(folder: Path) -> None:
    """Raise InputError unless a new run may be made here: nothing is there, or what a kill left."""
    if any(path.name != LOCK and not is_temporary(path) for path in folder.iterdir()):
        raise _exists(folder)


def _exists(folder: Path) -> InputError:
    return InputError(f"the run folder {folder} exists; name a new one with -o")


def _repair(path: Path) -> list[str]:
    """Replace the database by what is good of it, if it is damaged; return what to say of that."""
    loaded, damaged = examine(path, path)
    if not damaged:
        return []
    check_alone(path)
    kept = keep_damaged(path)
    build(path, loaded)
    where = f"{loaded.rows[-1].evaluations:,} evaluations" if loaded.rows else "its start"
    return [
        f"the run {path.parent} was damaged; it goes on from the last good checkpoint, at {where}, "
        f"and what came later is lost (the damaged database is kept as {kept.name})"
    ]


def check_alone(path: Path) -> None:
    """Refuse to replace a database whose -wal file would be taken for the new one's."""
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists() and wal.stat().st_size > 0:
        raise InputError(
            f"{path} is to be written anew, and another process reads it; stop that first"
        )


def keep_damaged(path: Path) -> Path:
    """Return the copy of a database that is made beside it."""
    for number in count(1):
        kept = path.with_suffix(f".damaged-{number}")
        with suppress(FileExistsError), kept.open("xb") as copy:  # which follows no link
            with path.open("rb") as damaged:
                shutil.copyfileobj(damaged, copy)
            return kept
    raise AssertionError  # there is always another number


def examine(path: Path, called: Path) -> tuple[Loaded, bool]:
    """Return what is good of a run that nobody writes, and whether anything is not.

    Raises InputError, with the name by which it is called, if too little is good.
    """
    frames = _frames(path)
    with closing(connect(path, "mode=rw")) as database:
        loaded, damaged = read(database, called)
        # SQLite takes a log that is cut off or has a flipped bit for one that ends there.
        damaged |= max(0, database.execute("PRAGMA wal_checkpoint").fetchone()[1]) < frames
        if damaged:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return loaded, damaged


def _frames(path: Path) -> int:
    """Return how many pages a killed writer knew to be in the -wal file; 0 if not known.

    They are mxFrame of the WAL-index header (sqlite.org/walformat.html, 2.1), in the -shm file.
    It must not be opened here while SQLite has it open: closing it would drop SQLite's locks.
    """
    try:
        header = path.with_name(f"{path.name}-shm").read_bytes()[:20]
    except FileNotFoundError:
        return 0
    return int(struct.unpack_from("=I", header, 16)[0]) if len(header) == 20 else 0


@contextmanager
def said(failure: str, advice: str = "put that right and try again") -> Iterator[None]:
    """Turn what SQLite and the system raise into one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        raise InputError(f"{failure}: {error}; {advice}") from None
    except UnicodeDecodeError:  # in what SQLite says of it
        raise InputError(f"{failure}: the database is damaged; {advice}") from None
    except OSError as error:
        raise InputError(f"{failure}: {error.strerror or error}; {advice}") from None
