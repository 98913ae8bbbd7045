# SPDX-License-Identifier: Apache-2.0
"""A tribe: a (1+1) or (1+lambda) evolution, and the rule by which it has and takes children."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evolve.mutation import Mutation, mutation_at
from evolve.rng import Random
from evolve.settings import Settings
from model.circuit import Genes

MEAN_PER_MILLION = 98_304 * 1_000_000
"""The mean of Random.exponential, for a temperature in parts per million."""


@dataclass
class Tribe:
    """A parent, its SAE, its generator, how many children it had and took, and its number."""

    genes: Genes
    sae: int
    random: Random
    evaluations: int = 0
    accepted: int = 0
    number: int = 0


@dataclass(frozen=True)
class Rule:
    """How tribes have children: by which mutation, how many at once, and which SAE will do.

    accept "equal": a child replaces its parent if its SAE is lower or the same; "better": only if
    it is lower. Equal children let the parent drift along neutral mutations; without them evolution
    hardly leaves the copy filter (UPM tutorial; the thesis, 3.3, takes only better ones).
    temperature: by how many parts per million of the parent's SAE a child may be worse on average,
    which frees evolution from local optima (S. Kirkpatrick and others, Optimization by Simulated
    Annealing, Science 220, 1983). How much it is gets drawn before the child, so that an
    evaluation still may stop as soon as the child is worse than that.
    """

    mutation: Mutation
    accept: str = "equal"
    children: int = 1
    temperature: int = 0

    def worst_accepted(self, tribe: Tribe) -> int:
        """Return the highest SAE with which the next child replaces its parent; may draw."""
        limit = tribe.sae if self.accept == "equal" else tribe.sae - 1
        if self.temperature:
            limit += tribe.sae * self.temperature * tribe.random.exponential() // MEAN_PER_MILLION
        return limit


def rule_at(settings: Settings, evaluations: int = 0) -> Rule:
    """Return the rule of a run that has spent this many evaluations."""
    mutation, temperature = mutation_at(settings, evaluations), settings.temperature_at(evaluations)
    return Rule(mutation, settings.accept, settings.children, temperature)


class Evolver(Protocol):
    """What evolution needs of a backend."""

    def evaluate(
        self, batch: Genes, limits: NDArray[np.int64] | None = None, /
    ) -> NDArray[np.int64]:
        """Return the SAE (n,) int64 of genotypes (n, genes) uint8, summed over the image pairs.

        An SAE above its limit, (n,) int64, may be reported as any number above the limit: such a
        child is rejected however bad it is, so its evaluation may stop early.
        """

    def advance(self, tribes: Sequence[Tribe], count: int, rule: Rule, /) -> None:
        """Let every tribe have `count` children, a multiple of rule.children."""


class AskEvaluateTell:
    """How backends advance that have no faster way. The engine does the same in engine.c."""

    def advance(self: Evolver, tribes: Sequence[Tribe], count: int, rule: Rule, /) -> None:
        """See Evolver.advance; all tribes go in step, so that a batch has children of each."""
        for _ in range(count // rule.children):
            worst = [rule.worst_accepted(tribe) for tribe in tribes]
            broods = [ask(tribe, rule) for tribe in tribes]
            saes = self.evaluate(np.concatenate(broods), np.repeat(worst, rule.children))
            brood_saes = saes.reshape(len(tribes), rule.children)
            for told in zip(tribes, broods, brood_saes, worst, strict=True):
                tell(*told)


def ask(tribe: Tribe, rule: Rule) -> Genes:
    """Return a brood (children, genes) uint8: each child the parent with genes redrawn."""
    children = (rule.mutation.child(tribe.genes, tribe.random) for _ in range(rule.children))
    return np.stack(list(children))


def tell(tribe: Tribe, brood: Genes, saes: NDArray[np.int64], worst: int) -> None:
    """Replace the parent by the best child, of equals the first, if it is not above the worst."""
    tribe.evaluations += len(brood)
    best = int(saes.argmin())
    if saes[best] <= worst:
        tribe.genes, tribe.sae = brood[best], int(saes[best])
        tribe.accepted += 1
