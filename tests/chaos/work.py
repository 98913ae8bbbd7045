# SPDX-License-Identifier: Apache-2.0
"""What is disturbed: runs and studies that can go on, and what they lead to undisturbed.

Start reading at `WORKS` and `Work.go_on`. Results are read with sqlite3 alone, not by the code on
trial.
"""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evoarray.model.images import write_image
from evoarray.model.noise import add_noise
from tests.chaos.command import REFUSED, Blow, Ended, run

SIDE = 16
Result = dict[str, object]

_SPEC = """
title = "Chaos"
source = "tests/chaos"
runs = 2
quick = 1
photos = ["clean.png"]
held-out = ["clean.png"]
[options]
evaluations = 20_480
size = "4x4"
[[settings]]
name = "plain"
preset = "plain"
[[settings]]
name = "annealing"
preset = "annealing"
[[claims]]
says = "Annealing is better."
better = "annealing"
than = ["plain"]
"""


@dataclass(frozen=True)
class Work:
    """Something that is begun by a command and goes on by one; `result` reads what it led to."""

    name: str
    begin: tuple[str, ...]
    proceed: tuple[str, ...]
    result: Callable[[Path], Result]

    def go_on(self, folder: Path, blow: Blow | None = None, *, fresh: bool = False) -> Ended:
        """Do what a user would: go on with what is there, or begin."""
        if not (folder / "out").exists():
            return run(folder, *self.begin, blow=blow, fresh=fresh)
        ended = run(folder, *self.proceed, blow=blow, fresh=fresh)
        if ended.status == REFUSED and self.begin != self.proceed and not _has_database(folder):
            return run(folder, *self.begin, blow=blow, fresh=fresh)
        return ended


def _has_database(folder: Path) -> bool:
    return (folder / "out" / "run.sqlite").exists()


def _rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def _of_run(product: str) -> Callable[[Path], Result]:
    def result(folder: Path) -> Result:
        out = folder / "out"
        path = out / "run.sqlite"
        (last,) = _rows(path, "SELECT content FROM checkpoint ORDER BY number DESC LIMIT 1")
        state = json.loads(str(last[0]))
        state.pop("seconds", None)
        return {
            "curve": _rows(path, "SELECT evaluations, sae, saes FROM log ORDER BY number"),
            "events": _rows(path, "SELECT evaluations, kind, details FROM event ORDER BY number"),
            "state": state,
            product: (out / product).read_bytes(),
            "files": sorted(each.name for each in out.iterdir()),
        }

    return result


def _of_study(folder: Path) -> Result:
    out = folder / "out"
    rows = _rows(out / "study.sqlite", "SELECT setting, run, content, sha256 FROM result")
    results = []
    for setting, number, content, sha256 in sorted(rows, key=repr):
        if sha256 != hashlib.sha256(str(content).encode()).digest():
            continue  # damaged, and done again under its true name
        data = json.loads(str(content))
        data.pop("seconds", None)
        results.append((setting, number, data))
    return {"results": results, "files": sorted(each.name for each in out.iterdir())}


_EVOLVE = ("evolve", "noisy.png", "clean.png", "-o", "out", "--rows", "4", "--cols", "4")
_NEURO = ("neuro", "-o", "out", "--layers", "64-8-10")
_STUDY = ("study", "spec.toml", "-o", "out", "--workers", "2")
_RESUME = ("resume", "out")

WORKS = [
    Work(
        "tribes",
        (*_EVOLVE, "--tribes", "3", "--evaluations", "300000"),
        _RESUME,
        _of_run("circuit.json"),
    ),
    Work(
        "plain",
        (*_EVOLVE, "--preset", "plain", "--evaluations", "200000", "--seed", "2"),
        _RESUME,
        _of_run("circuit.json"),
    ),
    Work(
        "lighter",
        (*_EVOLVE, "--preset", "plain", "--parsimony", "weight", "--evaluations", "100000"),
        _RESUME,
        _of_run("circuit.json"),
    ),
    Work("one plus lambda", (*_NEURO, "--evaluations", "3000"), _RESUME, _of_run("network.json")),
    Work(
        "neat",
        ("neuro", "-o", "out", "--algorithm", "neat", "--evaluations", "1500"),
        _RESUME,
        _of_run("network.json"),
    ),
    Work("study", _STUDY, _STUDY, _of_study),
]


def furnish(folder: Path) -> None:
    """Put into a folder what the works read."""
    folder.mkdir(parents=True, exist_ok=True)
    y, x = np.indices((SIDE, SIDE))
    clean = (9 * y + 5 * x + 3 * (x % 3)).astype(np.uint8)
    write_image(folder / "clean.png", clean)
    noisy = add_noise(clean, "salt-and-pepper", 0.2, np.random.default_rng(1))
    write_image(folder / "noisy.png", noisy)
    (folder / "spec.toml").write_text(_SPEC, encoding="utf-8")


def undisturbed(workshop: Path, work: Work) -> Result:
    """Return what the work leads to in a folder of the workshop, done there at the first call."""
    folder = workshop / work.name
    if not (folder / "out").exists():
        shutil.rmtree(folder, ignore_errors=True)
        furnish(folder)
        ended = work.go_on(folder)
        if wrongs := ended.wrongs(0):
            raise RuntimeError(f"undisturbed, {work.name} fails: {wrongs}")
        (folder / "seconds").write_text(str(ended.seconds), encoding="utf-8")
    return work.result(folder)


def seconds(workshop: Path, work: Work) -> float:
    """Return how long the work took undisturbed, on this machine."""
    return float((workshop / work.name / "seconds").read_text(encoding="utf-8"))
