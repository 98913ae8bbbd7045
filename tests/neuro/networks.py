# SPDX-License-Identifier: Apache-2.0
"""Random networks whose values neither die out nor all saturate, and images for them."""

import math
from typing import Any

import numpy as np

from evoarray.model.neuro.arithmetic import Int8
from evoarray.model.neuro.layers import POOLS
from evoarray.model.neuro.network import Conv, Dense, Layer, Network, Pool, Shape

HIDDEN = ("linear", "relu", "sigmoid", "tanh", "step")


def random_network(
    rng: np.random.Generator, input_shape: Shape | None = None, depth: int | None = None
) -> Network:
    """Return a network of `depth` (0..4 if None) hidden layers of all kinds and one of logits."""
    if input_shape is None:
        height, width = (int(side) for side in rng.integers(3, 11, 2))
        input_shape = (int(rng.integers(1, 4)), height, width)
    layers: list[Layer] = []
    shape = input_shape
    for _ in range(int(rng.integers(0, 5)) if depth is None else depth):
        kinds = ["dense", "conv", "pool"] if min(shape[1:]) >= 3 else ["dense"]
        layers.append(random_layer(rng, str(rng.choice(kinds)), shape))
        shape = layers[-1].output_shape(shape)
    kind = str(rng.choice(["dense", "conv"])) if min(shape[1:]) >= 3 else "dense"
    layers.append(random_layer(rng, kind, shape, "logits"))
    return Network(input_shape, tuple(layers))


def random_layer(
    rng: np.random.Generator, kind: str, shape: Shape, activation: str | None = None
) -> Layer:
    """Return a layer for maps of this shape; its activation is drawn where none is given."""
    if kind == "pool":
        size = int(rng.integers(2, 4))
        return Pool(str(rng.choice(POOLS)), size, int(rng.integers(1, size + 1)))
    outputs = int(rng.integers(1, 7))
    size_of_one = (shape[0], 3, 3) if kind == "conv" else (math.prod(shape),)
    largest = int(rng.choice([1, 7, 127]))
    weights = rng.integers(-largest, largest + 1, (outputs, *size_of_one))
    weights[rng.random(weights.shape) < rng.choice([0, 0, 0.5, 0.9])] = 0
    spread = 60 * max(1.0, float(np.sqrt((weights**2).sum() / outputs)))  # of accumulators, about
    bias = rng.integers(-round(spread), round(spread) + 1, outputs) * (rng.random() < 0.8)
    activation = activation or str(rng.choice(HIDDEN))
    scale: dict[str, Any] = {"shift": 0}
    if activation != "logits":
        scale["shift"] = max(0, round(math.log2(spread)) - int(rng.integers(4, 8)))
        if rng.random() < 0.3:
            scale["multiplier"] = int(rng.integers(2, 2 ** int(rng.integers(2, 32))))
            scale["shift"] = min(62, scale["shift"] + round(math.log2(scale["multiplier"])))
    arrays = weights.astype(np.int8), bias.astype(np.int32)
    if kind == "dense":
        return Dense(*arrays, activation=activation, **scale)
    stride, padding = int(rng.integers(1, 3)), int(rng.integers(0, 2))
    return Conv(*arrays, activation=activation, stride=stride, padding=padding, **scale)


def random_images(rng: np.random.Generator, shape: Shape, count: int) -> Int8:
    """Return images (count, channels, height, width) int8: random, black, and at both ends."""
    images: Int8 = rng.integers(-127, 128, (count, *shape)).astype(np.int8)
    for image, value in zip(images, (0, 127, -127), strict=False):
        image[:] = value
    images[3::4] = np.abs(images[3::4])  # 0..127, as photos are
    return images
