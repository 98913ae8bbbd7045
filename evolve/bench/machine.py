# SPDX-License-Identifier: Apache-2.0
"""What the machine gives, and what a process of its own takes: start-up, memory, a command."""

import ctypes
import os
import resource
import subprocess
import sys
import time
from contextlib import closing
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from evoarray.evolution.backends.library import cpu_line, load_compiled
from evoarray.evolution.backends.trust import temporary_folder
from evoarray.evolution.filter.backends import open_backend
from evoarray.evolution.filter.loop import found
from evoarray.evolution.filter.sample import Pair
from evoarray.evolution.filter.settings import BLOCK, Settings
from evoarray.evolution.filter.tribe import advance, rule_at
from evoarray.model.filter.circuit import Shape
from evoarray.model.filter.functions import Plane
from evoarray.model.images import read_image, write_image
from evoarray.model.noise import add_noise
from evoarray.model.temporary import TemporaryFolder

_VECTORS = Path(__file__).with_name("vectors.c")
_TIMES = 2_000_000

SIDE = 8
"""Of the array whose start-up is measured, and that sees photos of several sizes."""


def camera(folder: str) -> Plane:
    """Return the photo of this name in a folder of the package's images, (H, W) uint8."""
    with as_file(files("evoarray").joinpath("images", folder, "camera.png")) as path:
        return read_image(path)


def bundled_pair() -> Pair:
    """Return the photo that `make evolve` trains on, with and without noise."""
    clean = camera("training")
    return add_noise(clean, "salt-and-pepper", 0.2, np.random.default_rng(1)), clean


def store_limit() -> float:
    """Return the bytes that a core can store a second, one vector a cycle; 0 if it is not known."""
    cpu = cpu_line("cpu MHz")
    flags = cpu_line("flags")
    width = 64 if "avx512bw" in flags else 32 if "avx2" in flags else 16
    return float(cpu.split(":")[1]) * 1e6 * width if cpu else 0.0


def start_up() -> dict[str, float]:
    """Return seconds from Python's start to a first SAE: engine compiled, and from the cache."""
    with TemporaryFolder(temporary_folder()) as folder:
        return {way: probe(SIDE, folder)[0] for way in ("compiled", "cached")}


def prepare(shape: Shape, pair: Pair) -> dict[str, float]:
    """Return seconds until Verilator's program runs: as found (perhaps built now), and cached."""
    seconds = {}
    for way in ("as found", "cached"):
        started = time.perf_counter()
        open_backend("verilator", shape, [pair]).close()
        seconds[way] = time.perf_counter() - started
    return seconds


def probe(side: int, cache: str | None = None) -> tuple[float, float]:
    """Evolve a little in a process of its own; return its seconds and its peak memory in MB."""
    environment = dict(os.environ) if cache is None else {**os.environ, "XDG_CACHE_HOME": cache}
    code = f"from evoarray.evolution.bench.machine import evolve_a_little; evolve_a_little({side})"
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return time.perf_counter() - started, float(done.stdout)


def evolve_a_little(side: int) -> None:
    """Evolve with the engine; print this process's peak memory in MB."""
    settings = Settings(Shape(side, side, "upm16"))
    with closing(open_backend("fast", settings.shape, [bundled_pair()])) as fast:
        advance(fast, found(settings, fast).tribes, BLOCK, rule_at(settings))
    sys.stdout.write(str(peak_memory()))


def peak_memory() -> float:
    """Return the most memory that this process has had, in MB.

    getrusage alone would do on macOS, where it counts bytes; on Linux it knows the parent's, too.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1000


def command_seconds(pair: Pair, side: int, evaluations: int) -> float:
    """Return the CPU seconds of `evoarray evolve`, on one core."""
    with TemporaryFolder() as folder:
        paths = [Path(folder, name) for name in ("noisy.png", "clean.png")]
        for path, pixels in zip(paths, pair, strict=True):
            write_image(path, pixels)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "evoarray", "evolve", *map(str, paths)]
        command += ["--output", f"{folder}/run", "--rows", str(side), "--cols", str(side)]
        command += ["--preset", "plain", "--workers", "1", "--evaluations", str(evaluations)]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def store_a_while(_: int) -> None:
    """Keep a core busy with vectors that never leave its nearest cache."""
    _vectors().vectors(ctypes.c_int64(_TIMES))


@cache
def _vectors() -> ctypes.CDLL:
    return load_compiled(_VECTORS)
