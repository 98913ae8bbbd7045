# SPDX-License-Identifier: Apache-2.0
"""The command of `make synth`."""

import json
import sys

import click

from model.errors import InputError
from model.pages import replace_part
from synth.designs import designs
from synth.measure import measure
from synth.report import BEGIN, END, measured, to_json
from synth.tools import ROOT, versions

PAGE = ROOT / "docs" / "synthesis.md"
RESULTS = ROOT / "build" / "synth" / "results.json"


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Of nextpnr.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="At a time.")
def main(seeds: int, jobs: int) -> None:
    """Measure area and clock; write docs/synthesis.md and build/synth/results.json.

    What was measured of the same sources before is taken from build/synth.
    """
    try:
        tools = versions()
    except InputError as error:
        click.echo(error, err=True)
        sys.exit(2)
    results = measure(designs(), seeds, jobs)
    text = measured(results, tools, seeds)
    PAGE.write_text(
        replace_part(PAGE.read_text(encoding="utf-8"), BEGIN, END, text), encoding="utf-8"
    )
    RESULTS.write_text(json.dumps(to_json(results, tools, seeds), indent=2), encoding="utf-8")
    click.echo(f"{text}\nWritten: {PAGE.relative_to(ROOT)}, {RESULTS.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
