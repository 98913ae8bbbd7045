# SPDX-License-Identifier: Apache-2.0
"""NEAT's genomes: those that evolution starts from, and how far two of them are apart."""

from dataclasses import dataclass

import numpy as np

from evoarray.evolution.neuro.neat.genes import Flags, Frame, Genes, Whole
from evoarray.evolution.neuro.neat.mapping import map_genes
from evoarray.model.neuro.arithmetic import LARGEST
from evoarray.model.neuro.network import Network

SMALL = 20
"""Differences between genomes with fewer genes than this are not divided by their number (3.3)."""


class Genome(Genes):
    """Genes that stand for a network."""

    def network(self) -> Network:
        """Return the network that the array runs."""
        return map_genes(self).network


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
