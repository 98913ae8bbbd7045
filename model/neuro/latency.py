# SPDX-License-Identifier: Apache-2.0
"""How many cycles of ce the RTL of networks takes: what its tests assert."""

import math

from evoarray.model.neuro.layers import Conv, Dense, Layer, Pool, Shape
from evoarray.model.neuro.network import Network
from evoarray.model.neuro.program import Core, border, passes, tiles

REQUANT_CYCLES = 4
"""requant: from an accumulator to its value."""

TABLE_CYCLES = 1
"""evoarray_activation_lut: from a value to its entry."""

POOL_CYCLES = 3
"""pool: from a window to its maximum or average."""

CONV_CYCLES = 2
"""evoarray_conv3x3: from accepting the pixel at a window's lower right, if any, to the window."""

FETCH_CYCLES = 5
"""evoarray_neuro_sequencer: to read a layer's words."""

FIRST_BYTE_CYCLES = 2
"""evoarray_neuro_feeder: from the start of a run to the first byte of the input."""

VECTOR_CYCLES = 1
"""evoarray_neuro_feeder: from a vector's last byte, or its window, to the vector."""

DRAIN_CYCLES = 3
"""evoarray_neuro_accumulator: from a pass's last sums to its first value."""

WRITE_CYCLES = REQUANT_CYCLES + TABLE_CYCLES
"""evoarray_neuro_writer: from an accumulator to its byte."""

POOL_WRITE_CYCLES = POOL_CYCLES + 1
"""evoarray_neuro_writer: from a window to its byte."""


def array_cycles(rows: int, cols: int) -> int:
    """evoarray_mac_array: from a vector to its sums."""
    return rows + cols


def inference_cycles(network: Network, core: Core) -> int:
    """evoarray_neuro_core: the cycles of an inference, from the one in which its image is offered.

    The last one is that before the core is idle again, and nothing stalls. The number depends on
    the shapes of the layers alone. Equals `cycles` of rtl/neuro/evoarray_neuro_core.v.
    """
    return runs(network, core)[-1][1] + 1


def runs(network: Network, core: Core) -> list[tuple[int, int]]:
    """evoarray_neuro_core: first and last cycle of each layer; the image is offered in 0."""
    found = []
    shapes = (network.input_shape, *network.shapes)
    start = 1 + FETCH_CYCLES + math.prod(network.input_shape)
    end = windows_free = 0
    for layer, before, after in zip(network.layers, shapes, shapes[1:], strict=False):
        first_byte = start + FIRST_BYTE_CYCLES
        if not isinstance(layer, Dense):
            first_byte = max(first_byte, windows_free)
        put_out, read = _run(layer, before, after, core, first_byte)
        if not isinstance(layer, Dense):
            windows_free = read + before[2] + 1  # when the generator has flushed its last row
        end = max(put_out, read + 1)
        found.append((start, end))
        start = end + 1 + FETCH_CYCLES
    return found


def _run(layer: Layer, before: Shape, after: Shape, core: Core, first_byte: int) -> tuple[int, int]:
    """Return when a layer's last output leaves, and when the last byte of its input is taken."""
    period = tiles(layer, before, core)  # bytes of a pass
    if isinstance(layer, Dense):
        period *= core.rows
        opening, closing = core.rows - 1, period - 1  # the bytes that complete a pass's vectors
    else:
        area = math.prod(before[1:])
        opening, closing = _windows(layer, before, after)
        closing += period * area - area
        period *= area
    if isinstance(layer, Pool):
        put_out = first_byte + closing + CONV_CYCLES + POOL_WRITE_CYCLES
        return put_out, first_byte + period - 1

    # While the sums of a pass leave the accumulator, the array holds those of the next one.
    way = VECTOR_CYCLES + array_cycles(core.rows, core.cols)
    way += CONV_CYCLES if isinstance(layer, Conv) else 0
    begin, last_value = first_byte, 0
    for number in range(passes(layer, core)):
        begin = max(begin, last_value - opening - way)
        outputs = min(core.cols, after[0] - number * core.cols)
        values = outputs * math.prod(after[1:])
        last_value = begin + closing + way + DRAIN_CYCLES + values - 1
        begin += period
    put_out = last_value + (0 if layer.activation == "logits" else WRITE_CYCLES)
    return put_out, begin - 1


def _windows(layer: Conv | Pool, before: Shape, after: Shape) -> tuple[int, int]:
    """Return which pixels of a map complete its first and its last window, counted on beyond it."""
    width = before[2]
    first = 0 if border(layer) else width + 1  # the pixel that the window stands around
    last = first + layer.stride * ((after[1] - 1) * width + after[2] - 1)
    return first + width + 1, last + width + 1
