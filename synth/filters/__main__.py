# SPDX-License-Identifier: Apache-2.0
"""The command of `make compare-filters`."""

import sys

import click

from evoarray.evolution.synthesis.devices import Family
from evoarray.evolution.synthesis.flow import versions
from evoarray.evolution.synthesis.measure import Result, measure
from evoarray.model.errors import InputError
from evoarray.model.files import write_atomically, write_json
from evoarray.model.pages import replace_part
from evoarray.model.rtl import ROOT
from synth.filters.contenders import EVOLVED, Contender, by_hand, evolved, quality
from synth.filters.evolution import BUILD, LITERATURE, NOISES, Noise, held_out
from synth.filters.report import BEGIN, END, Measured, page, to_json

PAGE = ROOT / "docs" / "filters.md"
RESULTS = BUILD / "results.json"


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Of nextpnr.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="At a time.")
def main(seeds: int, jobs: int) -> None:
    """Evolve filters, measure them beside the medians; write docs/filters.md.

    What was evolved or measured before is taken from build/.
    """
    try:
        tools = versions()
    except InputError as error:
        click.echo(error, err=True)
        sys.exit(2)
    contenders = {noise: _contenders(noise) for noise in NOISES}
    results = _measure(contenders, seeds, jobs)
    comparison = {
        noise: [
            Measured(each, quality(each, held_out(noise)), results[each.design.name])
            for each in filters
        ]
        for noise, filters in contenders.items()
    }
    (best,) = (each for each in contenders[LITERATURE] if each.name == EVOLVED)
    abroad = {noise: quality(best, held_out(noise)) for noise in NOISES}
    text = page(comparison, abroad, tools, seeds)
    write_atomically(
        PAGE, replace_part(PAGE.read_text(encoding="utf-8"), BEGIN, END, text).encode()
    )
    write_json(RESULTS, to_json(comparison, abroad, tools, seeds))
    click.echo(f"{text}\nWritten: {PAGE.relative_to(ROOT)}, {RESULTS.relative_to(ROOT)}")


def _contenders(noise: Noise) -> list[Contender]:
    contenders = [*by_hand(), *evolved(noise)]
    click.echo(f"{noise.name}: evolved", err=True)
    return contenders


def _measure(contenders: dict[Noise, list[Contender]], seeds: int, jobs: int) -> dict[str, Result]:
    """Measure all of those for LITERATURE, and the others, by name of design, on 7 series alone."""
    designs = {each.design.name: each.design for filters in contenders.values() for each in filters}
    placed = {each.design.name for each in contenders[LITERATURE]}
    everywhere = [design for name, design in designs.items() if name in placed]
    others = [design for name, design in designs.items() if name not in placed]
    area: tuple[Family, ...] = ("xc7",)
    results = [*measure(everywhere, seeds, jobs), *measure(others, seeds, jobs, area)]
    return {result.design.name: result for result in results}


if __name__ == "__main__":
    main()
