# SPDX-License-Identifier: Apache-2.0
"""The travelling salesman problem: the shortest tour through all cities and back.

A tour (..., n) int64 has each city once. Draws are from [0, 1).
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.guided.problems import Reals
from evoarray.evolution.guided.settings import GuidedSettings
from evoarray.model.errors import InputError

Tour: TypeAlias = NDArray[np.int64]

SIDE = 1000.0
"""Of the square in which random cities lie."""

AT_ONCE = 1 << 20
"""Pairs of edges that are looked at together, so that memory does not run out."""

LEAST_GAIN = 1e-9
"""By which tours must differ in length; less may be rounding, and 2-opt might never end."""


def random_cities(cities: int, seed: int) -> Reals:
    """Return the distances (n, n) float64 of cities spread over a square."""
    places = np.random.default_rng(seed).random((cities, 2)) * SIDE
    apart = places[:, np.newaxis] - places
    return np.hypot(apart[..., 0], apart[..., 1])


def lengths(tours: Tour, distances: Reals) -> Reals:
    """Return the lengths (...) float64 of tours (..., n)."""
    legs = distances[tours, np.roll(tours, -1, -1)]
    found: Reals = np.ascontiguousarray(legs).sum(-1)
    return found


def ends(draws: Reals, cities: int) -> tuple[Tour, Tour]:
    """Return the first place of a part of a tour, and that after its last, by draws (..., 2).

    Every part of one city to all but one is as likely.
    """
    first = np.floor(draws[..., 0] * cities).astype(np.int64)
    length = 1 + np.floor(draws[..., 1] * (cities - 1)).astype(np.int64)
    return first, first + length


def ordered(one: Tour, other: Tour, first: Tour, last: Tour) -> Tour:
    """Cross tours (..., n): the one's part from first to last (...), then the other's order.

    Its cities follow behind the part, without those that are in it (OX; L. Davis, Applying Adaptive
    Algorithms to Epistatic Domains, 1985). A part may go on from the end to the beginning.
    """
    cities = one.shape[-1]
    place = np.arange(cities)
    behind = (last[..., np.newaxis] + place) % cities
    candidates = np.take_along_axis(other, behind, -1)
    inside = _inside(_places(one, candidates), first, last)
    # Those that are not in the part come first, in their order.
    order = np.take_along_axis(candidates, inside.argsort(-1, kind="stable"), -1)
    child = np.take_along_axis(order, (place - last[..., np.newaxis]) % cities, -1)
    return np.where(_inside(place, first, last), one, child)


def mapped(one: Tour, other: Tour, first: Tour, last: Tour) -> Tour:
    """Cross tours (..., n): the one's part from first to last (...), the other's cities elsewhere.

    A city that is in the part already gives way to that which the other has at its place (PMX; D.
    Goldberg and R. Lingle, Alleles, Loci, and the Traveling Salesman Problem, 1985).
    """
    child = np.where(_inside(np.arange(one.shape[-1]), first, last), one, other)
    outside = ~_inside(np.arange(one.shape[-1]), first, last)
    while True:
        places = _places(one, child)
        twice = outside & _inside(places, first, last)
        if not twice.any():
            return child
        child = np.where(twice, np.take_along_axis(other, places, -1), child)


def inverted(tour: Tour, first: Tour, last: Tour) -> Tour:
    """Turn the part from first to last (...) of tours (..., n) round."""
    cities = tour.shape[-1]
    place = np.arange(cities)
    mirrored = (first[..., np.newaxis] + last[..., np.newaxis] - 1 - place) % cities
    turned = np.take_along_axis(tour, mirrored, -1)
    return np.where(_inside(place, first, last), turned, tour)


def swapped(tour: Tour, one: Tour, other: Tour) -> Tour:
    """Swap the cities at two places (...) of tours (..., n)."""
    changed = tour.copy()
    first, second = one[..., np.newaxis], other[..., np.newaxis]
    np.put_along_axis(changed, first, np.take_along_axis(tour, second, -1), -1)
    np.put_along_axis(changed, second, np.take_along_axis(tour, first, -1), -1)
    return changed


def two_opt(tours: Tour, distances: Reals) -> Tour:
    """Exchange two edges of tours (..., n), where that shortens them most, until nothing does.

    This is 2-opt (G. Croes, A Method for Solving Traveling-Salesman Problems, 1958), of which every
    step is the best one.
    """
    cities = tours.shape[-1]
    one, other = np.triu_indices(cities, 2)
    apart = (one > 0) | (other < cities - 1)  # the first and the last edge have a city in common
    if not apart.any():  # three cities have but one tour
        return tours
    flat, count = tours.reshape(-1, cities), max(1, AT_ONCE // len(one))
    parts = [flat[first : first + count] for first in range(0, len(flat), count)]
    found = [_shortened(part, distances, one[apart], other[apart]) for part in parts]
    return np.concatenate(found).reshape(tours.shape)


def _shortened(tours: Tour, distances: Reals, one: Tour, other: Tour) -> Tour:
    """Do 2-opt on tours (N, n) with these pairs of edges."""
    found = tours.copy()
    open_ = np.arange(len(found))
    while len(open_):
        now = found[open_]
        after = np.roll(now, -1, -1)
        a, b, c, d = now[:, one], after[:, one], now[:, other], after[:, other]
        gains = distances[a, b] + distances[c, d] - distances[a, c] - distances[b, d]
        best = gains.argmax(-1)
        shorter = gains[np.arange(len(open_)), best] > LEAST_GAIN
        open_, best = open_[shorter], best[shorter]
        found[open_] = inverted(found[open_], one[best] + 1, other[best] + 1)
    return found


def _places(tour: Tour, cities: Tour) -> Tour:
    """Return where in tours (..., n) cities (..., n) are."""
    places = np.empty_like(tour)
    everywhere = np.broadcast_to(np.arange(tour.shape[-1]), tour.shape)
    np.put_along_axis(places, tour, everywhere, -1)
    return np.take_along_axis(places, cities, -1)


def _inside(places: Tour, first: Tour, last: Tour) -> NDArray[np.bool_]:
    """Return which places lie in a part, which may go on from the end to the beginning."""
    first, last = first[..., np.newaxis], last[..., np.newaxis]
    # A part is never the whole tour, so what is beyond the end stands one round later.
    cities = places.shape[-1]
    found: NDArray[np.bool_] = ((first <= places) & (places < last)) | (places + cities < last)
    return found


@dataclass(frozen=True)
class Tours:
    """Tours through cities with distances (n, n); a child has a part of its target's or mate's."""

    settings: GuidedSettings
    distances: Reals

    mates = 1
    draws = 5
    """Two for the part, one for whether it mutates, two for where."""

    @property
    def start_draws(self) -> int:
        """One for each city; their order is the tour."""
        return len(self.distances)

    def start(self, draws: Reals) -> Tour:
        """See Operators.start."""
        return self._improved(draws.argsort(-1, kind="stable"))

    def breed(self, target: Tour, mates: Tour, draws: Reals) -> Tour:
        """Cross, mutate, and improve as the settings say."""
        cities = len(self.distances)
        cross = ordered if self.settings.crossover == "ox" else mapped
        child = cross(target, mates[:, :, 0], *ends(draws[..., :2], cities))
        first, last = ends(draws[..., 3:], cities)
        if self.settings.mutation == "inversion":
            changed = inverted(child, first, last)
        else:
            changed = swapped(child, first, last % cities)
        mutates = draws[..., 2:3] < self.settings.mutation_rate
        return self._improved(np.where(mutates, changed, child))

    def _improved(self, tours: Tour) -> Tour:
        return two_opt(tours, self.distances) if self.settings.local_search == "2-opt" else tours

    def errors(self, genes: Tour) -> Reals:
        """Return by what part tours are longer than the shortest, or their length if unknown.

        Raises InputError for a tour that is shorter than what is said to be the shortest.
        """
        found, optimum = lengths(genes, self.distances), self.settings.optimum
        if not optimum:
            return found
        longer = found / optimum - 1
        if (longer < -LEAST_GAIN).any():
            raise InputError(
                f"optimum is {optimum!r}, and there is a tour of length {float(found.min())!r}, "
                "which is shorter; give the length of the shortest tour, or leave optimum out"
            )
        # The same edges in another order may differ in the last bit.
        return np.where(np.abs(longer) < LEAST_GAIN, 0.0, longer)
