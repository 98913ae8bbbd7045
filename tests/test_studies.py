# SPDX-License-Identifier: Apache-2.0
"""Studies: what they ask, that nothing changes what they find, and what is said of it."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from scipy import stats

from evoarray.evolution.filter.backends import open_backend
from evoarray.evolution.filter.comparison import Photo
from evoarray.evolution.filter.goals import Goal
from evoarray.evolution.filter.loop import evolve
from evoarray.evolution.filter.loop import found as initial
from evoarray.evolution.filter.sample import sheets_of
from evoarray.evolution.runs.provenance import made_with
from evoarray.evolution.simplify.cost import luts
from evoarray.evolution.studies import study, tasks
from evoarray.evolution.studies.claims import CONFIRMED, NOT_CONFIRMED, OPEN, judge, judge_all
from evoarray.evolution.studies.database import Origin
from evoarray.evolution.studies.filters import Filters, Ratio
from evoarray.evolution.studies.spec import Claim, Spec, parse_spec, settings_of_run
from evoarray.evolution.studies.statistics import (
    compare,
    fall,
    holm,
    kept_order,
    rank_correlation,
    summarize,
)
from evoarray.evolution.studies.store import DATABASE, StudyStore
from evoarray.evolution.studies.tasks import Result, Task, work
from evoarray.model.errors import InputError
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import Shape, circuit_of
from evoarray.model.filter.fitness import sae
from tests.conftest import ROOT, Ended, Evoarray

SPEC = """
title = "Tribes | and more"
runs = 6
quick = 2
photos = ["clean.png", "noisy.png"]
held-out = ["noisy.png"]
[options]
size = "3x4"
evaluations = 4096
[grid]
tribes = [1, 2]
[[settings]]
name = "crossed"
tribes = 3
crossover = "full"
crossover-interval = 512
[[claims]]
says = "Two are better"
better = "tribes 2"
than = ["tribes 1", "crossed"]
[[claims]]
says = "They are the same"
same = "tribes 2"
as = ["tribes 1"]
after = 2048
[[claims]]
says = "The beginning tells the end"
predicts = "tribes 1"
at = 1024
apart = 0.1
level = 0.9
"""
LONG = SPEC.replace("4096", "400_000").replace("runs = 6", "runs = 8")
Found = dict[tuple[str, int], dict[str, Any]]


def write(folder: Path, text: str = SPEC, name: str = "spec.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def done(evoarray: Evoarray, *arguments: object) -> Ended:
    ended = evoarray("study", *arguments)
    assert ended.status == 0, ended.err
    return ended


def refused(evoarray: Evoarray, *arguments: object) -> str:
    """Return the one sentence with which a command ends."""
    ended = evoarray("study", *arguments)
    assert ended.status == 2
    assert ended.err.startswith("evoarray: ")
    assert ended.err.count("\n") == 1, ended.err
    return ended.err


def results(folder: Path) -> Found:
    """Return all that a study has found, but for the seconds."""
    with closing(StudyStore(folder, writes=False)) as store:
        return {
            (result.setting, result.run): {**asdict(result), "seconds": 0}
            for result in store.results().good
        }


def photos(spec: Spec, folder: Path) -> tuple[Sequence[Photo], Sequence[Photo]]:
    material = spec.kind.read(spec.settings, folder)
    return material.training, material.held_out


@pytest.fixture
def whole(images: Path) -> Found:
    """Return what LONG finds, run by run in this process."""
    spec = parse_spec(LONG, "spec.toml")
    training, held_out = photos(spec, images)
    found = (
        work(
            Task(name, run, settings_of_run(spec, name, run), [training[run % 2]], held_out),
        )
        for run in range(spec.runs)
        for name in spec.settings
    )
    return {(each.setting, each.run): {**asdict(each), "seconds": 0} for each in found}


# What a spec asks.


def test_a_spec(images: Path) -> None:
    spec = parse_spec(SPEC, "spec.toml")
    assert list(spec.settings) == ["tribes 1", "tribes 2", "crossed"]
    assert spec.settings["crossed"].crossover_interval == 512
    assert (spec.settings["tribes 2"].shape.rows, spec.settings["tribes 2"].shape.cols) == (3, 4)
    assert [settings_of_run(spec, "tribes 2", run).seed for run in (0, 5)] == [1, 6]
    assert isinstance(spec.kind, Filters)
    assert [spec.kind.photo_of(run) for run in range(3)] == [0, 1, 0]
    assert [claim.kind for claim in spec.claims] == ["better", "same", "predicts"]
    assert spec.claims[1].after == 2048
    training, held_out = photos(spec, images)
    assert [photo.name for photo in training] == ["clean", "noisy"]
    assert not np.array_equal(training[1].noisy, held_out[0].noisy)
    together = parse_spec(SPEC.replace('title = "', 'together = true\ntitle = "'), "spec.toml")
    assert isinstance(together.kind, Filters)
    assert together.kind.photo_of(3) is None


CLAIM = '\n[[claims]]\nsays = "a"\n'


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("runs = 6", "runs = 0", "runs is 0; it must be a whole number from 1 up"),
        ("runs = 6", "runs = true", "runs is True"),
        ("runs = 6", 'runs = "6"', "runs is '6'"),
        ("quick = 2", "quick = -1", "quick is -1"),
        ("runs = 6", "rnus = 6", "rnus is not known; known are amount"),
        ("runs = 6", "runs = 6\nruns = 7", "not a TOML file"),
        ("runs = 6", "amount = true", "amount is True; it must be a number such as 0.2"),
        ("runs = 6", "amount = inf", "amount is inf; it must be a number such as 0.2"),
        ("runs = 6", "runs = 6.0", "runs is 6.0; it must be a whole number from 1 up"),
        ("runs = 6", "together = 1", "together is 1; it must be true or false"),
        ("runs = 6", 'first-tribe = "yes"', "first-tribe is 'yes'"),
        ('["clean.png", "noisy.png"]', "[]", "photos is missing"),
        ('["clean.png", "noisy.png"]', "[1]", "it must be a list of names"),
        ('["clean.png", "noisy.png"]', '"clean.png"', "it must be a list"),
        ('held-out = ["noisy.png"]', 'held-out = ["none.png"]', "none.png"),
        ("[grid]\ntribes = [1, 2]", "[grid]\ntribes = 2", "grid: tribes is 2; it must be a list"),
        ("[grid]\ntribes = [1, 2]", "[grid]\ntribes = []", "grid: tribes is []"),
        ("tribes = [1, 2]", "tribes = [1, 1]", "'tribes 1' comes twice"),
        ('name = "crossed"', 'name = "tribes 1"', "'tribes 1' comes twice"),
        ('name = "crossed"', "", "has no name"),
        ("tribes = [1, 2]", "tribes = [0, 2]", "setting 'tribes 0': tribes is 0"),
        ("tribes = [1, 2]", "seeed = [1, 2]", "seeed is not known"),
        ("size", "seconds = 3\nsize", "seconds is not known"),
        ("tribes = [1, 2]", 'fitness = ["sae", "own"]', "setting 'fitness own': fitness is 'own'"),
        ('"3x4"', '"3x4"\nrows = 3', "size is '3x4', beside rows or cols; give one of these"),
        ('"3x4"', '"3by4"', "size is '3by4'; it must be of the form 8x8"),
        ('better = "tribes 2"', 'better = "tribes 9"', "'tribes 9' is no setting; there are"),
        ('than = ["tribes 1", "crossed"]', 'than = ["x"]', "'x' is no setting"),
        ('than = ["tribes 1", "crossed"]', "than = []", "better needs at least one setting"),
        ('than = ["tribes 1", "crossed"]', "", "than is missing beside better"),
        ('than = ["tribes 1", "crossed"]', 'as = ["tribes 1"]', "as is not known"),
        ('better = "tribes 2"', "better = 2", "better is 2; it must be the name of a setting"),
        ("after = 2048", "after = 0", "after is 0; it must be a number of evaluations"),
        ("after = 2048", "at = 2048", "at is not known"),
        ("level = 0.9", "", "apart and level need each other"),
        ("level = 0.9", 'level = "1"', "level is '1'; it must be a number such as 0.9"),
        ('says = "Two are better"', "", "needs says"),
        ('better = "tribes 2"', "", "one of better, same"),
        ('better = "tribes 2"', 'better = "tribes 2"\nsame = "tribes 2"', "one of better, same"),
        (
            "[[claims]]\n",
            f'{CLAIM}improves = "crossed"\nat = 1\nby = [2, 1]\n[[claims]]\n',
            "by is [2, 1]; it must be two numbers such as [0.05, 0.15]",
        ),
        (
            "[[claims]]\n",
            f'{CLAIM}improves = "crossed"\nat = 1\nby = [0, true]\n[[claims]]\n',
            "by is True; it must be two numbers such as [0.05, 0.15]",
        ),
        *[
            ("tribes = [1, 2]", f"{name} = [{value}]", f"{name} is {told}; it must be {legal}")
            for name, value, told, legal in (
                ("tribes", "1.5", "1.5", "a whole number"),
                ("tribes", "true", "True", "a whole number"),
                ("evaluations", '"many"', "'many'", "a whole number"),
                ("rows", "4.0", "4.0", "a whole number"),
                ("seed", "inf", "inf", "a whole number"),
                ("seed", "1979-05-27", "1979-05-27", "a whole number"),
                ("functions", "3", "'3'", "a list of N+W, "),
                ("growth", "{}", "{}", "a text"),
                ("preset", '["plain"]', "['plain']", "a text"),
                ("scope", "1", "'1'", "one of all, elements, column"),
                ("mutation-rate", "true", "True", "a text"),
            )
        ],
        ("[[claims]]\n", f'{CLAIM}below = "crossed"\n[[claims]]\n', "level is missing"),
        ("runs = 6", "claims = [1]\nruns = 6", "claims"),
    ],
)
def test_bad_specs(evoarray: Evoarray, images: Path, old: str, new: str, says: str) -> None:
    assert old in SPEC
    spec = write(images, SPEC.replace(old, new, 1))
    assert says in refused(evoarray, spec, "-o", "study")
    assert not (images / "study").exists()


def test_files_that_are_no_spec(evoarray: Evoarray, images: Path) -> None:
    assert "none.toml: No such file" in refused(evoarray, "none.toml", "-o", "study")
    assert "it is not UTF-8" in refused(evoarray, images / "clean.png", "-o", "study")
    write(images, 'photos = ["clean.png"]')
    assert "there are no settings" in refused(evoarray, "spec.toml", "-o", "study")
    write(images, 'first-tribe = true\ndrop-interval = 9\nphotos = ["clean.png"]')
    dropping = SPEC.replace("runs = 6", "first-tribe = true").replace("3x4", '3x4"\ndrop-worse=9#')
    write(images, dropping)
    assert "setting 'tribes 2': first-tribe: the first tribe may be dropped" in refused(
        evoarray, "spec.toml", "-o", "study"
    )


@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.toml")), ids=lambda p: p.stem)
def test_the_studies_of_the_thesis(path: Path) -> None:
    spec = parse_spec(path.read_text(encoding="utf-8"), path.name)
    assert spec.claims
    training, _ = photos(spec, path.parent)
    if spec.source.startswith("thesis"):
        assert all(claim.source and claim.figures for claim in spec.claims)
        assert [photo.name for photo in training] == ["camera"]
    assert 4 <= spec.quick < spec.runs
    assert path.stem in (path.parent / "README.md").read_text(encoding="utf-8")


# Nothing changes what a study finds.


def test_workers_shards_and_order(evoarray: Evoarray, images: Path) -> None:
    spec = write(images)
    done(evoarray, spec, "-o", "one", "--workers", 1)
    expected = results(images / "one")
    assert len(expected) == 18
    done(evoarray, "run", spec, "-o", "two", "--workers", 2)
    assert results(images / "two") == expected
    shards = ["shard-2", "shard-1"]
    for shard in shards:
        done(evoarray, spec, "-o", shard, "--shard", f"{shard[-1]}/2", "--workers", 1)
        assert len(results(images / shard)) == 9
    done(evoarray, "merge", *shards, "-o", "merged")
    assert results(images / "merged") == expected
    summaries = []
    for name in ("one", "two", "merged"):
        done(evoarray, "summary", name, "-o", f"{name}.md")
        summaries.append((images / f"{name}.md").read_bytes())
    assert summaries[0] == summaries[1] == summaries[2]


def test_runs_are_added(evoarray: Evoarray, images: Path) -> None:
    spec = write(images)
    done(evoarray, spec, "-o", "more", "--quick", "--workers", 1)
    quick = results(images / "more")
    assert len(quick) == 6
    done(evoarray, spec, "-o", "more", "--runs", 3, "--workers", 1)
    assert len(results(images / "more")) == 9
    done(evoarray, spec, "-o", "more", "--runs", 1, "--workers", 1)
    more = results(images / "more")
    assert len(more) == 9
    assert quick.items() <= more.items()


def test_words_may_change_but_not_what_is_asked(evoarray: Evoarray, images: Path) -> None:
    done(evoarray, write(images), "-o", "study", "--runs", 1, "--workers", 1)
    before = results(images / "study")
    words = SPEC.replace("Two are better", "Better are two").replace("runs = 6", "runs = 1")
    done(evoarray, write(images, words), "-o", "study")
    assert results(images / "study") == before
    with closing(StudyStore(images / "study", writes=False)) as store:
        assert store.origin.text == words
    for old, new in (("4096", "2048"), ("quick", "first-tribe = true\nquick"), ("[1, 2]", "[2]")):
        claimless = SPEC[: SPEC.index("[[claims]]")].replace(old, new)
        write(images, claimless)
        assert "results of another spec.toml" in refused(evoarray, "spec.toml", "-o", "study")
    assert results(images / "study") == before


def test_the_first_tribe(evoarray: Evoarray, images: Path) -> None:
    """Without wars, the first tribe is what it would be alone."""
    text = SPEC[: SPEC.index("[[settings]]")].replace("size", "war-interval = 0\nsize")
    done(evoarray, write(images, text), "-o", "best", "--runs", 4, "--workers", 1)
    first = text.replace("quick", "first-tribe = true\nquick").replace("4096", "8192")
    first = first.replace("tribes = [1, 2]", "tribes = [2]")
    done(evoarray, write(images, first), "-o", "first", "--runs", 4, "--workers", 1)
    alone, receiving = results(images / "best"), results(images / "first")
    for run in range(4):
        one, other = alone["tribes 1", run], receiving["tribes 2", run]
        assert one["sae"] == other["sae"]
        assert one["curve"][1] == other["curve"][1]


GOALS = """
photos = ["clean.png"]
held-out = ["noisy.png"]
{keys}
[options]
size = "3x4"
evaluations = 4096
tribes = 2
war-interval = 0
{options}
[grid]
fitness = ["sae", "squared"]
"""


@pytest.mark.parametrize(
    ("keys", "options"),
    [("", ""), ("first-tribe = true", "drop-interval = 0"), ("", 'sample = "128"')],
    ids=["best", "first tribe", "sample"],
)
def test_of_another_fitness_a_study_tells_the_sae(
    evoarray: Evoarray, images: Path, keys: str, options: str
) -> None:
    text = GOALS.format(keys=keys, options=options)
    done(evoarray, write(images, text), "-o", "study", "--runs", 2, "--workers", 1)
    found, spec = results(images / "study"), parse_spec(text, "spec.toml")
    (photo,), held_out = photos(spec, images)
    for run in range(2):
        settings = settings_of_run(spec, "fitness squared", run)
        sheets = sheets_of(settings, [(photo.noisy, photo.clean)])
        backend = open_backend("model", settings.shape, sheets, goal=Goal("squared"))
        world = initial(settings, backend)
        walk = {}
        for epoch in evolve(settings, backend, world):
            genes = world.tribes[0].genes if keys else epoch.best
            walk[epoch.evaluations] = circuit_of(genes, settings.shape)
        result = found["fitness squared", run]
        assert tuple(walk) == result["curve"][0]
        circuits = list(walk.values())
        whole = [sae(filter_image(each, photo.noisy), photo.clean) for each in circuits]
        assert result["genes"] == tuple(circuits[-1].genes.tolist())
        assert result["sae"] == result["curve"][1][-1] == whole[-1]
        assert result["held_out"] == tuple(tasks.judge(circuits[-1], each) for each in held_out)
        if "sample" not in options:
            assert result["curve"][1] == tuple(whole)
        assert result["genes"] != found["fitness sae", run]["genes"]
    # The fitness by default is told as if nothing had been asked.
    plain = text.replace('fitness = ["sae", "squared"]', 'start = ["copy"]')
    done(evoarray, write(images, plain), "-o", "plain", "--runs", 2, "--workers", 1)
    for run in range(2):
        expected = {**found["fitness sae", run], "setting": "start copy"}
        assert results(images / "plain")["start copy", run] == expected
    assert evoarray("report", "study").status == 0


def test_a_study_that_is_killed(evoarray: Evoarray, images: Path, whole: Found) -> None:
    spec = write(images, LONG)
    counts = [0]
    for _ in range(2):
        running = begin(images, spec)
        wait_until(lambda: saved(images / "killed") > counts[-1])
        running.kill()
        running.wait()
        counts.append(saved(images / "killed"))
    assert counts[1] < 24
    done(evoarray, spec, "-o", "killed")
    assert results(images / "killed") == whole
    assert {path.name for path in (images / "killed").iterdir()} == {DATABASE}


def test_a_worker_that_is_killed(images: Path, whole: Found) -> None:
    spec = write(images, LONG)
    running = begin(images, spec, "--workers", 1)
    wait_until(lambda: saved(images / "killed") > 0)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    workers = [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    assert workers
    os.kill(workers[0], signal.SIGKILL)
    assert running.wait(60) == 0
    assert results(images / "killed") == whole


def test_a_damaged_result_is_done_again(evoarray: Evoarray, images: Path) -> None:
    spec = write(images)
    done(evoarray, spec, "-o", "study", "--workers", 1)
    expected = results(images / "study")
    with closing(sqlite3.connect(images / "study" / DATABASE)) as database, database:
        database.execute(
            "UPDATE result SET content = replace(content, '\"sae\":', '\"sae\":1') WHERE run = 3"
        )
    assert len(results(images / "study")) == 15
    done(evoarray, spec, "-o", "study", "--workers", 1)
    assert results(images / "study") == expected


def test_a_second_writer(evoarray: Evoarray, images: Path) -> None:
    spec = write(images)
    done(evoarray, spec, "-o", "study", "--runs", 1, "--workers", 1)
    with StudyStore(images / "study", writes=True):
        assert "is being written by process" in refused(evoarray, spec, "-o", "study")
    done(evoarray, spec, "-o", "study", "--runs", 1)


def between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen once, after a study was seen to be new, and before it is made."""
    provenance = made_with()

    def meanwhile() -> dict[str, Any]:
        monkeypatch.setattr(study, "made_with", made_with)
        act()
        return provenance

    monkeypatch.setattr(study, "made_with", meanwhile)


def test_what_a_first_start_found_meanwhile_is_not_lost(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = write(images)
    done(evoarray, spec, "-o", "first", "--runs", 2, "--workers", 1)
    expected = results(images / "first")  # more than what the other start would do itself
    between(monkeypatch, lambda: study.merge([images / "first"], images / "study"))
    done(evoarray, spec, "-o", "study", "--runs", 1, "--workers", 1)
    assert results(images / "study") == expected
    made = origin(images / "first")
    with pytest.raises(InputError, match="has a study already"):  # as merge does
        StudyStore.create(images / "study", made, or_open=False)
    assert results(images / "study") == expected


def origin(folder: Path) -> Origin:
    with StudyStore(folder, writes=False) as store:
        return store.origin


def test_two_first_starts(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that is the first to make the folder writes; the other is told so."""
    spec = write(images)
    done(evoarray, spec, "-o", "other", "--runs", 1, "--workers", 1)
    made = origin(images / "other")
    with ExitStack() as first:
        between(
            monkeypatch,
            lambda: first.enter_context(StudyStore.create(images / "study", made, or_open=True)),
        )
        said = refused(evoarray, spec, "-o", "study", "--runs", 1)
        assert f"is being written by process {os.getpid()}; stop that first" in said
        assert not (images / "study" / f"{DATABASE}.new").exists()
    done(evoarray, spec, "-o", "study", "--runs", 1, "--workers", 1)
    assert results(images / "study") == results(images / "other")


def test_a_reader_at_any_moment(evoarray: Evoarray, images: Path) -> None:
    spec = write(images)
    done(evoarray, spec, "-o", "study", "--runs", 1, "--workers", 1)
    with StudyStore(images / "study", writes=True) as writer:
        writer.add([])
        with closing(StudyStore(images / "study", writes=False)) as reader:
            writer.close()
            assert len(reader.results().good) == 3
            done(evoarray, spec, "-o", "study", "--runs", 2, "--workers", 1)
            assert len(reader.results().good) == 6
    done(evoarray, spec, "-o", "study", "--runs", 2)
    assert {path.name for path in (images / "study").iterdir()} == {DATABASE}


def test_merge_refuses(evoarray: Evoarray, images: Path) -> None:
    spec = write(images)
    done(evoarray, spec, "-o", "one", "--runs", 1, "--workers", 1)
    write(images, SPEC.replace("4096", "8192"))
    done(evoarray, spec, "-o", "other", "--runs", 1, "--workers", 1)
    assert "other is another study than one" in refused(
        evoarray, "merge", "one", "other", "-o", "both"
    )
    assert not (images / "both").exists()
    assert "one has a study already" in refused(evoarray, "merge", "other", "-o", "one")
    assert "clean.png is no study" in refused(evoarray, "merge", "clean.png", "-o", "both")
    assert "shard" in refused(evoarray, spec, "-o", "study", "--shard", "3/2")


def begin(folder: Path, spec: Path, *options: object) -> "subprocess.Popen[bytes]":
    """Start a study as a process of its own."""
    command = [sys.executable, "-m", "evoarray", "study", spec, "-o", "killed", *options]
    return subprocess.Popen(
        [*map(str, command)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def saved(folder: Path) -> int:
    """Return how many results a study has."""
    with suppress(InputError, sqlite3.Error):
        return len(results(folder))
    return 0


def wait_until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)


# On a cluster.


@contextmanager
def cluster() -> Iterator[Any]:
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as started:
        yield started


def test_a_cluster_of_which_a_worker_is_killed(
    evoarray: Evoarray, images: Path, whole: Found
) -> None:
    spec = write(images, LONG)
    killed = []

    def kill(address: str) -> None:
        wait_until(lambda: saved(images / "there") > 0)
        with Client(address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            killed.append(next(iter(client.run(os.getpid).values())))
        os.kill(killed[0], signal.SIGKILL)

    with cluster() as started:
        killer = threading.Thread(target=kill, args=[started.scheduler_address])
        killer.start()
        done(evoarray, spec, "-o", "there", "--cluster", started.scheduler_address)
        killer.join()
    assert killed
    assert results(images / "there") == whole


SCHEDULER = """
import time
from distributed import LocalCluster
cluster = LocalCluster(
    n_workers=1, threads_per_worker=1, processes=False, protocol="tcp://", dashboard_address=None
)
print(cluster.scheduler_address, flush=True)
time.sleep(100)
"""


def test_a_cluster_that_dies(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evoarray.evolution.studies.study.CONNECT_SECONDS", 3)
    spec = write(images, LONG.replace("400_000", "2_000_000"))
    with subprocess.Popen(
        [sys.executable, "-c", SCHEDULER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as scheduler:
        assert scheduler.stdout
        address = scheduler.stdout.readline().decode().strip()

        def kill() -> None:
            wait_until(lambda: saved(images / "study") > 0)
            scheduler.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        assert "was lost" in refused(evoarray, spec, "-o", "study", "--cluster", address)
        killer.join()
    assert "cannot reach the cluster" in refused(
        evoarray, spec, "-o", "study", "--cluster", address
    )
    assert "it must look like tcp://HOST:8786" in refused(
        evoarray, spec, "-o", "study", "--cluster", "here"
    )


# What is said of it.

RNG = np.random.default_rng(1)
GOOD, BAD = RNG.normal(0.5, 0.05, 300).tolist(), RNG.normal(0.7, 0.05, 300).tolist()
TWIN, WIDE = RNG.normal(0.5, 0.05, 300).tolist(), RNG.normal(0.5, 0.2, 300).tolist()
AROUND_0 = RNG.normal(0.0, 0.2, 300).tolist()
VALUES = {"good": GOOD, "bad": BAD, "twin": TWIN, "wide": WIDE, "around 0": AROUND_0}


def claim(kind: str, one: str, *others: str, **more: Any) -> Claim:
    return Claim("", kind, one, others, **more)


@pytest.mark.parametrize(
    ("claimed", "runs", "verdict"),
    [
        (claim("better", "good", "bad"), 300, CONFIRMED),
        (claim("better", "bad", "good"), 300, NOT_CONFIRMED),
        (claim("better", "good", "twin"), 300, OPEN),
        (claim("better", "good", "bad", "twin"), 300, OPEN),
        (claim("better", "twin", "bad", "good"), 300, OPEN),
        (claim("better", "good", "bad"), 3, OPEN),
        (claim("same", "good", "twin"), 300, CONFIRMED),
        (claim("same", "good", "bad"), 300, NOT_CONFIRMED),
        (claim("same", "good", "twin", "bad"), 300, NOT_CONFIRMED),
        (claim("same", "good", "twin"), 5, OPEN),
        (claim("steadier", "good", "wide"), 300, CONFIRMED),
        (claim("steadier", "wide", "bad"), 300, NOT_CONFIRMED),
        (claim("steadier", "good", "bad"), 300, OPEN),
        (claim("below", "good", level=0.6), 300, CONFIRMED),
        (claim("below", "bad", level=0.6), 300, NOT_CONFIRMED),
        (claim("below", "good", level=summarize(GOOD).mean), 300, OPEN),
        (claim("worse", "bad", "good", "twin"), 300, CONFIRMED),
        (claim("worse", "good", "bad"), 300, NOT_CONFIRMED),
        (claim("worse", "bad", "good", "wide"), 3, OPEN),
        (claim("worse", "good", "twin"), 300, OPEN),
        (claim("equals", "good", level=summarize(GOOD).high - 1e-4), 300, CONFIRMED),
        (claim("equals", "good", level=summarize(GOOD).high + 1e-4), 300, NOT_CONFIRMED),
        (claim("equals", "good", level=summarize(GOOD).mean), 3, OPEN),
        (claim("equals", "around 0", level=0.001), 300, OPEN),
    ],
)
def test_claims(claimed: Claim, runs: int, verdict: str) -> None:
    judged = judge(claimed, {name: values[:runs] for name, values in VALUES.items()})
    assert judged.verdict == verdict
    assert judged.runs == runs
    assert (judged.p is None) == (runs == 3 or claimed.kind in {"below", "equals"})


@pytest.mark.parametrize(
    ("early", "claimed", "verdict"),
    [
        (GOOD, claim("predicts", "good", at=1), CONFIRMED),
        ([-value for value in GOOD], claim("predicts", "good", at=1), NOT_CONFIRMED),
        (WIDE, claim("predicts", "good", at=1), OPEN),
        ([1.0] * 300, claim("predicts", "good", at=1), OPEN),
        (GOOD, claim("predicts", "good", at=1, apart=0.1, level=0.9), CONFIRMED),
        (GOOD, claim("predicts", "good", at=1, apart=0.9, level=0.9), OPEN),
        (
            [a + b for a, b in zip(GOOD, TWIN, strict=True)],
            claim("predicts", "good", at=1, apart=0.1, level=0.99),
            NOT_CONFIRMED,
        ),
        ([2 * value for value in GOOD], claim("improves", "good", at=1, by=(0.4, 0.6)), CONFIRMED),
        ([2 * value for value in GOOD], claim("improves", "good", at=1, by=(0, 0.4)), "not"),
        ([2 * value for value in GOOD], claim("improves", "good", at=1, by=(0.6, 1)), "not"),
        (BAD, claim("improves", "good", at=1, by=(0, fall(BAD, GOOD)[0])), OPEN),
    ],
)
def test_claims_about_the_beginning(early: Sequence[float], claimed: Claim, verdict: str) -> None:
    assert judge(claimed, VALUES, early).verdict.startswith(verdict)


def test_claims_about_a_time() -> None:
    spec = parse_spec(SPEC, "spec.toml")

    def result(setting: str, run: int, sae: int) -> Result:
        curve = ((0, 1024, 2048, 4096), (990, 900 + sae, 500, sae))
        return Result(setting, run, 4096, sae, (), (), curve, {}, 0.0)

    found = [
        result(name, run, sae + run)
        for name, sae in (("tribes 1", 20), ("tribes 2", 10), ("crossed", 30))
        for run in range(8)
    ]
    assert isinstance(spec.kind, Filters)
    measure = Ratio(spec.kind, [100, 200])
    better, same, predicts = judge_all(spec, measure, found)
    assert better.verdict == CONFIRMED
    assert better.values["tribes 2"][:2] == [0.1, 0.055]  # run by run another photo
    assert (same.verdict, same.values["tribes 1"][0]) == (OPEN, 5)
    assert predicts.rho is not None
    assert judge_all(spec, measure, [])[0].verdict == OPEN
    assert found[3].sae_after(1023) == 990
    assert found[3].sae_after(10**9) == 23


def test_holm() -> None:
    ps = [0.01, 0.04, 0.03, 0.005]  # the example of many textbooks
    assert holm(ps) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]).max() == 1


def test_comparisons() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.normal(1.0, 0.1, 25), rng.normal(1.1, 0.3, 40)
    found = compare(one.tolist(), other.tolist())
    wins = np.mean([(a < b) + 0.5 * (a == b) for a in one for b in other])
    assert found.effect == pytest.approx(wins)  # Vargha and Delaney's definition
    welch = stats.ttest_ind(one, other, equal_var=False)
    assert found.p_t == pytest.approx(welch.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(welch.confidence_interval(0.95)))
    swapped = compare(other.tolist(), one.tolist())
    assert (swapped.effect, swapped.p) == pytest.approx((1 - found.effect, found.p))
    constant = compare([1.0] * 5, [1.0] * 5)
    assert (constant.p_t, constant.effect, constant.difference) == (1.0, 0.5, 0.0)


def test_mann_whitney_by_all_orders() -> None:
    """Of few values without ties, p is the share of all orders that are as extreme."""
    one, other = [1.0, 2.5, 3.0, 4.5], [3.5, 5.0, 6.0, 7.0, 8.0]
    values = [*one, *other]

    def wins(chosen: Sequence[float]) -> int:
        return sum(a < b for a in chosen for b in values if b not in chosen)

    middle = len(one) * len(other) / 2
    extreme = [
        abs(wins(chosen) - middle) >= abs(wins(one) - middle)
        for chosen in combinations(values, len(one))
    ]
    assert compare(one, other).p == pytest.approx(np.mean(extreme))


def test_summaries() -> None:
    values = [3.0, 5.0, 7.0, 9.0]
    found = summarize(values)
    half = 3.182446 * (20 / 3) ** 0.5 / 2  # Student's t of a table, 3 degrees of freedom
    assert (found.mean, found.low, found.high) == pytest.approx((6, 6 - half, 6 + half))
    assert (found.best, found.quartiles, found.worst) == (3, (4.5, 6, 7.5), 9)
    assert summarize([2.0]).mean == 2


def test_rank_correlation() -> None:
    """R. A. Fisher's interval: of r = 0.6 and 28 runs, tanh(atanh(0.6) -+ 1.96 / 5)."""
    late = list(range(28))
    early = RNG.permutation(28).tolist()
    rho, low, high, p = rank_correlation(early, late)
    difference = sum((a - b) ** 2 for a, b in zip(early, late, strict=True))
    assert rho == pytest.approx(1 - 6 * difference / (28 * (28**2 - 1)))  # Spearman's formula
    assert (low, high) == pytest.approx(
        [np.tanh(np.arctanh(rho) + sign * 1.96 / 5) for sign in (-1, 1)]
    )
    assert p == pytest.approx(stats.t.sf(abs(rho) * (26 / (1 - rho**2)) ** 0.5, 26) * 2)


def test_pairs_and_falls() -> None:
    early, late = [1.0, 2.0, 3.0, 2.01], [5.0, 4.0, 6.0, 4.0]
    pairs = [(a, b) for a in range(4) for b in range(4) if early[a] <= 0.9 * early[b]]
    kept = [(late[a] < late[b]) + 0.5 * (late[a] == late[b]) for a, b in pairs]
    value, low, high = kept_order(early, late, 0.1)
    assert value == pytest.approx(np.mean(kept))
    assert 0 <= low <= value <= high <= 1
    value, low, high = fall([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert (value, low, high) == pytest.approx((0.5, 0.5, 0.5))
    # With the same beginnings, the fall is a mean, and the interval that of a mean.
    value, low, high = fall([10.0] * 4, [3.0, 5.0, 7.0, 9.0])
    mean = summarize([0.7, 0.5, 0.3, 0.1])
    assert (value, low, high) == pytest.approx((mean.mean, mean.low, mean.high))


def test_a_summary(evoarray: Evoarray, images: Path) -> None:
    done(evoarray, write(images), "-o", "study")
    done(evoarray, write(images, SPEC[: SPEC.index("[[claims]]")], "other.toml"), "-o", "other")
    done(evoarray, "summary", "study", "other", "-o", "found.md")
    text = (images / "found.md").read_text(encoding="utf-8")
    with closing(StudyStore(images / "study", writes=False)) as store:
        wins = sum(result.counters.get("crossover attempts", 0) for result in store.results().good)
    assert f"{wins / 6:,.1f} crossover attempts" in text
    assert "Tribes \\| and more" not in text  # no cell of a table
    assert "Studies: 2. Runs: 36." in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.replace("\\|", "").count("|") in {7 + 1, 10 + 1} for line in rows)
    verdicts = [line.split(" | ")[-1].rstrip(" |") for line in rows if "](#spec)" in line]
    assert len(verdicts) == 3
    assert verdicts == sorted(verdicts, key=[NOT_CONFIRMED, OPEN, CONFIRMED].index)
    for verdict in (NOT_CONFIRMED, OPEN, CONFIRMED):
        assert f"**{verdicts.count(verdict)} {verdict}**" in text
    assert "study is not the only one with spec; merge them first" in refused(
        evoarray, "summary", "study", "study", "-o", "found.md"
    )
    assert "none is no study" in refused(evoarray, "summary", "none", "-o", "found.md")
    assert "LUTs" not in text


def test_a_summary_has_the_luts_where_they_count(evoarray: Evoarray, images: Path) -> None:
    spec = SPEC[: SPEC.index("[[claims]]")].replace('"3x4"', '"3x4"\nparsimony = "tie"')
    done(evoarray, write(images, spec), "-o", "study")
    done(evoarray, "summary", "study", "-o", "found.md")
    text = (images / "found.md").read_text(encoding="utf-8")
    for name in ("tribes 1", "tribes 2", "crossed"):
        found = [r for (setting, _), r in results(images / "study").items() if setting == name]
        genes = [np.array(result["genes"], np.uint8) for result in found]
        mean = np.mean([luts(circuit_of(each, Shape(3, 4, "upm16"))) for each in genes])
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {name} | 6 |")]
        assert f" | {mean:.0f} [" in row
