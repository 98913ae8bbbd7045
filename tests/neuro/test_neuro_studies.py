# SPDX-License-Identifier: Apache-2.0
"""Studies of networks are studies like any others."""

import csv
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evoarray.evolution.neuro import trained
from evoarray.evolution.neuro.algorithms import algorithm_of
from evoarray.evolution.neuro.copies import with_copies
from evoarray.evolution.neuro.data import digits
from evoarray.evolution.neuro.settings import NeuroSettings
from evoarray.evolution.studies.kind import of_run
from evoarray.evolution.studies.neuro import TestError
from evoarray.evolution.studies.neuro_runs import NeuroResult, NeuroTask
from evoarray.evolution.studies.spec import parse_spec
from evoarray.evolution.studies.store import DATABASE
from evoarray.model.neuro.forward import classify, forward
from evoarray.model.neuro.latency import inference_cycles
from evoarray.model.neuro.program import Core
from tests.conftest import ROOT, Evoarray
from tests.test_guided_studies import results
from tests.test_studies import done, refused

SPEC = """
title = "Networks"
kind = "neuro"
runs = 5
quick = 4
[options]
evaluations = 400
interval = 100
layers = "64-4-10"
[[settings]]
name = "one"
algorithm = "one-plus-lambda"
[[settings]]
name = "genetic"
algorithm = "ga"
population = 40
[[claims]]
says = "One parent is better than forty"
better = "one"
than = ["genetic"]
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.toml"
    path.write_text(SPEC, encoding="utf-8")
    return path


def test_workers_and_what_was_there_before(evoarray: Evoarray, spec: Path) -> None:
    done(evoarray, spec, "-o", "one", "--workers", 1)
    expected = results(spec.parent / "one")
    assert len(expected) == 10
    done(evoarray, spec, "-o", "two", "--quick", "--workers", 1)
    with closing(sqlite3.connect(spec.parent / "two" / DATABASE)) as database, database:
        database.execute("DELETE FROM result WHERE run = 0")
    done(evoarray, spec, "-o", "two", "--workers", 2)
    assert results(spec.parent / "two") == expected
    _its_report(evoarray, spec, expected)
    _its_summary(evoarray, spec, expected)


def _its_report(evoarray: Evoarray, spec: Path, found: dict[tuple[str, int], Any]) -> None:
    assert evoarray("report", "one").status == 0
    page = (spec.parent / "one" / "report.html").read_text(encoding="utf-8")
    mean = np.mean([found["one", run]["right"][2] / 4 for run in range(5)])
    assert re.search(rf"<td>{mean:.2f} %</td>", page)
    for word in ("photo", "SAE", "3x3", "circuit", "noise"):
        assert word not in page.partition("<body>")[2]
    with (spec.parent / "one" / "report-results.csv").open(encoding="utf-8") as stream:
        rows = {(row["setting"], int(row["run"])): row for row in csv.DictReader(stream)}
    assert set(rows) == set(found)
    for key, row in rows.items():
        assert int(row["test_right"]) == found[key]["right"][2]
        assert int(row["nonzero"]) == found[key]["nonzero"]
    data = json.loads((spec.parent / "one" / "report-results.json").read_text(encoding="utf-8"))
    assert data["runs"][0]["genes"] == list(found["one", 0]["genes"])


def _its_summary(evoarray: Evoarray, spec: Path, found: dict[tuple[str, int], Any]) -> None:
    done(evoarray, "summary", "one", "-o", "found.md")
    text = (spec.parent / "found.md").read_text(encoding="utf-8")
    (row,) = [line for line in text.splitlines() if line.startswith("| one | 5 |")]
    mean = np.mean([1 - found["one", run]["right"][2] / 400 for run in range(5)])
    assert f"| {100 * mean:.2f} % [" in row
    for part, size in enumerate((1000, 397, 400)):
        right = np.mean([found["one", run]["right"][part] for run in range(5)])
        assert f"| {100 * right / size:.2f} % |" in row
    cycles = inference_cycles(
        algorithm_of(NeuroSettings(layers="64-4-10")).ask()[0].network(), Core()
    )
    assert f"| {cycles:,} |" in row
    assert "| 310 |" in row  # parameters: 64 * 4 + 4 + 4 * 10 + 10
    assert "1,000 to train on, 397 to choose the champion by, and 400 for the test" in text


def test_a_result_is_its_champion(spec: Path) -> None:
    parsed = parse_spec(SPEC, "spec.toml")
    for name, settings in parsed.settings.items():
        (result,) = NeuroTask(name, 3, settings).work()
        assert isinstance(result, NeuroResult)
        algorithm = algorithm_of(of_run(settings, 3))
        network = algorithm.genome(list(result.genes)).network()
        data = digits()
        right = [
            int((classify(forward(network, part.images)) == part.labels).sum())
            for part in (data.training, data.validation, data.test)
        ]
        assert list(result.right) == right
        assert (result.parameters, result.nonzero) == (network.parameters, network.nonzero)
        assert result.error == TestError().of(result) == 1 - right[2] / 400
        assert result.curve[0][-1] == result.evaluations
        assert TestError().of(result, 1) == result.curve[1][0]
        parsed.kind.result_from_json(json.loads(json.dumps(asdict(result))))


def test_what_scikit_learn_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    (result,) = NeuroTask("logistic", 0, NeuroSettings(algorithm="logistic")).work()
    assert result.parameters == result.nonzero == 650
    assert result.evaluations == 0
    assert result.right[2] > 380
    monkeypatch.setattr(trained, "STRENGTHS", (0.1,))
    (mlp,) = NeuroTask("mlp", 0, NeuroSettings(algorithm="mlp", layers="64-10-10")).work()
    assert mlp.parameters == 64 * 10 + 10 + 10 * 10 + 10
    assert mlp.right[0] > 900
    assert mlp.right[2] > 360


def test_copies_look_like_their_originals() -> None:
    part = digits().training
    images, labels = with_copies(part.images, part.labels, 2, 7)
    assert images.shape == (3000, 1, 8, 8)
    assert images.dtype == np.int8
    assert (images[:1000] == part.images).all()
    assert (labels == np.tile(part.labels, 3)).all()
    assert images.min() >= 0
    again, _ = with_copies(part.images, part.labels, 2, 7)
    other, _ = with_copies(part.images, part.labels, 2, 8)
    assert (again == images).all()
    assert (other[1000:] != images[1000:]).any()
    copies = images[1000:].reshape(2, 1000, -1).astype(float)
    originals = part.images.reshape(1000, -1).astype(float)
    assert not (copies[0] == copies[1]).all(1).any()
    own = np.abs(copies - originals).mean(-1)
    foreign = np.abs(copies - np.roll(originals, 1, 0)).mean(-1)
    assert (own < foreign).mean() > 0.97
    assert 2 < own.mean() < 15
    # On average nothing is shifted, and nothing grows darker.
    assert np.abs(copies.mean((0, 1)) - originals.mean(0)).max() < 25  # at the edges
    assert abs(copies.mean() - originals.mean()) < 3


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"neuro"', '"neural"', "kind is 'neural'; it must be one of filters, networks, neuro"),
        ("evaluations", "evalutions", "evalutions is not known; known are accuracy, activation"),
        ("population = 40", "children = 4", "setting 'genetic': children has no effect with"),
        ("runs = 5", 'photos = ["a.png"]', "photos is not known; known are claims, grid, kind"),
    ],
)
def test_bad_specs(evoarray: Evoarray, spec: Path, old: str, new: str, says: str) -> None:
    assert old in SPEC
    spec.write_text(SPEC.replace(old, new, 1), encoding="utf-8")
    assert says in refused(evoarray, spec, "-o", "study")
    assert not (spec.parent / "study").exists()


def test_the_published_study_compares_runs_of_the_same_length() -> None:
    text = (ROOT / "studies" / "neuro-weights.toml").read_text(encoding="utf-8")
    spec = parse_spec(text, "neuro-weights.toml")
    assert spec.runs >= 10
    comparisons = [claim for claim in spec.claims if claim.others]
    assert len(comparisons) >= 4
    for claim in comparisons:
        compared = [spec.settings[name] for name in (claim.one, *claim.others)]
        assert len({each.evaluations for each in compared}) == 1, claim.says
