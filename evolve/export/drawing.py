# SPDX-License-Identifier: Apache-2.0
"""An export as a drawing: its operations and what each of them reads, from left to right."""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate, pairwise
from statistics import fmean

import numpy as np
from scipy.optimize import isotonic_regression

from evoarray.evolution.filter.drawing import CELL_HEIGHT, PIXEL, STYLE, draw_window
from evoarray.evolution.simplify.graph import (
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
from evoarray.model.window import WINDOW_PIXELS

# Lengths in pixels.
CELL = 132  # the width of an operation
COLUMN = CELL + 68
LEFT, RIGHT, TOP = -20, 60, 92  # the pixels need less than a cell
BETWEEN_CELLS, BESIDE_WIRE, BETWEEN_WIRES = 20, 12, 12
SWEEPS = 12


@dataclass(frozen=True)
class _Wire:
    """The place in a column where the wire of a value passes between cells."""

    value: Value
    column: int


Item = Value | _Wire
Chain = tuple[Item, ...]
"""An operand, where its wire passes the columns between, and the operation that reads it."""


def draw_graph(output: Value, title: str) -> str:
    """Return an export's operations as a self-contained SVG document, the same bytes every time.

    A column holds what is there after as many operations; constants stand in the cells that read
    them. No wire passes behind a cell. Tooltips give the formulas.
    """
    chains = {(node, n): _chain(node, n) for node in nodes(output) for n in _wired(node)}
    columns, near = _columns(output, chains.values())
    middles = _middles(columns, near)
    places = {
        item: (LEFT + x * COLUMN, middles[item])
        for x, column in enumerate(columns)
        for item in column
    }
    cells = {item: place for item, place in places.items() if not isinstance(item, _Wire)}
    name = names(output)
    width = LEFT + len(columns) * COLUMN + RIGHT
    height = round(max(middles.values())) + CELL_HEIGHT // 2 + 24 + BETWEEN_CELLS
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
            *(_drawn(chain, n, places) for (_, n), chain in chains.items()),
            *(_cell(value, place, name) for value, place in cells.items()),
            f'<g class="exit"><path class="wire" d="M{x + CELL} {y:g}h30'
            f'm-5-4 5 4-5 4"/><text x="{x + CELL + 38}" y="{y + 4.5:g}">output'
            "</text></g>",
            "</svg>",
            "",
        ]
    )


def _wired(node: Node) -> list[int]:
    """Return which operands are drawn with a wire."""
    return [n for n, operand in enumerate(node.operands) if not isinstance(operand, Constant)]


def _chain(node: Node, number: int) -> Chain:
    operand = node.operands[number]
    between = range(depth(operand) + 1, node.depth)
    return (operand, *(_Wire(operand, column) for column in between), node)


# --- where things stand: the layers of Sugiyama, Tagawa and Toda, IEEE Trans. SMC 11, 1981


def _columns(
    output: Value, chains: Iterable[Chain]
) -> tuple[list[list[Item]], Mapping[Item, tuple[list[Item], list[Item]]]]:
    """Return values and wires by depth, in an order in which few wires cross.

    Also what is before and after each of them. Again and again all go to the mean place of what is
    before them, then of what is after them; the order with the fewest crossings is taken.
    """
    columns: list[list[Item]] = [[] for _ in range(depth(output) + 1)]
    near: dict[Item, tuple[list[Item], list[Item]]] = {}

    def add(item: Item, column: int) -> None:
        if item not in near:
            near[item] = [], []
            columns[column].append(item)

    for number in pixels(output):
        add(Pixel(number), 0)
    add(output, depth(output))
    for chain in chains:
        for left, right in pairwise(chain):
            for item in (left, right):
                add(item, item.column if isinstance(item, _Wire) else depth(item))
            if right not in near[left][1]:
                near[left][1].append(right)
                near[right][0].append(left)
    best, fewest = columns, _crossings(columns, near)
    for sweep in range(SWEEPS):
        side = sweep % 2
        columns = [list(column) for column in columns]
        order = columns if side == 0 else columns[::-1]
        for beside, column in pairwise(order):
            places = {item: place for place, item in enumerate(beside)}
            own = {item: place for place, item in enumerate(column)}
            scale = len(beside) / len(column)
            column.sort(
                key=lambda item: fmean(
                    [places[each] for each in near[item][side]] or [own[item] * scale]
                )
            )
        crossings = _crossings(columns, near)
        if crossings < fewest:
            best, fewest = columns, crossings
    return best, near


def _crossings(
    columns: Sequence[Sequence[Item]], near: Mapping[Item, tuple[list[Item], list[Item]]]
) -> int:
    """Return how often wires cross between columns: how many pairs of their ends are inverted."""
    count = 0
    for column, beside in pairwise(columns):
        places = {item: place for place, item in enumerate(beside)}
        seen: list[int] = []
        for item in column:
            ends = sorted(places[each] for each in near[item][1])
            count += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return count


def _middles(
    columns: Sequence[Sequence[Item]], near: Mapping[Item, tuple[list[Item], list[Item]]]
) -> dict[Item, float]:
    """Return the heights of all, which keep apart and otherwise are near what they are wired to."""
    middles = {item: 0.0 for column in columns for item in column}
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            least = list(accumulate(map(_apart, column, column[1:]), initial=0.0))
            wanted = [
                fmean([middles[each] for side in near[item] for each in side] or [middles[item]])
                for item in column
            ]
            # The nearest heights, by their squares, that differ by what is between.
            free = isotonic_regression(np.subtract(wanted, least)).x
            middles.update(zip(column, np.add(free, least).tolist(), strict=True))
    top = min(middles.values())
    return {item: round(TOP + CELL_HEIGHT / 2 + y - top, 1) for item, y in middles.items()}


def _apart(one: Item, other: Item) -> float:
    """Return by how much the middles of two neighbours in a column differ at least."""
    wires = isinstance(one, _Wire) + isinstance(other, _Wire)
    gap = (BETWEEN_CELLS, BESIDE_WIRE, BETWEEN_WIRES)[wires]
    return CELL_HEIGHT * (2 - wires) / 2 + gap


# --- what they look like


def _drawn(chain: Chain, number: int, places: Mapping[Item, tuple[float, float]]) -> str:
    """A wire: bent between columns, straight within them; the first operand's ends the highest."""
    node = chain[-1]
    assert isinstance(node, Node)
    x, y = places[chain[0]]
    path = f"M{x + CELL:g} {y:g}"
    for left, right in pairwise(chain):
        start, from_y = places[left][0] + CELL, places[left][1]
        end, to_y = places[right]
        if right is node:
            end -= 2
            to_y += CELL_HEIGHT * ((number + 1) / (len(node.operands) + 1) - 0.5)
        bend = (end - start) / 2
        path += f"C{start + bend:g} {from_y:g} {end - bend:g} {to_y:g} {end:g} {to_y:g}"
        path += "m-5-4 5 4-5 4" if right is node else f"h{CELL}"
    return f'<path class="on wire" d="{path}"/>'


def _cell(value: Value, place: tuple[float, float], name: Callable[[Value], str]) -> str:
    middle = CELL / 2
    if isinstance(value, Node):
        formula = formula_of(value, name)
        words = value.operation.replace("_", " ")
        size = min(11, (CELL - 10) / (0.62 * len(words)))
        inside = (
            f'<text x="{middle:g}" y="18" style="font-size:{size:.3g}px">{words}</text>'
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
        f'<g class="on" transform="translate({place[0]:g} {place[1] - CELL_HEIGHT / 2:g})">'
        f"<title>{escape(formula)}</title>{drawn}</g>"
    )
