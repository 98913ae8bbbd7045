# SPDX-License-Identifier: Apache-2.0
"""The page of an export: what the filter is, how good it is, and where it comes from."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from evoarray.evolution.export.product import LICENSE
from evoarray.evolution.filter.comparison import MEASURES, Comparison, cells_of
from evoarray.evolution.simplify.cost import luts
from evoarray.evolution.simplify.graph import depth, formulas, nodes, pixels, simplify
from evoarray.evolution.synthesis.devices import FAMILY_NAMES
from evoarray.evolution.synthesis.measure import Result
from evoarray.model.filter.circuit import Circuit
from evoarray.model.filter.functions import Plane
from evoarray.model.pages import markdown_table, plain
from evoarray.model.window import WINDOW_PIXELS

PROVED = "equal to the array with this circuit for all inputs, by induction"


def facts(
    name: str,
    circuits: Sequence[Circuit],
    latencies: Mapping[str, int],
    comparisons: Sequence[Comparison],
    results: Sequence[Result],
    *,
    proved: bool,
) -> str:
    """Return the page in Markdown: of each filter of a cascade, and of all together on photos.

    latencies: the cycles of each filter by the name of its module. results: what was measured of
    these modules, and of others around them.
    """
    lines = [f"<!-- {LICENSE} -->", "", f"# {name}", ""]
    for circuit, (part, latency) in zip(circuits, latencies.items(), strict=True):
        if part != name:
            lines += [f"## {part}", ""]
        lines += [*_filter(circuit, latency, proved=proved), ""]
    if results:
        lines += ["## On FPGAs", "", *_area(results), ""]
    if comparisons:
        lines += ["## On photos", "", *_photos(comparisons), ""]
    return "\n".join(lines)


def _filter(circuit: Circuit, latency: int, *, proved: bool) -> Iterator[str]:
    output = simplify(circuit)
    read = ", ".join(WINDOW_PIXELS[i] for i in pixels(output)) or "none"
    rows = [
        ["operations", f"{len(nodes(output))}, at most {depth(output)} in a row"],
        ["pixels read", read],
        ["latency", f"{latency} cycles, a window in every one" if latency else "none"],
        ["LUT6 of 7 series", f"about {luts(circuit)}, the sum of its operations"],
        ["array", f"{circuit.rows}x{circuit.cols}, {circuit.function_set}"],
        ["genes", f"SHA-256 {hashlib.sha256(circuit.genes.tobytes()).hexdigest()}"],
        *_evolved_on(circuit.provenance.get("images")),
        ["proof", PROVED if proved else "not asked for: --prove"],
    ]
    yield from markdown_table(["", ""], rows)
    yield from ("", "```", formulas(output), "```")


def _evolved_on(images: object) -> Iterator[list[str]]:
    """Yield a row for each image of a provenance, in which anything may be."""
    for pair in images if isinstance(images, list) else ():
        for role, image in pair.items() if isinstance(pair, dict) else ():
            if isinstance(image, dict) and "sha256" in image:
                what = image.get("file", image.get("array", ""))
                yield [f"evolved on, {plain(role)}", plain(f"{what} {image['sha256']}")]


def _area(results: Sequence[Result]) -> Iterator[str]:
    rows = []
    for result in results:
        placed = {d.family: (d.name, str(clock)) for d, clock in result.clocks.items()}
        for family, area in result.areas.items():
            part, clock = placed.get(family, (FAMILY_NAMES[family], ""))
            luts = f"{area.lut:,}" + (f" in {area.sites:,} LUT6 sites" if area.sites else "")
            counts = (area.flip_flop, area.carry, area.shift, area.memory)
            cells = (f"{count:,}" for count in counts)
            rows.append([result.design.module, part, luts, *cells, clock])
    heads = ["module", "FPGA", "LUT", "FF", "carry", "shift registers", "RAM", "MHz"]
    yield from markdown_table(heads, rows)
    yield ""
    yield (
        "By yosys and nextpnr, out of context. MHz is the median of several seeds, with the lowest "
        "and the highest in brackets. On ECP5 a carry cell takes two LUTs, which are not counted "
        "among the LUTs."
    )


def _photos(comparisons: Sequence[Comparison]) -> Iterator[str]:
    rows = [
        [
            f"{plain(comparison.photo.name)} ({_hash(comparison.photo.noisy)})",
            label,
            *(f"**{cell}**" if best else cell for cell, best in cells_of(comparison, label)),
        ]
        for comparison in comparisons
        for label in comparison.metrics
    ]
    yield from markdown_table(["photo (SHA-256 of its noisy pixels)", "image", *MEASURES], rows)
    yield ""
    yield "SAE, MAE: lower is better; PSNR, in dB, SSIM: higher is better; bold: best on a photo."


def _hash(image: Plane) -> str:
    return hashlib.sha256(image.tobytes()).hexdigest()[:12]
