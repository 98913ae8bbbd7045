# SPDX-License-Identifier: Apache-2.0
"""A run's folder: one SQLite database with description, images, log and checkpoints.

Start reading at `_SCHEMA` and `RunStore.save`. A checkpoint and the log that belongs to it are
written in one transaction, so a process may be killed at any moment. SQLite does not see a flipped
bit; therefore every row of the log is chained to the one before by SHA-256, and a checkpoint holds
the ends of the chains. What is read is JSON and is checked before it is used; nothing is executed.
"""

import fcntl
import hashlib
import json
import operator
import os
import shutil
import sqlite3
import struct
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from model.errors import InputError

DATABASE, LOCK = "run.sqlite", "run.lock"
FORMAT = 1
KEPT = 3  # checkpoints
RETRY_PAUSE = 0.05  # seconds
STATUSES = ("running", "stopped", "finished")

_APPLICATION = 0x65766F61  # "evoa", which tells our databases from others
_SCHEMA = """
-- The one row that says what the run is; sha256 covers created, description and all images.
CREATE TABLE run (created TEXT, description TEXT, sha256 BLOB, status TEXT);
-- PNG files by name, so that a run can go on after the originals have gone.
CREATE TABLE image (number INTEGER PRIMARY KEY, name TEXT, content BLOB);
-- The curve: the best SAE and, as JSON, that of every tribe by number.
CREATE TABLE log (number INTEGER PRIMARY KEY, evaluations INTEGER, sae INTEGER, saes TEXT);
-- What happened: a war, a drop, a crossover, with its details as a JSON object.
CREATE TABLE event (number INTEGER PRIMARY KEY, evaluations INTEGER, kind TEXT, details TEXT);
-- The last three, in turns: how much of log and event belongs to each, where their chains end, and
-- the SHA-256 of all this.
CREATE TABLE checkpoint (slot INTEGER PRIMARY KEY, number INTEGER, content TEXT,
  rows INTEGER, rows_sha256 BLOB, events INTEGER, events_sha256 BLOB, sha256 BLOB);
"""


@dataclass(frozen=True)
class Row:
    """A point of the curve: evaluations so far, the best SAE, and that of each tribe by number."""

    evaluations: int
    sae: int
    saes: Mapping[int, int]


@dataclass(frozen=True)
class Event:
    """What happened after so many evaluations, with details that JSON can hold."""

    evaluations: int
    kind: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Loaded:
    """A run as last saved; checkpoint is None before the first save.

    created is ISO 8601 in UTC. rows and events are those that belong to the checkpoint. warnings
    are sentences about damage that was found, and what was done about it.
    """

    created: str
    description: Mapping[str, Any]
    images: Mapping[str, bytes]
    checkpoint: Mapping[str, Any] | None
    rows: Sequence[Row]
    events: Sequence[Event]
    status: str
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class RunInfo:
    """What a list of runs shows; None is what is not known.

    state is running, stopped, finished, killed or damaged; problem is a sentence about damage.
    evaluations, budget and sae are numbers as in Row; created is ISO 8601 in UTC.
    """

    folder: Path
    state: str
    evaluations: int | None = None
    budget: int | None = None
    sae: int | None = None
    command: str | None = None
    created: str | None = None
    problem: str | None = None


class RunStore:
    """The one writer of a run's folder; made by `create` or `open`, ended by `finish` or `close`.

    As a context manager it closes itself. A status that was not set by `finish` then stays
    "running", which without a writer is listed as killed.
    """

    def __init__(self, folder: Path, lock: FileLock, warnings: Sequence[str]) -> None:
        self._folder, self._lock, self._warnings = folder, lock, warnings
        self._database = _connect(folder / DATABASE, "mode=rw")
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")

    @classmethod
    def create(
        cls, folder: Path, description: Mapping[str, Any], images: Mapping[str, bytes]
    ) -> Self:
        """Make the folder of a new run from its description (for JSON) and PNG files by name.

        Raises InputError if the folder exists or cannot be filled; nothing is then left behind.
        """
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            raise InputError(f"the run folder {folder} exists; name a new one with -o") from None
        except OSError as error:
            raise InputError(f"cannot make the run folder {folder}: {error.strerror}") from None
        now = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            with _said(f"cannot make the run folder {folder}"), _held(folder) as lock:
                new = Loaded(now, description, images, None, [], [], STATUSES[0])
                _build(folder / DATABASE, new)
                return cls(folder, lock, [])
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)  # so that the next try may have the name
            raise

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a run to go on with it; a damaged database is replaced by what is good of it.

        Raises InputError for a folder that is no run, that another process is writing, that a
        newer version made, or that is damaged so that no checkpoint is left.
        """
        path = folder / DATABASE
        with _said(f"cannot open the run {folder}"):
            if not path.is_file():
                raise InputError(f"{folder} is no run: there is no {DATABASE} in it")
            with _held(folder) as lock:
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
            _append(self._database, checkpoint, rows, events)
            _set_status(self._database, status)

    def load(self) -> Loaded:
        """Return what was saved last, and warnings of what `open` found.

        Raises InputError if the database was damaged since it was opened.
        """
        loaded, damaged = _read(self._database, self._folder / DATABASE)
        if damaged:
            raise InputError(f"the run {self._folder} was damaged while in use; open it anew")
        return replace(loaded, warnings=self._warnings)

    def finish(self, status: str) -> None:
        """Set the status, one of STATUSES, and close. Raises InputError if it cannot be written."""
        with self, self._transaction():
            _set_status(self._database, status)

    def close(self) -> None:
        """Leave one database file, and the folder to the next writer.

        Where that fails, as on a full disk, SQLite's -wal file stays beside the database; it is
        part of it, and the next `open` tries again.
        """
        with suppress(sqlite3.Error):
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._database.execute("PRAGMA journal_mode=DELETE")  # removes -wal and -shm
        self._database.close()
        _release(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        failure = f"cannot save the run {self._folder}"
        with _said(failure, "what was saved before is safe"), self._database:
            yield


def list_runs(folder: Path) -> list[RunInfo]:
    """Return all runs in a folder and below it, by path. Changes nothing, and disturbs no writer.

    Raises InputError if the folder cannot be read.
    """
    with _said(f"cannot list the runs in {folder}"):
        next(folder.iterdir(), None)
        return [_look(path) for path in sorted(folder.rglob(DATABASE)) if path.is_file()]


# --- writing


def _build(path: Path, run: Loaded) -> None:
    """Write a new database, and put it in place when it is whole."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch()
    try:
        with closing(_connect(new, "mode=rw")) as database, database:
            database.executescript(_SCHEMA)
            database.execute(f"PRAGMA application_id={_APPLICATION}")
            database.execute(f"PRAGMA user_version={FORMAT}")
            facts = (run.created, _json(run.description))
            images = [(n, *image) for n, image in enumerate(run.images.items(), 1)]
            origin = _link(b"", (*facts, *images))
            database.execute("INSERT INTO run VALUES (?, ?, ?, ?)", (*facts, origin, STATUSES[0]))
            database.executemany("INSERT INTO image VALUES (?, ?, ?)", images)
            if run.checkpoint is not None:
                _append(database, run.checkpoint, run.rows, run.events)
            _set_status(database, run.status)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _append(
    database: sqlite3.Connection,
    checkpoint: Mapping[str, Any],
    rows: Iterable[Row],
    events: Iterable[Event],
) -> None:
    # operator.index: SQLite would take a NumPy number, as a blob.
    log = [
        (
            operator.index(r.evaluations),
            operator.index(r.sae),
            _json({str(t): s for t, s in r.saes.items()}),
        )
        for r in rows
    ]
    happened = [(operator.index(e.evaluations), e.kind, _json(e.details)) for e in events]
    last = database.execute(
        "SELECT number, rows, rows_sha256, events, events_sha256 FROM checkpoint "
        "ORDER BY number DESC LIMIT 1"
    ).fetchone()
    if last is None:
        (origin,) = database.execute("SELECT sha256 FROM run").fetchone()
        last = (0, 0, origin, 0, origin)
    number = last[0] + 1
    ends = (
        *_extend(database, "log", log, *last[1:3]),
        *_extend(database, "event", happened, *last[3:5]),
    )
    content = (number, _json(checkpoint), *ends)
    database.execute(
        "REPLACE INTO checkpoint VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (number % KEPT, *content, _link(b"", content)),
    )


def _extend(
    database: sqlite3.Connection,
    table: str,
    records: Iterable[tuple[Any, ...]],
    count: int,
    link: bytes,
) -> tuple[int, bytes]:
    """Append to log or event after `count` records; return the new count and end of the chain."""
    for record in records:
        count += 1
        database.execute(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", (count, *record))
        link = _link(link, (count, *record))
    return count, link


def _set_status(database: sqlite3.Connection, status: str) -> None:
    if status not in STATUSES:
        raise ValueError(f"status is {status!r}; legal is one of {', '.join(STATUSES)}")
    database.execute("UPDATE run SET status = ? WHERE status <> ?", (status, status))


def _link(before: bytes, record: object) -> bytes:
    """Return the SHA-256 of what came before and a record; ascii() tells 1 from "1" and b"1"."""
    return hashlib.sha256(before + ascii(record).encode()).digest()


def _json(data: object) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


# --- reading


def _repair(path: Path) -> list[str]:
    """Replace the database by what is good of it, if it is damaged; return what to say of that."""
    loaded, damaged = _examine(path, path)
    if not damaged:
        return []
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists() and wal.stat().st_size > 0:  # it would be taken for the new database's
        raise InputError(f"{path} is damaged, and another process reads it; stop that first")
    number = 1
    while (kept := path.with_suffix(f".damaged-{number}")).exists():
        number += 1
    shutil.copyfile(path, kept)
    _build(path, loaded)
    where = f"{loaded.rows[-1].evaluations:,} evaluations" if loaded.rows else "its start"
    return [
        f"the run {path.parent} was damaged; it goes on from the last good checkpoint, at {where}, "
        f"and what came later is lost (the damaged database is kept as {kept.name})"
    ]


def _examine(path: Path, called: Path) -> tuple[Loaded, bool]:
    """Return what is good of a run that nobody writes, and whether anything is not.

    Raises InputError, with the name by which it is called, if too little is good.
    """
    frames = _frames(path)
    with closing(_connect(path, "mode=rw")) as database:
        loaded, damaged = _read(database, called)
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


def _read(database: sqlite3.Connection, path: Path) -> tuple[Loaded, bool]:
    """Return what is good of a run, and whether anything is not.

    Raises InputError if it is not a run, or nothing of it is good.
    """
    _check_format(database, path)
    try:
        run, origin = _identify(database)
        rows, row_links = _follow(database, "log", origin)
        events, event_links = _follow(database, "event", origin)
        (used,) = database.execute("SELECT count(*) FROM checkpoint").fetchone()
        try:
            sound = database.execute("PRAGMA integrity_check(1)").fetchall() == [("ok",)]
        except sqlite3.Error:
            sound = False
    except (sqlite3.Error, ValueError):
        raise _lost(path) from None
    good = [
        checkpoint
        for slot in range(KEPT)
        if (checkpoint := _checkpoint(database, slot))
        and row_links[checkpoint[2] : checkpoint[2] + 1] == [checkpoint[3]]
        and event_links[checkpoint[4] : checkpoint[4] + 1] == [checkpoint[5]]
    ]
    if not good and (used or rows or events or not sound):
        raise _lost(path)
    number, content, row_count, _, event_count, _ = max(good, default=(0, "null", 0, b"", 0, b""))
    sound &= used == len(good) == min(number, KEPT) and run.status in STATUSES
    sound &= (row_count, event_count) == (len(rows), len(events))
    loaded = replace(
        run,
        checkpoint=json.loads(content),
        rows=[
            Row(at, sae, {int(t): s for t, s in json.loads(saes).items()})
            for _, at, sae, saes in rows[:row_count]
        ],
        events=[Event(at, kind, json.loads(text)) for _, at, kind, text in events[:event_count]],
        status=run.status if run.status in STATUSES else STATUSES[0],
    )
    return loaded, not sound


def _check_format(database: sqlite3.Connection, path: Path) -> None:
    try:
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error:
        application = version = None
    if application != _APPLICATION:
        raise InputError(f"{path} is not a run's database, or is damaged; it cannot be used")
    if version != FORMAT:
        raise InputError(
            f"{path} has format {version}, this evoarray knows {FORMAT}; use the one that made it"
        )


def _identify(database: sqlite3.Connection) -> tuple[Loaded, bytes]:
    """Return a run at its start, and its SHA-256, where the chains begin.

    Raises sqlite3.Error or ValueError if that is damaged.
    """
    with closing(sqlite3.connect(":memory:")) as ours:
        ours.executescript(_SCHEMA)
        schema = "SELECT type, name, sql FROM sqlite_master"
        # A trigger, which saving would run, is found here, too.
        if database.execute(schema).fetchall() != ours.execute(schema).fetchall():
            raise ValueError("other tables")
    ((*facts, origin, status),) = database.execute("SELECT * FROM run").fetchall()
    images = database.execute("SELECT * FROM image ORDER BY number").fetchall()
    if _link(b"", (*facts, *images)) != origin:
        raise ValueError("other content")
    created, description = facts
    pictures = {name: content for _, name, content in images}
    return Loaded(created, json.loads(description), pictures, None, [], [], status), origin


def _follow(
    database: sqlite3.Connection, table: str, origin: bytes
) -> tuple[list[tuple[Any, ...]], list[bytes]]:
    """Return the records of log or event, up to a damaged page, and the links of their chain."""
    records, links = [], [origin]
    with suppress(sqlite3.Error):
        for record in database.execute(f"SELECT * FROM {table} ORDER BY number"):
            records.append(record)
            links.append(_link(links[-1], record))
    return records, links


def _checkpoint(database: sqlite3.Connection, slot: int) -> tuple[Any, ...] | None:
    """Return number, JSON, and counts and chains of log and event; None if absent or damaged."""
    with suppress(sqlite3.Error):
        row = database.execute("SELECT * FROM checkpoint WHERE slot = ?", (slot,)).fetchone()
        if row and row[-1] == _link(b"", row[1:-1]):
            return tuple(row[1:-1])
    return None


def _lost(path: Path) -> InputError:
    return InputError(f"the run {path.parent} is damaged so that it cannot be continued")


def _look(path: Path) -> RunInfo:
    """Return what a list shows of one run."""
    for attempt in range(3):
        time.sleep(RETRY_PAUSE * attempt)  # a writer may just be opening or closing it
        try:
            running = _is_held(path.with_name(LOCK))
            run, damaged = _read_only(path, running)
            break
        except InputError as error:
            problem = str(error)
        except (sqlite3.Error, OSError) as error:
            problem = f"cannot read {path}: {error}"
    else:
        return RunInfo(path.parent, "damaged", problem=problem)
    state = "killed" if run.status == STATUSES[0] else run.status
    settings = run.description.get("settings")
    return RunInfo(
        path.parent,
        "damaged" if damaged else "running" if running else state,
        run.rows[-1].evaluations if run.rows else 0,
        settings.get("evaluations") if isinstance(settings, dict) else None,
        run.rows[-1].sae if run.rows else None,
        run.description.get("command"),
        run.created,
        "resuming it goes on from the last good checkpoint" if damaged else None,
    )


def _read_only(path: Path, running: bool) -> tuple[Loaded, bool]:
    """Do as _examine does, but also while the run is written, and so that no file changes."""
    parts = [path.with_name(path.name + end) for end in ("", "-wal", "-shm", "-journal")]
    parts = [part for part in parts if part.exists()]
    if len(parts) > 1 and not running:  # a killed writer's; SQLite must write to recover them
        with tempfile.TemporaryDirectory() as copy:
            for part in parts:
                shutil.copy(part, copy)
            return _examine(Path(copy, path.name), path)
    options = "mode=ro&readonly_shm=1" if len(parts) > 1 else "immutable=1"
    with closing(_connect(path, options)) as database:
        database.execute("BEGIN")  # all that follows is of one moment
        return _read(database, path)


def _connect(path: Path, options: str) -> sqlite3.Connection:
    database = sqlite3.connect(f"{path.absolute().as_uri()}?{options}", timeout=1, uri=True)
    # What SQLite advises for files of unknown origin (sqlite.org/security.html).
    database.execute("PRAGMA trusted_schema=OFF")
    database.execute("PRAGMA cell_size_check=ON")
    return database


# --- the lock, and errors


@contextmanager
def _held(folder: Path) -> Iterator[FileLock]:
    """Take a run's lock, and release it if what is done with it fails."""
    path = folder / LOCK
    lock = FileLock(path, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire(timeout=0.5)  # longer than any _is_held
    except Timeout:
        owner = path.read_text(encoding="ascii", errors="replace")[:20]
        who = f"process {owner}" if owner.isdigit() else "another process"
        raise InputError(f"the run {folder} is being written by {who}; stop that first") from None
    try:
        path.write_text(str(os.getpid()), encoding="ascii")
        yield lock
    except BaseException:
        _release(lock)
        raise


def _release(lock: FileLock) -> None:
    if lock.is_locked:
        with suppress(OSError):
            Path(lock.lock_file).unlink()  # filelock sees that a file it waited for has gone
        lock.release()


def _is_held(path: Path) -> bool:
    """Return whether a process has this lock. A shared lock for a moment is the only way to ask."""
    try:
        with path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def _said(failure: str, advice: str = "put that right and try again") -> Iterator[None]:
    """Turn what SQLite and the system raise into one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        raise InputError(f"{failure}: {error}; {advice}") from None
    except OSError as error:
        raise InputError(f"{failure}: {error.strerror or error}; {advice}") from None
