# SPDX-License-Identifier: Apache-2.0
"""A tribe: one (1+1) evolution, and the rule by which it has a child and takes it or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evolve.rng import Random
from evolve.settings import Settings
from model.circuit import Genes


@dataclass
class Tribe:
    """A parent, its SAE, its generator, and how many children it had and took."""

    genes: Genes
    sae: int
    random: Random
    evaluations: int = 0
    accepted: int = 0


class Evolver(Protocol):
    """What evolution needs of a backend."""

    def evaluate(
        self, batch: Genes, limits: NDArray[np.int64] | None = None, /
    ) -> NDArray[np.int64]:
        """Return the SAE (n,) int64 of genotypes (n, genes) uint8, summed over the image pairs.

        An SAE above its limit, (n,) int64, may be reported as any number above the limit: such a
        child is rejected however bad it is, so its evaluation may stop early.
        """

    def advance(self, tribes: Sequence[Tribe], count: int, settings: Settings, /) -> None:
        """Let every tribe have `count` children, one at a time."""


class AskEvaluateTell:
    """How backends advance that have no faster way. The engine does the same in engine.c."""

    def advance(self: Evolver, tribes: Sequence[Tribe], count: int, settings: Settings, /) -> None:
        """See Evolver.advance; all tribes go in step, so that a batch is one child of each."""
        gene_limits = settings.shape.limits.tolist()
        for _ in range(count):
            children = [ask(tribe, gene_limits, settings.mutation_rate) for tribe in tribes]
            limits = np.array([worst_accepted(tribe, settings.accept) for tribe in tribes])
            saes = self.evaluate(np.stack(children), limits)
            for tribe, child, sae in zip(tribes, children, saes.tolist(), strict=True):
                tell(tribe, child, sae, settings.accept)


def ask(tribe: Tribe, gene_limits: Sequence[int], mutation_rate: int) -> Genes:
    """Return a child: the parent with genes redrawn, each draw a position, then a value.

    Positions are drawn independently over all genes, so one may come twice, and a redraw may give
    the value that was there (UPM tutorial).
    """
    child = tribe.genes.copy()
    for _ in range(mutation_rate):
        position = tribe.random.below(len(gene_limits))
        child[position] = tribe.random.below(gene_limits[position])
    return child


def worst_accepted(tribe: Tribe, accept: str) -> int:
    """Return the highest SAE with which a child replaces its parent.

    Equal children let the parent drift along neutral mutations; without them evolution hardly
    leaves the copy filter (UPM tutorial; the thesis, 3.3, takes only better ones).
    """
    return tribe.sae if accept == "equal" else tribe.sae - 1


def tell(tribe: Tribe, child: Genes, sae: int, accept: str) -> None:
    """Replace the parent by its child if that is good enough."""
    tribe.evaluations += 1
    if sae <= worst_accepted(tribe, accept):
        tribe.genes, tribe.sae = child, sae
        tribe.accepted += 1
