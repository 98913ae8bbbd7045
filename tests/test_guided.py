# SPDX-License-Identifier: Apache-2.0
"""Guided evolution against slow scalar programs, and what must hold in every run."""

from dataclasses import dataclass, replace
from math import cos, e, exp, pi, sqrt
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from evoarray.evolution.guided.algorithms import evolve_all, operators_of
from evoarray.evolution.guided.baseline import scipy_evolve
from evoarray.evolution.guided.differential import Vectors
from evoarray.evolution.guided.loop import GRAPH, REWIRING, Networks, evolve
from evoarray.evolution.guided.problems import FUNCTIONS, Reals
from evoarray.evolution.guided.settings import ALGORITHMS, SCIPY, GuidedSettings
from evoarray.evolution.rng import Random
from evoarray.model.errors import InputError

SMALL = GuidedSettings(population=12, generations=6)
NETWORKS = [name for name in ALGORITHMS if name != "traditional"]


# --- problems


def scalar(problem: str, x: float, y: float) -> float:
    """Return a function's value as its source writes it."""
    if problem == "ackley":
        waves = exp((cos(2 * pi * x) + cos(2 * pi * y)) / 2)
        return -20 * exp(-0.2 * sqrt((x**2 + y**2) / 2)) - waves + 20 + e
    if problem == "beale":
        return sum((c - x * (1 - y**i)) ** 2 for i, c in enumerate((1.5, 2.25, 2.625), 1))
    if problem == "camel":
        return 4 * x**2 - 2.1 * x**4 + x**6 / 3 + x * y - 4 * y**2 + 4 * y**4
    return x**2 + y**2


@pytest.mark.parametrize("problem", FUNCTIONS)
def test_functions_and_their_minima(problem: str) -> None:
    function = FUNCTIONS[problem]
    points = np.random.default_rng(1).uniform(-function.radius, function.radius, (50, 2))
    expected = [scalar(problem, *point) for point in points.tolist()]
    assert function.formula(points) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert function.errors(points) == pytest.approx(np.array(expected) - function.minimum)
    for minimum in function.minima:
        assert scalar(problem, *minimum) == pytest.approx(function.minimum, abs=1e-14)
        found = minimize(lambda x: scalar(problem, *x), np.array(minimum) + 0.01)
        assert found.x == pytest.approx(minimum, abs=1e-4)
        assert found.fun >= function.minimum - 1e-12
    wide = np.linspace(-function.radius, function.radius, 101)
    grid = np.stack(np.meshgrid(wide, wide), -1)
    assert function.errors(grid).min() >= 0


# --- differential evolution


@pytest.mark.parametrize("crosses", ["mate", "target"])
@pytest.mark.parametrize("beyond", ["clip", "keep"])
def test_children_as_storn_writes_them(crosses: str, beyond: str) -> None:
    settings = replace(
        SMALL, dimensions=5, crosses=crosses, beyond=beyond, factor=1.5, crossover_rate=0.4
    )
    vectors = Vectors(settings, FUNCTIONS["sphere"])
    random = np.random.default_rng(1)
    target, mates = (random.uniform(-5.12, 5.12, s) for s in ((3, 4, 5), (3, 4, 3, 5)))
    draws = random.random((3, 4, vectors.draws))
    children = vectors.breed(target, mates, draws)
    outside = 0
    for run, place in np.ndindex(3, 4):
        a, b, c = mates[run, place]
        always = int(draws[run, place, 5] * 5)
        for i in range(5):
            expected = (a if crosses == "mate" else target[run, place])[i]
            if draws[run, place, i] <= 0.4 or i == always:
                expected = a[i] + 1.5 * (b[i] - c[i])
                outside += abs(expected) > 5.12
            if beyond == "clip":
                expected = min(5.12, max(-5.12, expected))
            assert children[run, place, i] == expected
    assert outside


def test_how_a_population_starts() -> None:
    draws = np.random.default_rng(1).random((1, 10_000, 2))
    for start, deviation in (("uniform", 64 / 12**0.5), ("normal", 32 / 3)):
        points = Vectors(replace(SMALL, start=start), FUNCTIONS["ackley"]).start(draws)
        assert points.std() == pytest.approx(deviation, rel=0.03)
        assert abs(points.mean()) < 0.5
        assert np.abs(points).max() <= 32
    half = Vectors(replace(SMALL, radius=2.0), FUNCTIONS["ackley"]).start(draws)
    assert 1.99 < np.abs(half).max() <= 2


# --- who mates with whom


@pytest.mark.parametrize("mates", ["one", "all"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_mates_are_neighbours_and_differ(algorithm: str, mates: str) -> None:
    settings = replace(SMALL, algorithm=algorithm, mates=mates, population=20, attached=3)
    random = np.random.default_rng(1)
    networks = Networks(settings, [1, 2])
    everyone = np.arange(20)
    for _ in range(20):
        found = networks.mates(everyone, random.random((2, 20)), random.random((2, 20, 3)))
        for run, individual in np.ndindex(2, 20):
            three = found[run, individual].tolist()
            assert len({individual, *three}) == 4
            neighbours = networks.adjacent[run, individual]
            guided_ones = three if mates == "all" else three[:1]
            wanted = min(len(guided_ones), int(neighbours.sum()))
            assert neighbours[guided_ones].sum() == wanted
        networks.rewire()


@pytest.mark.parametrize(
    ("preference", "weights"),
    [
        ("roulette", {1: 0.0, 4: 3.0, 6: 2.0}),
        ("inverse", {1: 1 / 4, 4: 1 / 1, 6: 1 / 2}),
        ("rank", {1: 1.0, 4: 3.0, 6: 2.0}),
    ],
)
def test_good_neighbours_are_preferred(preference: str, weights: dict[int, float]) -> None:
    settings = replace(SMALL, algorithm="scale-free-best", preference=preference)
    networks = Networks(settings, [1])
    networks.adjacent[:] = False
    networks.adjacent[0, 3, [1, 4, 6]] = True
    errors = np.full((1, 12), 0.5)
    errors[0, [1, 4, 6]] = 4, 1, 2
    draws = np.random.default_rng(1).random((1, 4000, 3))
    mates = networks.mates(np.full(4000, 3), errors, draws)
    counts = np.bincount(mates[0, :, 0], minlength=12)
    expected = np.zeros(12)
    for neighbour, weight in weights.items():
        expected[neighbour] = weight / sum(weights.values())
    assert counts / 4000 == pytest.approx(expected, abs=0.03)


def test_equal_neighbours_are_preferred_equally() -> None:
    networks = Networks(replace(SMALL, algorithm="small-world-best"), [1])
    mates = {
        int(networks.mates(np.array([0]), np.ones((1, 12)), np.array([[[u, 0.5, 0.5]]]))[0, 0, 0])
        for u in np.linspace(0, 0.999, 50)
    }
    assert mates == set(np.flatnonzero(networks.adjacent[0, 0]).tolist())


@pytest.mark.parametrize("algorithm", NETWORKS)
def test_rewiring_keeps_degrees(algorithm: str) -> None:
    settings = replace(SMALL, algorithm=algorithm, population=30, swaps=2)
    networks = Networks(settings, [5, 6, 7])
    before = networks.adjacent.copy()
    for _ in range(25):
        networks.rewire()
    assert networks.swapped.tolist() == [50, 50, 50]
    assert (networks.adjacent.sum(2) == before.sum(2)).all()
    assert (networks.adjacent == networks.adjacent.transpose(0, 2, 1)).all()
    assert not networks.adjacent.diagonal(axis1=1, axis2=2).any()
    assert (networks.adjacent != before).any(axis=(1, 2)).all()
    for run, (edges, _) in enumerate(networks._edges):
        assert {(min(p), max(p)) for p in np.argwhere(networks.adjacent[run]).tolist()} == set(
            edges
        )


# --- the loop


def slow(settings: GuidedSettings, seed: int) -> list[float]:
    """Return the curve of one run, individual by individual; mates as Networks chooses them."""
    operators = operators_of(settings, "")
    random = np.random.default_rng(seed)
    networks = Networks(settings, [seed])
    genes = operators.start(random.random((1, settings.population, operators.start_draws)))[0]
    errors = operators.errors(genes).tolist()
    curve = [min(errors)]
    for _ in range(settings.generations):
        draws = random.random((settings.population, operators.mates + operators.draws))
        parents, known = genes.copy(), list(errors)
        for i in range(settings.population):
            if settings.update == "in-place":
                parents, known = genes, errors
            chosen = draws[None, i : i + 1, : operators.mates]
            mates = networks.mates(np.array([i]), np.array([known]), chosen)[0, 0]
            child = operators.breed(
                parents[None, [i]], parents[None, None, mates], draws[None, [i], operators.mates :]
            )
            error = float(operators.errors(child)[0, 0])
            place = i if settings.replaces == "target" else int(mates[0])
            if error < errors[place] or (settings.accept == "equal" and error == errors[place]):
                genes[place], errors[place] = child[0, 0], error
        curve.append(min(errors))
        networks.rewire()
    return curve


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("update", ["in-place", "generation"])
@pytest.mark.parametrize("replaces", ["mate", "target"])
@pytest.mark.parametrize("problem", ["camel", "knapsack"])
def test_the_loop_individual_by_individual(
    algorithm: str, update: str, replaces: str, problem: str
) -> None:
    settings = replace(
        SMALL,
        problem=problem,
        algorithm=algorithm,
        update=update,
        replaces=replaces,
        accept="equal" if problem == "knapsack" else "better",
    )
    found = evolve_all(settings, "", [3, 4])
    for number, seed in enumerate((3, 4)):
        assert found.errors[:, number].tolist() == slow(settings, seed)


@pytest.mark.parametrize("algorithm", [*ALGORITHMS, SCIPY])
def test_who_shares_a_block_does_not_matter(algorithm: str) -> None:
    settings = replace(SMALL, algorithm=algorithm, dimensions=10)
    seeds = [8, 3, 11, 5, 2]
    together = evolve_all(settings, "", seeds)
    for number, seed in enumerate(seeds):
        alone = evolve_all(settings, "", [seed])
        assert together.errors[:, number].tolist() == alone.errors[:, 0].tolist()
        assert together.genes[number].tolist() == alone.genes[0].tolist()
        for name, counts in together.counters.items():
            assert counts[number] == alone.counters[name][0]


@pytest.mark.parametrize("algorithm", [*ALGORITHMS, SCIPY])
def test_a_run_ends_in_what_its_best_individual_is(algorithm: str) -> None:
    settings = replace(SMALL, algorithm=algorithm, problem="beale", generations=30)
    found = evolve_all(settings, "", [1, 2, 3])
    assert found.evaluations.tolist() == [12 * (1 + i) for i in range(31)]
    assert found.evaluations[-1] == settings.evaluations
    assert found.errors.shape == (31, 3)
    assert (np.diff(found.errors, axis=0) <= 0).all()
    assert (found.errors[-1] < found.errors[0]).all()
    assert FUNCTIONS["beale"].errors(found.genes).tolist() == found.errors[-1].tolist()


def test_scipy_has_as_many_evaluations() -> None:
    points = []
    sphere = FUNCTIONS["sphere"]

    def count(x: Reals) -> Reals:
        points.append(len(x))
        return sphere.formula(x)

    settings = GuidedSettings(problem="sphere", algorithm=SCIPY, population=10, generations=7)
    found = scipy_evolve(settings, replace(sphere, formula=count), [1])
    assert sum(points) - 10 == settings.evaluations  # the start is looked at twice, for the curve
    assert (found.errors[-1] < found.errors[0]).all()


@dataclass(frozen=True)
class Watched:
    """Operators that note what they are given."""

    inner: Any
    seen: list[Any]
    mates = 3

    @property
    def start_draws(self) -> int:
        return int(self.inner.start_draws)

    @property
    def draws(self) -> int:
        return int(self.inner.draws)

    def start(self, draws: Reals) -> Reals:
        return np.asarray(self.inner.start(draws))

    def breed(self, target: Reals, mates: Reals, draws: Reals) -> Reals:
        self.seen.append((target.copy(), mates.copy()))
        return np.asarray(self.inner.breed(target, mates, draws))

    def errors(self, genes: Reals) -> Reals:
        return np.asarray(self.inner.errors(genes))


def test_children_are_there_at_once_or_in_the_next_generation() -> None:
    for update, fresh in (("in-place", True), ("generation", False)):
        settings = replace(SMALL, update=update, generations=1)
        watched = Watched(operators_of(settings, ""), [])
        evolve(settings, watched, [1])
        start = watched.start(np.random.default_rng(1).random((1, 12, 2)))[0].tolist()
        parents = [row for _, mates in watched.seen for row in mates.reshape(-1, 2).tolist()]
        assert len(parents) == 36
        assert any(row not in start for row in parents) == fresh


def test_streams_of_a_run_differ() -> None:
    networks = Networks(replace(SMALL, algorithm="scale-free", population=40), [1, 2])
    assert (networks.adjacent[0] != networks.adjacent[1]).any()
    assert GRAPH != REWIRING
    assert Random.stream(1, REWIRING).below(1000) != Random.stream(2, REWIRING).below(1000)


# --- settings


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"problem": "griewank"}, "problem is 'griewank'; it must be one of ackley, beale, camel"),
        ({"algorithm": "ring"}, "algorithm is 'ring'; it must be one of traditional"),
        ({"population": 4}, "population is 4; it must be a whole number from 5 to 2000"),
        ({"generations": 0}, "generations is 0"),
        ({"factor": float("nan")}, "factor is nan; it must be a number from 0.0 to 2.0"),
        ({"factor": 3.0}, "factor is 3.0"),
        ({"crossover_rate": "0.1"}, "crossover-rate is '0.1'; it must be a number from 0.0 to 1.0"),
        ({"neighbours": 3}, "neighbours is 3; it must be an even number"),
        ({"problem": "beale", "dimensions": 3}, "dimensions is 3; it must be 2 with problem beale"),
        ({"problem": "tsp", "algorithm": "scipy"}, "algorithm is 'scipy'; it must be one of trad"),
        ({"file": 3}, "file is 3; it must be the name of a TSPLIB file"),
    ],
)
def test_settings_that_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        GuidedSettings(**options)
