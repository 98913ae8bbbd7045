# SPDX-License-Identifier: Apache-2.0
"""Evolution that saves LUTs: what they are, which child is taken for them, and the Pareto front."""

from collections.abc import Sequence
from contextlib import closing
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from evoarray.evolution.filter.backends import open_backend
from evoarray.evolution.filter.loop import evolve, found
from evoarray.evolution.filter.mechanisms import explore_front, war
from evoarray.evolution.filter.settings import BLOCK, Settings
from evoarray.evolution.filter.tribe import Solution, Tribe, highest_saes, rule_at, score, tell
from evoarray.evolution.filter.world import World, front
from evoarray.evolution.rng import Random
from evoarray.evolution.simplify.cost import luts, luts_by_code, luts_by_operation
from evoarray.model.errors import InputError
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import Circuit, Shape, circuit_of
from evoarray.model.filter.fitness import sae
from evoarray.model.filter.functions import FUNCTION_SETS, OPERATIONS
from tests.landscape import Landscape
from tests.test_engine import image_pair

SHAPE = Shape(5, 4, "upm16")
PAIR = image_pair(np.random.default_rng(30), 20, 24)
CODES = {function.name: code for code, function in enumerate(FUNCTION_SETS["upm16"].functions)}
SUM, MAXIMUM, LESS = (luts_by_operation()[op] for op in ("sum", "maximum", "saturated_difference"))


def circuit(
    functions: Sequence[Sequence[str]],
    north: Sequence[int] = (0, 1),
    west: Sequence[int] = (2, 3),
    output: int = 1,
) -> Circuit:
    codes = np.array([[CODES[name] for name in row] for row in functions], np.uint8)
    return Circuit("upm16", codes, np.array(north, np.uint8), np.array(west, np.uint8), output)


def run(**options: Any) -> World:
    """Return the world at the end of an evolution on the engine."""
    settings = Settings(SHAPE, start="random", **options)
    with closing(open_backend("fast", SHAPE, [PAIR])) as backend:
        world = found(settings, backend)
        for _ in evolve(settings, backend, world):
            pass
    return world


# --- what a circuit costs


def test_every_operation_has_a_price() -> None:
    assert luts_by_operation().keys() == OPERATIONS.keys()
    free = {name for name, price in luts_by_operation().items() if not price}
    assert free == {"half", "quarter", "nibbles"}, "only wires are free"


@pytest.mark.parametrize("function_set", FUNCTION_SETS)
def test_an_element_that_passes_on_is_free(function_set: str) -> None:
    functions = FUNCTION_SETS[function_set].functions
    prices = dict(zip([f.name for f in functions], luts_by_code(function_set), strict=True))
    assert {prices[name] for name in ("N", "W", "255") if name in prices} == {0}
    assert prices["avg"] == luts_by_operation()["average"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (circuit([["N+W", "N+W"], ["N+W", "max"]]), 3 * SUM + MAXIMUM),
        # The element above the output is not read.
        (circuit([["N+W", "N+W"], ["N+W", "W"]]), 2 * SUM),
        (circuit([["N+W", "N+W"], ["N+W", "N"]]), 2 * SUM),
        (circuit([["N", "max"], ["N+W", "W"]], output=0), MAXIMUM),
        (circuit([["W", "W"], ["W", "W"]]), 0),
        # The constant 255 less a pixel is an operation; a pixel less 255 is the constant 0.
        (circuit([["N", "255"], ["N", "N-W sat"]]), LESS),
        (circuit([["N", "255"], ["N", "W-N sat"]]), 0),
        # What is the same of the same element folds; what two elements compute alike does not.
        (circuit([["N+W", "W"], ["N", "max"]]), SUM),
        (circuit([["N", "max"], ["N", "max"]], (0, 0), (0, 0)), 0),
        (circuit([["N+W", "N+W"], ["N+W", "max"]], (0, 0), (0, 0)), 3 * SUM + MAXIMUM),
    ],
)
def test_the_luts_of_a_circuit_by_hand(given: Circuit, expected: int) -> None:
    assert luts(given) == expected


# --- which child is taken


@pytest.mark.parametrize(
    ("child", "weight", "taken"),
    [
        ((100, 40), 0, {"equal"}),
        ((100, 39), 0, {"equal", "better"}),
        ((100, 41), 0, set()),
        ((99, 4000), 0, {"equal", "better"}),
        ((101, 0), 0, set()),
        ((103, 39), 3, {"equal", "better"}),  # as much in all, with fewer LUTs
        ((97, 41), 3, set()),
        ((96, 41), 3, {"equal", "better"}),
        ((104, 39), 3, set()),
        ((100, 40), 3, {"equal"}),
        ((220, 0), 3, {"equal", "better"}),
        ((221, 0), 3, set()),
        ((0, 74), 3, set()),  # nothing would be good enough for so many
    ],
)
@pytest.mark.parametrize("accept", ["equal", "better"])
def test_which_child_replaces_a_parent_of_sae_100_and_40_luts(
    child: tuple[int, int], weight: int, accept: str, taken: set[str]
) -> None:
    tribe = Tribe(np.zeros(3, np.uint8), 100, Random(0, 1), luts=40, weight=weight)
    rule = rule_at(Settings(SHAPE, accept=accept, parsimony="tie"))
    worst = rule.worst_accepted(tribe)
    will_do = accept in taken
    assert (child[0] <= highest_saes(tribe, [child[1]], worst)[0]) == will_do
    assert tell(tribe, np.ones((1, 3), np.uint8), [child[0]], [child[1]], worst) == will_do
    assert (tribe.sae, tribe.luts) == (child if will_do else (100, 40))


def test_of_a_brood_the_cheapest_of_the_best() -> None:
    tribe = Tribe(np.zeros(3, np.uint8), 100, Random(0, 1), luts=40)
    brood = np.arange(15, dtype=np.uint8).reshape(5, 3)
    assert tell(tribe, brood, [90, 80, 80, 80, 95], [1, 9, 7, 7, 0], tribe.score)
    assert (tribe.genes.tolist(), tribe.sae, tribe.luts) == ([6, 7, 8], 80, 7)


@pytest.mark.parametrize(
    ("weight", "worst", "expected"),
    [
        (1, score(90, 10, 1), 79),
        (2**80, score(90, 10, 1), -1),
        (0, score(2**70, 0, 0), 2**63 - 1),
    ],
)
def test_limits_fit_64_bits(weight: int, worst: int, expected: int) -> None:
    tribe = Tribe(np.zeros(3, np.uint8), 100, Random(0, 1), weight=weight)
    assert highest_saes(tribe, [20], worst).tolist() == [expected]


def test_of_equal_tribes_the_cheapest_wins_a_war() -> None:
    tribes = [
        Tribe(np.full(3, i, np.uint8), 100, Random.stream(1, 0, i), number=i, luts=each)
        for i, each in enumerate((7, 5, 9))
    ]
    world = World(tribes, Random.stream(1, 0), tribes[1].genes, 100, 3, luts=5)
    war(world, Settings(SHAPE, tribes=3, parsimony="tie"), Landscape())
    assert [tribe.luts for tribe in tribes] == [7, 5, 5]
    assert [tribe.genes[0] for tribe in tribes] == [0, 1, 1]


def test_the_best_circuit_gets_cheaper_at_the_same_sae() -> None:
    tribe = Tribe(np.ones(3, np.uint8), 100, Random(0, 1), luts=5)
    world = World([tribe], Random(0, 1), np.zeros(3, np.uint8), 100, 1, 50, luts=6)
    world.remember()
    assert (world.best.tolist(), world.luts, world.improved) == ([1, 1, 1], 5, 50)


def test_tie_saves_luts_and_a_weight_saves_more() -> None:
    """In the sum of several seeds, as each of them walks its own way."""
    spent = {}
    for options in ({}, {"parsimony": "tie"}, {"parsimony": "weight", "lut_weight": 20}):
        kind = options.get("parsimony", "none")
        worlds = [run(seed=seed, evaluations=30_000, **options) for seed in range(5)]
        counted = [luts(circuit_of(world.best, SHAPE)) for world in worlds]
        assert kind == "none" or counted == [world.luts for world in worlds]
        spent[kind] = sum(counted)
    assert spent["weight"] < spent["tie"] < spent["none"]


def test_without_parsimony_nothing_is_counted() -> None:
    world = run(evaluations=2 * BLOCK)
    assert (world.luts, world.front, {tribe.luts for tribe in world.tribes}) == (0, [], {0})


# --- the front


def values(found: Sequence[Solution]) -> list[tuple[int, int]]:
    return [(each.sae, each.luts) for each in found]


def test_a_front_is_what_nothing_beats() -> None:
    rng = np.random.default_rng(31)
    for _ in range(50):
        pairs = [(int(a), int(b)) for a, b in rng.integers(0, 12, (30, 2))]
        beaten = {
            one
            for one in pairs
            for other in pairs
            if other != one and other[0] <= one[0] and other[1] <= one[1]
        }
        kept = values(front([Solution(np.zeros(1, np.uint8), *pair) for pair in pairs]))
        assert kept == sorted(set(pairs) - beaten, key=lambda pair: pair[1])


def test_pareto_keeps_a_front_of_real_circuits() -> None:
    world = run(parsimony="pareto", tribes=3, war_interval=0, evaluations=3 * 20 * BLOCK)
    for one, other in combinations(world.front, 2):
        assert one.luts < other.luts
        assert one.sae > other.sae
    for each in world.front:
        given = circuit_of(each.genes, SHAPE)
        assert luts(given) == each.luts
        assert sae(filter_image(given, PAIR[0]), PAIR[1]) == each.sae
    assert world.front[-1].sae == world.sae, "its end is the best circuit"
    assert len(world.front) > 3


def test_tribes_start_again_from_the_front_at_weights_of_their_own() -> None:
    points = [(1000, 0), (900, 10), (400, 60), (390, 200)]
    circuits = [Solution(np.full(3, i, np.uint8), *each) for i, each in enumerate(points)]
    tribes = [Tribe(np.zeros(3, np.uint8), 9999, Random.stream(1, 0, i)) for i in range(200)]
    world = World(tribes, Random.stream(1, 0), circuits[-1].genes, 390, 200, front=circuits)
    assert explore_front(world, Settings(SHAPE, parsimony="pareto"), Landscape()) is None
    assert {tribe.weight for tribe in tribes} == {0, 1, 2, 4, 8, 16}, "of an SAE of 9 bits"
    for tribe in tribes:
        costs = [each_sae + tribe.weight * each_luts for each_sae, each_luts in points]
        assert tribe.genes[0] == costs.index(min(costs))
        assert (tribe.sae, tribe.luts) == points[tribe.genes[0]]


def test_a_front_goes_on_where_it_was() -> None:
    world = run(parsimony="pareto", tribes=2, war_interval=0, evaluations=2 * 4 * BLOCK)
    again = World.from_json(world.as_json(), SHAPE)
    assert again.as_json() == world.as_json()
    assert len(again.front) > 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parsimony": "some"}, "parsimony is 'some'; it must be one of none, tie, weight, pareto"),
        ({"parsimony": "pareto", "tribes": 2}, "parsimony is 'pareto'; it must be another one"),
        ({"parsimony": "weight", "lut_weight": 0}, "lut-weight is 0; it must be a whole number"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Settings(SHAPE, **options)
