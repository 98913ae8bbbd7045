# SPDX-License-Identifier: Apache-2.0
"""Folders of runs and studies that somebody else has made, who means no good."""

import os
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from evoarray.evolution.runs.lock import LOCK
from evoarray.evolution.runs.sqlite import parts
from evoarray.evolution.runs.store import DATABASE
from evoarray.evolution.studies.store import DATABASE as STUDY
from tests.conftest import Evoarray
from tests.processes import start
from tests.test_robustness import refused
from tests.test_studies import SPEC, write

SMALL = ("--rows", 2, "--cols", 2, "--evaluations", 3000, "--tribes", 2)


def stopped(evoarray: Evoarray, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a run of a filter that was stopped after its evolution."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("evoarray.evolution.filter.runs.run._finish", interrupted)
        assert evoarray("evolve", "noisy.png", "clean.png", "-o", folder, *SMALL).status == 130


def damage(path: Path) -> None:
    """Spoil a checkpoint, so that a copy of the database is kept beside the new one."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO event VALUES (9999, 1, 'war', '{}')")


WRITTEN = ("circuit.json", "filtered.png", "comparison.png", "curve.png", "curve.csv")


@pytest.mark.parametrize("name", [*WRITTEN, "results.json", "provenance.json"])
@pytest.mark.parametrize("is_there", [True, False])
def test_no_link_leads_out_of_a_run(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_there: bool
) -> None:
    stopped(evoarray, images / "run", monkeypatch)
    victim = images / "victim"
    if is_there:
        victim.write_text("precious", encoding="utf-8")
    (images / "run" / name).unlink(missing_ok=True)
    (images / "run" / name).symlink_to(victim)
    ended = evoarray("resume", "run")
    says = f"cannot write 'run/{name}': a link leads out to '{victim}'; remove it"
    if name == "provenance.json" and is_there:  # it is not written again
        assert ended.status == 0
    else:
        assert ended.status == 2
        assert ended.err == f"evoarray: {says}\n"
    if is_there:
        assert victim.read_text(encoding="utf-8") == "precious"
    else:
        assert not victim.exists()
    (images / "run" / name).unlink()
    if ended.status:
        assert evoarray("resume", "run").status == 0


def test_no_link_leads_out_of_a_network_s_run(evoarray: Evoarray, tmp_path: Path) -> None:
    options = ("--layers", "64-4-10", "--evaluations", 100, "--interval", 50)
    assert evoarray("neuro", "-o", "run", *options).status == 0
    with closing(sqlite3.connect(tmp_path / "run" / DATABASE)) as database, database:
        database.execute("UPDATE run SET status = 'stopped'")
    for name in ("network.json", "results.json"):
        (tmp_path / "run" / name).unlink()
        (tmp_path / "run" / name).symlink_to(tmp_path / "victim")
        refused_once = evoarray("resume", "run")
        assert refused_once.status == 2
        assert f"run/{name}': a link leads out to" in refused_once.err
        (tmp_path / "run" / name).unlink()
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize("name", ["report.html", "report-results.csv", "report-results.json"])
@pytest.mark.parametrize("kind", ["run", "study"])
def test_no_link_leads_a_report_out(evoarray: Evoarray, images: Path, kind: str, name: str) -> None:
    if kind == "run":
        assert evoarray("evolve", "noisy.png", "clean.png", "-o", "made", *SMALL).status == 0
    else:
        write(images, SPEC)
        made = evoarray("study", "spec.toml", "-o", "made", "--runs", 1, "--workers", 1)
        assert made.status == 0
    (images / "made" / name).symlink_to(images / "victim")
    ended = evoarray("report", "made")
    assert ended.status == 2
    assert f"made/{name}': a link leads out to" in ended.err
    assert not (images / "victim").exists()


def test_a_damaged_database_is_not_copied_along_a_link(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(evoarray, images / "run", monkeypatch)
    damage(images / "run" / DATABASE)
    (images / "run" / "run.damaged-1").symlink_to(images / "victim")
    ended = evoarray("resume", "run")
    assert ended.status == 0, ended.err
    assert "kept as run.damaged-2" in ended.out
    assert not (images / "victim").exists()


def test_a_new_database_takes_no_journal_of_others(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor any other file that was planted under the name of one that is made meanwhile."""
    stopped(evoarray, images / "run", monkeypatch)
    damage(images / "run" / DATABASE)
    for name in ("run.new", "run.new-journal", "run.new-wal", f"{DATABASE}.new"):
        (images / "run" / name).symlink_to(images / "victim")
    assert evoarray("resume", "run").status == 0
    assert not (images / "victim").exists()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        before = Path.cwd()
        os.chdir(path.parent)  # its name must be short
        server.bind(path.name)
        os.chdir(before)


def link(path: Path) -> None:
    path.symlink_to(path.parents[1] / "victim")


def link_to_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


NAMES = [LOCK, *(part.name for part in parts(Path(DATABASE)))]


@pytest.mark.parametrize("plant", [pipe, listening, link, link_to_device, Path.mkdir])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_file_in_a_run(
    images: Path,
    evoarray: Evoarray,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    plant: Callable[[Path], None],
) -> None:
    """One sentence, at once, whoever looks; and nothing outside is made or changed."""
    stopped(evoarray, images / "run", monkeypatch)
    place = images / "run" / name
    victim = images / "victim"
    victim.write_text("precious", encoding="utf-8")
    if place.exists():
        place.unlink()
    plant(place)
    refused(evoarray("resume", "run"), f"run/{name} is (a symbolic link|not a file)")
    report = evoarray("report", "run")
    assert report.status == 2, report.err
    assert report.err.count("\n") == 1
    listed = evoarray("runs", ".")
    assert listed.status == 0
    assert "finished" not in listed.out
    assert victim.read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("plant", [pipe, link, Path.mkdir])
@pytest.mark.parametrize("name", [LOCK, *(part.name for part in parts(Path(STUDY)))])
def test_what_is_no_file_in_a_study(
    images: Path, evoarray: Evoarray, name: str, plant: Callable[[Path], None]
) -> None:
    write(images, SPEC)
    options = ("study", "spec.toml", "-o", "made", "--runs", 1, "--workers", 1)
    assert evoarray(*options).status == 0
    place = images / "made" / name
    place.unlink(missing_ok=True)
    plant(place)
    refused(evoarray(*options), f"made/{name} is (a symbolic link|not a file)")
    assert not (images / "victim").exists()


def test_a_lock_that_is_a_pipe_in_a_new_folder(evoarray: Evoarray, images: Path) -> None:
    (images / "run").mkdir()
    os.mkfifo(images / "run" / LOCK)
    refused(
        evoarray("evolve", "noisy.png", "clean.png", "-o", "run", *SMALL),
        f"run/{LOCK} is not a file and is not used; remove it",
    )


@pytest.mark.parametrize("plant", [pipe, listening, link_to_device, link])
@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "it", "-o", "out.svg"),
        ("evaluate", "it", "noisy.png", "clean.png"),
        ("evaluate", "run/circuit.json", "it", "clean.png"),
        ("evolve", "noisy.png", "clean.png", "-o", "new", "--config", "it"),
        ("evolve", "noisy.png", "clean.png", "-o", "new", "--topology", "it", "--tribes", "2"),
        ("evolve", "noisy.png", "clean.png", "-o", "new", "--start", "it"),
        ("study", "it", "-o", "new"),
        ("resume", "it"),
        ("report", "it"),
    ],
    ids=" ".join,
)
def test_special_files_where_a_file_is_expected(
    evoarray: Evoarray,
    images: Path,
    arguments: tuple[str, ...],
    plant: Callable[[Path], None],
) -> None:
    """One sentence, and at once: nobody writes to the pipe, and the device never ends."""
    assert evoarray("evolve", "noisy.png", "clean.png", "-o", "run", *SMALL).status == 0
    (images / "folder").mkdir()
    plant(images / "folder" / "it")
    names = ["folder/it" if word == "it" else word for word in arguments]
    started = start(images, *names)
    status, said = started.ended(20)
    assert status == 2, said
    assert said.startswith("evoarray: ")
    assert said.count("\n") == 1, said
    assert not (images / "new").exists()


def test_a_pipe_that_somebody_writes_to_is_read(evoarray: Evoarray, images: Path) -> None:
    """As a shell's <(...) is."""
    read, write_to = os.pipe()
    os.write(write_to, b"rows = 2\ncols = 3\nevaluations = 100\n")
    os.close(write_to)
    ended = evoarray(
        *("evolve", "noisy.png", "clean.png", "-o", "run", "--config", f"/dev/fd/{read}")
    )
    os.close(read)
    assert ended.status == 0, ended.err
    assert '"rows": 2' in (images / "run" / "provenance.json").read_text(encoding="utf-8")
