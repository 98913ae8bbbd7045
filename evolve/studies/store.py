# SPDX-License-Identifier: Apache-2.0
"""A study's folder: one SQLite database with the spec, its files and every finished run.

A result is saved when its run is finished. One that was damaged is done again; what the study asks
for, or a photo of it, cannot be. What is read is JSON, checked before it is used; nothing is
executed.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self

from filelock import FileLock

from evoarray.evolution.runs.lock import held, release
from evoarray.evolution.runs.sqlite import begin_writing, check_plain, connect, end_writing, parts
from evoarray.evolution.runs.store import check_alone, keep_damaged, said
from evoarray.evolution.studies.database import (
    FORMAT,
    Origin,
    Results,
    append,
    build,
    read_origin,
    read_results,
    rewrite,
)
from evoarray.evolution.studies.kind import Material, Result
from evoarray.evolution.studies.spec import Spec, parse_spec
from evoarray.model.errors import InputError
from evoarray.model.files import keep_inside
from evoarray.model.temporary import remove_abandoned

DATABASE = "study.sqlite"


class StudyStore:
    """A study's folder; the one writer has its lock. As a context manager it closes itself.

    warnings are sentences about damage that a writer found, and what it did about it.
    """

    def __init__(self, folder: Path, *, writes: bool, lock: FileLock | None = None) -> None:
        """Open a study; a writer may have its lock already.

        Raises InputError if it is none, is damaged, or another process writes.
        """
        self._folder = folder
        path = folder / DATABASE
        with said(f"cannot open the study {folder}"), ExitStack() as stack:
            check_plain(*parts(path))
            if not path.is_file():
                raise InputError(f"{folder} is no study: there is no {DATABASE} in it")
            keep_inside(folder)
            self._lock = lock
            if writes and lock is None:
                self._lock = stack.enter_context(held(folder))
                remove_abandoned(folder)
            self.warnings = _repair(path) if writes else []
            self._database = connect(path, "mode=rw" if writes else "mode=ro")
            try:
                if writes:
                    begin_writing(self._database)
                self.origin, _ = read_origin(self._database, path)
                self.spec: Spec = parse_spec(self.origin.text, self.origin.called, stored=True)
            except BaseException:
                self._database.close()
                raise

    @classmethod
    def create(cls, folder: Path, origin: Origin, *, or_open: bool) -> Self:
        """Make the folder of a new study. Raises InputError if that cannot be.

        Another process may have made one there, even while this one read its material: that is
        opened, or refused. What is in a folder is looked at by the one that has its lock only.
        """
        with said(f"cannot make the study {folder}"):
            folder.mkdir(parents=True, exist_ok=True)
            with held(folder) as lock:
                remove_abandoned(folder)
                check_plain(*parts(folder / DATABASE))
                if not (folder / DATABASE).exists():
                    build(folder / DATABASE, origin)
                elif not or_open:
                    raise InputError(f"{folder} has a study already; name another folder with -o")
                return cls(folder, writes=True, lock=lock)

    @property
    def material(self) -> Material:
        """The files that runs need."""
        return self.origin.material

    def rewrite(self, text: str, spec: Spec) -> None:
        """Take the words and claims of a spec that asks for the same."""
        with said(f"cannot save the study {self._folder}"), self._database:
            rewrite(self._database, text)
        self.origin, self.spec = replace(self.origin, text=text), spec

    def add(self, results: Sequence[Result]) -> None:
        """Save finished runs, all or none. Raises InputError if that fails, as on a full disk."""
        failure = f"cannot save the study {self._folder}"
        with said(failure, "what was saved before is safe"), self._database:
            append(self._database, results)

    def results(self) -> Results:
        """Return all results that are good, and which are not."""
        with said(f"cannot read the study {self._folder}"):
            return read_results(self._database, self.spec)

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


def _repair(path: Path) -> list[str]:
    """Replace a database of which a result is damaged by what is good of it; return what to say.

    One in an older format is replaced, too. Raises InputError if more than a result is damaged.
    """
    database = connect(path, "mode=rw")
    try:
        origin, version = read_origin(database, path)
        results = read_results(database, parse_spec(origin.text, origin.called))
    finally:
        end_writing(database)
    if results.sound and version == FORMAT:
        return []
    check_alone(path)
    if results.sound:
        build(path, origin, results.good)
        return []
    kept = keep_damaged(path)
    build(path, origin, results.good)
    return [
        f"the study {path.parent} was damaged; what is good of it goes on, and what is not is done "
        f"again: {results.lost} (the damaged database is kept as {kept.name})"
    ]
