# SPDX-License-Identifier: Apache-2.0
"""The measured part of docs/synthesis.md."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from evoarray.evolution.synthesis.devices import DEVICES, FAMILY_NAMES, Family
from evoarray.evolution.synthesis.flow import Clock
from evoarray.evolution.synthesis.measure import Result
from evoarray.model.pages import markdown_table
from synth.designs import AXI_TOP, CORE_FRAME, TOP

BEGIN = "<!-- What follows is written by `make synth`. -->"
END = "<!-- Here it ends. -->"

AREA_COLUMNS: dict[Family, tuple[str, ...]] = {
    "xc7": ("lut", "sites", "shift", "flip_flop", "carry", "memory", "multiplier"),
    "ecp5": ("lut", "flip_flop", "carry", "memory", "multiplier"),
    "ice40": ("lut", "flip_flop", "carry", "memory"),
}
LABELS = {
    "lut": "LUT",
    "sites": "LUT6 sites",
    "shift": "shift registers",
    "flip_flop": "FF",
    "carry": "carry",
    "memory": "RAM",
    "multiplier": "DSP",
}
SELDOM = "multiplier"
"""Has a column where any design has such cells."""

CYCLES = CORE_FRAME**2
"""Of an evaluation where frames follow each other: one a pixel, as the tests of rtl/ assert."""


def to_json(results: Sequence[Result], versions: dict[str, str], seeds: int) -> dict[str, Any]:
    """Return all that was measured, for programs."""
    return {
        "versions": versions,
        "seeds": seeds,
        "designs": [
            {
                "name": result.design.name,
                "module": result.design.module,
                "parameters": result.design.parameters,
                "cells": {family: asdict(area) for family, area in result.areas.items()},
                "clock": {device.name: asdict(clock) for device, clock in result.clocks.items()},
            }
            for result in results
        ],
    }


def measured(results: Sequence[Result], versions: dict[str, str], seeds: int) -> str:
    """Return the tables in Markdown."""
    tools = ", ".join(f"{name} {version}" for name, version in versions.items())
    return "\n".join(
        [
            f"`make synth`, {tools}; seeds of nextpnr: {seeds}.",
            "",
            *area_table({result.design.name: result for result in results}),
            "",
            *markdown_table(
                _clock_header(), [_clock_row(r) for r in results if r.clocks], numbers=True
            ),
            "",
        ]
    )


def area_table(results: Mapping[str, Result]) -> list[str]:
    """Return the lines of the table of cells, by what the rows are called."""
    multiplies = any(a.multiplier for result in results.values() for a in result.areas.values())
    columns = [
        (family, column)
        for family, names in AREA_COLUMNS.items()
        for column in names
        if column != SELDOM or multiplies
    ]
    heads = ["cells", *(f"{FAMILY_NAMES[family]}: {LABELS[column]}" for family, column in columns)]
    rows = [
        [name, *(f"{asdict(result.areas[family])[column]:,}" for family, column in columns)]
        for name, result in results.items()
    ]
    return markdown_table(heads, rows, numbers=True)


def used(clock: Clock) -> str:
    """Return how many of a device's cells are used."""
    return f"{clock.used:,} of {clock.available:,}"


def _clock_header() -> list[str]:
    return [
        "clock",
        *(f"{device.name}: {what}" for device in DEVICES for what in ("MHz", "cells used")),
        *(f"{device.name}: evaluations/s" for device in DEVICES),
    ]


def _clock_row(result: Result) -> list[str]:
    clocks = [result.clocks.get(device) for device in DEVICES]
    evaluates = result.design.module in {TOP, AXI_TOP}
    cells = [cell for c in clocks for cell in ((str(c), used(c)) if c else ("", ""))]
    evaluations = [f"{_evaluations(c):,}" if c and evaluates else "" for c in clocks]
    return [result.design.name, *cells, *evaluations]


def _evaluations(clock: Clock) -> int:
    return round(clock.median * 1e6 / CYCLES)
