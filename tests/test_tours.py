# SPDX-License-Identifier: Apache-2.0
"""Tours and knapsacks against slow programs, textbook examples and known optima."""

from dataclasses import replace
from itertools import combinations, pairwise, permutations
from math import hypot
from typing import Any

import numpy as np
import pytest

from evoarray.evolution.guided.algorithms import evolve_all
from evoarray.evolution.guided.knapsack import Knapsack, Knapsacks, random_knapsack
from evoarray.evolution.guided.problems import Reals
from evoarray.evolution.guided.settings import GuidedSettings
from evoarray.evolution.guided.tours import (
    Tours,
    ends,
    inverted,
    lengths,
    mapped,
    ordered,
    random_cities,
    swapped,
    two_opt,
)
from evoarray.evolution.guided.tsplib import read_tsplib
from evoarray.model.errors import InputError


def shortest(distances: Reals) -> float:
    """Return the length of the shortest tour (M. Held and R. Karp, 1962); 12 cities or so."""
    last = len(distances) - 1
    best = {(1 << i, i): float(distances[last, i]) for i in range(last)}
    for size in range(2, last + 1):
        for chosen in combinations(range(last), size):
            mask = sum(1 << i for i in chosen)
            for i in chosen:
                without = mask ^ 1 << i
                best[mask, i] = min(
                    best[without, j] + float(distances[j, i]) for j in chosen if j != i
                )
    return min(best[(1 << last) - 1, i] + float(distances[i, last]) for i in range(last))


def of_cities(*tours: list[int]) -> Any:
    """Return tours whose cities are counted from 1, as books do."""
    return [np.array([tour]) - 1 for tour in tours]


def place(*numbers: int) -> Any:
    return [np.array([number]) for number in numbers]


def test_ordered_crossover_of_a_textbook() -> None:
    """Z. Michalewicz, Genetic Algorithms + Data Structures = Evolution Programs, 10.1."""
    one, other = of_cities([1, 2, 3, 4, 5, 6, 7, 8, 9], [4, 5, 2, 1, 8, 7, 6, 9, 3])
    assert ordered(one, other, *place(3, 7))[0].tolist() == [1, 0, 7, 3, 4, 5, 6, 8, 2]
    assert ordered(other, one, *place(3, 7))[0].tolist() == [2, 3, 4, 0, 7, 6, 5, 8, 1]


def test_mapped_crossover_of_a_textbook() -> None:
    """The same pages, with the same parents."""
    one, other = of_cities([1, 2, 3, 4, 5, 6, 7, 8, 9], [4, 5, 2, 1, 8, 7, 6, 9, 3])
    assert (mapped(other, one, *place(3, 7))[0] + 1).tolist() == [4, 2, 3, 1, 8, 7, 6, 5, 9]
    assert (mapped(one, other, *place(3, 7))[0] + 1).tolist() == [1, 8, 2, 4, 5, 6, 7, 9, 3]


def slowly(cross: Any, one: list[int], other: list[int], first: int, last: int) -> list[int]:
    """Return a child, city by city."""
    cities = len(one)
    part = [i % cities for i in range(first, last)]
    inside = {one[i] for i in part}
    child = [-1] * cities
    for i in part:
        child[i] = one[i]
    if cross is ordered:
        rest = [other[(last + i) % cities] for i in range(cities)]
        rest = [city for city in rest if city not in inside]
        for i, city in enumerate(rest):
            child[(last + i) % cities] = city
        return child
    for i in set(range(cities)) - set(part):
        city = other[i]
        while city in inside:
            city = other[one.index(city)]
        child[i] = city
    return child


@pytest.mark.parametrize("cross", [ordered, mapped])
def test_crossovers_city_by_city(cross: Any) -> None:
    random = np.random.default_rng(1)
    one, other = (random.random((20, 15, 8)).argsort(-1) for _ in range(2))
    first, last = ends(random.random((20, 15, 2)), 8)
    assert (last > 8).any()
    children = cross(one, other, first, last)
    for index in np.ndindex(20, 15):
        parents = one[index].tolist(), other[index].tolist()
        expected = slowly(cross, *parents, int(first[index]), int(last[index]))
        assert children[index].tolist() == expected
        assert sorted(expected) == list(range(8))


def test_mutations_city_by_city() -> None:
    random = np.random.default_rng(1)
    tours = random.random((30, 2, 7)).argsort(-1)
    first, last = ends(random.random((30, 2, 2)), 7)
    turned, exchanged = inverted(tours, first, last), swapped(tours, first, last % 7)
    for index in np.ndindex(30, 2):
        tour = tours[index].tolist()
        part = [i % 7 for i in range(first[index], last[index])]
        expected = tour.copy()
        for i, j in zip(part, reversed(part), strict=True):
            expected[i] = tour[j]
        assert turned[index].tolist() == expected
        a, b = int(first[index]), int(last[index]) % 7
        assert a != b
        tour[a], tour[b] = tour[b], tour[a]
        assert exchanged[index].tolist() == tour


def test_lengths_of_tours() -> None:
    distances = np.array([[hypot(a - c, b - d) for c, d in SQUARE] for a, b in SQUARE])
    assert lengths(np.array([[0, 1, 2, 3], [0, 2, 1, 3]]), distances) == pytest.approx(
        [4, 2 + 2 * 2**0.5]
    )
    assert shortest(distances) == pytest.approx(4)


SQUARE = ((0, 0), (0, 1), (1, 1), (1, 0))


def test_two_opt_never_lengthens_and_leaves_nothing_to_exchange() -> None:
    distances = random_cities(12, 1)
    tours = np.random.default_rng(1).random((10, 3, 12)).argsort(-1)
    found = two_opt(tours, distances)
    assert (lengths(found, distances) <= lengths(tours, distances)).all()
    assert (lengths(found, distances) < lengths(tours, distances)).any()
    for tour, length in zip(
        found.reshape(-1, 12).tolist(), lengths(found, distances).ravel(), strict=True
    ):
        assert sorted(tour) == list(range(12))
        for i, j in combinations(range(13), 2):
            other = tour[:i] + tour[i:j][::-1] + tour[j:]
            assert lengths(np.array(other), distances) >= length - 1e-6
    assert two_opt(np.array([2, 0, 1]), distances).tolist() == [2, 0, 1]
    square = np.array([[hypot(a - c, b - d) for c, d in SQUARE] for a, b in SQUARE])
    assert lengths(two_opt(np.array([0, 2, 1, 3]), square), square) == pytest.approx(4)


@pytest.mark.parametrize("mutation", ["inversion", "swap"])
@pytest.mark.parametrize("crossover", ["ox", "pmx"])
def test_short_tours_are_found(crossover: str, mutation: str) -> None:
    best = shortest(random_cities(9, 3))
    settings = GuidedSettings(
        problem="tsp",
        cities=9,
        instance=3,
        optimum=best,
        crossover=crossover,
        mutation=mutation,
        mutation_rate=0.5,
        population=30,
        generations=60,
        algorithm="scale-free",
    )
    found = evolve_all(settings, "", [1, 2, 3])
    assert (found.errors[-1] >= 0).all()
    assert found.errors[-1].min() == 0
    assert found.errors[-1].max() < 0.1 < found.errors[0].min()


def test_an_unknown_optimum_leaves_lengths() -> None:
    settings = GuidedSettings(problem="tsp", cities=9, instance=3, generations=1)
    distances = random_cities(9, 3)
    found = evolve_all(settings, "", [1])
    assert found.errors[-1, 0] == lengths(found.genes, distances)[0]
    improved = Tours(GuidedSettings(problem="tsp", cities=9, local_search="2-opt"), distances)
    assert improved.start(np.random.default_rng(1).random((1, 5, 9))).shape == (1, 5, 9)


# --- TSPLIB

BURMA14 = """NAME: burma14
TYPE: TSP
COMMENT: 14-Staedte in Burma (Zaw Win)
DIMENSION: 14
EDGE_WEIGHT_TYPE: GEO
EDGE_WEIGHT_FORMAT: FUNCTION
DISPLAY_DATA_TYPE: COORD_DISPLAY
NODE_COORD_SECTION
   1  16.47       96.10
   2  16.47       94.44
   3  20.09       92.54
   4  22.39       93.37
   5  25.23       97.24
   6  22.00       96.05
   7  20.47       97.02
   8  17.20       96.29
   9  16.30       97.38
  10  14.05       98.12
  11  16.53       97.38
  12  21.52       95.59
  13  19.41       97.13
  14  20.09       94.55
EOF
"""


def test_the_optimum_of_a_tsplib_file_is_that_of_tsplib() -> None:
    distances = read_tsplib(BURMA14, "burma14.tsp")
    assert shortest(distances) == 3323


def tsp(kind: str, rest: str, dimension: int = 3) -> str:
    return f"TYPE : TSP\nDIMENSION : {dimension}\nEDGE_WEIGHT_TYPE : {kind}\n{rest}\nEOF\n"


PLACES = "NODE_COORD_SECTION\n1 0 0\n3 10 10\n2 1.2 3.0"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("EUC_2D", (3, 14, 11)),  # 3.23, 14.14 and 11.24 rounded
        ("CEIL_2D", (4, 15, 12)),
        ("ATT", (2, 5, 4)),  # the same by the root of 10: 1.02, 4.47 and 3.55, rounded up
    ],
)
def test_places_in_a_plane(kind: str, expected: tuple[int, int, int]) -> None:
    distances = read_tsplib(tsp(kind, PLACES), "x.tsp")
    assert (distances[0, 1], distances[0, 2], distances[1, 2]) == expected
    assert (distances == distances.T).all()


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("FULL_MATRIX", "0 1 2\n1 0 3\n2 3 0"),
        ("UPPER_ROW", "1 2 3"),
        ("UPPER_DIAG_ROW", "0 1 2 0 3 0"),
        ("LOWER_ROW", "1 2 3"),
        ("LOWER_DIAG_ROW", "0 1 0 2 3 0"),
    ],
)
def test_distances_that_are_given(name: str, numbers: str) -> None:
    text = tsp("EXPLICIT", f"EDGE_WEIGHT_FORMAT: {name}\nEDGE_WEIGHT_SECTION\n{numbers}")
    assert read_tsplib(text, "x.tsp").tolist() == [[0, 1, 2], [1, 0, 3], [2, 3, 0]]


UNEVEN = "EDGE_WEIGHT_FORMAT: FULL_MATRIX\nEDGE_WEIGHT_SECTION\n0 1 2 3 0 3 2 3 0"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hello", "x.tsp: 'hello' is no line of a TSPLIB file"),
        ("TYPE: ATSP", "TYPE is 'ATSP'; it must be TSP"),
        ("DIMENSION: 2", "DIMENSION is '2'; it must be a whole number from 3"),
        ("DIMENSION: x", "DIMENSION is 'x'"),
        (tsp("XRAY1", PLACES), "EDGE_WEIGHT_TYPE is 'XRAY1'; it must be one of EUC_2D"),
        (tsp("EUC_2D", ""), "NODE_COORD_SECTION has 0 numbers; it must have 9"),
        (tsp("EUC_2D", f"{PLACES} 4"), "NODE_COORD_SECTION has 10 numbers"),
        (tsp("EUC_2D", PLACES.replace("10", "x")), "could not convert string"),
        (tsp("EUC_2D", PLACES.replace("10", "inf")), "it must have 9 finite ones"),
        (tsp("EUC_2D", PLACES.replace("\n3", "\n1")), "does not number its cities from 1 to 3"),
        (tsp("EXPLICIT", ""), "EDGE_WEIGHT_FORMAT is ''; it must be one of FULL_MATRIX"),
        (tsp("EXPLICIT", UNEVEN), "not the same in both directions"),
        *[
            (tsp("EUC_2D", f"{PLACES}\n{word}_SECTION\n1 2\n-1"), f"{word}_SECTION would change")
            for word in ("FIXED_EDGES", "EDGE_DATA", "DEPOT", "DEMAND", "TOUR", "TIME_WINDOW")
        ],
        *[
            (tsp("EUC_2D", f"{word}: 3\n{PLACES}"), f"{word} would change the problem, or is unkn")
            for word in ("CAPACITY", "EDGE_DATA_FORMAT", "SALESMEN", "DISTANCE")
        ],
        (tsp("EUC_2D", f"NODE_COORD_TYPE: THREED_COORDS\n{PLACES}"), "it must be TWOD_COORDS"),
        (tsp("EUC_2D", f"{PLACES}\nEDGE_WEIGHT_SECTION\n1 2 3"), "needs EDGE_WEIGHT_TYPE: EXPL"),
        (tsp("EUC_2D", f"{PLACES}\n{PLACES}"), "NODE_COORD_SECTION is given twice"),
        (tsp("EUC_2D", f"{PLACES}\nDIMENSION: 3"), "DIMENSION is given twice"),
    ],
)
def test_files_that_are_refused(text: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        read_tsplib(text, "x.tsp")
    assert says in str(refused.value)


def test_what_is_for_people_changes_no_distance() -> None:
    people = "COMMENT: a\nCOMMENT: b\nNODE_COORD_TYPE: TWOD_COORDS\nDISPLAY_DATA_TYPE: TWOD_DISPLAY"
    display = "DISPLAY_DATA_SECTION\n1 9 9\n2 9 9\n3 9 9"
    text = tsp("EUC_2D", f"{people}\n{PLACES}\n{display}")
    assert np.array_equal(read_tsplib(text, "x"), read_tsplib(tsp("EUC_2D", PLACES), "x"))


def test_a_shorter_tour_refutes_the_optimum() -> None:
    settings = GuidedSettings(problem="tsp", cities=8, generations=1, population=5, optimum=5e5)
    says = r"optimum is 500000\.0, and there is a tour of length [0-9.]+, which is shorter; give"
    with pytest.raises(InputError, match=says):
        evolve_all(settings, "", [1])
    best = shortest(random_cities(8, 1))
    for optimum in (best, best * (1 + 1e-12)):  # which differ by a rounding alone
        operators = Tours(replace(settings, optimum=optimum), random_cities(8, 1))
        assert operators.errors(np.array([min_tour(8)])).min() >= 0


def min_tour(cities: int) -> tuple[int, ...]:
    distances = random_cities(cities, 1)
    tours = [(0, *rest) for rest in permutations(range(1, cities))]
    return min(tours, key=lambda tour: sum(distances[a, b] for a, b in pairwise((*tour, 0))))


# --- knapsacks


def test_the_optimum_of_a_knapsack_by_all_subsets() -> None:
    problem = random_knapsack(12, 5)
    best = 0
    for bits in range(2**12):
        chosen = [i for i in range(12) if bits >> i & 1]
        if problem.weights[chosen].sum() <= problem.capacity:
            best = max(best, int(problem.profits[chosen].sum()))
    assert problem.optimum == best
    assert Knapsack(np.array([5, 4, 3]), np.array([10, 40, 30]), 7).optimum == 70


def test_repair_never_exceeds_the_capacity_and_packs_greedily() -> None:
    problem = random_knapsack(20, 2)
    chosen = (np.random.default_rng(1).random((40, 3, 20)) < 0.8).astype(np.int8)
    packed = problem.repair(chosen)
    assert ((packed * problem.weights).sum(-1) <= problem.capacity).all()
    assert (packed <= chosen).all()
    order = sorted(range(20), key=lambda i: -problem.profits[i] / problem.weights[i])
    for before, after in zip(chosen.reshape(-1, 20), packed.reshape(-1, 20), strict=True):
        load, expected = 0, []
        for i in order:
            if before[i] and load + problem.weights[i] <= problem.capacity:
                load += int(problem.weights[i])
                expected.append(i)
        assert np.flatnonzero(after).tolist() == sorted(expected)
        if (before * problem.weights).sum() <= problem.capacity:
            assert (before == after).all()


def test_children_of_knapsacks_bit_by_bit() -> None:
    problem = Knapsack(np.ones(10, np.int64), np.arange(1, 11), 10)  # which carries all
    settings = GuidedSettings(problem="knapsack", items=10, mutation_rate=0.3)
    operators = Knapsacks(settings, problem)
    random = np.random.default_rng(1)
    target, mate = (random.integers(0, 2, s, np.int8) for s in ((4, 5, 10), (4, 5, 1, 10)))
    draws = random.random((4, 5, 20))
    children = operators.breed(target, mate, draws)
    for run, number, i in np.ndindex(4, 5, 10):
        bit = target[run, number, i] if draws[run, number, i] < 0.5 else mate[run, number, 0, i]
        flipped = draws[run, number, 10 + i] < 0.3
        assert children[run, number, i] == bit ^ flipped
    assert operators.errors(np.ones(10, np.int8)) == 0
    assert operators.errors(np.eye(1, 10, 9, dtype=np.int8))[0] == pytest.approx(1 - 10 / 55)


def test_good_knapsacks_are_found() -> None:
    settings = GuidedSettings(
        problem="knapsack", items=30, mutation_rate=0.03, algorithm="small-world", generations=60
    )
    found = evolve_all(settings, "", [1, 2])
    assert (found.errors[-1] >= 0).all()
    assert found.errors[-1].max() < 0.02 < found.errors[0].min()


def test_what_shortest_finds_is_the_best_of_all_orders() -> None:
    distances = random_cities(7, 1)
    tours = [(0, *rest) for rest in permutations(range(1, 7))]
    by_hand = min(sum(distances[a, b] for a, b in pairwise((*t, 0))) for t in tours)
    assert shortest(distances) == pytest.approx(by_hand)
