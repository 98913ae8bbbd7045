# SPDX-License-Identifier: Apache-2.0
"""A study's database: its tables, how they are written, and how damage in them is found.

Start reading at `_SCHEMA`. What a study is, with its photos and files, is checked as a whole, for
every result depends on it. Each result is checked by itself: a damaged one is done again.
"""

import hashlib
import io
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evoarray.evolution.console import listed
from evoarray.evolution.filter.comparison import Photo
from evoarray.evolution.runs.sqlite import (
    check_format,
    has_schema,
    is_damage,
    is_sound,
    link,
    readable,
    replacing,
)
from evoarray.evolution.studies.kind import Material, Result
from evoarray.evolution.studies.spec import Spec
from evoarray.model.errors import InputError
from evoarray.model.images import decode_image, encode_image

FORMAT, WITHOUT_HASHES = 2, 1
"""What is written, and what is read besides: there only the results have a SHA-256."""

NAMED = 10
"""Damaged results that a sentence names."""

_APPLICATION = 0x65766F73  # "evos"
_SCHEMA = """
-- The one row that says what the study is: the spec's text, what it was called, what made it.
CREATE TABLE study (spec TEXT, called TEXT, provenance TEXT, sha256 BLOB);
-- PNG files: photos to train on, then those held out.
CREATE TABLE photo (number INTEGER PRIMARY KEY, name TEXT, held_out INTEGER,
  noisy BLOB, clean BLOB, sha256 BLOB);
-- Other files that runs need, as text.
CREATE TABLE file (name TEXT PRIMARY KEY, content TEXT, sha256 BLOB);
-- Each finished run as JSON.
CREATE TABLE result (setting TEXT, run INTEGER, content TEXT, sha256 BLOB,
  PRIMARY KEY (setting, run));
"""
"""The sha256 of a row is that of its other columns; that of the study covers those of all photos
and files, too, so that none goes without a word."""

_RESULTS_BEFORE = _SCHEMA[_SCHEMA.index("CREATE TABLE result") :]
_PHOTOS_BEFORE = """
CREATE TABLE study (spec TEXT, called TEXT, provenance TEXT);
CREATE TABLE photo (number INTEGER PRIMARY KEY, name TEXT, held_out INTEGER,
  noisy BLOB, clean BLOB);
"""
_SCHEMAS = {
    FORMAT: (_SCHEMA,),
    WITHOUT_HASHES: (
        _PHOTOS_BEFORE
        + "CREATE TABLE file (name TEXT PRIMARY KEY, content TEXT);"
        + _RESULTS_BEFORE,
        _PHOTOS_BEFORE + _RESULTS_BEFORE,
    ),
}


@dataclass(frozen=True)
class Origin:
    """What a study is: the spec's text, what it was called, what made it, and its files."""

    text: str
    called: str
    provenance: Mapping[str, Any]
    material: Material


@dataclass(frozen=True)
class Results:
    """The results that are good, by setting in the spec's order, then by run.

    damaged are settings and runs of which no good result is left; sound tells whether nothing is
    wrong with the database, so that none went unseen.
    """

    good: Sequence[Result]
    damaged: Sequence[tuple[str, int]]
    sound: bool

    @property
    def lost(self) -> str:
        """How many results are damaged, and which, as a part of a sentence; empty if none is."""
        if self.sound:
            return ""
        names = [f"run {run} of {setting!r}" for setting, run in self.damaged[:NAMED]]
        if not names:
            return "the database is damaged, but no result is known to be lost"
        more = len(self.damaged) - len(names)
        names += [f"{more:,} more"] if more else []
        count = len(self.damaged)
        return (
            f"{'1 result is' if count == 1 else f'{count:,} results are'} damaged, {listed(names)}"
        )


def build(path: Path, origin: Origin, results: Iterable[Result] = ()) -> None:
    """Write a new database, and put it in place when it is whole."""
    with replacing(path) as database:
        database.executescript(_SCHEMA)
        database.execute(f"PRAGMA application_id={_APPLICATION}")
        database.execute(f"PRAGMA user_version={FORMAT}")
        groups = (origin.material.training, origin.material.held_out)
        photos = [(held_out, photo) for held_out, group in enumerate(groups) for photo in group]
        rows = [
            (number, photo.name, held_out, *map(encode_image, (photo.noisy, photo.clean)))
            for number, (held_out, photo) in enumerate(photos, 1)
        ]
        for table, records in (("photo", rows), ("file", origin.material.files.items())):
            for row in records:
                marks = ", ".join("?" * (len(row) + 1))
                signed = (*row, link(b"", tuple(row)))
                database.execute(f"INSERT INTO {table} VALUES ({marks})", signed)
        facts = (origin.text, origin.called, json.dumps(origin.provenance))
        signed = (*facts, _origin_sha256(database, facts))
        database.execute("INSERT INTO study VALUES (?, ?, ?, ?)", signed)
        append(database, results)


def append(database: sqlite3.Connection, results: Iterable[Result]) -> None:
    """Add results, each in the place of one that there may be; the caller has a transaction."""
    rows = []
    for result in results:
        content = json.dumps(asdict(result), sort_keys=True, separators=(",", ":"))
        rows.append((result.setting, result.run, content, _sha256(content)))
    database.executemany("REPLACE INTO result VALUES (?, ?, ?, ?)", rows)


def rewrite(database: sqlite3.Connection, text: str) -> None:
    """Take the text of another spec; the caller has a transaction."""
    query = "SELECT called, provenance FROM study"
    facts = (text, *database.execute(query).fetchone())
    sha256 = _origin_sha256(database, facts)
    database.execute("UPDATE study SET spec = ?, sha256 = ?", (text, sha256))


def _origin_sha256(database: sqlite3.Connection, facts: tuple[Any, ...]) -> bytes:
    """Return the SHA-256 of what a study is, by those of its photos and files."""
    sums = (_rows(database, *by, "sha256") for by in (("photo", "number"), ("file", "name")))
    return link(b"", (*facts, *sums))


def read_origin(database: sqlite3.Connection, path: Path) -> tuple[Origin, int]:
    """Return what a study is, and the format of its database.

    Raises InputError if it is no study, or not as it was saved; sqlite3.Error if it cannot be
    reached, as on a disk that fails.
    """
    version = check_format(database, path, "study", _APPLICATION, WITHOUT_HASHES, FORMAT)
    signed, what = version == FORMAT, "what it asks for"
    try:
        (schema,) = [each for each in _SCHEMAS[version] if has_schema(database, each)]
        photos: tuple[list[Photo], list[Photo]] = ([], [])
        for row in _rows(database, "photo", "number"):
            what = f"the photo {row[1]!r}"
            _, name, held_out, *images = _unsigned(row) if signed else row
            noisy, clean = (decode_image(io.BytesIO(image), Path(name)) for image in images)
            photos[held_out].append(Photo(name, noisy, clean))
        files = {}
        for row in _rows(database, "file", "name") if "TABLE file" in schema else ():
            what = f"the file {row[0]!r}"
            name, content = _unsigned(row) if signed else row
            files[_text(name)] = _text(content)
        what = "what it asks for, or the list of its files,"
        ((*facts, sha256),) = _rows(database, "study", "1", "*" if signed else "*, NULL")
        if signed and sha256 != _origin_sha256(database, tuple(facts)):
            raise ValueError("other content")
        text, called, provenance = map(_text, facts)
        made = json.loads(provenance)
        _text(made["versions"]["evoarray"])
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
    except (LookupError, RecursionError, TypeError, ValueError):
        pass  # whatever is wrong with a value, it was not saved so
    else:
        return Origin(text, called, made, Material(*photos, files)), version
    raise InputError(
        f"{path} is damaged: {what} is not as it was saved; take a copy that is whole, or do the "
        "study anew in another folder"
    )


def _rows(
    database: sqlite3.Connection, table: str, order: str, columns: str = "*"
) -> list[tuple[Any, ...]]:
    """Return the rows of a table. Raises ValueError if not all of them can be read."""
    rows, whole = readable(database, f"SELECT {columns} FROM {table} ORDER BY {order}")
    if not whole:
        raise ValueError(table)
    return rows


def _unsigned(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row without its SHA-256. Raises ValueError if that is another."""
    if row[-1] != link(b"", row[:-1]):
        raise ValueError(row)
    return row[:-1]


def _text(value: object) -> str:
    if not isinstance(value, str):  # a damaged page may be read as NULL
        raise TypeError(value)
    return value


def read_results(database: sqlite3.Connection, spec: Spec) -> Results:
    """Return the results that are good, and which are not.

    A damaged page hides some: what comes after it is read from the end, and which they were is in
    the index. Raises sqlite3.Error if the database cannot be reached.
    """
    sound = is_sound(database)
    rows, whole = readable(database, "SELECT * FROM result ORDER BY rowid")
    if not whole:
        rows += readable(database, "SELECT * FROM result ORDER BY rowid DESC")[0]
    good: dict[tuple[str, int], Result] = {}
    seen: set[tuple[Any, Any]] = set()
    for setting, run, content, sha256 in rows:
        result = _result(spec, content, sha256)
        if result is None:
            seen.add((setting, run))
        else:
            good[result.setting, result.run] = result
    if not sound:
        seen.update(readable(database, "SELECT setting, run FROM result ORDER BY setting, run")[0])
    lost = [key for key in seen - good.keys() if list(map(type, key)) == [str, int]]
    order = {name: number for number, name in enumerate(spec.settings)}

    def place(key: tuple[str, int]) -> tuple[int, str, int]:
        return order.get(key[0], len(order)), *key

    good_ones = [good[key] for key in sorted(good, key=place)]
    return Results(good_ones, sorted(lost, key=place), sound and not seen - good.keys())


def _result(spec: Spec, content: object, sha256: object) -> Result | None:
    """Return a result, or None for one that is not as it was saved."""
    if not isinstance(content, str) or sha256 != _sha256(content):
        return None
    try:
        result = spec.kind.result_from_json(json.loads(content))
        known = result.setting in spec.settings and type(result.run) is int
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return None  # it was not we who saved it
    return result if known else None


def _sha256(content: str) -> bytes:
    return hashlib.sha256(content.encode()).digest()
