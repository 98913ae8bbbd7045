# SPDX-License-Identifier: Apache-2.0
"""Evolve networks."""

from pathlib import Path
from typing import Any

import click

from evoarray.api.network_evolution import OWN, begin
from evoarray.commands.options import (
    config_option,
    console,
    given,
    json_lines_option,
    output_option,
    with_options,
)
from evoarray.evolution.backends.ready import SIMULATORS
from evoarray.evolution.neuro.neat import settings as neat
from evoarray.evolution.neuro.settings import OPTIONS


@click.command()
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
    no effect with the others is refused.
    """
    options = given(click.get_current_context())
    begin(
        {name: value for name, value in options.items() if name in OWN},
        output,
        replay=replay,
        console=console(json_lines),
        json_lines=json_lines,
    )
