# SPDX-License-Identifier: Apache-2.0
"""A study's folder: one SQLite database with the spec, its files and every finished run.

A result is saved when its run is finished, and carries its SHA-256: one that was damaged is done
again. What is read is JSON, checked before it is used; nothing is executed.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from filelock import FileLock

from evolve.filter.comparison import Photo
from evolve.runs.database import begin_writing, check_format, connect, end_writing
from evolve.runs.lock import held, release
from evolve.runs.store import said
from evolve.studies.kind import Material, Result
from evolve.studies.spec import Spec, parse_spec
from model.errors import InputError
from model.images import decode_image, encode_image

DATABASE = "study.sqlite"
FORMAT = 1

_APPLICATION = 0x65766F73  # "evos"
_SCHEMA = """
-- The one row that says what the study is: the spec's text, what it was called, what made it.
CREATE TABLE study (spec TEXT, called TEXT, provenance TEXT);
-- PNG files: photos to train on, then those held out.
CREATE TABLE photo (number INTEGER PRIMARY KEY, name TEXT, held_out INTEGER,
  noisy BLOB, clean BLOB);
-- Other files that runs need, as text. Older studies, all of filters, do not have this table.
CREATE TABLE file (name TEXT PRIMARY KEY, content TEXT);
-- Each finished run as JSON.
CREATE TABLE result (setting TEXT, run INTEGER, content TEXT, sha256 BLOB,
  PRIMARY KEY (setting, run));
"""


class StudyStore:
    """A study's folder; the one writer has its lock. As a context manager it closes itself."""

    def __init__(self, folder: Path, *, writes: bool, lock: FileLock | None = None) -> None:
        """Open a study; a writer may have its lock already.

        Raises InputError if it is none, is damaged, or another process writes.
        """
        self._folder = folder
        path = folder / DATABASE
        if not path.is_file():
            raise InputError(f"{folder} is no study: there is no {DATABASE} in it")
        with said(f"cannot open the study {folder}"), ExitStack() as stack:
            self._lock = lock
            if writes and lock is None:
                self._lock = stack.enter_context(held(folder))
            self._database = connect(path, "mode=rw" if writes else "mode=ro")
            check_format(self._database, path, "study", _APPLICATION, FORMAT)
            if writes:
                begin_writing(self._database)
            row = self._database.execute("SELECT * FROM study").fetchone() or ()
        try:
            self.text, self.called, provenance = map(_text, row)
            self.provenance: Mapping[str, Any] = json.loads(provenance)
        except ValueError:
            raise InputError(f"{path} is damaged; it cannot be used") from None
        self.spec: Spec = parse_spec(self.text, self.called, stored=True)

    @classmethod
    def create(
        cls,
        folder: Path,
        text: str,
        called: str,
        material: Material,
        provenance: Mapping[str, Any],
        *,
        or_open: bool,
    ) -> Self:
        """Make the folder of a new study. Raises InputError if that cannot be.

        Another process may have made one there, even while this one read its material: that is
        opened, or refused. What is in a folder is looked at by the one that has its lock only.
        """
        with said(f"cannot make the study {folder}"):
            folder.mkdir(parents=True, exist_ok=True)
            with held(folder) as lock:
                if not (folder / DATABASE).exists():
                    _build(folder, text, called, material, provenance)
                elif not or_open:
                    raise InputError(f"{folder} has a study already; name another folder with -o")
                return cls(folder, writes=True, lock=lock)

    def rewrite(self, text: str, spec: Spec) -> None:
        """Take the words and claims of a spec that asks for the same."""
        with said(f"cannot save the study {self._folder}"), self._database:
            self._database.execute("UPDATE study SET spec = ?", (text,))
        self.text, self.spec = text, spec

    def material(self) -> Material:
        """Return the files that runs need. Raises InputError for damaged ones."""
        groups: tuple[list[Photo], list[Photo]] = ([], [])
        query = "SELECT name, held_out, noisy, clean FROM photo ORDER BY number"
        for name, held_out, *images in self._database.execute(query):
            if not isinstance(name, str) or not all(isinstance(image, bytes) for image in images):
                raise InputError(f"the study {self._folder} is damaged: a photo is lost")
            noisy, clean = (decode_image(io.BytesIO(image), Path(name)) for image in images)
            groups[held_out].append(Photo(name, noisy, clean))
        files = {}
        if self._database.execute("SELECT 1 FROM sqlite_master WHERE name = 'file'").fetchone():
            files = dict(self._database.execute("SELECT name, content FROM file"))
        if not all(isinstance(content, str) for content in files.values()):
            raise InputError(f"the study {self._folder} is damaged: a file is lost")
        return Material(*groups, files)

    def add(self, results: Sequence[Result]) -> None:
        """Save finished runs, all or none. Raises InputError if that fails, as on a full disk."""
        rows = []
        for result in results:
            content = json.dumps(asdict(result), sort_keys=True, separators=(",", ":"))
            rows.append((result.setting, result.run, content, _sha256(content)))
        failure = f"cannot save the study {self._folder}"
        with said(failure, "what was saved before is safe"), self._database:
            self._database.executemany("REPLACE INTO result VALUES (?, ?, ?, ?)", rows)

    def results(self) -> list[Result]:
        """Return all undamaged results, by setting in the spec's order, then by run."""
        results = []
        with said(f"cannot read the study {self._folder}"):
            for setting, run, content, sha256 in self._database.execute("SELECT * FROM result"):
                if not isinstance(content, str) or sha256 != _sha256(content):
                    continue
                result = self.spec.kind.result_from_json(json.loads(content))
                known = result.setting in self.spec.settings
                if known and (result.setting, result.run) == (setting, run):
                    results.append(result)
        order = {name: number for number, name in enumerate(self.spec.settings)}
        return sorted(results, key=lambda result: (order[result.setting], result.run))

    def close(self) -> None:
        """Leave one database file, and the folder to the next writer."""
        if self._lock is None:
            self._database.close()
        else:
            end_writing(self._database)
            release(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _build(
    folder: Path, text: str, called: str, material: Material, provenance: Mapping[str, Any]
) -> None:
    """Write a new database, and put it in place when it is whole; the caller has the lock."""
    new = folder / f"{DATABASE}.new"
    new.unlink(missing_ok=True)
    new.touch()
    with closing(connect(new, "mode=rw")) as database, database:
        database.executescript(_SCHEMA)
        database.execute(f"PRAGMA application_id={_APPLICATION}")
        database.execute(f"PRAGMA user_version={FORMAT}")
        row = (text, called, json.dumps(provenance))
        database.execute("INSERT INTO study VALUES (?, ?, ?)", row)
        for held_out, group in enumerate((material.training, material.held_out)):
            database.executemany(
                "INSERT INTO photo VALUES (NULL, ?, ?, ?, ?)",
                [(p.name, held_out, *map(encode_image, (p.noisy, p.clean))) for p in group],
            )
        database.executemany("INSERT INTO file VALUES (?, ?)", material.files.items())
    new.replace(folder / DATABASE)


def _text(value: object) -> str:
    if not isinstance(value, str):  # a damaged page may be read as NULL
        raise ValueError(value)
    return value


def _sha256(content: str) -> bytes:
    return hashlib.sha256(content.encode()).digest()
