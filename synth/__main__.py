# SPDX-License-Identifier: Apache-2.0
"""The command of `make synth`."""

import sys

import click

from evoarray.evolution.synthesis.flow import BUILD, versions
from evoarray.evolution.synthesis.measure import measure
from evoarray.model.errors import InputError
from evoarray.model.files import write_atomically, write_json
from evoarray.model.pages import replace_part
from evoarray.model.rtl import ROOT
from synth.designs import designs
from synth.report import BEGIN, END, measured, to_json

PAGE = ROOT / "docs" / "synthesis.md"
RESULTS = ROOT / BUILD / "results.json"


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
    page = replace_part(PAGE.read_text(encoding="utf-8"), BEGIN, END, text)
    write_atomically(PAGE, page.encode())
    write_json(RESULTS, to_json(results, tools, seeds))
    click.echo(f"{text}\nWritten: {PAGE.relative_to(ROOT)}, {RESULTS.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
