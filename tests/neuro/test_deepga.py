# SPDX-License-Identifier: Apache-2.0
"""The operators of DeepGA by their exact rules, and what must hold in every run."""

import json
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evoarray.evolution.neuro.algorithm import Reals
from evoarray.evolution.neuro.architecture import Architecture, Block
from evoarray.evolution.neuro.data import digits
from evoarray.evolution.neuro.deepga import (
    MOST_BLOCKS,
    MOST_HIDDEN,
    DeepGA,
    TrainedCnn,
    crossed,
    exchanged,
    mutated,
    trained_of,
)
from evoarray.evolution.neuro.loop import Search, evolve
from evoarray.evolution.neuro.settings import NeuroSettings
from evoarray.model.errors import InputError
from evoarray.model.neuro.forward import classify, forward
from evoarray.model.neuro.layers import Pool
from tests.neuro.strategies import LAYERS, SEEDS, architecture

MAX2 = Pool("max", 2, 2)


@given(st.integers(0, 6), st.integers(0, 6), SEEDS)
def test_the_last_half_of_the_shorter_one_is_exchanged(one: int, other: int, seed: int) -> None:
    ours, theirs = list(range(one)), list(range(10, 10 + other))
    first, second = exchanged(ours, theirs, np.random.default_rng(seed))
    short, long, kept = (first, second, ours) if one <= other else (second, first, theirs)
    assert sorted(first + second) == ours + theirs
    assert (len(first), len(second)) == (one, other)
    half = len(short) // 2
    assert short[:half] == kept[:half]
    assert not set(short[half:]) & set(kept)
    if one == other:
        assert (first, second) == (ours[:half] + theirs[half:], theirs[:half] + ours[half:])
    assert len(set(long) & set(kept)) == len(short) - half
    assert (ours, theirs) == (list(range(one)), list(range(10, 10 + other)))


@given(LAYERS, LAYERS, SEEDS)
@settings(max_examples=60, deadline=None)
def test_children_are_networks(one: Any, other: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = before = architecture(one), architecture(other)
    for _ in range(8):
        first, second = (mutated(child, rng) for child in crossed(first, second, rng))
    for child in (first, second):  # that they can be made says that they fit
        assert 1 <= len(child.blocks) <= MOST_BLOCKS
        assert len(child.hidden) <= MOST_HIDDEN
        assert child.parameters > 0
    assert before == (architecture(one), architecture(other))


def test_a_mutation_adds_a_layer_or_changes_one_in_one_thing() -> None:
    parent = Architecture((1, 8, 8), (Block(3),), (5,), 10)  # sizes that are never drawn
    seen = set()
    for seed in range(200):
        child = mutated(parent, np.random.default_rng(seed))
        lengths = len(child.blocks), len(child.hidden)
        if Block(3) not in child.blocks:
            things = zip(astuple(child.blocks[0]), astuple(Block(3)), strict=True)
            assert sum(one != other for one, other in things) == 1
        kept = Block(3) in child.blocks, 5 in child.hidden
        seen.add((lengths, kept))
    assert seen == {
        ((2, 1), (True, True)),
        ((1, 2), (True, True)),
        ((1, 1), (False, True)),
        ((1, 1), (True, False)),
    }
    full = Architecture((1, 8, 8), (Block(3),) * MOST_BLOCKS, (5,) * MOST_HIDDEN, 10)
    for seed in range(40):
        child = mutated(full, np.random.default_rng(seed))
        assert (len(child.blocks), len(child.hidden)) == (MOST_BLOCKS, MOST_HIDDEN)


def test_a_genome_is_trained_once_and_always_to_the_same() -> None:
    small = Architecture((1, 8, 8), (Block(4, 1, 1, MAX2),), (), 10)
    genome = TrainedCnn(small, 3, 1, 7)
    network = genome.network()
    assert genome.network() is network
    again = trained_of(json.loads(json.dumps(genome.to_json())))
    assert again.network() == network
    assert TrainedCnn(small, 3, 1, 8).network() != network
    assert TrainedCnn(small, 3, 0, 7).network() != network
    unseen = digits().validation
    assert (classify(forward(network, unseen.images)) == unseen.labels).mean() > 0.7
    assert network.parameters == small.parameters


# --- the algorithm


def make(seed: int, **options: Any) -> DeepGA:
    given = {"population": 8, "tournament": 3, "epochs": 1, **options}
    chosen = NeuroSettings(algorithm="deepga", **given)
    return DeepGA(chosen, np.random.default_rng(seed), (1, 8, 8), 10)


def run(deepga: DeepGA, generations: int) -> None:
    """Evolve small networks, which takes no training."""
    for _ in range(generations):
        deepga.tell(np.array([-float(each.architecture.parameters) for each in deepga.ask()]))


def test_a_stopped_run_goes_on_with_the_same_bits() -> None:
    whole, part, other = make(3), make(3), make(4)
    run(whole, 9)
    run(part, 4)
    run(other, 9)
    resumed = make(99)
    resumed.restore(json.loads(json.dumps(part.state())))
    run(resumed, 5)
    assert json.dumps(resumed.state()) == json.dumps(whole.state())
    assert json.dumps(other.state()) != json.dumps(whole.state())


def test_generations_are_as_large_as_they_should_be() -> None:
    deepga = make(1)
    assert len(deepga.ask()) == 8
    run(deepga, 1)
    first = deepga.best[1]
    for _ in range(20):
        assert len(deepga.ask()) == 4
        run(deepga, 1)
        assert len(deepga.population) == 8
    assert deepga.best[1] > first


def test_tournaments_are_stochastic() -> None:
    deepga = make(1, tournament=8)
    run(deepga, 1)
    fittest = deepga.population[0][0].architecture
    won = [deepga._parent() is fittest for _ in range(1000)]
    assert 0.78 < np.mean(won) < 0.87  # 0.8, and one in eight of the others


def test_a_small_evolution_of_trained_networks() -> None:
    unseen = digits().validation
    deepga = make(1, population=4)
    for _ in range(2):
        found = []
        for genome in deepga.ask():
            right = (
                classify(forward(genome.network(), unseen.images[:100])) == unseen.labels[:100]
            ).mean()
            found.append(0.7 * right - 0.3 * genome.architecture.parameters / 20000)
        deepga.tell(np.array(found))
    assert deepga.best[1] > 0


class Sizes:
    """Small networks are fit, but large ones have more images right."""

    count = 20_000

    def __call__(self, genomes: Sequence[TrainedCnn]) -> Reals:
        return np.array([-float(self.right(genome)) for genome in genomes])

    def right(self, genome: TrainedCnn) -> int:
        return genome.architecture.parameters


def test_the_champion_is_the_fittest() -> None:
    deepga = make(1)
    search = Search(deepga)
    sizes = [
        search.champion and search.champion.right for _ in evolve(search, Sizes(), Sizes(), 40, 4)
    ]
    assert search.champion is not None
    assert search.champion.genome is deepga.best[0]
    assert sizes[-1] == -deepga.best[1]
    assert len(set(sizes)) > 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"population": 3}, "population is 3; it must be 4 or more with the algorithm deepga"),
        ({"tournament": 21}, "tournament is 21; it must be up to the population, 20"),
        ({"epochs": 0}, "epochs is 0; it must be a whole number from 1 to"),
    ],
)
def test_settings_that_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        NeuroSettings(**{"algorithm": "deepga", "population": 20, **options})
