# SPDX-License-Identifier: Apache-2.0
"""From genes to layers of the array, bit for bit.

Nodes are levelled: each stands one layer after the last of its sources. The array knows nothing but
the layer before, so a value that is needed later is carried on by an identity lane: one weight
2**shift, which requantisation divides out again without rounding. A layer has one activation for
all of its lanes, so only one will do that keeps what is carried (ACTIVATIONS in genes.py):

| activation | hidden values | a lane passes                                     |
| ---------- | ------------- | ------------------------------------------------- |
| relu       | 0..127        | x, if inputs are not negative                     |
| linear     | -127..127     | x                                                 |
| step       | 0 or 127      | x - 64, whose step is x, if inputs are 0 or 127   |

The tables of sigmoid and tanh have fewer different entries than there are values to carry, so no
lane can pass them, and they are not offered. What they are for, bounds, relu and linear have, too:
they saturate, and are straight between.
"""

from dataclasses import dataclass

import numpy as np

from evoarray.evolution.neuro.neat.genes import ACTIVATIONS, Flags, Genes, Whole
from evoarray.model.neuro.arithmetic import LARGEST
from evoarray.model.neuro.network import Dense, Network


@dataclass(frozen=True)
class Mapped:
    """A network, and how much of what it stores is there for the sake of layers.

    hidden counts the nodes that an output depends on, connections the genes between them, those of
    the bias included; lanes the values carried on by a layer, zeros the weights of no connection.
    """

    network: Network
    hidden: int
    connections: int
    lanes: int
    zeros: int


def map_genes(given: Genes) -> Mapped:
    """Return the network of all genes, and its padding.

    Raises InputError if an accumulator may exceed int32, which needs some 100,000 connections.
    """
    frame = given.frame
    genes = given.taking(_needed(given))
    carried = genes.taking(genes.sources != frame.bias)
    level = _levels(carried)
    last = max(1, int(level[frame.first_output : frame.first_hidden].max()))
    level[frame.first_output : frame.first_hidden] = last
    until = np.zeros_like(level)
    np.maximum.at(until, carried.sources, level[carried.targets])
    hidden = np.unique(genes.sources[genes.sources >= frame.first_hidden])
    nodes = np.concatenate([np.arange(frame.bias), hidden])

    layers, lanes = [], 0
    before = np.arange(frame.bias)
    for number in range(1, last + 1):
        if number == last:
            after = np.arange(frame.first_output, frame.first_hidden)
        else:
            after = nodes[(level[nodes] <= number) & (until[nodes] > number)]
        kept = after[level[after] < number]
        lanes += len(kept)
        layers.append(_layer(genes, before, after, kept, level == number))
        before = after
    network = Network(frame.input_shape, tuple(layers))
    stored = sum(layer.weights.size for layer in layers)
    return Mapped(network, len(hidden), len(genes), lanes, stored - len(carried) - lanes)


def _layer(genes: Genes, before: Whole, after: Whole, kept: Whole, here: Flags) -> Dense:
    """Return the layer from nodes before to nodes after, some of which are kept as they are."""
    frame = genes.frame
    weights = np.zeros((len(after), len(before)), np.int64)
    biases = np.zeros(len(after), np.int64)
    inner = genes.taking(here[genes.targets])
    from_bias = inner.sources == frame.bias
    constant, rest = inner.taking(from_bias), inner.taking(~from_bias)
    biases[np.searchsorted(after, constant.targets)] = constant.weights * LARGEST
    rows, columns = np.searchsorted(after, rest.targets), np.searchsorted(before, rest.sources)
    weights[rows, columns] = rest.weights
    rows = np.searchsorted(after, kept)
    weights[rows, np.searchsorted(before, kept)] = frame.unit
    biases[rows] = ACTIVATIONS[frame.activation] * frame.unit
    logits = bool(after[0] == frame.first_output)
    return Dense(
        weights.astype(np.int8),
        biases.astype(np.int32),
        0 if logits else frame.shift,
        "logits" if logits else frame.activation,
    )


def _needed(genes: Genes) -> Flags:
    """Return which genes an output depends on (n,) bool."""
    frame = genes.frame
    reached = np.zeros(_nodes(genes), np.bool_)
    reached[frame.first_output : frame.first_hidden] = True
    while not reached[sources := genes.sources[genes.enabled & reached[genes.targets]]].all():
        reached[sources] = True
    return genes.enabled & reached[genes.targets]


def _levels(genes: Genes) -> Whole:
    """Return the length of the longest way to each node (nodes,) int64; hidden ones have 1 or more.

    A hidden node without a source is a constant, which takes a layer to be made.
    """
    level = np.zeros(_nodes(genes), np.int64)
    level[genes.frame.first_output :] = 1
    while (level[genes.targets] <= level[genes.sources]).any():
        np.maximum.at(level, genes.targets, level[genes.sources] + 1)
    return level


def _nodes(genes: Genes) -> int:
    """Return one more than the highest number of a node."""
    first = genes.frame.first_hidden
    return 1 + int(genes.targets.max(initial=int(genes.sources.max(initial=first - 1))))
