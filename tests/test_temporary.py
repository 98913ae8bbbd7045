# SPDX-License-Identifier: Apache-2.0
"""Temporary files and folders: nothing planted is written to, and what the killed left goes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evoarray.model import files, temporary
from evoarray.model.errors import InputError
from evoarray.model.files import keep_inside, write_atomically
from evoarray.model.temporary import TemporaryFolder, remove_abandoned, temporary_file
from tests.conftest import ROOT

MAKER = """
import sys, time
from pathlib import Path
from evoarray.model.temporary import TemporaryFolder, temporary_file
place = Path(sys.argv[1])
folder = TemporaryFolder(place)
Path(folder.name, "content").touch()
with temporary_file(place) as (path, stream):
    stream.write(b"half of it")
    stream.flush()
    print("made", flush=True)
    time.sleep(60)
"""


@contextmanager
def maker(place: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run a process that has a temporary folder and file there."""
    command = [sys.executable, "-c", MAKER, str(place)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "made\n"
            yield process
        finally:
            process.kill()


def test_what_is_in_use_stays_and_what_the_killed_left_goes(tmp_path: Path) -> None:
    with maker(tmp_path) as process:
        there = set(tmp_path.iterdir())
        assert len(there) == 2
        remove_abandoned(tmp_path)
        assert set(tmp_path.iterdir()) == there
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert set(tmp_path.iterdir()) == there
    remove_abandoned(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("next_start", ["file", "folder"])
def test_whoever_makes_one_tidies_up(tmp_path: Path, next_start: str) -> None:
    with maker(tmp_path):
        pass
    assert len(list(tmp_path.iterdir())) == 2
    if next_start == "file":
        write_atomically(tmp_path / "out", b"x")
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
    else:
        with TemporaryFolder(tmp_path) as made:
            assert [str(path) for path in tmp_path.iterdir()] == [made]
        assert not list(tmp_path.iterdir())


def test_only_what_is_ours_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    place = tmp_path / "place"
    place.mkdir()
    (place / ".evoarray-linklink.tmp").symlink_to(outside)
    (place / ".evoarray-filelink.tmp").symlink_to(outside / "precious")
    os.mkfifo(place / ".evoarray-fifofifo.tmp")
    for name in ("evoarray-notesnot.tmp", ".evoarray-notes.tmp", ".evoarray-notesnot.txt"):
        (place / name).touch()
    before = set(place.iterdir())
    remove_abandoned(place)
    assert set(place.iterdir()) == before
    assert (outside / "precious").exists()
    (place / ".evoarray-leftover.tmp").mkdir()
    other = os.geteuid() + 1
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: other)
        remove_abandoned(place)
    assert len(set(place.iterdir())) == len(before) + 1, "it is another user's"
    remove_abandoned(place)
    assert set(place.iterdir()) == before


def test_a_planted_name_is_not_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = iter(["plantedn", "plantedd", "freename"])
    monkeypatch.setattr(temporary, "token_hex", lambda _: next(names))
    victim = tmp_path / "victim"
    (tmp_path / ".evoarray-plantedn.tmp").symlink_to(victim)
    (tmp_path / ".evoarray-plantedd.tmp").symlink_to(tmp_path / "dangling")
    with temporary_file(tmp_path) as (path, stream):
        stream.write(b"x")
        assert path.name == ".evoarray-freename.tmp"
    assert not victim.exists()
    assert not (tmp_path / "dangling").exists()


def test_one_that_is_taken_for_abandoned_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its making and its lock, another process may lock and remove it."""
    really, calls = temporary._locked, 0

    def late(descriptor: int, *, or_unsupported: bool = False) -> bool:
        nonlocal calls
        calls += 1
        if calls == 1:
            return False  # the other has it
        if calls == 2:
            for path in tmp_path.iterdir():  # the other had it
                (path.rmdir if path.is_dir() else path.unlink)()
        return really(descriptor, or_unsupported=or_unsupported)

    monkeypatch.setattr(temporary, "_locked", late)
    write_atomically(tmp_path / "out", b"content")
    assert (calls, (tmp_path / "out").read_bytes()) == (3, b"content")
    (tmp_path / "out").unlink()
    calls = 0
    with TemporaryFolder(tmp_path) as made:
        assert Path(made).is_dir()
    assert calls == 3
    assert not list(tmp_path.iterdir())


def test_a_file_keeps_to_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "out", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o640


def test_links_out_of_a_folder_are_followed_unless_they_must_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_kept", set())
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "out").symlink_to(elsewhere / "out")
    (folder / "into").symlink_to(elsewhere)
    (folder / "within").symlink_to(folder / "real")
    write_atomically(folder / "out", b"1")
    assert (elsewhere / "out").read_bytes() == b"1"
    keep_inside(folder)
    for path in ("out", "into/new", "../folder/out"):
        with pytest.raises(InputError, match=r"a link leads out to '.*elsewhere.*'; remove it"):
            write_atomically(folder / path, b"2")
    assert (elsewhere / "out").read_bytes() == b"1"
    assert [path.name for path in elsewhere.iterdir()] == ["out"]
    write_atomically(folder / "within", b"3")
    write_atomically(folder / "../beside", b"4")
    assert (folder / "real").read_bytes() == b"3"
