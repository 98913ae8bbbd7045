# SPDX-License-Identifier: Apache-2.0
"""A run: evolve a filter, keep everything in the run's folder, and go on where it was stopped."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from rich.console import Console

from evoarray.evolution.backends.ready import require
from evoarray.evolution.filter.backends import Backend
from evoarray.evolution.filter.comparison import (
    EVOLVED,
    as_json,
    compare,
    print_comparisons,
    rival,
    verdict,
    verdict_as_json,
)
from evoarray.evolution.filter.goals import Cost
from evoarray.evolution.filter.loop import Epoch, evolve, found, observe
from evoarray.evolution.filter.runs.job import Job, job_of
from evoarray.evolution.filter.runs.live import LiveView, Picture, is_watchable
from evoarray.evolution.filter.runs.progress import Lines, View, Watched
from evoarray.evolution.filter.runs.results import (
    replay,
    save_circuit,
    write_curve,
    write_front,
    write_pictures,
)
from evoarray.evolution.filter.topology import Edges
from evoarray.evolution.filter.world import World
from evoarray.evolution.runs.database import Event, Row
from evoarray.evolution.runs.resuming import load_to_resume, print_json
from evoarray.evolution.runs.store import RunStore
from evoarray.evolution.stopping import held_back
from evoarray.model.errors import InputError, not_ours
from evoarray.model.files import write_json
from evoarray.model.filter.circuit import Shape, circuit_of, write_circuit
from evoarray.model.filter.fitness import load_metrics
from evoarray.model.images import write_image

SAVE_SECONDS = 0.5
"""How much of a run may have to be done again after it was killed."""


def run(
    job: Job,
    console: Console,
    *,
    json_lines: bool = False,
    view: View | None = None,
    drawings: bool = True,
) -> None:
    """Evolve, compare, replay on the RTL, and fill the run folder.

    view shows how the run stands, if it is not for the console to do so; without drawings there
    are no pictures in the folder, which take longer than a short run. Whatever stops it leaves a
    run that `resume` continues, and the best circuit so far. Raises InputError for an existing or
    unwritable folder, MismatchError if the RTL differs from the model.
    """
    if job.replay is not None:
        require(job.replay, "filter")  # before the work, not after it
    with RunStore.create(job.folder, job.description(), job.images()) as store:
        try:
            write_json(job.folder / "provenance.json", job.provenance)
            backend = job.open_backend()
        except BaseException:
            shutil.rmtree(job.folder)  # while it is locked; so that the next try may have the name
            raise
        with closing(backend):
            _go_on(job, store, backend, console, json_lines, view, drawings)


def resume(
    folder: Path,
    workers: int,
    console: Console,
    *,
    json_lines: bool = False,
    view: Callable[[Job], View] | None = None,
    cost: Cost | None = None,
) -> None:
    """Go on with a run that was stopped; it ends as if it had not been.

    cost is the function of a run whose fitness is one.
    Raises InputError for a run that cannot be continued, such as one of another version.
    """
    with RunStore.open(folder) as store:
        loaded = load_to_resume(store, folder, console)
        if loaded.checkpoint is not None and not loaded.rows:
            raise InputError(f"the run {folder} has no curve and cannot be resumed")
        job = job_of(folder, loaded.description, loaded.images, workers, cost)
        with closing(job.open_backend()) as backend:
            watch = None if view is None else view(job)
            _go_on(job, store, backend, console, json_lines, watch, drawings=True)


class _TimeUp(Exception):  # noqa: N818  (not an error)
    """The seconds that the run may take are over, in the middle of an epoch."""


class _Log:
    """What has happened since the run was last saved, and how it stands after the last epoch."""

    def __init__(self, store: RunStore) -> None:
        loaded = store.load()
        self._store = store
        self._rows: list[Row] = []
        self._events: list[Event] = []
        self._checkpoint = loaded.checkpoint
        self._saved = time.monotonic()
        self._edges: Edges | None = None
        self.resumed = loaded.checkpoint is not None
        self.loaded = loaded

    def world(self, shape: Shape) -> World | None:
        """Return the world as it was saved last, or None before the first time.

        Raises InputError if what was saved is none.
        """
        if self._checkpoint is None:
            return None
        with not_ours("the checkpoint of the run"):
            world = World.from_json(self._checkpoint["world"], shape)
            float(self._checkpoint["seconds"])
            self._edges = world.edges
            return world

    @property
    def seconds(self) -> float:
        """The time that the run has taken so far, without pauses."""
        return self._checkpoint["seconds"] if self._checkpoint else 0.0

    def note(self, epoch: Epoch, world: World, seconds: float) -> None:
        """Remember an epoch, and its network if it is new; save if the last time is a while ago."""
        row = Row(epoch.evaluations, epoch.sae, epoch.saes)
        details = {} if epoch.edges == self._edges else {"edges": epoch.edges}
        events = [Event(epoch.evaluations, event, details) for event in epoch.events]
        self._edges = epoch.edges
        self._note(world, seconds, [*self._rows, row], [*self._events, *events])

    def note_progress(self, world: World, seconds: float) -> None:
        """Remember how a world stands in an epoch; save if that is due."""
        self._note(world, seconds, self._rows, self._events)

    def _note(self, world: World, seconds: float, rows: list[Row], events: list[Event]) -> None:
        checkpoint = {"world": world.as_json(), "seconds": seconds}
        # All at once, or a signal in between would part what belongs together.
        vars(self).update(_checkpoint=checkpoint, _rows=rows, _events=events)
        if time.monotonic() - self._saved > SAVE_SECONDS:
            self.save("running")

    def save(self, status: str) -> None:
        """Save what was noted."""
        if self._checkpoint is not None:
            self._store.save(self._checkpoint, self._rows, self._events, status)
        self._rows, self._events, self._saved = [], [], time.monotonic()


def _go_on(
    job: Job,
    store: RunStore,
    backend: Backend,
    console: Console,
    json_lines: bool,
    view: View | None,
    drawings: bool,
) -> None:
    settings, log = job.settings, _Log(store)
    before = log.seconds

    def seconds() -> float:
        return before + watched.seconds

    def is_time_up() -> bool:
        return 0 < settings.seconds <= seconds()

    def pulse() -> None:
        assert world is not None
        if any(tribe.owed for tribe in world.tribes):  # else the epoch is noted as a whole
            if is_time_up():
                raise _TimeUp
            log.note_progress(world, seconds())

    if job.sample:
        console.out(
            f"Evolving on {job.sample:,} of the {job.pixels:,} windows of the training photos, "
            f"whose {job.goal.name} is shown until the end; --sample all evolves on all of them"
        )
    watched = Watched(backend, settings.evaluations, view or view_on(job, console), pulse, job.goal)
    try:
        with watched:
            world = log.world(settings.shape)
            if world is None:
                world = found(settings, watched)
            else:
                watched.resume(world, log.loaded.rows, log.loaded.events)
            epochs = evolve(settings, watched, world)
            if log.resumed:
                next(epochs)  # it was noted before
            for epoch in _until_time_is_up(epochs, world):
                log.note(epoch, world, seconds())
                watched.note(epoch)
                if json_lines:
                    print_json(
                        {
                            "evaluations": epoch.evaluations,
                            job.goal.key: job.goal.value(epoch.sae),
                            "tribes": {t: job.goal.value(sae) for t, sae in epoch.saes.items()},
                            "events": epoch.events,
                        }
                    )
                if is_time_up():
                    break
        log.save("running")
    except BaseException:  # whatever ends it: Ctrl-C, the simulator, a closed terminal
        _leave(job, log, watched, console)
        raise
    _finish(job, store, world, console, json_lines, drawings)
    store.finish("finished")


def _until_time_is_up(epochs: Iterator[Epoch], world: World) -> Iterator[Epoch]:
    """Yield the epochs, and what there is of the last one when its time is up."""
    try:
        yield from epochs
    except _TimeUp:
        world.end_epoch()
        yield observe(world)


def view_on(job: Job, console: Console) -> View:
    """Return who shows a run on a console: a live view on a terminal, plain lines elsewhere."""
    if not is_watchable(console):
        return Lines(console)
    picture = Picture(job.settings.shape, job.training[0].given)
    label, level = rival(job.training, job.goal)
    return LiveView(console, picture, (label, round(level * job.share)))


def _leave(job: Job, log: _Log, watched: Watched, console: Console) -> None:
    """Save what there is of a run that is stopped."""
    try:
        log.save("stopped")
    finally:
        if watched.best is not None:
            circuit = circuit_of(watched.best, job.settings.shape, job.provenance)
            save_circuit(job.folder, circuit, console)
            console.out(
                f"Stopped after {watched.evaluations} evaluations; the best circuit so far, "
                f"{job.goal.name} {watched.sae:,}, is in {job.folder / 'circuit.json'}. "
                f"To go on: {job.resuming}"
            )


def _finish(
    job: Job, store: RunStore, world: World, console: Console, json_lines: bool, drawings: bool
) -> None:
    """Judge the champion, and leave everything in the folder."""
    with held_back():  # an exception while modules in C are loaded may end the process
        load_metrics()
    circuit = circuit_of(world.best, job.settings.shape, job.provenance)
    save_circuit(job.folder, circuit, console)
    for number, before in enumerate(job.after, 1):
        write_circuit(job.folder / f"before-{number}.json", before)
    loaded = store.load()
    comparisons = [compare(photo, circuit) for photo in (*job.training, *job.held_out)]
    write_image(job.folder / "filtered.png", comparisons[0].images[EVOLVED])
    trained = comparisons[: len(job.training)]
    if drawings:
        write_pictures(job, trained, loaded.rows, console)
    write_curve(job.folder / "curve.csv", loaded.rows, job.goal)
    write_front(job, world.front)
    print_comparisons(console, comparisons, len(job.training))
    console.out("\n".join(verdict(comparisons)))
    if job.replay is not None:
        first = job.training[0]
        replay(circuit, first, job.replay)
        console.out(
            f"RTL check on {job.replay}: all {first.noisy.size:,} pixels of "
            f"{first.name} and the SAE equal the golden model's."
        )
    assert loaded.checkpoint is not None
    results = {
        "evaluations": world.evaluations,
        "seconds": round(loaded.checkpoint["seconds"], 3),
        "sae": sum(comparison.metrics[EVOLVED].sae for comparison in trained),
        "fitness": {"of": job.settings.fitness, "value": job.goal.value(world.sae)},
        "sample": {"windows": job.sample, job.goal.key: world.sae} if job.sample else None,
        "luts": world.luts if world.front else None,
        "tribes": {tribe.number: job.goal.value(tribe.sae) for tribe in world.tribes},
        "counters": world.counters,
        "beats_median": all(comparison.beats_median for comparison in comparisons),
        **verdict_as_json(comparisons),
        "rtl_equal": True if job.replay is not None else None,
        "photos": [
            {"name": c.photo.name, **{label: as_json(m) for label, m in c.metrics.items()}}
            for c in comparisons
        ],
    }
    write_json(job.folder / "results.json", results)
    if json_lines:
        print_json({"results": results})
    console.out(f"The results are in {job.folder}")
