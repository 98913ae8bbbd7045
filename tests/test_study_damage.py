# SPDX-License-Identifier: Apache-2.0
"""Studies that are damaged or crafted: no wrong result is taken, and what is lost is said."""

import random
import re
import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from evoarray import study
from evoarray.evolution.runs.sqlite import is_damage, readable
from evoarray.evolution.studies import database
from evoarray.evolution.studies.store import DATABASE, StudyStore
from evoarray.evolution.studies.study import merge
from evoarray.evolution.studies.tasks import Result
from evoarray.model.errors import InputError
from evoarray.model.images import write_image
from tests.conftest import Evoarray
from tests.test_studies import done, refused, results, write

SPEC = """
title = "<script>alert(1)</script> \\u001b[2J"
runs = 12
quick = 1
photos = ["clean.png"]
held-out = ["noisy.png"]
[options]
size = "2x2"
evaluations = 64
[grid]
children = [1, 2]
"""
FLIPS = 800


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a finished study, its spec and its photos."""
    folder = tmp_path_factory.mktemp("made")
    pixels = np.random.default_rng(3).integers(0, 256, (24, 30)).astype(np.uint8)
    for name in ("clean", "noisy"):
        write_image(folder / f"{name}.png", pixels)
    spec = write(folder, SPEC)
    study(spec, folder / "study", workers=1)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Return a copy of it in tmp_path, where the command is run."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def change(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "study" / DATABASE)) as opened, opened:
        for statement in statements:
            opened.execute(statement)


def known(store: StudyStore) -> tuple[object, ...]:
    """Return all that a study is, so that it can be compared."""
    groups = (store.material.training, store.material.held_out)
    photos = [
        [(photo.name, photo.noisy.tobytes(), photo.clean.tobytes()) for photo in group]
        for group in groups
    ]
    return store.origin.text, store.origin.called, dict(store.origin.provenance), photos


def test_flipped_bits_are_never_read_as_something_else(made: Path, tmp_path: Path) -> None:
    with StudyStore(made / "study", writes=False) as store:
        expected, found = known(store), [asdict(each) for each in store.results().good]
    assert len(found) == 24
    content = (made / "study" / DATABASE).read_bytes()
    generator = random.Random(1)
    outcomes = set()
    for place in [*range(100), *(generator.randrange(len(content)) for _ in range(FLIPS))]:
        changed = bytearray(content)
        changed[place] ^= 1 << generator.randrange(8)
        (tmp_path / DATABASE).write_bytes(changed)
        try:
            store = StudyStore(tmp_path, writes=False)
        except InputError:
            outcomes.add("refused")
            continue
        with store:
            assert known(store) == expected, f"a bit of byte {place}"
            read = store.results()
        good = [asdict(each) for each in read.good]
        assert all(each in found for each in good), f"a bit of byte {place}"
        if len(good) < len(found):
            assert read.lost, f"a bit of byte {place}"
        outcomes.add("rescued" if read.lost else "whole")
    assert outcomes == {"refused", "rescued", "whole"}


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE photo SET name = 'other' WHERE number = 1", "the photo 'other'"),
        ("UPDATE photo SET held_out = 0", "the photo 'noisy'"),
        ("UPDATE photo SET clean = noisy WHERE number = 2", "the photo 'noisy'"),
        ("DELETE FROM photo WHERE number = 2", "what it asks for, or the list of its files,"),
        ("UPDATE study SET spec = replace(spec, '64', '65')", "what it asks for, or the list"),
        ("UPDATE study SET provenance = '{}'", "what it asks for, or the list of its files,"),
        ("UPDATE study SET provenance = '[]', sha256 = NULL", "what it asks for, or the list"),
        ("INSERT INTO study SELECT * FROM study", "what it asks for, or the list of its files,"),
    ],
)
def test_what_results_depend_on_is_not_believed(
    evoarray: Evoarray, folder: Path, statement: str, what: str
) -> None:
    change(folder, statement)
    before = (folder / "study" / DATABASE).read_bytes()
    for arguments in (
        ("spec.toml", "-o", "study"),
        ("summary", "study", "-o", "found.md"),
        ("merge", "study", "-o", "merged"),
    ):
        says = refused(evoarray, *arguments)
        assert f"study.sqlite is damaged: {what}" in says
        assert "take a copy that is whole" in says
    assert (folder / "study" / DATABASE).read_bytes() == before


@pytest.mark.parametrize("place", range(0, 20, 3))
def test_a_schema_that_is_no_text(evoarray: Evoarray, folder: Path, place: int) -> None:
    """Then SQLite's message is none either, and Python raises something else than its errors."""
    path = folder / "study" / DATABASE
    content = path.read_bytes()
    at = content.index(b"CREATE TABLE result") + place
    path.write_bytes(content[:at] + b"\xae" + content[at + 1 :])
    for arguments in (("spec.toml", "-o", "study"), ("summary", "study", "-o", "found.md")):
        assert "study.sqlite is damaged" in refused(evoarray, *arguments)
    assert evoarray("report", "study").status == 2


def damage(folder: Path) -> None:
    """Flip a bit of a result so that it is no UTF-8, and the text of another one."""
    path = folder / "study" / DATABASE
    content = path.read_bytes()
    place = content.index(b'"run":2,"sae"') + 3
    path.write_bytes(content[:place] + b"\xff" + content[place + 1 :])
    change(
        folder,
        "UPDATE result SET content = replace(content, '\"sae\":', '\"sae\":1') "
        "WHERE run = 3 AND setting = 'children 2'",
    )


def test_damaged_results_are_done_again(evoarray: Evoarray, folder: Path) -> None:
    expected = results(folder / "study")
    damage(folder)
    damaged = (folder / "study" / DATABASE).read_bytes()
    ended = done(evoarray, "spec.toml", "-o", "study", "--workers", 1)
    assert re.search(
        r"Warning: the study study was damaged; what is good of it goes on, and what is not "
        r"is done again: 2 results are damaged, run 2 of 'children [12]' and run 3 of "
        r"'children 2' \(the damaged",
        ended.out,
    )
    assert results(folder / "study") == expected
    assert (folder / "study" / "study.damaged-1").read_bytes() == damaged
    assert "damaged" not in done(evoarray, "spec.toml", "-o", "study").out


def test_a_page_of_results_that_is_lost(evoarray: Evoarray, folder: Path) -> None:
    expected = results(folder / "study")
    path = folder / "study" / DATABASE
    content = bytearray(path.read_bytes())
    with closing(sqlite3.connect(path)) as opened:
        (size,) = opened.execute("PRAGMA page_size").fetchone()
    page = content.rindex(b'"evaluations"') // size
    content[page * size : (page + 1) * size] = bytes(size)
    path.write_bytes(content)
    with StudyStore(folder / "study", writes=False) as store:
        found = store.results()
        assert 0 < len(found.good) < 24
        assert found.damaged, "which they were is in the index"
    done(evoarray, "spec.toml", "-o", "study", "--workers", 1)
    assert results(folder / "study") == expected


def test_what_is_left_out_is_said(evoarray: Evoarray, folder: Path) -> None:
    damage(folder)
    says = "in study, 2 results are damaged, run 2 of 'children"
    for arguments in (
        ("study", "summary", "study", "-o", "found.md"),
        ("study", "merge", "study", "-o", "merged"),
        ("report", "study"),
    ):
        ended = evoarray(*arguments)
        assert ended.status == 0
        assert says in ended.out
    page = (folder / "found.md").read_text(encoding="utf-8")
    assert f"**Warning: {says}" in page
    assert "Runs: 22." in page
    assert "Warning: 2 results are damaged" in (folder / "study/report.html").read_text("utf-8")
    assert len(results(folder / "merged")) == 22


def test_names_do_nothing_in_a_summary(evoarray: Evoarray, folder: Path) -> None:
    done(evoarray, "summary", "study", "-o", "found.md")
    page = (folder / "found.md").read_text(encoding="utf-8")
    assert "&lt;script>" in page
    assert "<script" not in page
    assert "\x1b" not in page


def test_shards_that_disagree_are_not_merged(evoarray: Evoarray, folder: Path) -> None:
    shutil.copytree(folder / "study", folder / "other")
    with StudyStore(folder / "other", writes=True) as store:
        first, *_ = store.results().good
        store.add([replace(first, seconds=99.0)])
    assert merge([folder / "study", folder / "other"], folder / "equal") == []
    with StudyStore(folder / "other", writes=True) as store:
        assert isinstance(first, Result)
        store.add([replace(first, sae=first.sae + 1)])
    says = refused(evoarray, "merge", "study", "other", "-o", "both")
    assert "study and other have different results of run 0 of 'children 1'" in says
    assert not (folder / "both").exists()


CRAFTED = {
    "a trigger": "CREATE TRIGGER t AFTER UPDATE ON study BEGIN DELETE FROM result; END",
    "a view": "CREATE VIEW v AS SELECT * FROM result",
    "a table": "CREATE TABLE more (a)",
    "an index": "CREATE INDEX i ON result (content)",
    "another column": "ALTER TABLE result ADD COLUMN more",
}
NUMBERS = "RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)"
ENDLESS = (
    "DROP TABLE result",
    f"CREATE VIEW result AS WITH {NUMBERS} "
    "SELECT 'x' AS setting, n AS run, 'y' AS content, x'00' AS sha256 FROM r",
)


@pytest.mark.parametrize(
    "statements", [*((each,) for each in CRAFTED.values()), ENDLESS], ids=[*CRAFTED, "endless"]
)
def test_other_tables_are_refused_before_they_are_read(
    evoarray: Evoarray, folder: Path, statements: tuple[str, ...]
) -> None:
    change(folder, *statements)
    started = time.monotonic()
    for arguments in (("spec.toml", "-o", "study"), ("summary", "study", "-o", "found.md")):
        assert "study.sqlite is damaged: what it asks for" in refused(evoarray, *arguments)
    assert time.monotonic() - started < 5


def test_no_more_is_read_than_a_file_can_hold(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as opened:
        opened.execute("CREATE TABLE x (a)")
        opened.execute("INSERT INTO x VALUES (1)")
        assert readable(opened, "SELECT * FROM x") == ([(1,)], True)
        rows, whole = readable(
            opened,
            "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT * FROM r",
        )
        assert not whole
        assert len(rows) <= 2 * 4096


def test_a_study_of_before_there_were_hashes(
    evoarray: Evoarray, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = results(folder / "study")
    change(
        folder,
        "ALTER TABLE study DROP COLUMN sha256",
        "ALTER TABLE file DROP COLUMN sha256",
        "ALTER TABLE photo DROP COLUMN sha256",
        "PRAGMA user_version=1",
    )
    before = (folder / "study" / DATABASE).read_bytes()
    assert results(folder / "study") == expected
    assert (folder / "study" / DATABASE).read_bytes() == before, "readers change nothing"
    done(evoarray, "spec.toml", "-o", "study", "--workers", 1)
    assert results(folder / "study") == expected
    with closing(sqlite3.connect(folder / "study" / DATABASE)) as opened:
        assert opened.execute("PRAGMA user_version").fetchone() == (database.FORMAT,)
    assert {path.name for path in (folder / "study").iterdir()} == {DATABASE}


# --- what is not damage


def test_what_sqlite_says_of_the_disk_is_no_damage() -> None:
    for name in ("FULL", "IOERR", "IOERR_READ", "CANTOPEN", "READONLY", "BUSY", "NOMEM", "PERM"):
        error = sqlite3.OperationalError(name)
        error.sqlite_errorcode = getattr(sqlite3, f"SQLITE_{name}")
        assert not is_damage(error), name
    for name in ("CORRUPT", "NOTADB", "ERROR", "TOOBIG", "IOERR_SHORT_READ"):
        error = sqlite3.OperationalError(name)
        error.sqlite_errorcode = getattr(sqlite3, f"SQLITE_{name}")
        assert is_damage(error), name


def test_a_locked_study_is_called_so(evoarray: Evoarray, folder: Path) -> None:
    path = folder / "study" / DATABASE
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for arguments in (("spec.toml", "-o", "study"), ("summary", "study", "-o", "found.md")):
            assert "cannot open the study study: database is locked" in refused(
                evoarray, *arguments
            )
    assert len(results(folder / "study")) == 24
