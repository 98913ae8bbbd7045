# SPDX-License-Identifier: Apache-2.0
"""The command of `make synth`."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import click

from model.errors import InputError
from model.pages import replace_part
from synth.designs import SYNTHESIS, Design, Family, designs
from synth.netlist import Area, area, find
from synth.report import BEGIN, END, Result, measured, to_json
from synth.tools import (
    ROOT,
    Clock,
    Elaborated,
    elaborate,
    place,
    read_modules,
    synthesize,
    versions,
)

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
    results = _measure(designs(), seeds, jobs)
    text = measured(results, tools, seeds)
    PAGE.write_text(
        replace_part(PAGE.read_text(encoding="utf-8"), BEGIN, END, text), encoding="utf-8"
    )
    RESULTS.write_text(json.dumps(to_json(results, tools, seeds), indent=2), encoding="utf-8")
    click.echo(f"{text}\nWritten: {PAGE.relative_to(ROOT)}, {RESULTS.relative_to(ROOT)}")


def _measure(everything: list[Design], seeds: int, jobs: int) -> list[Result]:
    """Run the tools, `jobs` at a time, with a line for each that is done."""
    with ThreadPoolExecutor(jobs) as pool:
        elaborated = list(pool.map(elaborate, everything))
        areas = {
            (e, family): pool.submit(_area, e, family) for e in elaborated for family in SYNTHESIS
        }
        for (e, family), future in areas.items():
            click.echo(f"{e.design.name}, {family}: {future.result().lut} LUT", err=True)
        placements = {
            (e, device, seed): pool.submit(place, e, device, seed)
            for e in elaborated
            for device in e.design.devices
            for seed in range(1, seeds + 1)
        }
        for (e, device, seed), placing in placements.items():
            clock = placing.result().clock
            click.echo(f"{e.design.name}, {device.name}, seed {seed}: {clock} MHz", err=True)
    return [
        Result(
            e.design,
            {family: areas[e, family].result() for family in SYNTHESIS},
            {
                device: Clock.of([placements[e, device, s].result() for s in range(1, seeds + 1)])
                for device in e.design.devices
            },
        )
        for e in elaborated
    ]


def _area(elaborated: Elaborated, family: Family) -> Area:
    modules = read_modules(synthesize(elaborated, family))
    return area(modules, find(modules, elaborated.design.module), paired=family == "xc7")


if __name__ == "__main__":
    main()
