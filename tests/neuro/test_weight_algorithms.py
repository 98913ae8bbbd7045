# SPDX-License-Identifier: Apache-2.0
"""The algorithms that evolve weights: their rules, and that they go on as if never stopped."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evoarray.evolution.neuro.algorithm import Algorithm, Reals
from evoarray.evolution.neuro.algorithms import algorithm_of, training_fitness
from evoarray.evolution.neuro.backends import open_backend
from evoarray.evolution.neuro.data import Part
from evoarray.evolution.neuro.encodings import (
    GROUPS,
    NONE,
    Continuous,
    Grouped,
    Integers,
    Masked,
    Permutation,
    cycles,
    steps,
)
from evoarray.evolution.neuro.fitness import Fitness
from evoarray.evolution.neuro.loop import Search, evolve
from evoarray.evolution.neuro.mutants import Mutants
from evoarray.evolution.neuro.one_plus_lambda import OnePlusLambda
from evoarray.evolution.neuro.populations import (
    INERTIA,
    PULL,
    EvolutionaryProgramming,
    EvolutionStrategy,
    GeneticAlgorithm,
    ParticleSwarm,
)
from evoarray.evolution.neuro.settings import ENCODINGS, EVOLVED, NeuroSettings
from evoarray.evolution.neuro.weights import Form
from evoarray.model.errors import InputError

FORM = Form((1, 2, 2), (2,))  # ten genes
LAYERS = "64-3-10"
WAYS: list[dict[str, Any]] = [{"algorithm": name} for name in EVOLVED]
WAYS[0]["temperature"] = 0.1
WAYS += [{"algorithm": "ga", "encoding": name} for name in ENCODINGS if name != "integer"]


def part(count: int, seed: int) -> Part:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 127, (count, 1, 8, 8), endpoint=True).astype(np.int8)
    return Part(images, rng.integers(0, 10, count), np.arange(count))


def small(**options: Any) -> NeuroSettings:
    if options["algorithm"] != "one-plus-lambda":
        options["population"] = 8
    return NeuroSettings(layers=LAYERS, seed=5, evaluations=100, interval=20, **options)


def search(settings: NeuroSettings, state: dict[str, Any] | None, evaluations: int) -> Search:
    backend = open_backend(settings.backend)
    fitness = training_fitness(settings, part(40, 1), backend)
    judge = part(30, 2)
    validation = Fitness(settings.fitness, judge.images, judge.labels, backend)
    found = Search(algorithm_of(settings))
    if state is not None:
        found.restore(json.loads(json.dumps(state)))
    for _ in evolve(found, fitness, validation, evaluations, settings.interval):
        pass
    return found


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(map(str, way.values())))
def test_resumed_on_another_backend_it_comes_to_the_same(way: dict[str, Any]) -> None:
    whole = search(small(**way), None, 100)
    half = search(small(**way), None, 50).state()
    assert half["evaluations"] < whole.evaluations
    resumed = search(small(**way, backend="model"), half, 100)
    assert json.dumps(resumed.state()) == json.dumps(whole.state())
    other = search(NeuroSettings(**{**vars(small(**way)), "seed": 6}), None, 100)
    assert other.state()["algorithm"]["best"] != whole.state()["algorithm"]["best"]


def genes(algorithm: Algorithm[Any]) -> Reals:
    return np.array([genome.to_json() for genome in algorithm.ask()], np.float64)


def goal(rows: Reals) -> Reals:
    """How near rows are to 20 everywhere: a fitness that is easy to follow."""
    found: Reals = -((rows - 20) ** 2).mean(1)
    return found


@pytest.mark.parametrize("way", WAYS[:-2], ids=lambda way: way["algorithm"])
def test_each_finds_a_simple_goal(way: dict[str, Any]) -> None:
    settings = replace(small(**way), layers="64-10")
    if way["algorithm"] in {"ga", "ep"}:
        settings = replace(settings, population=20, rate=0.2)
    rng = np.random.default_rng(1)
    encoding = (Integers if way["algorithm"] in {"one-plus-lambda", "ga"} else Continuous)(
        FORM, 30.0, 0.5, 4.0, 0.2
    )
    maker: Any = type(algorithm_of(settings))
    algorithm = maker(settings, encoding, rng)
    start = goal(genes(algorithm)).max()
    for _ in range(150):
        algorithm.tell(goal(genes(algorithm)))
    assert algorithm.best[1] > 0.1 * start
    assert algorithm.best[1] == goal(np.array([algorithm.best[0].to_json()]))[0]


def test_one_plus_lambda_takes_the_best_child_that_is_not_worse() -> None:
    rng = np.random.default_rng(1)
    algorithm = OnePlusLambda(
        NeuroSettings(children=4, temperature=0.0), Integers(FORM, 30.0, 0.5, 8.0, 0.0), rng
    )
    (first,) = algorithm.ask()
    algorithm.tell(np.array([3.0]))
    children = algorithm.ask()
    assert children is algorithm.ask()  # the same until they are told
    algorithm.tell(np.array([2.0, 2.9, 1.0, 0.0]))
    assert algorithm.parent is first
    children = algorithm.ask()
    algorithm.tell(np.array([2.0, 3.0, 1.0, 3.0]))  # of equals the first, and it need not be better
    assert algorithm.parent.to_json() == children[1].to_json()
    assert algorithm.best[0] is first
    assert algorithm.counters == {"replacements": 1}
    children = algorithm.ask()
    algorithm.tell(np.array([2.0, 3.0, 5.0, 4.0]))
    assert algorithm.parent.to_json() == children[2].to_json()
    assert algorithm.best[1] == algorithm.fitness == 5.0


def test_annealing_forgives_less_and_less() -> None:
    settings = NeuroSettings(children=1, temperature=0.5, evaluations=1601)
    algorithm = OnePlusLambda(
        settings, Integers(FORM, 30.0, 0.5, 8.0, 0.0), np.random.default_rng(1)
    )
    algorithm.tell(np.array([0.0]))
    replaced = []
    for _ in range(1600):
        before = algorithm.counters["replacements"]
        algorithm.ask()
        assert algorithm.fitness is not None
        algorithm.tell(np.array([algorithm.fitness - 0.05]))
        replaced.append(algorithm.counters["replacements"] - before)
    # A child that is worse by d is forgiven with the probability exp(-d / temperature).
    spent = (np.arange(1600) + 2) / 1601
    expected = np.exp(-0.05 / (0.5 * 0.01**spent))
    for quarter in range(4):
        some = slice(400 * quarter, 400 * (quarter + 1))
        assert abs(np.mean(replaced[some]) - expected[some].mean()) < 0.08
    assert algorithm.best[1] == 0.0


def test_children_differ_in_one_to_three_genes() -> None:
    rng = np.random.default_rng(2)
    settings = NeuroSettings(children=4000, zeroes=0.25, anywhere=0.25, step=3.0)
    algorithm = OnePlusLambda(settings, Integers(FORM, 30.0, 0.5, 8.0, 0.0), rng)
    algorithm.tell(np.array([0.0]))
    parent = algorithm.parent.row.astype(int)
    mutants = algorithm.ask()
    assert isinstance(mutants, Mutants)
    counts = np.diff(mutants.starts)
    assert counts.min() == 1
    assert counts.max() == 3
    assert abs((counts > 1).mean() - 0.3) < 0.1  # less what came twice
    for number in (0, 1, 77, -1):
        row = np.array(mutants[number].to_json())
        which = range(len(mutants))[number]
        some = slice(mutants.starts[which], mutants.starts[which + 1])
        changed = mutants.positions[some]
        assert len(set(changed.tolist())) == len(changed)
        assert (row[changed] == mutants.values[some]).all()
        assert (np.delete(row, changed) == np.delete(parent, changed)).all()
        assert mutants.nonzero[number] == np.count_nonzero(row)
    assert [each.to_json() for each in mutants[1:3]] == [mutants[1].to_json(), mutants[2].to_json()]
    firsts = mutants.starts[:-1]
    zero = parent[mutants.positions[firsts]] == 0
    share = (parent == 0).mean()
    assert abs(zero.mean() - 0.25 * share) < 0.03  # only changes anywhere touch zeroes
    gone = (mutants.values[firsts] == 0) & ~zero
    assert abs(gone.mean() - 0.25) < 0.04


def test_of_a_parent_without_weights_any_may_come() -> None:
    settings = NeuroSettings(children=200, density=0.0, zeroes=0.0)
    algorithm = OnePlusLambda(
        settings, Integers(FORM, 30.0, 0.0, 8.0, 0.0), np.random.default_rng(1)
    )
    algorithm.tell(np.array([0.0]))
    mutants = algorithm.ask()
    assert isinstance(mutants, Mutants)
    assert set(mutants.positions.tolist()) == set(range(10))
    assert mutants.nonzero.min() == 1


def test_a_genetic_algorithm_keeps_its_elite() -> None:
    settings = NeuroSettings(algorithm="ga", population=6, elite=2, tournament=2)
    algorithm = GeneticAlgorithm(
        settings, Integers(FORM, 30.0, 1.0, 8.0, 0.0), np.random.default_rng(1)
    )
    start = genes(algorithm)
    algorithm.tell(np.array([1.0, 9.0, 2.0, 8.0, 0.0, 3.0]))
    children = genes(algorithm)
    # Without mutation each number of a child is one of its parents'.
    assert (children[:, np.newaxis] == start).any(1).all()
    algorithm.tell(np.array([5.0, 4.0, 8.5, 7.0, 6.0, 3.0]))
    assert algorithm.fitness is not None
    assert sorted(algorithm.fitness.tolist()) == [5.0, 6.0, 7.0, 8.0, 8.5, 9.0]
    expected = [children[0], start[3], children[2], children[3], children[4], start[1]]
    order = algorithm.fitness.argsort()
    rows = np.array(algorithm.rows, np.float64)[order]
    assert (rows == np.array([expected[i] for i in (0, 4, 3, 1, 2, 5)])).all()


def test_parents_win_tournaments() -> None:
    settings = NeuroSettings(algorithm="ga", population=100, tournament=3)
    encoding = Integers(FORM, 30.0, 1.0, 8.0, 0.0)
    algorithm = GeneticAlgorithm(settings, encoding, np.random.default_rng(1))
    algorithm.rows = np.repeat(np.arange(100, dtype=np.int8)[:, np.newaxis], 10, 1)
    algorithm.tell(np.arange(100.0))
    parents = genes(algorithm)
    # Of three that are drawn the best one: the mean of the largest of three of 0 .. 99.
    assert abs(parents.mean() - 74.5) < 4
    assert (parents.min(1) < parents.max(1)).mean() > 0.9  # of two parents


def test_evolutionary_programming_varies_steps_and_counts_wins() -> None:
    settings = NeuroSettings(algorithm="ep", population=4, tournament=100, rate=1.0, step=2.0)
    algorithm = EvolutionaryProgramming(
        settings, Continuous(FORM, 30.0, 1.0, 2.0, 1.0), np.random.default_rng(1)
    )
    start = genes(algorithm)
    algorithm.tell(np.array([1.0, 2.0, 3.0, 4.0]))
    children = genes(algorithm)
    assert (np.abs(children - start) > 0).all()
    algorithm.tell(np.array([0.0, 5.0, 0.5, 2.5]))
    # With so many meetings wins are in the order of fitness.
    assert algorithm.fitness is not None
    assert algorithm.fitness.tolist() == [5.0, 4.0, 3.0, 2.5]
    assert (algorithm.rows == np.stack([children[1], start[3], start[2], children[3]])).all()
    assert algorithm.steps[1] == algorithm.steps[2] == 2.0  # those of parents
    assert algorithm.steps[0] != 2.0
    assert (algorithm.steps > 0).all()


def test_an_evolution_strategy_follows_the_pairs() -> None:
    settings = NeuroSettings(algorithm="es", population=6, step=2.0, learning_rate=0.5)
    algorithm = EvolutionStrategy(
        settings, Continuous(FORM, 30.0, 1.0, 2.0, 1.0), np.random.default_rng(1)
    )
    asked = genes(algorithm)
    centre = asked[0]
    assert len(asked) == 7
    assert np.allclose(asked[1:4] + asked[4:], 2 * centre)
    noise = (asked[1:4] - centre) / 2.0
    algorithm.tell(np.array([0.0, 10.0, 11.0, 5.0, 4.0, 3.0, 2.0]))
    # Ranks: 4, 5, 3 for the steps, 2, 1, 0 for those against them.
    gradient = ((4 - 2) * noise[0] + (5 - 1) * noise[1] + (3 - 0) * noise[2]) / 5 / 6
    expected = centre + 0.5 * gradient / (np.abs(gradient) + 1e-8)  # Adam's first step
    assert np.allclose(algorithm.rows[0], expected)
    assert algorithm.counters == {"steps": 1}


def test_particles_are_drawn_to_the_best_places() -> None:
    settings = NeuroSettings(algorithm="pso", population=3, step=1.0)
    rng = np.random.default_rng(1)
    algorithm = ParticleSwarm(settings, Continuous(FORM, 30.0, 1.0, 1.0, 1.0), rng)
    first, velocities = genes(algorithm), algorithm.velocities
    algorithm.tell(np.array([1.0, 3.0, 2.0]))
    draws = np.random.default_rng(0)
    draws.bit_generator.state = algorithm.rng.bit_generator.state
    mine, others = draws.random((3, 10)), draws.random((3, 10))
    second = genes(algorithm)
    towards = mine * 0 + others * (first[1] - first)
    assert np.allclose(second, np.clip(first + INERTIA * velocities + PULL * towards, -127, 127))
    algorithm.tell(np.array([0.5, 2.0, 9.0]))
    assert algorithm.fitness is not None
    assert algorithm.fitness.tolist() == [1.0, 3.0, 9.0]
    assert (algorithm.own == np.stack([first[0], first[1], second[2]])).all()


def test_encodings_come_to_genes() -> None:
    rng = np.random.default_rng(1)
    real = Continuous(FORM, 300.0, 1.0, 1.0, 1.0)
    row = np.array([0.5, 1.5, -2.5, 127.4, 128.0, -1e9, 0.2, -0.7, 3.0, 0.0])
    assert real.genes(row).tolist() == [0, 2, -2, 127, 127, -127, 0, -1, 3, 0]
    masked = Masked(FORM, 30.0, 0.5, 8.0, 0.1)
    rows = masked.start(50, rng)
    assert rows.shape == (50, 20)
    assert set(np.unique(rows[:, :10])) == {0, 1}
    assert (masked.genes(rows) == np.where(rows[:, :10] == 1, rows[:, 10:], 0)).all()
    changed = masked.mutate(rows, rng)
    flips = (changed != rows)[:, :10]
    assert set(np.unique(changed[:, :10])) == {0, 1}
    assert 0.05 < flips.mean() < 0.15
    assert masked.individual(rows[0].tolist()).network() == FORM.network(masked.genes(rows[0]))
    sizes = steps(4.0, (100_000,), rng)
    assert (sizes != 0).all()
    assert abs(np.abs(sizes).mean() - 4) < 0.1
    assert abs((sizes > 0).mean() - 0.5) < 0.01
    most = Integers(FORM, 127.0, 1.0, 100.0, 1.0)
    assert np.abs(most.mutate(most.start(100, rng), rng).astype(int)).max() == 127


def test_connections_of_a_group_share_a_weight() -> None:
    rng = np.random.default_rng(1)
    grouped = Grouped(FORM, 30.0, 0.5, 8.0, 0.1)
    rows = grouped.start(500, rng)
    members, weights = rows[:, :10], rows[:, 10:]
    assert weights.shape == (500, GROUPS)
    assert (weights == weights[0]).all()
    assert weights[0, [0, 7, 14]].tolist() == [-30, 0, 30]
    assert 0.45 < (members != NONE).mean() < 0.55
    assert set(np.unique(members)) == set(range(GROUPS))
    assert (grouped.genes(rows)[members == NONE] == 0).all()
    row = np.array([7, 3, 3, 1, 14, 7, 7, 7, 7, 2] + [5, 7, 9, -4] + [1] * 3 + [0] + [2] * 7)
    assert grouped.genes(row).tolist() == [0, -4, -4, 7, 2, 0, 0, 0, 0, 9]
    changed = grouped.mutate(rows, rng)
    assert 0.08 < (changed[:, :10] != members).mean() < 0.11  # a fifteenth stays in its group
    assert set(np.unique(changed[:, :10])) == set(range(GROUPS))
    assert 0.08 < np.delete(changed[:, 10:] != weights, NONE, 1).mean() < 0.12
    assert (changed[:, 10 + NONE] == 0).all()


def test_permutations_move_given_weights() -> None:
    rng = np.random.default_rng(1)
    permuted = Permutation(FORM, 30.0, 0.5, 8.0, 0.2)
    rows = permuted.start(500, rng)
    assert len(np.unique(rows[:, 0])) == 10
    given = [-30, -15, 0, 0, 0, 0, 0, 0, 15, 30]
    for found in (rows, permuted.mutate(rows, rng), permuted.cross(rows, rows[::-1], rng)):
        assert (np.sort(permuted.genes(found), 1) == given).all()
    moved = (permuted.mutate(rows, rng) != rows).mean()
    assert 0.13 < moved < 0.2  # some swaps meet the same gene


def test_children_of_permutations_have_whole_cycles() -> None:
    # Hand-worked: 9 8 2 1 7 4 5 3 6 and 1 2 3 4 5 6 7 8 9, as in D. Goldberg's book of 1989.
    one = np.array([[9, 8, 2, 1, 7, 4, 5, 10, 6, 3]]) - 1
    other = np.array([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]) - 1
    assert cycles(one, other).tolist() == [[0, 1, 1, 0, 4, 0, 4, 1, 0, 1]]
    permuted, rng = Permutation(FORM, 30.0, 0.5, 8.0, 0.2), np.random.default_rng(2)
    ones, others = (permuted.start(300, rng) for _ in range(2))
    children = permuted.cross(ones, others, rng)
    assert ((children == ones) | (children == others)).all()
    assert 0.4 < (children == ones).mean() < 0.65
    assert ((children != ones).any(1) & (children != others).any(1)).mean() > 0.35


def test_genes_are_weights_unit_by_unit_and_biases() -> None:
    form = Form((1, 1, 3), (2, 2), 9)
    network = form.network(np.arange(-7, 7, dtype=np.int8))
    first, second = network.layers
    assert first.weights.tolist() == [[-7, -6, -5], [-3, -2, -1]]  # type: ignore[union-attr]
    assert first.bias.tolist() == [-4 * 127, 0]  # type: ignore[union-attr]
    assert second.weights.tolist() == [[1, 2], [4, 5]]  # type: ignore[union-attr]
    assert second.bias.tolist() == [3 * 127, 6 * 127]  # type: ignore[union-attr]
    assert form.genes == 14 == network.parameters
    assert network.nonzero == 13


def test_what_is_told_must_fit() -> None:
    algorithm = algorithm_of(small(algorithm="ga"))
    with pytest.raises(ValueError, match="nothing has been evaluated yet"):
        algorithm.best  # noqa: B018
    with pytest.raises(ValueError, match="nothing has been evaluated yet"):
        algorithm.state()
    for wrong in (np.zeros(7), np.full(8, np.nan), np.full(8, np.inf)):
        with pytest.raises(ValueError, match="fitness is not 8 finite numbers"):
            algorithm.tell(wrong)
    algorithm.tell(np.zeros(8))
    algorithm.state()
    algorithm.ask()
    with pytest.raises(ValueError, match="have not been told yet"):
        algorithm.state()


def test_the_champion_is_the_best_for_validation() -> None:
    found = search(small(algorithm="one-plus-lambda"), None, 100)
    judge = part(30, 2)
    champion = found.champion
    assert champion is not None
    fitness = Fitness(
        small(algorithm="ga").fitness, judge.images, judge.labels, open_backend("model")
    )
    assert fitness.measure([champion.genome.network()]).right[0] == champion.right
    last = fitness.measure([found.algorithm.best[0].network()]).right[0]
    assert champion.right >= last
    assert champion.fitness <= found.algorithm.best[1]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"algorithm": "sgd"}, "algorithm is 'sgd'; it must be one of one-plus-lambda, ga, ep, es"),
        ({"layers": "64-16-x"}, "layers is '64-16-x'; it must be numbers from 1 to 4096"),
        ({"layers": "64"}, "layers is '64'; it must be numbers"),
        ({"layers": "63-10"}, "layers is '63-10'; it must be 64 inputs first"),
        ({"layers": "64-0-10"}, "layers is '64-0-10'; it must be numbers"),
        ({"layers": "64-9"}, "layers is '64-9'; it must be 10 classes last"),
        ({"algorithm": "ga", "population": 2, "elite": 2}, "elite is 2; it must be less than the"),
        ({"algorithm": "es", "population": 9}, "population is 9; it must be an even number"),
        ({"zeroes": 0.7}, "zeroes is 0.7; it must be 0.65 at most"),
        (
            {"algorithm": "mlp", "activation": "step"},
            "activation is 'step'; it must be one that has",
        ),
        ({"step": 0.5}, "step is 0.5; it must be a number from 1.0 to 127.0"),
    ],
)
def test_illegal_settings(options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as error:
        NeuroSettings(**options)
    assert str(error.value).startswith(says)
