# SPDX-License-Identifier: Apache-2.0
"""What evolution makes as low as it can: squared errors, or what a function says."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

import evoarray
from evoarray import InputError
from evoarray.evolution.filter import backends
from evoarray.evolution.filter.backends import open_backend
from evoarray.evolution.filter.goals import SCALE, Goal
from evoarray.evolution.filter.loop import evolve
from evoarray.evolution.filter.presets import settings_of
from evoarray.evolution.filter.runs.job import job_of
from evoarray.evolution.filter.sample import sheets_of
from evoarray.evolution.runs.listing import look
from evoarray.evolution.runs.store import DATABASE
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


def mean_error(filtered: NDArray[np.uint8], clean: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the mean error of each of n images (n, H, W)."""
    error: NDArray[np.float64] = np.abs(filtered.astype(np.int64) - clean).mean(axis=(1, 2))
    return error


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
    filtered = goal.of(np.stack([model.filter(genes) for genes in circuits[:3]]), images[0][1])
    one = open_backend("fast", shape, pairs[:1], 1, goal).evaluate(circuits[:3])
    assert one.tolist() == filtered
    limits = np.full(len(circuits), int(np.median(expected)))
    stopped = fast.evaluate(circuits, limits)
    assert ((stopped == expected) | ((stopped > limits) & (expected > limits))).all()


OPTIONS: list[dict[str, Any]] = [
    {},
    {"children": 4, "accept": "better", "start": "random", "growth": "2x2,4x4"},
    {"parsimony": "pareto", "tribes": 2, "war-interval": 0, "evaluations": 6144},
    {"tribes": 2, "crossover": "partial", "crossover-size": 2, "evaluations": 4096},
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
        pairs = sheets_of(settings, [pair, (pair[1], pair[0])])
        backend = open_backend(name, settings.shape, pairs, 1, Goal("squared"))
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


def test_what_a_run_by_squared_errors_says(command: Evoarray, images: Path) -> None:
    options = ("--size", "4x4", "--preset", "plain", "--fitness", "squared", "--sample", "64")
    tribes = ("--tribes", 3, "--topology", "ring", "--evaluations", 6144, "--parsimony", "tie")
    pair = ("noisy.png", "clean.png")
    ended = command("evolve", *pair, "-o", "run", *options, *tribes, "--json-lines")
    assert ended.status == 0, ended.err
    lines = [*map(json.loads, ended.out.splitlines())]
    results = json.loads((images / "run" / "results.json").read_text(encoding="utf-8"))
    lines = [line for line in lines if "tribes" in line and "events" in line]
    assert len(lines) > 2
    assert all("sae" not in line for line in lines)
    assert lines[-1]["squared_error"] == results["fitness"]["value"]
    assert results["sample"] == {"windows": 64, "squared_error": results["fitness"]["value"]}
    front = (images / "run" / "front" / "front.csv").read_text(encoding="utf-8")
    assert front.startswith("luts,squared_error\n")
    (info,) = json.loads(command("runs", ".", "--json").out)
    best = results["fitness"]["value"]
    assert (info["sae"], info["fitness"], info["best"]) == (None, "squared", best)
    told = " ".join(command("runs", ".").out.split())
    assert f"squared error {best:,}" in told
    assert "SAE" not in told
    assert command("report", "run").status == 0
    page = (images / "run" / "report.html").read_text(encoding="utf-8")
    assert "How the squared error fell" in page
    assert "tribe 0: squared error" in page
    assert "best squared error, on the sample" in page
    exported = json.loads((images / "run" / "report-results.json").read_text(encoding="utf-8"))
    assert exported["fitness"] == results["fitness"]
    assert exported["sample"] == results["sample"]
    whole = evoarray.evolve(*pair, **{**SMALL, "fitness": "squared"}).report(images / "whole.html")
    noisy, clean = (read_image(images / name) for name in pair)
    assert f"noisy {squared_error(noisy, clean):,}" in whole.read_text(encoding="utf-8")


def test_a_run_of_before_there_were_fitnesses_goes_by_sae(command: Evoarray, pair: Pair) -> None:
    run = evoarray.evolve(*pair, output="run", **SMALL)
    loaded, _ = look(run.folder / DATABASE)
    description = {**loaded.description}
    description["settings"] = {**description["settings"]}
    del description["settings"]["fitness"]
    assert job_of(run.folder, description, loaded.images, 1).settings.fitness == "sae"


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


@pytest.mark.parametrize("most", [1, 2**24])
def test_batches_are_as_good_as_one_image_after_the_other(
    pair: Pair, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "MOST_PIXELS", most)
    seen: set[int] = set()

    def cost(filtered: NDArray[np.uint8], clean: NDArray[np.uint8]) -> NDArray[np.float64]:
        seen.add(len(filtered))
        return mean_error(filtered, clean)

    options: dict[str, Any] = {**SMALL, "evaluations": 4096, "tribes": 2, "children": 4}
    other = (pair[0][:9, :7].copy(), pair[1][:9, :7].copy())
    one, many = (
        evoarray.evolve(*pair, train_pair=[other], fitness=fitness, workers=1, **options)
        for fitness in (lambda *of: mean_error(of[0][None], of[1])[0], evoarray.Batched(cost))
    )
    assert one.circuit == many.circuit
    assert one.curve.equals(many.curve)
    assert seen >= {1} if most == 1 else seen >= {8}
    shown = many.plot().axes[0]
    assert "cost in millionths" in shown.get_ylabel()


def test_costs_of_the_highest_order_fit(pair: Pair) -> None:
    """Whatever a temperature and a weight add to them."""
    options = {**SMALL, "evaluations": 6144, "parsimony": "pareto", "temperature": "1"}
    run = evoarray.evolve(
        *pair,
        fitness=lambda a, b: 1e12 * dissimilarity(a, b) / 2,
        tribes=2,
        war_interval=0,
        **options,
    )
    assert 0 < run.fitness < 1e12
    assert run.front[-1][1] == run.fitness, "the circuit of most LUTs is the best"
    with pytest.raises(InputError, match=r"says 1.1e\+13 of 11 images together"):
        evoarray.evolve(*pair, train_pair=[pair] * 10, fitness=lambda *_: 1e12, **SMALL)


def test_a_function_changes_no_image(pair: Pair) -> None:
    clean = pair[1].copy()

    def overwrites(filtered: NDArray[np.uint8], clean: NDArray[np.uint8]) -> float:
        clean[:] = 0
        return 1.0

    with pytest.raises(ValueError, match="read-only"):
        evoarray.evolve(pair[0], clean, fitness=overwrites, **SMALL)
    assert np.array_equal(clean, pair[1])


def test_a_run_is_read_without_its_function(command: Evoarray, images: Path, pair: Pair) -> None:
    run = evoarray.evolve(*pair, fitness=dissimilarity, output="run", **SMALL)
    loaded = evoarray.load("run")
    assert isinstance(loaded, evoarray.Run)
    assert loaded.fitness == run.fitness
    labels = [[line.get_label() for line in each.plot().axes[0].lines] for each in (run, loaded)]
    known = [[str(label).split(":")[0] for label in each] for each in labels]
    assert {"noisy", "3x3 median", "adaptive median"} <= set(known[0])
    assert not {"noisy", "3x3 median", "adaptive median"} & set(known[1]), "nobody knows them"
    (info,) = json.loads(command("runs", ".", "--json").out)
    assert (info["sae"], info["fitness"], info["best"]) == (None, "own", run.fitness)
    told = " ".join(command("runs", ".").out.split())
    assert f"cost, millionths {run.fitness * SCALE:,.0f}" in told
    page = run.report(images / "page.html").read_text(encoding="utf-8")
    assert "best cost, millionths, all training photos" in page
    assert "level median" not in page.partition('id="curve"')[2].partition("<table")[0]
    with (images / "run" / "curve.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["best_cost"]) for row in rows] == run.curve["best_cost"].tolist()


def test_a_run_by_sae_goes_on_without_a_function(images: Path, pair: Pair) -> None:
    options = {**SMALL, "evaluations": 10**8, "output": "run"}
    assert evoarray.evolve(*pair, callback=lambda _: True, **options).state == "stopped"
    with pytest.raises(InputError, match="the fitness of run is sae, not a function; go on"):
        evoarray.resume("run", fitness=dissimilarity)
    resumed = evoarray.resume("run", callback=lambda _: True)
    assert resumed.state == "stopped"


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
    assert isinstance(resumed, evoarray.Run)
    assert resumed.circuit == evoarray.evolve(*pair, fitness=dissimilarity, **options).circuit
    assert command("report", "run").status == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"fitness": "psnr"}, "fitness is 'psnr'; it must be one of sae, squared, own"),
        (
            {"fitness": "own"},
            "fitness is 'own'; it must be sae or squared, or in Python a function",
        ),
        ({"fitness": lambda *_: -1}, "says -1 of an image; it must be a number from 0 to 1e"),
        ({"fitness": lambda *_: float("nan")}, "says nan of an image"),
        ({"fitness": lambda *_: None}, "says None of an image"),
        ({"fitness": lambda *_: 10**400}, "says 1000000"),
        (
            {"fitness": evoarray.Batched(lambda *_: [1.0, 2.0, 3.0, 4.0, 5.0])},
            r"an array \(5,\) for filtered images \(1, \d+, \d+\); it must return \(1,\)",
        ),
        ({"fitness": evoarray.Batched(lambda *_: 1.0)}, r"returns an array \(\) for filtered"),
        ({"fitness": evoarray.Batched(lambda *_: [[1.0, 2.0]])}, r"returns an array \(1, 2\)"),
        ({"fitness": evoarray.Batched(lambda *_: [None])}, "says None of an image"),
        ({"fitness": evoarray.Batched(lambda *_: [float("inf")])}, "says inf of an image"),
        ({"fitness": lambda *_: 1e13}, r"says 1e\+?13|says 10000000000000.0 of an image"),
        (
            {"fitness": dissimilarity, "sample": "64"},
            "sample is '64'; it must be all with a function",
        ),
    ],
)
def test_what_is_no_fitness(pair: Pair, options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        evoarray.evolve(*pair, **{**SMALL, **options})
