# SPDX-License-Identifier: Apache-2.0
"""The commit in a provenance is that of evoarray's own checkout, or none."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from evoarray.evolution.runs import provenance
from tests.conftest import ROOT

HERE = Path("evolve/runs/provenance.py")


def git(folder: Path, *arguments: str) -> str:
    author = ("-c", "user.name=me", "-c", "user.email=me@localhost")
    done = subprocess.run(
        ["git", *author, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(folder: Path) -> str:
    """Make a repository of all that is in a folder; return its commit."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "all")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which evoarray seems to be, that is no repository yet."""
    folder = tmp_path / "outer" / "evoarray"
    (folder / HERE).parent.mkdir(parents=True)
    shutil.copy(ROOT / HERE, folder / HERE)
    (folder / "pyproject.toml").touch()
    monkeypatch.setattr(provenance, "__file__", str(folder / HERE))
    return folder


def said() -> object:
    return provenance.made_with()["git_commit"]


def test_the_checkout_s_own_commit(checkout: Path) -> None:
    assert said() is None
    own = commit(checkout)
    assert said() == own
    (checkout / "pyproject.toml").write_text("changed", encoding="utf-8")
    assert said() == f"{own}-dirty"


def test_the_checkout_s_index_is_left_alone(checkout: Path) -> None:
    """Who writes it locks it first, and a lock that is left by a kill -9 stops every commit."""
    own = commit(checkout)
    index = checkout / ".git" / "index"
    before = index.read_bytes()
    os.utime(checkout / "pyproject.toml", (1, 1))  # git would note that the file is the same
    assert said() == own
    assert index.read_bytes() == before


def test_no_other_repository_s_commit(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs").mkdir()
    theirs = commit(tmp_path / "theirs")
    own = commit(checkout)
    assert own != theirs
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "theirs" / ".git"))
    assert said() == own
    monkeypatch.setenv("GIT_WORK_TREE", str(checkout))
    assert said() == own
    shutil.rmtree(checkout / ".git")
    assert said() is None


def test_a_repository_around_it(checkout: Path) -> None:
    commit(checkout.parent)
    assert said() is None


def test_a_repository_that_begins_where_packages_are_installed(checkout: Path) -> None:
    (checkout / "pyproject.toml").unlink()
    (checkout / ".gitignore").write_text("evolve\n", encoding="utf-8")
    commit(checkout)
    assert said() is None


def test_no_program_of_a_repository_is_run(checkout: Path) -> None:
    own = commit(checkout)
    git(checkout, "config", "core.fsmonitor", f"touch {checkout}/ran; false")
    assert said() == own
    assert not (checkout / "ran").exists()
