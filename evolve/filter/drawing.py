# SPDX-License-Identifier: Apache-2.0
"""A circuit as a drawing: the mesh in SVG, with the part that acts on the output in colour."""

from html import escape

from evoarray.model.filter.activity import active, operands
from evoarray.model.filter.circuit import Circuit
from evoarray.model.filter.functions import FUNCTION_SETS
from evoarray.model.window import WINDOW_PIXELS

# Lengths in pixels.
CELL_WIDTH, CELL_HEIGHT = 84, 42
WIRE = 26  # the gap between two cells
PITCH_X, PITCH_Y = CELL_WIDTH + WIRE, CELL_HEIGHT + WIRE
PIXEL = 7  # a window of 3x3 such pixels stands for a border input
SIDE, TOP, BOTTOM = 112, 148, 68  # kept free around the mesh
NARROWEST = 440  # what the legend needs

# Plain rules, written twice: few viewers outside browsers know CSS variables.
THEME = """\
.page{{fill:{page}}}text{{fill:{ink}}}.note{{fill:{dim}}}
.wire{{stroke:{line}}}.cell{{fill:{cell};stroke:{edge}}}.pe text,.input text{{fill:{dim}}}
.window{{fill:{page};stroke:{line}}}.chosen{{fill:{dim}}}
.on.wire,.on .window,.on .cell,.cell.on{{stroke:{accent}}}.on .cell,.cell.on{{fill:{tint}}}
.on .chosen{{fill:{accent}}}.on text{{fill:{deep}}}
.out .cell,.exit .wire{{stroke:{mark}}}.exit text{{fill:{mark}}}
"""
LIGHT = {
    "page": "#ffffff",
    "ink": "#1b2733",
    "dim": "#6b7885",
    "line": "#bcc5cd",
    "cell": "#f5f7f9",
    "edge": "#d5dce2",
    "accent": "#1f6fb5",
    "tint": "#e3effa",
    "deep": "#0d3b61",
    "mark": "#c2510c",
}
DARK = {
    "page": "#11161b",
    "ink": "#e6ecf2",
    "dim": "#8b98a5",
    "line": "#46525e",
    "cell": "#181f26",
    "edge": "#323d47",
    "accent": "#58a8ea",
    "tint": "#15304a",
    "deep": "#dcecfb",
    "mark": "#ff9d52",
}
STYLE = f"""
text{{font:600 13px system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;text-anchor:middle}}
.heading{{font-size:18px;text-anchor:start}}.note{{font-size:12.5px;font-weight:400;text-anchor:start}}
.formula{{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-weight:400}}
.wire{{fill:none;stroke-width:1.3;stroke-linecap:round;stroke-linejoin:round}}
.unread{{stroke-width:1.9;stroke-dasharray:.1 4}}.cell{{stroke-width:1.2}}.window{{stroke-width:.8}}
.on.wire,.exit .wire{{stroke-width:2.3}}.on .cell,.cell.on{{stroke-width:1.7}}
.out .cell{{stroke-width:2.8}}.side{{text-anchor:end}}.exit text{{text-anchor:start}}
{THEME.format(**LIGHT)}@media (prefers-color-scheme:dark){{
{THEME.format(**DARK)}}}
"""


def draw_svg(circuit: Circuit) -> str:
    """Return the mesh of a circuit as a self-contained SVG document, the same bytes every time.

    A PE is a cell with its function; in colour is what the output depends on, as
    model/filter/activity.py finds it; a wire into a PE that does not read it is dotted.
    Tooltips tell place, function and formula. Light or dark, as the viewer prefers.
    """
    rows, cols = circuit.rows, circuit.cols
    on = active(circuit)
    north, west = operands(circuit)
    mesh_width, mesh_height = cols * PITCH_X - WIRE, rows * PITCH_Y - WIRE
    width, height = max(mesh_width + 2 * SIDE, NARROWEST), mesh_height + TOP + BOTTOM
    title = f"{rows}\N{MULTIPLICATION SIGN}{cols} circuit, {circuit.function_set}"
    note = f"{on.sum()} of {on.size} processing elements act on the output"
    inputs = [
        _north_input(col, int(circuit.north[col]), bool(on[0, col] and north[0, col]))
        for col in range(cols)
    ] + [
        _west_input(row, int(circuit.west[row]), bool(on[row, 0] and west[row, 0]))
        for row in range(rows)
    ]
    elements = [
        _element(circuit, row, col, bool(on[row, col]), bool(north[row, col]), bool(west[row, col]))
        for row in range(rows)
        for col in range(cols)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img">',
            f"<title>{title}: {note}</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="page" width="{width}" height="{height}"/>',
            f'<text class="heading" x="24" y="36">{title}</text>',
            f'<text class="note" x="24" y="57">{note}</text>',
            f'<g transform="translate({(width - mesh_width) // 2} {TOP})">',
            *inputs,
            *elements,
            _exit(circuit),
            "</g>",
            _legend(height - 26),
            "</svg>",
            "",
        ]
    )


def _north_input(col: int, pixel: int, on: bool) -> str:
    x, y = col * PITCH_X + (CELL_WIDTH - 3 * PIXEL) / 2, -WIRE - 3 * PIXEL
    label = f'<text x="{1.5 * PIXEL}" y="-7">{WINDOW_PIXELS[pixel]}</text>'
    return _input(f"north input of column {col}", x, y, pixel, on, label)


def _west_input(row: int, pixel: int, on: bool) -> str:
    x, y = -WIRE - 3 * PIXEL, row * PITCH_Y + (CELL_HEIGHT - 3 * PIXEL) / 2
    label = f'<text class="side" x="-8" y="{1.5 * PIXEL + 4.5}">{WINDOW_PIXELS[pixel]}</text>'
    return _input(f"west input of row {row}", x, y, pixel, on, label)


def _input(place: str, x: float, y: float, pixel: int, on: bool, label: str) -> str:
    return (
        f'<g class="{_classes("input", on=on)}" transform="translate({x:g} {y:g})">'
        f"<title>{place}: pixel {WINDOW_PIXELS[pixel]} of the window</title>"
        f"{draw_window(pixel)}{label}</g>"
    )


def draw_window(pixel: int) -> str:
    """Return a 3x3 window with one pixel chosen, in the styles of STYLE."""
    side = 3 * PIXEL
    lines = "".join(f"M{i} 0v{side}M0 {i}h{side}" for i in range(0, side + 1, PIXEL))
    return (
        f'<path class="window" d="{lines}"/><rect class="chosen" x="{pixel % 3 * PIXEL}" '
        f'y="{pixel // 3 * PIXEL}" width="{PIXEL}" height="{PIXEL}"/>'
    )


def _element(
    circuit: Circuit, row: int, col: int, on: bool, reads_north: bool, reads_west: bool
) -> str:
    """A cell with its function and the two wires that come in."""
    code = int(circuit.functions[row, col])
    function = FUNCTION_SETS[circuit.function_set].functions[code]
    middle = CELL_WIDTH / 2
    if function.name == function.formula:
        text = _text("name", function.name, middle, 26, 13, 0.74)
    else:
        text = _text("name", function.name, middle, 19.5, 13, 0.74)
        text += _text("formula", function.formula, middle, 33, 8.5, 0.6)
    effect = "acts on the output" if on else "no effect"
    note = f"row {row}, column {col}: {function.formula} (code {code}), {effect}"
    last = (row, col) == (circuit.output, circuit.cols - 1)
    return (
        f'<g class="{_classes("pe", on=on, out=last)}" '
        f'transform="translate({col * PITCH_X} {row * PITCH_Y})">'
        f"<title>{escape(note)}</title>"
        + _wire(f"M{middle:g} {-WIRE}v{WIRE - 2}", "m-4-5 4 5 4-5", on, reads_north)
        + _wire(f"M{-WIRE} {CELL_HEIGHT / 2:g}h{WIRE - 2}", "m-5-4 5 4-5 4", on, reads_west)
        + f'<rect class="cell" width="{CELL_WIDTH}" height="{CELL_HEIGHT}" rx="8"/>{text}</g>'
    )


def _exit(circuit: Circuit) -> str:
    x, y = circuit.cols * PITCH_X - WIRE, circuit.output * PITCH_Y + CELL_HEIGHT // 2
    return (
        f'<g class="exit" transform="translate({x} {y})"><title>output: row {circuit.output}'
        f'</title><path class="wire" d="M2 0h{WIRE}m-5-4 5 4-5 4"/>'
        f'<text x="{WIRE + 9}" y="4.5">output</text></g>'
    )


def _legend(y: int) -> str:
    return (
        f'<g transform="translate(24 {y})">'
        '<rect class="cell on" y="-11" width="22" height="13" rx="4"/>'
        '<text class="note" x="30">acts on the output</text>'
        '<rect class="cell" x="164" y="-11" width="22" height="13" rx="4"/>'
        '<text class="note" x="194">no effect</text>'
        '<path class="wire unread" d="M272-4h24"/>'
        '<text class="note" x="304">input not read</text></g>'
    )


def _wire(line: str, tip: str, on: bool, read: bool) -> str:
    """A wire into a PE; the arrow's tip is left off where the PE does not read it."""
    classes = _classes("wire", on=on and read, unread=not read)
    return f'<path class="{classes}" d="{line}{tip if read else ""}"/>'


def _text(kind: str, text: str, x: float, y: float, size: float, advance: float) -> str:
    """Centred text, smaller where a letter of `advance` of the size would burst the cell."""
    text = text.replace("-", "\N{MINUS SIGN}").replace(">=", "\N{GREATER-THAN OR EQUAL TO}")
    size = min(size, (CELL_WIDTH - 8) / (advance * len(text)))
    place = f'x="{x:g}" y="{y:g}" style="font-size:{size:.3g}px"'
    return f'<text class="{kind}" {place}>{escape(text)}</text>'


def _classes(first: str, **more: bool) -> str:
    return " ".join([first, *(name for name, holds in more.items() if holds)])
