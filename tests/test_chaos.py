# SPDX-License-Identifier: Apache-2.0
"""A few trials of `make chaos` of each kind, and that its trials can fail."""

import os
import signal
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tests.chaos import command, flips
from tests.chaos.__main__ import prepare
from tests.chaos.command import Ended, run
from tests.chaos.flips import goods
from tests.chaos.trials import KINDS, attempt
from tests.chaos.work import WORKS, furnish, undisturbed

FEW = {"kills": 6, "signals": 6, "twice": 4, "disks": 6, "flips": 60, "lines": 60}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what all trials use."""
    folder = tmp_path_factory.mktemp("chaos")
    prepare(folder)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_lost_or_wrong_in_silence(workshop: Path, kind: str) -> None:
    trials = [attempt(workshop, kind, 1, number) for number in range(FEW[kind])]
    assert [wrong for trial in trials for wrong in trial.wrongs] == []
    assert sum(trial.blows for trial in trials) >= len(trials) // 3


# --- trials that must fail


def fails() -> None:
    raise ValueError("a fault")


def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuses_without_a_word() -> None:
    sys.exit(2)


def stays() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    time.sleep(60)


def leaves_a_child() -> None:
    if os.fork() == 0:
        time.sleep(60)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Wait for a moment only."""
    monkeypatch.setattr(command, "PATIENCE", 0.3)
    return monkeypatch


@pytest.mark.parametrize(
    ("main", "says"),
    [
        (fails, "a traceback"),
        (fails, "status 1"),
        (dies, f"status {-signal.SIGKILL}"),
        (refuses_without_a_word, "without a sentence"),
        (leaves_a_child, "left behind"),
    ],
)
def test_a_command_that_does_wrong_is_found(
    impatient: pytest.MonkeyPatch, tmp_path: Path, main: object, says: str
) -> None:
    impatient.setattr(command, "main", main)
    assert any(says in wrong for wrong in run(tmp_path).wrongs(0, 2))


def test_a_command_that_stays_is_found_and_killed(
    impatient: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    impatient.setattr(command, "main", stays)
    started = command.Command(tmp_path)
    started.wait(0.1)
    started.send(signal.SIGINT)
    ended = started.end(0.2)
    assert ended.status == -signal.SIGKILL
    assert any("still there" in wrong for wrong in ended.wrongs(0))


def test_another_end_is_found(workshop: Path, tmp_path: Path) -> None:
    (work,) = (each for each in WORKS if each.name == "plain")
    furnish(tmp_path)
    arguments = [*work.begin]
    arguments[arguments.index("--seed") + 1] = "3"
    assert run(tmp_path, *arguments).status == 0
    found, expected = work.result(tmp_path), undisturbed(workshop, work)
    assert found["curve"] != expected["curve"]
    assert found["files"] == expected["files"]


def test_a_damaged_photo_that_were_read_would_be_found(
    workshop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another(content: bytes, _: object) -> tuple[bytes, str]:
        return (goods(workshop) / "clean.png").read_bytes(), f"instead of {len(content)} bytes"

    (photo,) = (sort for sort in flips.SORTS if sort.path == "noisy.png")
    monkeypatch.setattr(flips, "SORTS", [photo])
    monkeypatch.setattr(flips, "_damage", another)
    assert any("in silence" in wrong for wrong in flips.flip(workshop, tmp_path, Random(1)))


def test_statuses_that_are_legal_are_not_wrong() -> None:
    assert Ended(["x"], 2, "", "evoarray: no\n", 0.1).wrongs(0, 2) == []
    assert Ended(["x"], 0, "", "", 0.1).wrongs(0) == []
