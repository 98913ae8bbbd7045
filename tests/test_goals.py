# SPDX-License-Identifier: Apache-2.0
"""What evolution makes as low as it can: squared errors, or what a function says."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

import evoarray
from evoarray import InputError
from evoarray.evolution.filter.backends import open_backend
from evoarray.evolution.filter.goals import SCALE, Goal
from evoarray.evolution.filter.loop import evolve
from evoarray.evolution.filter.presets import settings_of
from evoarray.model.filter.circuit import Genes, Shape, random_circuit
from evoarray.model.filter.fitness import squared_error
from evoarray.model.images import read_image
from tests.conftest import Evoarray

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]
SMALL: dict[str, Any] = {"size": "4x4", "evaluations": 1000, "preset": "plain"}


@pytest.fixture(autouse=True)
def command(evoarray: Evoarray) -> Evoarray:
    """Return the command; all work is done in the folder of `images`."""
    return evoarray


@pytest.fixture
def pair(images: Path) -> Pair:
    """Return a noisy and a clean image."""
    return read_image(images / "noisy.png"), read_image(images / "clean.png")


def dissimilarity(filtered: NDArray[np.uint8], clean: NDArray[np.uint8]) -> float:
    return float(1 - structural_similarity(filtered, clean, win_size=3))  # type: ignore[no-untyped-call]


def test_the_squared_error_is_that_of_whole_numbers() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, 256, (2, 30, 20), dtype=np.uint8)
    expected = sum((int(a) - int(b)) ** 2 for a, b in zip(one.flat, other.flat, strict=True))
    assert squared_error(one, other) == expected
    assert squared_error(np.zeros((9, 9), np.uint8), np.full((9, 9), 255, np.uint8)) == 81 * 255**2


def batch(shape: Shape, count: int) -> Genes:
    rng = np.random.default_rng(5)
    return np.stack([random_circuit(shape, rng).genes for _ in range(count)])


@pytest.mark.parametrize("side", [3, 40, 70])
def test_the_engine_has_the_model_s_squared_errors(side: int) -> None:
    """Of one block and of several, of several pairs, and beyond 32 bits, with limits."""
    rng = np.random.default_rng(side)
    images = rng.integers(0, 2, (2, 2, side, 2 * side), dtype=np.uint8) * 255
    pairs = [(noisy, clean) for noisy, clean in images]
    shape, goal = Shape(4, 5, "upm19"), Goal("squared")
    circuits = batch(shape, 40)
    fast, model = (open_backend(name, shape, pairs, 1, goal) for name in ("fast", "model"))
    expected = model.evaluate(circuits)
    assert fast.evaluate(circuits).tolist() == expected.tolist()
    filtered = [goal.of(model.filter(genes), images[0][1]) for genes in circuits[:3]]
    one = open_backend("fast", shape, pairs[:1], 1, goal).evaluate(circuits[:3])
    assert one.tolist() == filtered
    limits = np.full(len(circuits), int(np.median(expected)))
    stopped = fast.evaluate(circuits, limits)
    assert ((stopped == expected) | ((stopped > limits) & (expected > limits))).all()


OPTIONS: list[dict[str, Any]] = [
    {},
    {"tribes": 3, "war-interval": 1024, "evaluations": 8192, "temperature": "0.02..0.001"},
    {"parsimony": "weight", "lut-weight": 300},
    {"sample": "64"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: " ".join(options) or "plain")
def test_every_backend_walks_the_same_way(
    images: Path, pair: Pair, options: dict[str, Any]
) -> None:
    asked = {"size": "4x4", "evaluations": 1200, "preset": "plain", "fitness": "squared", **options}
    settings = settings_of(asked)
    walks = []
    for name in ("fast", "model", "icarus")[: 2 + (not options)]:
        backend = open_backend(name, settings.shape, [pair], 1, Goal("squared"))
        walks.append([(epoch.sae, epoch.best.tolist()) for epoch in evolve(settings, backend)])
        backend.close()
    assert all(walk == walks[0] for walk in walks)


def test_a_run_by_squared_errors(command: Evoarray, images: Path, pair: Pair) -> None:
    command_line = ("--size", "4x4", "--evaluations", 1000, "--preset", "plain")
    ended = command(
        "evolve", *("noisy.png", "clean.png"), "-o", "run", *command_line, "--fitness", "squared"
    )
    assert ended.status == 0, ended.err
    run = evoarray.evolve(*pair, fitness="squared", **SMALL)
    loaded = evoarray.load("run")
    assert isinstance(loaded, evoarray.Run)
    assert loaded.circuit == run.circuit
    assert run.fitness == squared_error(run.filtered, pair[1])
    results = json.loads((images / "run" / "results.json").read_text(encoding="utf-8"))
    assert results["fitness"] == {"of": "squared", "value": run.fitness}
    assert results["sae"] == run.sae == int(np.abs(run.filtered.astype(int) - pair[1]).sum())
    curve = (images / "run" / "curve.csv").read_text(encoding="utf-8")
    assert curve.startswith("evaluations,best_squared_error,tribe_0_squared_error\n")
    assert curve.splitlines()[-1].split(",")[1] == str(run.fitness)
    assert run.curve["best_squared_error"].iloc[-1] == run.fitness
    assert "squared error" in run.report(images / "page.html").read_text(encoding="utf-8")
    by_sae = evoarray.evolve(*pair, **SMALL)
    assert by_sae.fitness == by_sae.sae
    assert squared_error(by_sae.filtered, pair[1]) > run.fitness, "each is best by its own fitness"
    assert by_sae.sae < run.sae


def test_a_function_as_the_fitness(pair: Pair) -> None:
    runs = [
        evoarray.evolve(*pair, fitness=dissimilarity, backend=backend, workers=workers, **SMALL)
        for backend, workers in (("fast", 1), ("model", 1), ("icarus", 1))
    ]
    assert len({run.circuit for run in runs}) == 1
    run = runs[0]
    assert run.fitness == round(dissimilarity(run.filtered, pair[1]) * SCALE) / SCALE
    assert run.curve["best_cost"].iloc[-1] == run.fitness < run.curve["best_cost"].iloc[0]
    squared = evoarray.evolve(
        *pair, fitness=lambda a, b: np.square(a - b.astype(float)).sum(), **SMALL
    )
    assert squared.circuit == evoarray.evolve(*pair, fitness="squared", **SMALL).circuit


def test_several_pairs_and_workers(pair: Pair) -> None:
    noisy, clean = pair
    more: dict[str, Any] = {**SMALL, "preset": "annealing", "evaluations": 3000, "tribes": 2}
    more |= {"drop_interval": 0, "fitness": dissimilarity}
    other = (noisy[:, ::-1].copy(), clean[:, ::-1].copy())
    one, two = (
        evoarray.evolve(noisy, clean, train_pair=[other], workers=workers, **more)
        for workers in (1, 2)
    )
    assert one.circuit == two.circuit
    parts = [dissimilarity(one.circuit.filter(a), b) for a, b in (pair, other)]
    assert one.fitness == pytest.approx(sum(parts), abs=2 / SCALE)


def test_a_run_by_a_function_goes_on_with_it(command: Evoarray, images: Path, pair: Pair) -> None:
    calls = []

    def fails(filtered: NDArray[np.uint8], clean: NDArray[np.uint8]) -> float:
        calls.append(1)
        if len(calls) == 400:
            raise ZeroDivisionError
        return dissimilarity(filtered, clean)

    options = {**SMALL, "evaluations": 4000}
    with pytest.raises(ZeroDivisionError):
        evoarray.evolve(*pair, fitness=fails, output="run", **options)
    ended = command("resume", "run")
    assert ended.status == 2
    assert "evoarray.resume('run', fitness=...)" in ended.err
    assert command("runs", ".").out.count("stopped") == 1
    resumed = evoarray.resume("run", fitness=dissimilarity)
    assert resumed.circuit == evoarray.evolve(*pair, fitness=dissimilarity, **options).circuit
    assert command("report", "run").status == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"fitness": "psnr"}, "fitness is 'psnr'; legal is one of sae, squared, own"),
        ({"fitness": "own"}, "fitness is 'own'; legal is sae or squared, or in Python a function"),
        ({"fitness": lambda *_: -1}, "says -1 of an image; legal is a number from 0 to 1e"),
        ({"fitness": lambda *_: float("nan")}, "says nan of an image"),
        ({"fitness": lambda *_: None}, "says None of an image"),
        ({"fitness": lambda *_: 1e13}, r"says 1e\+?13|says 10000000000000.0 of an image"),
        (
            {"fitness": dissimilarity, "sample": "64"},
            "sample is '64'; legal is all with a function",
        ),
    ],
)
def test_what_is_no_fitness(pair: Pair, options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        evoarray.evolve(*pair, **{**SMALL, **options})
