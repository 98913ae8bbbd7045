# SPDX-License-Identifier: Apache-2.0
"""A whole run of filter and network together, and what it comes to."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field

from evoarray.evolution.neuro.backends import Backend, open_backend
from evoarray.evolution.neuro.data import Digits
from evoarray.evolution.neuro.filtered.chain import Chain, ChainFitness, medians
from evoarray.evolution.neuro.filtered.evolution import FilterEvolution
from evoarray.evolution.neuro.filtered.settings import EVOLVED, MEDIAN, FilterSettings
from evoarray.evolution.neuro.fitness import Fitness
from evoarray.evolution.neuro.loop import Champion, Search, follow
from evoarray.model.neuro.network import Network


@dataclass(frozen=True)
class Outcome:
    """What a run has come to: how many images of training, validation and test are right.

    genes are those of the circuit that was best for validation, none without one. curve has the
    part of the test that is wrong after so many evaluations, as two rows.
    """

    evaluations: int
    right: tuple[int, int, int]
    curve: tuple[tuple[int, ...], tuple[float, ...]]
    genes: tuple[int, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)


def run(settings: FilterSettings, network: Network, digits: Digits) -> Outcome:
    """Evolve a circuit on noisy digits, or measure what is compared with it.

    No choice depends on the test. Raises InputError if the images do not fit the network.
    """
    with closing(open_backend("fast")) as backend:
        work = _evolve if settings.algorithm == EVOLVED else _measure
        return work(settings, network, digits, backend)


def _measure(
    settings: FilterSettings, network: Network, digits: Digits, backend: Backend
) -> Outcome:
    """Return what the network comes to on the images as they are, or on their medians."""
    parts = (digits.training, digits.validation, digits.test)
    images = [
        medians(part.images) if settings.algorithm == MEDIAN else part.images for part in parts
    ]
    right = [
        int(Fitness(settings.fitness, seen, part.labels, backend).measure([network]).right[0])
        for seen, part in zip(images, parts, strict=True)
    ]
    return Outcome(0, (right[0], right[1], right[2]), ((0,), (_error(right[2], digits),)))


def _evolve(
    settings: FilterSettings, network: Network, digits: Digits, backend: Backend
) -> Outcome:
    training, validation, test = (
        ChainFitness(settings.fitness, part, backend)
        for part in (digits.training, digits.validation, digits.test)
    )
    search = Search(FilterEvolution(settings, network))
    found = follow(search, training, validation, test, settings.evaluations, settings.interval)
    chain = _chain(found.champion)
    return Outcome(
        search.evaluations,
        (training.right(chain), found.champion.right, test.right(chain)),
        found.curve,
        tuple(chain.to_json()),
        dict(search.algorithm.counters),
    )


def _error(right: int, digits: Digits) -> float:
    return 1 - right / len(digits.test.labels)


def _chain(champion: Champion) -> Chain:
    assert isinstance(champion.genome, Chain)  # as all that this algorithm asks for
    return champion.genome
