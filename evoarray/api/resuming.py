# SPDX-License-Identifier: Apache-2.0
"""Going on with a run that was stopped or killed, of a filter or of a network.

The command `evoarray resume` calls `go_on`, as `resume` does.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from evoarray.api.network_watching import bar_of, watch_of
from evoarray.api.watching import Stop, quiet_console, view_of
from evoarray.api.workers import workers_of
from evoarray.evolution.filter.goals import Cost
from evoarray.evolution.filter.runs import run as filters
from evoarray.evolution.filter.runs.job import Job
from evoarray.evolution.filter.runs.progress import View
from evoarray.evolution.neuro import run as networks
from evoarray.evolution.neuro.run import NeuroJob, Watch
from evoarray.evolution.runs.listing import kind_of
from evoarray.model.errors import InputError

if TYPE_CHECKING:
    from evoarray.api.network_runs import NetworkRun
    from evoarray.api.runs import Run


def resume(
    folder: str | os.PathLike[str],
    *,
    fitness: Cost | None = None,
    workers: int | None = None,
    callback: Callable[[Any], object] | None = None,
    progress: bool | None = None,
) -> "Run | NetworkRun":
    """Go on with a run that was stopped or killed; it ends as if it had not been.

    fitness is the function of a run of a filter whose fitness is one, which must be the same.
    workers are the cores for the tribes of a filter, by default all; the run of a network has one.
    callback and progress are those of `evolve` and `evolve_network`.

    Raises InputError for a folder of which no run can go on.
    """
    place = Path(folder)
    with suppress(Stop):
        go_on(
            place,
            fitness=fitness,
            workers=workers,
            view=lambda job: view_of(job, callback, progress),
            watch=lambda job: watch_of(job, callback, progress),
            bar=bar_of(progress),
        )
    # To read a run takes more modules than to evolve, which commands need not wait for.
    if is_network_run(place):
        from evoarray.api.network_runs import NetworkRun

        return NetworkRun(place)
    from evoarray.api.runs import Run

    return Run(place, cost=fitness)


def go_on(
    folder: Path,
    *,
    fitness: Cost | None = None,
    workers: int | None = None,
    view: Callable[[Job], View] | None = None,
    watch: Callable[[NeuroJob], Watch] | None = None,
    bar: Console | None = None,
    console: Console | None = None,
    json_lines: bool = False,
) -> None:
    """Do what `resume` does in the folder; view is for a filter, watch and bar for a network."""
    console, workers = console or quiet_console(), workers_of(workers)
    if not is_network_run(folder):
        filters.resume(folder, workers, console, json_lines=json_lines, view=view, cost=fitness)
        return
    if fitness is not None:
        raise InputError(f"fitness has no effect on {folder}, the run of a network; leave it out")
    networks.resume(folder, console, json_lines=json_lines, watch=watch, bar=bar)


def is_network_run(folder: Path) -> bool:
    """Return whether a folder has the run of a network. Raises InputError for a damaged one."""
    return kind_of(folder) == networks.KIND
