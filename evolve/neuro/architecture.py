# SPDX-License-Identifier: Apache-2.0
"""The architecture of a small CNN, apart from its weights, which are kernels of one form.

A dense layer is a convolution whose kernel is as large as the map before it. So every layer with
weights has a kernel (units, channels, height, width), and whoever trains, varies or crosses weights
needs no second case.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from evoarray.model.errors import InputError
from evoarray.model.neuro.arithmetic import Int8
from evoarray.model.neuro.layers import Conv, Dense, Layer, Pool, Shape
from evoarray.model.neuro.network import Network

KernelShape: TypeAlias = tuple[int, int, int, int]

POOLS = (
    None,
    *(Pool(kind, size, stride) for kind in ("max", "average") for size, stride in ((2, 2), (3, 2))),
)
"""The pools that evolution chooses from."""


PADDINGS, STRIDES = (0, 1), (1, 2)

T = TypeVar("T")


@dataclass(frozen=True)
class Block:
    """A 3x3 convolution with ReLU, and the pool behind it, if any."""

    filters: int
    padding: int = 1
    stride: int = 1
    pool: Pool | None = None


@dataclass(frozen=True, eq=False)
class Kernel:
    """What a layer computes with.

    weights (units, channels, height, width) int8, bias (units,) int32; the accumulator is divided
    by 2**shift.
    """

    weights: Int8
    bias: NDArray[np.int32]
    shift: int


@dataclass(frozen=True)
class Architecture:
    """Blocks, then hidden dense layers with ReLU of so many units, then one unit for each class.

    kernels are the shapes (units, channels, height, width) of the weights, layer by layer. Raises
    InputError, the golden model's, where a layer does not fit the map before it.
    """

    input_shape: Shape
    blocks: tuple[Block, ...]
    hidden: tuple[int, ...]
    outputs: int
    kernels: tuple[KernelShape, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        shape, kernels = self.input_shape, list[KernelShape]()
        for block in self.blocks:
            kernels.append((block.filters, shape[0], 3, 3))
            weights, bias = np.zeros(kernels[-1], np.int8), np.zeros(block.filters, np.int32)
            shape = Conv(weights, bias, 0, "relu", block.stride, block.padding).output_shape(shape)
            if block.pool:
                shape = block.pool.output_shape(shape)
        for units in (*self.hidden, self.outputs):
            kernels.append((units, *shape))
            shape = (units, 1, 1)
        object.__setattr__(self, "kernels", tuple(kernels))

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum(shape[0] + math.prod(shape) for shape in self.kernels)

    def layer(self, number: int, kernel: Kernel) -> Conv | Dense:
        """Return the layer with this kernel. Raises InputError where it is not legal."""
        if number < len(self.blocks):
            block = self.blocks[number]
            return Conv(
                *(kernel.weights, kernel.bias, kernel.shift, "relu"),
                stride=block.stride,
                padding=block.padding,
            )
        flat = kernel.weights.reshape(len(kernel.weights), -1)
        activation = "relu" if number < len(self.kernels) - 1 else "logits"
        return Dense(flat, kernel.bias, kernel.shift, activation)

    def pool(self, number: int) -> Pool | None:
        """Return the pool behind a layer, if any."""
        return self.blocks[number].pool if number < len(self.blocks) else None

    def network(self, kernels: Sequence[Kernel]) -> Network:
        """Return the network with these kernels. Raises InputError where they do not fit."""
        layers: list[Layer] = []
        for number, kernel in enumerate(kernels):
            layers.append(self.layer(number, kernel))
            if pool := self.pool(number):
                layers.append(pool)
        return Network(self.input_shape, tuple(layers))

    def to_json(self) -> dict[str, Any]:
        """Return it as data that JSON can hold."""
        return {
            "input": list(self.input_shape),
            "blocks": [
                [block.filters, block.padding, block.stride, _pool_data(block.pool)]
                for block in self.blocks
            ],
            "hidden": list(self.hidden),
            "outputs": self.outputs,
        }


def architecture_of(data: dict[str, Any]) -> Architecture:
    """Return the architecture of which to_json made this data."""
    channels, height, width = data["input"]
    blocks = tuple(
        Block(filters, padding, stride, Pool(*pool) if pool else None)
        for filters, padding, stride, pool in data["blocks"]
    )
    return Architecture((channels, height, width), blocks, tuple(data["hidden"]), data["outputs"])


def fitted(
    input_shape: Shape, blocks: Sequence[Block], hidden: Sequence[int], outputs: int
) -> Architecture:
    """Return an architecture of these layers that is legal, with as few changes as possible.

    From the last block to the first, blocks lose what makes maps smaller, which is pool, stride and
    missing padding, until all fit.
    """
    kept = list(blocks)
    for number in reversed(range(len(kept))):
        try:
            return Architecture(input_shape, tuple(kept), tuple(hidden), outputs)
        except InputError:
            kept[number] = Block(kept[number].filters)
    return Architecture(input_shape, tuple(kept), tuple(hidden), outputs)


def random_block(filters: int, rng: np.random.Generator) -> Block:
    """Return a block of so many filters; all else is drawn."""
    padding, stride, pool = rng.integers([len(PADDINGS), len(STRIDES), len(POOLS)]).tolist()
    return Block(filters, PADDINGS[padding], STRIDES[stride], POOLS[pool])


def another(old: T, values: Sequence[T], rng: np.random.Generator) -> T:
    """Return one of the values that is not the old one."""
    others = [value for value in values if value != old]
    return others[rng.integers(len(others))]


def _pool_data(pool: Pool | None) -> list[Any] | None:
    return [pool.kind, pool.size, pool.stride] if pool else None
