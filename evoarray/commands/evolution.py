# SPDX-License-Identifier: Apache-2.0
"""Evolve, go on, and list what there is."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from evoarray.api.evolving import begin
from evoarray.api.resuming import go_on
from evoarray.commands.grouping import Grouped
from evoarray.commands.options import (
    FILE,
    after_option,
    backend_option,
    config_option,
    console,
    convert_option,
    given,
    json_lines_option,
    option,
    output_option,
    train_pair_option,
    with_options,
    workers_option,
)
from evoarray.evolution.backends.ready import SIMULATORS
from evoarray.evolution.console import print_table
from evoarray.evolution.filter.goals import Goal
from evoarray.evolution.filter.presets import DEFAULT, NAMES, PRESETS, with_preset
from evoarray.evolution.filter.settings import OPTIONS
from evoarray.evolution.runs.listing import RunInfo, list_runs
from evoarray.model.errors import printable
from evoarray.model.filter.functions import FUNCTION_SETS

_USUAL = with_preset({})
"""Options of a run for which none is given."""


GROUPS = {
    "Files": ("output", "config", "train_pair", "test_pair", "after", "convert"),
    "Array": ("size", "rows", "cols", "function_set", "functions", "start"),
    "Budget": ("evaluations", "seconds", "stagnation", "target_sae"),
    "Fitness": ("fitness", "sample", "parsimony", "lut_weight"),
    "Mutation and selection": ("mutation_rate", "scope", "children", "accept", "temperature"),
    "Tribes": (
        *("tribes", "war_interval", "drop_interval", "drop_worse", "survivors"),
        *("topology", "rewire_interval", "migration_interval", "mates"),
    ),
    "Crossover": (
        *("crossover", "crossover_interval", "crossover_attempts", "crossover_size", "donor"),
    ),
    "In steps": ("growth", "pieces", "abrupt_after", "abrupt_rate"),
    "Run": ("preset", "seed", "backend", "workers", "replay", "json_lines", "help"),
}


@click.command(cls=Grouped, groups=GROUPS)
@click.argument("noisy", type=FILE)
@click.argument("clean", type=FILE)
@output_option(metavar="DIR", help="The run folder; it must not exist yet.")
@option("--size", default="8x8", metavar="ROWSxCOLS", help="Rows and columns of the array.")
@click.option("--rows", type=int, help="Rows of the array, if --size is not given.")
@click.option("--cols", type=int, help="Columns of the array, if --size is not given.")
@option(
    "--function-set",
    type=click.Choice(list(FUNCTION_SETS)),
    default=_USUAL["function-set"],
    help="What a processing element can compute.",
)
@with_options(OPTIONS, usual=_USUAL)
@backend_option(default="fast")
@config_option
@option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default=DEFAULT,
    help="Options that go together, for all of them that are not given: annealing (the best that "
    "was found, whose defaults are shown here), thesis (its best), or plain (one tribe).",
)
@workers_option
@train_pair_option
@after_option
@click.option(
    "--test-pair",
    type=(FILE, FILE),
    multiple=True,
    metavar="NOISY CLEAN",
    help="Images that evolution does not see, for the table at the end; may be repeated.",
)
@click.option(
    "--replay",
    type=click.Choice(SIMULATORS),
    help="Check the champion, pixel by pixel, on the RTL in this simulator.",
)
@json_lines_option
@convert_option
def evolve(
    noisy: Path,
    clean: Path,
    output: Path,
    backend: str,
    workers: int | None,
    train_pair: tuple[tuple[Path, Path], ...],
    after: tuple[Path, ...],
    test_pair: tuple[tuple[Path, Path], ...],
    replay: str | None,
    json_lines: bool,
    convert: bool,
    **_: Any,
) -> None:
    """Evolve a filter that turns NOISY into CLEAN.

    Leaves in DIR the circuit, the filtered image, a comparison with the medians, the curve of the
    best SAE, and all that is needed to repeat the run.
    """
    options = given(click.get_current_context())
    begin(
        noisy,
        clean,
        {name: value for name, value in options.items() if name in NAMES},
        output,
        backend=backend,
        workers=workers,
        train_pair=train_pair,
        test_pair=test_pair,
        after=after,
        replay=replay,
        convert=convert,
        console=console(json_lines),
        json_lines=json_lines,
    )


@click.command()
@click.argument("folder", type=FILE, metavar="DIR")
@workers_option
@json_lines_option
def resume(folder: Path, workers: int | None, json_lines: bool) -> None:
    """Go on with the run in DIR, which was stopped or killed.

    It ends in the same circuit or network, curve and counters as if it had not been.
    """
    go_on(folder, workers=workers, console=console(json_lines), json_lines=json_lines)


@click.command()
@click.argument("folder", type=FILE, metavar="DIR", default=Path("runs"))
@click.option("--json", "json_wanted", is_flag=True, help="Print a JSON array.")
def runs(folder: Path, json_wanted: bool) -> None:
    """List the runs in DIR: how they stand, their best result and their command.

    The best result of a filter is its SAE, or what else its fitness is, that of a network the
    number of training images it gets wrong.
    """
    found = list_runs(folder)
    if json_wanted:
        click.echo(json.dumps([_as_json(info) for info in found]))
        return
    table = Table(*("run", "state", "evaluations", "best", "begun (UTC)", "command"))
    for info in found:
        done = f"{info.evaluations or 0:,} of {info.budget or 0:,}"
        best = "-"
        if info.best is not None:
            best = f"{_goal_of(info).name} {info.best:,}"
        if info.wrong is not None:
            best = f"{info.wrong:,} wrong"
        says = info.problem or info.command or ""
        begun = (info.created or "-")[:19].replace("T", " ")
        told = (str(info.folder), info.state, done, best, begun, says)
        table.add_row(*map(printable, told))
    print_table(console(False), table)


def _goal_of(info: RunInfo) -> Goal:
    return Goal(info.fitness or "sae")


def _as_json(info: RunInfo) -> dict[str, Any]:
    best = None if info.best is None else _goal_of(info).value(info.best)
    return {**asdict(info), "folder": str(info.folder), "best": best}
