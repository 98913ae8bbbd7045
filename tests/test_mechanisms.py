# SPDX-License-Identifier: Apache-2.0
"""Each mechanism against the rule of docs/evolution.md, worked by hand or written anew here."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evoarray.evolution.filter.backends import Backend, open_backend
from evoarray.evolution.filter.backends.model import ModelBackend
from evoarray.evolution.filter.loop import Epoch, evolve, found, next_epoch
from evoarray.evolution.filter.mechanisms import (
    MECHANISMS,
    abrupt_change,
    drop_worse,
    drop_worst,
    full_crossover,
    halves,
    partial_crossover,
    war,
)
from evoarray.evolution.filter.mutation import Region, mutation_at, regions
from evoarray.evolution.filter.settings import HIGHEST_RATE, Settings
from evoarray.evolution.filter.tribe import Tribe, ask, rule_at, tell
from evoarray.evolution.filter.world import World
from evoarray.evolution.rng import Random
from evoarray.model.filter.circuit import Circuit, Genes, Shape, circuit_of, copy_filter
from evoarray.model.filter.functions import FUNCTION_SETS
from tests import reference
from tests.landscape import Landscape, drawn_child
from tests.test_engine import image_pair, state_of

SHAPE = Shape(3, 4, "upm16")
GENES = 3 * 4 + 4 + 3 + 1
SETS = sorted(FUNCTION_SETS)
NOBODY = Landscape()
PAIR = image_pair(np.random.default_rng(20), 13, 12)


def world_of(*saes: int, shape: Shape = SHAPE, age: int = 0) -> World:
    """Return a world of tribes with these SAEs, of which tribe i has only genes i."""
    tribes = [
        Tribe(np.full(len(shape.limits), i, np.uint8), sae, Random.stream(1, 0, i), number=i)
        for i, sae in enumerate(saes)
    ]
    best = min(tribes, key=lambda tribe: tribe.sae)
    world = World(tribes, Random.stream(1, 0), best.genes, best.sae, len(tribes), age=age)
    world.evaluations = age * len(tribes)
    return world


def saes_of(world: World) -> list[int]:
    return [tribe.sae for tribe in world.tribes]


def numbers_of(world: World) -> list[int]:
    return [tribe.number for tribe in world.tribes]


def settled(**options: Any) -> Settings:
    return Settings(SHAPE, **{"tribes": 3, **options})


# --- wars


@pytest.mark.parametrize(
    ("before", "after", "worst"),
    [
        ([5, 3, 9], [5, 3, 3], 2),
        ([9, 3, 9], [3, 3, 9], 0),  # of two worst the first falls
        ([9, 5, 5], [5, 5, 5], 0),
        ([3, 3, 9, 9], [3, 3, 3, 9], 2),
        ([4, 4, 4], [4, 4, 4], 0),  # nobody is worse
        ([2, 8], [2, 2], 1),
        ([7], [7], 0),
    ],
)
def test_a_war_replaces_the_worst_by_the_best(
    before: list[int], after: list[int], worst: int
) -> None:
    world = world_of(*before)
    said = war(world, settled(), NOBODY)
    assert saes_of(world) == after
    owners = list(range(len(before)))
    owners[worst] = before.index(min(before))
    assert [int(tribe.genes[0]) for tribe in world.tribes] == owners
    assert [tribe.random for tribe in world.tribes] == [
        Random.stream(1, 0, i) for i in range(len(before))
    ], "whoever falls keeps its generator"
    fought = before != after
    assert world.counters["wars"] == fought
    assert said == (f"war: {max(before)} falls to {min(before)}" if fought else None)


def test_after_a_war_the_two_evolve_apart() -> None:
    world = world_of(10, 11)
    war(world, settled(), NOBODY)
    best, worst = world.tribes
    rule = rule_at(settled())
    broods = [ask(tribe, rule) for tribe in world.tribes]
    assert broods[0].tolist() != broods[1].tolist()
    tell(worst, broods[1], [0], [0], rule.worst_accepted(worst))
    assert (best.genes.tolist(), best.sae) == ([0] * GENES, 10)


# --- drops


@pytest.mark.parametrize(
    ("saes", "survivors", "left"),
    [
        ([5, 9, 3], 1, [0, 2]),
        ([5, 9, 9], 1, [0, 2]),  # of equals the first goes
        ([4, 4, 4], 1, [1, 2]),
        ([5, 9], 1, [0]),
        ([5, 9], 2, [0, 1]),
        ([5, 9], 7, [0, 1]),
        ([5], 1, [0]),
    ],
)
def test_the_worst_is_dropped_down_to_the_survivors(
    saes: list[int], survivors: int, left: list[int]
) -> None:
    world = world_of(*saes)
    said = drop_worst(world, settled(survivors=survivors), NOBODY)
    assert numbers_of(world) == left
    gone = len(saes) - len(left)
    assert world.counters["dropped tribes"] == gone
    verb = "1 tribe is" if len(left) == 1 else f"{len(left)} tribes are"
    assert said == (f"dropped: {max(saes)}; {verb} left" if gone else None)


@pytest.mark.parametrize(
    ("age", "percent", "saes", "survivors", "left"),
    [
        (3071, 25, [100, 900], 1, [0, 1]),  # before three blocks nobody is dropped
        (3072, 25, [100, 900], 1, [0]),
        (9999, 25, [100, 125, 126], 1, [0, 1]),  # more than 25 %, not 25 %
        (3072, 25, [101, 126, 127], 1, [0, 1]),  # 126.25 is the limit
        (3072, 1, [1000, 1010, 1011, 1009], 1, [0, 1, 3]),
        (3072, 25, [500, 100, 200, 300, 120], 1, [1, 4]),  # several at once
        (3072, 25, [500, 100, 200, 300, 120], 3, [1, 2, 4]),  # the worst first
        (3072, 25, [500, 100, 500, 500], 3, [1, 2, 3]),  # of equals the first
        (3072, 25, [500, 100], 2, [0, 1]),
        (3072, 25, [500, 100], 9, [0, 1]),
        (3072, 300, [1, 4, 5], 1, [0, 1]),
        (3072, 25, [0, 0, 1], 1, [0, 1]),
    ],
)
def test_tribes_that_are_some_percent_worse_are_dropped(
    age: int, percent: int, saes: list[int], survivors: int, left: list[int]
) -> None:
    world = world_of(*saes, age=age)
    drop_worse(world, settled(drop_worse=percent, survivors=survivors), NOBODY)
    assert numbers_of(world) == left
    assert world.counters["dropped tribes"] == len(saes) - len(left)


def test_the_worst_tribes_are_named_when_they_are_dropped() -> None:
    world = world_of(2000, 100, 3000, age=3072)
    said = drop_worse(world, settled(drop_worse=25), NOBODY)
    assert said == "dropped: 3,000, 2,000; 1 tribe is left"


def test_dropping_every_three_blocks_leaves_one_tribe_that_has_the_rest() -> None:
    settings = settled(evaluations=33 * 1024, war_interval=0, drop_interval=3072)
    epochs = list(evolve(settings, Landscape()))
    assert [len(epoch.saes) for epoch in epochs] == [3, 2, 1, *[1] * 6]
    assert np.diff([epoch.evaluations for epoch in epochs]).tolist() == [9216, 6144, *[3072] * 6]


# --- crossover


def taken(shape: Shape, side: str, cut: int, before: bool) -> list[bool]:
    """Whether each gene comes from the other circuit, one after the other by the document."""
    from_other = []
    for row in range(shape.rows):
        for col in range(shape.cols):
            lies_before = (row if side == "rows" else col) < cut
            from_other.append(lies_before == before)
    for col in range(shape.cols):
        lies_before = col < cut if side == "cols" else True  # with the first row
        from_other.append(lies_before == before)
    for row in range(shape.rows):
        lies_before = row < cut if side == "rows" else True  # with the first column
        from_other.append(lies_before == before)
    return [*from_other, False]


@pytest.mark.parametrize("shape", [SHAPE, Shape(2, 2, "cgp16"), Shape(5, 3, "upm19")], ids=str)
def test_halves_are_joined_at_a_cut(shape: Shape) -> None:
    one, other = (np.full(len(shape.limits), i, np.uint8) for i in (1, 2))
    drawn, seen = Random.stream(3, 0), set()
    random = Random.stream(3, 0)
    for _ in range(400):
        side = ("rows", "cols")[drawn.below(2)]
        cut = 1 + drawn.below((shape.rows if side == "rows" else shape.cols) - 1)
        before = drawn.below(2) == 0
        child = halves(shape, one, other, random)
        assert child.dtype == np.uint8
        assert (child == 2).tolist() == taken(shape, side, cut, before)
        seen.add((side, cut, before))
    assert random == drawn
    assert len(seen) == 2 * (shape.rows - 1 + shape.cols - 1), "every cut, both ways"
    assert set(one) == {1}
    assert set(other) == {2}


def test_a_cut_between_rows_worked_by_hand() -> None:
    """Rows 0 and 1 of the other, with the north selectors and their west ones."""
    assert taken(SHAPE, "rows", 2, True) == [
        *([True] * 8 + [False] * 4),  # functions
        *([True] * 4),  # north
        *(True, True, False),  # west
        False,  # output
    ]
    assert taken(SHAPE, "cols", 1, False) == [
        *([False, True, True, True] * 3),
        *(False, True, True, True),
        *([False] * 3),
        False,
    ]


class Told(Landscape):
    """A landscape that gives the SAEs it is told, and keeps what was asked."""

    def __init__(self, *saes: int) -> None:
        super().__init__()
        self._told = saes

    def saes(self, batch: Genes) -> Any:
        return np.resize(np.array(self._told, np.int64), len(batch))


def test_the_best_tribe_is_crossed_with_the_others_in_turn() -> None:
    world, told, random = world_of(9, 5, 8, 5, 7), Told(99), Random.stream(1, 0)
    full_crossover(world, settled(tribes=5, crossover="full", crossover_attempts=6), told)
    tribes = list(world_of(9, 5, 8, 5, 7).tribes)
    assert told.batches == [
        [
            halves(SHAPE, tribes[1].genes, tribes[other].genes, random).tolist()
            for other in (0, 2, 3, 4, 0, 2)
        ]
    ]
    assert world.random == random
    assert saes_of(world) == [9, 5, 8, 5, 7]


@pytest.mark.parametrize("kind", ["full", "partial"])
@pytest.mark.parametrize(
    ("accept", "saes", "chosen", "success"),
    [
        ("equal", (7, 4, 6, 4, 8), 1, True),  # of equals the first
        ("better", (7, 4, 6, 4, 8), 1, True),
        ("equal", (7, 5, 6, 5, 8), 1, False),  # taken, but no progress
        ("better", (7, 5, 6, 5, 8), None, False),
        ("equal", (7, 6, 6, 9, 8), None, False),
    ],
)
def test_the_best_attempt_is_accepted_as_a_child_is(
    kind: str, accept: str, saes: tuple[int, ...], chosen: int | None, success: bool
) -> None:
    world, told = world_of(5, 9, 8), Told(*saes)
    options = {"crossover": kind, "crossover_attempts": 5, "crossover_size": 2}
    settings = settled(accept=accept, **options)
    said = MECHANISMS[kind](world, settings, told)
    parent = [0] * GENES if chosen is None else told.batches[0][chosen]
    assert world.tribes[0].genes.tolist() == parent
    assert world.tribes[0].sae == (5 if chosen is None else saes[chosen])
    assert [tribe.sae for tribe in world.tribes[1:]] == [9, 8]
    (limits,) = told.limits
    assert limits is not None
    assert limits.tolist() == [5 if accept == "equal" else 4] * 5
    assert world.evaluations == world.counters["crossover attempts"] == 5
    assert world.counters["crossover successes"] == success
    assert said == ("crossover: 5 falls to 4" if success else None)
    assert all(tribe.evaluations == tribe.accepted == 0 for tribe in world.tribes)


@pytest.mark.parametrize("kind", ["full", "partial"])
def test_a_last_tribe_has_nobody_to_cross_with(kind: str) -> None:
    world, told = world_of(5), Told(1)
    assert MECHANISMS[kind](world, settled(crossover=kind, crossover_size=2), told) is None
    assert (told.batches, world.evaluations, saes_of(world)) == ([], 0, [5])
    assert world.random == Random.stream(1, 0), "nothing is drawn"


def square(shape: Shape, size: int, random: Random) -> list[int]:
    """Return the functions of a drawn square, one after the other, moved up and left."""
    top, left = random.below(shape.rows), random.below(shape.cols)
    while top + size > shape.rows:
        top -= 1
    while left + size > shape.cols:
        left -= 1
    return [(top + row) * shape.cols + left + col for row in range(size) for col in range(size)]


@pytest.mark.parametrize("donor", ["second", "best", "random"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_square_of_a_donor_is_tried_in_the_first_tribe(donor: str, size: int) -> None:
    """Genes that tell their place: tribe i has 40 * i + position."""
    seen = set()
    for seed in range(30):
        world, told = world_of(9, 8, 5, 5), Told(99)
        for tribe in world.tribes:
            tribe.genes = (40 * tribe.number + np.arange(GENES)).astype(np.uint8)
        world.random, random = Random.stream(seed, 0), Random.stream(seed, 0)
        settings = settled(
            tribes=4, crossover="partial", crossover_size=size, crossover_attempts=9, donor=donor
        )
        partial_crossover(world, settings, told)
        giver = {"second": 1, "best": 2}.get(donor) or 1 + random.below(3)
        source = square(SHAPE, size, random)
        children = []
        for _ in range(9):
            child = list(range(GENES))
            for there, here in zip(square(SHAPE, size, random), source, strict=True):
                child[there] = 40 * giver + here
            children.append(child)
        assert told.batches == [children]
        assert world.random == random
        seen.add(giver)
    assert seen == {"second": {1}, "best": {2}, "random": {1, 2, 3}}[donor]


@pytest.mark.parametrize("sides", [(2, 2), (3, 5), (1, 6), (6, 1)])
def test_a_square_may_be_as_large_as_the_shorter_side(sides: tuple[int, int]) -> None:
    shape = Shape(*sides, "upm16")
    for size in range(1, min(sides) + 1):
        world, told = world_of(5, 9, shape=shape), Told(99)
        settings = Settings(shape, tribes=2, crossover="partial", crossover_size=size)
        partial_crossover(world, settings, told)
        batch = np.array(told.batches[0])
        assert batch.shape == (32, len(shape.limits))
        assert (batch.sum(axis=1) == size * size).all(), "the whole square lies in the mesh"
        assert not batch[:, shape.rows * shape.cols :].any(), "of functions only"


# --- abrupt changes


def test_an_abrupt_change_comes_when_the_best_is_stuck() -> None:
    settings = settled(tribes=1, abrupt_after=500, abrupt_rate=7)
    for improved, last, due in ((100, 0, True), (501, 0, False), (500, 0, True), (0, 501, False)):
        world, told = world_of(9), Told(40)
        world.evaluations, world.improved, world.changed = 1000, improved, last
        said = abrupt_change(world, settings, told)
        assert len(world.tribes) == 1 + due
        assert world.evaluations == 1000 + due
        assert said == ("abrupt change: 9 founds a tribe of 40" if due else None)
        assert world.changed == (1001 if due else last)
        assert world.counters == ({"abrupt changes": 1} if due else {})


@pytest.mark.parametrize(
    ("tribes", "saes", "left"),
    [
        (1, [9], [0, 5]),
        (1, [9, 30], [0, 5]),
        (1, [30, 9], [1, 5]),
        (1, [9, 9], [0, 5]),  # the other goes, though it is as good
        (3, [9, 8], [0, 1, 5]),
        (3, [9, 8, 30], [0, 1, 5]),
        (3, [30, 8, 30], [1, 2, 5]),  # of equals the first
        (3, [9], [0, 5]),
    ],
)
def test_a_new_tribe_replaces_the_worst_other_one_if_there_are_enough(
    tribes: int, saes: list[int], left: list[int]
) -> None:
    world, told = world_of(*saes), Told(40)
    world.founded, world.evaluations = 5, 1000
    settings = settled(tribes=tribes, war_interval=0, abrupt_after=1, abrupt_rate=7, seed=3)
    champion = world.champion.genes.tolist()
    abrupt_change(world, settings, told)
    assert numbers_of(world) == left
    random = Random.stream(3, 0, 5)
    genes = drawn_child(champion, random, SHAPE.limits.tolist(), 7)
    new = world.tribes[-1]
    assert told.batches == [[genes]]
    assert (new.genes.tolist(), new.sae, new.random) == (genes, 40, random)
    assert told.limits == [None], "it is accepted, however bad it is"
    assert (world.founded, world.counters["abrupt changes"]) == (6, 1)
    assert world.counters["dropped tribes"] == len(saes) + 1 - len(left)


# --- mutation


def test_a_schedule_changes_the_rate_with_the_evaluations() -> None:
    settings = Settings(SHAPE, 8192, "5,1..2@4096,64@6000")
    rates = [
        (mutation.lowest, mutation.highest)
        for mutation in (mutation_at(settings, n) for n in (0, 4095, 4096, 5999, 6000, 8191, 9999))
    ]
    assert rates == [(5, 5), (5, 5), (1, 2), (1, 2), (64, 64), (64, 64), (64, 64)]


def test_a_run_takes_the_rate_of_each_of_its_epochs() -> None:
    """Of two tribes without any progress, so that children show how many genes were drawn."""
    settings = Settings(SHAPE, 6144, "1,3@2048,2@4096", accept="better", tribes=2)
    told = Told(5)
    list(evolve(settings, told))
    parent = copy_filter(SHAPE).genes.tolist()
    generators = [Random.stream(1, 0, tribe) for tribe in range(2)]
    for number, batch in enumerate(told.batches[1:]):
        rate = (1, 3, 2)[number // 1024]
        limits = SHAPE.limits.tolist()
        assert batch == [drawn_child(parent, random, limits, rate) for random in generators]


def test_a_random_rate_is_drawn_before_each_child() -> None:
    mutation = mutation_at(Settings(SHAPE, mutation_rate="2..5"))
    random, drawn, parent = Random.stream(1, 0, 0), Random.stream(1, 0, 0), [0] * GENES
    for _ in range(200):
        child = mutation.child(np.zeros(GENES, np.uint8), random).tolist()
        rate = 2 + drawn.below(4)
        assert child == drawn_child(parent, drawn, SHAPE.limits.tolist(), rate)


@pytest.mark.parametrize("rate", ["3", "1..4"])
def test_a_column_is_drawn_and_all_genes_in_it(rate: str) -> None:
    """Genes 0 to 11 are functions, 12 to 15 north, 16 to 18 west, 19 the output."""
    groups = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15], [16, 17, 18, 19]]
    mutation = mutation_at(Settings(SHAPE, mutation_rate=rate, scope="column"))
    random, drawn, seen = Random.stream(1, 0, 0), Random.stream(1, 0, 0), set()
    for _ in range(300):
        child = mutation.child(np.zeros(GENES, np.uint8), random).tolist()
        count = 3 if rate == "3" else 1 + drawn.below(4)
        column = drawn.below(5)
        expected = [0] * GENES
        for _ in range(count):
            gene = groups[column][drawn.below(4)]
            expected[gene] = drawn.below(int(SHAPE.limits[gene]))
        assert child == expected
        seen.add(column)
    assert seen == set(range(5))


def test_the_scope_of_elements_leaves_selectors_and_output_alone() -> None:
    mutation = mutation_at(Settings(SHAPE, scope="elements"))
    assert [group.tolist() for group in mutation.groups] == [list(range(12))]
    assert mutation.bounds.tolist() == SHAPE.limits.tolist()


# --- growth and pieces


@pytest.mark.parametrize(
    ("options", "function_set", "expected"),
    [
        ({"growth": "1x2,3x2,3x4"}, "upm16", [(0, 0, 1, 2), (0, 0, 3, 2), (0, 0, 3, 4)]),
        ({"growth": "1x2,3x2,3x4"}, "cgp16", [(0, 2, 1, 4), (0, 2, 3, 4), (0, 0, 3, 4)]),
        ({"pieces": "1x2"}, "upm19", [(0, 0, 3, 2), (0, 2, 3, 4)]),
        ({"pieces": "1x2"}, "cgp16", [(0, 2, 3, 4), (0, 0, 3, 2)]),
        (
            {"pieces": "2x3"},  # 3 rows in 1 and 2, 4 columns in 1, 1 and 2
            "upm16",
            [(0, 0, 1, 1), (0, 1, 1, 2), (0, 2, 1, 4), (1, 0, 3, 1), (1, 1, 3, 2), (1, 2, 3, 4)],
        ),
        ({}, "upm16", [(0, 0, 3, 4)]),
    ],
    ids=str,
)
def test_regions_share_the_budget_one_after_the_other(
    options: dict[str, str], function_set: str, expected: list[tuple[int, int, int, int]]
) -> None:
    settings = Settings(Shape(3, 4, function_set), 6000, **options)  # type: ignore[arg-type]
    assert list(regions(settings)) == [Region(*sides) for sides in expected]
    for stage, (top, left, bottom, right) in enumerate(expected):
        since, until = (-(-6000 * n // len(expected)) for n in (stage, stage + 1))
        open_genes = [
            *(4 * r + c for r in range(top, bottom) for c in range(left, right)),
            *(12 + col for col in range(left, right) if top == 0),
            *(16 + row for row in range(top, bottom) if left == 0),
            19,
        ]
        for evaluations in (since, until - 1):
            mutation = mutation_at(settings, evaluations)
            assert [group.tolist() for group in mutation.groups] == [open_genes]
            assert mutation.bounds[-1] == (bottom if "growth" in options else 3)
            assert mutation.bounds[:-1].tolist() == settings.shape.limits[:-1].tolist()


def test_columns_of_a_region_have_only_its_genes() -> None:
    settings = Settings(SHAPE, 6000, scope="column", pieces="3x2")
    groups = [
        [group.tolist() for group in mutation_at(settings, stage * 1000).groups]
        for stage in range(6)
    ]
    assert groups[0] == [[0, 12], [1, 13], [16, 19]]
    assert groups[1] == [[2, 14], [3, 15], [19]]
    assert groups[2] == [[4], [5], [17, 19]]
    assert groups[5] == [[10], [11], [19]]


def test_a_random_start_is_random_only_in_the_first_region() -> None:
    settings = Settings(SHAPE, start="random", growth="2x2,3x4", scope="column", tribes=20)
    copy = copy_filter(SHAPE).genes
    starts = np.stack([tribe.genes for tribe in found(settings, NOBODY).tribes])
    (open_genes,) = mutation_at(replace(settings, scope="all")).groups
    assert open_genes.tolist() == [0, 1, 4, 5, 12, 13, 16, 17, 19]
    closed = np.setdiff1d(np.arange(GENES), open_genes)
    assert (starts[:, closed] == copy[closed]).all()
    assert (starts[:, open_genes] != starts[0, open_genes]).any(axis=0).all()
    assert starts[:, 19].max() == 1, "the output lies in the region"


def alone(whole: Circuit, region: Region) -> Circuit:
    """Return a region of a circuit as a mesh of its own; what is around it passes the centre on."""
    north, west = (np.full(n, 4, np.uint8) for n in (whole.cols, whole.rows))
    return Circuit(
        whole.function_set,
        whole.functions[region.top : region.bottom, region.left : region.right],
        (whole.north if region.top == 0 else north)[region.left : region.right],
        (whole.west if region.left == 0 else west)[region.top : region.bottom],
        whole.output - region.top,
    )


def as_object(circuit: Circuit) -> dict[str, Any]:
    return {
        "function_set": circuit.function_set,
        "rows": circuit.rows,
        "cols": circuit.cols,
        "functions": circuit.functions.tolist(),
        "north": circuit.north.tolist(),
        "west": circuit.west.tolist(),
        "output": circuit.output,
    }


@pytest.mark.parametrize("function_set", SETS)
@pytest.mark.parametrize("growth", ["1x1", "2x2", "1x3", "4x1", "3x4", "4x5"])
def test_a_growing_part_inside_a_copy_filter_is_a_smaller_mesh(
    growth: str, function_set: str
) -> None:
    """Also the start itself is the copy filter, whose output is read where the part has rows."""
    shape = Shape(4, 5, function_set)
    settings = Settings(shape, start="random", growth=f"{growth},4x5", tribes=12)
    region, image = regions(settings)[0], PAIR[0][:6, :5].tolist()
    for tribe in found(settings, NOBODY).tribes:
        whole = circuit_of(tribe.genes, shape)
        expected = reference.filter_image(as_object(alone(whole, region)), image)
        assert reference.filter_image(as_object(whole), image) == expected
    (copy,) = found(replace(settings, start="copy", tribes=1), NOBODY).tribes
    assert reference.filter_image(as_object(circuit_of(copy.genes, shape)), image) == image
    south = function_set == "cgp16"  # its results go down to the last row
    assert copy.genes[-1] == (4 if south else region.bottom) - 1


@pytest.mark.parametrize("function_set", ["upm16", "upm19"])
@pytest.mark.parametrize("pieces", ["2x2", "4x1", "1x5", "3x4"])
def test_a_piece_inside_a_copy_filter_is_a_smaller_mesh(pieces: str, function_set: str) -> None:
    shape, random = Shape(4, 5, function_set), Random.stream(4, 0)
    settings = Settings(shape, 2**16, HIGHEST_RATE, pieces=pieces)
    parts, image = regions(settings), PAIR[0][:6, :5].tolist()
    for stage, region in enumerate(parts):
        mutation = mutation_at(settings, -(-(2**16) * stage // len(parts)))
        genes = mutation.child(copy_filter(shape).genes, random)
        genes[-1] = region.top + random.below(region.bottom - region.top)
        whole = circuit_of(genes, shape)
        expected = reference.filter_image(as_object(alone(whole, region)), image)
        assert reference.filter_image(as_object(whole), image) == expected


@pytest.mark.parametrize("function_set", SETS)
def test_growing_tribes_keep_to_their_part(function_set: str) -> None:
    shape = Shape(5, 4, function_set)
    settings = Settings(shape, 6 * 1024, growth="2x2,4x3,5x4", mutation_rate=5)
    copy = copy_filter(shape).genes
    with closing(open_backend("fast", shape, [PAIR])) as fast:
        for epoch in evolve(settings, fast):
            stage = max(0, min(2, (epoch.evaluations - 1) * 3 // 6144))
            closed = np.ones(len(copy), bool)
            for earlier in range(stage + 1):
                closed[mutation_at(settings, earlier * 2048).groups[0]] = False
            assert (epoch.best[closed] == copy[closed]).all()


# --- stops and budgets


def test_a_run_ends_when_its_target_is_reached() -> None:
    settings = settled(evaluations=3000, war_interval=10)
    plain = list(evolve(settings, Landscape()))
    target = plain[len(plain) // 4].sae
    stopped = list(evolve(replace(settings, target_sae=target), Landscape()))
    reached = next(i for i, epoch in enumerate(plain) if epoch.sae <= target)
    assert [seen(epoch) for epoch in stopped] == [seen(epoch) for epoch in plain[: reached + 1]]
    at_once = list(evolve(replace(settings, target_sae=10**6), Landscape()))
    assert len(at_once) == 1


def test_a_run_ends_when_it_stagnates() -> None:
    settings = settled(evaluations=30_000, war_interval=10)
    plain = list(evolve(settings, Landscape()))
    saes = [epoch.sae for epoch in plain]
    for limit in (1, 30, 300, 900):
        improved = last = 0
        for last in range(len(plain)):
            if last and saes[last] < saes[last - 1]:
                improved = plain[last].evaluations
            if plain[last].evaluations - improved >= limit:
                break
        stopped = list(evolve(replace(settings, stagnation=limit), Landscape()))
        assert [seen(epoch) for epoch in stopped] == [seen(epoch) for epoch in plain[: last + 1]]
        assert len(stopped) < len(plain)


EVERYTHING: list[dict[str, Any]] = [
    {"tribes": 1, "evaluations": 3000, "mutation_rate": "4,1..3"},
    {"tribes": 4, "evaluations": 2500, "war_interval": 40},
    {"tribes": 5, "war_interval": 0, "drop_interval": 60, "evaluations": 1999},
    {"tribes": 5, "war_interval": 40, "drop_interval": 60, "survivors": 2, "evaluations": 1501},
    {"tribes": 6, "war_interval": 0, "drop_worse": 1, "evaluations": 24_000},
    {"tribes": 3, "crossover": "full", "crossover_interval": 40, "war_interval": 80},
    {"tribes": 2, "crossover": "full", "crossover_interval": 64, "accept": "better", "children": 8},
    {"tribes": 4, "crossover": "partial", "crossover_interval": 50, "crossover_size": 2},
    {"tribes": 3, "crossover": "partial", "donor": "random", "crossover_size": 3, "start": "random"}
    | {"crossover_interval": 30, "war_interval": 0, "drop_interval": 210},
    {"tribes": 4, "crossover": "partial", "donor": "best", "crossover_size": 1}
    | {"crossover_interval": 64, "children": 4, "scope": "column", "war_interval": 0},
    {"tribes": 1, "abrupt_after": 600, "abrupt_rate": 9, "evaluations": 9000},
    {
        "tribes": 2,
        "abrupt_after": 900,
        "war_interval": 0,
        "evaluations": 9000,
        "drop_interval": 512,
    },
    {"tribes": 6, "topology": "small-world", "war_interval": 40, "rewire_interval": 80},
    {"tribes": 5, "topology": "ring", "migration_interval": 40, "mates": "roulette"}
    | {"drop_interval": 120, "survivors": 2, "children": 4, "rewire_interval": 40},
    {"tribes": 6, "topology": "scale-free", "crossover": "partial", "donor": "random"}
    | {"mates": "roulette", "crossover_size": 2, "crossover_interval": 40, "rewire_interval": 20},
    {"tribes": 4, "topology": "file", "edges": ((0, 1), (1, 2), (2, 3)), "crossover": "full"}
    | {"crossover_interval": 128, "war_interval": 0, "abrupt_after": 300, "drop_interval": 1024}
    | {"evaluations": 9000, "crossover_attempts": 1},
    {"tribes": 1, "growth": "1x2,3x2,3x4", "evaluations": 5000, "start": "random"},
    {"tribes": 2, "pieces": "2x2", "war_interval": 100, "scope": "column", "mutation_rate": "1..8"},
    {"tribes": 1, "children": 16, "scope": "elements", "evaluations": 2999},
    {"tribes": 1, "stagnation": 1500, "evaluations": 9000},
]
EVERY = [{"evaluations": 1500, "mutation_rate": 2, **options} for options in EVERYTHING]


def seen(epoch: Epoch) -> tuple[Any, ...]:
    """Return all of an epoch, so that two can be compared."""
    return (
        *(epoch.evaluations, list(epoch.saes.items()), epoch.sae),
        *(epoch.best.tolist(), epoch.events, epoch.edges),
    )


@contextmanager
def fast(workers: int = 1) -> Iterator[Backend]:
    with closing(open_backend("fast", SHAPE, [PAIR], workers)) as backend:
        yield backend


@pytest.mark.parametrize("options", EVERY, ids=str)
def test_the_budget_is_never_exceeded_and_all_epochs_are_whole(options: dict[str, Any]) -> None:
    """Counted by the backend, which cannot be told otherwise."""
    settings, landscape = Settings(SHAPE, **options), Landscape()
    world = found(settings, landscape)
    founders = len(landscape.batches[0])
    epochs = list(evolve(settings, landscape, world))
    spent = sum(map(len, landscape.batches)) - founders
    assert spent == world.evaluations == epochs[-1].evaluations <= settings.evaluations
    attempts = world.counters["crossover attempts"] + world.counters["abrupt changes"]
    ages = [tribe.evaluations for tribe in world.tribes if tribe.number < settings.tribes]
    assert set(ages) == {world.age}
    if settings.intervals:
        assert world.age % settings.epoch == 0
        assert world.evaluations + settings.epoch * len(world.tribes) > settings.evaluations
    elif not settings.stagnation:
        assert settings.evaluations - spent < len(world.tribes) * settings.children
    assert attempts % (settings.crossover_attempts if settings.crossover != "none" else 1) == 0


@pytest.mark.parametrize("crossover", ["full", "partial"])
@pytest.mark.parametrize(("left", "made"), [(32, 3), (31, 2), (0, 2)])
def test_attempts_that_the_budget_cannot_pay_are_not_made(
    crossover: str, left: int, made: int
) -> None:
    settings = settled(
        evaluations=3 * 3 * 40 + 2 * 32 + left,
        crossover=crossover,
        crossover_interval=40,
        crossover_size=2,
        war_interval=0,
    )
    landscape = Landscape()
    world = found(settings, landscape)
    list(evolve(settings, landscape, world))
    assert (world.age, world.counters["crossover attempts"]) == (120, made * 32)


def test_an_abrupt_change_that_the_budget_cannot_pay_is_not_made() -> None:
    for evaluations, changes in ((1024, 0), (1025, 1)):
        settings = Settings(SHAPE, evaluations, abrupt_after=1)
        world = found(settings, Told(5))
        list(evolve(settings, Told(5), world))
        assert world.counters["abrupt changes"] == changes
        assert world.evaluations == evaluations


# --- going on


@pytest.mark.parametrize("options", EVERY, ids=str)
def test_a_world_read_from_its_text_goes_on_as_if_nothing_had_happened(
    options: dict[str, Any],
) -> None:
    settings = Settings(SHAPE, **options)
    with fast() as backend:
        world = found(settings, backend)
        texts, whole = [], []
        for epoch in evolve(settings, backend, world):
            texts.append(json.dumps(world.as_json()))
            whole.append(epoch)
        assert len(whole) > 2
        for number, text in enumerate(texts):
            again = World.from_json(json.loads(text), settings.shape)
            assert json.dumps(again.as_json()) == text
            first, *rest = evolve(settings, backend, again)
            assert seen(replace(first, events=whole[number].events)) == seen(whole[number])
            assert [seen(epoch) for epoch in rest] == [seen(epoch) for epoch in whole[number + 1 :]]
            assert json.dumps(again.as_json()) == texts[-1]


def test_a_world_that_lacks_something_is_refused() -> None:
    settings = settled()
    data = found(settings, NOBODY).as_json()
    for key in data:
        with pytest.raises(ValueError, match="not a world"):
            World.from_json({n: value for n, value in data.items() if n != key}, settings.shape)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("sae",), -1),
        (("age",), 1.5),
        (("tribes",), []),
        (("best", 0), 255),
        (("best",), [0]),
        (("random", 1), 2),
        (("tribes", 0, "random", 0), 2**64),
        (("tribes", 0, "genes", 3), "1"),
        (("counters",), [1]),
    ],
)
def test_a_world_that_cannot_be_is_refused(place: tuple[str | int, ...], value: object) -> None:
    settings = settled()
    data: Any = json.loads(json.dumps(found(settings, NOBODY).as_json()))
    *way, last = place
    inner = data
    for key in way:
        inner = inner[key]
    inner[last] = value
    with pytest.raises(ValueError, match="not a world"):
        World.from_json(data, settings.shape)


# --- the same on every backend


@pytest.mark.parametrize("options", EVERY, ids=str)
def test_every_mechanism_gives_the_same_on_model_and_engine(options: dict[str, Any]) -> None:
    few = {"tribes": 2, "evaluations": 8192} if "drop_worse" in options else {}
    evaluations = min(options["evaluations"], 3000)
    settings = Settings(SHAPE, **{**options, "evaluations": evaluations, **few})
    runs = []
    with fast() as one, fast(workers=3) as three:
        for backend in (ModelBackend(SHAPE, [PAIR]), one, three):
            world = found(settings, backend)
            epochs = [seen(epoch) for epoch in evolve(settings, backend, world)]
            runs.append((epochs, state_of(world.tribes), world.as_json()))
    assert runs[0] == runs[1] == runs[2]
    assert len(runs[0][0]) > 1


FULL: dict[str, Any] = {"evaluations": 600, "mutation_rate": "1..4", "tribes": 3, "children": 2}
FULL |= {"war_interval": 20, "drop_interval": 40}
FULL |= {"crossover": "full", "crossover_interval": 20, "crossover_attempts": 8}
PARTIAL = FULL | {"crossover": "partial", "crossover_size": 2, "donor": "random"}
PARTIAL |= {"pieces": "2x2", "scope": "column", "start": "random"}
ABRUPT: dict[str, Any] = {"evaluations": 5000, "tribes": 2, "war_interval": 0, "children": 4}
ABRUPT |= {"abrupt_after": 64, "accept": "better"}
ABRUPT |= {"growth": "2x2,4x4", "scope": "column", "mutation_rate": "1..4,2"}
ABRUPT |= {"crossover": "partial", "crossover_interval": 16, "donor": "best"}
ABRUPT |= {"crossover_attempts": 4, "crossover_size": 2}
WORSE: dict[str, Any] = {"evaluations": 6500, "tribes": 2, "war_interval": 0, "drop_worse": 1}
WORSE |= {"start": "random", "accept": "better", "scope": "elements"}


@pytest.mark.parametrize(
    ("name", "options", "happens"),
    [
        ("icarus", FULL, {"crossover attempts", "dropped tribes"}),
        ("icarus", PARTIAL, {"crossover attempts", "dropped tribes"}),
        ("verilator", FULL, {"crossover attempts", "dropped tribes"}),
        ("verilator", PARTIAL, {"crossover attempts", "dropped tribes"}),
        ("verilator", ABRUPT, {"crossover successes", "abrupt changes"}),
        ("verilator", WORSE, {"dropped tribes"}),
    ],
    ids=["icarus-full", "icarus-partial", *("full", "partial", "abrupt", "worse")],
)
def test_mechanisms_give_the_same_on_the_rtl(
    name: str, options: dict[str, Any], happens: set[str]
) -> None:
    """For two pairs of different size."""
    shape = Shape(4, 4, "upm16")
    pairs = [(PAIR[0][:h, :w], PAIR[1][:h, :w]) for h, w in ((7, 9), (5, 6))]
    settings, runs = Settings(shape, **options), []
    for backend_name in ("model", "fast", name):
        with closing(open_backend(backend_name, shape, pairs)) as backend:
            world = found(settings, backend)
            epochs = [seen(epoch) for epoch in evolve(settings, backend, world)]
            runs.append((epochs, world.as_json()))
    assert runs[0] == runs[1] == runs[2]
    assert happens <= world.counters.keys()


def test_all_mechanisms_happen_in_the_order_of_the_document() -> None:
    """And each at its own interval, looked at after every epoch."""
    settings = settled(
        evaluations=20_000,
        war_interval=512,
        drop_interval=3072,
        drop_worse=900,
        crossover="full",
        crossover_interval=1024,
    )
    assert list(MECHANISMS) == [
        *("war", "migration", "drop", "drop-worse", "full", "partial", "abrupt", "rewiring"),
        "front",
    ]
    assert settings.intervals == {"war": 512, "drop": 3072, "drop-worse": 1024, "full": 1024}
    more = replace(settings, topology="ring", migration_interval=512, rewire_interval=512)
    assert more.intervals == settings.intervals | {"migration": 512, "rewiring": 512}
    assert list(more.intervals) == [name for name in MECHANISMS if name in more.intervals]
    assert list(settings.intervals) == [name for name in MECHANISMS if name in settings.intervals]
    assert next_epoch(settings, world_of(9, 8, 7)) == 512
