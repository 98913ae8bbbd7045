# SPDX-License-Identifier: Apache-2.0
"""The engines that wheels have for families of processors: all with the same bits."""

import ctypes
import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evoarray.evolution.backends import library
from evoarray.evolution.backends.levels import LEVELS, OPTIONS, Level, levels, library_name
from evoarray.evolution.backends.library import cpu_line, find_compiler, installed_for
from evoarray.evolution.filter.backends import fast
from evoarray.evolution.filter.backends.fast import FastBackend, load_library
from evoarray.evolution.filter.loop import evolve
from evoarray.evolution.filter.presets import settings_of
from evoarray.evolution.neuro import increments
from evoarray.evolution.neuro.backends import open_backend
from evoarray.evolution.neuro.data import digits
from evoarray.evolution.neuro.encodings import Integers
from evoarray.evolution.neuro.fitness import Fitness, FitnessSettings
from evoarray.evolution.neuro.one_plus_lambda import OnePlusLambda
from evoarray.evolution.neuro.settings import NeuroSettings
from evoarray.evolution.neuro.weights import Form
from evoarray.evolution.rng import Random
from evoarray.model.filter.array import run
from evoarray.model.filter.circuit import Shape, circuit_of
from evoarray.model.filter.fitness import sae

HERE = [*levels(platform.machine(), frozenset(cpu_line("flags", "Features").split()))]


def evolved(images: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> list[tuple[int, bytes]]:
    """Return how the SAE fell in a run with the engine that is loaded now."""
    settings = settings_of({"size": "6x6", "evaluations": 30_000, "parsimony": "tie"})
    backend = FastBackend(settings.shape, [images])
    return [(epoch.sae, epoch.best.tobytes()) for epoch in evolve(settings, backend)]


def evolved_network() -> list[tuple[float, list[int]]]:
    """Return the same of a network."""
    settings = NeuroSettings()
    weights = Integers(Form((1, 8, 8), (7, 10), 6), 127.0, 0.6, 40.0, 0.1)
    algorithm = OnePlusLambda(settings, weights, np.random.default_rng(5))
    training = digits().training
    terms = FitnessSettings(smooth=1.0)
    fitness = Fitness(terms, training.images, training.labels, open_backend("fast"))
    best = []
    for _ in range(100):
        algorithm.tell(fitness(algorithm.ask()))
        genome, value = algorithm.best
        best.append((value, genome.row.tolist()))
    return best


@pytest.mark.parametrize("level", HERE, ids=lambda level: level.name)
def test_every_level_walks_the_same_way(
    level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    clean = np.cumsum(rng.integers(0, 5, (40, 41)), axis=1).astype(np.uint8)
    noisy = np.where(rng.random(clean.shape) < 0.2, 255, clean).astype(np.uint8)
    caches = (load_library.cache_clear, increments._library.cache_clear)
    for clear in caches:
        clear()
    expected = evolved((noisy, clean)), evolved_network()
    made = {}
    for source, macros in ((fast.SOURCE, fast.MACROS), (increments.SOURCE, [])):
        made[source] = tmp_path / library_name(source.stem, level)
        options = (*OPTIONS, *level.options, *macros)
        subprocess.run([*find_compiler(), *options, "-o", made[source], source], check=True)
    monkeypatch.setattr(library, "installed_for", made.get)
    loaded: list[str] = []
    monkeypatch.setattr(ctypes, "CDLL", _noting(ctypes.CDLL, loaded))
    for clear in caches:
        clear()
    try:
        assert (evolved((noisy, clean)), evolved_network()) == expected
    finally:
        for clear in caches:
            clear()
    assert loaded == [*map(str, made.values())]
    for steps in expected:
        assert steps[0] != steps[-1], "it did not get anywhere"


def _noting(load: type[ctypes.CDLL], names: list[str]) -> object:
    def noted(name: str) -> ctypes.CDLL:
        names.append(name)
        return load(name)

    return noted


def test_the_most_capable_that_a_processor_bears_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    v4, v3, baseline = LEVELS["x86_64"]
    source = tmp_path / "engine.c"
    monkeypatch.setattr("platform.machine", lambda: "x86_64")

    def chosen(flags: frozenset[str]) -> str | None:
        monkeypatch.setattr(library, "cpu_line", lambda *_: "flags\t\t: " + " ".join(flags))
        found = installed_for(source)
        return found.name if found else None

    assert chosen(v4.flags) is None, "in a checkout there is none"
    for level in (v3, baseline):
        (tmp_path / library_name("engine", level)).touch()
    assert chosen(v4.flags | {"sse2"}) == "engine-x86-64-v3.so"
    assert chosen(v3.flags - {"avx2"}) == "engine-x86-64.so"
    (tmp_path / library_name("engine", v4)).touch()
    assert chosen(v4.flags) == "engine-x86-64-v4.so"
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert chosen(v4.flags) is None


def test_on_arm(tmp_path: Path) -> None:
    """Under an emulator the engine goes the way that it goes here, as the model measures it."""
    cross, emulator = map(shutil.which, ("aarch64-linux-gnu-gcc", "qemu-aarch64"))
    if not cross or not emulator:
        pytest.skip("apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user")
    program = str(Path(__file__).with_name("arm.c"))
    (level,) = LEVELS["aarch64"]
    codes = fast.functions_of("upm19").tolist()
    functions = "-DFUNCTIONS=" + ",".join("{%d,%d,%d}" % tuple(code) for code in codes)  # noqa: UP031
    said: list[bytes] = []
    for compiler, options, runner in (
        ([cross], ["-static", *level.options], [emulator]),
        (find_compiler(), [], []),
    ):
        made = str(tmp_path / f"program{len(said)}")
        flags = ["-std=c11", "-O3", "-I", str(fast.SOURCE.parent), *fast.MACROS, functions]
        subprocess.run([*compiler, *flags, *options, "-o", made, program], check=True)
        said.append(subprocess.run([*runner, made], capture_output=True, check=True).stdout)
    assert said[0] == said[1]
    lines = [[int(word) for word in line.split()] for line in said[0].splitlines()]
    random = Random(1, 3)
    image = np.array([[random.below(256) for _ in range(10)] for _ in range(5000)], np.uint8)
    planes, reference = image.T[:9, np.newaxis], image[np.newaxis, :, 4] // 2
    for total, _, _, _, *genes in lines:
        circuit = circuit_of(np.array(genes, np.uint8), Shape(6, 6, "upm19"))
        assert sae(run(circuit, planes), reference) == total
    assert len(lines) == 64
    assert lines[-1][0] < lines[0][0]
