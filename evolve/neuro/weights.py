# SPDX-License-Identifier: Apache-2.0
"""Fully connected networks of a given form, whose weights are one vector of genes."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from evoarray.evolution.neuro.algorithm import Reals
from evoarray.model.errors import refuse, whole
from evoarray.model.neuro.arithmetic import LARGEST, Int8
from evoarray.model.neuro.network import Dense, Network, Shape

ACTIVATIONS = ("relu", "linear", "sigmoid", "tanh", "step")

MOST_GENES = 1 << 20
"""The most weights of a network, so that a population of them fits in memory."""


@dataclass(frozen=True)
class Form:
    """What is fixed: the images' shape, the units of each layer after it, and how they are scaled.

    The genes of a layer are its weights unit by unit, each unit's bias last. A bias is the weight
    of an input that is always 127, the largest one. Sums are divided by 2^shift between layers.
    """

    input_shape: Shape
    units: tuple[int, ...]
    shift: int = 9
    activation: str = "relu"

    @cached_property
    def blocks(self) -> tuple[tuple[int, int], ...]:
        """Units and genes of a unit, of each layer."""
        before = (int(np.prod(self.input_shape)), *self.units)
        return tuple((units, inputs + 1) for units, inputs in zip(self.units, before, strict=False))

    @cached_property
    def genes(self) -> int:
        """Number of genes: weights and biases."""
        return sum(units * inputs for units, inputs in self.blocks)

    def network(self, genes: Int8) -> Network:
        """Return the network of genes (genes,) int8."""
        layers, first = [], 0
        for number, (units, inputs) in enumerate(self.blocks):
            block = genes[first : first + units * inputs].reshape(units, inputs)
            first += units * inputs
            bias = block[:, -1].astype(np.int32) * LARGEST
            last = number == len(self.units) - 1
            scaling = (0, "logits") if last else (self.shift, self.activation)
            layers.append(Dense(block[:, :-1], bias, *scaling))
        return Network(self.input_shape, tuple(layers))


def form_of(layers: str, input_shape: Shape, shift: int, activation: str) -> Form:
    """Return the form of a text such as 64-16-10: inputs, units of hidden layers, classes.

    Raises InputError for another text, or other inputs than the images have.
    """
    numbers = [whole(word, 1, 4096) or 0 for word in layers.split("-")]
    if len(numbers) < 2 or 0 in numbers:
        refuse("layers", layers, "numbers from 1 to 4096 such as 64-16-10")
    if sum(one * other for one, other in pairwise(numbers)) > MOST_GENES:
        refuse("layers", layers, f"numbers that need no more than {MOST_GENES:,} weights")
    if numbers[0] != np.prod(input_shape):
        refuse("layers", layers, f"{np.prod(input_shape)} inputs first, as the images have")
    return Form(input_shape, tuple(numbers[1:]), shift, activation)


def quantised(numbers: Reals) -> Int8:
    """Return the genes of the continuous encoding: the nearest integers in -127 .. 127.

    Numbers are (..., genes) float64; a half goes to the even neighbour.
    """
    return np.clip(np.rint(numbers), -LARGEST, LARGEST).astype(np.int8)
