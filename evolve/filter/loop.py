# SPDX-License-Identifier: Apache-2.0
"""The whole evolution on one page: epochs of tribes, and what happens between them.

Start reading at `evolve`. A tribe is a (1+1) evolution: one parent, one child at a time (thesis,
3.3); tribe.py has its ask, evaluate and tell. Tribes share the budget and know nothing of each
other, except through the mechanisms of mechanisms.py, such as a war, in which the best one's parent
replaces the worst one's (thesis, 5.3). Every tribe draws from its own generator and all arithmetic
is in integers, so a seed walks the same way on every backend.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evoarray.evolution.filter.mechanisms import MECHANISMS
from evoarray.evolution.filter.mutation import mutation_at, passes_east, regions
from evoarray.evolution.filter.settings import Settings
from evoarray.evolution.filter.topology import Edges, network_of
from evoarray.evolution.filter.tribe import Evolver, Solution, Tribe, rule_at
from evoarray.evolution.filter.world import World
from evoarray.evolution.rng import Random
from evoarray.model.filter.circuit import Genes, copy_filter


@dataclass(frozen=True)
class Epoch:
    """What is seen after an epoch: evaluations so far, SAE by tribe, and the best circuit ever.

    events tell in words what happened between the tribes; edges are those of their network, None
    where all are neighbours.
    """

    evaluations: int
    saes: dict[int, int]
    sae: int
    best: Genes
    events: tuple[str, ...] = ()
    edges: Edges | None = None


def evolve(settings: Settings, backend: Evolver, world: World | None = None) -> Iterator[Epoch]:
    """Run an evolution, or go on with one; yield how things stand at once and after each epoch."""
    world = found(settings, backend) if world is None else world
    yield observe(world, describe(settings, world))
    while world.epoch or (count := next_epoch(settings, world)):
        if not world.epoch:  # else the run was stopped in the middle of one
            world.begin_epoch(count)
        rule = rule_at(settings, world.evaluations)
        while any(tribe.owed for tribe in world.tribes):
            backend.advance(world.tribes, rule)
        world.end_epoch()
        events = []
        for name, interval in settings.intervals.items():
            if world.age % interval == 0:
                events.append(MECHANISMS[name](world, settings, backend))
                world.remember()
        yield observe(world, tuple(event for event in events if event))


def found(settings: Settings, backend: Evolver) -> World:
    """Return the world at its start: copy filters, or for each tribe its own random genotype."""
    streams = [Random.stream(settings.seed, 0, tribe) for tribe in range(settings.tribes)]
    parents = [start(settings, stream) for stream in streams]
    saes = backend.evaluate(np.stack(parents)).tolist()
    luts = map(rule_at(settings).luts, parents)
    tribes = [
        Tribe(parent, sae, stream, number=number, luts=each, weight=settings.weight)
        for number, (parent, sae, stream, each) in enumerate(
            zip(parents, saes, streams, luts, strict=True)
        )
    ]
    best = min(tribes, key=lambda tribe: tribe.score)
    world = World(tribes, Random.stream(settings.seed, 0), best.genes, best.sae, len(tribes))
    world.luts, world.weight = best.luts, settings.weight
    world.graph = network_of(settings, world.random)
    if settings.parsimony != "none":
        world.front = [Solution(best.genes, best.sae, best.luts)]
        world.remember()
    return world


def start(settings: Settings, random: Random) -> Genes:
    """Return a first genotype (genes,) uint8: a given one, or the copy filter, random or not."""
    if settings.start == "circuit":
        return np.array(settings.start_genes, np.uint8)
    genes = copy_filter(settings.shape).genes.copy()
    if settings.start == "random":
        everything = mutation_at(replace(settings, scope="all"))
        for position in everything.groups[0]:
            genes[position] = everything.redraw(int(position), random)
    elif passes_east(settings.shape):
        genes[-1] = regions(settings)[0].bottom - 1
    return genes


def next_epoch(settings: Settings, world: World) -> int:
    """Return how many evaluations each tribe gets next; 0 at the end.

    Where something happens between tribes, epochs are whole (thesis, chapter 5); else the last one
    takes what is left.
    """
    reached = world.sae <= settings.target_sae
    stuck = settings.stagnation and world.evaluations - world.improved >= settings.stagnation
    if reached or stuck:
        return 0
    share = (settings.evaluations - world.evaluations) // len(world.tribes)
    if share >= settings.epoch:
        return settings.epoch
    return 0 if settings.intervals else share - share % settings.children


def describe(settings: Settings, world: World) -> Sequence[str]:
    """Return what is told at the start of a run: its network, if there is one."""
    if world.age or world.edges is None:
        return []
    tribes, edges = len(world.tribes), len(world.edges)
    return [f"network: {settings.topology}, {tribes} tribes, {edges} edges"]


def observe(world: World, events: Sequence[str] = ()) -> Epoch:
    """Return how things stand."""
    saes = {tribe.number: tribe.sae for tribe in world.tribes}
    return Epoch(world.evaluations, saes, world.sae, world.best, tuple(events), world.edges)
