# SPDX-License-Identifier: Apache-2.0
"""What publishes: `make release` refuses what is not ready, and GitHub is told what exists."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=me", "-c", "user.email=me@localhost")
    subprocess.run(["git", *author, *arguments], cwd=folder, capture_output=True, check=True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a repository of its own with the files of this one, and its environment."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    names = listed.stdout.decode().rstrip("\0").split("\0")
    folder = tmp_path / "clone"
    folder.mkdir()
    with_links = ["tar", "--create", "--file", "-", "--null", "--files-from", "-"]
    packed = subprocess.run(
        with_links, cwd=ROOT, input="\0".join(names).encode(), capture_output=True, check=True
    )
    subprocess.run(["tar", "--extract", "--file", "-"], cwd=folder, input=packed.stdout, check=True)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    with (folder / ".gitignore").open("a") as ignored:
        ignored.write(".venv\n")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all")
    return folder


def release(folder: Path, **variables: str) -> tuple[int, str]:
    command = [str(folder / "tools" / "release.sh")]
    environment = {**os.environ, "PIP_NO_INDEX": "1", **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_release(clone: Path) -> None:
    version = re.search(r'^version = "(.*)"', (clone / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    changes, cited = clone / "CHANGELOG.md", clone / "CITATION.cff"
    changes.write_text(changes.read_text().replace("## Unreleased", f"## {version[1]}"))
    assert release(clone) == (
        1,
        "There are changes that are not committed; commit or remove them.\n",
    )
    git(clone, "commit", "--all", "--message", "version")
    git(clone, "tag", "v9.9")
    status, said = release(clone)
    assert (status, "has the tag v9.9" in said) == (1, True), said
    git(clone, "tag", "--delete", "v9.9")
    status, said = release(clone)
    assert status == 0, said
    built = {path.name for path in (clone / "build" / "dist").iterdir()}
    assert f"evoarray-{version[1]}.tar.gz" in built
    assert any(name.startswith(f"evoarray-{version[1]}-py3-none-") for name in built)
    assert said.count("PASSED") == 2
    status, said_without = release(clone, CC="none")
    assert (status, said_without.splitlines()[-1]) == (
        1,
        "The wheel has no compiled engine.c; install a C compiler and call this again.",
    )
    assert f"git tag v{version[1]} && git push origin v{version[1]}" in said
    for path, text, says in (
        (cited, f"version: {version[1]}", "CITATION.cff has another version"),
        (changes, f"## {version[1]}", "CHANGELOG.md has no heading"),
    ):
        before = path.read_text()
        path.write_text(before.replace(text, "nothing"))
        git(clone, "commit", "--all", "--message", "wrong")
        status, said = release(clone)
        assert (status, says in said) == (1, True), said
        path.write_text(before)
        git(clone, "commit", "--all", "--message", "right")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_call_what_there_is(path: Path) -> None:
    workflow: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    called = [step["run"] for step in steps if "run" in step]
    assert called
    for command in called:
        target = command.removeprefix("make ")
        assert re.search(rf"^{target}:|^{target} \w+:", makefile, re.MULTILINE), command
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v[\d.]+", s["uses"]) for s in steps if "uses" in s)


def test_the_page_for_contributors_names_what_there_is() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in re.findall(r"`([\w/.]+\.(?:py|v|c|md|toml))`", text):
        found = [ROOT / name, *(ROOT / "model" / "neuro").glob(name)]
        found += (ROOT / "evolve" / "filter" / "backends").glob(name)
        assert any(path.exists() for path in found), name
    for target in re.findall(r"`make ([a-z-]+)", text):
        assert re.search(
            rf"^{target}:|^[a-z -]*\b{target}\b[a-z -]*:",
            (ROOT / "Makefile").read_text(encoding="utf-8"),
            re.MULTILINE,
        ), target
