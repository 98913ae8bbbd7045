# SPDX-License-Identifier: Apache-2.0
"""The help tells the truth: each default that it shows is what a run without options uses."""

import re
from dataclasses import asdict, fields
from inspect import signature
from typing import Any

import click
import pytest

import evoarray as interface
from evoarray.api.evolving import OWN
from evoarray.cli import commands
from evoarray.commands.grouping import Grouped
from evoarray.evolution.effects import refuse_idle
from evoarray.evolution.filter.presets import settings_of
from evoarray.evolution.neuro.algorithms import settings_of as settings_of_network
from evoarray.evolution.neuro.neat.settings import NEAT
from evoarray.model.errors import InputError
from tests.conftest import Evoarray


def shown(evoarray: Evoarray, command: str) -> dict[str, str]:
    """Return the defaults that the help of a command shows, by the names of options."""
    # Without headings. Paragraphs before the options are indented, too, but have no dash.
    text = re.sub(r"\n\n\S.*:\n", "\n", evoarray(command, "--help").out)
    found = {}
    for entry in re.split(r"\n  (?=-)", text)[1:]:
        line = re.sub(r"\s*\n\s*", " ", entry)
        names = re.findall(r"(?<![\w-])--([a-z-]+)", line.partition("  ")[0])
        default = re.search(r"\[default: (.*)\]$", line)
        for name in names:
            found[name] = default[1].replace(" ", "").strip("()") if default else ""
    return found


def as_shown(value: object) -> str:
    return '""' if value == "" else str(value).replace(" ", "")


def test_of_filters(evoarray: Evoarray) -> None:
    told = shown(evoarray, "evolve")
    settings = settings_of({})
    values: dict[str, Any] = {**asdict(settings), "function_set": settings.shape.function_set}
    values |= {"size": f"{settings.shape.rows}x{settings.shape.cols}", "preset": "annealing"}
    options = [name.replace("-", "_") for name in OWN - {"rows", "cols"}]
    assert len(options) > 30
    for name in options:
        assert told[name.replace("_", "-")] == as_shown(values[name]), name


@pytest.mark.parametrize("algorithm", ["one-plus-lambda", NEAT])
def test_of_networks(evoarray: Evoarray, algorithm: str) -> None:
    told = shown(evoarray, "neuro")
    settings = settings_of_network({"algorithm": algorithm})
    seen = 0
    for each in fields(settings):
        name = each.name.replace("_", "-")
        if name == "algorithm" or name not in told:
            continue
        default = told[name]
        if ";neat:" in default:
            default = default.split(";neat:")[algorithm == NEAT]
        assert default == as_shown(getattr(settings, each.name)), name
        seen += 1
    assert seen > 12


@pytest.mark.parametrize("name", ["evolve", "neuro"])
def test_every_option_has_its_place_in_the_help(evoarray: Evoarray, name: str) -> None:
    command = commands.commands[name]
    assert isinstance(command, Grouped)
    placed = [option for names in command.groups.values() for option in names]
    named = [each.name for each in command.params if isinstance(each, click.Option)]
    assert sorted(placed) == sorted([*map(str, named), "help"])
    said = evoarray(name, "--help").out
    for heading in command.groups:
        assert f"\n{heading}:\n" in said


@pytest.mark.parametrize("algorithm", ["one-plus-lambda", "ga", "es", "newt", "mlp", NEAT])
def test_the_help_of_an_algorithm_has_its_options_alone(evoarray: Evoarray, algorithm: str) -> None:
    """An option that is not among them is refused."""
    option = r"\n  --([a-z-]+)"
    said = set(re.findall(option, evoarray("neuro", "--algorithm", algorithm, "--help").out))
    every = set(re.findall(option, evoarray("neuro", "--help").out))
    assert {"seed", "algorithm"} <= said < every

    def is_refused(name: str, value: object) -> bool:
        options = {"algorithm": algorithm, name: value}
        try:
            refuse_idle(options, settings_of_network(options))
        except InputError:
            return True
        return False

    choices = {"encoding": "masked", "counts": "stored", "activation": "tanh", "backend": "model"}
    for name in every - said:
        values = [choices[name]] if name in choices else [1, 2]  # one of them is no default
        assert any(is_refused(name, value) for value in values), name
    settings = settings_of_network({"algorithm": algorithm})
    for name in said & {each.name.replace("_", "-") for each in fields(settings)}:
        assert not is_refused(name, getattr(settings, name.replace("-", "_"))), name


OF_COMMANDS = {"config", "json_lines", "convert"}
"""Options that read files of options or of colours, or print what a function returns."""

GIVEN = {"noisy", "clean", "output", "folder", "spec", "shards"}
"""What has to be given."""

OF_FUNCTIONS = {"callback", "progress", "fitness"}
"""Parameters that are functions, or show the run as the console of a command does."""


@pytest.mark.parametrize(
    ("function", "path", "words"),
    [
        (interface.evolve, ("evolve",), ("noisy.png", "clean.png", "-o", "run")),
        (interface.evolve_network, ("neuro",), ("-o", "run")),
        (interface.resume, ("resume",), ("run",)),
        (interface.study, ("study", "run"), ("spec.toml", "-o", "study")),
        (interface.Study.merge, ("study", "merge"), ("one", "two", "-o", "study")),
    ],
)
def test_a_function_has_the_options_and_defaults_of_its_command(
    function: Any, path: tuple[str, ...], words: tuple[str, ...]
) -> None:
    command: click.Command = commands
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    told = command.make_context(path[-1], [*words]).params
    known = signature(function).parameters
    if "options" not in known:  # as in evolve, whose options test_of_filters looks at
        assert told.keys() - OF_COMMANDS == known.keys() - OF_FUNCTIONS
    for name in told.keys() & known.keys():
        if name not in GIVEN:
            assert told[name] == known[name].default, name
