# SPDX-License-Identifier: Apache-2.0
"""NEAT's genomes: connections between numbered nodes, aligned by their innovation numbers.

Source: K. Stanley and R. Miikkulainen, Evolving Neural Networks through Augmenting Topologies,
Evolutionary Computation 10(2), 2002; "the paper" in this folder. Here weights are int8 from the
start, and there are no recurrent connections, so that a genome is what the array computes
(evolve/neuro/neat/mapping.py).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from math import prod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from model.neuro.arithmetic import LARGEST
from model.neuro.layers import check_integer, check_name
from model.neuro.network import Network, Shape

Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

ACTIVATIONS: Mapping[str, int] = {"relu": 0, "linear": 0, "step": -64}
"""Those of hidden nodes, and what an identity lane adds before them (mapping.py)."""

LARGEST_SHIFT = 6
"""So that 2**shift is a weight."""

SMALL = 20
"""Differences between genomes with fewer genes than this are not divided by their number (3.3)."""


@dataclass(frozen=True)
class Frame:
    """What all genomes of a run have in common.

    Nodes are numbered: inputs of shape (channels, height, width) from 0, then the bias, which is an
    input that is always 127, then the outputs, then hidden ones. Hidden values are `activation` of
    the accumulator over 2**shift; outputs are bare accumulators, the logits. Raises InputError for
    an illegal activation or shift.
    """

    input_shape: Shape
    outputs: int
    activation: str = "relu"
    shift: int = 6

    def __post_init__(self) -> None:
        check_name("activation", self.activation, tuple(ACTIVATIONS))
        check_integer("shift", self.shift, 0, LARGEST_SHIFT)

    @property
    def bias(self) -> int:
        """The number of the bias, which is also that of inputs."""
        return prod(self.input_shape)

    @property
    def first_output(self) -> int:
        """The number of the first output; the others follow."""
        return self.bias + 1

    @property
    def first_hidden(self) -> int:
        """The number of the first hidden node."""
        return self.first_output + self.outputs

    @property
    def unit(self) -> int:
        """The weight that stands for 1."""
        return 1 << self.shift


@dataclass(frozen=True, eq=False)
class Genome:
    """Connection genes in the order of their innovation numbers, a read-only column for each part.

    innovations, sources and targets (n,) int64, weights (n,) int64 from -127 to 127, enabled (n,)
    bool. No two genes join the same nodes, and all together have no cycle, disabled ones included.
    """

    frame: Frame
    innovations: Whole
    sources: Whole
    targets: Whole
    weights: Whole
    enabled: Flags

    def __post_init__(self) -> None:
        for column in self.columns:
            column.flags.writeable = False

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """The parts of all genes, in the order in which the constructor takes them."""
        return self.innovations, self.sources, self.targets, self.weights, self.enabled

    def __len__(self) -> int:
        return len(self.innovations)

    @cached_property
    def hidden(self) -> Whole:
        """The numbers of the hidden nodes (h,) int64, ascending."""
        ends = np.unique(np.concatenate([self.sources, self.targets]))
        return ends[ends >= self.frame.first_hidden]

    def network(self) -> Network:
        """Return the network that the array runs."""
        from evolve.neuro.neat.mapping import map_genome

        return map_genome(self).network

    def taking(self, positions: Whole | Flags) -> Self:
        """Return a genome of these genes alone."""
        return type(self)(self.frame, *(column[positions] for column in self.columns))

    def to_json(self) -> dict[str, Any]:
        """Return what from_json makes a genome of; JSON can hold it."""
        genes = zip(*(column.tolist() for column in self.columns), strict=True)
        return {"frame": asdict(self.frame), "genes": [list(gene) for gene in genes]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the genome of which to_json made this data."""
        frame = Frame(**{**data["frame"], "input_shape": tuple(data["frame"]["input_shape"])})
        numbers, sources, targets, weights, enabled = (
            np.array(data["genes"], np.int64).reshape(-1, 5).T.copy()
        )
        return cls(frame, numbers, sources, targets, weights, enabled.astype(np.bool_))


def minimal(frame: Frame, rng: np.random.Generator) -> Genome:
    """Return a genome that evolution starts from: every input joined to every output (3.4).

    Weights are uniform. The genes of all such genomes have the same innovation numbers, from 0.
    """
    outputs = np.arange(frame.first_output, frame.first_hidden)
    sources, targets = (
        np.repeat(np.arange(frame.bias + 1), frame.outputs),
        np.tile(outputs, frame.bias + 1),
    )
    weights = rng.integers(-LARGEST, LARGEST, len(sources), endpoint=True)
    return Genome(
        frame, np.arange(len(sources)), sources, targets, weights, np.ones(len(sources), np.bool_)
    )


@dataclass(frozen=True)
class Alignment:
    """Positions of the genes of two genomes: those that both have, and those that one has alone.

    Genes of one alone are disjoint if they are within the other's numbers, else excess.
    """

    matching: tuple[Whole, Whole]
    disjoint: tuple[Whole, Whole]
    excess: tuple[Whole, Whole]


def align(one: Genome, other: Genome) -> Alignment:
    """Line up the genes of two genomes by innovation numbers (3.2, figure 4)."""
    genomes = one, other
    within = min(int(genome.innovations.max(initial=-1)) for genome in genomes)
    beyond = [genome.innovations > within for genome in genomes]
    matching = [_has(other, one.innovations), _has(one, other.innovations)]
    parts = zip(matching, beyond, strict=True)
    kinds = [(both, ~both & ~late, ~both & late) for both, late in parts]
    return Alignment(*((np.flatnonzero(a), np.flatnonzero(b)) for a, b in zip(*kinds, strict=True)))


def _has(genome: Genome, numbers: Whole) -> Flags:
    """Return which of these innovation numbers (n,) a genome has, (n,) bool."""
    places = np.searchsorted(genome.innovations, numbers)
    has: Flags = np.concatenate([genome.innovations, [-1]])[places] == numbers
    return has


def distance(one: Genome, other: Genome, excess: float, disjoint: float, weights: float) -> float:
    """Return how far two genomes are apart, by the coefficients of the paper's formula (3.3).

    Weights differ in units of 2**shift, so that the coefficients mean what they mean there.
    """
    aligned = align(one, other)
    size = max(len(one), len(other))
    size = 1 if size < SMALL else size
    first, second = aligned.matching
    apart = np.abs(one.weights[first] - other.weights[second])
    mean = float(apart.mean()) / one.frame.unit if len(apart) else 0.0
    alone = excess * sum(map(len, aligned.excess)) + disjoint * sum(map(len, aligned.disjoint))
    return alone / size + weights * mean
