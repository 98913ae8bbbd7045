# SPDX-License-Identifier: Apache-2.0
"""What `make compare-filters` makes of runs and measurements; the tools themselves are not run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evoarray.evolution.filter.presets import settings_of
from evoarray.evolution.filter.settings import Settings
from evoarray.evolution.studies.tasks import Result as RunResult
from evoarray.evolution.studies.tasks import Task, work
from evoarray.evolution.synthesis.devices import DEVICES, SYNTHESIS, Design
from evoarray.evolution.synthesis.flow import Clock
from evoarray.evolution.synthesis.measure import Result
from evoarray.evolution.synthesis.netlist import Area
from evoarray.model.filter.baselines import adaptive_median
from evoarray.model.filter.circuit import Circuit, circuit_of
from evoarray.model.filter.rtl import BASELINES_DIR, baselines
from evoarray.model.pages import replace_part
from evoarray.model.rtl import ROOT, sources
from synth.filters import evolution
from synth.filters.contenders import EVOLVED, MEDIAN, Contender, Quality, by_hand, quality
from synth.filters.evolution import HELD_OUT, LITERATURE, NOISES, TRAINING, held_out, training
from synth.filters.report import BEGIN, END, Measured, page, rival_of, sites, to_json

SETTINGS = settings_of({"evaluations": 64, "tribes": 1, "rows": 2, "cols": 2})
AREA = Area(lut=9, flip_flop=8, carry=7, wide_mux=0, shift=5, memory=0, sites=95)
CLOCK = Clock(98.0, 100.0, 120.0, 4711, 7680)


def measured(name: str, module: str, sae: float, area: int) -> Measured:
    """Return a filter with an SAE and so many LUT6 sites; five shift registers are among them."""
    design = Design(name, module, {}, DEVICES)
    areas = dict.fromkeys(SYNTHESIS, replace(AREA, sites=area - AREA.shift))
    return Measured(
        Contender(name, adaptive_median, 3, 9, design),
        Quality(sae, sae / 1000, 30.0, 0.9),
        Result(design, areas, dict.fromkeys(DEVICES, CLOCK)),
    )


MEDIANS = [
    measured(MEDIAN, "median3x3", 900, 50),
    measured("adaptive 3", "adaptive_median", 500, 200),
    measured("adaptive 5", "adaptive_median", 400, 700),
    measured("adaptive 7", "adaptive_median", 390, 1500),
]

ABROAD = dict.fromkeys(NOISES, Quality(777, 0.777, 30.0, 0.9))


@pytest.mark.parametrize(
    ("sae", "rival", "is_as_good"),
    [
        (1000, "adaptive 3", True),
        (500, "adaptive 3", True),
        (499, "adaptive 5", True),
        (390, "adaptive 7", True),
        (389, "adaptive 7", False),
        (100, "adaptive 7", False),
    ],
)
def test_the_rival_is_the_smallest_adaptive_median_that_is_as_good(
    sae: float, rival: str, is_as_good: bool
) -> None:
    found, good = rival_of(measured(EVOLVED, "f", sae, 100), MEDIANS)
    assert (found.contender.name, good) == (rival, is_as_good)


def test_where_none_is_as_good_a_small_one_is_not_spared_for_a_hair() -> None:
    nearly = measured("adaptive 6", "adaptive_median", 390 * 1.01, 900)
    assert rival_of(measured(EVOLVED, "f", 300, 100), [*MEDIANS, nearly]) == (nearly, False)
    worse = measured("adaptive 6", "adaptive_median", 390 * 1.02, 900)
    assert rival_of(measured(EVOLVED, "f", 300, 100), [*MEDIANS, worse]) == (MEDIANS[-1], False)


def test_a_shift_register_takes_a_site() -> None:
    assert sites(AREA) == 100


def test_page_and_json_say_the_same() -> None:
    comparison = {
        noise: [*MEDIANS, measured(EVOLVED, "f", sae, 140)]
        for noise, sae in zip(NOISES, (450, 500, 450, 380, 500, 500, 500), strict=True)
    }
    text = page(comparison, ABROAD, {"yosys": "1.2"}, 3)
    assert "yosys 1.2; seeds of nextpnr: 3" in text
    assert (
        "| SAE | salt-and-pepper 0.05 | salt-and-pepper 0.1 | salt-and-pepper 0.2 | "
        "salt-and-pepper 0.4 | burst 0.2 | gaussian 0.1 | speckle 0.2 |" in text
    )
    assert "| evolved | 450 | 500 | 450 | 380 | 500 | 500 | 500 |" in text
    assert "| evolved | 0.450 | 0.500 | 0.450 | 0.380 | 0.500 | 0.500 | 0.500 |" in text
    assert "| evolved | 9 | 2 | 100 (98-120) | 4,711 of 7,680 |" in text
    assert "| evolved | 135 + 5 | 135 + 5 |" in text
    assert (
        "adaptive 5, leaves 400. On 7 series its 140 LUT6 sites are **0.20** of that one's 700 "
        "(0.19 without shift registers)" in text
    )
    assert "| evolved for salt-and-pepper 0.2 | 777 | 777 |" in text
    data = to_json(comparison, ABROAD, {"yosys": "1.2"}, 3)
    assert [noise["amount"] for noise in data["noises"]] == [noise.amount for noise in NOISES]
    last = data["noises"][2]["filters"][-1]
    assert (last["name"], last["held_out"]["sae"], last["cells"]["xc7"]["shift"]) == (
        EVOLVED,
        450,
        5,
    )


def test_where_no_median_is_as_good_the_page_says_so() -> None:
    comparison = {noise: [*MEDIANS, measured(EVOLVED, "f", 300, 150)] for noise in NOISES}
    text = page(comparison, ABROAD, {}, 1)
    assert "no adaptive median leaves as little; the smallest that is as good as the best" in text
    assert "within 1 %, adaptive 7, leaves 390." in text
    assert "**0.10** of that one's 1,500" in text


def test_the_page_has_a_place_for_it() -> None:
    text = (ROOT / "docs" / "filters.md").read_text(encoding="utf-8")
    assert "new\n" in replace_part(text, BEGIN, END, "new\n")


def test_the_3x3_median_is_the_measure() -> None:
    photos = held_out(LITERATURE)
    qualities = {each.name: quality(each, photos) for each in by_hand()}
    assert qualities[MEDIAN].ratio == 1
    assert qualities["adaptive median 7x7"].ratio == pytest.approx(0.374, abs=0.003)
    assert qualities["adaptive median 3x3"].sae > qualities["adaptive median 7x7"].sae


def test_no_photo_is_both_seen_and_judged() -> None:
    assert not {*TRAINING} & {*HELD_OUT}
    assert [photo.name for photo in training(LITERATURE)] == [*TRAINING]
    assert [photo.name for photo in held_out(LITERATURE)] == [*HELD_OUT]


def test_the_core_does_without_the_filters_by_hand() -> None:
    assert {file.parent for file in baselines()} == {BASELINES_DIR}
    assert not {*baselines()} & {*sources("filter")}
    assert {*Design("core", "evoarray_evaluator", {}, ()).sources} == {*sources("filter")}
    assert {file for each in by_hand() for file in each.design.sources} == {*baselines()}


def test_nothing_is_evolved_twice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Task] = []

    def count(task: Task) -> RunResult:
        asked.append(task)
        return work(task)

    monkeypatch.setattr(evolution, "BUILD", tmp_path)
    monkeypatch.setattr(evolution, "work", count)
    photos = training(LITERATURE)[:1]
    first = evolution._run(SETTINGS, photos)
    assert evolution._run(SETTINGS, photos) == first
    assert len(asked) == 1
    evolution._run(replace(SETTINGS, seed=2), photos)
    evolution._run(SETTINGS, training(NOISES[0])[:1])
    assert len(asked) == 3


def test_the_best_of_the_training_photos_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(50)
    found: dict[int, Circuit] = {}

    def run(settings: Settings, photos: object) -> Circuit:
        assert photos == training(LITERATURE)
        genes = rng.integers(0, settings.shape.limits).astype(np.uint8)
        return found.setdefault(settings.seed, circuit_of(genes, settings.shape))

    monkeypatch.setattr(evolution, "_run", run)
    best = evolution.evolve_filter(LITERATURE)
    saes = [evolution.sae_of(each, training(LITERATURE)) for each in found.values()]
    assert len(saes) == evolution.RUNS
    assert evolution.sae_of(best, training(LITERATURE)) == min(saes)
