# SPDX-License-Identifier: Apache-2.0
"""Doing a study: its runs on all cores, on a cluster or in shards, and going on with it.

What a study finds does not depend on any of that: every run has its own seed, and results are
sorted. Start reading at `study`; what runs do, their kind says (evolve/studies/kind.py).
"""

import logging
import multiprocessing
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from evoarray.evolution.machine import THREADS, take_one_core
from evoarray.evolution.runs.provenance import made_with
from evoarray.evolution.stopping import SIGNALS, held_back
from evoarray.evolution.studies.database import Origin, Results
from evoarray.evolution.studies.kind import Result, Task
from evoarray.evolution.studies.progress import StudyProgress
from evoarray.evolution.studies.spec import MOST_RUNS, parse_spec
from evoarray.evolution.studies.store import DATABASE, StudyStore
from evoarray.model.errors import InputError, printable, refuse

AHEAD = 2
"""Tasks that wait at each worker, so that none is idle."""

CONNECT_SECONDS = 10

BREAKS = 3
"""How often workers may die in a study before it is given up."""


def study(
    text: str,
    called: str,
    place: Path,
    folder: Path,
    runs: int | None,
    workers: int,
    cluster: str | None,
    shard: tuple[int, int],
    console: Console,
    *,
    quick: bool = False,
) -> None:
    """Do all runs of a spec's text that the folder does not have yet.

    called is what errors call the spec, place where its files are named from; runs: how many of
    each setting, or None for what the spec says, which has fewer if quick; shard (i, n): only every
    n-th run, beginning with the i-th from 1. Raises InputError for a folder of another study.
    """
    with _opened(text, called, place, folder) as store:
        for warning in store.warnings:
            console.out(f"Warning: {warning}")
        spec, material = store.spec, store.material
        count = runs or (spec.quick if quick else spec.runs)
        if count * len(spec.settings) > MOST_RUNS:
            most = MOST_RUNS // len(spec.settings)
            refuse("runs", count, f"up to {most} of each of {len(spec.settings)} settings")
        # Run by run, so that a study that is stopped has as many of each setting.
        wanted = [(name, run) for run in range(count) for name in spec.settings]
        wanted = wanted[shard[0] - 1 :: shard[1]]
        done = store.results().good
        present = {(result.setting, result.run) for result in done}
        missing = [key for key in wanted if key not in present]
        tasks = spec.kind.tasks(spec.settings, material, missing)
        measure = spec.kind.measure(material)
        with StudyProgress(len(wanted), measure, console) as progress:
            progress.add(done, new=False)
            for results in _work_through(tasks, workers, cluster):
                store.add(results)
                progress.add(results)
    console.out(f"The results are in {folder}; to read them: evoarray report {folder}")


def merge(folders: Sequence[Path], output: Path) -> list[str]:
    """Put the results of shards of one study together; return sentences about damaged ones.

    Raises InputError if the studies differ, if two of them have another result of one run, or if
    the new folder has a study already.
    """
    with ExitStack() as stack:
        shards = [stack.enter_context(StudyStore(folder, writes=False)) for folder in folders]
        first = shards[0]
        for folder, shard in zip(folders, shards, strict=True):
            if _identity(shard) != _identity(first):
                raise InputError(f"{folder} is another study than {folders[0]}")
        found = {folder: shard.results() for folder, shard in zip(folders, shards, strict=True)}
        results = _united(found)
        with StudyStore.create(output, first.origin, or_open=False) as merged:
            merged.add(results)
    return [f"in {folder}, {each.lost}" for folder, each in found.items() if each.lost]


def _united(found: Mapping[Path, Results]) -> list[Result]:
    """Return each run's result. Raises InputError where two folders have another one."""
    united: dict[tuple[str, int], tuple[Path, Result]] = {}
    for folder, results in found.items():
        for result in results.good:
            other, known = united.setdefault((result.setting, result.run), (folder, result))
            if _found(known) != _found(result):
                raise InputError(
                    f"{other} and {folder} have different results of run {result.run} of "
                    f"{result.setting!r}, which should be equal; find out which of them is right, "
                    "and merge without the other"
                )
    return [result for _, result in united.values()]


def _found(result: Result) -> dict[str, Any]:
    """Return what a run has come to, without the time that it took."""
    return {**asdict(result), "seconds": 0}


def _identity(store: StudyStore) -> tuple[object, ...]:
    photos = [
        (photo.name, photo.noisy.tobytes(), photo.clean.tobytes())
        for group in (store.material.training, store.material.held_out)
        for photo in group
    ]
    versions = store.origin.provenance["versions"]["evoarray"]
    return store.spec.asked, photos, store.material.files, versions


@contextmanager
def _opened(text: str, called: str, place: Path, folder: Path) -> Iterator[StudyStore]:
    """Open the folder of a study, or make it."""
    spec = parse_spec(text, called)
    if (folder / DATABASE).exists():
        opened = StudyStore(folder, writes=True)
    else:
        material = spec.kind.read(spec.settings, place)
        origin = Origin(text, printable(Path(called).name), made_with(), material)
        opened = StudyStore.create(folder, origin, or_open=True)
    with opened as store:
        if store.spec.asked != spec.asked:
            raise InputError(
                f"{folder} has the results of another {store.origin.called}; name a new folder "
                "with -o"
            )
        made, here = (
            each["versions"]["evoarray"] for each in (store.origin.provenance, made_with())
        )
        if made != here:
            raise InputError(
                f"{folder} was begun by evoarray {made}, and this is {here}, which may evolve "
                "otherwise; name a new folder with -o"
            )
        store.rewrite(text, spec)
        yield store


def _work_through(
    tasks: Sequence[Task], workers: int, cluster: str | None
) -> Iterator[Sequence[Result]]:
    """Yield results as they come. A worker that dies is replaced, and its tasks are done again."""
    left = {tuple(task.keys): task for task in tasks}
    for attempt in range(BREAKS):
        try:
            with _executor(workers, cluster) as (executor, width):
                for results in _stream(executor, list(left.values()), width * AHEAD):
                    del left[tuple((result.setting, result.run) for result in results)]
                    yield results
            return
        except BrokenProcessPool:
            if attempt == BREAKS - 1:
                raise InputError(
                    "workers were killed again and again, perhaps for want of memory; give fewer "
                    "--workers, and the same command goes on where it stopped"
                ) from None


def _stream(executor: Executor, tasks: list[Task], most: int) -> Iterator[Sequence[Result]]:
    waiting: set[Future[Sequence[Result]]] = set()
    tasks.reverse()
    while tasks or waiting:
        while tasks and len(waiting) < most:
            with _signals_for_later():
                waiting.add(executor.submit(tasks.pop().work))
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()


@contextmanager
def _executor(workers: int, cluster: str | None) -> Iterator[tuple[Executor, int]]:
    """Start workers, or connect to those of a Dask cluster; say how many there are."""
    if cluster is not None:
        with _cluster(cluster) as executor_and_width:
            yield executor_and_width
        return
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    with ProcessPoolExecutor(workers, context, _begin_worker) as pool:
        try:
            yield pool, workers
        except BaseException:
            # Nobody will take what they do, and the pool would wait for them.
            for process in set(multiprocessing.active_children()) - others:
                process.kill()
            raise


@contextmanager
def _cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """Connect to a Dask cluster, which replaces workers that die and repeats their tasks."""
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        raise InputError("--cluster needs Dask: pip install 'evoarray[cluster]'") from None
    if not re.fullmatch(r"(tcp|tls|wss?)://\S+:[0-9]+", address):  # Client complains twice
        raise InputError(
            f"cluster is {address!r}; it must look like tcp://HOST:8786 or tls://HOST:8786"
        )
    for logger in ("distributed", "distributed.client"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)  # what fails is said once, here
    try:
        _check_encryption(address)
        client = Client(  # type: ignore[no-untyped-call]
            address, timeout=CONNECT_SECONDS, set_as_default=False
        )
    except InputError:
        raise
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(f"cannot reach the cluster {address}: {error}") from None
    try:
        with client:
            here, there = made_with()["versions"], client.run(made_with).values()
            if any(each["versions"]["evoarray"] != here["evoarray"] for each in there):
                raise InputError(f"the cluster {address} has another evoarray than is here")
            executor = client.get_executor(retries=BREAKS)  # type: ignore[no-untyped-call]
            yield executor, max(1, sum(client.ncores().values()))  # type: ignore[no-untyped-call]
    except ModuleNotFoundError as error:
        raise InputError(f"a worker of the cluster {address} misses {error.name}") from None
    except (CancelledError, KilledWorker, OSError) as error:
        raise InputError(
            f"the cluster {address} was lost ({type(error).__name__}); the same command goes on "
            "where it stopped"
        ) from None


def _check_encryption(address: str) -> None:
    """Raise InputError if an address does not go with the certificates of Dask's configuration.

    Client would find out late, and say it by a traceback. Raises OSError for a file that is none.
    """
    from distributed.security import Security

    configured = Security().get_connection_args("client")  # type: ignore[no-untyped-call]
    encrypted = address.startswith(("tls:", "wss:"))
    if encrypted and configured["ssl_context"] is None:
        raise InputError(
            f"the cluster {address} needs certificates: name them in Dask's configuration, "
            "distributed.comm.tls (docs/studies.md)"
        )
    if configured["require_encryption"] and not encrypted:
        raise InputError(
            f"Dask's configuration requires encryption, and the cluster {address} has none: give "
            "its tls:// address"
        )


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@contextmanager
def _signals_for_later() -> Iterator[None]:
    """Let workers that are started here begin with signals blocked, until they can bear them.

    Nor do they import the user's program, in which a study may be done without any guard.
    """
    with held_back(), _without_main(), _with_one_core():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide from multiprocessing where the program is that has been started."""
    main = sys.modules["__main__"]
    names = [name for name in ("__file__", "__spec__") if name in vars(main)]
    hidden: dict[str, Any] = {name: vars(main).pop(name) for name in names}
    try:
        main.__spec__ = None
        yield
    finally:
        vars(main).update(hidden)


@contextmanager
def _with_one_core() -> Iterator[None]:
    """Let processes that are started here have one core each, and this one what it had."""
    before = {name: os.environ.get(name) for name in THREADS}
    take_one_core()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
