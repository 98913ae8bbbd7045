# SPDX-License-Identifier: Apache-2.0
"""How genomes have children: crossover by alignment, and mutation of weights and structure."""

import numpy as np

from evoarray.evolution.neuro.neat.genes import Flags, Whole
from evoarray.evolution.neuro.neat.genome import Genome, align
from evoarray.evolution.neuro.neat.innovations import Innovations
from evoarray.model.neuro.arithmetic import LARGEST

STAYS_DISABLED = 0.75
"""How often a gene is disabled that is so in a parent; else it is enabled (4.1)."""

NEW_WEIGHT = 0.1
"""The part of the changed weights that are drawn anew; others are perturbed (4.1)."""


def crossover(better: Genome, other: Genome, equal: bool, rng: np.random.Generator) -> Genome:
    """Return a child of two parents, of which the first is fitter unless they are equal (3.2).

    Matching genes come from either. Those of one alone come from the fitter parent; if both are
    equally fit, each is inherited or not by chance.
    """
    first, second = align(better, other).matching
    takes_first = rng.random(len(first)) < 0.5
    mine = np.ones(len(better), np.bool_)
    mine[first] = takes_first
    theirs = np.zeros(len(other), np.bool_)
    theirs[second] = ~takes_first
    if equal:
        alone = np.ones(len(better), np.bool_), np.ones(len(other), np.bool_)
        for kept, left, matching in zip((mine, theirs), alone, (first, second), strict=True):
            left[matching] = False
            kept[left] = rng.random(int(left.sum())) < 0.5

    # Both parents have a matching gene enabled, or it counts as disabled.
    enabled = better.enabled.copy(), other.enabled.copy()
    enabled[0][first] = enabled[1][second] = better.enabled[first] & other.enabled[second]
    parts = (
        _with(better, enabled=enabled[0]).taking(mine),
        _with(other, enabled=enabled[1]).taking(theirs),
    )
    child = _joined(*parts)
    luck = rng.random(len(child)) >= STAYS_DISABLED
    child = _with(child, enabled=child.enabled | luck)
    return _sound(child) if equal else child


def mutate_weights(genome: Genome, part: float, step: int, rng: np.random.Generator) -> Genome:
    """Return a genome of which a part of the weights are changed, most of them by up to a step.

    The paper changes all of them (4.1), which is much where there are many.
    """
    size = len(genome)
    moved = genome.weights + rng.integers(-step, step, size, endpoint=True)
    drawn = rng.integers(-LARGEST, LARGEST, size, endpoint=True)
    changed = np.where(rng.random(size) < NEW_WEIGHT, drawn, moved).clip(-LARGEST, LARGEST)
    return _with(genome, weights=np.where(rng.random(size) < part, changed, genome.weights))


def add_connection(genome: Genome, innovations: Innovations, rng: np.random.Generator) -> Genome:
    """Return a genome with one more connection, of any weight, between nodes that had none (3.1).

    It is the same genome if there is no place left that would not make a cycle.
    """
    frame = genome.frame
    sources = np.concatenate([np.arange(frame.first_output), genome.hidden])
    targets = np.concatenate([np.arange(frame.first_output, frame.first_hidden), genome.hidden])
    free = ~_reaches(genome, sources, targets)
    taken = np.searchsorted(sources, genome.sources), np.searchsorted(targets, genome.targets)
    free[taken] = False
    places = np.argwhere(free)
    if not len(places):
        return genome
    source, target = places[rng.integers(len(places))]
    ends = int(sources[source]), int(targets[target])
    weight = int(rng.integers(-LARGEST, LARGEST, endpoint=True))
    return _with_genes(genome, [(innovations.connection(*ends), *ends, weight)])


def add_node(genome: Genome, innovations: Innovations, rng: np.random.Generator) -> Genome:
    """Return a genome with a node in the place of one of its connections (3.1).

    The connection is disabled; that to the node has the weight 1, and that from it the old weight,
    so that what is computed stays the same, to the last bit if the activation is ReLU and nothing
    before it is negative, or if it is linear. It is the same genome if no connection is enabled.
    """
    chosen = np.flatnonzero(genome.enabled)
    if not len(chosen):
        return genome
    gene = int(rng.choice(chosen))
    node, into, out = innovations.node(int(genome.innovations[gene]))
    enabled = genome.enabled.copy()
    enabled[gene] = False
    source, target, weight = (
        int(c[gene]) for c in (genome.sources, genome.targets, genome.weights)
    )
    new = [(into, source, node, genome.frame.unit), (out, node, target, weight)]
    return _with_genes(_with(genome, enabled=enabled), new)


def _with(genome: Genome, weights: Whole | None = None, enabled: Flags | None = None) -> Genome:
    return Genome(
        genome.frame,
        genome.innovations,
        genome.sources,
        genome.targets,
        genome.weights if weights is None else weights,
        genome.enabled if enabled is None else enabled,
    )


def _with_genes(genome: Genome, genes: list[tuple[int, int, int, int]]) -> Genome:
    """Return a genome with further genes, which are enabled."""
    numbers, sources, targets, weights = np.array(genes, np.int64).T
    enabled = np.ones(len(genes), np.bool_)
    return _joined(genome, Genome(genome.frame, numbers, sources, targets, weights, enabled))


def _joined(one: Genome, other: Genome) -> Genome:
    """Return a genome of the genes of both, by their numbers, none of which both have."""
    order = np.concatenate([one.innovations, other.innovations]).argsort()
    pairs = zip(one.columns, other.columns, strict=True)
    return Genome(one.frame, *(np.concatenate(pair)[order] for pair in pairs))


def _reaches(genome: Genome, sources: Whole, targets: Whole) -> Flags:
    """Return whether a way leads to each source from each target, (sources, targets) bool."""
    nodes = np.unique(np.concatenate([sources, targets]))
    steps = np.eye(len(nodes), dtype=np.bool_)
    steps[np.searchsorted(nodes, genome.sources), np.searchsorted(nodes, genome.targets)] = True
    while not np.array_equal(steps, further := steps @ steps):
        steps = further
    ways: Flags = steps[np.ix_(np.searchsorted(nodes, targets), np.searchsorted(nodes, sources))]
    return ways.T


def _sound(genome: Genome) -> Genome:
    """Return a genome without the genes that close a cycle or join what is joined already.

    One parent's genes do neither; those of two may, of which the older ones are kept.
    """
    joined: dict[int, set[int]] = {}
    kept = np.ones(len(genome), np.bool_)
    ends = zip(genome.sources.tolist(), genome.targets.tolist(), strict=True)
    for position, (source, target) in enumerate(ends):
        after = joined.setdefault(source, set())
        kept[position] = target not in after and not _leads(joined, target, source)
        if kept[position]:
            after.add(target)
    return genome if kept.all() else genome.taking(kept)


def _leads(joined: dict[int, set[int]], start: int, end: int) -> bool:
    seen, left = {start}, [start]
    while left:
        node = left.pop()
        if node == end:
            return True
        new = joined.get(node, set()) - seen
        seen |= new
        left += new
    return False
