# SPDX-License-Identifier: Apache-2.0
"""Commands that are stopped or killed at any moment: how they end, and that nothing is left."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from evoarray.evolution import children, stopping
from tests.conftest import ROOT, Evoarray, script
from tests.processes import (
    BUSY,
    MODULE,
    PROMPT,
    Started,
    after,
    check_stopped,
    hit,
    start,
    wait_until,
    writes_in,
)
from tests.test_studies import LONG, SPEC, results, saved, write

SCRIPT = (str(Path(sys.executable).with_name("evoarray")),)
INTERPRETER = 0.15
"""Seconds in which Python itself starts, before anything of ours can run."""

STUDY = ("study", "spec.toml", "-o", "killed", "--workers", 2)
ENDLESS = LONG.replace("400_000", "400_000_000")


def study(images: Path, *, until: int = 0) -> Started:
    """Start a study that takes hours, and return when its workers work, or some results are there.

    `until` asks for so many results, of shorter runs.
    """
    write(images, LONG if until else ENDLESS)
    started = start(images, *STUDY)
    if until:
        wait_until(lambda: saved(images / "killed") >= until)
    else:
        wait_until(lambda: len(busy(started)) == 2)
    return started


def busy(started: Started) -> list[int]:
    """Return the workers of a study that have used more than a second of CPU time."""
    ticks = os.sysconf("SC_CLK_TCK")
    found = []
    for pid in started.left():
        with suppress(FileNotFoundError, ProcessLookupError):  # it ends just now
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
                times = stat.rpartition(")")[2].split()
                found += [pid] * (int(times[11]) > 1.5 * ticks)
    return found


# --- signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("program", [MODULE, SCRIPT], ids=["module", "script"])
def test_a_command_that_is_stopped_while_it_imports(
    tmp_path: Path, program: tuple[str, ...], number: int
) -> None:
    for delay in (INTERPRETER, 0.25, 0.4, 0.6, 0.9):
        started = start(tmp_path, "runs", ".", program=program)
        time.sleep(delay)
        started.stop(number)
        check_stopped(started, number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("times", [1, 2, 4])
def test_a_study_that_is_stopped_again_and_again(images: Path, number: int, times: int) -> None:
    started = study(images)
    for _ in range(times):
        started.stop(number, group=True)
        time.sleep(0.1)
    check_stopped(started, number)


@pytest.mark.parametrize("seed", range(8))
def test_a_study_that_is_stopped_at_any_moment(images: Path, seed: int) -> None:
    """While it imports, makes its folder, starts workers, which import, and as they work."""
    draw = random.Random(seed)
    number = draw.choice([signal.SIGINT, signal.SIGTERM])
    write(images, LONG)
    started = start(images, *STUDY)
    time.sleep(draw.uniform(INTERPRETER, 4))
    for _ in range(draw.randint(1, 3)):
        started.stop(number, group=draw.random() < 0.7)
        time.sleep(draw.uniform(0, 0.2))
    check_stopped(started, number)


def test_the_first_signal_only_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = [signal.getsignal(number) for number in stopping.SIGNALS]
    exits: list[int] = []
    monkeypatch.setattr(os, "_exit", exits.append)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stopping.raise_first()
        assert not stopping.is_asked()
        with pytest.raises(stopping.Terminated):
            signal.raise_signal(signal.SIGTERM)
        for number in stopping.SIGNALS:
            signal.raise_signal(number)
        assert (stopping.is_asked(), stopping.status(), exits) == (True, 143, [])
        monkeypatch.setattr(stopping, "PATIENCE", 0)
        signal.raise_signal(signal.SIGINT)
        assert exits == [130]
        stopping.raise_first()
        seen = []

        def disturbed() -> None:
            with stopping.held_back():
                signal.raise_signal(signal.SIGINT)
                seen.append("the rest of the block")
                raise ValueError

        with pytest.raises(KeyboardInterrupt):
            disturbed()
        assert seen
    finally:
        stopping.raise_first()  # forget it
        for number, handler in zip(stopping.SIGNALS, handlers, strict=True):
            signal.signal(number, handler)


SWALLOWS = """
import sys, time
from evoarray.evolution import stopping

def wait():
    print("ready", flush=True)
    time.sleep(60)

class Destroyed:
    def __del__(self):
        wait()

stopping.begin()
try:
    stopping.raise_first()
    if sys.argv[1] == "destructor":
        Destroyed()
    else:
        try:
            wait()
        except:
            pass
    print("swallowed", flush=True)
    time.sleep(60)
    stopping.exit_at_once()
except (KeyboardInterrupt, stopping.Terminated):
    stopping.exit_at_once()
    sys.exit(stopping.status())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("swallows", ["destructor", "library"])
def test_a_signal_is_raised_until_it_gets_through(swallows: str, number: int) -> None:
    """Even if it comes once, and what is raised ends in a destructor, or where all is caught."""
    command = [sys.executable, "-c", SWALLOWS, swallows]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.wait(10) == 128 + number
        assert process.stdout.read() == "swallowed\n"


def test_a_signal_that_whoever_starts_a_command_has_blocked(images: Path) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, stopping.SIGNALS)
    try:
        pair = ("noisy.png", "clean.png", "-o", "run")
        started = start(images, "evolve", *pair, "--evaluations", 10**11, "--seconds", 30)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    wait_until(lambda: (images / "run" / "run.sqlite").exists())
    started.stop(signal.SIGINT)
    assert check_stopped(started, signal.SIGINT).strip() == "evoarray: stopped"


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    """As nohup and a shell's background jobs have it."""
    program = ("/bin/sh", "-c", "trap '' INT TERM; exec \"$@\"", "sh", *MODULE)
    started = start(tmp_path, "runs", ".", program=program)
    for _ in range(5):
        time.sleep(0.1)
        started.stop(signal.SIGINT)
        started.stop(signal.SIGTERM)
    assert started.ended(30)[0] == 0


EVOLVE = (
    *("evolve", "noisy.png", "clean.png", "-o", "run", "--rows", 2, "--cols", 2),
    *("--evaluations", 2000, "--tribes", 2, "--war-interval", 100),
)
NEURO = ("neuro", "-o", "run", "--layers", "64-4-10", "--evaluations", 200, "--interval", 50)


def made(folder: Path) -> dict[str, bytes]:
    """Return the files of a run; of its results all but the time that it took."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    del files["run.sqlite"]
    results = json.loads(files["results.json"])
    del results["seconds"]
    return {**files, "results.json": json.dumps(results).encode()}


def resumed(evoarray: Evoarray, folder: Path, command: tuple[object, ...]) -> None:
    """Go on with a run that was stopped or killed, or begin it anew if it was not made yet."""
    begun = (folder / "run.sqlite").exists()
    ended = evoarray(*(("resume", "run") if begun else command))
    assert ended.status == 0 or "is finished" in ended.err, ended.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_after_its_evolution(
    evoarray: Evoarray, images: Path, number: int
) -> None:
    """At moments, of thousands, of what then comes: comparing, drawing, writing."""
    run = images / "run"
    assert evoarray(*EVOLVE).status == 0
    whole = made(run)
    draw, stops = random.Random(number), 0
    for count in (1, *(draw.randrange(2, 8000) for _ in range(12))):
        shutil.rmtree(run)
        status, said = hit(images, EVOLVE, number, count, after(run, "circuit.json"))
        if status:
            stops += 1
            assert (status, said.strip()) == (128 + number, "evoarray: stopped"), f"at {count}"
        resumed(evoarray, run, EVOLVE)
        assert made(run) == whole
    assert stops > 3


# --- kill -9


@pytest.mark.parametrize("command", [EVOLVE, NEURO], ids=["filter", "network"])
def test_a_run_that_is_killed_whenever_it_writes(
    evoarray: Evoarray, images: Path, command: tuple[object, ...]
) -> None:
    """The same command begins it anew, or `resume` goes on, and nothing else is left."""
    run = images / "run"
    assert evoarray(*command).status == 0
    whole, kills = made(run), 0
    while True:
        shutil.rmtree(run)
        status, said = hit(images, command, signal.SIGKILL, kills + 1, writes_in(run))
        if status != -signal.SIGKILL:
            assert status == 0, said
            break
        kills += 1
        resumed(evoarray, run, command)
        assert made(run) == whole, f"after {kills} moments"
    assert kills > 20


def test_a_study_that_is_killed_whenever_it_writes(evoarray: Evoarray, images: Path) -> None:
    write(images, SPEC)
    command = ("study", "spec.toml", "-o", "made", "--runs", 1, "--workers", 1)
    assert evoarray(*command).status == 0
    whole, kills = results(images / "made"), 0
    while True:
        shutil.rmtree(images / "made")
        counts = writes_in(images / "made")
        status, said = hit(images, command, signal.SIGKILL, kills + 1, counts)
        if status != -signal.SIGKILL:
            assert status == 0, said
            break
        kills += 1
        assert evoarray(*command).status == 0
        assert results(images / "made") == whole
        assert [path.name for path in (images / "made").iterdir()] == ["study.sqlite"]
    assert kills > 10


def test_workers_of_a_study_that_is_killed(images: Path) -> None:
    started = study(images)
    started.stop(signal.SIGKILL)
    started.process.wait()
    started.wait_until_alone()


@pytest.mark.parametrize("delay", [0.9, 1.2, 1.5, 1.8, 2.2])
def test_workers_that_have_just_started(images: Path, delay: float) -> None:
    write(images, ENDLESS)
    started = start(images, *STUDY)
    time.sleep(delay)
    started.stop(signal.SIGKILL)
    started.process.wait()
    started.wait_until_alone()


def test_compilers_end_with_the_command(images: Path) -> None:
    script(images / "cc", 'test "$1" = --version && exit; touch compiling; sleep 60; exit 1')
    started = start(
        images,
        *("evolve", "noisy.png", "clean.png", "-o", "run"),
        environment={"CC": str(images / "cc"), "XDG_CACHE_HOME": str(images / "cache")},
    )
    wait_until(lambda: bool(list(images.rglob("compiling"))))
    started.stop(signal.SIGKILL)
    started.process.wait()
    started.wait_until_alone()


POOL = """
from concurrent.futures import ThreadPoolExecutor
from evoarray.evolution import children, stopping
stopping.begin()
stopping.raise_first()
try:
    with ThreadPoolExecutor(2) as pool:
        print(list(pool.map(lambda _: children.run(["sleep", "60"]).returncode, range(40))))
except KeyboardInterrupt:
    raise SystemExit(stopping.status())
"""


def test_threads_that_start_programs_are_stopped(tmp_path: Path) -> None:
    """As those are that measure designs: none of the programs that wait takes its time."""
    started = start(tmp_path, program=(sys.executable, "-c", POOL))
    wait_until(lambda: len(started.left()) == 1 + 2 + 1)
    started.stop(signal.SIGINT)
    assert started.ended(PROMPT + BUSY) == (130, "")
    started.wait_until_alone()


PARENT = """
import sys, time
from evoarray.evolution import children
for _ in range(3):
    children.start(["sh", "-c", "sleep 60 & exec sleep 60"])
print("started", flush=True)
time.sleep(60)
"""


def test_programs_end_with_who_started_them(tmp_path: Path) -> None:
    started = start(tmp_path, program=(sys.executable, "-c", PARENT))
    wait_until(lambda: len(started.left()) == 1 + 3 * 2 + 1)
    started.stop(signal.SIGKILL)
    started.process.wait()
    started.wait_until_alone()


def test_a_guard_that_was_killed_is_replaced() -> None:
    first = children.start(["sleep", "60"])
    shell = children._guard._shell
    assert shell is not None
    shell.kill()
    shell.wait()
    second = children.start(["sleep", "60"])
    assert children._guard._shell not in {None, shell}
    for process in (first, second):
        children.end(process)
        assert process.returncode == -signal.SIGKILL
    assert children._guard._shell is None


def test_a_program_that_takes_too_long_leaves_no_child(tmp_path: Path) -> None:
    command = ["sh", "-c", f"(sleep 60 & echo $! > {tmp_path}/child; wait)"]
    with pytest.raises(subprocess.TimeoutExpired):
        children.run(command, limit=0.5)
    child = int((tmp_path / "child").read_text(encoding="utf-8"))
    wait_until(lambda: not Path(f"/proc/{child}/cmdline").exists() or is_zombie(child))


def is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/cmdline").read_bytes() == b""


def test_what_a_program_says() -> None:
    done = children.run(["sh", "-c", "echo out; printf 'e\\377' >&2; exit 3"])
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "e\ufffd")
    assert not stopping.groups
