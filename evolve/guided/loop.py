# SPDX-License-Identifier: Apache-2.0
"""Evolution guided by a network: each individual is a node, and mates with its neighbours.

Start reading at `evolve`. Axis 0 of every array is the run. Each run has random numbers of its own,
and no number of one depends on those of another, so that a run comes to the same whichever others
are done with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.graphs import edges_of, graph_of, swap
from evoarray.evolution.guided.problems import Reals
from evoarray.evolution.guided.settings import GuidedSettings
from evoarray.evolution.rng import Random

Genes: TypeAlias = NDArray[Any]
Whole: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

GRAPH, REWIRING = 1, 2
"""Keys of a run's streams, beside that of its numbers, which has none."""

_TINY = 1e-300
"""So that the inverse of no error is a number."""


class Operators(Protocol):
    """What individuals of one kind are, such as tours, and what children they have.

    mates: how many an individual has; start_draws and draws: how many random numbers from [0, 1) it
    takes to make one at the start, and a child.
    """

    @property
    def mates(self) -> int: ...  # noqa: D102
    @property
    def start_draws(self) -> int: ...  # noqa: D102
    @property
    def draws(self) -> int: ...  # noqa: D102

    def start(self, draws: Reals) -> Genes:
        """Return individuals (..., n) of draws (..., start_draws)."""

    def breed(self, target: Genes, mates: Genes, draws: Reals) -> Genes:
        """Return a child (R, B, n) of each target (R, B, n) and its mates (R, B, mates, n)."""

    def errors(self, genes: Genes) -> Reals:
        """Return how far individuals (..., n) are from the best there may be, (...) float64."""


@dataclass(frozen=True)
class Evolved:
    """What some runs have come to.

    errors (T, R) float64 are the lowest so far after so many evaluations (T,) int64; genes (R, n)
    are the best individuals; counters, (R,) int64 each, tell how often things happened.
    """

    evaluations: Whole
    errors: Reals
    genes: Genes
    counters: Mapping[str, Whole]


def evolve(settings: GuidedSettings, operators: Operators, seeds: Sequence[int]) -> Evolved:
    """Do a run for each seed, in one of the five algorithms."""
    size, count = settings.population, len(seeds)
    streams = [np.random.default_rng(seed) for seed in seeds]
    networks = Networks(settings, seeds)
    genes = operators.start(_draw(streams, (size, operators.start_draws)))
    errors = operators.errors(genes)
    curve = [errors.min(1)]
    replaced = np.zeros(count, np.int64)
    everyone = np.arange(size)
    batches = everyone[:, np.newaxis] if settings.update == "in-place" else everyone[np.newaxis]
    runs = np.arange(count)
    for _ in range(settings.generations):
        draws = _draw(streams, (size, operators.mates + operators.draws))
        for batch in batches:
            mates = networks.mates(batch, errors, draws[:, batch, : operators.mates])
            parents = genes[runs[:, np.newaxis, np.newaxis], mates]
            children = operators.breed(genes[:, batch], parents, draws[:, batch, operators.mates :])
            found = operators.errors(children)
            # Of several children for one place the best takes it, of equals the first.
            for number, target in enumerate(batch):
                mine = settings.replaces == "target"
                place = np.full(count, target) if mine else mates[:, number, 0]
                child, old = found[:, number], errors[runs, place]
                better = child <= old if settings.accept == "equal" else child < old
                genes[runs[better], place[better]] = children[better, number]
                errors[runs[better], place[better]] = child[better]
                replaced += better
        curve.append(errors.min(1))
        networks.rewire()
    best = errors.argmin(1)
    evaluations = size * np.arange(1, settings.generations + 2)
    counters = {"replacements": replaced, "swapped pairs of edges": networks.swapped}
    return Evolved(evaluations, np.array(curve), genes[runs, best], counters)


class Networks:
    """A network for each run, and who mates with whom in it.

    adjacent (R, P, P) bool tells who are neighbours.
    """

    def __init__(self, settings: GuidedSettings, seeds: Sequence[int]) -> None:
        self._settings = settings
        size = settings.population
        self.adjacent = np.zeros((len(seeds), size, size), np.bool_)
        self.swapped = np.zeros(len(seeds), np.int64)
        self._edges = []
        for run, seed in enumerate(seeds):
            key = np.random.SeedSequence(seed, spawn_key=(GRAPH,))
            graph = graph_of(
                settings.topology,
                size,
                int(key.generate_state(1)[0]),
                neighbours=settings.neighbours,
                led_elsewhere=settings.led_elsewhere,
                attached=settings.attached,
            )
            edges = edges_of(graph)
            self._edges.append((edges, set(edges)))
            self._join(run, edges, True)
        # All are neighbours in a complete network: there is nothing to swap.
        self._swaps = 0 if settings.topology == "complete" else settings.swaps
        self._random = [Random.stream(seed, REWIRING) for seed in seeds]

    def _join(self, run: int, edges: Sequence[tuple[int, int]], joined: bool) -> None:
        one, other = np.array(edges).T
        self.adjacent[run, one, other] = self.adjacent[run, other, one] = joined

    def rewire(self) -> None:
        """Swap the ends of as many pairs of edges as the settings say, in each run."""
        for run, (edges, joined) in enumerate(self._edges):
            for _ in range(self._swaps):
                if found := swap(edges, joined, self._random[run]):
                    self._join(run, found[0], False)
                    self._join(run, found[1], True)
                    self.swapped[run] += 1

    def mates(self, batch: Whole, errors: Reals, draws: Reals) -> Whole:
        """Return mates (R, B, m) for the individuals (B,) by draws (R, B, m), and errors (R, P).

        They differ from each other and from their individual. The first is a neighbour, or all are;
        where there are not enough, others are taken.
        """
        neighbours = self.adjacent[:, batch]
        liked = self._liking(neighbours, errors) if self._settings.prefers_good else neighbours
        left = np.ones(neighbours.shape, np.bool_)
        left[:, np.arange(len(batch)), batch] = False
        mates = np.empty(draws.shape, np.int64)
        for number in range(draws.shape[-1]):
            pools: list[NDArray[Any]] = [left]
            if number == 0 or self._settings.mates == "all":
                pools += [left & neighbours, left * liked]
            mates[..., number] = _chosen(pools, draws[..., number, np.newaxis])
            np.put_along_axis(left, mates[..., number, np.newaxis], False, -1)
        return mates

    def _liking(self, neighbours: Flags, errors: Reals) -> Reals:
        """Return how much each neighbour is preferred (R, B, P) float64; 0 for others."""
        mine = np.broadcast_to(errors[:, np.newaxis], neighbours.shape)
        if self._settings.preference == "inverse":
            return neighbours / (mine + _TINY)
        far = np.where(neighbours, mine, -np.inf)
        if self._settings.preference == "roulette":
            return np.where(neighbours, far.max(-1, keepdims=True) - mine, 0.0)
        # The worst of them, of equals the first, has rank 1.
        order = (-far).argsort(-1, kind="stable")
        rank = np.empty(order.shape)
        ranks = np.arange(1.0, order.shape[-1] + 1)
        np.put_along_axis(rank, order, np.broadcast_to(ranks, order.shape), -1)
        return np.where(neighbours, rank, 0.0)


def _chosen(pools: Sequence[NDArray[Any]], draws: Reals) -> Whole:
    """Draw one of the last pool (R, B, P) that has any weight, by draws (R, B, 1)."""
    weights = pools[0].astype(np.float64)
    for pool in pools[1:]:
        weights = np.where(pool.any(-1, keepdims=True), pool, weights)
    sums = weights.cumsum(-1)
    whole = sums[..., -1:]
    # A product that is rounded up to the sum would lie beyond all.
    found: Whole = (sums > np.minimum(draws * whole, np.nextafter(whole, 0))).argmax(-1)
    return found


def _draw(streams: Sequence[np.random.Generator], shape: tuple[int, int]) -> Reals:
    return np.stack([stream.random(shape) for stream in streams])
