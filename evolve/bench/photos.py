# SPDX-License-Identifier: Apache-2.0
"""How the engine's speed follows the size of its photos, on an 8x8 array with the default preset.

Evolution on 64 times the pixels is 64 times the work if all goes well, and more where planes leave
the caches. So beside each rate stands its ratio to that at 128x128 in the same round, times the
pixels: 1 is as fast for each pixel.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from evoarray.evolution.bench.machine import camera
from evoarray.evolution.filter.backends import open_backend
from evoarray.evolution.filter.loop import evolve
from evoarray.evolution.filter.presets import settings_of
from evoarray.evolution.filter.sample import Pair, Sheet, as_sheet, sheets_of
from evoarray.evolution.filter.settings import SAMPLE, Settings
from evoarray.model.images import write_image
from evoarray.model.noise import add_noise
from evoarray.model.temporary import TemporaryFolder

SIZE = "8x8"
EVALUATIONS = 49_152
SMALLEST = "128x128"
PHOTOS: Mapping[str, Sequence[tuple[int, int]]] = {
    SMALLEST: [(128, 128)],
    "512x512": [(512, 512)],
    "2 x 512x512": [(512, 512)] * 2,
    "1024x1024": [(1024, 1024)],
    "3000x2000": [(2000, 3000)],
}
"""Rows and columns of the photos of each figure."""

_MEASURED = (
    "import atexit; from evoarray.evolution.bench.machine import peak_memory; "
    "from evoarray.cli import main; "
    "atexit.register(lambda: print(peak_memory())); main()"
)
"""The command, which says at its end how much memory it had; only the process itself knows."""

Figure = tuple[str, str, str, float]
"""What, its unit, of which photos, and the value."""


def pairs_of(sizes: Sequence[tuple[int, int]]) -> list[Pair]:
    """Return a bundled photo, cut or continued by its mirror image to each size, with noise."""
    return [_pair(*size, seed) for seed, size in enumerate(sizes, 1)]


def measure_photos(seed: int) -> Iterator[Figure]:
    """Measure everything once."""
    rates = {}
    for name, sizes in PHOTOS.items():
        pairs = pairs_of(sizes)
        pixels = sum(clean.size for _, clean in pairs)
        settings = settings_of({"size": SIZE, "evaluations": EVALUATIONS, "seed": seed})
        sheets = [as_sheet(pair) for pair in pairs]
        cpu, wall = _seconds(settings, sheets, 1)
        rates[name] = EVALUATIONS / cpu
        yield "fast, all windows", "evaluations/s", name, rates[name]
        linear = rates[SMALLEST] * (128 * 128) / pixels
        yield "fast, all windows", f"x {SMALLEST}, by pixels", name, rates[name] / linear
        yield "fast, 2 workers", "x 1 worker", name, wall / _seconds(settings, sheets, 2)[1]
        sampled = replace(settings, sample=str(SAMPLE))
        if sampled.sample_of(pixels):
            cpu, _ = _seconds(settings, sheets_of(sampled, pairs), 1)
            yield "fast, a sample", "evaluations/s", name, EVALUATIONS / cpu
        for way, sample in (("all windows", "all"), ("a sample", sampled.sample)):
            seconds, megabytes = _command(pairs, sample)
            yield f"evoarray evolve, {way}", "seconds", name, seconds
            yield f"evoarray evolve, {way}", "MB at most", name, megabytes


def _pair(height: int, width: int, seed: int) -> Pair:
    photo = camera("large")
    missing = [(0, max(0, side - len(photo))) for side in (height, width)]
    clean = np.pad(photo, missing, "symmetric")[:height, :width].copy()
    return add_noise(clean, "salt-and-pepper", 0.2, np.random.default_rng(seed)), clean


def _seconds(settings: Settings, sheets: Sequence[Sheet], workers: int) -> tuple[float, float]:
    """Evolve; return the seconds of all cores' CPU time, and those that passed."""
    with closing(open_backend("fast", settings.shape, sheets, workers)) as backend:
        started, cpu = time.perf_counter(), time.process_time()
        for _ in evolve(settings, backend):
            pass
        return time.process_time() - cpu, time.perf_counter() - started


def _command(pairs: Sequence[Pair], sample: str) -> tuple[float, float]:
    """Return the seconds of `evoarray evolve` on all cores, and its peak memory in MB."""
    with TemporaryFolder() as folder:
        paths = []
        for number, pair in enumerate(pairs):
            for name, pixels in zip(("noisy", "clean"), pair, strict=True):
                paths.append(f"{folder}/{name}-{number}.png")
                write_image(Path(paths[-1]), pixels)
        command = [sys.executable, "-c", _MEASURED, "evolve", *paths[:2], "-o", f"{folder}/run"]
        for start in range(2, len(paths), 2):
            command += ["--train-pair", *paths[start : start + 2]]
        command += ["--sample", sample, "--evaluations", str(EVALUATIONS)]
        started = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        return time.perf_counter() - started, float(done.stdout.split()[-1])
