# SPDX-License-Identifier: Apache-2.0
"""NEAT: what the paper works out by hand, and what holds in every run."""

import json
from collections import Counter

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

from evoarray.evolution.neuro.algorithm import Reals
from evoarray.evolution.neuro.neat.algorithm import Neat
from evoarray.evolution.neuro.neat.genes import Frame
from evoarray.evolution.neuro.neat.genome import Genome, align, distance, minimal
from evoarray.evolution.neuro.neat.innovations import Innovations
from evoarray.evolution.neuro.neat.settings import NeatSettings
from evoarray.evolution.neuro.neat.species import (
    REFOCUS,
    STAGNATION,
    Species,
    breeding,
    offspring,
    speciate,
)
from evoarray.evolution.neuro.neat.variation import (
    add_connection,
    add_node,
    crossover,
    mutate_weights,
)
from evoarray.model.errors import InputError
from evoarray.model.neuro.forward import forward
from tests.neuro.neat_examples import PAPER, figure_4, genome_of, genomes

XOR = Frame((2, 1, 1), 2)
BUSY = NeatSettings(population=24, add_node=0.3, add_connection=0.5, threshold=2.0)


def ends(genome: Genome) -> list[tuple[int, int]]:
    return list(zip(genome.sources.tolist(), genome.targets.tolist(), strict=True))


# --- genomes


def test_figure_4_is_aligned() -> None:
    parents = figure_4()
    aligned = align(*parents)
    found = [
        [p.innovations[positions].tolist() for p, positions in zip(parents, kind, strict=True)]
        for kind in (aligned.matching, aligned.disjoint, aligned.excess)
    ]
    assert found == [[[1, 2, 3, 4, 5]] * 2, [[8], [6, 7]], [[], [9, 10]]]


def test_figure_4_has_its_child() -> None:
    """Equal parents: some child has all ten genes, the second and the fifth disabled."""
    one, other = figure_4((1, 2))
    rng = np.random.default_rng(1)
    children = [crossover(one, other, True, rng) for _ in range(1000)]
    joins = {**dict(zip(one.innovations, ends(one), strict=True))}
    joins |= dict(zip(other.innovations, ends(other), strict=True))
    times: Counter[int] = Counter()
    disabled: Counter[int] = Counter()
    weights: Counter[tuple[int, int]] = Counter()
    for child in children:
        numbers = child.innovations.tolist()
        assert numbers == sorted(numbers)
        assert ends(child) == [joins[number] for number in numbers]
        times.update(numbers)
        disabled.update(child.innovations[~child.enabled].tolist())
        weights.update(zip(numbers, child.weights.tolist(), strict=True))
    assert [times[number] for number in range(1, 6)] == [1000] * 5
    assert [times[number] / 1000 for number in range(6, 11)] == pytest.approx([0.5] * 5, abs=0.05)
    assert set(disabled) == {2, 5}  # disabled in both, and in one
    assert [disabled[n] / 1000 for n in (2, 5)] == pytest.approx([0.75] * 2, abs=0.05)
    assert [weights[n, 1] / 1000 for n in range(1, 6)] == pytest.approx([0.5] * 5, abs=0.05)
    assert {weight for number, weight in weights if number == 8} == {1}
    assert {weight for number, weight in weights if number in {6, 7, 9, 10}} == {2}
    assert any(
        child.innovations.tolist() == list(range(1, 11))
        and child.innovations[~child.enabled].tolist() == [2, 5]
        for child in children
    )


def test_a_fitter_parent_gives_the_structure() -> None:
    one, other = figure_4((1, 2))
    rng = np.random.default_rng(1)
    for better, worse in ((one, other), (other, one)):
        children = [crossover(better, worse, False, rng) for _ in range(50)]
        assert all(ends(child) == ends(better) for child in children)
        assert {1, 2} <= {weight for child in children for weight in child.weights.tolist()}


def test_two_parents_make_no_cycle_and_no_double() -> None:
    one = genome_of(PAPER, [(0, 0, 4, 1, True), (1, 4, 5, 1, True), (2, 5, 3, 1, True)])
    other = genome_of(PAPER, [(3, 0, 4, 1, True), (4, 5, 4, 1, True), (5, 4, 3, 1, True)])
    rng = np.random.default_rng(1)
    for _ in range(200):
        child = crossover(one, other, True, rng)
        assert len(set(ends(child))) == len(child)
        assert nx.is_directed_acyclic_graph(nx.DiGraph(ends(child)))
        assert set(child.innovations.tolist()) != {0, 1, 2, 4, 5}


def test_distances_by_hand() -> None:
    """Two excess genes, three disjoint ones, weights half a unit apart."""
    one, other = figure_4((64, 96))
    assert distance(one, other, 1, 1, 0.4) == pytest.approx(2 + 3 + 0.4 * 0.5)
    assert distance(other, one, 2, 3, 4) == pytest.approx(2 * 2 + 3 * 3 + 4 * 0.5)
    assert distance(one, one, 1, 1, 1) == 0
    large = minimal(Frame((4, 1, 1), 4), np.random.default_rng(1))
    grown = add_node(large, Innovations.after_minimal(large.frame), np.random.default_rng(1))
    assert (len(large), len(grown)) == (20, 22)
    assert distance(large, grown, 1, 5, 1) == pytest.approx(2 / 22)
    empty = large.taking(np.zeros(20, np.bool_))
    assert distance(large, empty, 1, 1, 1) == pytest.approx(1)
    assert distance(empty, empty, 1, 1, 1) == 0


@settings(max_examples=50, deadline=None)
@given(genomes())
def test_genomes_are_kept_as_json(genome: Genome) -> None:
    again = Genome.from_json(json.loads(json.dumps(genome.to_json())))
    assert again.to_json() == genome.to_json()
    assert again.frame == genome.frame


# --- innovations


def test_the_same_novelty_of_a_generation_has_the_same_numbers() -> None:
    innovations = Innovations.after_minimal(XOR)
    assert (innovations.genes, innovations.nodes) == (6, 5)
    assert innovations.node(2) == (5, 6, 7)
    assert innovations.connection(0, 5) == 8
    assert innovations.node(3) == (6, 9, 10)
    assert (innovations.node(2), innovations.connection(0, 5)) == ((5, 6, 7), 8)
    innovations.next_generation()
    assert (innovations.connection(0, 5), innovations.node(2)) == (11, (7, 12, 13))


def test_a_number_stands_for_the_same_nodes_in_a_whole_run() -> None:
    neat = Neat(BUSY, XOR, np.random.default_rng(1))
    noise = np.random.default_rng(2)
    stands_for: dict[int, tuple[int, int]] = {}
    for _ in range(20):
        for genome in neat.ask():
            numbers, joins = genome.innovations.tolist(), ends(genome)
            assert numbers == sorted(set(numbers))
            assert len(set(joins)) == len(joins)
            assert nx.is_directed_acyclic_graph(nx.DiGraph(joins))
            assert np.abs(genome.weights).max() <= 127
            sources, targets = genome.sources, genome.targets
            assert not (np.isin(sources, [3, 4]) | (targets < 3)).any()
            for number, join in zip(numbers, joins, strict=True):
                assert stands_for.setdefault(number, join) == join
        # Many are equally fit, so that children have genes of both parents.
        neat.tell(noise.integers(0, 3, len(neat.ask())).astype(float))
    assert all(neat.counters.values())
    assert max(len(genome.hidden) for genome in neat.ask()) > 3


# --- mutations


@settings(max_examples=50, deadline=None)
@given(genomes())
def test_a_new_node_changes_nothing_yet(genome: Genome) -> None:
    if genome.frame.activation == "step":
        return
    rng = np.random.default_rng(1)
    grown = add_node(genome, Innovations(100, 100), rng)
    lowest = 0 if genome.frame.activation == "relu" else -127
    shape = (20, *genome.frame.input_shape)
    images = rng.integers(lowest, 127, shape, endpoint=True).astype(np.int8)
    assert np.array_equal(forward(grown.network(), images), forward(genome.network(), images))
    if not genome.enabled.any():
        assert grown is genome
    else:
        assert len(grown) == len(genome) + 2
        assert grown.enabled.sum() == genome.enabled.sum() + 1


def test_connections_are_added_until_there_is_no_place() -> None:
    rng = np.random.default_rng(1)
    innovations = Innovations.after_minimal(PAPER)
    genome = minimal(PAPER, rng)
    assert add_connection(genome, innovations, rng) is genome
    for _ in range(2):
        genome = add_node(genome, innovations, rng)
        innovations.next_generation()
    while (grown := add_connection(genome, innovations, rng)) is not genome:
        assert len(grown) == len(genome) + 1
        genome = grown
    # Three inputs to two hidden nodes and the output, one hidden node to the other, both to it.
    assert len(genome) == 3 * 3 + 1 + 2
    assert nx.is_directed_acyclic_graph(nx.DiGraph(ends(genome)))


def test_weights_mutate_within_a_step_or_anew() -> None:
    rng = np.random.default_rng(1)
    genome = minimal(Frame((16, 8, 8), 10), rng)
    moved = np.abs(mutate_weights(genome, 1.0, 10, rng).weights - genome.weights)
    assert moved.max() > 100
    # Of weights drawn anew, 21 in 255 are about within the step, too.
    assert (moved <= 10).mean() == pytest.approx(0.9 + 0.1 * 21 / 255, abs=0.01)
    assert np.unique(moved[moved <= 10]).tolist() == list(range(11))
    few = mutate_weights(genome, 0.05, 127, rng).weights != genome.weights
    assert few.mean() == pytest.approx(0.05, abs=0.01)


# --- species


def test_genomes_join_the_first_species_that_is_near() -> None:
    """Genomes are as far apart as their only weights are."""
    weights = [10, 12, 60, 18, 64, 11]
    each = [genome_of(PAPER, [(0, 0, 3, weight, True)]) for weight in weights]
    old = [Species(each[4], 3, 7.0, [9]), Species(genome_of(PAPER, []), 1, 1.0, [8])]

    def near(one: Genome, other: Genome) -> bool:
        return len(one) > 0 and abs(int(one.weights[0]) - int(other.weights[0])) < 8

    found = speciate(each, old, near, 4)
    assert [species.members for species in found] == [[2, 4], [0, 1, 5], [3]]
    assert [species.improved for species in found] == [3, 4, 4]
    assert [species.best for species in found] == [7.0, None, None]
    assert found[1].representative is each[0]


def species_of(members: list[int], improved: int = 0) -> Species:
    return Species(genome_of(PAPER, []), improved, 1.0, members)


def test_fitness_is_shared() -> None:
    fitness = np.array([1.0, 3.0, 5.0, 2.0])
    species = [species_of([0, 1]), species_of([2]), species_of([3])]
    assert offspring(species, fitness, 12) == [2, 8, 2]
    assert offspring(species, fitness, 5) == [1, 3, 1]
    assert offspring(species, fitness - 100, 12) == [2, 8, 2]
    assert offspring(species, np.ones(4), 7) == [3, 2, 2]


def test_species_that_stagnate_have_no_children() -> None:
    fitness = np.array([1.0, 2.0, 3.0])
    late = STAGNATION + 1
    best, middle, worst = species_of([2]), species_of([1], 1), species_of([0], 0)
    assert breeding([worst, middle, best], fitness, STAGNATION, 1) == [best, middle, worst]
    assert breeding([worst, middle, best], fitness, late, 1) == [best, middle]
    fresh = [species_of([n], 30) for n in range(3)]
    assert breeding(fresh, fitness, 30 + REFOCUS, 30) == fresh[2:]
    fresh = [species_of([n], 49) for n in range(3)]
    assert breeding(fresh, fitness, 30 + REFOCUS, 30) == fresh[::-1]
    assert breeding(fresh, fitness, 31 + REFOCUS, 30) == fresh[:0:-1]


# --- the algorithm


def simple(neat: Neat) -> Reals:
    """Return a fitness that is easy to compute, and differs between most genomes."""
    return np.array([float(g.weights[g.enabled].sum() - 3 * len(g)) for g in neat.ask()])


def test_the_champion_of_a_large_species_is_kept() -> None:
    neat = Neat(NeatSettings(population=60), XOR, np.random.default_rng(1))
    kept = 0
    for _ in range(5):
        asked, species, fitness = neat.ask(), neat.species, simple(neat)
        neat.tell(fitness)
        for each in species:
            best = asked[max(each.members, key=lambda one: float(fitness[one]))]
            if len(each.members) > 5 and best is neat.best[0]:
                assert any(best is genome for genome in neat.ask())
                kept += 1
        assert len(neat.ask()) == 60
        members = sorted(one for each in neat.species for one in each.members)
        assert members == list(range(60))
    assert kept


def test_a_seed_decides_everything() -> None:
    def walk(seed: int) -> str:
        neat = Neat(BUSY, XOR, np.random.default_rng(seed))
        for _ in range(5):
            neat.tell(simple(neat))
        return json.dumps(neat.state())

    assert walk(1) == walk(1)
    assert walk(1) != walk(2)


def test_a_run_goes_on_as_if_it_had_not_been_stopped() -> None:
    whole, most = Neat(BUSY, XOR, np.random.default_rng(1)), 0
    for generation in range(20):
        whole.tell(simple(whole))
        if generation % 7 == 3:
            kept = json.loads(json.dumps(whole.state(), allow_nan=False))
            again = Neat(BUSY, XOR, np.random.default_rng(99))
            again.restore(kept)
            assert again.state() == whole.state()
            for neat in (again, whole):
                neat.tell(simple(neat))
            assert again.state() == whole.state()
            whole = again
        most = max(most, len(whole.species))
    assert most > 1


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match=r"step is 0; it must be a whole number from 1 to 127"):
        NeatSettings(step=0)
    with pytest.raises(InputError, match=r"threshold is -1\.0"):
        NeatSettings(threshold=-1.0)
    with pytest.raises(
        InputError, match=r"activation is 'tanh'; it must be one of relu, linear, step"
    ):
        Frame((2, 1, 1), 1, "tanh")
    with pytest.raises(InputError, match=r"shift is 7; it must be a whole number from 0 to 6"):
        Frame((2, 1, 1), 1, shift=7)
