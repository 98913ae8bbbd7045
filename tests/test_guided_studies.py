# SPDX-License-Identifier: Apache-2.0
"""Studies of guided evolution are studies like any others."""

import csv
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evoarray.evolution.guided.algorithms import evolve_all
from evoarray.evolution.guided.settings import GuidedSettings
from evoarray.evolution.studies import guided
from evoarray.evolution.studies.guided import Error
from evoarray.evolution.studies.kind import of_run
from evoarray.evolution.studies.spec import parse_spec
from evoarray.evolution.studies.store import DATABASE, StudyStore
from tests.conftest import ROOT, Evoarray
from tests.test_studies import cluster, done, refused
from tests.test_tours import BURMA14

SPEC = """
title = "Networks"
kind = "networks"
runs = 6
quick = 4
[options]
population = 10
generations = 8
[grid]
problem = ["sphere", "camel"]
algorithm = ["traditional", "scale-free-best", "scipy"]
[[settings]]
name = "burma14"
problem = "tsp"
file = "burma14.tsp"
optimum = 3323
[[claims]]
says = "A scale-free network is better"
better = "problem sphere, algorithm scale-free-best"
than = ["problem sphere, algorithm traditional"]
after = 50
[[claims]]
says = "It is 0.25"
equals = "problem sphere, algorithm traditional"
level = 0.25
[[claims]]
says = "The traditional algorithm is worse than scipy's"
worse = "problem camel, algorithm traditional"
than = ["problem camel, algorithm scipy"]
"""
NAMES = list(parse_spec(SPEC, "spec.toml").settings)


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """Return the spec, beside its file of cities."""
    (tmp_path / "burma14.tsp").write_text(BURMA14, encoding="utf-8")
    path = tmp_path / "spec.toml"
    path.write_text(SPEC, encoding="utf-8")
    return path


def results(folder: Path) -> dict[tuple[str, int], dict[str, Any]]:
    with closing(StudyStore(folder, writes=False)) as store:
        return {
            (result.setting, result.run): {**asdict(result), "seconds": 0}
            for result in store.results().good
        }


def test_a_result_is_what_evolution_comes_to(evoarray: Evoarray, spec: Path) -> None:
    done(evoarray, spec, "-o", "study", "--quick", "--workers", 1)
    found = results(spec.parent / "study")
    assert set(found) == {(name, run) for name in NAMES for run in range(4)}
    for (name, run), result in found.items():
        settings = of_run(parse_spec(SPEC, "spec.toml").settings[name], run)
        assert settings.seed == 1 + run
        alone = evolve_all(settings, BURMA14, [settings.seed])
        assert result["evaluations"] == 90
        assert result["error"] == alone.errors[-1, 0]
        assert result["curve"] == (
            tuple(range(10, 91, 10)),
            tuple(alone.errors[:, 0].tolist()),
        )
        assert list(result["genes"]) == alone.genes[0].tolist()


def test_blocks_workers_shards_and_what_was_there_before(
    evoarray: Evoarray, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(evoarray, spec, "-o", "one", "--workers", 1)
    expected = results(spec.parent / "one")
    assert len(expected) == 6 * len(NAMES)
    done(evoarray, spec, "-o", "two", "--runs", 2, "--workers", 1)
    (spec.parent / "burma14.tsp").unlink()  # the study has it
    with closing(sqlite3.connect(spec.parent / "two" / DATABASE)) as database, database:
        database.execute("DELETE FROM result WHERE run = 0 AND setting LIKE '%camel%'")
    done(evoarray, spec, "-o", "two", "--workers", 2)
    assert results(spec.parent / "two") == expected
    (spec.parent / "burma14.tsp").write_text(BURMA14, encoding="utf-8")
    monkeypatch.setattr(guided, "BLOCK", 1)
    for shard in ("1", "2"):
        done(evoarray, spec, "-o", shard, "--shard", f"{shard}/2", "--workers", 1)
    done(evoarray, "merge", "2", "1", "-o", "merged")
    assert results(spec.parent / "merged") == expected
    texts = []
    for name in ("one", "two", "merged"):
        done(evoarray, "summary", name, "-o", f"{name}.md")
        texts.append((spec.parent / f"{name}.md").read_bytes())
    assert texts[0] == texts[1] == texts[2]


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Return the address of a cluster, which takes seconds to start."""
    with cluster() as started:
        yield started.scheduler_address


NEURO = """
title = "Small networks"
kind = "neuro"
runs = 2
[[settings]]
name = "weights"
layers = "64-4-10"
evaluations = 100
[[settings]]
name = "nodes and connections"
algorithm = "neat"
population = 10
evaluations = 30
"""


@pytest.mark.parametrize("text", [SPEC, NEURO], ids=["networks", "neuro"])
def test_a_cluster_comes_to_the_same(
    evoarray: Evoarray, spec: Path, scheduler: str, text: str
) -> None:
    spec.write_text(text, encoding="utf-8")
    done(evoarray, spec, "-o", "here", "--workers", 1)
    done(evoarray, spec, "-o", "there", "--cluster", scheduler)
    assert results(spec.parent / "there") == results(spec.parent / "here")


def test_a_summary_tells_errors(evoarray: Evoarray, spec: Path) -> None:
    done(evoarray, spec, "-o", "study", "--workers", 1)
    page = spec.parent / "page.md"
    begin = "<!-- What follows is written by `evoarray study summary`. -->"
    page.write_text(
        f"# By hand\n\n{begin}\nformer words\n<!-- Here it ends. -->\nmore\n", encoding="utf-8"
    )
    done(evoarray, "summary", "study", "-o", page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# By hand\n\n{begin}\n\nMade by")
    assert text.endswith("\n<!-- Here it ends. -->\nmore\n")
    assert "former words" not in text
    assert "3x3" not in text
    found = results(spec.parent / "study")
    for name in NAMES:
        mean = np.mean([result["error"] for (n, _), result in found.items() if n == name])
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {name} | 6 |")]
        assert f"| {mean:.6f} [" in row
    (row,) = [line for line in text.splitlines() if line.startswith("| It is 0.25")]
    assert "| 0.250000 |" in row
    assert text.count("](#spec)") == 3


def test_a_report_tells_errors_problem_by_problem(evoarray: Evoarray, spec: Path) -> None:
    done(evoarray, spec, "-o", "study", "--workers", 1)
    assert evoarray("report", "study").status == 0
    page = (spec.parent / "study" / "report.html").read_text(encoding="utf-8")
    settings = page[page.index('<section id="settings">') : page.index('<section id="spread">')]
    groups = re.findall("<h3>(.*?)</h3>", settings)
    assert groups == ["sphere", "camel", "burma14.tsp"]
    found = results(spec.parent / "study")
    for name in NAMES:
        mean = np.mean([result["error"] for (n, _), result in found.items() if n == name])
        assert re.search(rf">{name}</th><td>6</td><td>{Error().number(float(mean))}</td>", settings)
    for word in ("photo", "SAE", "3x3", "circuit", "noise"):
        assert word not in page.partition("<body>")[2]
    # Settings on different problems are not compared.
    data = json.loads((spec.parent / "study" / "report-results.json").read_text(encoding="utf-8"))
    pairs = [(pair["one"], pair["other"]) for pair in data["pairs"]]
    assert len(pairs) == 6
    assert all(one.split(",")[0] == other.split(",")[0] for one, other in pairs)
    with (spec.parent / "study" / "report-results.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {(row["setting"], int(row["run"])): float(row["error"]) for row in rows} == {
        key: result["error"] for key, result in found.items()
    }
    names = re.findall(r'\bid="([^"]+)"', page)
    assert len(names) == len(set(names))
    links = re.findall(r'href="#([^"]+)"', page)
    assert set(links) <= set(names)


def test_errors_are_told_as_the_paper_does_or_exactly_enough() -> None:
    told = {
        0.0: "0",
        2.2e-27: "2.2e-27",
        -1e-9: "-1.0e-09",
        1.44e-6: "0.0000014",
        -0.00001: "-0.000010",
        0.000014: "0.000014",
        0.058757: "0.058757",
        12.5: "12.500000",
    }
    assert {value: Error().number(value) for value in told} == told


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"networks"', '"other"', "kind is 'other'; it must be one of filters, networks, neuro"),
        ('"networks"', "[1]", "kind is [1]; it must be a text"),
        ("runs = 6", 'photos = ["a.png"]', "photos is not known; known are claims, grid, kind"),
        ("population", "populatoin", "populatoin is not known; known are accept, algorithm"),
        ("population = 10", "population = 2", "population is 2; it must be a whole number from 5"),
        ("optimum = 3323", "factor = 0.7", "setting 'burma14': factor has no effect with problem"),
        ('"burma14.tsp"', '"none.tsp"', "none.tsp: No such file"),
        ('"burma14.tsp"', '"spec.toml"', "is no line of a TSPLIB file"),
        ("level = 0.25", "level = true", "level is True; it must be a number such as 0.9"),
        ("level = 0.25", "", "level is missing beside equals"),
    ],
)
def test_bad_specs(evoarray: Evoarray, spec: Path, old: str, new: str, says: str) -> None:
    assert old in SPEC
    spec.write_text(SPEC.replace(old, new, 1), encoding="utf-8")
    assert says in refused(evoarray, spec, "-o", "study")
    assert not (spec.parent / "study").exists()


def test_a_lost_file(evoarray: Evoarray, spec: Path) -> None:
    done(evoarray, spec, "-o", "study", "--runs", 1, "--workers", 1)
    with closing(sqlite3.connect(spec.parent / "study" / DATABASE)) as database, database:
        database.execute("UPDATE file SET content = NULL")
    assert "damaged: the file 'burma14.tsp' is not as it was saved; take a copy" in refused(
        evoarray, spec, "-o", "study"
    )


def test_long_curves_keep_some_points() -> None:
    spec = parse_spec(SPEC.replace("generations = 8", "generations = 999"), "spec.toml")
    kind, settings = spec.kind, {"x": GuidedSettings(population=5, generations=999)}
    (task,) = kind.tasks(settings, kind.read({}, ROOT), [("x", 3)])
    (result,) = task.work()
    assert isinstance(result, guided.NetworkResult)
    assert result.run == 3
    assert len(result.curve[0]) == guided.POINTS + 1
    assert (result.curve[0][0], result.curve[0][-1]) == (5, 5000)
    whole = evolve_all(settings["x"], "", [4])
    for after in (1, 5, 6, 2500, 5000, 10_000):
        last = max(i for i in range(guided.POINTS + 1) if result.curve[0][i] <= max(5, after))
        assert Error().of(result, after) == result.curve[1][last]
        assert result.curve[1][last] == whole.errors[int(result.curve[0][last]) // 5 - 1, 0]


def test_the_shortest_tour_of_the_study_is_the_shortest() -> None:
    """By integer programming, in which every subtour that is found is forbidden."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse.csgraph import connected_components

    from evoarray.evolution.guided.tours import random_cities

    text = (ROOT / "studies" / "networks-tsp.toml").read_text(encoding="utf-8")
    for settings in {
        (each.cities, each.instance): each
        for each in parse_spec(text, "networks-tsp.toml").settings.values()
    }.values():
        distances = random_cities(settings.cities, settings.instance)
        one, other = np.triu_indices(settings.cities, 1)
        ends = np.zeros((settings.cities, len(one)))
        ends[one, np.arange(len(one))] = ends[other, np.arange(len(one))] = 1
        rules = [LinearConstraint(ends, 2, 2)]
        while True:
            found = milp(
                distances[one, other],
                constraints=rules,
                integrality=np.ones(len(one)),
                bounds=Bounds(0, 1),
            )
            graph = np.zeros((settings.cities, settings.cities))
            graph[one, other] = found.x.round()
            parts, labels = connected_components(graph, directed=False)
            if parts == 1:
                break
            for part in range(parts):
                inside = (labels[one] == part) & (labels[other] == part)
                rules.append(LinearConstraint(inside.astype(float), 0, (labels == part).sum() - 1))
        assert settings.optimum == pytest.approx(found.fun, abs=0.001)
