# SPDX-License-Identifier: Apache-2.0
"""How the runs in a folder stand, seen without changing or disturbing any of them."""

import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from evoarray.evolution.runs.database import STATUSES, Loaded, read
from evoarray.evolution.runs.lock import LOCK, is_held
from evoarray.evolution.runs.sqlite import check_plain, connect, parts
from evoarray.evolution.runs.store import DATABASE, examine, said
from evoarray.model.errors import InputError
from evoarray.model.temporary import TemporaryFolder

RETRY_PAUSE = 0.05  # seconds
TRIES = 6


@dataclass(frozen=True)
class RunInfo:
    """What a list of runs shows; None is what is not known.

    state is running, stopped, finished, killed or damaged, or unreadable where the disk or the
    system is in the way; problem is a sentence about either.
    evaluations, budget, best and wrong are numbers as in Row; created is ISO 8601 in UTC. fitness
    is what a filter evolves by, and best its lowest value as evolution counts it; sae is the same
    if the fitness is the SAE. A run that evolves a network has none of these, but the number of
    training images that it gets wrong.
    """

    folder: Path
    state: str
    evaluations: int | None = None
    budget: int | None = None
    sae: int | None = None
    fitness: str | None = None
    best: int | None = None
    wrong: int | None = None
    command: str | None = None
    created: str | None = None
    problem: str | None = None


class UnreadableError(InputError):
    """A run cannot be read, though it may be sound; the message says why."""


def list_runs(folder: Path) -> list[RunInfo]:
    """Return all runs in a folder and below it, by path. Changes nothing, and disturbs no writer.

    Raises InputError if the folder cannot be read.
    """
    with said(f"cannot list the runs in {folder}"):
        next(folder.iterdir(), None)
        return [_info(path) for path in sorted(folder.rglob(DATABASE)) if path.is_file()]


def look(path: Path) -> tuple[Loaded, str]:
    """Return a run as its database has it, and how it stands, as in RunInfo.

    Changes nothing, and disturbs no writer. Raises InputError if it cannot be read.
    """
    run, problem = None, InputError(f"cannot read {path}")
    for attempt in range(TRIES):
        time.sleep(RETRY_PAUSE * attempt)  # a writer may just be opening or closing it
        try:
            check_plain(*parts(path))
            running = is_held(path.with_name(LOCK))
            run, damaged = _read_only(path, running)
            if not damaged:
                break
        except InputError as error:
            problem = error
        except UnicodeDecodeError:  # SQLite quotes what is no text
            problem = InputError(f"{path} is not a run's database, or is damaged")
        except sqlite3.Error as error:
            problem = UnreadableError(f"cannot read {path}: {error}")
        except OSError as error:  # also of a full folder for temporary files
            place = error.filename2 or error.filename or path
            problem = UnreadableError(f"cannot read {path}: {place}: {error.strerror or error}")
    if run is None:
        raise problem
    if damaged:
        return run, "damaged"
    if running:
        return run, "running"
    return run, "killed" if run.status == STATUSES[0] else run.status


def kind_of(folder: Path) -> str:
    """Return what kind of run is in a folder: "" is that of a filter, or of no run at all."""
    path = folder / DATABASE
    if not path.is_file():
        return ""
    with said(f"cannot open the run {folder}"):
        return str(look(path)[0].description.get("kind", ""))


def _info(path: Path) -> RunInfo:
    """Return what a list shows of one run."""
    try:
        run, state = look(path)
    except UnreadableError as error:
        return RunInfo(path.parent, "unreadable", problem=str(error))
    except InputError as error:
        return RunInfo(path.parent, "damaged", problem=str(error))
    settings, command = run.description.get("settings"), run.description.get("command")
    budget = settings.get("evaluations") if isinstance(settings, dict) else None
    best = run.rows[-1].sae if run.rows else None
    of_filter = "kind" not in run.description
    asked = settings.get("fitness", "sae") if isinstance(settings, dict) else "sae"
    fitness = str(asked) if of_filter else None
    return RunInfo(
        path.parent,
        state,
        run.rows[-1].evaluations if run.rows else 0,
        budget if type(budget) is int else None,
        sae=best if fitness == "sae" else None,
        fitness=fitness,
        best=best if of_filter else None,
        wrong=None if of_filter else best,
        command=command if isinstance(command, str) else None,
        created=run.created,
        problem="resuming it goes on from the last good checkpoint" if state == "damaged" else None,
    )


def _read_only(path: Path, running: bool) -> tuple[Loaded, bool]:
    """Do as examine does, but also while the run is written, and so that no file changes."""
    there = [part for part in parts(path) if part.exists()]
    if len(there) > 1 and not running:  # a killed writer's; SQLite must write to recover them
        with TemporaryFolder() as copy:
            for part in there:
                shutil.copy(part, copy)
            return examine(Path(copy, path.name), path)
    options = "mode=ro&readonly_shm=1" if len(there) > 1 else "immutable=1"
    with closing(connect(path, options)) as database:
        database.execute("BEGIN")  # all that follows is of one moment
        return read(database, path)
