# SPDX-License-Identifier: Apache-2.0
"""The whole evolution on one page: epochs of tribes, and the wars between them.

Start reading at `evolve`. A tribe is a (1+1) evolution: one parent, one child at a time (thesis,
3.3); evolve/tribe.py has its ask, evaluate and tell. Tribes share the budget and know nothing of
each other, except that in a war the best one's parent replaces the worst one's (thesis, 5.3).
Every tribe draws from its own generator and all arithmetic is in integers, so a seed walks the
same way on every backend.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evolve.rng import Random
from evolve.settings import Settings
from evolve.tribe import Evolver, Tribe
from model.circuit import Genes, copy_filter


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


def evolve(settings: Settings, backend: Evolver) -> Iterator[Epoch]:
    """Run an evolution; yield the start, then the state after each epoch, wars included."""
    tribes = found_tribes(settings, backend)
    yield _observe(tribes)
    remaining = settings.per_tribe
    while remaining:
        count = min(settings.epoch, remaining)
        backend.advance(tribes, count, settings)
        remaining -= count
        if settings.wars:
            make_war(tribes)
        yield _observe(tribes)


def found_tribes(settings: Settings, backend: Evolver) -> list[Tribe]:
    """Return the tribes at their start: the copy filter, or for each its own random genotype."""
    limits = settings.shape.limits.tolist()
    streams = [Random.stream(settings.seed, 0, tribe) for tribe in range(settings.tribes)]
    if settings.start == "copy":
        parents = [copy_filter(settings.shape).genes for _ in streams]
    else:
        parents = [np.array([r.below(n) for n in limits], np.uint8) for r in streams]
    saes = backend.evaluate(np.stack(parents))
    return [Tribe(*founded) for founded in zip(parents, saes.tolist(), streams, strict=True)]


def make_war(tribes: Sequence[Tribe]) -> None:
    """Replace the worst tribe's parent by the best one's; of equals the first counts."""
    saes = [tribe.sae for tribe in tribes]
    best, worst = tribes[saes.index(min(saes))], tribes[saes.index(max(saes))]
    worst.genes, worst.sae = best.genes, best.sae


def _observe(tribes: Sequence[Tribe]) -> Epoch:
    saes = tuple(tribe.sae for tribe in tribes)
    best = tribes[saes.index(min(saes))].genes
    return Epoch(sum(tribe.evaluations for tribe in tribes), saes, best)
