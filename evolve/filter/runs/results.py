# SPDX-License-Identifier: Apache-2.0
"""What a run leaves in its folder: circuit, pictures, curve and results."""

import csv
import io
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from evoarray.evolution.filter import pictures
from evoarray.evolution.filter.backends import open_backend
from evoarray.evolution.filter.comparison import BASELINES, Comparison, Photo
from evoarray.evolution.filter.goals import Goal
from evoarray.evolution.filter.runs.job import Job
from evoarray.evolution.filter.tribe import Solution
from evoarray.evolution.runs.database import Row
from evoarray.evolution.stopping import held_back
from evoarray.model.errors import InputError, MismatchError
from evoarray.model.files import write_atomically
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import Circuit, circuit_of, circuit_to_json, write_circuit
from evoarray.model.filter.fitness import sae

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def replay(circuit: Circuit, photo: Photo, backend: str) -> None:
    """Run a circuit on the simulated RTL, whole frame. Raises MismatchError at any difference."""
    expected = filter_image(circuit, photo.given)
    with closing(open_backend(backend, circuit.shape, [(photo.given, photo.clean)])) as simulator:
        pixels = simulator.filter(circuit.genes)
        rtl_sae = int(simulator.evaluate(circuit.genes[np.newaxis])[0])
    wrong = int(np.count_nonzero(pixels != expected))
    if wrong:
        raise MismatchError(f"{wrong} of {expected.size} pixels of {backend} differ from the model")
    if rtl_sae != sae(expected, photo.clean):
        raise MismatchError(
            f"the SAE of {backend} is {rtl_sae}, the model's {sae(expected, photo.clean)}"
        )


def save_circuit(folder: Path, circuit: Circuit, console: Console) -> None:
    """Write circuit.json; where that fails, the circuit is at least printed."""
    try:
        write_circuit(folder / "circuit.json", circuit)
    except InputError:
        console.out("The circuit could not be saved; here it is:")
        console.out(circuit_to_json(circuit))
        raise


def draw_comparison(comparison: Comparison) -> "Figure":
    """Draw a clean photo, the noisy one, and what the medians and the circuit make of it."""
    panels = [("clean", comparison.photo.name, comparison.photo.clean)]
    for label, m in comparison.metrics.items():
        panels.append((label, f"SAE {m.sae:,}  PSNR {m.psnr:.1f} dB", comparison.images[label]))
    return pictures.comparison(panels)


def draw_curve(job: Job, training: Sequence[Comparison], rows: Sequence[Row]) -> "Figure":
    """Draw the curve of a run, with the levels of the medians."""
    tribes = _tribes(rows)
    known = job.levels(training)
    levels = {label: known[label] for label in BASELINES if label in known}
    return pictures.curve_plot(
        [row.evaluations for row in rows],
        [row.sae for row in rows],
        [[row.saes.get(tribe, nan) for tribe in tribes] for row in rows],
        levels,
        job.fitness,
    )


def write_pictures(
    job: Job, training: Sequence[Comparison], rows: Sequence[Row], console: Console
) -> None:
    """Write the comparison of the first photo with the medians, and the curve's plot.

    A picture that cannot be drawn is said to be missing; it must not cost the run its results.
    Raises InputError where one cannot be written, as on a full disk: `resume` then draws it.
    """
    drawings: dict[str, Callable[[], Figure]] = {
        "comparison.png": partial(draw_comparison, training[0]),
        "curve.png": partial(draw_curve, job, training, rows),
    }
    for name, draw in drawings.items():
        with held_back():  # amid the code in C++ a signal would be lost, or become another error
            try:
                write_atomically(job.folder / name, pictures.png(draw()))
            except InputError:
                raise
            except Exception as error:  # noqa: BLE001  (whatever it is, evolution took longer)
                console.out(
                    f"Warning: {name} could not be drawn ({error}); the results are complete, and "
                    f"evoarray report {job.folder} shows them"
                )


def write_curve(path: Path, rows: Sequence[Row], goal: Goal) -> None:
    """Write the best value so far and that of each tribe as CSV; a tribe that is gone has none."""
    text, key = io.StringIO(), goal.key
    writer = csv.writer(text, lineterminator="\n")
    tribes = _tribes(rows)
    writer.writerow(["evaluations", f"best_{key}", *(f"tribe_{tribe}_{key}" for tribe in tribes)])
    writer.writerows(
        [
            row.evaluations,
            goal.value(row.sae),
            *(goal.value(row.saes[tribe]) if tribe in row.saes else "" for tribe in tribes),
        ]
        for row in rows
    )
    write_atomically(path, text.getvalue().encode())


def write_front(job: Job, front: Sequence[Solution]) -> None:
    """Write each circuit of a front under its LUTs, and their fitness and LUTs as CSV."""
    if not front:
        return
    folder, goal = job.folder / "front", job.goal
    folder.mkdir(exist_ok=True)
    lines = [f"{found.luts},{goal.value(found.sae)}\n" for found in front]
    write_atomically(folder / "front.csv", f"luts,{goal.key}\n{''.join(lines)}".encode())
    for found in front:
        circuit = circuit_of(found.genes, job.settings.shape, job.provenance)
        write_circuit(folder / f"{found.luts}-luts.json", circuit)


def _tribes(rows: Sequence[Row]) -> list[int]:
    """Return the numbers of all tribes that ever were."""
    return sorted({tribe for row in rows for tribe in row.saes})
