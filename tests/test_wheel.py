# SPDX-License-Identifier: Apache-2.0
"""The package as people install it: whole, alone on their path, and without a compiler."""

import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from evoarray.evolution.backends.library import find_compiler
from evoarray.model.images import write_image
from tests.conftest import ROOT

SMALL = ("--size", "3x3", "--evaluations", "256", "--workers", "1")
CIRCUIT = "run/circuit.json"
PAIR = ("noisy.png", "clean.png")
OTHERS = ("python3.12", "python3.13", "python3.14")
HOSTILE = 'raise SystemExit("this is not evoarray\'s")\n'


@dataclass(frozen=True)
class Installed:
    """An environment in which the package is installed, and a folder of somebody who uses it."""

    environment: Path
    work: Path

    def __call__(self, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command there."""
        return self.run(self.environment / "bin" / "evoarray", *arguments, **variables)

    def run(self, *command: object, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run any program there."""
        return subprocess.run(
            [str(word) for word in command],
            cwd=self.work,
            env={**os.environ, "XDG_CACHE_HOME": str(self.work / "cache"), **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def packages(self) -> Path:
        """Where packages are installed."""
        (found,) = self.environment.glob("lib/python*/site-packages")
        return found


def quietly(*command: object, cwd: Path | None = None) -> None:
    words = [str(word) for word in command]
    ended = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


BUILD = "import sys; from setuptools import build_meta as b; getattr(b, sys.argv[1])(sys.argv[2])"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what the package is built from, as git has it."""
    folder = tmp_path_factory.mktemp("source")
    nothing = shutil.ignore_patterns("__pycache__")
    for name in ("evoarray", "evolve", "model", "rtl", "images"):
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=nothing)
    for name in ("pyproject.toml", "setup.py", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def sdist(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sdist")
    quietly(sys.executable, "-c", BUILD, "build_sdist", out, cwd=source)
    (built,) = out.glob("*.tar.gz")
    return built


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, which is built from the sdist."""
    unpacked, out = tmp_path_factory.mktemp("unpacked"), tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    (place,) = unpacked.iterdir()
    quietly(sys.executable, "-c", BUILD, "build_wheel", out, cwd=place)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Return the package, installed, in a folder with some files and hostile modules.

    It takes what it depends on from the environment that runs the tests.
    """
    folder = tmp_path_factory.mktemp("installed")
    environment, work = folder / "environment", folder / "work"
    quietly(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    quietly(*pip, "install", "--no-deps", "--no-index", wheel)
    found = Installed(environment, work)
    # Of a folder named here no .pth file is read, so that the checkout stays unknown.
    (found.packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    work.mkdir()
    for name in ("model.py", "evolve.py"):
        (work / name).write_text(HOSTILE, encoding="utf-8")
    # A commit around it is none of ours.
    quietly("git", "init", "--quiet", folder)
    author = ("-c", "user.name=me", "-c", "user.email=me@localhost")
    quietly("git", "-C", folder, *author, "commit", "--quiet", "--allow-empty", "-m", "theirs")
    rng = np.random.default_rng(1)
    clean = rng.integers(0, 256, (8, 10)).astype(np.uint8)
    write_image(work / "clean.png", clean)
    write_image(work / "noisy.png", np.where(rng.random((8, 10)) < 0.2, 0, clean).astype(np.uint8))
    (work / "study.toml").write_text(
        'title = "one"\nruns = 1\nphotos = ["clean.png"]\n[options]\nsize = "3x3"\n'
        'evaluations = 64\n[[settings]]\nname = "plain"\n'
    )
    ended = found("evolve", *PAIR, "-o", "run", *SMALL)
    assert ended.returncode == 0, ended.stderr
    return found


TOOLS = {"PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"}
"""Programs of other packages, such as yosys, are those of the environment that runs the tests."""

COMMANDS = (
    *(("evaluate", CIRCUIT, *PAIR, "--backend", name) for name in ("fast", "model", "icarus")),
    *(("evaluate", CIRCUIT, *PAIR, "--backend", name) for name in ("icarus-axi", "verilator")),
    ("evolve", *PAIR, "-o", "replayed", "--replay", "icarus", *SMALL),
    ("filter", CIRCUIT, "noisy.png", "-o", "filtered.png"),
    ("show", CIRCUIT, "-o", "circuit.svg"),
    ("prune", CIRCUIT, *PAIR, "-o", "small.json"),
    ("export", CIRCUIT, "-o", "verilog", "--stream", "--prove"),
    ("export", CIRCUIT, "-o", "c", "--language", "c"),
    ("export", CIRCUIT, "-o", "python", "--language", "python"),
    ("neuro", "-o", "digits", "--evaluations", "100", "--replay", "verilator"),
    ("neuro", "-o", "neat", "--algorithm", "neat", "--evaluations", "200"),
    ("export", "digits/network.json", "-o", "digits.onnx"),
    ("noise", "clean.png", "--kind", "gaussian", "--amount", "0.1", "-o", "noise.png"),
    ("target", "clean.png", "--kind", "edges", "-o", "edges.png"),
    ("study", "study.toml", "-o", "study", "--workers", "1"),
    ("study", "summary", "study", "-o", "found.md"),
    ("report", "study"),
    ("report", "run"),
    ("report", "digits"),
    ("runs", "."),
    ("doctor",),
)


def test_every_command_works(installed: Installed) -> None:
    for arguments in COMMANDS:
        ended = installed(*arguments, **TOOLS)
        assert ended.returncode == 0, (arguments, ended.stderr)
    made = json.loads((installed.work / "run" / "provenance.json").read_text())
    assert made["git_commit"] is None, "the commit is that of a checkout around it"
    known = set(re.findall(r"^  ([a-z]+) ", _commands(installed), re.MULTILINE))
    tried = {str(arguments[0]) for arguments in COMMANDS}
    assert known - tried == {"resume", "bench"}  # that takes a quarter of an hour
    assert installed("bench", "--help").returncode == 0


def test_a_run_that_is_stopped_goes_on(installed: Installed) -> None:
    counts = []
    endless = ("evolve", *PAIR, "-o", "stopped", "--evaluations", "1000000000", "--workers", "1")
    for command in (endless, ("resume", "stopped")):
        with subprocess.Popen(
            [installed.environment / "bin" / "evoarray", *command],
            cwd=installed.work,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            assert running.stdout is not None
            said = running.stdout.readline()  # it has begun
            running.terminate()
            said += running.stdout.read()
        stopped = re.search(r"Stopped after (\d+) evaluations; .* evoarray resume stopped", said)
        assert stopped, said
        counts.append(int(stopped[1]))
    assert counts[0] < counts[1]


def _commands(installed: Installed) -> str:
    return installed("--help").stdout.partition("Commands:")[2]


PROGRAM = """
import evoarray
run = evoarray.evolve("noisy.png", "clean.png", size="3x3", evaluations=256, seed=1)
assert run.circuit == evoarray.load("run/circuit.json")
assert run.circuit.export("verilog", prove=True).proved
study = evoarray.study("study.toml", workers=2)
assert len(study.table) == 1
import sklearn.datasets
samples, labels = sklearn.datasets.load_iris(return_X_y=True)
assert evoarray.Classifier(evaluations=10_000).fit(samples, labels).score(samples, labels) > 0.8
for name in evoarray.__all__:
    getattr(evoarray, name)
print(evoarray.__file__)
"""


def test_the_interface_works(installed: Installed) -> None:
    python = installed.environment / "bin" / "python"
    ended = installed.run(python, "-c", PROGRAM, **TOOLS)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == str(installed.packages / "evoarray" / "__init__.py")


def test_no_compiler_is_needed(installed: Installed, tmp_path: Path) -> None:
    """Wheels have the engines compiled for the platform."""
    assert [*installed.packages.glob("evoarray/evolution/filter/backends/engine/engine-*.so")]
    nothing = {"PATH": str(tmp_path), "CC": "", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    for arguments in (
        ("evolve", *PAIR, "-o", "alone", *SMALL),
        ("neuro", "-o", "alone-too", "--evaluations", "100"),
    ):
        ended = installed(*arguments, **nothing)
        assert ended.returncode == 0, ended.stderr
    assert not (tmp_path / "cache" / "evoarray").exists()
    circuits = [(installed.work / name / "circuit.json").read_text() for name in ("alone", "run")]
    assert circuits[0] == circuits[1]


def test_a_wheel_that_was_built_without_a_compiler_compiles_later(
    source: Path, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    shutil.copytree(source, place, symlinks=True)
    python = [sys.executable, "-c", BUILD, "build_wheel", str(tmp_path)]
    environment = {**os.environ, "PATH": str(tmp_path), "CC": ""}
    subprocess.run(python, cwd=place, env=environment, capture_output=True, check=True)
    (built,) = tmp_path.glob("*.whl")
    assert built.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(built) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".so")]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only x86-64 has levels")
def test_an_old_compiler_leaves_out_what_it_does_not_know(source: Path, tmp_path: Path) -> None:
    place, old = tmp_path / "place", tmp_path / "old"
    shutil.copytree(source, place, symlinks=True)
    known = shlex.join(find_compiler())
    old.write_text(f'#!/bin/sh\ncase "$*" in *x86-64-v*) exit 1;; esac\nexec {known} "$@"\n')
    old.chmod(0o755)
    python = [sys.executable, "-c", BUILD, "build_wheel", str(tmp_path)]
    environment = {**os.environ, "CC": str(old)}
    subprocess.run(python, cwd=place, env=environment, capture_output=True, check=True)
    (built,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        libraries = [name for name in archive.namelist() if name.endswith(".so")]
    assert [Path(name).name for name in libraries] == ["engine-x86-64.so", "increments-x86-64.so"]


def test_nothing_else_is_put_on_a_path(wheel: Path, sdist: Path) -> None:
    assert re.search(r"-py3-none-[a-z0-9_]+\.whl$", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"evoarray"}
    assert not [name for name in names if "__pycache__" in name]
    ours = {
        str(path.relative_to(ROOT))
        for folder in (ROOT / "evoarray").iterdir()
        for path in (folder.rglob("*.*") if folder.is_dir() else (folder,))
        if "__pycache__" not in path.parts
    }
    assert ours <= names
    with zipfile.ZipFile(wheel) as archive:
        assert [n for n in ours if archive.read(n) != (ROOT / n).read_bytes()] == []
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
        assert not [member.name for member in archive if member.issym() or member.islnk()]
    assert {*ours, "setup.py", "pyproject.toml", "README.md", "LICENSE"} <= packed


@pytest.mark.parametrize("name", OTHERS)
def test_other_pythons(installed: Installed, name: str) -> None:
    """What needs no other package works there; with the others it was tried by hand."""
    python = shutil.which(name)
    if python is None or installed.run(python, "--version").returncode:
        pytest.skip(f"there is no {name}")
    code = "import evoarray, evoarray.evolution.stopping, compileall, sys; "
    code += "sys.exit(not compileall.compile_dir(evoarray.__path__[0], quiet=1, force=True))"
    ended = installed.run(
        python, "-c", code, PYTHONPATH=str(installed.packages), PYTHONPYCACHEPREFIX="cache"
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
