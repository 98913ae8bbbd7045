# SPDX-License-Identifier: Apache-2.0
"""A network as the words in the memories of the neural core (docs/neural-core.md)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from evoarray.model.errors import refuse
from evoarray.model.neuro.layers import Conv, Dense, Layer, Pool, Shape, check_integer
from evoarray.model.neuro.network import Network
from evoarray.model.neuro.tables import FUNCTIONS, table

LAYERS, TABLES, BIASES, WEIGHTS = (memory << 16 for memory in range(4))
"""Where the memories begin, in words of 32 bits."""
KINDS: tuple[type[Layer], ...] = (Dense, Conv, Pool)
"""By the number that the core has for them."""
TAPS = 9
"""Rows of the array that a window fills."""

Words = NDArray[np.uint32]

_LIMITS = {
    "rows": (TAPS, 2**15),
    "cols": (1, 2**15),
    "layers": (1, 2**14),
    "activations": (2, 2**16),
    "positions": (2, 2**16),
    "weights": (2, 2**16),
    "biases": (2, 2**16),
    "tables": (1, 4),
    "multiplier": (0, 1),
}


@dataclass(frozen=True)
class Core:
    """What an evoarray_neuro_core was built for: its parameters, with the same defaults.

    rows and cols of the array; layers; activations, bytes of a layer's largest input; positions of
    the largest map that a convolution makes; weights, in rows of cols; biases; tables; multiplier,
    1 where layers may have one. Raises InputError for what no core can have.
    """

    rows: int = 9
    cols: int = 8
    layers: int = 16
    activations: int = 1024
    positions: int = 64
    weights: int = 1024
    biases: int = 256
    tables: int = 3
    multiplier: int = 1

    def __post_init__(self) -> None:
        for key, (low, high) in _LIMITS.items():
            check_integer(key, getattr(self, key), low, high)
        if self.weights * self.row_stride > 2**16:
            most = 2**16 // self.row_stride
            refuse("weights", self.weights, f"a whole number from 2 to {most} for {self.cols} cols")

    @property
    def row_stride(self) -> int:
        """Words from a row of weights to the next one: a power of two."""
        return 1 << (math.ceil(self.cols / 4) - 1).bit_length()

    @property
    def parameters(self) -> dict[str, int]:
        """The parameters of evoarray_neuro_core."""
        return {part.name.upper(): getattr(self, part.name) for part in fields(self)}


def program(network: Network, core: Core) -> Words:
    """Return the writes (n, 2) uint32 that load a network: an address in words, and the word.

    Raises InputError with a sentence that says which memory of the core is too small.
    """
    check_fit(network, core)
    names = table_names(network)
    shapes = (network.input_shape, *network.shapes)
    stacked: list[NDArray[np.int64]] = []
    biases: list[NDArray[np.int64]] = []
    words: list[int] = []
    for layer, before, after in zip(network.layers, shapes, shapes[1:], strict=False):
        words += layer_words(layer, before, after, core, names)
        if not isinstance(layer, Pool):
            stacked.append(weight_rows(layer, core))
            biases.append(layer.bias.astype(np.int64))
    return np.concatenate(
        [
            _writes(LAYERS, words),
            _writes(TABLES, np.concatenate([[], *(table(name).view(np.uint8) for name in names)])),
            _writes(BIASES, np.concatenate(biases)),
            _row_writes(np.concatenate(stacked), core),
        ]
    )


def check_fit(network: Network, core: Core) -> None:
    """Raise InputError where a network does not fit into the memories of a core."""
    for what, (number, limit) in occupancy(network, core).items():
        if number > limit:
            refuse(f"the number of {what}", number, f"up to {limit} in this core")
    multipliers = [layer.multiplier for layer in network.layers if not isinstance(layer, Pool)]
    if max(multipliers) > 1 and not core.multiplier:
        refuse("the multiplier of a layer", max(multipliers), "1 in this core, which only shifts")


def occupancy(network: Network, core: Core) -> dict[str, tuple[int, int]]:
    """Return what a network needs of each of a core's memories, and how much there is."""
    weighted = [layer for layer in network.layers if not isinstance(layer, Pool)]
    shapes = (network.input_shape, *network.shapes)
    maps = [
        math.prod(shape[1:])
        for layer, shape in zip(network.layers, network.shapes, strict=True)
        if isinstance(layer, Conv)
    ]
    return {
        "layers of the network": (len(network.layers), core.layers),
        "bytes of a layer's input": (max(map(math.prod, shapes[:-1])), core.activations),
        "positions of a convolution's map": (max(maps, default=1), core.positions),
        "rows of weights": (sum(_rows(layer, core) for layer in weighted), core.weights),
        "biases of the network": (sum(len(layer.bias) for layer in weighted), core.biases),
        "tables of the network": (len(table_names(network)), core.tables),
    }


def table_names(network: Network) -> list[str]:
    """Return the activations of a network that need a table, in the order of their tables."""
    used = {layer.activation for layer in network.layers if not isinstance(layer, Pool)}
    return [name for name in FUNCTIONS if name in used]


def tiles(layer: Layer, before: Shape, core: Core) -> int:
    """Return how often the array gets new weights in a pass; of pooling, the number of maps."""
    return math.ceil(math.prod(before) / core.rows) if isinstance(layer, Dense) else before[0]


def passes(layer: Layer, core: Core) -> int:
    """Return how often a layer's input is read."""
    return 1 if isinstance(layer, Pool) else math.ceil(len(layer.bias) / core.cols)


def border(layer: Layer) -> int:
    """Return the number of windows that a layer takes, as rtl/neuro/evoarray_conv3x3.v has them."""
    if isinstance(layer, Pool):
        return 2 if layer.size == 2 else 0
    return layer.padding if isinstance(layer, Conv) else 0


def layer_words(
    layer: Layer, before: Shape, after: Shape, core: Core, names: list[str]
) -> list[int]:
    """Return the four words of a layer with shapes before and after it; names are the tables'.

    Equals what rtl/neuro/evoarray_neuro_sequencer.v describes; counts are less 1.
    """
    kind = KINDS.index(type(layer))
    activation, shift, multiplier = "linear", 0, 1
    if not isinstance(layer, Pool):
        activation, shift, multiplier = layer.activation, layer.shift, layer.multiplier
    tabled = activation in names
    stride = 1 if isinstance(layer, Dense) else layer.stride
    return [
        packed(
            (kind, 2),
            (activation == "logits", 1),
            (activation == "relu", 1),
            (tabled, 1),
            (names.index(activation) if tabled else 0, 2),
            (border(layer), 2),
            (stride, 2),
            (isinstance(layer, Pool) and layer.kind == "average", 1),
            (shift, 6),
            (tiles(layer, before, core) - 1, 14),
        ),
        packed((multiplier, 31)),
        packed((math.prod(before) - 1, 16), (after[0] - 1, 16)),
        packed((before[2], 8), (before[1], 8), (passes(layer, core) - 1, 16)),
    ]


def packed(*values: tuple[int, int]) -> int:
    """Return numbers, each with its width in bits, as one, the first one lowest."""
    word = shift = 0
    for value, width in values:
        assert 0 <= value < 1 << width
        word |= int(value) << shift
        shift += width
    return word


def weight_rows(layer: Dense | Conv, core: Core) -> NDArray[np.int64]:
    """Return a layer's weights (rows, cols) in the order in which the array takes them.

    Pass by pass, in a pass tile by tile, row by row: those of a dense layer's core.rows inputs, or
    of a channel's 9 taps. What is beyond the layer is 0.
    """
    outputs = len(layer.weights)
    height = _tile_rows(layer, core)
    flat = layer.weights.reshape(outputs, -1)
    around = ((0, -outputs % core.cols), (0, -flat.shape[1] % height))
    padded = np.pad(flat.astype(np.int64), around)
    split = padded.reshape(passes(layer, core), core.cols, -1, height)
    return split.transpose(0, 2, 3, 1).reshape(-1, core.cols)


def _tile_rows(layer: Dense | Conv, core: Core) -> int:
    return TAPS if isinstance(layer, Conv) else core.rows


def _rows(layer: Dense | Conv, core: Core) -> int:
    height = _tile_rows(layer, core)
    inputs = math.prod(layer.weights.shape[1:])
    return passes(layer, core) * math.ceil(inputs / height) * height


def _row_writes(rows: NDArray[np.int64], core: Core) -> Words:
    columns = np.pad(rows, ((0, 0), (0, -core.cols % 4))).astype(np.int8, order="C")
    words = columns.view("<u4")
    addresses = np.arange(len(words))[:, np.newaxis] * core.row_stride + np.arange(words.shape[1])
    return np.stack([WEIGHTS + addresses.ravel(), words.ravel()], axis=1).astype(np.uint32)


def _writes(first: int, words: Iterable[int]) -> Words:
    values = np.array([int(word) & 0xFFFFFFFF for word in words], np.int64)
    return np.stack([first + np.arange(len(values)), values], axis=1).astype(np.uint32)
