# SPDX-License-Identifier: Apache-2.0
"""One run: evolve a filter for a pair of images and leave its folder."""

import csv
import hashlib
import io
import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from evolve import pictures
from evolve.backends import open_backend
from evolve.loop import Epoch, evolve
from evolve.progress import Watched
from evolve.report import EVOLVED, MEDIAN, Comparison, Photo, as_json, compare, print_table, verdict
from evolve.settings import Settings
from model.array import filter_image
from model.circuit import Circuit, Genes, circuit_of, circuit_to_json, write_circuit
from model.errors import InputError
from model.files import write_atomically
from model.fitness import sae
from model.images import write_image
from model.rtl import find_simulator


@dataclass(frozen=True)
class Job:
    """What a run is asked to do: settings, images, backend, and where the results go.

    replay names the simulator on which the champion is checked at the end, or is None.
    """

    settings: Settings
    training: Sequence[Photo]
    held_out: Sequence[Photo]
    backend: str
    workers: int
    replay: str | None
    folder: Path
    provenance: Mapping[str, Any]


class MismatchError(RuntimeError):
    """The RTL and the golden model disagree, which must never be."""


def run(job: Job, console: Console) -> None:
    """Evolve, compare, replay on the RTL, and fill the run folder.

    Ctrl-C, SIGTERM and a simulator that dies leave the best circuit so far in the folder. Raises
    InputError for an existing or unwritable folder, MismatchError if the RTL differs from the
    model.
    """
    settings = job.settings
    if job.replay is not None:
        find_simulator(job.replay)  # before the work, not after it
    _make_folder(job.folder)
    try:
        pairs = [(photo.noisy, photo.clean) for photo in job.training]
        workers = min(job.workers, settings.tribes)  # more would have nothing to do
        backend = open_backend(job.backend, settings.shape, pairs, workers)
    except BaseException:
        job.folder.rmdir()  # so that the next try may have the name
        raise
    watched = Watched(backend, settings.evaluations, console)
    try:
        with closing(backend), watched:
            write_atomically(job.folder / "provenance.json", _json(job.provenance))
            epochs = list(evolve(settings, watched))
            seconds = watched.seconds
    except BaseException:  # whatever ends it: Ctrl-C, the simulator, a closed terminal
        _save_best_so_far(job, watched, console)
        raise
    circuit = _save_circuit(job, epochs[-1].best, console)
    comparisons = [compare(photo, circuit) for photo in (*job.training, *job.held_out)]
    _write_pictures(job.folder, comparisons[: len(job.training)], epochs)
    _write_curve(job.folder / "curve.csv", epochs)
    print_table(console, comparisons, len(job.training))
    console.out(verdict(comparisons))
    if job.replay is not None:
        first = job.training[0]
        replay(circuit, first, job.replay)
        console.out(
            f"RTL check on {job.replay}: all {first.noisy.size:,} pixels of "
            f"{first.name} and the SAE equal the golden model's."
        )
    results = {
        "evaluations": epochs[-1].evaluations,
        "seconds": round(seconds, 3),
        "sae": epochs[-1].sae,
        "beats_median": all(comparison.beats_median for comparison in comparisons),
        "rtl_equal": True if job.replay is not None else None,
        "photos": [
            {"name": c.photo.name, **{label: as_json(m) for label, m in c.metrics.items()}}
            for c in comparisons
        ],
    }
    write_atomically(job.folder / "results.json", _json(results))
    console.out(f"The results are in {job.folder}")


def replay(circuit: Circuit, photo: Photo, backend: str) -> None:
    """Run a circuit on the simulated RTL, whole frame. Raises MismatchError at any difference."""
    expected = filter_image(circuit, photo.noisy)
    with closing(open_backend(backend, circuit.shape, [(photo.noisy, photo.clean)])) as simulator:
        pixels = simulator.filter(circuit.genes)
        rtl_sae = int(simulator.evaluate(circuit.genes[np.newaxis])[0])
    wrong = int(np.count_nonzero(pixels != expected))
    if wrong:
        raise MismatchError(f"{wrong} of {expected.size} pixels of {backend} differ from the model")
    if rtl_sae != sae(expected, photo.clean):
        raise MismatchError(
            f"the SAE of {backend} is {rtl_sae}, the model's {sae(expected, photo.clean)}"
        )


def provenance(
    settings: Settings, backend: str, pairs: Sequence[tuple[Path, Path]]
) -> dict[str, Any]:
    """Return what is needed to repeat a run: options, images by SHA-256, versions, git commit."""
    return {
        "settings": asdict(settings),
        "backend": backend,
        "images": [
            {"noisy": _identity(noisy), "clean": _identity(clean)} for noisy, clean in pairs
        ],
        "versions": {
            "evoarray": version("evoarray"),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "git_commit": _git_commit(),
    }


def _identity(path: Path) -> dict[str, str]:
    return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def _git_commit() -> str | None:
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise InputError(f"the run folder {folder} exists; name a new one with -o") from None
    except OSError as error:
        raise InputError(f"cannot make the run folder {folder}: {error.strerror}") from None


def _save_circuit(job: Job, genes: Genes, console: Console) -> Circuit:
    """Write circuit.json; where that fails, the circuit is at least printed."""
    circuit = circuit_of(genes, job.settings.shape, job.provenance)
    try:
        write_circuit(job.folder / "circuit.json", circuit)
    except InputError:
        console.out("The circuit could not be saved; here it is:")
        console.out(circuit_to_json(circuit))
        raise
    return circuit


def _save_best_so_far(job: Job, watched: Watched, console: Console) -> None:
    if watched.best is not None:
        _save_circuit(job, watched.best, console)
        console.out(
            f"Stopped after {watched.evaluations} evaluations; the best circuit so far, "
            f"SAE {watched.sae:,}, is in {job.folder / 'circuit.json'}"
        )


def _write_pictures(folder: Path, training: Sequence[Comparison], epochs: Sequence[Epoch]) -> None:
    first = training[0]
    write_image(folder / "filtered.png", first.images[EVOLVED])
    panels = [("clean", first.photo.name, first.photo.clean)]
    for label in ("noisy", MEDIAN, EVOLVED):
        m = first.metrics[label]
        panels.append((label, f"SAE {m.sae:,}  PSNR {m.psnr:.1f} dB", first.images[label]))
    pictures.comparison(folder / "comparison.png", panels)
    pictures.curve_plot(
        folder / "curve.png",
        [epoch.evaluations for epoch in epochs],
        [[epoch.saes.get(tribe, nan) for tribe in _tribes(epochs)] for epoch in epochs],
        {label: sum(c.metrics[label].sae for c in training) for label in ("noisy", MEDIAN)},
    )


def _write_curve(path: Path, epochs: Sequence[Epoch]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    tribes = _tribes(epochs)
    writer.writerow(["evaluations", "best_sae", *(f"tribe_{tribe}_sae" for tribe in tribes)])
    writer.writerows(
        [epoch.evaluations, epoch.sae, *(epoch.saes.get(tribe, "") for tribe in tribes)]
        for epoch in epochs
    )
    write_atomically(path, text.getvalue().encode())


def _tribes(epochs: Sequence[Epoch]) -> list[int]:
    """Return the numbers of all tribes that ever were."""
    return sorted({tribe for epoch in epochs for tribe in epoch.saes})


def _json(data: Mapping[str, Any]) -> bytes:
    return (json.dumps(data, indent=2) + "\n").encode()
