# SPDX-License-Identifier: Apache-2.0
"""Backpropagation for small CNNs, in plain NumPy: the other way to weights than evolution.

Start reading at `gradients`. Maps are (channels, height, width, images): with the images last, a
convolution is one matrix product on columns of pixels, and every copy moves long runs. Nothing here
is int8; evolve/neuro/quantise.py makes a network of what is trained.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from evoarray.evolution.neuro.architecture import Architecture, Block
from evoarray.model.neuro.arithmetic import LARGEST, Int8, Int64
from evoarray.model.neuro.layers import Pool

Reals: TypeAlias = NDArray[np.floating[Any]]
Weights: TypeAlias = Sequence[tuple[Reals, Reals]]
"""Of each layer, its kernel (units, channels, height, width) and its bias (units,)."""

STEP = 1 / LARGEST
"""What one step of a pixel is worth to the trainer."""

_DENSE = Block(0, padding=0)


@dataclass(frozen=True)
class Training:
    """How often all images are seen, how many at once, and the first step size of Adam."""

    epochs: int
    batch: int = 25
    rate: float = 0.02


def start(
    architecture: Architecture, rng: np.random.Generator, dtype: DTypeLike = np.float32
) -> Weights:
    """Return random weights; biases are 0. Source: He and others, ICCV 2015, equation 10."""
    return [
        (
            (rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))).astype(dtype),
            np.zeros(shape[0], dtype),
        )
        for shape in architecture.kernels
    ]


def train(
    architecture: Architecture,
    images: Int8,
    labels: Int64,
    training: Training,
    rng: np.random.Generator,
) -> Weights:
    """Return weights, float32, trained on images (n, channels, height, width), labels (n,).

    Adam (Kingma and Ba, ICLR 2015) with a step size that falls to 0 in a straight line; every epoch
    sees the images in another order, and leaves out those that fill no batch.
    """
    flat = _flat(start(architecture, rng))
    weights = _split(architecture, flat)  # views: they follow
    mean, square = np.zeros_like(flat), np.zeros_like(flat)
    maps = as_maps(images)
    batch = min(training.batch, len(labels))
    batches = len(labels) // batch
    for step in range(training.epochs * batches):
        if step % batches == 0:
            order = rng.permutation(len(labels))
        chosen = order[step % batches * batch :][:batch]
        slope = _flat(gradients(architecture, weights, maps[..., chosen], labels[chosen])[1])
        mean += 0.1 * (slope - mean)
        square += 0.001 * (slope * slope - square)
        rate = training.rate * (1 - step / (training.epochs * batches))
        mean_now, square_now = (
            moment / (1 - decay ** (step + 1)) for moment, decay in ((mean, 0.9), (square, 0.999))
        )
        flat -= rate * mean_now / (np.sqrt(square_now) + 1e-8)
    return weights


def as_maps(images: Int8, dtype: DTypeLike = np.float32) -> Reals:
    """Return images (n, channels, height, width) as maps (channels, height, width, n) to 1."""
    maps: Reals = np.ascontiguousarray(np.moveaxis(images, 0, -1), dtype)
    maps *= STEP
    return maps


def gradients(
    architecture: Architecture, weights: Weights, maps: Reals, labels: Int64
) -> tuple[float, Weights]:
    """Return the loss, and its gradients by the weights, for maps (channels, height, width, n).

    The loss is the mean cross-entropy of the softmax of the logits, for labels (n,), in nats.
    """
    trace = _forward(architecture, weights, maps)
    logits = trace[-1].sums[:, 0, 0]
    probabilities = np.exp(logits - logits.max(0))
    probabilities /= probabilities.sum(0)
    each = np.arange(len(labels))
    loss = -float(np.log(probabilities[labels, each]).mean())
    slope = probabilities
    slope[labels, each] -= 1
    slope = slope[:, np.newaxis, np.newaxis] / len(labels)
    found: list[tuple[Reals, Reals]] = []
    for layer, (kernel, _) in zip(reversed(trace), reversed(weights), strict=True):
        if layer is not trace[-1]:
            if layer.block.pool:
                slope = _unpool(np.maximum(layer.sums, 0), layer.block.pool, slope)
            slope = slope * (layer.sums > 0)
        units = len(kernel)
        flat = slope.reshape(units, -1)
        found.append(((flat @ layer.columns.T).reshape(kernel.shape), flat.sum(1)))
        if layer is not trace[0]:
            slope = _fold(kernel.reshape(units, -1).T @ flat, kernel, layer)
    return loss, found[::-1]


def logits(architecture: Architecture, weights: Weights, images: Int8) -> Reals:
    """Return the logits (n, outputs) of images (n, channels, height, width)."""
    maps = as_maps(images, weights[0][0].dtype)
    return _forward(architecture, weights, maps)[-1].sums[:, 0, 0].T


def _flat(weights: Weights) -> Reals:
    return np.concatenate([array.reshape(-1) for layer in weights for array in layer])


def _split(architecture: Architecture, flat: Reals) -> Weights:
    """Return weights that are views of one vector, as _flat has put it together."""
    weights, place = list[tuple[Reals, Reals]](), 0
    for shape in architecture.kernels:
        middle = place + math.prod(shape)
        end = middle + shape[0]
        weights.append((flat[place:middle].reshape(shape), flat[middle:end]))
        place = end
    return weights


@dataclass(frozen=True, eq=False)
class _Layer:
    """What a layer read, as columns (channels * kernel pixels, windows), and what it came to."""

    block: Block
    shape: tuple[int, ...]
    columns: Reals
    sums: Reals


def _forward(architecture: Architecture, weights: Weights, maps: Reals) -> list[_Layer]:
    blocks = [*architecture.blocks, *[_DENSE] * (1 + len(architecture.hidden))]
    trace: list[_Layer] = []
    for block, (kernel, bias) in zip(blocks, weights, strict=True):
        if trace:
            maps = np.maximum(trace[-1].sums, 0)
            if trace[-1].block.pool:
                maps = _pool(maps, trace[-1].block.pool)
        padded = _padded(maps, block.padding)
        pixels = np.stack(_pixels(padded, kernel.shape[2:], block.stride), 1)
        columns = pixels.reshape(kernel[0].size, -1)
        sums = kernel.reshape(len(kernel), -1) @ columns + bias[:, np.newaxis]
        sums = sums.reshape(len(kernel), *pixels.shape[2:])
        trace.append(_Layer(block, padded.shape, columns, sums))
    return trace


def _padded(maps: Reals, padding: int) -> Reals:
    """Return maps with a border of 0; np.pad takes longer than all else on small ones."""
    if not padding:
        return maps
    channels, height, width, count = maps.shape
    found = np.zeros((channels, height + 2 * padding, width + 2 * padding, count), maps.dtype)
    found[:, padding:-padding, padding:-padding] = maps
    return found


def _pixels(maps: Reals, size: Sequence[int], stride: int) -> list[Reals]:
    """Return, for each pixel of a window in turn, a view (channels, height', width', n) of it."""
    rows, cols = ((side - span) // stride for side, span in zip(maps.shape[1:3], size, strict=True))
    return [
        maps[:, row : row + rows * stride + 1 : stride, col : col + cols * stride + 1 : stride]
        for row in range(size[0])
        for col in range(size[1])
    ]


def _fold(columns: Reals, kernel: Reals, layer: _Layer) -> Reals:
    """Return the slopes of a layer's maps, given those of its columns: the sum over all windows."""
    folded = np.zeros(layer.shape, columns.dtype)
    views = _pixels(folded, kernel.shape[2:], layer.block.stride)
    parts = columns.reshape(layer.shape[0], len(views), *views[0].shape[1:])
    for number, view in enumerate(views):
        view[...] += parts[:, number]
    padding = layer.block.padding
    return folded[:, padding : folded.shape[1] - padding, padding : folded.shape[2] - padding]


def _pool(maps: Reals, pool: Pool) -> Reals:
    pixels = np.stack(_pixels(maps, (pool.size, pool.size), pool.stride))
    return np.asarray(pixels.max(0) if pool.kind == "max" else pixels.mean(0))


def _unpool(maps: Reals, pool: Pool, slope: Reals) -> Reals:
    """Return the slopes of maps, given those of their pool; of equal maxima the first has all."""
    found = np.zeros_like(maps)
    views = _pixels(found, (pool.size, pool.size), pool.stride)
    if pool.kind == "max":
        largest = np.stack(_pixels(maps, (pool.size, pool.size), pool.stride)).argmax(0)
        for number, view in enumerate(views):
            view[...] += slope * (largest == number)
    else:
        for view in views:
            view[...] += slope / len(views)
    return found
