# SPDX-License-Identifier: Apache-2.0
"""A network as a drawing: its layers from left to right, with the weights that are not 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.filter.drawing import DARK, LIGHT, STYLE
from evoarray.model.neuro.arithmetic import LARGEST
from evoarray.model.neuro.layers import Conv, Dense, Layer, Pool, Shape
from evoarray.model.neuro.network import Network

MOST = 96
"""Units of a column that are drawn one by one; more of them are one box."""

# Lengths in pixels.
COLUMN, HEIGHT = 210, 620
LOOSEST, TIGHTEST = 36, 12  # from one unit to the next
LEFT, TOP, BOTTOM = 90, 140, 90
NARROWEST = 560  # what the legend needs

THEME = (
    ".weight{{stroke:{accent}}}.weight.minus{{stroke:{mark}}}.weight.idle,.weight.pool"
    "{{stroke:{line}}}.unit{{fill:{cell};stroke:{edge}}}.unit.on{{fill:{tint};stroke:{accent}}}"
)
LOOK = f"""{STYLE}.column{{font-size:12.5px}}.column .note,.class{{text-anchor:middle}}
.weight{{fill:none;stroke-linecap:round}}.weight.idle{{stroke-dasharray:2 3}}
.unit{{stroke-width:1.4}}
{THEME.format(**LIGHT)}
@media (prefers-color-scheme:dark){{{THEME.format(**DARK)}}}
"""


@dataclass(frozen=True)
class _Column:
    """What is drawn of the input or of a layer: so many units, maps, or one box for all."""

    kind: str
    shape: Shape
    count: int
    names: Sequence[str]

    @property
    def single(self) -> bool:
        """Whether each of them is one value."""
        return self.count == prod(self.shape)

    @property
    def pitch(self) -> float:
        """From one to the next."""
        return min(LOOSEST, max(TIGHTEST, HEIGHT / self.count))

    @property
    def radius(self) -> float:
        """Half the size of one."""
        return min(11, 0.4 * self.pitch)

    def place(self, number: int) -> float:
        """Return the height of one of them."""
        return HEIGHT / 2 + (number - (self.count - 1) / 2) * self.pitch


def draw_network(network: Network) -> str:
    """Return a network as a self-contained SVG document, the same bytes every time.

    A unit is a circle, a map of a CNN a square. A line is a weight, the wider the larger beside
    the others of its layer; to or from a map, and where a column has too many units to draw, it is
    the largest of several.
    Weights of 0 are left out; dashed is what cannot reach an output. Tooltips give the numbers.
    """
    columns = _columns(network)
    weights = [
        _strongest(layer, one.count, other.count)
        for layer, one, other in zip(network.layers, columns, columns[1:], strict=False)
    ]
    acting = _acting(weights)
    width = max(NARROWEST, 2 * LEFT + (len(columns) - 1) * COLUMN)
    tallest = max(column.count * column.pitch for column in columns)
    height = TOP + max(tallest, 2 * LOOSEST) + BOTTOM
    title = "-".join(str(prod(shape)) for shape in (network.input_shape, *network.shapes))
    note = f"{network.nonzero:,} of {network.parameters:,} parameters are not 0"
    lift = TOP + max(tallest, 2 * LOOSEST) / 2 - HEIGHT / 2
    lines = [
        _weights(number, matrix, columns, acting, network.layers[number])
        for number, matrix in enumerate(weights)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
            f'viewBox="0 0 {width:g} {height:g}" role="img">',
            f"<title>Network {title}: {note}</title>",
            f"<style>{LOOK}</style>",
            f'<rect class="page" width="{width:g}" height="{height:g}"/>',
            f'<text class="heading" x="24" y="36">Network {title}</text>',
            f'<text class="note" x="24" y="57">{note}</text>',
            f'<g transform="translate({LEFT} {lift:g})">',
            *lines,
            *(_units(n, column, acting[n], network) for n, column in enumerate(columns)),
            "</g>",
            *(_head(LEFT + n * COLUMN, column) for n, column in enumerate(columns)),
            _legend(height - 26),
            "</svg>",
            "",
        ]
    )


def _columns(network: Network) -> list[_Column]:
    first = network.layers[0]
    count = prod(network.input_shape) if isinstance(first, Dense) else network.input_shape[0]
    names = [_pixel(network.input_shape, n) for n in range(count)]
    columns = [_Column("input", network.input_shape, count if count <= MOST else 1, names)]
    for layer, shape in zip(network.layers, network.shapes, strict=True):
        count = shape[0] if shape[0] <= MOST else 1
        what = "unit" if shape[1:] == (1, 1) else "map"
        columns.append(
            _Column(_kind(layer), shape, count, [f"{what} {n}" for n in range(shape[0])])
        )
    return columns


def _pixel(shape: Shape, number: int) -> str:
    channels, height, width = shape
    if height * width == 1:
        return f"input {number}"
    place = f"row {number // width % height}, column {number % width}"
    return (
        f"pixel in {place}" if channels == 1 else f"channel {number // (height * width)}, {place}"
    )


def _kind(layer: Layer) -> str:
    if isinstance(layer, Pool):
        return f"{layer.kind} of {layer.size}x{layer.size}"
    return f"{'dense' if isinstance(layer, Dense) else 'convolution 3x3'}, {layer.activation}"


def _strongest(layer: Layer, inputs: int, outputs: int) -> NDArray[np.int64]:
    """Return the weight (outputs, inputs) with the largest magnitude between what is drawn."""
    if isinstance(layer, Pool):
        return np.eye(outputs, inputs, dtype=np.int64) * LARGEST
    each = layer.weights[0].size // inputs
    several = layer.weights.astype(np.int64).reshape(outputs, -1, inputs, each)
    flat = several.transpose(0, 2, 1, 3).reshape(outputs, inputs, -1)
    chosen = np.abs(flat).argmax(axis=2, keepdims=True)
    return np.take_along_axis(flat, chosen, axis=2)[:, :, 0]


def _acting(weights: Sequence[NDArray[np.int64]]) -> list[NDArray[np.bool_]]:
    """Return for each column what reaches an output by weights that are not 0."""
    acting = [np.ones(len(weights[-1]), np.bool_)]
    for matrix in reversed(weights):
        acting.insert(0, (matrix[acting[0]] != 0).any(axis=0))
    return acting


def _weights(
    number: int,
    matrix: NDArray[np.int64],
    columns: Sequence[_Column],
    acting: Sequence[NDArray[np.bool_]],
    layer: Layer,
) -> str:
    one, other = columns[number : number + 2]
    start, end = number * COLUMN + one.radius, (number + 1) * COLUMN - other.radius
    largest = int(np.abs(matrix).max()) or 1
    lines = []
    for to, source in zip(*(each.tolist() for each in np.nonzero(matrix)), strict=True):
        value = int(matrix[to, source])
        kind = "pool" if isinstance(layer, Pool) else "idle" if not acting[number + 1][to] else ""
        kind = kind or ("minus" if value < 0 else "")
        part = abs(value) / largest
        said = "" if isinstance(layer, Pool) else f"<title>{value}</title>"
        lines.append(
            f'<path class="{" ".join(filter(None, ("weight", kind)))}" '
            f'd="M{start:g} {one.place(source):g}L{end:g} {other.place(to):g}" '
            f'style="stroke-width:{0.5 + 2.5 * part:.2g};opacity:{0.3 + 0.7 * part:.2g}">'
            f"{said}</path>"
        )
    return "\n".join(lines)


def _units(number: int, column: _Column, acting: NDArray[np.bool_], network: Network) -> str:
    x, r = number * COLUMN, column.radius
    last = number == len(network.layers)
    layer = network.layers[number - 1] if number else None
    drawn = []
    for unit in range(column.count):
        y = column.place(unit)
        name = column.names[unit] if column.count > 1 or column.single else "all of them"
        if isinstance(layer, Dense | Conv) and column.count == len(layer.bias):
            name += f", bias {layer.bias[unit]}"
        name += "" if acting[unit] else ", reaches no output"
        kind = "unit on" if acting[unit] else "unit"
        shape = (
            f'<circle class="{kind}" cx="{x:g}" cy="{y:g}" r="{r:g}">'
            if column.single
            else f'<rect class="{kind}" x="{x - r:g}" y="{y - r:g}" width="{2 * r:g}" '
            f'height="{2 * r:g}" rx="2">'
        )
        drawn.append(f"{shape}<title>{name}</title></{shape[1:].partition(' ')[0]}>")
        if last and column.single:
            drawn.append(f'<text class="class" x="{x + r + 16:g}" y="{y + 4.5:g}">{unit}</text>')
    return "\n".join(drawn)


def _head(x: float, column: _Column) -> str:
    channels, height, width = column.shape
    size = f"{channels:,} {'value' if channels == 1 else 'values'}"
    if height * width > 1:
        size = f"{height}x{width}" if channels == 1 else f"{channels} maps of {height}x{width}"
    return (
        f'<g class="column"><text x="{x:g}" y="{TOP - 48}">{column.kind}</text>'
        f'<text class="note" x="{x:g}" y="{TOP - 30}">{size}</text></g>'
    )


def _legend(y: float) -> str:
    entries = (
        ("weight", "positive weight"),
        ("weight minus", "negative weight"),
        ("weight idle", "reaches no output"),
    )
    return "".join(
        f'<g transform="translate({24 + 176 * n} {y:g})"><path class="{kind}" d="M0-4h24" '
        f'style="stroke-width:2"/><text class="note" x="32">{says}</text></g>'
        for n, (kind, says) in enumerate(entries)
    )
