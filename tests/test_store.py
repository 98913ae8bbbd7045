# SPDX-License-Identifier: Apache-2.0
"""A run's folder keeps what was saved, whatever happens to its process, its disk or its bits."""

import errno
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from evoarray.evolution.runs import lock
from evoarray.evolution.runs.database import Event, Loaded, Row
from evoarray.evolution.runs.listing import list_runs
from evoarray.evolution.runs.lock import LOCK, held
from evoarray.evolution.runs.store import DATABASE, RunStore
from evoarray.model.errors import InputError

ROOT = Path(__file__).parents[1]
HUGE = 2**64 - 1
DESCRIPTION = {
    "settings": {"evaluations": 10**6, "seed": HUGE},
    "command": "evoarray evolve é.png",
    "nested": [1, 2.5, None, True, {"a": "ü\n'\""}],
}
IMAGES = {"clean/é.png": bytes(range(256)) * 12, "a noisy.png": b"\x89PNG" * 700}
SAVES = 40  # in the runs that get damaged
FLIPS = 200

Step = tuple[dict[str, object], list[Row], list[Event]]


def step(number: int) -> Step:
    """Return what the tests save as the number-th, from 1: all of it depends on the number."""
    at = 1024 * number
    rows = [
        Row(at + i, HUGE // 2 - number, {0: number, 1: 10**15, 2: i}) for i in range(number % 4)
    ]
    events = [Event(at, f"war {number}", {"tribe": i, "é": None}) for i in range(number % 3)]
    return {"number": number, "generator": [HUGE - number, 0], "genes": "ab" * 900}, rows, events


def saved(store: RunStore, last: int, first: int = 1) -> RunStore:
    """Save steps and return the store."""
    for number in range(first, last + 1):
        store.save(*step(number))
    return store


def check(loaded: Loaded) -> int:
    """Check that what is loaded is exactly what some save left; return the number of that save."""
    number = 0 if loaded.checkpoint is None else loaded.checkpoint["number"]
    steps = [step(n) for n in range(1, number + 1)]
    assert loaded.checkpoint == (steps[-1][0] if steps else None)
    assert loaded.rows == [row for _, rows, _ in steps for row in rows]
    assert loaded.events == [event for _, _, events in steps for event in events]
    assert (loaded.description, dict(loaded.images)) == (DESCRIPTION, IMAGES)
    assert list(loaded.images) == list(IMAGES), "in the same order"
    assert isinstance(number, int)
    return number


def create(folder: Path) -> RunStore:
    return RunStore.create(folder, DESCRIPTION, IMAGES)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refusal(action: Callable[[], object]) -> str:
    """Return the one sentence with which something is refused."""
    with pytest.raises(InputError) as refused:
        action()
    assert re.fullmatch(r"[^\n]+", str(refused.value))
    return str(refused.value)


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder in memory, if there is one: hundreds of databases are synced to it."""
    place = Path("/dev/shm")
    monkeypatch.setattr("evoarray.evolution.runs.listing.RETRY_PAUSE", 0)
    with tempfile.TemporaryDirectory(dir=place if place.is_dir() else tmp_path) as folder:
        yield Path(folder)


@pytest.fixture
def folder(memory: Path) -> Path:
    """Return the name of a run to be made, which is a difficult one."""
    return memory / "run é %41?#"


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run that ended cleanly."""
    folder = tmp_path_factory.mktemp("runs") / "stopped"
    saved(create(folder), SAVES).finish("stopped")
    return folder


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the files of a killed writer: half of it in the database, half in the -wal."""
    runs = tmp_path_factory.mktemp("runs")
    saved(create(runs / "writer"), SAVES // 2).close()
    with RunStore.open(runs / "writer") as store:
        saved(store, SAVES, SAVES // 2 + 1)
        shutil.copytree(runs / "writer", runs / "killed")
    return runs / "killed"


# --- round trips


def test_what_a_signal_has_saved_twice_is_there_once(tmp_path: Path) -> None:
    """Whoever is stopped between saving and forgetting what was saved does it again."""
    with saved(create(tmp_path / "run"), 3) as store:
        store.save(*step(3))
        assert check(store.load()) == 3
        assert len(store.load().rows) == len({row.evaluations for row in store.load().rows}) > 0


def test_what_is_saved_is_loaded(folder: Path) -> None:
    with create(folder) as store:
        assert check(store.load()) == 0
        for number in range(1, 12):
            saved(store, number, number)
            assert check(store.load()) == number
    for number in range(12, 20):  # one writer for each
        with RunStore.open(folder) as store:
            assert check(store.load()) == number - 1
            saved(store, number, number)
            loaded = store.load()
        assert (check(loaded), loaded.warnings, loaded.status) == (number, [], "running")


def test_a_clean_end_leaves_one_file(folder: Path) -> None:
    saved(create(folder), 5).finish("stopped")
    assert list(files(folder)) == [DATABASE]
    with RunStore.open(folder) as store:
        assert store.load().status == "stopped"
    assert list(files(folder)) == [DATABASE]
    store.close()  # a second time does no harm
    assert list(files(folder)) == [DATABASE]


def test_three_checkpoints_are_kept(folder: Path) -> None:
    saved(create(folder), 8).close()
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        kept = [json.loads(text) for (text,) in database.execute("SELECT content FROM checkpoint")]
    assert sorted(checkpoint["number"] for checkpoint in kept) == [6, 7, 8]


def test_numbers_of_numpy_are_saved_as_numbers(folder: Path) -> None:
    number: int = np.int64(5)  # type: ignore[assignment]
    with create(folder) as store:
        store.save({}, [Row(number, number, {0: 5})], [Event(number, "war", {})])
    with RunStore.open(folder) as store:
        loaded = store.load()
    assert loaded.rows == [Row(5, 5, {0: 5})]
    assert type(loaded.rows[0].sae) is int


def test_a_save_that_json_cannot_hold_saves_nothing(folder: Path) -> None:
    with saved(create(folder), 2) as store:
        checkpoint, rows, events = step(3)
        for wrong in ({"nan": float("nan")}, {"object": object()}):
            with pytest.raises((ValueError, TypeError)):
                store.save(wrong, rows, events)
        with pytest.raises(ValueError, match="status is 'tired'; it must be one of running, "):
            store.save(checkpoint, rows, events, "tired")
        assert check(store.load()) == 2
        assert check(saved(store, 3, 3).load()) == 3


def test_an_interrupted_save_saves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with saved(create(folder), 2) as store:
        with monkeypatch.context() as patch:
            patch.setattr("evoarray.evolution.runs.store.set_status", interrupted)
            with pytest.raises(KeyboardInterrupt):
                store.save(*step(3))
        assert check(store.load()) == 2
        assert check(saved(store, 4, 3).load()) == 4


# --- what cannot be made or opened


def test_folders_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name, says in {
        "": "exists; name a new one with -o",
        "file": "exists; name a new one with -o",
        "file/run": "cannot make the run folder .*: Not a directory",
        "x" * 300: "cannot make the run folder .*: File name too long",
    }.items():
        assert re.search(says, refusal(partial(create, tmp_path / name)))
    assert list(files(tmp_path)) == ["file"]


@pytest.mark.parametrize(
    ("owner", "function"), [(Path, "mkdir"), (lock, "_open"), (Path, "touch"), (Path, "replace")]
)
def test_a_folder_where_nothing_may_be_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch, owner: object, function: str
) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(owner, function, refuse)
        says = refusal(lambda: create(folder))
    assert says.startswith(f"cannot make the run folder {folder}: Permission denied")
    assert not folder.exists()
    create(folder).close()


def test_a_folder_that_may_not_be_written_is_not_opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    saved(create(folder), 3).close()
    before = files(folder)
    with monkeypatch.context() as patch:
        patch.setattr(lock, "_open", refuse)
        says = refusal(lambda: RunStore.open(folder))
    assert says.startswith(f"cannot open the run {folder}: Permission denied; ")
    assert files(folder) == before


def foreign_database(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE run (x)")


def changed_by(statement: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as database, database:
            database.executescript(statement)

    return change


LOST = "the run .* is damaged so that it cannot be continued"
FOREIGN = "run.sqlite is not a run's database, or is damaged"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (Path.unlink, "is no run: there is no run.sqlite in it"),
        (lambda path: path.write_bytes(b""), FOREIGN),
        (lambda path: path.write_text("x" * 9999, encoding="ascii"), FOREIGN),
        (foreign_database, FOREIGN),
        (changed_by("PRAGMA user_version=2"), "has format 2, this evoarray knows 1; use the one"),
        (changed_by("DROP TABLE event"), LOST),
        (changed_by("CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM log; END"), LOST),
        (changed_by("CREATE VIEW v AS SELECT 1"), LOST),
        (changed_by("DELETE FROM run"), LOST),
        (changed_by("UPDATE run SET description = '{}'"), LOST),
        (changed_by("UPDATE run SET created = 5"), LOST),
        (changed_by("UPDATE image SET name = 'x' WHERE number = 1"), LOST),
        (changed_by("DELETE FROM image WHERE number = 2"), LOST),
        (changed_by("DELETE FROM checkpoint"), LOST),
        (changed_by("UPDATE checkpoint SET content = '{}'"), LOST),
        (changed_by("DELETE FROM log WHERE number = 1"), LOST),
        (changed_by("DELETE FROM log; DELETE FROM checkpoint"), LOST),
    ],
)
def test_what_is_no_run_that_can_be_continued(
    folder: Path, change: Callable[[Path], object], says: str
) -> None:
    saved(create(folder), 9).close()
    change(folder / DATABASE)
    before = {path.name for path in folder.iterdir()}
    assert re.search(says, refusal(lambda: RunStore.open(folder)))
    assert {path.name for path in folder.iterdir()} == before
    listed = list_runs(folder.parent)
    if (folder / DATABASE).is_file():
        assert [info.state for info in listed] == ["damaged"]
        assert re.search(says, listed[0].problem or "")
    else:
        assert listed == []


def test_a_folder_that_is_not_there_is_no_run(folder: Path) -> None:
    assert "is no run" in refusal(lambda: RunStore.open(folder))
    assert "cannot list the runs" in refusal(lambda: list_runs(folder))
    assert not folder.exists()


# --- damage


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ("UPDATE checkpoint SET content = '{}' WHERE number = 9", 8),
        ("UPDATE checkpoint SET rows = rows - 1 WHERE number = 9", 8),
        ("UPDATE checkpoint SET number = 12 WHERE number = 9", 8),
        ("DELETE FROM checkpoint WHERE number = 9", 8),
        ("DELETE FROM checkpoint WHERE number > 7", 7),
        ("UPDATE checkpoint SET content = x'00' WHERE number > 7", 7),
        ("UPDATE checkpoint SET content = NULL WHERE number < 9", 9),
        ("DELETE FROM log WHERE number = (SELECT max(number) FROM log)", 8),
        ("UPDATE log SET sae = 1 WHERE number = (SELECT max(number) FROM log)", 8),
        ("UPDATE log SET saes = '[]' WHERE number = (SELECT max(number) FROM log)", 8),
        ("UPDATE event SET kind = 'x' WHERE number = (SELECT max(number) FROM event)", 7),
        ("DELETE FROM event WHERE number = (SELECT max(number) FROM event)", 7),
        ("INSERT INTO log VALUES (99, 1, 1, '[]')", 9),
        ("INSERT INTO event VALUES (99, 1, 'x', '{}')", 9),
        ("UPDATE run SET status = 'tired'", 9),
    ],
)
def test_the_last_good_checkpoint_is_used_and_said(folder: Path, statement: str, left: int) -> None:
    saved(create(folder), 9).finish("finished")
    changed_by(statement)(folder / DATABASE)
    damaged = (folder / DATABASE).read_bytes()
    (listed,) = list_runs(folder)
    assert (listed.state, listed.sae is not None) == ("damaged", True)
    with RunStore.open(folder) as store:
        loaded = store.load()
        assert check(loaded) == left
        (warning,) = loaded.warnings
        at = f"{loaded.rows[-1].evaluations:,}"
        assert (
            f"{folder} was damaged; it goes on from the last good checkpoint, at {at} " in warning
        )
        saved(store, left + 5, left + 1)
    assert (folder / "run.damaged-1").read_bytes() == damaged
    with RunStore.open(folder) as store:
        loaded = store.load()
    assert (check(loaded), loaded.warnings) == (left + 5, [])
    changed_by("DELETE FROM checkpoint WHERE slot = 1")(folder / DATABASE)
    RunStore.open(folder).close()
    assert sorted(files(folder)) == ["run.damaged-1", "run.damaged-2", DATABASE]


def test_damage_while_the_run_is_open_is_found(folder: Path) -> None:
    with saved(create(folder), 3) as store:
        changed_by("UPDATE log SET sae = 0")(folder / DATABASE)
        assert refusal(store.load) == f"the run {folder} is damaged so that it cannot be continued"
    saved(create(folder.with_name("other")), 3)
    with RunStore.open(folder.with_name("other")) as store:
        changed_by("DELETE FROM checkpoint WHERE number = 3")(folder.with_name("other") / DATABASE)
        assert "was damaged while in use; open it anew" in refusal(store.load)


def survives(folder: Path) -> str:
    """Open a damaged run; check that it is refused, or equal to a save and said to be older."""
    (listed,) = list_runs(folder)
    try:
        store = RunStore.open(folder)
    except InputError as error:
        says = str(error)
        assert re.fullmatch(r"[^\n]+", says), says
        assert listed.state == "damaged" or "cannot open" in says, says
        assert listed.problem is None or str(folder) in listed.problem
        return "refused"
    with store:
        loaded = store.load()
        number = check(loaded)
        if not loaded.warnings:
            assert number == SAVES, "nothing is lost silently"
            assert loaded.status in {"stopped", "running"}
        try:
            saved(store, number + 2, number + 1)
        except InputError:
            return "cannot be written"
        assert check(store.load()) == number + 2
    with RunStore.open(folder) as store:
        assert (check(store.load()), store.load().warnings) == (number + 2, [])
    return "rescued" if loaded.warnings else "whole"


def fresh(source: Path, target: Path) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    (target / LOCK).unlink(missing_ok=True)
    return target


@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_flipped_bits_are_never_taken_for_a_checkpoint(
    stopped: Path, killed: Path, folder: Path, suffix: str
) -> None:
    source = killed if suffix else stopped
    content = (source / f"{DATABASE}{suffix}").read_bytes()
    generator = random.Random(1)
    # A damaged header matters most, and is a small part of the file.
    places = [
        *range(0, 100, 1 + len(suffix)),
        *(generator.randrange(len(content)) for _ in range(FLIPS >> len(suffix) // 4)),
    ]
    outcomes = set()
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 1 << generator.randrange(8)
        (fresh(source, folder) / f"{DATABASE}{suffix}").write_bytes(changed)
        try:
            outcomes.add(survives(folder))
        except Exception as error:
            raise AssertionError(f"bit of byte {place}: {error!r}") from error
    assert outcomes == ({"rescued"} if suffix else {"refused", "rescued", "whole"})


@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_a_file_that_is_cut_off(stopped: Path, killed: Path, folder: Path, suffix: str) -> None:
    source = killed if suffix else stopped
    content = (source / f"{DATABASE}{suffix}").read_bytes()
    generator = random.Random(2)
    outcomes = set()
    for size in [0, 1, 24, 100, len(content) - 1, *generator.sample(range(len(content)), 40)]:
        (fresh(source, folder) / f"{DATABASE}{suffix}").write_bytes(content[:size])
        outcomes.add(survives(folder))
    # The last bytes of the database may be empty, so that nothing is lost.
    assert outcomes - {"whole"} == ({"rescued"} if suffix else {"refused", "rescued"})


def test_pages_that_are_overwritten(stopped: Path, folder: Path) -> None:
    content = (stopped / DATABASE).read_bytes()
    outcomes = set()
    for page in range(0, len(content), 4096):
        for junk in (bytes(4096), random.Random(page).randbytes(4096), content[-4096:]):
            changed = content[:page] + junk + content[page + 4096 :]
            (fresh(stopped, folder) / DATABASE).write_bytes(changed)
            outcomes.add(survives(folder))
    assert outcomes == {"refused", "rescued", "whole"}


def test_a_database_that_is_sound_only_for_reading_is_replaced(stopped: Path, folder: Path) -> None:
    changed = bytearray((stopped / DATABASE).read_bytes())
    changed[39] += 1  # how many pages are free: writing would trust it
    (fresh(stopped, folder) / DATABASE).write_bytes(changed)
    assert survives(folder) == "rescued"


def test_no_old_wal_gets_into_a_new_database(killed: Path, folder: Path) -> None:
    fresh(killed, folder)
    with closing(sqlite3.connect(folder / DATABASE)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM run").fetchall()
        changed_by("DELETE FROM log WHERE number = 1 + (SELECT max(rows) - 3 FROM checkpoint)")(
            folder / DATABASE
        )
        says = refusal(lambda: RunStore.open(folder))
        assert says.endswith("is to be written anew, and another process reads it; stop that first")
    assert survives(folder) == "rescued"


def test_a_lost_wal_is_said(killed: Path, folder: Path) -> None:
    (fresh(killed, folder) / f"{DATABASE}-wal").unlink()
    assert survives(folder) == "rescued"


# --- two processes


WRITER = """
import sys
from pathlib import Path
from tests.test_store import saved
from evoarray.evolution.runs.store import RunStore
while True:  # opening and closing are among the moments
    with RunStore.open(Path(sys.argv[1])) as store:
        checkpoint = store.load().checkpoint
        number = checkpoint["number"] if checkpoint else 0
        for number in range(number + 1, number + 1 + int(sys.argv[2])):
            saved(store, number, number)
            print(number, flush=True)
"""


@contextmanager
def writer(folder: Path, saves: int) -> Iterator[subprocess.Popen[str]]:
    """Run a process that opens the run, saves so often, closes it, and so on."""
    command = [sys.executable, "-c", WRITER, str(folder), str(saves)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def test_killed_at_any_moment_it_goes_on_from_the_last_save(folder: Path) -> None:
    create(folder).close()
    generator = random.Random()
    number = 0
    for attempt in range(25):
        with writer(folder, generator.choice([1, 3, 1000])) as process:
            printed = [first_line(process)]
            time.sleep(generator.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert process.stdout is not None
            printed += [int(line) for line in process.stdout if line.endswith("\n")]
        assert printed[0] == number + 1
        (listed,) = list_runs(folder)
        assert listed.state == "killed"
        with RunStore.open(folder) as store:
            loaded = store.load()
        number = check(loaded)
        assert loaded.warnings == [], f"in attempt {attempt}"
        assert printed[-1] <= number <= printed[-1] + 1, "what was saved is there"
    assert number > 25
    assert list(files(folder)) == [DATABASE]


def test_a_second_writer_is_refused_and_a_dead_one_s_place_is_taken(folder: Path) -> None:
    create(folder).close()
    with writer(folder, 10**6) as process:
        first_line(process)
        says = f"the run {folder} is being written by process {process.pid}; stop that first"
        assert refusal(lambda: RunStore.open(folder)) == says
        assert list_runs(folder)[0].state == "running"
        process.kill()
        process.wait()
        assert (folder / LOCK).exists()
        with RunStore.open(folder) as store:
            number = check(store.load())
            (folder / LOCK).write_text("x", encoding="ascii")
            assert "written by another process" in refusal(lambda: RunStore.open(folder))
            assert check(saved(store, number + 1, number + 1).load()) == number + 1


def test_a_list_may_be_read_while_a_run_is_written(folder: Path) -> None:
    create(folder).close()
    with writer(folder, 10**6) as process:
        first_line(process)
        before = 0
        for _ in range(10):
            (info,) = list_runs(folder.parent)
            assert (info.state, info.problem) == ("running", None)
            assert info.evaluations is not None
            assert info.evaluations >= before
            before = info.evaluations
        assert before > 0
    with writer(folder, 1) as process:  # opens and closes all the time
        first_line(process)
        for _ in range(30):
            assert list_runs(folder)[0].state in {"running", "killed"}


# --- a full disk


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """Make every write beyond this size fail in this process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 4096, 6000])
def test_a_run_that_finds_no_space_leaves_nothing(folder: Path, size: int) -> None:
    with no_file_above(size):
        says = refusal(lambda: create(folder))
    assert says.startswith(f"cannot make the run folder {folder}: ")
    assert not folder.exists()


@pytest.mark.parametrize("size", [40_000, 100_000, 300_000])
def test_a_full_disk_loses_nothing_that_was_saved(folder: Path, size: int) -> None:
    with saved(create(folder), 1) as store:
        with no_file_above(size):
            says = refusal(lambda: saved(store, 10_000, 2))
        assert says.startswith(f"cannot save the run {folder}: ")
        assert says.endswith("; what was saved before is safe")
        number = check(store.load()) + 1
        assert number > 2
        if size == 100_000:
            saved(store, number, number)  # there is space again
    with RunStore.open(folder) as store:
        loaded = store.load()
    assert check(loaded) == number - (size != 100_000)
    assert loaded.warnings == []


def test_a_database_that_is_full_is_called_so(folder: Path) -> None:
    with saved(create(folder), 3) as store:
        store._database.execute("PRAGMA max_page_count=1")
        says = refusal(lambda: saved(store, 10_000, 4))
        assert f"cannot save the run {folder}: database or disk is full; " in says
        number = check(store.load())
    with RunStore.open(folder) as store:
        assert check(store.load()) == number


def test_closing_on_a_full_disk_leaves_all_for_the_next(folder: Path) -> None:
    store = saved(create(folder), 200)
    with no_file_above(0):
        store.close()
    assert f"{DATABASE}-wal" in files(folder)
    with RunStore.open(folder) as store:
        loaded = store.load()
    assert (check(loaded), loaded.warnings) == (200, [])
    assert list(files(folder)) == [DATABASE]


# --- lists


def test_a_list_says_what_became_of_every_run(tmp_path: Path, killed: Path) -> None:
    for name in ("b/stopped", "a/finished", "c"):
        store = saved(create(tmp_path / name), 5)
        store.finish(name.split("/")[1]) if "/" in name else store.close()
    fresh(killed, tmp_path / "k")
    (tmp_path / "no run").mkdir()
    (tmp_path / "file").touch()
    with create(tmp_path / "new"):
        runs = list_runs(tmp_path)
    assert [(info.folder.name, info.state, info.evaluations) for info in runs] == [
        ("finished", "finished", 5120),
        ("stopped", "stopped", 5120),
        ("c", "killed", 5120),
        ("k", "killed", 1024 * 39 + 2),
        ("new", "running", 0),
    ]
    (info,) = list_runs(tmp_path / "a" / "finished")
    assert (info.sae, info.budget, info.command) == (HUGE // 2 - 5, 10**6, DESCRIPTION["command"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", info.created or "")


def test_a_list_changes_no_file(tmp_path: Path, stopped: Path, killed: Path) -> None:
    folders = [fresh(stopped, tmp_path / "s"), fresh(killed, tmp_path / "k")]
    folders += [fresh(killed, tmp_path / f"k{end}") for end in ("-wal", "-shm")]
    for end in ("-wal", "-shm"):
        (tmp_path / f"k{end}" / f"{DATABASE}{end}").unlink()
    before = [files(folder) for folder in folders]
    states = [info.state for info in list_runs(tmp_path)]
    assert states == ["killed", "killed", "damaged", "stopped"], "k, k-shm, k-wal and s"
    assert [files(folder) for folder in folders] == before


def test_a_folder_that_another_process_took_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A study may be made in any folder: what it has there by now must not go."""

    @contextmanager
    def taken(folder: Path) -> Iterator[None]:
        (folder / "theirs").write_text("results")
        with held(folder), held(folder):
            yield

    monkeypatch.setattr("evoarray.evolution.runs.store.held", taken)
    with pytest.raises(InputError, match="is being written by process"):
        create(tmp_path / "run")
    assert (tmp_path / "run" / "theirs").read_text() == "results"
