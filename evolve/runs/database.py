# SPDX-License-Identifier: Apache-2.0
"""A run's database: its tables, how they are written, and how damage in them is found.

Start reading at `_SCHEMA`. Every row of the log is chained to the one before by SHA-256, and a
checkpoint holds the ends of the chains. What is read is JSON and is checked before it is used;
nothing is executed.
"""

import json
import operator
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evoarray.evolution.runs.sqlite import (
    check_format,
    has_schema,
    is_damage,
    is_sound,
    link,
    readable,
    replacing,
    suppress_damage,
)
from evoarray.model.errors import InputError

FORMAT = 1
KEPT = 3  # checkpoints
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


def build(path: Path, run: Loaded) -> None:
    """Write a new database, and put it in place when it is whole."""
    with replacing(path) as database:
        database.executescript(_SCHEMA)
        database.execute(f"PRAGMA application_id={_APPLICATION}")
        database.execute(f"PRAGMA user_version={FORMAT}")
        facts = (run.created, _json(run.description))
        images = [(n, *image) for n, image in enumerate(run.images.items(), 1)]
        origin = link(b"", (*facts, *images))
        database.execute("INSERT INTO run VALUES (?, ?, ?, ?)", (*facts, origin, STATUSES[0]))
        database.executemany("INSERT INTO image VALUES (?, ?, ?)", images)
        if run.checkpoint is not None:
            append(database, run.checkpoint, run.rows, run.events)
        set_status(database, run.status)


def append(
    database: sqlite3.Connection,
    checkpoint: Mapping[str, Any],
    rows: Iterable[Row],
    events: Iterable[Event],
) -> None:
    """Append to the log and replace the oldest checkpoint; the caller has a transaction.

    What is there already is not appended again: whoever is stopped by a signal just after saving
    cannot know that it was done.
    """
    seen = database.execute("SELECT evaluations FROM log ORDER BY number DESC LIMIT 1").fetchone()
    if seen is not None:
        rows = [row for row in rows if row.evaluations > seen[0]]
        events = [event for event in events if event.evaluations > seen[0]]
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
        (number % KEPT, *content, link(b"", content)),
    )


def _extend(
    database: sqlite3.Connection,
    table: str,
    records: Iterable[tuple[Any, ...]],
    count: int,
    end: bytes,
) -> tuple[int, bytes]:
    """Append to log or event after `count` records; return the new count and end of the chain."""
    for record in records:
        count += 1
        database.execute(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", (count, *record))
        end = link(end, (count, *record))
    return count, end


def set_status(database: sqlite3.Connection, status: str) -> None:
    """Set the status. Raises ValueError unless it is one of STATUSES."""
    if status not in STATUSES:
        raise ValueError(f"status is {status!r}; it must be one of {', '.join(STATUSES)}")
    database.execute("UPDATE run SET status = ? WHERE status <> ?", (status, status))


def _json(data: object) -> str:
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def read(database: sqlite3.Connection, path: Path) -> tuple[Loaded, bool]:
    """Return what is good of a run, and whether anything is not.

    Raises InputError if it is not a run, or nothing of it is good; sqlite3.Error if it cannot be
    reached, as on a disk that fails.
    """
    check_format(database, path, "run", _APPLICATION, FORMAT)
    try:
        return _read(database, path)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
    except InputError:
        raise
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        pass  # it was not we who wrote this, though its SHA-256 is right
    raise lost(path)


def _read(database: sqlite3.Connection, path: Path) -> tuple[Loaded, bool]:
    run, origin = _identify(database)
    rows, row_links = _follow(database, "log", origin)
    events, event_links = _follow(database, "event", origin)
    (used,) = database.execute("SELECT count(*) FROM checkpoint").fetchone()
    sound = is_sound(database)
    good = [
        checkpoint
        for slot in range(KEPT)
        if (checkpoint := _checkpoint(database, slot))
        and row_links[checkpoint[2] : checkpoint[2] + 1] == [checkpoint[3]]
        and event_links[checkpoint[4] : checkpoint[4] + 1] == [checkpoint[5]]
    ]
    if not good and (used or rows or events or not sound):
        raise lost(path)
    number, content, row_count, _, event_count, _ = max(good, default=(0, "null", 0, b"", 0, b""))
    sound &= used == len(good) == min(number, KEPT) and run.status in STATUSES
    sound &= (row_count, event_count) == (len(rows), len(events))
    loaded = replace(
        run,
        checkpoint=_object(content) if good else None,
        rows=[
            Row(
                operator.index(at),
                operator.index(sae),
                {int(tribe): operator.index(its) for tribe, its in _object(saes).items()},
            )
            for _, at, sae, saes in rows[:row_count]
        ],
        events=[
            Event(operator.index(at), _text(kind), _object(details))
            for _, at, kind, details in events[:event_count]
        ],
        status=run.status if run.status in STATUSES else STATUSES[0],
    )
    return loaded, not sound


def _identify(database: sqlite3.Connection) -> tuple[Loaded, bytes]:
    """Return a run at its start, and its SHA-256, where the chains begin.

    Raises sqlite3.Error, TypeError or ValueError if that is damaged.
    """
    if not has_schema(database, _SCHEMA):
        raise ValueError("other tables")
    ((*facts, origin, status),), _ = readable(database, "SELECT * FROM run")
    images, _ = readable(database, "SELECT * FROM image ORDER BY number")
    if link(b"", (*facts, *images)) != origin:
        raise ValueError("other content")
    created, description = facts
    pictures = {_text(name): bytes(memoryview(content)) for _, name, content in images}
    return Loaded(_text(created), _object(description), pictures, None, [], [], status), origin


def _object(text: str) -> dict[str, Any]:
    data = json.loads(text)
    if not isinstance(data, dict):
        raise TypeError(data)
    return data


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _follow(
    database: sqlite3.Connection, table: str, origin: bytes
) -> tuple[list[tuple[Any, ...]], list[bytes]]:
    """Return the records of log or event, up to a damaged page, and the links of their chain."""
    records, _ = readable(database, f"SELECT * FROM {table} ORDER BY number")
    links = [origin]
    for record in records:
        links.append(link(links[-1], record))
    return records, links


def _checkpoint(database: sqlite3.Connection, slot: int) -> tuple[Any, ...] | None:
    """Return number, JSON, and counts and chains of log and event; None if absent or damaged."""
    with suppress_damage():
        row = database.execute("SELECT * FROM checkpoint WHERE slot = ?", (slot,)).fetchone()
        if row and row[-1] == link(b"", row[1:-1]):
            return tuple(row[1:-1])
    return None


def lost(path: Path) -> InputError:
    """Return what to raise where nothing of a database is good."""
    return InputError(f"the run {path.parent} is damaged so that it cannot be continued")
