# SPDX-License-Identifier: Apache-2.0
"""An option that the others make meaningless is refused, in every family, where a user gave it."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from evoarray.evolution.effects import idle
from evoarray.evolution.filter.settings import Settings
from evoarray.evolution.guided.settings import GuidedSettings
from evoarray.evolution.neuro.algorithms import settings_of as network_settings
from evoarray.evolution.neuro.filtered.settings import FilterSettings
from evoarray.evolution.neuro.neat.settings import NeatSettings
from evoarray.evolution.neuro.settings import NeuroSettings
from evoarray.evolution.studies.spec import parse_spec
from evoarray.evolution.studies.store import StudyStore
from evoarray.model.errors import InputError
from evoarray.model.filter.circuit import Shape, copy_filter, write_circuit
from tests.conftest import Evoarray

EVOLVE = ("evolve", "noisy.png", "clean.png", "-o", "run", "--preset", "plain")
SINGLE = "has no effect with a single tribe; leave it out, or give more tribes"
NO_DROP = "survivors has no effect where no tribe is dropped; leave it out, or give drop-interval"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--war-interval 2048", f"war-interval {SINGLE}"),
        ("--drop-interval 2048", f"drop-interval {SINGLE}"),
        ("--drop-worse 10", f"drop-worse {SINGLE}"),
        ("--survivors 3", NO_DROP),
        ("--survivors 2 --tribes 4", NO_DROP),
        ("--donor random", "donor has no effect with crossover none; leave it out, or give cross"),
        ("--tribes 2 --crossover full --donor best", "donor has no effect with crossover full;"),
        ("--tribes 2 --crossover full --crossover-size 2", "crossover-size has no effect with"),
        ("--crossover-attempts 8", "crossover-attempts has no effect with crossover none; leave"),
        ("--crossover-interval 2048", "crossover-interval has no effect with crossover none;"),
        ("--abrupt-rate 3", "abrupt-rate has no effect without abrupt changes; leave it out, or g"),
        ("--lut-weight 8", "lut-weight has no effect with parsimony none; leave it out, or give"),
        ("--lut-weight 3 --parsimony tie", "lut-weight has no effect with parsimony tie;"),
    ],
)
def test_of_filters(evoarray: Evoarray, images: Path, options: str, says: str) -> None:
    ended = evoarray(*EVOLVE, "--evaluations", 8192, *options.split())
    assert ended.status == 2
    assert says in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not (images / "run").exists()


@pytest.mark.usefixtures("images")
@pytest.mark.parametrize(
    "options",
    [
        "--preset thesis --evaluations 36864 --survivors 2",
        "--preset annealing --evaluations 64 --tribes 1",  # a preset has no word
        "--war-interval 0 --drop-interval 0",  # that there are none is true
        "--tribes 2 --crossover partial --donor best --crossover-attempts 2 --crossover-size 2",
        "--parsimony weight --lut-weight 3",
        "--abrupt-after 64 --abrupt-rate 3",
        "--survivors 1 --donor second --lut-weight 16 --war-interval 1024",  # nothing but defaults
    ],
)
def test_what_has_an_effect_or_was_not_given_is_taken(evoarray: Evoarray, options: str) -> None:
    ended = evoarray(*EVOLVE, "--evaluations", 4096, "--rows", 4, "--cols", 4, *options.split())
    assert ended.status == 0, ended.err


def test_of_a_file_of_options(evoarray: Evoarray, images: Path) -> None:
    (images / "options.toml").write_text('donor = "best"\n', encoding="utf-8")
    ended = evoarray(*EVOLVE, "--config", "options.toml")
    assert ended.status == 2
    assert "donor has no effect with crossover none" in ended.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--algorithm ga --children 9", "children has no effect with algorithm ga; leave it out"),
        ("--filters 5", "filters has no effect with algorithm one-plus-lambda; leave it out"),
        ("--size 0 --counts stored", "counts has no effect with size 0; leave it out"),
        ("--smooth 0 --accuracy 1 --scale 12", "scale has no effect with smooth 0; leave it out"),
        ("--layers 64-10 --shift 8", "shift has no effect with layers 64-10, of which none is"),
        ("--algorithm ga --encoding permutation --step 3", "step has no effect with encoding perm"),
        ("--algorithm neat --smooth 0 --scale 13", "scale has no effect with smooth 0"),
    ],
)
def test_of_networks(evoarray: Evoarray, options: str, says: str) -> None:
    ended = evoarray("neuro", "-o", "run", *options.split())
    assert ended.status == 2
    assert says in ended.err
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        ({"algorithm": "traditional"}, "swaps", 3),
        ({"algorithm": "small-world"}, "attached", 3),
        ({"algorithm": "scale-free"}, "neighbours", 6),
        ({"algorithm": "scale-free"}, "preference", "rank"),
        ({"algorithm": "scipy"}, "factor", 0.7),
        ({"problem": "tsp"}, "dimensions", 3),
        ({"problem": "tsp", "file": "x.tsp"}, "cities", 9),
        ({"problem": "knapsack"}, "cities", 9),
        ({"problem": "ackley"}, "instance", 3),
    ],
)
def test_of_guided_evolution(settings: dict[str, Any], name: str, value: Any) -> None:
    made = GuidedSettings(**{**settings, name: value})
    found = idle([name, "seed", "population"], made)
    assert list(found) == [name]
    assert found[name].startswith(f"{name} has no effect ")


@pytest.mark.parametrize(
    ("algorithm", "name", "value"),
    [
        ("one-plus-lambda", "elite", 1),
        ("pso", "children", 3),
        ("logistic", "scale", 12),
        ("deepga", "children", 5),
        ("newt", "epochs", 5),
        ("neat-python", "step", 8),
    ],
)
def test_of_algorithms_of_networks(algorithm: str, name: str, value: Any) -> None:
    options = {"algorithm": algorithm, "seed": 3, name: value}
    says = f"{name} has no effect with algorithm {algorithm}; leave it out"
    assert idle(options, network_settings(options)) == {name: says}


def test_of_filters_before_networks() -> None:
    made = FilterSettings(algorithm="median", children=5, network="x", seed=3)
    assert list(idle(["seed", "children", "network"], made)) == ["children"]


@pytest.mark.parametrize(
    "made",
    [
        Settings(Shape(4, 4, "upm16")),
        *(kind() for kind in (GuidedSettings, NeuroSettings, NeatSettings, FilterSettings)),
    ],
    ids=lambda made: type(made).__name__,
)
def test_the_rules_name_fields(made: Any) -> None:
    names = {each.name for each in fields(made)}
    options = {name for effect in made.effects for name in effect.options}
    assert options
    assert options <= names
    for effect in made.effects:
        assert effect.when(made) in {True, False}
        effect.otherwise.format_map(vars(made))
    # Of what nobody has set, nothing is refused.
    assert not idle(names, made)


# --- studies

SPEC = """
kind = "networks"
[options]
generations = 2
{options}
[grid]
{grid}
"""


def spec(options: str = "", grid: str = "seed = [1]", *, stored: bool = False) -> Any:
    return parse_spec(SPEC.format(options=options, grid=grid), "spec.toml", stored=stored)


def test_an_option_for_all_settings_needs_an_effect_in_one_of_them() -> None:
    mixed = 'algorithm = ["traditional", "small-world"]'
    assert len(spec("swaps = 2", mixed).settings) == 2
    with pytest.raises(InputError) as refused:
        spec("swaps = 2")
    assert str(refused.value) == (
        "spec.toml: options: swaps has no effect with algorithm traditional, where all are "
        "neighbours; leave it out"
    )


def test_an_option_of_a_setting_needs_an_effect_there() -> None:
    with pytest.raises(InputError, match="setting 'algorithm traditional, swaps 2': swaps has no"):
        spec(grid='algorithm = ["small-world", "traditional"]\nswaps = [2]')


def test_what_a_study_has_found_can_be_read_where_its_options_would_be_refused(
    evoarray: Evoarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been done before there was this rule."""
    (tmp_path / "spec.toml").write_text(SPEC.format(options="swaps = 2", grid="seed = [1]"))
    with monkeypatch.context() as before:
        before.setattr("evoarray.evolution.studies.spec.idle", lambda *_: {})
        ended = evoarray("study", "spec.toml", "-o", "st", "--runs", 1, "--workers", 1)
    assert ended.status == 0, ended.err
    assert evoarray("study", "spec.toml", "-o", "st", "--runs", 2).status == 2
    with StudyStore(tmp_path / "st", writes=False) as store:
        assert len(store.results().good) == 1


# --- other commands


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--runs 3 --quick", "quick has no effect beside runs; leave one of them out"),
        ("--workers 2 --cluster tcp://x:1", "workers has no effect beside cluster; leave one"),
    ],
)
def test_of_a_study(evoarray: Evoarray, options: str, says: str) -> None:
    ended = evoarray("study", "spec.toml", "-o", "st", *options.split())
    assert ended.status == 2
    assert says in ended.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--language c --pipeline none", "pipeline goes with the language verilog"),
        ("--convert", "--convert has no effect without --test-pair; leave it out"),
    ],
)
def test_of_an_export(evoarray: Evoarray, images: Path, options: str, says: str) -> None:
    write_circuit(images / "circuit.json", copy_filter(Shape(2, 2, "upm16")))
    ended = evoarray("export", "circuit.json", "-o", "out", *options.split())
    assert ended.status == 2
    assert says in ended.err
