# SPDX-License-Identifier: Apache-2.0
"""Runs that are stopped in every way end as if they had not been; and what is said of them."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evoarray.evolution.filter.backends import fast
from evoarray.evolution.filter.runs import run
from evoarray.evolution.filter.runs.progress import Watched
from evoarray.evolution.filter.tribe import Rule, Tribe
from evoarray.evolution.runs.listing import look
from evoarray.evolution.runs.store import DATABASE, RunStore
from tests.conftest import ROOT, Ended, Evoarray

TRIBES = (
    *("--rows", 5, "--cols", 5, "--tribes", 4, "--evaluations", 400_000, "--war-interval", 512),
    *("--drop-interval", 20_480, "--crossover", "partial", "--crossover-size", 2),
)
SIMULATED = ("--rows", 2, "--cols", 2, "--evaluations", 20_000, "--backend", "verilator")


def begin(folder: Path, name: str, *options: object) -> "subprocess.Popen[bytes]":
    """Start a run as a process of its own, from the images in the folder."""
    command = ("evolve", "noisy.png", "clean.png", "-o", name, *options)
    return subprocess.Popen(
        [sys.executable, "-m", "evoarray", *map(str, command)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def outcome(folder: Path) -> tuple[Any, ...]:
    """Return what may not depend on whether a run was stopped: circuit, curve and counters."""
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    del results["seconds"]
    return (folder / "circuit.json").read_bytes(), (folder / "curve.csv").read_bytes(), results


def evolved(evoarray: Evoarray, name: str, *options: object) -> Ended:
    ended = evoarray("evolve", "noisy.png", "clean.png", "-o", name, *options)
    assert ended.status == 0, ended.err
    return ended


def resumed(evoarray: Evoarray, name: str) -> Ended:
    ended = evoarray("resume", name)
    assert ended.status == 0, ended.err
    return ended


def has_begun(folder: Path) -> bool:
    return (folder / "run.sqlite").exists() and (folder / "provenance.json").exists()


def wait_for(folder: Path) -> None:
    """Wait until a run is under way."""
    limit = time.monotonic() + 60
    while not has_begun(folder):
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_runs_that_are_killed_again_and_again(evoarray: Evoarray, images: Path) -> None:
    """A kill -9 at any moment: before the first checkpoint, between two, in the middle of one."""
    evolved(evoarray, "whole", *TRIBES)
    expected, rng = outcome(images / "whole"), random.Random(5)
    cut_off = 0
    for attempt in range(6):
        name = f"run-{attempt}"
        running = begin(images, name, *TRIBES, "--workers", 1 + attempt % 2)
        wait_for(images / name)
        for _ in range(2):
            time.sleep(rng.uniform(0, 0.8))
            running.kill()
            cut_off += running.wait() == -signal.SIGKILL
            running = subprocess.Popen(
                [sys.executable, "-m", "evoarray", "resume", name],
                cwd=images,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        if running.wait() != 0:  # it was finished before it could be killed
            assert (images / name / "results.json").exists()
        assert outcome(images / name) == expected
    assert cut_off > 6


def test_a_simulated_run_that_is_killed(evoarray: Evoarray, images: Path) -> None:
    evolved(evoarray, "whole", *SIMULATED)
    running = begin(images, "run", *SIMULATED)
    wait_for(images / "run")
    time.sleep(0.7)
    running.kill()
    assert running.wait() == -signal.SIGKILL
    resumed(evoarray, "run")
    assert outcome(images / "run") == outcome(images / "whole")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_says_how_to_go_on(
    evoarray: Evoarray, images: Path, number: int
) -> None:
    options = (*TRIBES, "--evaluations", 1_500_000)
    running = begin(images, "run", *options)
    wait_for(images / "run")
    time.sleep(0.3)
    running.send_signal(number)
    assert running.wait() == {signal.SIGINT: 130, signal.SIGTERM: 143}[signal.Signals(number)]
    assert "stopped" in evoarray("runs", ".").out
    resumed(evoarray, "run")
    evolved(evoarray, "whole", *options)
    assert outcome(images / "run") == outcome(images / "whole")
    assert "finished" in evoarray("runs", ".").out
    assert sorted(path.name for path in (images / "run").iterdir()) == [
        *("circuit.json", "comparison.png", "curve.csv", "curve.png", "filtered.png"),
        *("provenance.json", "results.json", "run.sqlite"),
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_is_stopped_within_an_epoch(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    """Where an epoch takes long, as on a large photo, here since the engine does little at once."""
    options = (*TRIBES, "--evaluations", 41_000, "--temperature", 0.02, "--workers", workers)
    evolved(evoarray, "whole", *options)
    monkeypatch.setattr(fast, "WORK", 2000)
    monkeypatch.setattr(run, "SAVE_SECONDS", 0)
    advance, calls = Watched.advance, 0

    def stopped(watched: Watched, tribes: Sequence[Tribe], rule: Rule, /) -> None:
        nonlocal calls
        advance(watched, tribes, rule)
        calls += 1
        if calls % 37 == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(Watched, "advance", stopped)
    status = evoarray("evolve", "noisy.png", "clean.png", "-o", "run", *options).status
    within = 0
    while status == 130:
        checkpoint = look(images / "run" / DATABASE)[0].checkpoint
        assert checkpoint is not None
        world = checkpoint["world"]
        within += 0 < sum(tribe["owed"] for tribe in world["tribes"]) < 4 * world["epoch"]
        status = evoarray("resume", "run", "--workers", workers).status
    assert status == 0
    assert within > 3
    assert outcome(images / "run") == outcome(images / "whole")


def test_time_ends_a_run_within_an_epoch(evoarray: Evoarray, images: Path) -> None:
    budget, epoch = 40_000_000, 5_000_000
    options = ("--tribes", 4, "--war-interval", 0, "--drop-interval", epoch)
    started = time.monotonic()
    evolved(evoarray, "run", *options, "--evaluations", budget, "--seconds", 0.4)
    assert time.monotonic() - started < 20
    results = json.loads((images / "run" / "results.json").read_text(encoding="utf-8"))
    assert 0 < results["evaluations"] < 4 * epoch
    curve = (images / "run" / "curve.csv").read_text(encoding="utf-8").splitlines()
    assert curve[-1].split(",")[:2] == [str(results["evaluations"]), str(results["sae"])]
    assert "finished" in evoarray("runs", ".").out


def test_a_finished_run_is_not_resumed(evoarray: Evoarray, images: Path) -> None:
    evolved(evoarray, "run", "--rows", 2, "--cols", 2, "--evaluations", 10)
    before = outcome(images / "run")
    ended = evoarray("resume", "run")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == "evoarray: the run run is finished; there is nothing to resume\n"
    assert outcome(images / "run") == before


def test_a_run_has_one_writer(evoarray: Evoarray, images: Path) -> None:
    running = begin(images, "run", *TRIBES, "--evaluations", 10**8)
    wait_for(images / "run")
    time.sleep(0.3)
    try:
        ended = evoarray("resume", "run")
        assert ended.status == 2
        assert str(running.pid) in ended.err
        listed = json.loads(evoarray("runs", ".", "--json").out)
        assert [info["state"] for info in listed] == ["running"]
        assert listed[0]["budget"] == 10**8
        assert listed[0]["command"].startswith("evoarray evolve noisy.png clean.png -o run")
    finally:
        running.kill()
        running.wait()
    assert json.loads(evoarray("runs", ".", "--json").out)[0]["state"] == "killed"


def test_another_version_is_not_resumed(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = begin(images, "run", *TRIBES, "--evaluations", 10**8)
    wait_for(images / "run")
    time.sleep(0.3)
    running.kill()
    running.wait()
    monkeypatch.setattr("evoarray.evolution.runs.resuming.version", lambda _: "99.0")
    ended = evoarray("resume", "run")
    assert ended.status == 2
    assert "was begun by evoarray" in ended.err
    assert "99.0" in ended.err


@pytest.mark.parametrize("change", ["settings", "backend", "photo", "tribes"])
def test_a_database_that_is_no_run_of_ours(evoarray: Evoarray, images: Path, change: str) -> None:
    """A well-formed database whose content nobody could have written."""
    evolved(evoarray, "run", "--rows", 2, "--cols", 2, "--evaluations", 10)
    with RunStore.open(images / "run") as store:
        loaded = store.load()
    shutil.rmtree(images / "run")
    assert loaded.checkpoint is not None
    description = json.loads(json.dumps(loaded.description))
    checkpoint = json.loads(json.dumps(loaded.checkpoint))
    pictures = dict(loaded.images)
    if change == "settings":
        description["settings"]["tribes"] = "many"
    elif change == "backend":
        description["backend"] = "abacus"
    elif change == "photo":
        pictures["training-0-noisy"] = b"no picture"
    else:
        checkpoint["world"]["tribes"][0]["genes"] = [255] * 9
    with RunStore.create(images / "run", description, pictures) as store:
        store.save(checkpoint, loaded.rows, [])
    ended = evoarray("resume", "run")
    assert ended.status == 2, ended.err
    assert len(ended.err.splitlines()) == 1
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("name", ["nowhere", "images"])
def test_a_folder_that_is_no_run(evoarray: Evoarray, images: Path, name: str) -> None:
    (images / "images").mkdir()
    ended = evoarray("resume", name)
    assert (ended.status, ended.out) == (2, "")
    assert f"{name} is no run" in ended.err


def test_programs_read_json_lines(evoarray: Evoarray, images: Path) -> None:
    ended = evolved(
        evoarray,
        "run",
        "--json-lines",
        "--rows",
        3,
        "--cols",
        3,
        "--evaluations",
        5000,
        *("--tribes", 2, "--war-interval", 500),
    )
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert [line["evaluations"] for line in lines[:-1]] == list(range(0, 5001, 1000))
    for line in lines[:-1]:
        assert line["sae"] <= min(line["tribes"].values())
    assert lines[-1]["results"] == json.loads((images / "run" / "results.json").read_text())
    assert "The results are in run" in ended.err


def test_time_ends_a_run(evoarray: Evoarray, images: Path) -> None:
    evolved(evoarray, "run", "--preset", "plain", "--evaluations", 10**9, "--max-seconds", 1)
    results = json.loads((images / "run" / "results.json").read_text())
    assert 1 <= results["seconds"] < 10
    assert 0 < results["evaluations"] < 10**9


def test_options_from_a_file(evoarray: Evoarray, images: Path) -> None:
    (images / "run.toml").write_text(
        'output = "from-file"\nrows = 3\ncols = 3\ntribes = 2\nevaluations = 4096\n'
        'mutation-rate = "1..3"\ntrain-pair = [["clean.png", "noisy.png"]]\n',
        encoding="utf-8",
    )
    ended = evoarray("evolve", "noisy.png", "clean.png", "--config", "run.toml", "--seed", 4)
    assert ended.status == 0, ended.err
    evolved(
        *(evoarray, "from-options", "--rows", 3, "--cols", 3, "--tribes", 2, "--seed", 4),
        *("--evaluations", 4096, "--mutation-rate", "1..3", "--train-pair", "clean.png"),
        "noisy.png",
    )
    assert outcome(images / "from-file") == outcome(images / "from-options")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tribes = ", "run.toml is not a TOML file: "),
        ("tribe = 2", "run.toml: tribe is not an option"),
        ("tribes = [1, 2]", "run.toml: tribes is [1, 2]; it must be a whole number"),
        ('tribes = "two"', "run.toml: tribes is 'two'; it must be a whole number"),
        ("tribes = 0", "tribes is 0; it must be a whole number from 1"),
        ("[evolve]\ntribes = 2", "run.toml: evolve is not an option"),
        ("tribes = 2\ntribes = 2", "run.toml is not a TOML file: Cannot overwrite a value"),
        ("tribes = " + "9" * 5000, "run.toml is not a TOML file: Exceeds the limit"),
        ("tribes = 0x" + "f" * 5000, "run.toml has a whole number of more than 4096 bits"),
        ("donor = 0x" + "f" * 5000, "run.toml has a whole number of more than 4096 bits"),
        ("scope = " + "[" * 5000, "run.toml is nested too deeply; at most 100 levels are allowed"),
        ('topology = "a\\u0000b"', "run.toml has a text with the character NUL in it; take it out"),
        (
            'start = "a\\U00000000b"',
            "run.toml has a text with the character NUL in it; take it out",
        ),
        ("tribes = 2.0", "run.toml: tribes is 2.0; it must be a whole number"),
        ("tribes = true", "run.toml: tribes is True; it must be a whole number"),
        ("convert = 1", "run.toml: convert is 1; it must be true or false"),
        ("train-pair = [[1, 2]]", "train-pair is [[1, 2]]; it must be a list of lists of 2 texts"),
        ('train-pair = [["a"]]', "train-pair is [['a']]; it must be a list of lists of 2 texts"),
    ],
)
def test_a_file_of_options_that_cannot_be_used(
    evoarray: Evoarray, images: Path, text: str, says: str
) -> None:
    (images / "run.toml").write_text(text, encoding="utf-8")
    ended = evoarray("evolve", "noisy.png", "clean.png", "-o", "run", "--config", "run.toml")
    assert (ended.status, ended.out) == (2, "")
    assert says in ended.err
    assert not (images / "run").exists()


def test_a_start_from_a_circuit(evoarray: Evoarray, images: Path) -> None:
    size = ("--rows", 3, "--cols", 3)
    evolved(evoarray, "first", *size, "--evaluations", 3000)
    evolved(evoarray, "second", *size, "--evaluations", 10, "--start", "first/circuit.json")
    curves = [
        (images / name / "curve.csv").read_text().splitlines() for name in ("first", "second")
    ]
    assert curves[0][-1].split(",")[1] == curves[1][1].split(",")[1]
    ended = evoarray("evolve", "noisy.png", "clean.png", "-o", "x", "--start", "first/circuit.json")
    assert ended.status == 2
    assert "give --size 3x3 --function-set upm19" in ended.err
