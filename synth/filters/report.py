# SPDX-License-Identifier: Apache-2.0
"""The measured part of docs/filters.md."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evoarray.evolution.synthesis.devices import DEVICES
from evoarray.evolution.synthesis.measure import Result
from evoarray.evolution.synthesis.netlist import Area
from evoarray.model.pages import markdown_table
from synth.filters.contenders import EVOLVED, Contender, Quality
from synth.filters.evolution import LITERATURE, Noise
from synth.report import area_table, used

BEGIN = "<!-- What follows is written by `make compare-filters`. -->"
END = "<!-- Here it ends. -->"

PUBLISHED = "about a quarter"
"""Of an adaptive median's area; what Vasicek and Sekanina report of filters of equal quality."""

NEARLY = 0.01
"""By how much more SAE an adaptive median counts as good as another one."""

_QUALITIES: tuple[tuple[str, Callable[[Quality], str]], ...] = (
    ("SAE", lambda q: f"{q.sae:,.0f}"),
    ("SAE / 3x3 median's", lambda q: f"{q.ratio:.3f}"),
    ("PSNR in dB", lambda q: f"{q.psnr:.2f}"),
    ("SSIM", lambda q: f"{q.ssim:.3f}"),
)


@dataclass(frozen=True)
class Measured:
    """A filter for a noise: how good it is on the held-out photos, and what its hardware takes."""

    contender: Contender
    quality: Quality
    result: Result


Comparison = Mapping[Noise, Sequence[Measured]]
"""What was measured, by noise; the filters are the same for all, and in the same order."""

Abroad = Mapping[Noise, Quality]
"""How good the filter evolved for LITERATURE is where there is another noise."""

ABROAD = f"{EVOLVED} for {LITERATURE.name}"


def to_json(
    comparison: Comparison, abroad: Abroad, versions: Mapping[str, str], seeds: int
) -> dict[str, Any]:
    """Return all that was measured, for programs."""
    return {
        "versions": dict(versions),
        "seeds": seeds,
        "noises": [
            {
                "kind": noise.kind,
                "amount": noise.amount,
                "filters": [_to_json(each) for each in measured],
                ABROAD: asdict(abroad[noise]),
            }
            for noise, measured in comparison.items()
        ],
    }


def page(comparison: Comparison, abroad: Abroad, versions: Mapping[str, str], seeds: int) -> str:
    """Return the tables and what they come to, in Markdown."""
    tools = ", ".join(f"{name} {version}" for name, version in versions.items())
    main = comparison[LITERATURE]
    return "\n".join(
        [
            f"`make compare-filters`, {tools}; seeds of nextpnr: {seeds}.",
            "",
            *_quality_tables(comparison, abroad),
            f"Area of the filters for {LITERATURE.name}:",
            "",
            *area_table({each.contender.name: each.result for each in main}),
            "",
            *markdown_table(
                ["filter", "latency in cycles", "rows in memory", *_clock_heads()],
                [_clock_row(each) for each in main],
                numbers=True,
            ),
            "",
            "LUT6 sites and shift registers of the evolved filters on 7 series:",
            "",
            *_sites_table(comparison),
            "",
            *(f"- {_sentence(each, main)}" for each in main if _is_evolved(each)),
            "",
        ]
    )


def sites(area: Area) -> int:
    """Return the LUT6 sites of an area on 7 series; a shift register takes one, too."""
    return area.sites + area.shift


def rival_of(evolved: Measured, measured: Sequence[Measured]) -> tuple[Measured, bool]:
    """Return the adaptive median to compare a filter's area with, and whether it is as good.

    That is the smallest one that leaves no more SAE; where there is none, the smallest one that is
    as good as the best of them, but for NEARLY.
    """
    medians = [each for each in measured if each.contender.is_adaptive]
    good = [each for each in medians if each.quality.sae <= evolved.quality.sae]
    least = min(each.quality.sae for each in medians)
    nearly = [each for each in medians if each.quality.sae <= least * (1 + NEARLY)]
    return min(good or nearly, key=lambda each: sites(each.result.areas["xc7"])), bool(good)


def _sentence(evolved: Measured, measured: Sequence[Measured]) -> str:
    rival, is_as_good = rival_of(evolved, measured)
    ours, its = (sites(each.result.areas["xc7"]) for each in (evolved, rival))
    plain = evolved.result.areas["xc7"].sites / rival.result.areas["xc7"].sites
    leaves = (
        f"the smallest adaptive median that is at least as good, {rival.contender.name}, leaves "
        f"{rival.quality.sae:,.0f}"
        if is_as_good
        else f"no adaptive median leaves as little; the smallest that is as good as the best of "
        f"them within {NEARLY * 100:g} %, {rival.contender.name}, leaves {rival.quality.sae:,.0f}"
    )
    return (
        f"**{evolved.contender.name}** leaves an SAE of {evolved.quality.sae:,.0f} on a held-out "
        f"photo; {leaves}. On 7 series its {ours:,} LUT6 sites are **{ours / its:.2f}** of that "
        f"one's {its:,} ({plain:.2f} without shift registers); the literature says {PUBLISHED}."
    )


def _is_evolved(measured: Measured) -> bool:
    return measured.contender.name.startswith(EVOLVED)


def _quality_tables(comparison: Comparison, abroad: Abroad) -> list[str]:
    lines = []
    names = [each.contender.name for each in comparison[LITERATURE]]
    for what, shown in _QUALITIES:
        rows = [
            [name, *(shown(measured[row].quality) for measured in comparison.values())]
            for row, name in enumerate(names)
        ]
        rows.append([ABROAD, *(shown(abroad[noise]) for noise in comparison)])
        heads = [what, *(noise.name for noise in comparison)]
        lines += [*markdown_table(heads, rows, numbers=True), ""]
    return lines


def _sites_table(comparison: Comparison) -> list[str]:
    rows = [
        [name, *(_sites(measured[row].result.areas["xc7"]) for measured in comparison.values())]
        for row, name in enumerate(each.contender.name for each in comparison[LITERATURE])
        if _is_evolved(comparison[LITERATURE][row])
    ]
    return markdown_table(["", *(noise.name for noise in comparison)], rows, numbers=True)


def _sites(area: Area) -> str:
    return f"{area.sites:,} + {area.shift:,}"


def _clock_heads() -> list[str]:
    return [f"{device.name}: {what}" for device in DEVICES for what in ("MHz", "cells used")]


def _clock_row(measured: Measured) -> list[str]:
    clocks = [measured.result.clocks[device] for device in DEVICES]
    filter_ = measured.contender
    return [
        filter_.name,
        str(filter_.latency),
        str(filter_.side - 1),
        *(cell for clock in clocks for cell in (str(clock), used(clock))),
    ]


def _to_json(measured: Measured) -> dict[str, Any]:
    result = measured.result
    return {
        "name": measured.contender.name,
        "window": measured.contender.side,
        "latency": measured.contender.latency,
        "held_out": asdict(measured.quality),
        "cells": {family: asdict(area) for family, area in result.areas.items()},
        "clock": {device.name: asdict(clock) for device, clock in result.clocks.items()},
    }
