# SPDX-License-Identifier: Apache-2.0
"""The forward pass of many networks of one architecture at once, equal to the model bit for bit.

Products of int8 values are exact in float32, and so is every sum below 2**24 whatever the order
of its terms: within that, the BLAS behind NumPy does integer arithmetic. Where a layer could go
beyond, float64 (exact below 2**53) takes its place. Scaling by a power of two and `rint`, which
rounds half to even, are exact in both. Every signal is the row of its values in all images, so that
windows and pools work on long rows: signals are (population, channels, height, width, n).
"""

import math
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from evoarray.model.errors import InputError
from evoarray.model.neuro.arithmetic import LARGEST, Int8, Int64, requantise
from evoarray.model.neuro.forward import check_images
from evoarray.model.neuro.layers import Conv, Dense, Int32, Layer, Pool
from evoarray.model.neuro.network import Network
from evoarray.model.neuro.tables import FUNCTIONS, table

Floats = NDArray[np.floating]
EXACT = 2**24  # float32 holds every integer below
BLOCK_BYTES = 2**21  # of the largest signal that is computed at once: it shall stay in the cache


class Stack(NamedTuple):
    """One Dense or Conv of a whole population: its weights, biases and shifts.

    weights (population, outputs, ...) int8, bias (population, outputs) int32, shift (population,)
    int64. What is legal for the layer is not checked here: it is where a Network is made.
    """

    weights: Int8
    bias: Int32
    shift: Int64

    def part(self, chosen: slice | Sequence[int]) -> "Stack":
        """Return the same layer of a part of the population."""
        return Stack(self.weights[chosen], self.bias[chosen], self.shift[chosen])


def stack(networks: Sequence[Network]) -> list[Stack]:
    """Return the Dense and Conv layers of networks that differ in weights, biases and shifts only.

    Raises InputError where they differ in more.
    """
    if len({architecture_of(network) for network in networks}) != 1:
        raise InputError("the networks differ in their architecture; evaluate them apart")
    columns = zip(*(_weighted(network) for network in networks), strict=True)
    return [
        Stack(
            np.stack([layer.weights for layer in column]),
            np.stack([layer.bias for layer in column]),
            np.array([layer.shift for layer in column], np.int64),
        )
        for column in columns
    ]


class Fast:
    """Evaluates populations of one architecture on the same images.

    Of the network that shows the architecture, weights, biases and shifts do not count. The images
    are (n, channels, height, width) int8. Raises InputError where they do not fit.
    """

    def __init__(self, architecture: Network, images: Int8) -> None:
        check_images(architecture, images)
        if not len(images):
            raise InputError("there is no image to evaluate the networks on")
        self._network = architecture
        self._shapes = (architecture.input_shape, *architecture.shapes)
        self._images = images.transpose(1, 2, 3, 0)[np.newaxis].astype(np.float32)
        first = architecture.layers[0]
        self._windows = _windows(self._images, first) if isinstance(first, Conv) else None
        sizes = [math.prod(shape) for shape in self._shapes]
        for layer, before, after in zip(
            architecture.layers, self._shapes[:-1], architecture.shapes, strict=True
        ):
            if isinstance(layer, Conv):
                sizes.append(9 * before[0] * math.prod(after[1:]))
        self._block = max(1, BLOCK_BYTES // (4 * max(sizes) * len(images)))

    def logits(self, stacks: Sequence[Stack]) -> Int32:
        """Return the logits (population, n, outputs) int32; equals model/neuro/forward.py."""
        population = len(stacks[0].bias)
        result = np.empty((population, self._network.outputs, self._images.shape[-1]), np.int32)
        for part, values in self._blocks(stacks, self._network.layers):
            result[part] = values.reshape(len(values), *result.shape[1:])
        return result.transpose(0, 2, 1)

    def features(self, stacks: Sequence[Stack]) -> Floats:
        """Return what the last layer reads, (population, inputs, n) float32, given all others."""
        found = [values for _, values in self._blocks(stacks, self._network.layers[:-1])]
        return np.concatenate(found).reshape(len(stacks[0].bias), -1, self._images.shape[-1])

    def _blocks(
        self, stacks: Sequence[Stack], layers: Sequence[Layer]
    ) -> Iterator[tuple[slice, Floats]]:
        """Yield what these layers come to, for a part of the population at a time."""
        for start in range(0, len(stacks[0].bias), self._block):
            part = slice(start, start + self._block)
            yield part, self._values((layer.part(part) for layer in stacks), layers)

    def _values(self, stacks: Iterator[Stack], layers: Sequence[Layer]) -> Floats:
        values: Floats = self._images
        for number, layer in enumerate(layers):
            if isinstance(layer, Pool):
                values = _pool(values, layer)
                continue
            weights, bias, shift = next(stacks)
            if isinstance(layer, Conv):
                cached = self._windows if number == 0 else None
                inputs = _windows(values, layer) if cached is None else cached
            else:
                inputs = values.reshape(len(values), -1, values.shape[-1])
            sums = _accumulate(inputs, weights, bias)
            if layer.activation != "logits":
                sums = _activate(sums, layer, shift)
            values = sums.reshape(len(sums), *self._shapes[number + 1], -1)
        return values


def _accumulate(inputs: Floats, weights: Int8, bias: Int32) -> Floats:
    """Return the exact sums (population, outputs, positions) of inputs (.., inputs, positions)."""
    count = inputs.shape[1]
    largest = count * LARGEST**2 + int(np.abs(bias.astype(np.int64)).max())
    kind = np.float32 if largest < EXACT else np.float64
    rows = weights.reshape(*bias.shape, count).astype(kind)
    sums: Floats = np.matmul(rows, inputs.astype(kind, copy=False))
    sums += bias[:, :, np.newaxis].astype(kind)
    return sums


def _activate(sums: Floats, layer: Dense | Conv, shift: Int64) -> Floats:
    """Return a layer's outputs, float32, for its accumulators, which are overwritten."""
    low = 0 if layer.activation == "relu" else -LARGEST
    if layer.multiplier == 1:
        sums *= np.ldexp(sums.dtype.type(1), -shift)[:, np.newaxis, np.newaxis]
        np.clip(np.rint(sums, out=sums), low, LARGEST, out=sums)
    else:  # the products may be beyond 2**53
        each = zip(sums.astype(np.int64), shift.tolist(), strict=True)
        sums[:] = [requantise(one, by, layer.multiplier, low) for one, by in each]
    if layer.activation in FUNCTIONS:
        sums[:] = table(layer.activation)[sums.astype(np.int8).view(np.uint8)]
    return sums.astype(np.float32, copy=False)


def _windows(values: Floats, layer: Conv) -> Floats:
    """Return what each kernel's weights read, (population, 9 channels, positions and images)."""
    border = [
        (0, 0),
        (0, 0),
        (layer.padding, layer.padding),
        (layer.padding, layer.padding),
        (0, 0),
    ]
    windows = sliding_window_view(np.pad(values, border), (3, 3), axis=(2, 3))
    windows = windows[:, :, :: layer.stride, :: layer.stride].transpose(0, 1, 5, 6, 2, 3, 4)
    return windows.reshape(len(values), 9 * values.shape[1], -1)


def _pool(values: Floats, layer: Pool) -> Floats:
    """Return the maxima or averages; the sums of at most 9 values are exact, only 1/4 has ties."""
    height, width = (
        (side - layer.size) // layer.stride * layer.stride + 1 for side in values.shape[2:4]
    )
    shifted = [
        values[:, :, y : y + height : layer.stride, x : x + width : layer.stride]
        for y in range(layer.size)
        for x in range(layer.size)
    ]
    if layer.kind == "max":
        return reduce(np.maximum, shifted)
    total = reduce(np.add, shifted)
    return np.asarray(np.rint(total / np.float32(layer.size**2)))


def _weighted(network: Network) -> list[Dense | Conv]:
    return [layer for layer in network.layers if not isinstance(layer, Pool)]


def architecture_of(network: Network) -> tuple[Any, ...]:
    """What networks of one architecture have in common."""
    parts: list[tuple[Any, ...]] = [network.input_shape]
    for layer in network.layers:
        if isinstance(layer, Pool):
            parts.append(("pool", layer.kind, layer.size, layer.stride))
        else:
            geometry = (layer.stride, layer.padding) if isinstance(layer, Conv) else ()
            parts.append((layer.weights.shape, layer.activation, layer.multiplier, *geometry))
    return tuple(parts)
