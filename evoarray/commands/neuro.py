# SPDX-License-Identifier: Apache-2.0
"""Evolve networks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from evoarray.api.network_evolution import OWN, begin
from evoarray.commands.grouping import Grouped
from evoarray.commands.options import (
    config_option,
    console,
    given,
    json_lines_option,
    output_option,
    with_options,
)
from evoarray.evolution.backends.ready import SIMULATORS
from evoarray.evolution.neuro.algorithms import used_with
from evoarray.evolution.neuro.neat import settings as neat
from evoarray.evolution.neuro.settings import OPTIONS

GROUPS = {
    "Run": ("output", "config", "algorithm", "problem", "seed", "backend", "replay", "json_lines"),
    "Budget": ("evaluations", "interval"),
    "Networks": ("layers", "activation", "shift", "blocks", "filters", "hidden"),
    "Fitness": ("accuracy", "smooth", "scale", "size", "counts", "most", "copies"),
    "Weights": ("encoding", "spread", "density", "step", "rate", "zeroes", "anywhere"),
    "Selection": ("children", "temperature", "population", "tournament", "elite", "learning_rate"),
    "Architecture": ("trials", "epochs", "crossover_rate", "structure_rate", "mutation_rate"),
    "NEAT": (
        *("add_node", "add_connection", "mutates", "part"),
        *("excess", "disjoint", "weights", "threshold"),
    ),
    "Help": ("help",),
}


def _unused(given: Mapping[str, Any]) -> frozenset[str]:
    """Return the options that have no effect with the algorithm, if one was given."""
    algorithm = given.get("algorithm")
    if algorithm is None:
        return frozenset()
    return frozenset(name.replace("-", "_") for name in OWN) - used_with(algorithm)


@click.command(cls=Grouped, groups=GROUPS, unused=_unused)
@output_option(metavar="DIR", help="The run folder; it must not exist yet.")
@with_options(OPTIONS, neat.NEAT, neat.OPTIONS)
@config_option
@click.option(
    "--replay",
    type=click.Choice(SIMULATORS),
    help="Check the champion, logit by logit, on the RTL in this simulator.",
)
@json_lines_option
def neuro(output: Path, replay: str | None, json_lines: bool, **_: Any) -> None:
    """Evolve a small int8 network that reads handwritten digits.

    Leaves in DIR the network, its accuracy and confusion matrix, and all that is needed to repeat
    the run. Of 1,797 digits it learns from 1,000, is selected by 397, and is tested on 400. With
    the algorithm neat a network grows that learns the problem asked for. An option that has
    no effect with the others is refused: `evoarray neuro --algorithm ga --help` shows those that
    have one with an algorithm.
    """
    options = given(click.get_current_context())
    begin(
        {name: value for name, value in options.items() if name in OWN},
        output,
        replay=replay,
        console=console(json_lines),
        json_lines=json_lines,
    )
