# SPDX-License-Identifier: Apache-2.0
"""What all our SQLite databases share: how they are opened, and what in them is not believed.

A database may come from anywhere. It is used only if it has the very tables that we make, so that
there is no trigger, view or index of others; and no more is read of it than a sound file can hold.
SQLite does not see a flipped bit: what is stored has a SHA-256, and is compared with it when read.
"""

import hashlib
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from evoarray.model.errors import InputError
from evoarray.model.temporary import TemporaryFolder

_ELSEWHERE = {
    *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM),
    *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS),
}
"""What SQLite says of the disk, of memory or of another process, and not of the database."""

ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What Python raises of a damaged database: the other one where SQLite quotes what is no text."""

_LARGEST = 1 << 28
"""Bytes of a value that is read from a small file: of a damaged one it may claim any number."""


def connect(path: Path, options: str) -> sqlite3.Connection:
    """Open a database that exists, with options of SQLite's URI."""
    database = sqlite3.connect(f"{path.absolute().as_uri()}?{options}", timeout=1, uri=True)
    # What SQLite advises for files of unknown origin (sqlite.org/security.html).
    database.execute("PRAGMA trusted_schema=OFF")
    database.execute("PRAGMA cell_size_check=ON")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, max(_LARGEST, path.stat().st_size))
    # A flipped bit in a text must not keep the others from being read.
    database.text_factory = lambda text: text.decode(errors="replace")
    return database


@contextmanager
def replacing(path: Path) -> Iterator[sqlite3.Connection]:
    """Write a new database, in one transaction, that takes this place when it is whole.

    It is made in a folder of its own, where nobody has put a link or a journal before.
    """
    with TemporaryFolder(path.parent) as folder:
        new = Path(folder, path.name)
        new.touch()
        with closing(connect(new, "mode=rw")) as database, database:
            yield database
        new.replace(path)


def parts(path: Path) -> list[Path]:
    """Return the files that SQLite may have for a database, the database first."""
    return [path.with_name(f"{path.name}{end}") for end in ("", "-wal", "-shm", "-journal")]


def check_plain(*paths: Path) -> None:
    """Raise InputError where one of these is there and is a link, or no file.

    Whoever made the folder could otherwise let us write elsewhere, or wait for ever.
    """
    for path in paths:
        with suppress(FileNotFoundError, NotADirectoryError):
            mode = path.lstat().st_mode
            if not stat.S_ISREG(mode):
                what = "a symbolic link" if stat.S_ISLNK(mode) else "not a file"
                raise InputError(f"{path} is {what} and is not used; remove it")


def begin_writing(database: sqlite3.Connection) -> None:
    """Let others read while this connection writes; what is saved outlives a killed process."""
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")


def end_writing(database: sqlite3.Connection) -> None:
    """Leave one file and close.

    Where that fails, as on a full disk or while another process reads, SQLite's -wal file stays
    beside the database; it is part of it, and the next writer tries again.
    """
    with suppress(*ERRORS):
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode=DELETE")  # removes -wal and -shm
    database.close()


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error says that a database is damaged, not that it cannot be reached."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)  # none is from Python's module
    return code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF not in _ELSEWHERE


@contextmanager
def suppress_damage() -> Iterator[None]:
    """End the block where a database is damaged. What says anything else is raised."""
    try:
        yield
    except UnicodeDecodeError:
        pass
    except sqlite3.Error as error:
        if not is_damage(error):
            raise


def check_format(
    database: sqlite3.Connection, path: Path, what: str, application: int, *versions: int
) -> int:
    """Return the version of this database of `what`, such as a run.

    Raises InputError if it is none, or of another version; sqlite3.Error if it cannot be reached.
    """
    found = made = None
    with suppress_damage():
        (found,) = database.execute("PRAGMA application_id").fetchone()
        (made,) = database.execute("PRAGMA user_version").fetchone()
    if found != application:
        raise InputError(f"{path} is not a {what}'s database, or is damaged; it cannot be used")
    if made not in versions:
        raise InputError(
            f"{path} has format {made}, this evoarray knows {versions[-1]}; use the one that made "
            "it"
        )
    return int(made)


def has_schema(database: sqlite3.Connection, schema: str) -> bool:
    """Return whether a database has the tables of these statements, and nothing else."""
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master"
    with closing(sqlite3.connect(":memory:")) as ours:
        ours.executescript(schema)
        expected = ours.execute(query).fetchall()
    return database.execute(query).fetchmany(len(expected) + 1) == expected


def is_sound(database: sqlite3.Connection) -> bool:
    """Return whether SQLite finds nothing wrong with the pages of a database."""
    with suppress_damage():
        return bool(database.execute("PRAGMA integrity_check(1)").fetchall() == [("ok",)])
    return False


def readable(database: sqlite3.Connection, query: str) -> tuple[list[tuple[Any, ...]], bool]:
    """Return the rows of a query up to a damaged page, and whether there is none.

    A page that leads back to itself, of which rows would come for ever, is one, too.
    """
    rows: list[tuple[Any, ...]] = []
    with suppress_damage():
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        (page,) = database.execute("PRAGMA page_size").fetchone()
        left = pages * page
        for row in database.execute(query):
            # A byte a column is the least that its type takes.
            left -= len(row) + sum(len(each) for each in row if isinstance(each, str | bytes))
            if left < 0:
                return rows, False
            rows.append(row)
        return rows, True
    return rows, False


def link(before: bytes, record: object) -> bytes:
    """Return the SHA-256 of what came before and a record; ascii() tells 1 from "1" and b"1"."""
    return hashlib.sha256(before + ascii(record).encode()).digest()
