# SPDX-License-Identifier: Apache-2.0
"""An export as a drawing: its operations and what each of them reads, from left to right."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from statistics import fmean

from evolve.filter.drawing import CELL_HEIGHT, PIXEL, STYLE, draw_window
from evolve.simplify.graph import (
    Constant,
    Node,
    Pixel,
    Value,
    depth,
    formula_of,
    names,
    nodes,
    pixels,
)
from model.window import WINDOW_PIXELS

# Lengths in pixels.
CELL = 132  # the width of an operation
COLUMN, ROW = CELL + 68, CELL_HEIGHT + 20
LEFT, RIGHT, TOP = -20, 60, 92  # the pixels need less than a cell
SWEEPS = 8

Columns = list[list[Value]]


def draw_graph(output: Value, title: str) -> str:
    """Return an export's operations as a self-contained SVG document, the same bytes every time.

    A column holds what is there after as many operations; constants stand in the cells that read
    them. Tooltips give the formulas.
    """
    columns = _columns(output)
    tallest = max(map(len, columns))
    name = names(output)
    places = {
        value: (LEFT + x * COLUMN, TOP + (y + (tallest - len(column)) / 2) * ROW)
        for x, column in enumerate(columns)
        for y, value in enumerate(column)
    }
    width, height = LEFT + len(columns) * COLUMN + RIGHT, TOP + tallest * ROW + 24
    note = f"{len(nodes(output))} operations, {depth(output)} in a row"
    x, y = places[output]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img">',
            f"<title>{escape(title)}: {note}</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="page" width="{width}" height="{height}"/>',
            f'<text class="heading" x="24" y="36">{escape(title)}</text>',
            f'<text class="note" x="24" y="57">{note}</text>',
            *(_wires(node, places) for node in nodes(output)),
            *(_cell(value, place, name) for value, place in places.items()),
            f'<g class="exit"><path class="wire" d="M{x + CELL} {y + CELL_HEIGHT / 2:g}h30'
            f'm-5-4 5 4-5 4"/><text x="{x + CELL + 38}" y="{y + CELL_HEIGHT / 2 + 4.5:g}">output'
            "</text></g>",
            "</svg>",
            "",
        ]
    )


def _columns(output: Value) -> Columns:
    """Return the values by depth, those of a column so that wires cross little.

    Each goes to the mean height of what it reads, then of what reads it (the barycentres of
    Sugiyama, Tagawa and Toda, IEEE Trans. SMC 11, 1981).
    """
    columns: Columns = [[Pixel(number) for number in pixels(output)]]
    if isinstance(output, Constant):
        columns[0].append(output)
    columns += [[] for _ in range(depth(output))]
    readers: dict[Value, list[Value]] = {}
    for node in nodes(output):
        columns[node.depth].append(node)
        for operand in node.operands:
            readers.setdefault(operand, []).append(node)
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        for column in columns if forth else reversed(columns):
            heights = {value: y - len(each) / 2 for each in columns for y, value in enumerate(each)}

            def height(
                value: Value, heights: Mapping[Value, float] = heights, forth: bool = forth
            ) -> float:
                near = _operands(value) if forth else readers.get(value, [])
                return fmean([heights[each] for each in near] or [heights[value]])

            column.sort(key=height)
    return columns


def _operands(value: Value) -> Sequence[Value]:
    """Return what is drawn with a wire into a value."""
    operands = value.operands if isinstance(value, Node) else ()
    return [operand for operand in operands if not isinstance(operand, Constant)]


def _wires(node: Node, places: Mapping[Value, tuple[float, float]]) -> str:
    """The wires into a node, the first operand's above the second's."""
    x, y = places[node]
    wires = []
    for number, operand in enumerate(node.operands):
        if isinstance(operand, Constant):
            continue
        from_x, from_y = places[operand]
        end = y + CELL_HEIGHT * (number + 1) / (len(node.operands) + 1)
        start_x, start_y = from_x + CELL, from_y + CELL_HEIGHT / 2
        bend = (x - start_x) / 2
        wires.append(
            f'<path class="on wire" d="M{start_x:g} {start_y:g}C{start_x + bend:g} {start_y:g} '
            f'{x - bend:g} {end:g} {x - 2:g} {end:g}m-5-4 5 4-5 4"/>'
        )
    return "".join(wires)


def _cell(value: Value, place: tuple[float, float], name: Callable[[Value], str]) -> str:
    middle = CELL / 2
    if isinstance(value, Node):
        formula = formula_of(value, name)
        inside = (
            f'<text x="{middle:g}" y="18" style="font-size:11px">'
            f"{value.operation.replace('_', ' ')}</text>"
            f'<text class="formula" x="{middle:g}" y="33" style="font-size:10px">'
            f"{escape(formula.replace(value.operation, '', 1))}</text>"
        )
        drawn = f'<rect class="cell" width="{CELL}" height="{CELL_HEIGHT}" rx="8"/>{inside}'
    elif isinstance(value, Pixel):
        formula = f"pixel {WINDOW_PIXELS[value.number]} of the window"
        side, top = 3 * PIXEL, (CELL_HEIGHT - 3 * PIXEL) / 2
        drawn = (
            f'<g transform="translate({CELL - side - 6} {top:g})">{draw_window(value.number)}'
            f'<text class="side" x="-8" y="{side / 2 + 4.5:g}">{name(value)}</text></g>'
        )
    else:
        formula = "the same everywhere"
        drawn = f'<text x="{middle:g}" y="26">{name(value)}</text>'
    return (
        f'<g class="on" transform="translate({place[0]:g} {place[1]:g})">'
        f"<title>{escape(formula)}</title>{drawn}</g>"
    )
