# SPDX-License-Identifier: Apache-2.0
"""What happens between tribes, epoch after epoch: wars, migrations, drops, crossover and so on.

A new mechanism is a function of the world, written here once for all backends, and a line in
MECHANISMS; its interval goes to Settings.intervals. It draws from the world's generator, evaluates
through the backend in one batch, counts what it evaluates, and says what it did. Circuits go only
from a tribe to its neighbours.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.filter.mutation import mutation_of_all_genes
from evoarray.evolution.filter.settings import BLOCK, Settings
from evoarray.evolution.filter.tribe import Evolver, Tribe, highest_saes, rule_at, score, tell
from evoarray.evolution.filter.world import World
from evoarray.evolution.graphs import edges_of, rewire
from evoarray.evolution.rng import Random
from evoarray.model.filter.circuit import Genes, Shape

DROP_AFTER = 3 * BLOCK
"""Evaluations of each tribe before any is dropped for being worse (thesis, 6.1)."""

Mechanism = Callable[[World, Settings, Evolver], str | None]


def war(world: World, settings: Settings, _: Evolver) -> str | None:
    """Replace the worst tribe's parent by that of its best neighbour (thesis, 5.3)."""
    worst = world.worst
    best = min(world.neighbours(worst), key=lambda tribe: tribe.score, default=worst)
    if best.score == worst.score:
        return None
    said = f"war: {worst.sae:,} falls to {best.sae:,}"
    worst.genes, worst.sae, worst.luts = best.genes, best.sae, best.luts
    world.counters["wars"] += 1
    return said


def migration(world: World, settings: Settings, _: Evolver) -> str | None:
    """Let each tribe take the parent of one of its neighbours, if it is better, all at once."""
    moves = []
    for tribe in world.tribes:
        neighbours = world.neighbours(tribe)
        if neighbours:
            mate = _mate(tribe, neighbours, settings.mates, world.random)
            if mate.score < tribe.score:
                moves.append((tribe, replace(mate)))
    if not moves:
        return None
    for tribe, mate in moves:
        tribe.genes, tribe.sae, tribe.luts = mate.genes, mate.sae, mate.luts
    world.counters["migrations"] += len(moves)
    taken = "1 tribe takes" if len(moves) == 1 else f"{len(moves)} tribes take"
    return f"migration: {taken} the circuit of a neighbour"


def _mate(tribe: Tribe, neighbours: Sequence[Tribe], mates: str, random: Random) -> Tribe:
    """Return one of a tribe's neighbours: each is as likely, or, by roulette, the better the more.

    The share of a roulette wheel that a neighbour has is how much lower its score is than the
    highest of them and the tribe, plus 1.
    """
    if mates == "uniform":
        return neighbours[random.below(len(neighbours))]
    highest = max(each.score for each in (tribe, *neighbours))
    ends = list(accumulate(highest - each.score + 1 for each in neighbours))
    return neighbours[bisect_right(ends, random.below(ends[-1]))]


def drop_worst(world: World, settings: Settings, _: Evolver) -> str | None:
    """Drop the worst tribe, down to the survivors (thesis, 6.2 and 6.3)."""
    if len(world.tribes) <= settings.survivors:
        return None
    return _drop(world, [world.worst])


def drop_worse(world: World, settings: Settings, _: Evolver) -> str | None:
    """Drop tribes that are some percent worse than the best, the worst first (thesis, 6.1)."""
    if world.age < DROP_AFTER:
        return None
    limit = world.champion.sae * (100 + settings.drop_worse)
    falling = [tribe for tribe in world.tribes if tribe.sae * 100 > limit]
    falling.sort(key=lambda tribe: -tribe.score)
    return _drop(world, falling[: max(0, len(world.tribes) - settings.survivors)])


def _drop(world: World, falling: list[Tribe]) -> str | None:
    if not falling:
        return None
    gone = {id(tribe) for tribe in falling}
    world.tribes = [tribe for tribe in world.tribes if id(tribe) not in gone]
    if world.graph is not None:
        world.graph.remove_nodes_from([tribe.number for tribe in falling])
    world.counters["dropped tribes"] += len(falling)
    saes = ", ".join(f"{tribe.sae:,}" for tribe in falling)
    left = len(world.tribes)
    return f"dropped: {saes}; {left} {'tribe is' if left == 1 else 'tribes are'} left"


def full_crossover(world: World, settings: Settings, backend: Evolver) -> str | None:
    """Cut the best tribe's mesh and its neighbours' in two, and join the halves (thesis, 7.1)."""
    best = world.champion
    others = world.neighbours(best)
    if not others:
        return None
    children = [
        halves(settings.shape, best.genes, others[attempt % len(others)].genes, world.random)
        for attempt in range(settings.crossover_attempts)
    ]
    return _attempt(world, settings, backend, best, children)


def partial_crossover(world: World, settings: Settings, backend: Evolver) -> str | None:
    """Try a square of a neighbour's elements at many places of the first tribe (thesis, 7.2)."""
    receiver = world.tribes[0]
    others = world.neighbours(receiver)
    if not others:
        return None
    donor = others[0]
    if settings.donor == "best":
        donor = min(others, key=lambda tribe: tribe.score)
    elif settings.donor == "random":
        donor = _mate(receiver, others, settings.mates, world.random)
    square = _square(settings, world.random)
    children = []
    for _ in range(settings.crossover_attempts):
        child = receiver.genes.copy()
        child[_square(settings, world.random)] = donor.genes[square]
        children.append(child)
    return _attempt(world, settings, backend, receiver, children)


def halves(shape: Shape, one: Genes, other: Genes, random: Random) -> Genes:
    """Return one circuit with a part of another: north, south, west or east of a random cut.

    Selectors come with their row or column, the north ones of a cut between rows with the first
    row, the west ones of a cut between columns with the first column; the output gene stays.
    """
    rows, cols = shape.rows, shape.cols
    sides = [side for side, count in (("rows", rows), ("cols", cols)) if count > 1]
    side = sides[random.below(len(sides))]
    cut = 1 + random.below((rows if side == "rows" else cols) - 1)
    first = random.below(2) == 0  # the other circuit gives what lies before the cut
    child = one.copy()
    taken = _parts(rows, cols, side, cut)[not first]
    child[taken] = other[taken]
    return child


@lru_cache(maxsize=256)
def _parts(
    rows: int, cols: int, side: str, cut: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the genes that lie before a cut between rows or columns, and those behind it."""
    row, col = np.indices((rows, cols))
    if side == "rows":
        parts = [(row < cut).ravel(), np.full(cols, True), np.arange(rows) < cut]
    else:
        parts = [(col < cut).ravel(), np.arange(cols) < cut, np.full(rows, True)]
    before = np.concatenate(parts)
    return np.flatnonzero(before), np.flatnonzero(~before)


def _square(settings: Settings, random: Random) -> NDArray[np.int64]:
    """Return the genes of a random square of elements; at the edges it moves up and left."""
    shape, size = settings.shape, settings.crossover_size
    top = min(random.below(shape.rows), shape.rows - size)
    left = min(random.below(shape.cols), shape.cols - size)
    return _square_at(shape.cols, size, top, left)


@lru_cache(maxsize=1024)
def _square_at(width: int, size: int, top: int, left: int) -> NDArray[np.int64]:
    rows, cols = np.arange(top, top + size), np.arange(left, left + size)
    positions: NDArray[np.int64] = (rows[:, np.newaxis] * width + cols).ravel()
    return positions


def _attempt(
    world: World, settings: Settings, backend: Evolver, receiver: Tribe, children: list[Genes]
) -> str | None:
    """Evaluate children; the best, of equals the first, replaces its receiver if good enough.

    Children that the budget does not allow are not evaluated.
    """
    if world.evaluations + len(children) > settings.evaluations:
        return None
    brood, before = np.stack(children), replace(receiver)
    worst = receiver.score if settings.accept == "equal" else receiver.score - 1
    luts = list(map(rule_at(settings).luts, children))
    saes = backend.evaluate(brood, highest_saes(receiver, luts, worst)).tolist()
    world.evaluations += len(children)
    world.counters["crossover attempts"] += len(children)
    if not tell(receiver, brood, saes, luts, worst) or receiver.score == before.score:
        return None
    world.counters["crossover successes"] += 1
    return f"crossover: {before.sae:,} falls to {receiver.sae:,}"


def abrupt_change(world: World, settings: Settings, backend: Evolver) -> str | None:
    """Found a tribe from a stuck champion by a strong mutation, however bad (thesis, 8.3.5).

    It takes the place of the champion's worst neighbour, if there are as many tribes as at the
    start, or two; else it becomes a neighbour of the champion.
    """
    if world.evaluations - max(world.improved, world.changed) < settings.abrupt_after:
        return None
    if world.evaluations >= settings.evaluations:
        return None
    champion = world.champion
    others, full = world.neighbours(champion), len(world.tribes) >= max(2, settings.tribes)
    if full and not others:
        return None
    random = Random.stream(settings.seed, 0, world.founded)
    whole = mutation_of_all_genes(settings, settings.abrupt_rate)
    genes = whole.child(champion.genes, random)
    sae = int(backend.evaluate(genes[np.newaxis])[0])
    near = [champion.number]
    if full:
        falling = max(others, key=lambda tribe: tribe.score)
        near = [tribe.number for tribe in world.neighbours(falling)]
        _drop(world, [falling])
    luts = rule_at(settings).luts(genes)
    tribe = Tribe(genes, sae, random, number=world.founded, luts=luts, weight=champion.weight)
    world.tribes.append(tribe)
    if world.graph is not None:
        world.graph.add_edges_from((tribe.number, number) for number in near)
    world.founded += 1
    world.evaluations += 1
    world.counters["abrupt changes"] += 1
    world.changed = world.evaluations
    return f"abrupt change: {champion.sae:,} founds a tribe of {sae:,}"


def rewiring(world: World, settings: Settings, _: Evolver) -> str | None:
    """Let two edges of the network swap ends, which every tribe keeps as many of."""
    if world.graph is None:
        return None
    before = edges_of(world.graph)
    if not rewire(world.graph, 1, world.random):
        return None
    after = edges_of(world.graph)
    world.counters["rewirings"] += 1
    gone, new = (
        " and ".join(f"{a}-{b}" for a, b in one if (a, b) not in other)
        for one, other in ((before, after), (after, before))
    )
    return f"rewiring: {gone} become {new}"


def explore_front(world: World, settings: Settings, _: Evolver) -> str | None:
    """Keep what nothing beats in both SAE and LUTs, and send tribes out from there.

    For its next epoch a tribe gets a weight, 0 or a power of two below an eighth of the best SAE,
    and becomes the circuit of the front that is best at that weight.
    """
    for tribe in world.tribes:
        tribe.weight = 1 << world.random.below(max(1, world.sae.bit_length() - 3)) >> 1
        best = min(world.front, key=lambda found: score(found.sae, found.luts, tribe.weight))
        tribe.genes, tribe.sae, tribe.luts = best.genes, best.sae, best.luts
    return None


MECHANISMS: dict[str, Mechanism] = {
    "war": war,
    "migration": migration,
    "drop": drop_worst,
    "drop-worse": drop_worse,
    "full": full_crossover,
    "partial": partial_crossover,
    "abrupt": abrupt_change,
    "rewiring": rewiring,
    "front": explore_front,
}
"""In the order in which they happen when they are due at the same time."""
