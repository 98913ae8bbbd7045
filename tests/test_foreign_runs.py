# SPDX-License-Identifier: Apache-2.0
"""Run folders that somebody made up: every hash in them is right, and nothing else need be."""

import copy
import json
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from evoarray.evolution.runs.database import Event, Loaded, Row, build
from evoarray.evolution.runs.listing import list_runs, look
from evoarray.evolution.runs.store import DATABASE
from evoarray.model.images import encode_image
from tests.conftest import Evoarray

EVOLVE = (
    *("evolve", "noisy.png", "clean.png", "-o", "filter", "--rows", "3", "--cols", "3"),
    *("--preset", "plain", "--evaluations", "1000", "--tribes", "3", "--war-interval", "100"),
    *("--topology", "ring", "--rewire-interval", "100", "--parsimony", "tie"),
)
NEURO = ("neuro", "-o", "neuro", "--evaluations", "60")
VALUES: Sequence[Any] = (
    *(None, True, -1, 0, 2, 10**30, 10**400, 1e308, -0.5, "", "x", "\x1b[2J", "\ud800"),
    *([], [1], [[1]], {}, {"a": 1}, [None]),
)
TRIES = 60


@pytest.fixture
def made(evoarray: Evoarray, images: Path) -> Path:
    """Return the folder with a run of a filter and one of a network."""
    for arguments in (EVOLVE, NEURO):
        assert evoarray(*arguments).status == 0
    return images


def changed(data: Mapping[str, Any], generator: random.Random) -> dict[str, Any]:
    """Return data in which some part is missing, or something else."""
    found = copy.deepcopy(dict(data))
    place: Any = found
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = generator.choice(keys)
        inner = place[key]
        if isinstance(inner, dict | list) and inner and generator.random() < 0.8:
            place = inner
            continue
        if isinstance(place, dict) and generator.random() < 0.2:
            del place[key]
        else:
            place[key] = generator.choice(VALUES)
        return found


def crafted(run: Loaded, generator: random.Random) -> Loaded:
    """Return a run with something in it that no evoarray writes."""
    assert run.checkpoint is not None
    rows, events, images = list(run.rows), list(run.events), dict(run.images)
    match generator.randrange(6 if images else 5):
        case 0 | 1:
            return replace(run, description=changed(run.description, generator))
        case 2:
            return replace(run, checkpoint=changed(run.checkpoint, generator))
        case 3:
            at = generator.choice([0, -1, 1 << 62])
            rows[generator.randrange(len(rows))] = Row(at, -1, {10**9: 1})
        case 4:
            number = generator.randrange(len(events))
            kind, at = generator.choice(["", "x:y", "\x1b[2J"]), events[number].evaluations
            details = changed({"edges": [[0, 1]], "right": 3}, generator)
            events[number] = Event(at, kind, details)
        case _:
            name = generator.choice(list(images))
            images[name] = generator.choice([b"x", encode_image(np.zeros((5, 7), np.uint8))])
    return replace(run, rows=rows, events=events, images=images)


@pytest.mark.parametrize("kind", ["filter", "neuro"])
def test_made_up_runs_end_in_a_sentence(made: Path, evoarray: Evoarray, kind: str) -> None:
    run, _ = look(made / kind / DATABASE)
    run = replace(run, description=json.loads(json.dumps(dict(run.description))), status="stopped")
    generator, statuses = random.Random(1), Counter[int | str | None]()
    for number in range(TRIES):
        folder = made / "all" / f"{number}"
        folder.mkdir(parents=True)
        build(folder / DATABASE, crafted(run, generator))
        for arguments in (("report", folder), ("resume", folder)):
            ended = evoarray(*arguments)
            statuses[ended.status] += 1
            assert "\x1b" not in ended.out + ended.err
            assert ended.status in {0, 2}, ended.err
            assert ended.err.count("\n") == (ended.status == 2), ended.err
    assert min(statuses[0], statuses[2]) > TRIES // 5
    ended = evoarray("runs", "all")
    assert (ended.status, ended.err) == (0, "")
    assert "\x1b" not in ended.out
    assert len(json.loads(evoarray("runs", "all", "--json").out)) == TRIES


@pytest.mark.parametrize(
    "change",
    [
        lambda run: replace(run, description=[1]),
        lambda run: replace(run, description=None),
        lambda run: replace(run, created=3),
        lambda run: replace(run, created=None),
        lambda run: replace(run, images={"training-0-noisy": "a text"}),
        lambda run: replace(run, checkpoint=[]),
        lambda run: replace(run, events=[Event(0, "war", cast(Any, []))]),
    ],
)
def test_a_bad_folder_hides_no_other(
    made: Path, evoarray: Evoarray, change: Callable[[Loaded], Loaded]
) -> None:
    run, _ = look(made / "filter" / DATABASE)
    (made / "bad").mkdir()
    build(made / "bad" / DATABASE, change(run))
    states = {info.folder.name: info.state for info in list_runs(made)}
    assert states == {"bad": "damaged", "filter": "finished", "neuro": "finished"}
    assert evoarray("runs", ".").status == 0
    for command in ("report", "resume"):
        ended = evoarray(command, "bad")
        assert (ended.status, ended.err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    "statements",
    [
        ("CREATE TRIGGER t AFTER UPDATE ON run BEGIN DELETE FROM log; END",),
        ("CREATE TABLE more (a)",),
        (
            "DROP TABLE log",
            "CREATE VIEW log AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) "
            "SELECT n AS number, n AS evaluations, 1 AS sae, '{}' AS saes FROM r",
        ),
    ],
)
def test_other_tables(made: Path, evoarray: Evoarray, statements: tuple[str, ...]) -> None:
    shutil.copytree(made / "filter", made / "bad")
    with closing(sqlite3.connect(made / "bad" / DATABASE)) as opened, opened:
        for statement in statements:
            opened.execute(statement)
    started = time.monotonic()
    assert {info.state for info in list_runs(made / "bad")} == {"damaged"}
    for command in ("report", "resume"):
        ended = evoarray(command, "bad")
        assert ended.status == 2
        assert "the run bad is damaged so that it cannot be continued" in ended.err
    assert time.monotonic() - started < 5


def test_where_the_disk_is_in_the_way_a_run_is_not_called_damaged(
    made: Path, evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made / "filter" / f"{DATABASE}-wal").touch()  # as a killed writer leaves it

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/tmp/x")

    with monkeypatch.context() as patched:
        patched.setattr("evoarray.evolution.runs.listing.shutil.copy", full)
        states = {info.folder.name: info.state for info in list_runs(made)}
        assert states == {"filter": "unreadable", "neuro": "finished"}
        ended = evoarray("report", "filter")
        assert (ended.status, ended.out) == (2, "")
        assert "/tmp/x: No space left on device" in ended.err
    assert {info.state for info in list_runs(made)} == {"finished"}


@pytest.mark.parametrize("place", range(0, 16, 3))
def test_a_schema_that_is_no_text(evoarray: Evoarray, made: Path, place: int) -> None:
    """Then SQLite's message is none either, and Python raises something else than its errors."""
    path = made / "filter" / DATABASE
    content = path.read_bytes()
    at = content.index(b"CREATE TABLE log") + place
    path.write_bytes(content[:at] + b"\xae" + content[at + 1 :])
    for arguments in (("resume", "filter"), ("report", "filter")):
        ended = evoarray(*arguments)
        assert (ended.status, ended.err.count("\n")) == (2, 1)
    states = {info.folder.name: info.state for info in list_runs(made)}
    assert states == {"filter": "damaged", "neuro": "finished"}
