# SPDX-License-Identifier: Apache-2.0
"""The whole evolution on one page: tribes that ask, evaluate and tell, and the wars between them.

Start reading at `evolve`. A tribe is a (1+1) evolution: one parent, one child at a time (thesis,
3.3). Tribes share the budget and know nothing of each other, except that in a war the best one's
parent replaces the worst one's (thesis, 5.3). Every tribe draws from its own generator and all
arithmetic is in integers, so a seed walks the same way on every backend.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evolve.rng import Random
from evolve.settings import Settings
from model.circuit import Genes, copy_filter


class Evaluate(Protocol):
    """What evolution needs of a backend: the SAE of every genotype of a batch."""

    def __call__(self, batch: Genes, /) -> NDArray[np.int64]:
        """Return the SAE (n,) int64 of genotypes (n, genes) uint8."""


@dataclass
class Tribe:
    """A parent, its SAE, its generator, and how many children it had and took."""

    genes: Genes
    sae: int
    random: Random
    evaluations: int = 0
    accepted: int = 0


@dataclass(frozen=True)
class Epoch:
    """What is seen after every epoch: evaluations so far, SAE per tribe, and the best genotype."""

    evaluations: int
    saes: tuple[int, ...]
    best: Genes

    @property
    def sae(self) -> int:
        """The best tribe's SAE."""
        return min(self.saes)


def evolve(settings: Settings, evaluate: Evaluate) -> Iterator[Epoch]:
    """Run an evolution; yield the start, then the state after each epoch, wars included."""
    tribes = found_tribes(settings, evaluate)
    yield _observe(tribes)
    remaining = settings.per_tribe
    while remaining:
        count = min(settings.epoch, remaining)
        advance(tribes, count, settings, evaluate)
        remaining -= count
        if settings.wars:
            make_war(tribes)
        yield _observe(tribes)


def found_tribes(settings: Settings, evaluate: Evaluate) -> list[Tribe]:
    """Return the tribes at their start: the copy filter, or for each its own random genotype."""
    limits = settings.shape.limits.tolist()
    streams = [Random.stream(settings.seed, 0, tribe) for tribe in range(settings.tribes)]
    if settings.start == "copy":
        parents = [copy_filter(settings.shape).genes for _ in streams]
    else:
        parents = [np.array([r.below(n) for n in limits], np.uint8) for r in streams]
    saes = evaluate(np.stack(parents))
    return [Tribe(*founded) for founded in zip(parents, saes.tolist(), streams, strict=True)]


def advance(tribes: Sequence[Tribe], count: int, settings: Settings, evaluate: Evaluate) -> None:
    """Let every tribe have `count` children, one at a time, all tribes in step."""
    limits = settings.shape.limits.tolist()
    for _ in range(count):
        children = [ask(tribe, limits, settings.mutation_rate) for tribe in tribes]
        saes = evaluate(np.stack(children))
        for tribe, child, sae in zip(tribes, children, saes.tolist(), strict=True):
            tell(tribe, child, sae, settings.accept)


def ask(tribe: Tribe, limits: Sequence[int], mutation_rate: int) -> Genes:
    """Return a child: the parent with genes redrawn, each draw a position, then a value.

    Positions are drawn independently over all genes, so one may come twice, and a redraw may give
    the value that was there (UPM tutorial).
    """
    child = tribe.genes.copy()
    for _ in range(mutation_rate):
        position = tribe.random.below(len(limits))
        child[position] = tribe.random.below(limits[position])
    return child


def tell(tribe: Tribe, child: Genes, sae: int, accept: str) -> None:
    """Replace the parent by its child if that is better or, as the rule may be, equally good.

    Equal children let the parent drift along neutral mutations; without them evolution hardly
    leaves the copy filter (UPM tutorial; the thesis, 3.3, takes only better ones).
    """
    tribe.evaluations += 1
    if sae < tribe.sae or (sae == tribe.sae and accept == "equal"):
        tribe.genes, tribe.sae = child, sae
        tribe.accepted += 1


def make_war(tribes: Sequence[Tribe]) -> None:
    """Replace the worst tribe's parent by the best one's; of equals the first counts."""
    saes = [tribe.sae for tribe in tribes]
    best, worst = tribes[saes.index(min(saes))], tribes[saes.index(max(saes))]
    worst.genes, worst.sae = best.genes, best.sae


def _observe(tribes: Sequence[Tribe]) -> Epoch:
    saes = tuple(tribe.sae for tribe in tribes)
    best = tribes[saes.index(min(saes))].genes
    return Epoch(sum(tribe.evaluations for tribe in tribes), saes, best)
