# SPDX-License-Identifier: Apache-2.0
"""A small CNN as a genome, architecture and int8 weights together, and how it varies.

What goes in and out of a filter goes with it, or it would mean nothing elsewhere: in crossover a
filter brings the weights by which the next layer reads it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.neuro.architecture import (
    POOLS,
    Architecture,
    Kernel,
    another,
    architecture_of,
    fitted,
)
from evoarray.model.neuro.arithmetic import LARGEST, Int8, round_half_even
from evoarray.model.neuro.network import Network

MOST_UNITS = 32
"""Filters of a block, and units of a hidden layer, that mutation adds up to."""

BIAS_STEP = 64
"""A bias moves by so many times what a weight moves by: it is multiplied with no value."""

MOST_BIAS = 1 << 20
"""So that no accumulator comes near the end of int32."""

SHIFT_RATE = 0.1
"""The part of mutations that also change the shift of their layer."""


@dataclass(frozen=True, eq=False)
class Cnn:
    """A genome: an architecture, and a kernel for each of its layers with weights."""

    architecture: Architecture
    kernels: tuple[Kernel, ...]

    def network(self) -> Network:
        """See Genome.network."""
        return self.architecture.network(self.kernels)

    def to_json(self) -> dict[str, Any]:
        """See Genome.to_json."""
        kernels = [[each.weights.tolist(), each.bias.tolist(), each.shift] for each in self.kernels]
        return {"architecture": self.architecture.to_json(), "kernels": kernels}


def cnn_of(data: Mapping[str, Any]) -> Cnn:
    """Return the genome of which to_json made this data."""
    kernels = tuple(
        Kernel(np.array(weights, np.int8), np.array(bias, np.int32), shift)
        for weights, bias, shift in data["kernels"]
    )
    return Cnn(architecture_of(data["architecture"]), kernels)


def random_cnn(start: Architecture, spread: float, rng: np.random.Generator) -> Cnn:
    """Return a genome of this architecture with normal weights of this deviation.

    The last layer's are 0: what it is to make of its inputs is not a matter of luck. Shifts leave
    sums about as wide as what they are made of.
    """
    kernels = []
    for shape in start.kernels[:-1]:
        shift = round(np.log2(spread * np.sqrt(np.prod(shape[1:]))))
        kernels.append(Kernel(_normal(shape, spread, rng), np.zeros(shape[0], np.int32), shift))
    last = start.kernels[-1]
    kernels.append(Kernel(np.zeros(last, np.int8), np.zeros(last[0], np.int32), 0))
    return Cnn(start, tuple(kernels))


def refitted(kernels: Sequence[Kernel], architecture: Architecture) -> tuple[Kernel, ...]:
    """Return kernels in the shapes of another architecture of as many layers.

    What has no place there is left out, what is missing is 0, and where a layer reads a map of
    another size, each new pixel has the weight of the old one at the same part of the way.
    """
    found = []
    for kernel, shape in zip(kernels, architecture.kernels, strict=True):
        old, (units, channels, height, width) = kernel.weights, shape
        rows = np.arange(height) * old.shape[2] // height
        cols = np.arange(width) * old.shape[3] // width
        weights, bias = np.zeros(shape, np.int8), np.zeros(units, np.int32)
        moved = old[:units, :channels, rows[:, np.newaxis], cols]
        weights[: moved.shape[0], : moved.shape[1]] = moved
        bias[: moved.shape[0]] = kernel.bias[:units]
        found.append(Kernel(weights, bias, kernel.shift))
    return tuple(found)


def crossed(mother: Cnn, father: Cnn, rng: np.random.Generator) -> Cnn:
    """Return the mother with about half of her filters exchanged for the father's.

    Filter i of a convolution is exchanged for filter i of his, if he has one, with probability 1/2.
    It comes with its bias and with the weights by which the next layer reads it, refitted to her
    architecture, and scaled by a power of two where his layer has another shift. Parents with
    different numbers of layers have no filters in common: the child is the mother.
    """
    blocks = mother.architecture.blocks
    if len(blocks) != len(father.architecture.blocks) or len(mother.kernels) != len(father.kernels):
        return mother
    his = refitted(father.kernels, mother.architecture)
    hers = [_copy(kernel) for kernel in mother.kernels]
    for number, block in enumerate(blocks):
        common = min(block.filters, father.architecture.blocks[number].filters)
        taken = np.flatnonzero(rng.random(common) < 0.5)
        here, there = hers[number], his[number]
        here.weights[taken] = _scaled(there.weights[taken], here.shift - there.shift, LARGEST)
        here.bias[taken] = _scaled(there.bias[taken], here.shift - there.shift, MOST_BIAS)
        readers = len(father.kernels[number + 1].weights)
        after, his_after = hers[number + 1], his[number + 1]
        after.weights[:readers, taken] = _scaled(
            his_after.weights[:readers, taken], after.shift - his_after.shift, LARGEST
        )
    return Cnn(mother.architecture, tuple(hers))


def mutated(parent: Cnn, step: float, rng: np.random.Generator) -> Cnn:
    """Return a child with some weights or biases of one layer moved, and rarely its shift.

    The layer is any but the last. How many numbers move, k of its n, has the probability ~ k^-1.5,
    so that both what takes one step and what takes many is found (Doerr and others, Fast Genetic
    Algorithms, GECCO 2017).
    """
    number = int(rng.integers(len(parent.kernels) - 1))
    kernel = _copy(parent.kernels[number])
    weights, bias = kernel.weights.reshape(-1), kernel.bias
    total = weights.size + bias.size
    count = min(total, int((1 - rng.random()) ** -2))  # P(count >= k) = k^-0.5, so P(k) ~ k^-1.5
    places = rng.choice(total, count, replace=False)
    moves = normal_steps(step, count, rng)
    in_bias = places >= weights.size
    place, moved = places[~in_bias], moves[~in_bias]
    weights[place] = (weights[place] + moved).clip(-LARGEST, LARGEST)
    place, moved = places[in_bias] - weights.size, moves[in_bias]
    bias[place] = (bias[place] + BIAS_STEP * moved).clip(-MOST_BIAS, MOST_BIAS)
    if rng.random() < SHIFT_RATE:
        shift = kernel.shift + (1 if rng.random() < 0.5 else -1)
        kernel = replace(kernel, shift=min(max(shift, 0), 31))
    return Cnn(
        parent.architecture, (*parent.kernels[:number], kernel, *parent.kernels[number + 1 :])
    )


def normal_steps(
    most: float, shape: int | tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return normal steps, rounded away from 0, so that none is 0.

    Their deviation is drawn evenly by its logarithm, from 1 to `most`: both the first steps of an
    evolution are large enough, and the last ones small enough.
    """
    drawn = rng.standard_normal(shape) * most ** rng.random(shape)
    return np.copysign(np.ceil(np.abs(drawn)), drawn).astype(np.int64)


def restructured(parent: Cnn, spread: float, rng: np.random.Generator) -> Cnn:
    """Return a child with one change of its architecture, and its weights refitted.

    With equal probability a layer grows by a unit or loses one, or the padding, the stride or the
    pool of a block changes; blocks behind it that no longer fit become plain ones (see `fitted`). A
    new unit has normal weights of the deviation `spread`, and nobody reads it yet, so the child
    computes what the parent does.
    """
    old = parent.architecture
    kind = ("grow", "shrink", "padding", "stride", "pool")[rng.integers(5)]
    if kind in {"grow", "shrink"}:
        number = int(rng.integers(len(parent.kernels) - 1))
        if kind == "shrink":
            return _shrunk(parent, number, rng)
        return _grown(parent, number, spread, rng)
    number = int(rng.integers(len(old.blocks)))
    block = old.blocks[number]
    if kind == "padding":
        block = replace(block, padding=1 - block.padding)
    elif kind == "stride":
        block = replace(block, stride=3 - block.stride)
    else:
        block = replace(block, pool=another(block.pool, POOLS, rng))
    blocks = [*old.blocks[:number], block, *old.blocks[number + 1 :]]
    new = fitted(old.input_shape, blocks, old.hidden, old.outputs)
    return Cnn(new, refitted(parent.kernels, new))


def _grown(parent: Cnn, number: int, spread: float, rng: np.random.Generator) -> Cnn:
    units = len(parent.kernels[number].weights)
    if units == MOST_UNITS:
        return parent
    new = _resized(parent.architecture, number, units + 1)
    kernels = refitted(parent.kernels, new)
    weights = kernels[number].weights
    weights[units] = _normal(weights[units].shape, spread, rng)
    return Cnn(new, kernels)


def _shrunk(parent: Cnn, number: int, rng: np.random.Generator) -> Cnn:
    units = len(parent.kernels[number].weights)
    if units == 1:
        return parent
    gone = int(rng.integers(units))
    kernels = list(parent.kernels)
    here, after = kernels[number : number + 2]
    kernels[number] = replace(
        here, weights=np.delete(here.weights, gone, 0), bias=np.delete(here.bias, gone)
    )
    kernels[number + 1] = replace(after, weights=np.delete(after.weights, gone, 1))
    return Cnn(_resized(parent.architecture, number, units - 1), tuple(kernels))


def _resized(old: Architecture, number: int, units: int) -> Architecture:
    """Return an architecture with so many units in one layer that is not the last."""
    blocks, hidden = list(old.blocks), list(old.hidden)
    if number < len(blocks):
        blocks[number] = replace(blocks[number], filters=units)
    else:
        hidden[number - len(blocks)] = units
    return Architecture(old.input_shape, tuple(blocks), tuple(hidden), old.outputs)


def _normal(shape: Sequence[int], spread: float, rng: np.random.Generator) -> Int8:
    drawn = np.rint(rng.standard_normal(shape) * spread)
    return drawn.clip(-LARGEST, LARGEST).astype(np.int8)


def _copy(kernel: Kernel) -> Kernel:
    return replace(kernel, weights=kernel.weights.copy(), bias=kernel.bias.copy())


def _scaled(values: NDArray[Any], shift: int, most: int) -> NDArray[np.int64]:
    """Return values times 2**shift, rounded half to even, within -most..most."""
    wide = values.astype(np.int64)
    wide = wide << shift if shift >= 0 else round_half_even(wide, 2**-shift)
    return wide.clip(-most, most)
