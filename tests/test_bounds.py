# SPDX-License-Identifier: Apache-2.0
"""Absurd numbers: every option refuses them at once, before a list is made or work begins."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evoarray.evolution.export.verilog import stages_of
from evoarray.evolution.filter import settings as filters
from evoarray.evolution.filter.presets import settings_of as filter_settings
from evoarray.evolution.filter.topology import read_edges
from evoarray.evolution.guided import settings as guided
from evoarray.evolution.guided.tsplib import read_tsplib
from evoarray.evolution.neuro import settings as neuro
from evoarray.evolution.neuro.algorithms import settings_of as neuro_settings
from evoarray.evolution.neuro.filtered import settings as filtered
from evoarray.evolution.neuro.neat import settings as neat
from evoarray.evolution.options import LARGEST, LARGEST_SEED, chosen
from evoarray.evolution.simplify.graph import Constant
from evoarray.evolution.studies.spec import MOST_SETTINGS, parse_spec
from evoarray.model.errors import InputError
from tests.conftest import Evoarray

Make = Callable[[dict[str, Any]], object]

FAMILIES: list[tuple[str, Any, Make]] = [
    ("filters", filters.OPTIONS, filter_settings),
    ("networks", guided.OPTIONS, lambda o: guided.GuidedSettings(**chosen(o, guided.OPTIONS))),
    ("neuro", neuro.OPTIONS, neuro_settings),
    ("neat", neat.OPTIONS, lambda o: neuro_settings({"algorithm": "neat", **o})),
    ("digits", filtered.OPTIONS, lambda o: filtered.FilterSettings(**chosen(o, filtered.OPTIONS))),
]
DIGITS = "9" * 5000
"""A number of more digits than Python reads or writes."""


def numbers() -> Iterator[Any]:
    for family, options, make in FAMILIES:
        for each in options:
            if each.metadata["kind"] in {int, float}:
                name = each.name.replace("_", "-")
                yield pytest.param(make, name, id=f"{family}-{name}")


@pytest.mark.parametrize(("make", "name"), list(numbers()))
def test_every_number_has_a_largest_one(make: Make, name: str) -> None:
    for value in (LARGEST_SEED + 1, -(10**30), 10**400):
        with pytest.raises(InputError) as refused:
            make({name: value})
        assert str(refused.value).startswith(f"{name} is ")
        assert len(str(refused.value)) < 200
    with pytest.raises(InputError, match=f"^{name} is "):
        make({name: float("nan")})


def test_the_largest_number_is_named_to_who_exceeds_it() -> None:
    with pytest.raises(InputError, match=f"it must be a whole number from 1 to {LARGEST}$"):
        filter_settings({"evaluations": LARGEST + 1})
    with pytest.raises(InputError, match=r"it must be a whole number from 1 up$"):
        filter_settings({"evaluations": 0})


@pytest.mark.parametrize(
    ("make", "options", "says"),
    [
        (FAMILIES[0][2], {"crossover-attempts": 4097}, "from 1 to 4096"),
        (FAMILIES[0][2], {"mutation-rate": DIGITS}, "a whole number from 1 to 64"),
        (FAMILIES[0][2], {"mutation-rate": "2,1@" + DIGITS}, "a whole number from 1 to 64"),
        (FAMILIES[0][2], {"temperature": "0." + "1" * 5000}, "a part from 0 to 1"),
        (FAMILIES[0][2], {"size": DIGITS + "x8"}, "of the form 8x8"),
        (FAMILIES[0][2], {"growth": DIGITS + "x8"}, "sizes such as 4x4"),
        (FAMILIES[0][2], {"pieces": DIGITS + "x8"}, "sizes such as 4x4"),
        (FAMILIES[0][2], {"sample": DIGITS}, "auto, all, or a whole number"),
        (FAMILIES[1][2], {"generations": 100_001}, "from 1 to 100000"),
        (FAMILIES[1][2], {"algorithm": "small-world", "swaps": 10_001}, "from 0 to 10000"),
        (
            FAMILIES[1][2],
            {"algorithm": "small-world", "neighbours": 50},
            "less than the population, 50",
        ),
        (
            FAMILIES[1][2],
            {"algorithm": "scale-free", "attached": 50},
            "less than the population, 50",
        ),
        (FAMILIES[2][2], {"layers": "64-" + DIGITS + "-10"}, "numbers from 1 to 4096"),
        (FAMILIES[2][2], {"layers": "64-4096-4096-10"}, "no more than 1,048,576 weights"),
    ],
)
def test_numbers_that_would_take_for_ever(make: Make, options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as refused:
        make(options)
    assert len(str(refused.value)) < 250


def test_a_grid_is_counted_before_it_is_made() -> None:
    """Ten options of ten values each are more settings than any machine has room for."""
    names = [each.name.replace("_", "-") for each in guided.OPTIONS][:10]
    grid = "".join(f"{name} = {list(range(10))}\n" for name in names)
    with pytest.raises(InputError, match=rf"there are 10,000,000,000 settings.* {MOST_SETTINGS:,}"):
        parse_spec(f'kind = "networks"\n[grid]\n{grid}', "spec.toml")


@pytest.mark.parametrize("runs", [10**9, 10**30])
@pytest.mark.parametrize("by", ["option", "spec"])
def test_runs_are_counted_before_they_are_listed(
    evoarray: Evoarray, tmp_path: Path, runs: int, by: str
) -> None:
    options = ["--runs", runs] if by == "option" else []
    text = f'kind = "networks"\nruns = {runs if by == "spec" else 2}\n[grid]\nseed = [1, 2]\n'
    (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
    ended = evoarray("study", "spec.toml", "-o", "st", *options)
    assert (ended.status, ended.out) == (2, "")
    assert f"runs is {runs}; it must be up to 500000 of each of 2 settings" in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    "shard",
    [f"1/{DIGITS}", f"{DIGITS}/1", "1/2/3", "0/2", "3/2", "1/-2", "²/3"],
    ids=lambda shard: shard[:5],
)
def test_shards(evoarray: Evoarray, shard: str) -> None:
    ended = evoarray("study", "spec.toml", "-o", "st", "--shard", shard)
    assert ended.status == 2
    assert "it must be I/N, with I from 1 to N" in ended.err
    assert len(ended.err) < 250


@pytest.mark.parametrize("option", ["--rows", "--seed", "--seconds", "--workers"])
def test_a_number_of_thousands_of_digits_is_not_quoted_whole(
    evoarray: Evoarray, option: str
) -> None:
    ended = evoarray("evolve", "noisy.png", "clean.png", "-o", "run", option, DIGITS + "x")
    assert ended.status == 2
    assert f"Invalid value for '{option}'" in ended.err
    assert "': '9999" in ended.err
    assert len(ended.err) < 250


def test_files_with_numbers_of_thousands_of_digits(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"DIMENSION is '9+.*a whole number from 3 to"):
        read_tsplib(f"TYPE : TSP\nDIMENSION : {DIGITS}\nEOF\n", "long.tsp")
    with pytest.raises(InputError, match="it must be none, full, or a number up to 0"):
        stages_of(Constant(0), DIGITS)
    graph = tmp_path / "graph"
    graph.write_text(f"{DIGITS} 10\n10 9\n", encoding="utf-8")
    assert read_edges(graph, 3) == ((0, 1), (1, 2))  # 9, 10, and the long one
