# SPDX-License-Identifier: Apache-2.0
"""A run: evolve a network, keep everything in the run's folder, and go on where it was stopped.

It is a run like that of a filter, in the same database. Its log has, whenever the best network was
shown the images for validation, how many it gets wrong of those that it learns from.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from rich.console import Console
from rich.table import Table

from evoarray.evolution.backends.ready import require
from evoarray.evolution.console import print_table
from evoarray.evolution.neuro.algorithm import Reals
from evoarray.evolution.neuro.algorithms import (
    Judges,
    Settings,
    algorithm_of,
    data_of,
    settings_of,
)
from evoarray.evolution.neuro.backends import Backend, open_backend
from evoarray.evolution.neuro.judge import PARTS, Judged, judge, replay
from evoarray.evolution.neuro.loop import Search, evolve
from evoarray.evolution.neuro.neat.settings import NEAT
from evoarray.evolution.neuro.progress import NeuroProgress
from evoarray.evolution.neuro.settings import CNNS, EVOLVED
from evoarray.evolution.runs.database import Event, Row
from evoarray.evolution.runs.provenance import made_with
from evoarray.evolution.runs.resuming import load_to_resume, print_json, replay_of
from evoarray.evolution.runs.store import RunStore
from evoarray.model.errors import not_ours, refuse
from evoarray.model.files import write_json
from evoarray.model.neuro.network import Network, save_network

KIND = "neuro"
"""Of a run, in its description; that of a filter has none."""

RUN = (*EVOLVED, *CNNS, NEAT)
"""The algorithms that a run may have."""

NETWORK = "network.json"
VALIDATED = "validated"
"""The event of a row of the log: how many images for validation the champion has right."""

SAVE_SECONDS = 0.5
"""How much of a run may have to be done again after it was killed."""

INTERPRETED = 40
"""Images that are replayed on Icarus, which takes a second for a few of them."""


@dataclass(frozen=True)
class NeuroJob:
    """What a run is asked to do; replay names the simulator for the champion, or is None.

    command is what the user typed.
    """

    settings: Settings
    replay: str | None
    folder: Path
    provenance: Mapping[str, Any]
    command: str = ""

    @classmethod
    def of(
        cls, settings: Settings, replay: str | None, folder: Path, command: str = ""
    ) -> "NeuroJob":
        """Return a new job, made with what runs here.

        Raises InputError for an algorithm that evolves nothing, or whose state cannot be kept,
        which only studies have.
        """
        if settings.algorithm not in RUN:
            legal = ", ".join(RUN)
            refuse("algorithm", settings.algorithm, f"one of {legal}; studies have others")
        provenance = {"settings": asdict(settings), **made_with()}
        return cls(settings, replay, folder, provenance, command)

    def description(self) -> dict[str, Any]:
        """Return what the database says of the run, as JSON."""
        return {
            "kind": KIND,
            "settings": asdict(self.settings),
            "replay": self.replay,
            "provenance": self.provenance,
            "budget": self.settings.evaluations,
            "command": self.command,
        }


@dataclass(frozen=True)
class Validated:
    """How a run stands where its fittest network was shown the images for validation.

    Of the images to train on this network gets `wrong` wrong; of those for validation the champion
    has `right` right. curve has the evaluations and `wrong` of every such moment so far, seconds
    are those of the whole run without pauses, and rate is in evaluations a second.
    """

    evaluations: int
    wrong: int
    right: int
    champion: Network
    curve: Sequence[tuple[int, int]]
    seconds: float
    rate: float


Watch: TypeAlias = Callable[[Validated], bool]
"""Is told how a run stands, and returns whether to stop it."""


def job_of(folder: Path, description: Mapping[str, Any]) -> NeuroJob:
    """Return the job of a run's database. Raises InputError if it is not one that this can do."""
    with not_ours(f"the run {folder}"):
        saved = dict(description["settings"])
        settings = settings_of({name.replace("_", "-"): value for name, value in saved.items()})
        return NeuroJob(settings, replay_of(description), folder, dict(description["provenance"]))


def search_of(job: NeuroJob, checkpoint: Mapping[str, Any] | None) -> Search:
    """Return a search at its start, or as it was saved. Raises InputError for what is none."""
    search = Search(algorithm_of(job.settings))
    if checkpoint is not None:
        with not_ours(f"the checkpoint of the run {job.folder}"):
            search.restore(checkpoint["search"])
            float(checkpoint["seconds"])
    return search


def champion_of(job: NeuroJob, search: Search) -> Network:
    """Return the network that was best for validation, before the first time the fittest one."""
    return replace(search.chosen.network(), provenance=job.provenance)


def run(
    job: NeuroJob,
    console: Console,
    *,
    json_lines: bool = False,
    watch: Callable[[NeuroJob], Watch] | None = None,
    bar: Console | None = None,
) -> None:
    """Evolve, judge, replay on the RTL, and fill the run folder.

    watch returns who is told how the run stands, and may stop it; bar is where it says how far it
    is, if not on the console. Whatever stops it leaves a run that `resume` continues. Raises
    InputError for an existing or unwritable folder, MismatchError if the RTL differs from the
    model.
    """
    if job.replay is not None:
        require(job.replay, "neuro")  # before the work, not after it
    with (
        closing(open_backend(job.settings.backend)) as backend,  # before there is a folder
        RunStore.create(job.folder, job.description(), {}) as store,
    ):
        write_json(job.folder / "provenance.json", job.provenance)
        _go_on(job, store, backend, console, json_lines, watch, bar or console)


def resume(
    folder: Path,
    console: Console,
    *,
    json_lines: bool = False,
    watch: Callable[[NeuroJob], Watch] | None = None,
    bar: Console | None = None,
) -> None:
    """Go on with a run that was stopped; it ends as if it had not been.

    Raises InputError for a run that cannot be continued, such as one of another version.
    """
    with RunStore.open(folder) as store:
        job = job_of(folder, load_to_resume(store, folder, console).description)
        with closing(open_backend(job.settings.backend)) as backend:
            _go_on(job, store, backend, console, json_lines, watch, bar or console)


def _go_on(
    job: NeuroJob,
    store: RunStore,
    backend: Backend,
    console: Console,
    json_lines: bool,
    watch: Callable[[NeuroJob], Watch] | None,
    bar: Console,
) -> None:
    settings, data, loaded = job.settings, data_of(job.settings), store.load()
    search = search_of(job, loaded.checkpoint)
    judges = Judges.of(settings, search.algorithm, data, backend)
    plain = judges.training
    started = saved = time.monotonic()
    before = loaded.checkpoint["seconds"] if loaded.checkpoint else 0.0
    rows: list[Row] = []
    events: list[Event] = []
    found = ""
    curve = [(row.evaluations, row.sae) for row in loaded.rows]
    stops = None if watch is None else watch(job)
    begun, stopped = search.evaluations, False

    def save() -> None:
        checkpoint = {"search": search.state(), "seconds": before + time.monotonic() - started}
        store.save(checkpoint, rows, events)
        rows.clear()
        events.clear()

    try:
        with NeuroProgress(search.evaluations, settings.evaluations, bar) as progress:

            def judged(genomes: Sequence[Any]) -> Reals:
                if search.algorithm.trains:  # which takes its time; the network is then kept
                    for number, genome in enumerate(genomes):
                        genome.network()
                        progress.show(search.evaluations + number, found)
                return judges.seen(genomes)

            budget, until = (settings.evaluations, settings.interval), settings.until_solved
            for _ in evolve(search, judged, judges.validation, *budget, until_solved=until):
                if search.judged == search.evaluations and search.champion:
                    best = search.algorithm.best[0].network()
                    wrong = plain.count - int(plain.measure([best]).right[0])
                    right = search.champion.right
                    rows.append(Row(search.evaluations, wrong, {}))
                    events.append(Event(search.evaluations, VALIDATED, {"right": right}))
                    found = f"{wrong} of {plain.count} wrong"
                    if json_lines:
                        said = {"evaluations": search.evaluations, "wrong": wrong}
                        print_json({**said, "validated": right})
                    curve.append((search.evaluations, wrong))
                    if stops is not None:
                        spent = time.monotonic() - started
                        told = Validated(
                            search.evaluations,
                            wrong,
                            right,
                            champion_of(job, search),
                            tuple(curve),
                            before + spent,
                            (search.evaluations - begun) / spent,
                        )
                        stopped = stops(told) and search.evaluations < settings.evaluations
                progress.show(search.evaluations, found)
                if stopped:
                    break
                if time.monotonic() - saved > SAVE_SECONDS:
                    save()
                    saved = time.monotonic()
            save()
    except BaseException:  # whatever ends it; what it did since it was saved, it will do again
        _leave(job, search, store, console)
        raise
    if stopped:
        _leave(job, search, store, console)
        return
    _finish(job, store, search, backend, console, json_lines)
    store.finish("finished")


def _leave(job: NeuroJob, search: Search, store: RunStore, console: Console) -> None:
    try:
        store.set_status("stopped")
    finally:
        if search.evaluations:
            path = job.folder / NETWORK
            save_network(path, champion_of(job, search))
            console.out(
                f"Stopped after {search.evaluations:,} evaluations; the best network so far is in "
                f"{path}. To go on: evoarray resume {job.folder}"
            )


def _finish(
    job: NeuroJob,
    store: RunStore,
    search: Search,
    backend: Backend,
    console: Console,
    json_lines: bool,
) -> None:
    """Judge the champion, and leave everything in the folder."""
    data, network = data_of(job.settings), champion_of(job, search)
    save_network(job.folder / NETWORK, network)
    judged = judge(network, data)
    if search.evaluations < job.settings.evaluations:
        console.out(f"All that validates is right after {search.evaluations:,} evaluations.")
    _print(judged, console)
    sizes = search.algorithm.sizes(search.chosen)
    if sizes:
        console.out(", ".join(f"{kind}: {count:,}" for kind, count in sizes.items()))
    if job.replay is not None:
        with closing(open_backend(job.replay)) as simulator:
            images = data.test.images[: INTERPRETED if job.replay == "icarus" else None]
            equal = replay(network, images, simulator)
        console.out(
            f"RTL check on {job.replay}: all {equal:,} logits of {len(images)} images of the test "
            "equal the golden model's."
        )
    loaded = store.load()
    assert loaded.checkpoint is not None
    results = {
        "evaluations": search.evaluations,
        "seconds": round(loaded.checkpoint["seconds"], 3),
        "accuracy": {part: judged.accuracy(part) for part in PARTS},
        **asdict(judged),
        "sizes": sizes,
        "counters": search.algorithm.counters,
        "rtl_equal": True if job.replay is not None else None,
    }
    write_json(job.folder / "results.json", results)
    if json_lines:
        print_json({"results": results})
    console.out(f"The results are in {job.folder}")


def _print(judged: Judged, console: Console) -> None:
    table = Table("", *PARTS)
    table.add_row("right", *(f"{judged.right[p]} of {judged.images[p]}" for p in PARTS))
    table.add_row("accuracy", *(f"{judged.accuracy(part):.1%}" for part in PARTS))
    print_table(console, table)
    console.out(
        f"{judged.nonzero:,} of {judged.parameters:,} parameters are not 0; "
        f"an image takes {judged.cycles:,} cycles of the core"
    )
