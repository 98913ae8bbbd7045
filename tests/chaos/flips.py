# SPDX-License-Identifier: Apache-2.0
"""Damaged files: a bit, a byte, a stretch of a file of every kind, and what reads it then.

Start reading at `SORTS`. A file that we write for ourselves is never taken for another one: who
reads it says so, or comes to the same end. A file from elsewhere, such as a photo without checksums
or a circuit that a person may edit, is read or refused.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from signal import SIGKILL, SIGTERM

import numpy as np
from PIL import Image

from tests.chaos.command import REFUSED, Blow, Ended, run
from tests.chaos.work import WORKS, Work, furnish, undisturbed

_WORK = {work.name: work for work in WORKS}
_PHOTOS = ("pgm", "bmp", "jpg", "tif", "webp", "gif")
_EVALUATE = ("evaluate", "circuit.json", "noisy.png", "clean.png", "--json")


@dataclass(frozen=True)
class Sort:
    """A file, relative to the goods; the folder or file that goes with it; who judges its reader.

    The judge gets the trial's folder, in which is the damaged file, and returns what is wrong.
    """

    path: str
    judge: Callable[[Path, Path], list[str]]
    weight: int = 1


def _goes_on(name: str) -> Callable[[Path, Path], list[str]]:
    """Demand that a work is refused, or comes to its end as if nothing had been."""

    def judge(workshop: Path, folder: Path) -> list[str]:
        work = _WORK[name]
        ended = run(folder, *work.proceed)
        if ended.status != 0:
            return ended.wrongs(REFUSED)
        expected = undisturbed(workshop, work)
        try:
            found = work.result(folder)
        except (sqlite3.Error, ValueError, TypeError) as error:
            return [f"{name} came to an end that cannot be read: {error}"]
        different = [key for key in expected if key != "files" and found[key] != expected[key]]
        return ended.wrongs(0) + [f"{name} came to another end: {different}" for _ in different[:1]]

    return judge


def _is_the_same(*arguments: str, product: str = "") -> Callable[[Path, Path], list[str]]:
    """Demand that a command is refused, says that something is damaged, or does the same."""

    def judge(workshop: Path, folder: Path) -> list[str]:
        ended = run(folder, *arguments)
        if ended.status != 0 or "damaged" in ended.out + ended.err:
            return ended.wrongs(0, REFUSED)
        expected = undamaged(workshop, arguments, product)
        return ended.wrongs(0) + ["something else, in silence"] * (
            expected != _said(folder, ended, product)
        )

    return judge


def _is_read_or_refused(*arguments: str) -> Callable[[Path, Path], list[str]]:
    def judge(_: Path, folder: Path) -> list[str]:
        return run(folder, *arguments).wrongs(0, REFUSED)

    return judge


def _said(folder: Path, ended: Ended, product: str) -> str:
    return (folder / product).read_text(encoding="utf-8") if product else ended.out


def undamaged(workshop: Path, arguments: tuple[str, ...], product: str) -> str:
    """Return what a command makes of undamaged files, done at the first call."""
    folder = workshop / "undamaged" / "-".join(arguments).replace("/", "-")
    said = folder / "said.json"
    if not said.exists():
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(goods(workshop), folder)
        shutil.copytree(folder / "study", folder / "out")
        text = _said(folder, run(folder, *arguments), product)
        said.with_suffix(".new").write_text(json.dumps(text), encoding="utf-8")
        said.with_suffix(".new").replace(said)
    return str(json.loads(said.read_text(encoding="utf-8")))


SORTS = [
    Sort("stopped/run.sqlite", _goes_on("tribes"), 4),
    Sort("killed/run.sqlite", _goes_on("tribes"), 2),
    Sort("killed/run.sqlite-wal", _goes_on("tribes"), 2),
    Sort("killed/run.sqlite-shm", _goes_on("tribes")),
    Sort("network/run.sqlite", _goes_on("one plus lambda"), 2),
    Sort("tribes/run.sqlite", _is_read_or_refused("runs", ".", "--json"), 2),
    Sort("tribes/run.sqlite", _is_read_or_refused("report", "out"), 2),
    Sort("tribes/provenance.json", _is_read_or_refused("report", "out")),
    Sort("study/study.sqlite", _goes_on("study"), 3),
    Sort(
        "study/study.sqlite",
        _is_the_same("study", "summary", "out", "-o", "page.md", product="page.md"),
        3,
    ),
    Sort("study/study.sqlite", _is_read_or_refused("report", "out")),
    Sort("noisy.png", _is_the_same(*_EVALUATE), 3),
    Sort("circuit.json", _is_read_or_refused(*_EVALUATE), 2),
    Sort("circuit.json", _is_read_or_refused("export", "circuit.json", "-o", "module")),
    Sort("network.json", _is_read_or_refused("show", "network.json", "-o", "network.svg")),
    Sort("network.json", _is_read_or_refused("export", "network.json", "-o", "network.onnx")),
    Sort("spec.toml", _is_read_or_refused("study", "spec.toml", "-o", "out", "--runs", "1")),
    Sort(
        "config.toml",
        _is_read_or_refused(
            "evolve", "noisy.png", "clean.png", "-o", "new", "--config", "config.toml"
        ),
        2,
    ),
    *(
        Sort(
            f"photo.{end}",
            _is_read_or_refused("filter", "circuit.json", f"photo.{end}", "-o", "filtered.png"),
        )
        for end in _PHOTOS
    ),
]


def goods(workshop: Path) -> Path:
    """Return a folder with an undamaged file of every sort, made at the first call."""
    folder = workshop / "goods"
    if folder.exists():
        return folder
    new = workshop / "goods.new"
    shutil.rmtree(new, ignore_errors=True)
    furnish(new)
    for name in ("tribes", "study"):
        undisturbed(workshop, _WORK[name])
        shutil.copytree(workshop / name / "out", new / name)
    _interrupt(new, _WORK["tribes"], "stopped", SIGTERM)
    _interrupt(new, _WORK["tribes"], "killed", SIGKILL)
    _interrupt(new, _WORK["one plus lambda"], "network", SIGTERM)
    undisturbed(workshop, _WORK["one plus lambda"])
    shutil.copy(workshop / "tribes" / "out" / "circuit.json", new)
    shutil.copy(workshop / "one plus lambda" / "out" / "network.json", new)
    (new / "config.toml").write_text(
        'rows = 4\ncols = 4\ntribes = 3\nevaluations = 20_000\nmutation-rate = "1..4"\n'
        'temperature = "0.02..0.001"\nseed = 7\n',
        encoding="utf-8",
    )
    photo = np.asarray(Image.open(new / "clean.png"))
    for end in _PHOTOS:
        Image.fromarray(photo).save(new / f"photo.{end}")
    new.rename(folder)
    return folder


def _interrupt(folder: Path, work: Work, name: str, number: int) -> None:
    """Leave in the goods a work that was interrupted after a checkpoint."""
    seconds = 0.05
    while not _can_go_on(folder / "out"):
        shutil.rmtree(folder / "out", ignore_errors=True)
        run(folder, *work.begin, blow=Blow(number, seconds=seconds))  # type: ignore[arg-type]
        seconds = seconds * 1.3 if seconds < 2 else 0.05
    (folder / "out").rename(folder / name)


def _can_go_on(out: Path) -> bool:
    return (out / "run.sqlite").exists() and not (out / "results.json").exists()


def flip(workshop: Path, folder: Path, random: Random) -> list[str]:
    """Damage a copy of a file, let it be read, and return what is wrong."""
    sort = random.choices(SORTS, [sort.weight for sort in SORTS])[0]
    place, _, within = sort.path.rpartition("/")
    for each in goods(workshop).iterdir():
        if each.is_file():
            shutil.copy(each, folder)
    if place:
        shutil.copytree(goods(workshop) / place, folder / "out")
    path = (folder / "out" / within) if place else folder / within
    if not path.exists():  # such as the log of a writer that was killed as it had none
        return []
    content = path.read_bytes()
    damaged, how = _damage(content, random)
    path.write_bytes(damaged)
    return [f"{sort.path}, {how}: {wrong}" for wrong in sort.judge(workshop, folder)]


def _damage(content: bytes, random: Random) -> tuple[bytes, str]:
    at = random.randrange(max(1, len(content)))
    way = random.choice(("bit", "bit", "byte", "zeros", "cut", "insert"))
    changed = bytearray(content)
    if way == "cut" or not content:
        return content[:at], f"cut at {at}"
    if way == "bit":
        changed[at] ^= 1 << random.randrange(8)
    elif way == "byte":
        changed[at] = random.randrange(256)
    elif way == "zeros":
        end = min(len(content), at + int(2 ** random.uniform(0, 12)))
        changed[at:end] = bytes(end - at)
    else:
        changed[at:at] = random.randbytes(random.randint(1, 9))
    return bytes(changed), f"{way} at {at}"
