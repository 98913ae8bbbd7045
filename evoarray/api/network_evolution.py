# SPDX-License-Identifier: Apache-2.0
"""Evolution of a network from Python: from options to a run, with its network and curve.

Start reading at `evolve_network`. The command `evoarray neuro` calls `begin`, as it does.
"""

import inspect
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import Field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from evoarray.api.network_watching import NetworkCallback, bar_of, watch_of
from evoarray.api.watching import quiet_console
from evoarray.evolution.backends.ready import SIMULATORS
from evoarray.evolution.effects import refuse_idle
from evoarray.evolution.neuro.algorithms import settings_of
from evoarray.evolution.neuro.neat import settings as neat
from evoarray.evolution.neuro.run import NeuroJob, Watch, run
from evoarray.evolution.neuro.settings import OPTIONS
from evoarray.evolution.options import by_option
from evoarray.model.errors import InputError, refuse
from evoarray.model.temporary import TemporaryFolder

if TYPE_CHECKING:
    from evoarray.api.network_runs import NetworkRun

OWN: Mapping[str, Field[Any]] = {
    **by_option(OPTIONS),
    **{
        name: each
        for name, each in by_option(neat.OPTIONS).items()
        if name not in by_option(OPTIONS)
    },
}
"""The options that say how to evolve, named as on the command line, and what they are."""


def evolve_network(
    *,
    output: str | os.PathLike[str] | None = None,
    replay: str | None = None,
    callback: NetworkCallback | None = None,
    progress: bool | None = None,
    **options: Any,
) -> "NetworkRun":
    """Evolve a small int8 network that reads handwritten digits, and return the run.

    The options are those of the command `evoarray neuro --help`, with _ for -, such as algorithm,
    layers, evaluations, size and seed, and have the same defaults; with the algorithm "neat" a
    network grows that learns `problem`, and some options have others, which the help shows. Of
    1,797 digits (1, 8, 8) int8 it learns from 1,000, is selected by 397, and is tested on 400
    (Alpaydin and Kaynak, UCI, 1998). The same seed ends in the same network with any backend. To
    learn samples of your own, see `Classifier`.

    output is the run's folder, which must not exist yet; without one the run is kept in a
    temporary folder for as long as this object lives. replay names the simulator, icarus or
    verilator, in which the network is checked on the RTL, logit by logit. callback is told how
    things stand whenever the fittest network was validated, `interval` evaluations after the last
    time, and stops the run by returning True. progress shows how the run goes on; by default it
    does so in notebooks.

    Raises InputError for whatever cannot be used, or has no effect, and MismatchError if the RTL
    differs from the model. KeyboardInterrupt leaves a run in output that `resume` continues.
    """
    temporary = TemporaryFolder() if output is None else None
    folder = Path(temporary.name, "run") if temporary else Path(os.fspath(output or ""))
    shown = ", ".join(f"{name}={value!r}" for name, value in options.items())
    begin(
        {name.replace("_", "-"): value for name, value in options.items()},
        folder,
        replay=replay,
        command=f"evoarray.evolve_network({shown})",
        watch=lambda job: watch_of(job, callback, progress),
        bar=bar_of(progress),
    )
    # To read a run takes more modules than to evolve, which commands need not wait for.
    from evoarray.api.network_runs import NetworkRun

    return NetworkRun(folder, temporary)


def begin(
    options: Mapping[str, Any],
    folder: Path,
    *,
    replay: str | None = None,
    command: str = "",
    watch: Callable[[NeuroJob], Watch] | None = None,
    bar: Console | None = None,
    console: Console | None = None,
    json_lines: bool = False,
) -> None:
    """Do what `evolve_network` does, with options as on the command line, and fill the folder."""
    for name in options:
        if name not in OWN:
            legal = ", ".join(sorted(each.replace("-", "_") for each in OWN))
            raise InputError(f"{name.replace('-', '_')} is no option; the options are {legal}")
    if replay is not None and replay not in SIMULATORS:
        refuse("replay", replay, f"one of {', '.join(SIMULATORS)}")
    settings = settings_of(options)
    refuse_idle(options, settings)
    command = command or shlex.join(["evoarray", *sys.argv[1:]])
    job = NeuroJob.of(settings, replay, folder, command)
    run(job, console or quiet_console(), json_lines=json_lines, watch=watch, bar=bar)


def _signature() -> inspect.Signature:
    """Return what `help` shows: each option with its default, of which the settings are the place.

    Where the algorithm neat has another one, that of the others is shown, as in the command's help.
    """
    *alone, _ = inspect.signature(evolve_network).parameters.values()
    named = [
        inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=each.type
        )
        for each in OWN.values()
    ]
    return inspect.signature(evolve_network).replace(parameters=[*named, *alone])


evolve_network.__signature__ = _signature()  # type: ignore[attr-defined]
