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

HERE = [*levels(platform.machine(), frozenset(cpu_line("flags", "Features").split()))]


def evolved(images: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> list[tuple[int, bytes]]:
    """Return how the SAE fell in a run with the engine that is loaded now."""
    settings = settings_of({"size": "6x6", "evaluations": 30_000, "parsimony": "tie"})
    backend = FastBackend(settings.shape, [images])
    return [(epoch.sae, epoch.best.tobytes()) for epoch in evolve(settings, backend)]


@pytest.mark.parametrize("level", HERE, ids=lambda level: level.name)
def test_every_level_walks_the_same_way(
    level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    clean = np.cumsum(rng.integers(0, 5, (40, 41)), axis=1).astype(np.uint8)
    noisy = np.where(rng.random(clean.shape) < 0.2, 255, clean).astype(np.uint8)
    expected = evolved((noisy, clean))
    made = tmp_path / library_name("engine", level)
    options = (*OPTIONS, *level.options)
    subprocess.run([*find_compiler(), *options, "-o", made, fast.SOURCE], check=True)
    monkeypatch.setattr(library, "installed_for", lambda _: made)
    loaded: list[str] = []
    monkeypatch.setattr(ctypes, "CDLL", _noting(ctypes.CDLL, loaded))
    load_library.cache_clear()
    try:
        assert evolved((noisy, clean)) == expected
    finally:
        load_library.cache_clear()
    assert loaded == [str(made)]


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
    """The engine is compiled for aarch64, and says under an emulator what it says here."""
    cross, emulator = map(shutil.which, ("aarch64-linux-gnu-gcc", "qemu-aarch64"))
    if not cross or not emulator:
        pytest.skip("apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user")
    program = str(Path(__file__).with_name("arm.c"))
    (level,) = LEVELS["aarch64"]
    said: list[bytes] = []
    for compiler, options, runner in (
        ([cross], ["-static", *level.options], [emulator]),
        (find_compiler(), [], []),
    ):
        made = str(tmp_path / f"program{len(said)}")
        flags = ["-std=c11", "-O3", "-I", str(fast.SOURCE.parent)]
        subprocess.run([*compiler, *flags, *options, "-o", made, program], check=True)
        said.append(subprocess.run([*runner, made], capture_output=True, check=True).stdout)
    assert said[0] == said[1]
    assert said[0].count(b"\n") == 64
