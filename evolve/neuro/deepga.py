# SPDX-License-Identifier: Apache-2.0
"""Architectures evolved, weights trained: a genetic algorithm on what backpropagation comes to.

Like DeepGA: G.-A. Vargas-Hákim, Neuroevolution of Convolutional Neural Networks for COVID-19
Classification in X-ray Images, Universidad Veracruzana, 2021; selection, crossover and rates are
those of its program, mutation takes smaller steps. Its blocks may also skip layers, have kernels of
other sizes and batch normalisation; the MAC array has none of these, so networks here are chains of
3x3 kernels, and stride and padding vary instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, TypeVar

import numpy as np

from evoarray.evolution.neuro.architecture import (
    PADDINGS,
    POOLS,
    STRIDES,
    Architecture,
    Block,
    another,
    architecture_of,
    fitted,
    random_block,
)
from evoarray.evolution.neuro.copies import with_copies
from evoarray.evolution.neuro.data import digits
from evoarray.evolution.neuro.quantise import quantise
from evoarray.evolution.neuro.settings import NeuroSettings
from evoarray.evolution.neuro.survival import Survivors
from evoarray.evolution.neuro.trainer import Training, train
from evoarray.model.neuro.arithmetic import Int8, Int64
from evoarray.model.neuro.layers import Shape
from evoarray.model.neuro.network import Network

FILTERS = (2, 4, 6, 8)
UNITS = (4, 8, 16, 32)
"""Fewer than DeepGA's, whose images have more pixels than the 64 here."""

MOST_BLOCKS, MOST_HIDDEN = 3, 2

FITTEST = 0.8
"""The part of tournaments that the fittest wins; else anyone does."""

BATCH = 50
"""Images that training sees at once: with fewer, a step of a small network takes as long."""

CALIBRATION = 200
"""Images that set the shifts of int8."""

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class TrainedCnn:
    """A genome: an architecture, and how it is trained, so that its network is always the same.

    It is trained on the images to train on and so many copies of each (evolve/neuro/copies.py).
    """

    architecture: Architecture
    epochs: int
    copies: int
    seed: int

    def network(self) -> Network:
        """Return the int8 network that training comes to; it is trained but once."""
        return self._network

    @cached_property
    def _network(self) -> Network:
        images, labels = _lesson(self.copies)
        training, rng = Training(self.epochs, BATCH), np.random.default_rng(self.seed)
        weights = train(self.architecture, images, labels, training, rng)
        return quantise(self.architecture, weights, images[:CALIBRATION])

    def to_json(self) -> dict[str, Any]:
        """See Genome.to_json."""
        return {
            "architecture": self.architecture.to_json(),
            "epochs": self.epochs,
            "copies": self.copies,
            "seed": self.seed,
        }


@cache
def _lesson(copies: int) -> tuple[Int8, Int64]:
    """Return the images to train on and so many copies of each, which are always the same."""
    part = digits().training
    return with_copies(part.images, part.labels, copies, seed=0)


def trained_of(data: Mapping[str, Any]) -> TrainedCnn:
    """Return the genome of which to_json made this data."""
    architecture = architecture_of(data["architecture"])
    return TrainedCnn(architecture, data["epochs"], data["copies"], data["seed"])


def trained(
    architecture: Architecture, settings: NeuroSettings, rng: np.random.Generator
) -> TrainedCnn:
    """Return a genome that is trained as the settings say, from weights that are drawn."""
    return TrainedCnn(architecture, settings.epochs, settings.copies, int(rng.integers(1 << 32)))


def exchanged(
    ours: Sequence[T], theirs: Sequence[T], rng: np.random.Generator
) -> tuple[list[T], list[T]]:
    """Return both with the last half of the shorter one exchanged, of an odd number the larger.

    Each of these goes to a place of the longer one that is drawn, no place twice; where both are as
    long, to its own place.
    """
    one, other = list(ours), list(theirs)
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    moved = range(len(short) // 2, len(short))
    places = moved if len(one) == len(other) else rng.permutation(len(long))[: len(moved)].tolist()
    for here, there in zip(moved, places, strict=True):
        short[here], long[there] = long[there], short[here]
    return one, other


def crossed(
    one: Architecture, other: Architecture, rng: np.random.Generator
) -> tuple[Architecture, Architecture]:
    """Return two children that have exchanged blocks and hidden layers (see `exchanged`)."""
    blocks = exchanged(one.blocks, other.blocks, rng)
    hidden = exchanged(one.hidden, other.hidden, rng)
    first, second = (
        fitted(one.input_shape, blocks[child], hidden[child], one.outputs) for child in (0, 1)
    )
    return first, second


def mutated(parent: Architecture, rng: np.random.Generator) -> Architecture:
    """Return an architecture with one more layer, or one that is another in one thing.

    A coin says which, another one whether it is a block or a hidden layer; where there is no room
    for one more, or nothing to change, the parent is returned. DeepGA draws all of a block anew;
    from one thing to the next fewer trainings lead to networks that are small and good.
    """
    blocks, hidden = list(parent.blocks), list(parent.hidden)
    more, dense = (rng.random(2) < 0.5).tolist()
    if more and dense and len(hidden) < MOST_HIDDEN:
        hidden.insert(int(rng.integers(len(hidden) + 1)), _units(rng))
    elif more and not dense and len(blocks) < MOST_BLOCKS:
        blocks.insert(int(rng.integers(len(blocks) + 1)), _block(rng))
    elif not more and dense and hidden:
        place = int(rng.integers(len(hidden)))
        hidden[place] = another(hidden[place], UNITS, rng)
    elif not more and not dense:
        place = int(rng.integers(len(blocks)))
        blocks[place] = _changed(blocks[place], rng)
    return fitted(parent.input_shape, blocks, hidden, parent.outputs)


def _changed(block: Block, rng: np.random.Generator) -> Block:
    """Return a block that differs in one thing."""
    values: Mapping[str, Sequence[Any]] = {
        "filters": FILTERS,
        "padding": PADDINGS,
        "stride": STRIDES,
        "pool": POOLS,
    }
    name = list(values)[rng.integers(len(values))]
    return replace(block, **{name: another(getattr(block, name), values[name], rng)})


def _block(rng: np.random.Generator) -> Block:
    return random_block(int(rng.choice(FILTERS)), rng)


def _units(rng: np.random.Generator) -> int:
    return int(rng.choice(UNITS))


class DeepGA(Survivors[TrainedCnn]):
    """Parents by stochastic tournament: the fittest of it in four cases of five, or any one.

    Every child is of two parents: DeepGA draws a pair that does not cross again, too.
    The fitness is to be 0.7 of the accuracy and 0.3 of what is saved of the parameters.
    """

    trains = True
    settings: NeuroSettings

    def __init__(
        self, settings: NeuroSettings, rng: np.random.Generator, input_shape: Shape, outputs: int
    ) -> None:
        super().__init__(settings, rng)
        self._input_shape, self._outputs = input_shape, outputs

    def _first(self) -> TrainedCnn:
        count = self.rng.integers(1, MOST_BLOCKS, endpoint=True)
        blocks = [_block(self.rng) for _ in range(count)]
        hidden = [_units(self.rng) for _ in range(self.rng.integers(MOST_HIDDEN))]
        return self._trained(fitted(self._input_shape, blocks, hidden, self._outputs))

    def _children(self) -> Sequence[TrainedCnn]:
        half = self.settings.population // 2
        parents = [self._parent() for _ in range(half)]
        children: list[TrainedCnn] = []
        while len(children) < half:
            one, other = self.rng.choice(half, 2, replace=False)
            for child in crossed(parents[one], parents[other], self.rng):
                mutates = self.rng.random() < self.settings.mutation_rate
                children.append(self._trained(mutated(child, self.rng) if mutates else child))
        return children[:half]

    def _parent(self) -> Architecture:
        drawn = self.rng.choice(len(self.population), self.settings.tournament, replace=False)
        place = int(drawn.min() if self.rng.random() < FITTEST else drawn[0])
        return self.population[place][0].architecture

    def _trained(self, architecture: Architecture) -> TrainedCnn:
        return trained(architecture, self.settings, self.rng)

    def genome(self, data: Any) -> TrainedCnn:
        """See Algorithm.genome."""
        return trained_of(data)
