# SPDX-License-Identifier: Apache-2.0
"""Look at this machine: how fast it is, and what it lacks."""

import json
import sys

import click

from evoarray.commands.options import console, option
from evoarray.evolution import doctor as doctors
from evoarray.evolution.bench import measure
from evoarray.evolution.bench.figures import print_figures
from evoarray.evolution.console import say


@click.command()
@click.option(
    "--side",
    "sides",
    type=click.Choice([str(side) for side in measure.SIDES]),
    multiple=True,
    help="Rows and columns of the array; may be repeated.  [default: all]",
)
@option("--rounds", type=click.IntRange(1, 100), default=3, help="Number of measurements.")
@click.option("--json", "json_wanted", is_flag=True, help="Print a JSON object.")
def bench(sides: tuple[str, ...], rounds: int, json_wanted: bool) -> None:
    """Measure every backend that is installed, in one run, with its spread."""
    printer = console(json_wanted)
    results = measure.bench([int(side) for side in sides] or measure.SIDES, rounds, printer)
    if json_wanted:
        click.echo(json.dumps(results, indent=2))
    else:
        print_figures(results, printer)


@click.command()
@click.option("--json", "json_wanted", is_flag=True, help="Print a JSON object.")
def doctor(json_wanted: bool) -> None:
    """Say which tools are found, and what to install. Fails if something is missing."""
    findings = doctors.examine()
    if json_wanted:
        click.echo(json.dumps({f.name: {"found": f.found, "says": f.says} for f in findings}))
    else:
        for finding in findings:
            say(f"{'ok     ' if finding.found else 'MISSING'} {finding.name}: {finding.says}")
    if not all(finding.found for finding in findings):
        sys.exit(1)
