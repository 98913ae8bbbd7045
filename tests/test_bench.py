# SPDX-License-Identifier: Apache-2.0
"""The benchmark: that it measures what it says; how fast things are is no test."""

import json
from typing import Any, NoReturn

import numpy as np
import pytest

from evoarray.evolution.bench import machine, measure, neuro, photos
from evoarray.evolution.bench.peer import graph_genes
from evoarray.evolution.filter.backends.fast import FastBackend
from evoarray.evolution.filter.backends.model import ModelBackend
from evoarray.evolution.filter.settings import Settings
from evoarray.model.errors import InputError
from evoarray.model.filter.circuit import Shape, copy_filter, random_circuit
from evoarray.model.filter.fitness import sae, squared_error
from evoarray.model.filter.functions import FUNCTION_SETS
from evoarray.model.noise import add_noise
from evoarray.model.window import WINDOW_PIXELS, windows
from tests.conftest import Evoarray


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the benchmark measure little."""
    monkeypatch.setattr(measure, "EARLY", 200)
    monkeypatch.setattr(measure, "WHOLE", 32768)
    monkeypatch.setattr(measure, "SAMPLES", {n: {4: 2} for n in ("model", "verilator", "icarus")})
    monkeypatch.setattr(measure, "ENGINE_EVALUATIONS", {4: 100})
    monkeypatch.setattr(measure, "PAIRINGS", 2)
    monkeypatch.setattr(measure, "SEEDS", {4: 2})
    monkeypatch.setattr(machine, "_TIMES", 1000)
    monkeypatch.setattr(neuro, "EVALUATIONS", 1_000)
    monkeypatch.setattr(neuro, "GOLDEN_RUNS", 1)
    monkeypatch.setattr(neuro, "READ_BY_RTL", 5)
    monkeypatch.setattr(measure, "command_seconds", lambda pair, side, count: 1 + count / 2**10)
    clean = machine.camera("training")[:16, :12]
    noisy = add_noise(clean, "salt-and-pepper", 0.2, np.random.default_rng(1))
    monkeypatch.setattr(measure, "bundled_pair", lambda: (noisy, clean))


@pytest.mark.usefixtures("small")
def test_all_that_is_promised_is_measured(evoarray: Evoarray) -> None:
    ended = evoarray("bench", "--side", 4, "--rounds", 2, "--json")
    assert ended.status == 0, ended.err
    results: dict[str, Any] = json.loads(ended.out)
    figures = {(f["what"], f["unit"]): f for f in results["figures"]}
    for figure in figures.values():
        assert 0 < figure["lowest"] <= figure["median"] <= figure["highest"]
        assert figure["of"] == "4x4"
    for what in ("golden", "verilator, full frames", "icarus, early stop", "fast, k=3, to 32768"):
        assert (what, "evaluations/s") in figures
    golden, fast = (
        figures["golden", "evaluations/s"],
        figures["fast, k=2, to 32768", "evaluations/s"],
    )
    ratio = figures["fast, k=2, to 32768", "x golden"]
    assert ratio["lowest"] <= fast["highest"] / golden["lowest"]
    assert ratio["highest"] >= fast["lowest"] / golden["highest"]
    for what in ("fast, two cores", "vectors beside fast, two cores"):
        assert figures[what, "x one core"]
    for name in measure.mechanisms(4):
        assert 0 < figures[f"fast, {name}", "% of the time between epochs"]["median"] < 100
        ratio = figures[f"fast, {name}", "x 8 tribes alone"]
        assert (ratio["lowest"] == ratio["highest"] == 1) == (name == "8 tribes alone")
    assert figures[f"fast, {measure.DRAWN}", f"x {measure.SAME_MEAN}"]
    assert figures["fast, evoarray evolve", "evaluations/s"]["median"] == 2**10
    assert figures["verilator, full frames", "cycles/evaluation"]["lowest"] >= 16 * 12
    read = {(f["what"], f["unit"], f["of"]): f["median"] for f in results["networks"]}
    for network, algorithm in (("64-16-10", "(1+8)"), ("64-16-10", "ga"), ("CNN", "newt")):
        assert read[f"fast, {algorithm}", "x golden", network] > 0
        assert read["golden", "images/s", network] > read["verilator", "images/s", network] > 0
    assert 300 < read["verilator", "cycles/image", "64-16-10"] < 330
    assert results["start_up_seconds"]["fast"]["cached"] > 0
    assert 10 < results["peak_memory_mb"]["4x4"] < 1000
    assert results["rounds"] == 2


@pytest.mark.usefixtures("small")
def test_squared_errors_are_measured_beside_the_sae(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine of "squared errors", and no other, goes by them."""
    (noisy, clean), squared = machine.bundled_pair(), {}

    class Run(measure._Run):
        def __init__(self, name: str, settings: Settings, evolver: FastBackend) -> None:
            super().__init__(name, settings, evolver)
            copied = copy_filter(settings.shape).genes[np.newaxis]
            value = evolver.evaluate(copied)[0]
            assert value in {sae(noisy, clean), squared_error(noisy, clean)}
            squared[name] = value == squared_error(noisy, clean)

    monkeypatch.setattr(measure, "_Run", Run)
    bench = measure.Bench((noisy, clean), [])
    settings = Settings(Shape(4, 4, "upm16"), tribes=8, war_interval=0)
    bench._mechanisms(settings, golden=1.0)
    assert squared == {name: name == "squared errors" for name in measure.mechanisms(4)}
    ratios = {figure["what"] for figure in bench.figures.as_json()}
    assert "fast, squared errors" in ratios


@pytest.mark.usefixtures("small")
def test_the_table_has_a_column_for_each_array(
    evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "SIDES", (4,))
    ended = evoarray("bench", "--rounds", 1)
    assert ended.status == 0, ended.err
    table = [line for line in ended.out.splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in table[0].strip("|").split("|")] == [
        *("backend", "quantity", "4x4")
    ]
    assert any("icarus, full frames" in line for line in table)
    assert any(line.split("|")[3].strip() == "64-16-10" for line in table)


@pytest.mark.usefixtures("small")
def test_an_absent_simulator_is_left_out(
    evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def require(name: str, _: str) -> NoReturn:
        raise InputError(f"{name} is not installed")

    monkeypatch.setattr(measure, "require", require)
    ended = evoarray("bench", "--side", 4, "--rounds", 1, "--json")
    assert ended.status == 0, ended.err
    for name in ("verilator", "icarus"):
        assert f"Without {name}: {name} is not installed" in ended.err
    results = json.loads(ended.out)
    figures = [*results["figures"], *results["networks"]]
    assert not any("verilator" in figure["what"] for figure in figures)


def test_photos_of_several_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "PHOTOS", {"128x128": [(128, 128)], "two": [(150, 600), (3, 4)]})
    monkeypatch.setattr(photos, "EVALUATIONS", 64)
    figures = {tuple(figure[:3]): figure[3] for figure in photos.measure_photos(1)}
    assert all(value > 0 for value in figures.values())
    assert figures["fast, all windows", "x 128x128, by pixels", "128x128"] == 1
    linear = figures["fast, all windows", "evaluations/s", "128x128"] * 128**2 / (150 * 600 + 12)
    assert figures["fast, all windows", "x 128x128, by pixels", "two"] == pytest.approx(
        figures["fast, all windows", "evaluations/s", "two"] / linear
    )
    sampled = {of for what, _, of in figures if what == "fast, a sample"}
    assert sampled == {"two"}
    for way in ("all windows", "a sample"):
        assert 20 < figures[f"evoarray evolve, {way}", "MB at most", "two"] < 1000
    (noisy, clean), _ = photos.pairs_of([(150, 600), (3, 4)])
    assert clean.shape == (150, 600)
    assert np.array_equal(clean[:, 512:], clean[:, 424:512][:, ::-1]), "mirrored"
    assert 0.15 < (noisy != clean).mean() < 0.25


def test_a_whole_command_takes_time() -> None:
    assert 0.05 < machine.command_seconds(machine.bundled_pair(), 4, 1024) < 60


@pytest.mark.parametrize("side", ["3", "x"])
def test_an_array_that_is_not_measured(evoarray: Evoarray, side: str) -> None:
    ended = evoarray("bench", "--side", side)
    assert ended.status == 2
    assert "--side" in ended.err


def test_the_peer_s_graph_is_the_circuit() -> None:
    """Compute a graph's nodes one after the other, as a CGP library does."""
    shape, rng = Shape(5, 4, "upm16"), np.random.default_rng(3)
    noisy, clean = rng.integers(0, 256, (2, 6, 7), np.uint8)
    for _ in range(20):
        circuit = random_circuit(shape, rng)
        genes = graph_genes(circuit)
        values = list(windows(noisy))
        assert len(values) == len(WINDOW_PIXELS)
        for node in range(20):
            code, north, west = genes[3 * node : 3 * node + 3]
            assert max(north, west) < len(values)
            out = np.empty_like(noisy)
            FUNCTION_SETS["upm16"].functions[code].apply(values[north], values[west], out=out)
            values.append(out)
        expected = ModelBackend(shape, [(noisy, clean)]).filter(circuit.genes)
        assert np.array_equal(values[genes[-1]], expected)
