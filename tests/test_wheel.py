# SPDX-License-Identifier: Apache-2.0
"""What works where the package is installed, and there is no checkout."""

import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from evoarray.model.images import write_image
from tests.conftest import ROOT

Installed = Callable[..., subprocess.CompletedProcess[str]]
SMALL = ("--rows", "3", "--cols", "3", "--evaluations", "256", "--workers", "1")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Return the command, installed from a wheel, in a folder of its own with some files.

    It takes what it depends on from the environment that runs the tests.
    """
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("evoarray", "evolve", "model", "rtl", "images"):
        nothing = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / "source" / name, symlinks=True, ignore=nothing)
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source")
    pip = [sys.executable, "-m", "pip"]
    built = ("wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder)
    quietly([*pip, *built, folder / "source"])
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    quietly([sys.executable, "-m", "venv", "--without-pip", environment])
    python = environment / "bin" / "python"
    quietly([*pip, "--python", python, "install", "--no-deps", "--no-index", wheel])
    (packages,) = environment.glob("lib/python*/site-packages")
    # Of a folder named here no .pth file is read, so that the checkout stays unknown.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    work = folder / "work"
    work.mkdir()
    quietly(["git", "init", "--quiet", folder])
    author = ("-c", "user.name=me", "-c", "user.email=me@localhost")
    quietly(["git", "-C", folder, *author, "commit", "--quiet", "--allow-empty", "-m", "theirs"])
    rng = np.random.default_rng(1)
    clean = rng.integers(0, 256, (8, 10)).astype(np.uint8)
    write_image(work / "clean.png", clean)
    write_image(work / "noisy.png", np.where(rng.random((8, 10)) < 0.2, 0, clean).astype(np.uint8))
    (work / "study.toml").write_text(
        'title = "one"\nruns = 1\nphotos = ["clean.png"]\n[options]\nsize = "3x3"\n'
        'evaluations = 64\n[[settings]]\nname = "plain"\n'
    )

    def command(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [environment / "bin" / "evoarray", *map(str, arguments)],
            cwd=work,
            capture_output=True,
            text=True,
            check=False,
        )

    where = [str(python), "-c", "import evoarray; print(evoarray.__file__)"]
    said = subprocess.run(where, cwd=work, capture_output=True, text=True, check=True).stdout
    assert all(path.startswith(str(packages)) for path in said.split())
    ended = command("evolve", "noisy.png", "clean.png", "-o", "run", *SMALL)
    assert ended.returncode == 0, ended.stderr
    return command


def quietly(command: Sequence[object]) -> None:
    ended = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


CIRCUIT = "run/circuit.json"
PAIR = ("noisy.png", "clean.png")


def test_what_needs_no_rtl_works(installed: Installed) -> None:
    for arguments in (
        ("report", "run"),
        ("prune", CIRCUIT, *PAIR, "-o", "small.json"),
        ("filter", CIRCUIT, "noisy.png", "-o", "filtered.png"),
        ("show", CIRCUIT, "-o", "circuit.svg"),
        ("export", CIRCUIT, "-o", "verilog"),
        ("study", "study.toml", "-o", "study", "--workers", "1"),
        ("neuro", "-o", "digits", "--evaluations", "100"),
        ("neuro", "-o", "neat", "--algorithm", "neat", "--evaluations", "200"),
    ):
        ended = installed(*arguments)
        assert ended.returncode == 0, (arguments, ended.stderr)
    work = Path(ended.args[0]).parents[2] / "work"
    made = json.loads((work / "run" / "provenance.json").read_text())
    assert made["git_commit"] is None, "the commit is that of a checkout around it"


def test_what_needs_the_rtl_works(installed: Installed) -> None:
    for arguments in (
        ("evolve", *PAIR, "-o", "replayed", "--replay", "icarus", *SMALL),
        ("evaluate", CIRCUIT, *PAIR, "--backend", "verilator"),
        ("evaluate", CIRCUIT, *PAIR, "--backend", "icarus-axi"),
        ("export", CIRCUIT, "-o", "streamed", "--stream"),
        ("doctor",),
    ):
        ended = installed(*arguments)
        assert ended.returncode == 0, (arguments, ended.stderr)


def test_all_of_the_package_is_in_the_wheel_and_nothing_else(installed: Installed) -> None:
    environment = Path(installed("--help").args[0]).parents[1]
    (packages,) = environment.glob("lib/python*/site-packages")
    there = {path.relative_to(packages) for path in (packages / "evoarray").rglob("*.*")}
    ours = {
        path.relative_to(ROOT)
        for folder in (ROOT / "evoarray").iterdir()
        for path in (folder.rglob("*.*") if folder.is_dir() else (folder,))
        if "__pycache__" not in path.parts
    }
    assert ours <= there
    assert not [path for path in packages.iterdir() if path.name in {"model", "evolve", "images"}]
