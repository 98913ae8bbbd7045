# SPDX-License-Identifier: Apache-2.0
"""Area and clock of designs: yosys and nextpnr on all of them."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import click

from evoarray.evolution.synthesis.devices import SYNTHESIS, Design, Device, Family
from evoarray.evolution.synthesis.flow import (
    Clock,
    Elaborated,
    elaborate,
    place,
    read_modules,
    synthesize,
)
from evoarray.evolution.synthesis.netlist import Area, area, find


@dataclass(frozen=True)
class Result:
    """A design and what was measured of it."""

    design: Design
    areas: dict[Family, Area]
    clocks: dict[Device, Clock]


def measure(
    everything: Sequence[Design],
    seeds: int,
    jobs: int,
    families: Collection[Family] = tuple(SYNTHESIS),
) -> list[Result]:
    """Run the tools, `jobs` at a time, with a line for each that is done."""
    with ThreadPoolExecutor(jobs) as pool:
        elaborated = list(pool.map(elaborate, everything))
        areas = {
            (e, family): pool.submit(_area, e, family) for e in elaborated for family in families
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
            {family: areas[e, family].result() for family in families},
            {
                device: Clock.of([placements[e, device, s].result() for s in range(1, seeds + 1)])
                for device in e.design.devices
            },
        )
        for e in elaborated
    ]


def _area(elaborated: Elaborated, family: Family) -> Area:
    modules = read_modules(elaborated.root / synthesize(elaborated, family))
    return area(modules, find(modules, elaborated.design.module), paired=family == "xc7")
