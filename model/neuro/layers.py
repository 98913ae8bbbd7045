# SPDX-License-Identifier: Apache-2.0
"""The layers of a network, checked where they are made."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evoarray.model.errors import refuse
from evoarray.model.neuro.arithmetic import LARGEST, Int8, check_scale

Int32 = NDArray[np.int32]
Shape = tuple[int, int, int]  # channels, height, width; a vector is a map of 1 x 1 pixels

ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh", "step", "logits")
POOLS = ("max", "average")
LARGEST_ACCUMULATOR = 2**31 - 1
SIDES = (3, 64)  # of a map that a window reads: the limits of rtl/shared/evoarray_pixel_window.v


@dataclass(frozen=True, eq=False)
class Dense:
    """A fully connected layer: weights (outputs, inputs) int8, bias (outputs,) int32, read-only.

    An accumulator is scaled by multiplier / 2**shift, then the activation follows. Raises
    InputError for illegal values, and where the accumulator could leave int32.
    """

    weights: Int8
    bias: Int32
    shift: int
    activation: str
    multiplier: int = 1

    def __post_init__(self) -> None:
        _settle(self, 2)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape after this layer. Raises InputError where that before does not fit."""
        outputs, inputs = self.weights.shape
        if inputs != math.prod(shape):
            refuse("inputs per output", inputs, f"{math.prod(shape)}, what comes from before")
        return (outputs, 1, 1)


@dataclass(frozen=True, eq=False)
class Conv:
    """A convolution: weights (outputs, inputs, 3, 3) int8, bias (outputs,) int32, read-only.

    The kernel moves by `stride` 1 or 2 over maps with `padding` 0 or 1 zeros on each side. Scale,
    activation and errors are those of Dense.
    """

    weights: Int8
    bias: Int32
    shift: int
    activation: str
    stride: int = 1
    padding: int = 0
    multiplier: int = 1

    def __post_init__(self) -> None:
        _settle(self, 4)
        if self.weights.shape[2:] != (3, 3):
            refuse("the shape of a kernel", self.weights.shape[2:], "(3, 3)")
        check_integer("stride", self.stride, 1, 2)
        check_integer("padding", self.padding, 0, 1)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape after this layer. Raises InputError where that before does not fit."""
        outputs, inputs = self.weights.shape[:2]
        if inputs != shape[0]:
            refuse("input channels", inputs, f"{shape[0]}, what comes from before")
        return _slide(shape, outputs, 3, self.stride, self.padding)


@dataclass(frozen=True)
class Pool:
    """The 'max' or 'average' of windows of size 2 or 3, one every `stride` pixels (1 .. size)."""

    kind: str
    size: int
    stride: int

    def __post_init__(self) -> None:
        check_name("kind", self.kind, POOLS)
        check_integer("size", self.size, 2, 3)
        check_integer("stride", self.stride, 1, self.size)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape after this layer. Raises InputError where that before does not fit."""
        return _slide(shape, shape[0], self.size, self.stride, 0)


Layer = Dense | Conv | Pool


def _settle(layer: Dense | Conv, dimensions: int) -> None:
    """Check what Dense and Conv share, and put read-only copies of the arrays into the layer."""
    check_name("activation", layer.activation, ACTIVATIONS)
    check_scale(layer.shift, layer.multiplier)
    if layer.activation == "logits" and (layer.shift, layer.multiplier) != (0, 1):
        refuse("the scale of logits", (layer.shift, layer.multiplier), "shift 0 and multiplier 1")
    if np.ndim(layer.weights) != dimensions or not np.size(layer.weights):
        refuse("the shape of weights", np.shape(layer.weights), f"one of {dimensions} numbers")
    weights = _integers("weights", layer.weights, LARGEST, np.int8)
    if np.shape(layer.bias) != weights.shape[:1]:
        refuse("the shape of bias", np.shape(layer.bias), f"({len(weights)},), one for each output")
    bias = _integers("bias", layer.bias, LARGEST_ACCUMULATOR, np.int32)
    reach = np.abs(weights.astype(np.int64)).reshape(len(weights), -1).sum(axis=1) * LARGEST
    reach += np.abs(bias.astype(np.int64))
    if reach.max() > LARGEST_ACCUMULATOR:
        refuse("the largest accumulator", int(reach.max()), f"up to {LARGEST_ACCUMULATOR}")
    object.__setattr__(layer, "weights", weights)
    object.__setattr__(layer, "bias", bias)


def _integers(key: str, value: ArrayLike, largest: int, dtype: type[np.integer]) -> NDArray[Any]:
    """Return whole numbers from -largest to largest as a read-only array of this type."""
    array = np.asarray(value)
    if array.dtype.kind not in "iu" or array.min() < -largest or array.max() > largest:
        refuse(key, array.tolist(), f"whole numbers from {-largest} to {largest}")
    copy = array.astype(dtype)
    copy.flags.writeable = False
    return copy


def _slide(shape: Shape, outputs: int, size: int, stride: int, padding: int) -> Shape:
    """Return the shape after a window has moved over maps of this shape."""
    for key, side in zip(("height", "width"), shape[1:], strict=True):
        check_integer(f"the {key} before a window", side, *SIDES)
    height, width = ((side + 2 * padding - size) // stride + 1 for side in shape[1:])
    return (outputs, height, width)


def check_integer(key: str, value: object, low: int, high: int) -> None:
    """Refuse anything but a whole number from low to high: raises InputError."""
    if type(value) is not int or not low <= value <= high:
        refuse(key, value, f"a whole number from {low} to {high}")


def check_name(key: str, value: object, legal: tuple[str, ...]) -> None:
    """Refuse anything but one of these names: raises InputError."""
    if not isinstance(value, str) or value not in legal:
        refuse(key, value, "one of " + ", ".join(legal))
