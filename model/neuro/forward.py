# SPDX-License-Identifier: Apache-2.0
"""What a network computes: the golden model of the MAC array, on one page.

Start reading here. An image goes through the layers one after the other. A dense layer or a
convolution multiplies int8 values with int8 weights and adds everything up in an int32 accumulator,
which begins as the bias; then the accumulator is scaled back to eight bits, and the activation
follows. The last layer keeps its accumulators: they are the logits, and the largest one is the
answer.

The RTL walks the same way with a systolic array; here every signal is an int64 array, so that
nothing can overflow and each line stands for one operation.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from evoarray.model.errors import refuse
from evoarray.model.neuro.arithmetic import LARGEST, Int8, Int64, requantise, round_half_even
from evoarray.model.neuro.network import Conv, Dense, Network, Pool
from evoarray.model.neuro.tables import FUNCTIONS, table

Integers = NDArray[np.integer]
Int32 = NDArray[np.int32]


def forward(network: Network, images: Int8) -> Int32:
    """Return the logits (n, outputs) int32 of images (n, channels, height, width) int8.

    The images hold -127..127. Equals rtl/neuro/evoarray_neuro_core.v. Raises InputError for others.
    """
    check_images(network, images)
    *hidden, last = network.layers
    values = images
    for layer in hidden:
        if isinstance(layer, Pool):
            values = pool(values, layer.kind, layer.size, layer.stride).astype(np.int8)
        else:
            values = activate(accumulate(values, layer), layer)
    assert not isinstance(last, Pool)  # Network refuses one there
    return np.asarray(accumulate(values, last).reshape(len(images), network.outputs), np.int32)


def classify(logits: Int32) -> Int64:
    """Return the class (n,) int64 of logits (n, outputs): the first of the largest ones."""
    return np.asarray(np.argmax(logits, axis=1), np.int64)


def accumulate(values: Integers, layer: Dense | Conv) -> Int64:
    """Return a layer's accumulators (n, outputs, height, width), its bias included."""
    if isinstance(layer, Dense):
        sums = dense(values, layer.weights)
    else:
        sums = convolve(values, layer.weights, layer.stride, layer.padding)
    return sums + layer.bias.astype(np.int64)[:, np.newaxis, np.newaxis]


def activate(accumulator: Int64, layer: Dense | Conv) -> Int8:
    """Return a layer's output, int8, for its accumulators of any shape."""
    low = 0 if layer.activation == "relu" else -LARGEST
    value = requantise(accumulator, layer.shift, layer.multiplier, low)
    if layer.activation in FUNCTIONS:
        return table(layer.activation)[value.view(np.uint8)]
    return value


def dense(values: Integers, weights: Integers) -> Int64:
    """Return the sums (n, outputs, 1, 1) of values (n, ...) for weights (outputs, inputs).

    A map (n, channels, height, width) is taken flattened: by channel, then row, then column.
    """
    flat = values.reshape(len(values), weights.shape[1]).astype(np.int64)
    return (flat @ weights.T.astype(np.int64))[:, :, np.newaxis, np.newaxis]


def convolve(maps: Integers, kernels: Integers, stride: int = 1, padding: int = 0) -> Int64:
    """Return the sums (n, outputs, height', width') of maps (n, channels, height, width).

    The kernels are (outputs, channels, 3, 3) and not turned around (cross-correlation); `padding`
    zeros are added on each side, and a window is taken every `stride` pixels. Source:
    Hernández-Hernández, 2022, slides on convolution.
    """
    border = [(0, 0), (0, 0), (padding, padding), (padding, padding)]
    padded = np.pad(maps.astype(np.int64), border)
    windows = sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::stride, ::stride]
    return np.asarray(np.einsum("ncyxij,ocij->noyx", windows, kernels.astype(np.int64)))


def pool(maps: Integers, kind: str, size: int, stride: int) -> Int64:
    """Return the maxima or averages (n, channels, height', width') of size x size windows.

    An average is the exact sum / size**2, rounded half to even. Source:
    Hernández-Hernández, 2022, slides on pooling.
    """
    windows = sliding_window_view(maps.astype(np.int64), (size, size), axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride]
    if kind == "max":
        return np.asarray(windows.max(axis=(4, 5)))
    return round_half_even(windows.sum(axis=(4, 5)), size**2)


def check_images(network: Network, images: Int8) -> None:
    """Refuse what is no batch of images for a network. Raises InputError."""
    if images.dtype != np.int8 or images.shape[1:] != network.input_shape:
        refuse(
            "the images' type and shape",
            (images.dtype.name, images.shape),
            f"int8 and (n, {', '.join(map(str, network.input_shape))})",
        )
    if images.size and images.min() < -LARGEST:
        refuse("a pixel", int(images.min()), f"a whole number from {-LARGEST} to {LARGEST}")
