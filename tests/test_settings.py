# SPDX-License-Identifier: Apache-2.0
"""Settings take what is legal, and refuse the rest in a sentence of option, value and range."""

from typing import Any

import pytest

from evoarray.evolution.filter.settings import HIGHEST_RATE, MOST_TRIBES, Settings
from evoarray.evolution.options import LARGEST
from evoarray.model.errors import InputError
from evoarray.model.filter.circuit import Shape, copy_filter

SHAPE = Shape(3, 4, "upm16")
RATES = (
    "a whole number from 1 to 64; or LOWEST..HIGHEST, drawn for each child; or a list of these, "
    "such as 2,1 or 2,5@524288"
)


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("evaluations", 0, "evaluations is 0; it must be a whole number from 1 up"),
        ("evaluations", -5, "evaluations is -5;"),
        ("evaluations", 1.5, "evaluations is 1.5;"),
        ("evaluations", True, "evaluations is True;"),
        ("evaluations", "9", "evaluations is '9';"),
        ("mutation_rate", 0, "mutation-rate is 0; it must be a whole number from 1 to 64"),
        ("mutation_rate", HIGHEST_RATE + 1, "mutation-rate is 65;"),
        ("tribes", 0, f"tribes is 0; it must be a whole number from 1 to {MOST_TRIBES}"),
        ("tribes", MOST_TRIBES + 1, "tribes is 1025;"),
        ("war_interval", -1, "war-interval is -1; it must be a whole number from 0 up"),
        ("seed", -1, "seed is -1; it must be a whole number from 0 up"),
        ("seed", None, "seed is None;"),
        ("start", "zero", "start is 'zero'; it must be one of copy, random"),
        ("accept", "worse", "accept is 'worse'; it must be one of equal, better"),
        ("functions", "N,max,nand", "functions is 'N,max,nand'; it must be a list of N+W, 2N, 2W,"),
        ("functions", "N,", "functions is 'N,'; it must be a list of"),
        *(
            (
                "temperature",
                wrong,
                f"temperature is '{wrong}'; it must be a part from 0 to 1, or two",
            )
            for wrong in ("", "hot", "1.5", "-0.1", "0.1..", "0.1..0", "0..0.1", "1e-3", "0.1..2")
        ),
    ],
)
def test_settings_refuse(option: str, value: object, says: str) -> None:
    with pytest.raises(InputError) as refused:
        Settings(SHAPE, **{option: value})  # type: ignore[arg-type]
    assert str(refused.value).startswith(says)


@pytest.mark.parametrize(
    ("evaluations", "tribes", "war_interval", "least"),
    [(1023, 2, 1024, 2048), (2047, 2, 1024, 2048), (2, 3, 0, 3), (29, 3, 10, 30)],
)
def test_settings_refuse_a_budget_that_gives_tribes_nothing(
    evaluations: int, tribes: int, war_interval: int, least: int
) -> None:
    with pytest.raises(
        InputError, match=f"is {evaluations}; it must be {least} or more for {tribes}"
    ):
        Settings(SHAPE, evaluations, tribes=tribes, war_interval=war_interval)
    Settings(SHAPE, least, tribes=tribes, war_interval=war_interval)


def test_settings_take_what_is_legal() -> None:
    Settings(SHAPE, 1, mutation_rate=1, war_interval=0, seed=0)
    Settings(SHAPE, 1, survivors=99, drop_interval=5, children=1)
    Settings(SHAPE, LARGEST, mutation_rate=HIGHEST_RATE, tribes=MOST_TRIBES, seed=10**30)


ZERO_UP = (
    *("war_interval", "migration_interval", "drop_interval", "drop_worse", "abrupt_after"),
    "rewire_interval",
    *("target_sae", "stagnation", "seed"),
)


@pytest.mark.parametrize(
    ("option", "least", "legal"),
    [
        *((option, 0, "0 up") for option in ZERO_UP),
        *((name, 1, "1 up") for name in ("survivors", "crossover_interval")),
        ("crossover_attempts", 1, "1 to 4096"),
        ("abrupt_rate", 1, "1 to 64"),
        ("children", 1, "1 to 1024"),
    ],
)
def test_numbers_have_a_least_value_and_are_whole(option: str, least: int, legal: str) -> None:
    for value in (least - 1, -(10**30), 1.5, "2", True, None):
        refused(
            {option: value}, f"{named(option)} is {value!r}; it must be a whole number from {legal}"
        )
    Settings(SHAPE, **{option: least})  # type: ignore[arg-type]


def test_a_time_limit_may_be_a_part_of_a_second() -> None:
    for value in (-0.5, float("inf"), float("nan"), "2", True, None):
        refused({"seconds": value}, f"seconds is {value!r}; it must be a number from 0.0 up")
    assert Settings(SHAPE, seconds=0.5).seconds == 0.5
    Settings(SHAPE, seconds=1)


def named(option: str) -> str:
    return option.replace("_", "-")


def refused(options: dict[str, Any], says: str, shape: Shape = SHAPE) -> None:
    """Check that settings refuse options in exactly this sentence."""
    with pytest.raises(InputError) as sentence:
        Settings(shape, **options)
    assert str(sentence.value) == says


@pytest.mark.parametrize(
    ("option", "legal"),
    [
        ("scope", "all, elements, column"),
        ("crossover", "none, full, partial"),
        ("donor", "second, best, random"),
        ("topology", "complete, ring, small-world, scale-free, file"),
        ("mates", "uniform, roulette"),
        ("start", "copy, random, circuit"),
        ("accept", "equal, better"),
    ],
)
def test_words_are_among_those_named(option: str, legal: str) -> None:
    for value in ("", "x", legal.partition(",")[0].upper(), None, 3):
        refused({option: value}, f"{option} is {value!r}; it must be one of {legal}")


@pytest.mark.parametrize(
    "rate",
    [
        *(0, 65, -1, 1.5, True, None, "", "0", "65", "x", "2,", ",2", "2,,1", "1..", "..8", "8..1"),
        *("0..3", "1..65", "2@0", "2@5,1@9", "2,1@9,3", "2,1,3@9", "2,1@9,3@8", "2,1@-1", "1...8"),
    ],
)
def test_mutation_rates_that_are_refused(rate: object) -> None:
    refused({"mutation_rate": rate}, f"mutation-rate is {rate!r}; it must be {RATES}")


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (3, [(0, 3, 3)]),
        ("3", [(0, 3, 3)]),
        ("1..8", [(0, 1, 8)]),
        ("64..64", [(0, 64, 64)]),
        ("2,1", [(0, 2, 2), (5000, 1, 1)]),
        ("8, 4 ,2", [(0, 8, 8), (3333, 4, 4), (6666, 2, 2)]),
        ("2,5@1000", [(0, 2, 2), (1000, 5, 5)]),
        ("2,1..8@1000,3@1000", [(0, 2, 2), (1000, 1, 8), (1000, 3, 3)]),
        ("2,5@99999", [(0, 2, 2), (99999, 5, 5)]),  # never
    ],
)
def test_mutation_rates_share_the_budget_or_begin_when_told(
    rate: int | str, expected: list[tuple[int, int, int]]
) -> None:
    settings = Settings(SHAPE, 10_000, rate)
    assert list(settings.rates) == expected
    for evaluations in (0, 999, 1000, 3332, 3333, 4999, 5000, 6666, 9999, 99_999):
        (_, *rates) = [step for step in expected if step[0] <= evaluations][-1]
        assert settings.rates_at(evaluations) == tuple(rates)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"crossover": "full"}, "crossover is 'full'; it must be none with a single tribe"),
        ({"crossover": "partial"}, "crossover is 'partial'; it must be none with a single tribe"),
        (
            {"crossover": "partial", "tribes": 2},
            "crossover-size is 4; it must be a whole number from 1 to 3",
        ),
        (
            {"crossover": "partial", "tribes": 2, "crossover_size": 0},
            "crossover-size is 0; it must be a whole number from 1 to 64",
        ),
        ({"growth": "3x4", "pieces": "1x1"}, "pieces is '1x1'; it must be nothing beside growth"),
        (
            {"abrupt_after": 9, "tribes": 2},
            "abrupt-after is 9; it must be 0 unless war-interval is 0: a war ends it",
        ),
        (
            {"children": 4, "war_interval": 10},
            "war-interval is 10; it must be a multiple of the 4 children",
        ),
        (
            {"children": 4, "drop_interval": 10},
            "drop-interval is 10; it must be a multiple of the 4 children",
        ),
        (
            {"children": 4, "crossover_interval": 10},
            "crossover-interval is 10; it must be a multiple of the 4 children",
        ),
        (
            {"children": 4, "tribes": 2, "migration_interval": 10},
            "migration-interval is 10; it must be a multiple of the 4 children",
        ),
        (
            {"children": 4, "tribes": 3, "topology": "ring", "rewire_interval": 10},
            "rewire-interval is 10; it must be a multiple of the 4 children",
        ),
        ({"migration_interval": 9}, "migration-interval is 9; it must be 0 with a single tribe"),
        ({"topology": "ring"}, "topology is 'ring'; it must be complete with a single tribe"),
        (
            {"topology": "ring", "tribes": 3, "war_interval": 0},
            "topology is 'ring'; it must be complete unless there are wars, migrations or "
            "crossovers, where tribes meet",
        ),
        (
            {"rewire_interval": 9, "tribes": 3},
            "rewire-interval is 9; it must be 0 where all tribes are neighbours",
        ),
        *(
            (
                {"mates": "roulette", "tribes": 3, **others},
                "mates is 'roulette'; it must be uniform unless tribes migrate, or the donor of a "
                "partial crossover is random",
            )
            for others in (
                {},
                {"crossover": "full", "donor": "random"},
                {"crossover": "partial", "crossover_size": 2},
            )
        ),
        (
            {"abrupt_after": 9, "tribes": 2, "war_interval": 0, "migration_interval": 9},
            "abrupt-after is 9; it must be 0 unless migration-interval is 0: a migration ends it",
        ),
        (
            {"parsimony": "pareto", "tribes": 2, "war_interval": 0, "migration_interval": 9},
            "parsimony is 'pareto'; it must be another one beside migration: its tribes do not "
            "compete (--preset plain --war-interval 0)",
        ),
        ({"children": 3}, "children is 3; it must be a divisor of 1024"),
        (
            {"children": 8, "evaluations": 7},
            "evaluations is 7; it must be 8 or more for 1 tribes",
        ),
        (
            {"tribes": 3, "war_interval": 0, "drop_interval": 50, "evaluations": 149},
            "evaluations is 149; it must be 150 or more for 3 tribes",
        ),
    ],
    ids=str,
)
def test_options_that_do_not_go_together(options: dict[str, Any], says: str) -> None:
    refused(options, says)


@pytest.mark.parametrize("sides", [(1, 4), (4, 1)])
def test_a_mesh_of_one_row_or_column_has_no_halves(sides: tuple[int, int]) -> None:
    says = "crossover is 'full'; it must be none or partial in a mesh of one row or column"
    refused({"crossover": "full", "tribes": 2}, says, Shape(*sides, "upm16"))
    Settings(Shape(*sides, "upm16"), crossover="partial", tribes=2, crossover_size=1)


@pytest.mark.parametrize("option", ["growth", "pieces"])
@pytest.mark.parametrize("value", ["x", "3", "3x", "0x4", "3x4,", "3*4", "-1x2", "3x4x5"])
def test_sizes_are_rows_by_columns(option: str, value: str) -> None:
    says = f"{option} is {value!r}; it must be sizes such as 4x4, separated by commas"
    refused({option: value}, says)


@pytest.mark.parametrize("value", ["2x2", "3x4,2x2", "4x4", "3x3,3x4,3x3", "2x4,3x3,3x4", "9x9"])
def test_growth_ends_in_the_whole_mesh_and_never_shrinks(value: str) -> None:
    says = f"growth is {value!r}; it must be sizes that grow to the whole mesh, such as 2x2,3x4"
    refused({"growth": value}, says)
    assert Settings(SHAPE, growth="1x1, 3x2,3x2,3x4").growth_sizes == (
        *((1, 1), (3, 2), (3, 2), (3, 4)),
    )


@pytest.mark.parametrize("value", ["4x4", "3x5", "2x2,3x4"])
def test_pieces_are_no_more_than_rows_and_columns(value: str) -> None:
    says = f"pieces is {value!r}; it must be of the form 2x2, and no more than rows and columns"
    refused({"pieces": value}, says)
    assert Settings(SHAPE, pieces="3x4").piece_grid == (3, 4)


def test_a_start_circuit_has_the_genes_of_the_run() -> None:
    genes = tuple(copy_filter(SHAPE).genes.tolist())
    says = "start is {!r}; it must be a circuit of the run's own rows, cols and function-set"
    for start, wrong in (
        ("circuit", ()),
        ("circuit", genes[:-1]),
        ("circuit", (16, *genes[1:])),
        ("circuit", (*genes[:-1], -1)),
        ("copy", genes),
        ("random", genes),
    ):
        refused({"start": start, "start_genes": wrong}, says.format(start))
    Settings(SHAPE, start="circuit", start_genes=genes)


@pytest.mark.parametrize(
    ("topology", "edges"),
    [
        ("file", ()),
        ("ring", ((0, 1),)),
        ("complete", ((0, 1),)),
        *(
            ("file", ((0, 1), wrong))
            for wrong in ((0, 3), (2, 1), (1, 1), (-1, 1), (0, 1), (0, 1, 2), (1,), (0.5, 1))
        ),
        ("file", ((1, 2), (0, 1))),
        ("file", ((0, 1), (1, True))),
    ],
    ids=str,
)
def test_edges_are_those_of_a_file_and_join_tribes(topology: str, edges: Any) -> None:
    says = f"topology is {topology!r}; it must be a graph of which the tribes are the nodes"
    refused({"topology": topology, "edges": edges, "tribes": 3}, says)
    Settings(SHAPE, topology="file", edges=((0, 1), (1, 2)), tribes=3)


def test_an_epoch_is_the_greatest_common_divisor_of_the_intervals_in_use() -> None:
    for options, epoch in (
        ({}, 1024),
        ({"war_interval": 7}, 1024),  # a single tribe has no wars
        ({"tribes": 2, "war_interval": 60}, 60),
        ({"tribes": 2, "war_interval": 60, "drop_interval": 90}, 30),
        ({"tribes": 2, "war_interval": 0, "drop_worse": 5}, 1024),
        ({"tribes": 2, "war_interval": 0, "crossover": "full", "crossover_interval": 8192}, 8192),
        ({"tribes": 2, "war_interval": 1536, "drop_worse": 5}, 512),
        ({"abrupt_after": 9}, 1024),
        ({"tribes": 2, "war_interval": 60, "migration_interval": 40}, 20),
        ({"tribes": 3, "war_interval": 60, "topology": "ring", "rewire_interval": 45}, 15),
    ):
        assert Settings(SHAPE, **options).epoch == epoch
