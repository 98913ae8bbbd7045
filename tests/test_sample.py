# SPDX-License-Identifier: Apache-2.0
"""Evolution on a sample of the windows of large photos."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evoarray.evolution.filter.backends import open_backend
from evoarray.evolution.filter.loop import evolve
from evoarray.evolution.filter.runs.job import job_of
from evoarray.evolution.filter.sample import Pair, draw, sheets_of
from evoarray.evolution.filter.settings import LARGEST_WHOLE, SAMPLE, Settings
from evoarray.evolution.runs.listing import look
from evoarray.evolution.runs.store import DATABASE
from evoarray.model.errors import InputError
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.array import run as filter_windows
from evoarray.model.filter.circuit import Shape, read_circuit
from evoarray.model.filter.fitness import sae
from evoarray.model.images import read_image, write_image
from evoarray.model.noise import add_noise
from evoarray.model.window import windows
from tests.conftest import Evoarray

SHAPE = Shape(3, 4, "upm19")


def pair(height: int, width: int, seed: int = 1) -> Pair:
    noisy, clean = np.random.default_rng(seed).integers(0, 256, (2, height, width), np.uint8)
    return noisy, clean


def settings(sample: str, **options: Any) -> Settings:
    return replace(Settings(SHAPE, 600, tribes=2, war_interval=0), sample=sample, **options)


@pytest.mark.parametrize("sizes", [[(40, 33)], [(3, 3), (40, 33), (17, 3), (3, 90)]])
@pytest.mark.parametrize("count", [64, 256, 1152])
def test_a_sample_has_windows_of_the_photos_evenly(
    sizes: list[tuple[int, int]], count: int
) -> None:
    pairs = [pair(*size, seed=n) for n, size in enumerate(sizes)]
    sheet = draw(pairs, count, seed=5)
    assert sheet.windows.shape == (9, count // 64, 64)
    assert sheet.reference.shape == (count // 64, 64)
    assert not sheet.is_image
    # All windows with their references in order; random pixels make nearly every one unlike others.
    there = np.concatenate(
        [np.concatenate([windows(noisy), [clean]]).reshape(10, -1) for noisy, clean in pairs],
        axis=1,
    )
    seen = np.concatenate([sheet.windows, [sheet.reference]]).reshape(10, -1)
    total = there.shape[1]
    for number in range(count):
        run = there[:, number * total // count : (number + 1) * total // count]
        assert (run == seen[:, number, None]).all(axis=0).any(), f"window {number}"


def test_the_seed_alone_decides_about_a_sample() -> None:
    pairs = [pair(64, 50)]
    one, same, other = (draw(pairs, 512, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.windows, same.windows)
    assert np.array_equal(one.reference, same.reference)
    assert not np.array_equal(one.reference, other.reference)


@pytest.mark.parametrize(
    ("sample", "pixels", "seen"),
    [
        *(("auto", 128 * 128, 0), ("auto", LARGEST_WHOLE, 0), ("auto", LARGEST_WHOLE + 1, SAMPLE)),
        *(("all", 10**8, 0), ("64", 65, 64), ("64", 64, 0), ("65", 10**6, 128)),
        *(("262144", 10**8, 262_144), ("1000", 1000, 0), ("1000", 1024, 0), ("1000", 1025, 1024)),
    ],
)
def test_how_many_windows_are_seen(sample: str, pixels: int, seen: int) -> None:
    assert settings(sample).sample_of(pixels) == seen


@pytest.mark.parametrize("sample", ["", "some", "63", "262145", "-64", "64.0", "١٢٨", "1e3"])
def test_a_sample_that_is_none_is_refused(sample: str) -> None:
    with pytest.raises(InputError, match=r"sample is .* a whole number from 64 to 262144"):
        settings(sample)


@pytest.mark.parametrize("name", ["fast", "icarus", "verilator"])
def test_every_backend_walks_as_the_model_on_a_sample(name: str) -> None:
    if name != "fast":
        pytest.importorskip("cocotb")
    pairs = [pair(40, 33), pair(12, 90, seed=2)]
    few = settings("128", evaluations=40, start="random")
    walks = []
    for backend_name in ("model", name):
        with closing(open_backend(backend_name, SHAPE, sheets_of(few, pairs))) as backend:
            walks.append([(e.sae, e.saes, e.best.tolist()) for e in evolve(few, backend)])
    assert walks[0] == walks[1]


def test_the_axi_core_takes_no_sample() -> None:
    sheets = sheets_of(settings("64"), [pair(40, 33)])
    with pytest.raises(InputError, match="takes whole images, no samples; give --sample all"):
        open_backend("icarus-axi", SHAPE, sheets)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("photos")
    clean = np.add.outer(np.arange(300), np.arange(300)).astype(np.uint8)
    noisy = add_noise(clean, "salt-and-pepper", 0.2, np.random.default_rng(1))
    paths = folder / "noisy.png", folder / "clean.png"
    for path, pixels in zip(paths, (noisy, clean), strict=True):
        write_image(path, pixels)
    return paths


def test_a_run_on_a_sample_is_judged_on_the_whole(
    evoarray: Evoarray, photos: tuple[Path, Path], tmp_path: Path
) -> None:
    command = ["evolve", *map(str, photos), "--evaluations", "6000", "--preset", "plain"]
    ended = evoarray(*command, "--sample", SAMPLE, "-o", "a")
    assert "65,536 of the 90,000 windows" in ended.out
    circuit = read_circuit(tmp_path / "a" / "circuit.json")
    results = json.loads((tmp_path / "a" / "results.json").read_text())
    noisy, clean = map(read_image, photos)
    assert results["sae"] == sae(filter_image(circuit, noisy), clean)
    assert results["sae"] == results["photos"][0]["evolved"]["sae"]
    sheet = draw([(noisy, clean)], SAMPLE, seed=1)
    seen = sae(filter_windows(circuit, sheet.windows), sheet.reference)
    assert results["sample"] == {"windows": SAMPLE, "sae": seen}
    evoarray("report", "a")
    text = (tmp_path / "a" / "report.html").read_text(encoding="utf-8")
    assert "SAE of 72.82% of the windows" in text, "the curve's axis"
    evoarray(*command, "-o", "b")
    whole = json.loads((tmp_path / "b" / "results.json").read_text())
    assert whole["sample"] is None


def test_a_run_from_before_there_were_samples_goes_on_with_all(
    evoarray: Evoarray, photos: tuple[Path, Path], tmp_path: Path
) -> None:
    evoarray(*("evolve", *map(str, photos), "--evaluations", "8", "--sample", SAMPLE, "-o", "r"))
    run, _ = look(tmp_path / "r" / DATABASE)
    assert job_of(tmp_path, run.description, run.images, 1).sample == SAMPLE
    description = {**run.description, "settings": dict(run.description["settings"])}
    del description["settings"]["sample"]
    assert job_of(tmp_path, description, run.images, 1).sample == 0
