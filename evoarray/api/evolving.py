# SPDX-License-Identifier: Apache-2.0
"""Evolution of a filter from Python: from two arrays to a run, with its circuit, curve and proof.

Start reading at `evolve`. The command `evoarray evolve` calls `begin`, as it does.
"""

import hashlib
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from evoarray.api.circuits import Circuit, check_backend
from evoarray.api.images import Image, Pair, Read, read_pair
from evoarray.api.watching import Callback, Stop, quiet_console, view_of
from evoarray.api.workers import workers_of
from evoarray.evolution.backends.ready import SIMULATORS
from evoarray.evolution.effects import refuse_idle
from evoarray.evolution.filter.comparison import Photo, photo_of
from evoarray.evolution.filter.goals import Cost
from evoarray.evolution.filter.presets import NAMES, settings_of, shape_of, with_preset
from evoarray.evolution.filter.runs import run as runs
from evoarray.evolution.filter.runs.job import Job, provenance
from evoarray.evolution.filter.runs.progress import View
from evoarray.evolution.filter.settings import TOPOLOGIES
from evoarray.evolution.filter.topology import Edges, read_edges
from evoarray.model.errors import InputError, refuse
from evoarray.model.filter import circuit as model
from evoarray.model.filter.circuit import read_circuit
from evoarray.model.temporary import TemporaryFolder

if TYPE_CHECKING:
    from evoarray.api.runs import Run

OWN = frozenset(NAMES)
"""The options that say how to evolve, named as on the command line."""


def evolve(
    noisy: Image,
    clean: Image,
    *,
    size: str = "8x8",
    seconds: float = 0.0,
    fitness: str | Cost = "sae",
    output: str | os.PathLike[str] | None = None,
    backend: str = "fast",
    workers: int | None = None,
    train_pair: Sequence[Pair] = (),
    test_pair: Sequence[Pair] = (),
    after: Sequence[Circuit | str | os.PathLike[str]] = (),
    replay: str | None = None,
    convert: bool = False,
    callback: Callback | None = None,
    progress: bool | None = None,
    **options: Any,
) -> "Run":
    """Evolve a filter that turns a noisy image into a clean one, and return the run.

    noisy and clean are arrays (H, W) uint8, or names of files; train_pair are more pairs to evolve
    on, whose errors are added, test_pair are pairs that evolution does not see. after are the
    circuits that come before this one in a cascade. size is rows x columns of the array; seconds is
    how long it may take, 0 for as long as `evaluations` need. fitness is what is made as low as can
    be: "sae", the sum of absolute errors, "squared", that of squared errors, or a function of a
    filtered image and the clean one, both (H, W) uint8, that returns a number from 0 to 1e12; of
    several pairs the numbers are added, to six places. For evoarray.Batched(function) the function
    takes many filtered images at once, (n, H, W), and returns n numbers. With a function,
    target_sae and lut_weight are in millionths. The other options are those of the command
    `evoarray evolve --help`, with _ for -, such as preset, evaluations, tribes, mutation_rate,
    functions, temperature, parsimony, start and seed, and have the same defaults. The same seed
    ends in the same circuit with any backend and any number of workers.

    output is the run's folder, which must not exist yet; without one the run is kept in a
    temporary folder for as long as this object lives. callback is told several times a second how
    things stand, and stops the run by returning True. progress shows the curve as it falls; by
    default it does so in notebooks.

    Raises InputError for whatever cannot be used. KeyboardInterrupt leaves a run in output that
    `resume` continues.
    """
    temporary = TemporaryFolder() if output is None else None
    folder = Path(temporary.name, "run") if temporary else Path(os.fspath(output or ""))
    cost = fitness if callable(fitness) else None
    given = {"size": size, "seconds": seconds, "fitness": "own" if cost else fitness} | options
    shown = ", ".join(f"{name}={value!r}" for name, value in given.items())
    with suppress(Stop):
        begin(
            noisy,
            clean,
            {name.replace("_", "-"): value for name, value in given.items()},
            folder,
            backend=backend,
            workers=workers,
            train_pair=train_pair,
            test_pair=test_pair,
            after=after,
            replay=replay,
            convert=convert,
            command=f"evoarray.evolve({shown})",
            view=lambda job: view_of(job, callback, progress),
            drawings=output is not None,
            cost=cost,
        )
    # To read a run takes more modules than to evolve, which commands need not wait for.
    from evoarray.api.runs import Run

    return Run(folder, temporary, cost)


def begin(
    noisy: Image,
    clean: Image,
    options: Mapping[str, Any],
    folder: Path,
    *,
    backend: str = "fast",
    workers: int | None = None,
    train_pair: Sequence[Pair] = (),
    test_pair: Sequence[Pair] = (),
    after: Sequence[Circuit | str | os.PathLike[str]] = (),
    replay: str | None = None,
    convert: bool = False,
    command: str = "",
    view: Callable[[Job], View] | None = None,
    drawings: bool = True,
    console: Console | None = None,
    json_lines: bool = False,
    cost: Cost | None = None,
) -> None:
    """Do what `evolve` does, with options named as on the command line, and fill the folder."""
    unknown = [name for name in options if name not in OWN]
    if unknown:
        raise InputError(
            f"{unknown[0].replace('-', '_')} is no option; the options are "
            + ", ".join(sorted(name.replace("-", "_") for name in OWN))
        )
    check_backend(backend)
    processes = workers_of(workers)
    if replay is not None and replay not in SIMULATORS:
        refuse("replay", replay, f"one of {', '.join(SIMULATORS)}")
    options = dict(options)
    start_genes, edges = _start(options), _edges(options)
    settings = settings_of(options, start_genes, edges)
    if settings.fitness == "own" and cost is None:
        refuse("fitness", settings.fitness, "sae or squared, or in Python a function")
    refuse_idle(options, settings)
    before = [_circuit(each) for each in after]
    training = [read_pair((noisy, clean), "", convert=convert)]
    training += _read(train_pair, "train_pair", convert=convert)
    held_out = _read(test_pair, "test_pair", convert=convert)
    circuits = [each.configuration for each in before]
    origin = provenance(
        settings,
        backend,
        [(noisy.identity, clean.identity) for noisy, clean in training],
        [_identity(each) for each in after],
    )
    job = Job(
        settings,
        _photos(training, circuits),
        _photos(held_out, circuits),
        backend,
        processes,
        replay,
        folder,
        origin,
        circuits,
        command or shlex.join(["evoarray", *sys.argv[1:]]),
        cost,
    )
    watch = None if view is None else view(job)
    runs.run(
        job,
        console or quiet_console(),
        json_lines=json_lines,
        view=watch,
        drawings=drawings,
    )


def _read(pairs: Sequence[Pair], called: str, *, convert: bool) -> list[tuple[Read, Read]]:
    return [
        read_pair(pair, f"{called} {number}", convert=convert)
        for number, pair in enumerate(pairs, 1)
    ]


def _photos(pairs: Sequence[tuple[Read, Read]], before: Sequence[model.Circuit]) -> list[Photo]:
    return [photo_of(before, clean.name, noisy.pixels, clean.pixels) for noisy, clean in pairs]


def _start(options: dict[str, Any]) -> tuple[int, ...]:
    """Return the genes to start from, and leave in the options that there are some."""
    start = options.get("start", "copy")
    if isinstance(start, str) and start in {"copy", "random"}:
        return ()
    configuration = _circuit(start).configuration
    shape = shape_of(with_preset(options))
    if configuration.shape != shape:
        rows, cols = configuration.shape.rows, configuration.shape.cols
        named = "" if isinstance(start, Circuit) else f"{start} "
        raise InputError(
            f"the start {named}is a circuit of {rows}x{cols} elements of "
            f"{configuration.shape.function_set}; give --size {rows}x{cols} --function-set "
            f"{configuration.shape.function_set}"
        )
    options["start"] = "circuit"
    return tuple(configuration.genes.tolist())


def _edges(options: dict[str, Any]) -> Edges:
    """Return the edges of a network in a file, and leave in the options that there is one."""
    topology = options.get("topology", "complete")
    if topology in TOPOLOGIES[:-1]:
        return ()
    edges = read_edges(Path(topology), with_preset(options).get("tribes", 1))
    options["topology"] = "file"
    return edges


def _circuit(given: Circuit | str | os.PathLike[str]) -> Circuit:
    return given if isinstance(given, Circuit) else Circuit(read_circuit(Path(given)))


def _identity(given: Circuit | str | os.PathLike[str]) -> dict[str, str]:
    """Return what a circuit before this one was: a file, or genes."""
    if isinstance(given, Circuit):
        sha256 = hashlib.sha256(given.genes.tobytes()).hexdigest()
        return {"array": f"{len(given.genes)} genes", "sha256": sha256}
    path = Path(given)
    return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
