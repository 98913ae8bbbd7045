# SPDX-License-Identifier: Apache-2.0
"""A tribe: a (1+1) or (1+lambda) evolution, and the rule by which it has and takes children.

What decides is the score of a circuit: its SAE plus a weight times its LUTs, and of equal ones the
LUTs. Where LUTs are not counted, they are 0, and the score is the SAE.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.filter.mutation import Mutation, mutation_at
from evoarray.evolution.filter.settings import Settings
from evoarray.evolution.rng import Random
from evoarray.evolution.simplify.cost import luts
from evoarray.model.filter.circuit import Genes, Shape, circuit_of

MEAN_PER_MILLION = 98_304 * 1_000_000
"""The mean of Random.exponential, for a temperature in parts per million."""

MOMENT = 0.1
"""How many seconds of work a backend does at once, about."""

UNIT = 1 << 20
"""What 1 of SAE counts in a score: more than the LUTs of any circuit."""


MOST = np.iinfo(np.int64).max
"""The highest SAE that a backend can tell."""


def score(sae: int, luts: int, weight: int) -> int:
    """Return the score of a circuit; the lower, the better. All in whole numbers."""
    return (sae + weight * luts) * UNIT + luts


@dataclass(frozen=True, eq=False)
class Solution:
    """A circuit that was found: its genes (genes,) uint8, SAE and LUTs."""

    genes: Genes
    sae: int
    luts: int

    def score(self, weight: int) -> int:
        """Return its score, where a LUT is worth so much SAE."""
        return score(self.sae, self.luts, weight)


@dataclass
class Tribe:
    """A parent, its SAE, its generator, how many children it had and took, and its number.

    luts are the parent's, where they count, and weight is how much SAE each is worth. owed are the
    children that are still to come in this epoch, and best is the best parent of the epoch so far:
    with a temperature the last one may be worse.
    """

    genes: Genes
    sae: int
    random: Random
    evaluations: int = 0
    accepted: int = 0
    number: int = 0
    luts: int = 0
    weight: int = 0
    owed: int = 0
    best: Solution | None = None

    @property
    def score(self) -> int:
        """The parent's score."""
        return score(self.sae, self.luts, self.weight)

    def owe(self, children: int) -> None:
        """Begin an epoch of so many children."""
        self.owed = children
        self.best = Solution(self.genes, self.sae, self.luts)


@dataclass(frozen=True)
class Rule:
    """How tribes have children: by which mutation, how many at once, and which score will do.

    accept "equal": a child replaces its parent if its score is lower or the same; "better": only if
    it is lower. Equal children let the parent drift along neutral mutations; without them evolution
    hardly leaves the copy filter (UPM tutorial; the thesis, 3.3, takes only better ones).
    temperature: by how many parts per million of the parent's SAE a child may be worse on average,
    which frees evolution from local optima (S. Kirkpatrick and others, Optimization by Simulated
    Annealing, Science 220, 1983). How much it is gets drawn before the child, so that an
    evaluation still may stop as soon as the child is worse than that.
    counted: the shape of the circuits, where their LUTs count.
    """

    mutation: Mutation
    accept: str = "equal"
    children: int = 1
    temperature: int = 0
    counted: Shape | None = None

    def worst_accepted(self, tribe: Tribe) -> int:
        """Return the highest score with which the next child replaces its parent; may draw."""
        limit = tribe.score if self.accept == "equal" else tribe.score - 1
        if self.temperature:
            drawn = tribe.random.exponential()
            limit += tribe.sae * self.temperature * drawn // MEAN_PER_MILLION * UNIT
        return limit

    def luts(self, genes: Genes) -> int:
        """Return the LUTs of a genotype; 0 where they do not count."""
        return luts(circuit_of(genes, self.counted)) if self.counted else 0


def rule_at(settings: Settings, evaluations: int = 0) -> Rule:
    """Return the rule of a run that has spent this many evaluations."""
    mutation, temperature = mutation_at(settings, evaluations), settings.temperature_at(evaluations)
    counted = None if settings.parsimony == "none" else settings.shape
    return Rule(mutation, settings.accept, settings.children, temperature, counted)


class Evolver(Protocol):
    """What evolution needs of a backend."""

    def evaluate(
        self, batch: Genes, limits: NDArray[np.int64] | None = None, /
    ) -> NDArray[np.int64]:
        """Return the SAE (n,) int64 of genotypes (n, genes) uint8, summed over the image pairs.

        An SAE above its limit, (n,) int64, may be reported as any number above the limit: such a
        child is rejected however bad it is, so its evaluation may stop early.
        """

    def advance(self, tribes: Sequence[Tribe], rule: Rule, /) -> None:
        """Let tribes have some of the children that they owe, a multiple of rule.children.

        It returns after a moment, so that the run can be shown, saved and stopped; call it until no
        tribe owes any. When it returns, how many each has had may differ from tribe to tribe.
        """


def advance(evolver: Evolver, tribes: Sequence[Tribe], count: int, rule: Rule) -> None:
    """Let every tribe have `count` children, a multiple of rule.children."""
    for tribe in tribes:
        tribe.owe(count)
    while any(tribe.owed for tribe in tribes):
        evolver.advance(tribes, rule)


class AskEvaluateTell:
    """How backends advance that have no faster way. The engine does the same in engine/loop.h."""

    def advance(self: Evolver, tribes: Sequence[Tribe], rule: Rule, /) -> None:
        """See Evolver.advance; all tribes go in step, so that a batch has children of each."""
        end = time.monotonic() + MOMENT
        while owing := [tribe for tribe in tribes if tribe.owed]:
            worst = [rule.worst_accepted(tribe) for tribe in owing]
            broods = [ask(tribe, rule) for tribe in owing]
            luts = [[rule.luts(child) for child in brood] for brood in broods]
            limits = [highest_saes(*each) for each in zip(owing, luts, worst, strict=True)]
            saes = self.evaluate(np.concatenate(broods), np.concatenate(limits))
            by_tribe = saes.reshape(len(owing), rule.children).tolist()
            for i, tribe in enumerate(owing):
                tribe.evaluations += rule.children
                tribe.owed -= rule.children
                tribe.accepted += tell(tribe, broods[i], by_tribe[i], luts[i], worst[i])
            if time.monotonic() >= end:
                break


def ask(tribe: Tribe, rule: Rule) -> Genes:
    """Return a brood (children, genes) uint8: each child the parent with genes redrawn."""
    children = (rule.mutation.child(tribe.genes, tribe.random) for _ in range(rule.children))
    return np.stack(list(children))


def highest_saes(tribe: Tribe, luts: Sequence[int], worst: int) -> NDArray[np.int64]:
    """Return for children of so many LUTs the highest SAE (n,) int64 at which their score does.

    It is -1 where none does.
    """
    highest = [(worst - score(0, each, tribe.weight)) // UNIT for each in luts]
    return np.array([min(max(-1, each), MOST) for each in highest], np.int64)


def tell(tribe: Tribe, brood: Genes, saes: Sequence[int], luts: Sequence[int], worst: int) -> bool:
    """Replace the parent by the best child, of equals the first, if its score will do.

    Returns whether it did.
    """
    scores = [score(*child, tribe.weight) for child in zip(saes, luts, strict=True)]
    best = scores.index(min(scores))
    if scores[best] > worst:
        return False
    tribe.genes, tribe.sae, tribe.luts = brood[best], saes[best], luts[best]
    if tribe.best is None or tribe.score < tribe.best.score(tribe.weight):
        tribe.best = Solution(tribe.genes, tribe.sae, tribe.luts)
    return True
