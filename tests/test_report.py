# SPDX-License-Identifier: Apache-2.0
"""Reports: their numbers, what cannot be reported, and how a browser shows them."""

import csv
import json
import re
import shlex
import shutil
import sqlite3
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from pyarrow import parquet
from scipy import stats
from selenium import webdriver

from evoarray.evolution.report.figures import Axis, wrong_curve
from evoarray.evolution.report.neuro_run import NeuroRun
from evoarray.evolution.runs.database import Row
from evoarray.evolution.studies.database import rewrite
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.baselines import adaptive_median, median3x3
from evoarray.model.filter.circuit import read_circuit
from evoarray.model.filter.fitness import sae
from evoarray.model.images import read_image, write_image
from evoarray.model.noise import add_noise
from tests.browser import LOWEST_CONTRAST, look_as
from tests.conftest import Evoarray

SPEC = """\
title = "Rates & <tribes>"
source = "thesis, 5"
runs = 6
photos = ["first photo.png", "second.png"]
held-out = ["other.png"]
[options]
size = "4x4"
evaluations = 2048
[[settings]]
name = "one"
[[settings]]
name = "two <b>tribes</b> & \\"wars\\""
tribes = 2
war-interval = 128
crossover = "full"
crossover-interval = 256
[[settings]]
name = "short"
evaluations = 64
[[claims]]
says = "A short run is worse"
source = "thesis, 3"
thesis = "half as good"
better = "one"
than = ["short"]
[[claims]]
says = "A short run is better"
better = "short"
than = ["one"]
"""
NETWORKS = """
title = "Networks & <graphs>"
kind = "networks"
runs = 5
[options]
population = 8
generations = 6
[grid]
problem = ["camel", "knapsack"]
algorithm = ["traditional", "small-world", "scale-free-best"]
[[claims]]
says = "It is 0.1"
equals = "problem camel, algorithm traditional"
level = 0.1
"""
RUN = (
    *("--preset", "plain", "--rows", "4", "--cols", "4"),
    *("--evaluations", "4000", "--tribes", "4"),
    *("--war-interval", "100", "--crossover", "partial", "--crossover-interval", "200"),
    *("--crossover-size", "2", "--drop-interval", "300", "--survivors", "2"),
    *("--topology", "ring", "--rewire-interval", "100"),
    *("--parsimony", "tie", "--test-pair", "noisy-other.png", "other.png"),
)
KINDS = ("html", "csv", "json", "parquet")
LEAST = {"study": (10, 9, 6), "run": (10, 3, 4), "networks": (0, 8, 12), "neuro": (16, 3, 1)}
"""Pictures, tables and plots of a page."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with photos, the studies `study` and `networks`, the runs `run` and `neuro`.

    All have a report.
    """
    folder = tmp_path_factory.mktemp("report")
    y, x = np.indices((24, 30))
    for number, name in enumerate(("first photo", "second", "other")):
        clean = (7 * y + 3 * x + 40 * np.sin(x * y / (9 + number))) % 256
        write_image(folder / f"{name}.png", clean.astype(np.uint8))
    (folder / "spec.toml").write_text(SPEC, encoding="utf-8")
    (folder / "networks.toml").write_text(NETWORKS, encoding="utf-8")
    for command in (
        ("study", "spec.toml", "-o", "study", "--workers", "2"),
        ("study", "networks.toml", "-o", "networks", "--workers", "1"),
        ("noise", "first photo.png", "-o", "noisy.png"),
        ("noise", "other.png", "-o", "noisy-other.png"),
        ("evolve", "noisy.png", "first photo.png", "-o", "run", *RUN),
        ("neuro", "-o", "neuro", "--evaluations", "3000", "--interval", "500"),
        ("report", "study"),
        ("report", "neuro"),
        ("report", "networks"),
        ("report", "run"),
    ):
        subprocess.run([sys.executable, "-m", "evoarray", *command], cwd=folder, check=True)
    return folder


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def section(page: str, name: str) -> str:
    found = re.search(f'<section id="{name}">(.*?)</section>', page, re.DOTALL)
    assert found
    return found[1]


def table(html: str) -> list[list[str]]:
    """Return the words in the cells of the first table, without its head."""
    body = re.search("<tbody>(.*?)</tbody>", html, re.DOTALL)
    assert body
    rows = re.findall("<tr.*?</tr>", body[1], re.DOTALL)
    return [[words(c) for c in re.findall("<t[hd].*?</t[hd]>", r, re.DOTALL)] for r in rows]


def words(html: str) -> str:
    return unescape(re.sub("<.*?>", "", html)).replace("\N{MINUS SIGN}", "-").strip()


def database(folder: Path) -> list[dict[str, Any]]:
    """Return the results of a study as its database has them."""
    with closing(sqlite3.connect(folder / "study.sqlite")) as opened:
        rows = opened.execute("SELECT content FROM result ORDER BY rowid").fetchall()
    return [json.loads(content) for (content,) in rows]


def noisy(folder: Path, name: str, seed: int) -> tuple[Any, Any]:
    clean = read_image(folder / f"{name}.png")
    return add_noise(clean, "salt-and-pepper", 0.2, np.random.default_rng(seed)), clean


def ratios(folder: Path) -> dict[str, list[float]]:
    """Return the SAE of each run as a part of the 3x3 median's, lowest mean first."""
    pairs = [noisy(folder, name, 1 + i) for i, name in enumerate(("first photo", "second"))]
    medians = [sae(median3x3(image), clean) for image, clean in pairs]
    values: dict[str, list[float]] = {}
    for result in sorted(database(folder / "study"), key=lambda result: result["run"]):
        part = result["sae"] / medians[result["run"] % 2]
        values.setdefault(result["setting"], []).append(part)
    return dict(sorted(values.items(), key=lambda item: statistics.mean(item[1])))


# --- numbers


def test_settings_are_summarized_from_the_database(made: Path) -> None:
    page = text_of(made / "study" / "report.html")
    expected = []
    for name, values in ratios(made).items():
        mean = statistics.mean(values)
        half = stats.t.ppf(0.975, 5) * statistics.stdev(values) / 6**0.5
        q1, q2, q3 = statistics.quantiles(values, method="inclusive")
        means = f"{mean:.3f}", f"{mean - half:.3f} to {mean + half:.3f}"
        medians = f"{q2:.3f}", f"{q1:.3f} to {q3:.3f}"
        expected.append([name, "6", *means, *medians, f"{min(values):.3f}"])
    assert table(section(page, "settings")) == expected
    lead = words(page[page.index('id="answer"') - 17 : page.index("<dl")])
    assert lead.startswith(f"{expected[0][0]} leaves the lowest mean SAE: {expected[0][2]} of")


def test_saes_are_told_photo_by_photo(made: Path) -> None:
    page = section(text_of(made / "study" / "report.html"), "settings")
    of_second = page[page.index("The same as SAE, on second") :]
    for name, runs, mean, *_, best in table(of_second):
        saes = [r["sae"] for r in database(made / "study") if r["setting"] == name and r["run"] % 2]
        assert (runs, mean, best) == ("3", f"{statistics.mean(saes):,.0f}", f"{min(saes):,}")


def test_pairs_are_tested_and_corrected(made: Path) -> None:
    values = ratios(made)
    names = list(values)
    pairs = [(names[0], names[1]), (names[0], names[2]), (names[1], names[2])]
    found = {pair: stats.mannwhitneyu(*(values[name] for name in pair)) for pair in pairs}
    order = sorted(pairs, key=lambda pair: found[pair].pvalue)
    corrected = np.maximum.accumulate([found[p].pvalue * (3 - i) for i, p in enumerate(order)])
    html = section(text_of(made / "study" / "report.html"), "tests")
    matrix = {row[0]: dict(zip(names, row[1:], strict=True)) for row in table(html)}
    listed = {(row[0], row[1]): row[2:] for row in table(html[html.index("<details") :])}
    for pair, p in zip(order, np.minimum(corrected, 1), strict=True):
        one, other = (values[name] for name in pair)
        effect = statistics.mean((a < b) + (a == b) / 2 for a in one for b in other)
        shown = matrix[pair[0]][pair[1]]
        assert shown.split()[0] == f"{effect:.2f}"
        assert (len(shown.split()) > 1) == (p < 0.05)
        said = listed[pair]
        t_test = stats.ttest_ind(one, other, equal_var=False).pvalue
        assert said[0] == f"{statistics.mean(one) - statistics.mean(other):.3f}"
        for shown, value in zip(said[3:], (p, found[pair].pvalue, t_test), strict=True):
            assert shown == ("< 0.001" if value < 0.001 else f"{value:.3f}")


def test_other_sections_of_a_study(made: Path) -> None:
    page = text_of(made / "study" / "report.html")
    results = database(made / "study")
    claims = table(section(page, "claims"))
    assert [row[1] for row in claims] == ["confirmed", "not confirmed"]
    assert claims[0][0] == "A short run is worse" + "thesis, 3: half as good"
    assert claims[1][0] == "A short run is better"
    values = ratios(made)
    for row in claims:
        for name in ("one", "short"):
            assert f"{name}: {statistics.mean(values[name]):.3f} [" in row[4]

    image, clean = noisy(made, "other", 101)
    median = sae(median3x3(image), clean)
    adaptive, *rows = table(section(page, "held-out"))
    assert adaptive[1] == f"{sae(adaptive_median(image), clean) / median:.3f}"
    for name, mean, best in rows:
        means = [r["held_out"][0] / median for r in results if r["setting"] == name]
        assert mean.split()[0] == f"{statistics.mean(means):.3f}"
        assert best == f"{min(means):.3f}"

    events = section(page, "events")
    kinds = re.findall('<th scope="col">(.*?)</th>', events)[1:]
    for name, *counts in table(events):
        total: Counter[str] = Counter()
        for result in results:
            if result["setting"] == name:
                total.update(result["counters"])
        assert counts == [f"{total[kind] / 6:.1f}" for kind in kinds]
    assert "wars" in kinds


def test_the_commands_of_a_study_repeat_its_best_run(
    made: Path, evoarray: Evoarray, tmp_path: Path
) -> None:
    for photo in made.glob("*.png"):
        shutil.copy(photo, tmp_path)
    page = text_of(made / "study" / "report.html")
    listing = re.search('<pre class="wrap" id="commands">(.*?)</pre>', page, re.DOTALL)
    assert listing
    for command in unescape(listing[1]).splitlines():
        program, *arguments = shlex.split(command)
        assert program == "evoarray"
        assert evoarray(*arguments).status == 0
    results = json.loads(text_of(tmp_path / "best-run" / "results.json"))
    best = re.search("it ends in SAE ([0-9,]+)", page)
    assert best
    assert f"{results['sae']:,}" == best[1]
    again = [r for r in database(made / "study") if r["sae"] == results["sae"]]
    assert [results["photos"][1]["evolved"]["sae"]] in [result["held_out"] for result in again]


def test_a_run_is_reported_as_its_results_say(made: Path) -> None:
    page = text_of(made / "run" / "report.html")
    results = json.loads(text_of(made / "run" / "results.json"))
    assert f"<strong>SAE {results['sae']:,} on first photo</strong>" in page
    shown = [row[-5:] for row in table(section(page, "comparison"))]
    assert shown == [
        [label, f"{m['sae']:,}", f"{m['mae']:.2f}", f"{m['psnr']:.2f}", f"{m['ssim']:.3f}"]
        for photo in results["photos"]
        for label, m in photo.items()
        if label != "name"
    ]
    for kind, count in results["counters"].items():
        assert f"<dt>{kind}</dt><dd>{count:,}</dd>" in page
    happened = dict(re.findall("<h3>(.+?) <span>(.+?)</span></h3>", section(page, "curve")))
    assert int(happened["war"]) == results["counters"]["wars"]
    assert "evoarray evolve noisy.png" in page


def test_the_network_is_drawn_over_time(made: Path) -> None:
    """As the run's log has it: who lives, how good it is, and how many neighbours it has."""
    drawn = section(text_of(made / "run" / "report.html"), "network")
    figures = re.findall("<figure>.*?</figure>", drawn, re.DOTALL)
    curve = list(csv.DictReader(text_of(made / "run" / "curve.csv").splitlines()))
    rows = {int(row.pop("evaluations")): row for row in curve}
    assert len(figures) == 4
    times, degrees = [], []
    for figure in figures:
        caption = words(figure[figure.index("<figcaption>") :]).replace(",", "")
        evaluations, best, worst = map(int, re.findall(r"\d+", caption))
        times.append(evaluations)
        alive = {
            int(name.split("_")[1]): int(sae)
            for name, sae in rows[evaluations].items()
            if name.startswith("tribe_") and sae
        }
        assert (best, worst) == (min(alive.values()), max(alive.values()))
        titles = re.findall(r"tribe (\d+): SAE ([\d,]+), (\d+) neighbours", figure)
        assert {int(t): int(sae.replace(",", "")) for t, sae, _ in titles} == alive
        degrees.append({int(tribe): int(degree) for tribe, _, degree in titles})
        (lines,) = re.findall('<path d="(.*?)"/>', figure)
        assert lines.count("M") * 2 == sum(degrees[-1].values())
        shades = [float(shade) for shade in re.findall('fill-opacity="(.*?)"', figure)]
        by_sae = [shade for _, shade in sorted(zip(alive.values(), shades, strict=True))]
        assert by_sae == sorted(shades, reverse=True), "the lower the SAE, the deeper"
    assert times == sorted(times)
    assert times[-1] == max(rows)
    events = json.loads(text_of(made / "run" / "report-results.json"))["events"]
    networks = [event["edges"] for event in events if "edges" in event]
    for shown, edges in ((degrees[0], networks[0]), (degrees[-1], networks[-1])):
        counted = Counter(tribe for edge in edges for tribe in edge)
        assert shown == {tribe: counted[tribe] for tribe in shown}
    assert degrees[0] == dict.fromkeys(range(4), 2), "a ring"
    assert any(event["event"].startswith("rewiring: ") for event in events)


def test_a_front_is_plotted_and_told_in_numbers(made: Path) -> None:
    front = section(text_of(made / "run" / "report.html"), "front")
    rows = [(row[0], row[1]) for row in table(front)]
    lines = text_of(made / "run" / "front" / "front.csv").splitlines()[1:]
    assert [(luts.replace(",", ""), sae.replace(",", "")) for luts, sae in rows] == [
        tuple(line.split(",")) for line in lines
    ]
    (dots,) = re.findall('<path class="dots" d="([^"]+)"/>', front.split("</ul>")[1])
    assert dots.count("M") == len(lines) > 1
    results = json.loads(text_of(made / "run" / "results.json"))
    for line in lines:
        luts, expected = map(int, line.split(","))
        circuit = read_circuit(made / "run" / "front" / f"{luts}-luts.json")
        image, clean = (read_image(made / f"{name}.png") for name in ("noisy", "first photo"))
        assert sae(filter_image(circuit, image), clean) == expected
    assert lines[-1] == f"{results['luts']},{results['sae']}"


def test_results_stand_beside_the_page(made: Path) -> None:
    path = made / "study" / "report-results.csv"
    rows = list(csv.DictReader(text_of(path).splitlines()))
    results = database(made / "study")
    assert len(rows) == len(results) == 18
    for row in rows:
        (result,) = (
            r for r in results if (r["setting"], str(r["run"])) == (row["setting"], row["run"])
        )
        assert row["sae"] == str(result["sae"])
        assert row["held_out_other_sae"] == str(result["held_out"][0])
        assert row["wars"] == str(result["counters"].get("wars", 0))
        assert float(row["ratio"]) in ratios(made)[row["setting"]]
    columns = parquet.read_table(path.with_suffix(".parquet")).to_pylist()
    assert [{k: str(v) for k, v in row.items()} for row in columns] == rows
    data = json.loads(text_of(path.with_suffix(".json")))
    assert [run["curve"] for run in data["runs"]] == [r["curve"] for r in sorted_by(data, results)]
    assert text_of(made / "run" / "report-results.csv") == text_of(made / "run" / "curve.csv")


def sorted_by(data: dict[str, Any], results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_key = {(r["setting"], r["run"]): r for r in results}
    return [by_key[run["setting"], run["run"]] for run in data["runs"]]


def test_the_same_results_give_the_same_bytes(
    made: Path, evoarray: Evoarray, tmp_path: Path
) -> None:
    for photo in made.glob("*.png"):
        shutil.copy(photo, tmp_path)
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    assert evoarray("study", "spec.toml", "-o", "study", "--workers", 1).status == 0
    assert evoarray("report", "study").status == 0
    shutil.copytree(made / "run", tmp_path / "run")
    assert evoarray("report", "run", "-o", "again.html").status == 0
    for kind in KINDS:
        name = "report.html" if kind == "html" else f"report-results.{kind}"
        assert (tmp_path / "study" / name).read_bytes() == (made / "study" / name).read_bytes()
        again = tmp_path / name.replace("report", "again")
        assert again.read_bytes() == (made / "run" / name).read_bytes()


def test_without_pyarrow_there_is_no_parquet(
    made: Path, evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    ended = evoarray("report", made / "run", "-o", "page.html")
    assert (ended.status, ended.err) == (0, "")
    assert "page-results.parquet was left out" in ended.out
    assert {path.name for path in tmp_path.iterdir()} == {
        "page.html",
        "page-results.csv",
        "page-results.json",
    }


@pytest.mark.parametrize("what", LEAST)
def test_every_chart_says_what_its_axes_are(made: Path, what: str) -> None:
    page = text_of(made / what / "report.html")
    plots = re.findall('<div class="plot".*?</div>', page, re.DOTALL)
    assert len(plots) >= LEAST[what][2]
    for drawn in plots:
        titles = dict(re.findall('<span class="title (.)">(.+?)</span>', drawn))
        assert titles.keys() == set(re.findall('<span class="tick (.)"', drawn))


@pytest.mark.parametrize(
    ("values", "log", "words"),
    [
        ([27_000, 418_000], True, ["50k", "100k", "200k"]),
        ([5, 19], False, ["5", "10", "15"]),
        ([0, 900], False, ["0", "500"]),
        ([0, 20, 900], True, ["30", "100", "300", "1k"]),
        ([-3, 4], False, ["\N{MINUS SIGN}2", "0", "2", "4"]),
        ([1, 1], False, ["0.95", "1", "1.05"]),
        ([1e-9, 5], True, ["1e\N{MINUS SIGN}08", "1e\N{MINUS SIGN}06", "0.0001", "0.01", "1"]),
    ],
)
def test_an_axis_has_round_values_and_is_logarithmic_where_it_spans_more(
    values: list[float], log: bool, words: list[str]
) -> None:
    axis = Axis.of("SAE", values)
    assert (axis.log, axis.title) == (log, "SAE (logarithmic)" if log else "SAE")
    places = [place for place, _ in axis.ticks]
    assert [word for _, word in axis.ticks] == words
    assert places == sorted(set(places))
    assert all(0 <= place <= 1000 for place in places)


@pytest.mark.parametrize(("last", "log"), [(90_000, False), (900_000, True)])
def test_the_evaluations_of_a_long_run_are_logarithmic(last: int, log: bool) -> None:
    rows = [Row(time, 1_000_000 - time, {}) for time in range(0, last + 1, 1000)]
    plot = wrong_curve(cast(NeuroRun, SimpleNamespace(rows=rows)))
    assert plot.x.log == log
    assert plot.x.title == ("evaluations (logarithmic)" if log else "evaluations")
    points = [int(point.split()[0]) for point in plot.paths[-1][1][1:].split("L")]
    assert (points[0], points[-1]) == (0, 1000)
    assert np.diff(points).max() < (150 if log else 20), "where much happens there are points"


# --- what is not as it should be


def test_an_unfinished_study_is_reported_as_it_stands(
    made: Path, evoarray: Evoarray, tmp_path: Path
) -> None:
    shutil.copytree(made / "study", tmp_path / "study")
    with closing(sqlite3.connect(tmp_path / "study" / "study.sqlite")) as opened, opened:
        opened.execute("DELETE FROM result WHERE setting = 'short' OR run > 0")
    assert evoarray("report", "study").status == 0
    page = text_of(tmp_path / "study" / "report.html")
    assert "Unfinished: 2 of 18 runs" in page
    assert "too few runs" in page
    assert table(section(page, "settings"))[2][:3] == ["short", "0", "\N{EN DASH}"]
    assert {row[1] for row in table(section(page, "claims"))} == {"open"}


@pytest.mark.parametrize(
    ("quick", "says", "option"),
    [
        ("2", "2 runs of each setting, as with --quick", "--quick"),
        ("3", "2 runs of each", "--runs 2"),
    ],
)
def test_a_study_with_fewer_runs_of_all_settings_is_not_called_unfinished(
    made: Path, evoarray: Evoarray, tmp_path: Path, quick: str, says: str, option: str
) -> None:
    shutil.copytree(made / "study", tmp_path / "study")
    with closing(sqlite3.connect(tmp_path / "study" / "study.sqlite")) as opened, opened:
        opened.execute("DELETE FROM result WHERE run > 1")
        spec = SPEC.replace("runs = 6", f"runs = 6\nquick = {quick}")
        rewrite(opened, spec)
    assert evoarray("report", "study").status == 0
    page = text_of(tmp_path / "study" / "report.html")
    assert f"A smaller study: {says}" in page
    assert "The spec has 6." in page
    assert "Unfinished" not in page
    assert f"evoarray study spec.toml -o study {option}<" in page


def test_an_unfinished_run_is_reported_as_it_stands(
    made: Path, evoarray: Evoarray, tmp_path: Path
) -> None:
    shutil.copytree(made / "run", tmp_path / "run")
    with closing(sqlite3.connect(tmp_path / "run" / "run.sqlite")) as opened, opened:
        opened.execute("UPDATE run SET status = 'stopped'")
    before = (tmp_path / "run" / "run.sqlite").read_bytes()
    assert evoarray("report", "run").status == 0
    assert "This run is stopped, after " in text_of(tmp_path / "run" / "report.html")
    assert (tmp_path / "run" / "run.sqlite").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("absent",), "there is no folder absent"),
        (("empty",), "empty is neither a study nor a run"),
        (("no-results",), "the study no-results has no finished run yet"),
        (("no-checkpoint",), "the run no-checkpoint has nothing to report yet"),
        (("damaged-study",), "is not a study's database, or is damaged"),
        (("damaged-run",), "is not a run's database, or is damaged"),
        (
            ("no-photo",),
            "study.sqlite is damaged: the photo 'first photo' is not as",
        ),
        (
            ("no-spec",),
            "study.sqlite is damaged: what it asks for, or the list of its",
        ),
        (("run", "-o", "page.txt"), "cannot write 'page.txt': end its name in .html"),
        (("run", "-o", "nowhere/page.html"), "cannot write 'nowhere/page.html'"),
    ],
)
def test_what_cannot_be_reported_is_said_in_a_sentence(
    made: Path, evoarray: Evoarray, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "empty").mkdir()
    shutil.copytree(made / "run", tmp_path / "run")
    for name, what, change in (
        ("no-results", "study", "DELETE FROM result"),
        ("no-photo", "study", "UPDATE photo SET noisy = NULL"),
        ("no-spec", "study", "UPDATE study SET spec = NULL"),
        ("no-checkpoint", "run", "DELETE FROM checkpoint; DELETE FROM log; DELETE FROM event"),
    ):
        shutil.copytree(made / what, tmp_path / name)
        with closing(sqlite3.connect(tmp_path / name / f"{what}.sqlite")) as opened:
            opened.executescript(change)
    for what in ("study", "run"):
        folder = tmp_path / f"damaged-{what}"
        folder.mkdir()
        (folder / f"{what}.sqlite").write_bytes(b"SQLite format 3\0" + b"damaged" * 1000)
    ended = evoarray("report", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1


# --- in a browser


@pytest.mark.parametrize("what", LEAST)
@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it(
    made: Path, browser: webdriver.Chrome, what: str, width: int, scheme: str
) -> None:
    address = (made / what / "report.html").as_uri()
    look_as(browser, width, scheme)
    log: Callable[[str], list[dict[str, Any]]] = browser.get_log
    log("performance")
    browser.get(address)

    run = browser.execute_script
    assert run("return innerWidth") == width
    assert log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in log("performance")]
    asked = [e["params"] for e in events if e["method"] == "Network.requestWillBeSent"]
    loaded = [request["request"]["url"] for request in asked]
    assert [url for url in loaded if not url.startswith("data:")] == [address]

    run("document.querySelectorAll('details').forEach(e => e.open = true)")
    wide, shown = run("const e = document.documentElement; return [e.scrollWidth, e.clientWidth]")
    assert wide <= shown
    assert run("return document.body.scrollWidth <= document.body.clientWidth")
    pictures = run("return [...document.images].map(i => [i.naturalWidth, i.width, i.alt])")
    assert len(pictures) >= LEAST[what][0]
    assert all(natural > 0 and drawn > 0 and alt for natural, drawn, alt in pictures)
    sizes = run(
        "return [...document.querySelectorAll('table, svg')].map(e => e.getBoundingClientRect())"
    )
    assert all(size["width"] > 0 and size["height"] > 0 for size in sizes)
    tables, plots = run("return ['table', '.plot'].map(s => document.querySelectorAll(s).length)")
    assert (tables, plots) >= LEAST[what][1:]

    page = run("return getComputedStyle(document.body).backgroundColor")
    assert page == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(17, 22, 27)")
    seen, contrast, text = run(LOWEST_CONTRAST)
    assert seen > 100
    assert contrast >= 4.5, text


@pytest.mark.parametrize("what", LEAST)
def test_the_page_refers_to_nothing_outside(made: Path, what: str) -> None:
    page = text_of(made / what / "report.html")
    assert len(page) < 2_000_000
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in page
    for tag in ("<script", '<link rel="stylesheet', "<iframe", "@import", "url("):
        assert tag not in page
    links = re.findall(r"""(?:src|href|action|data)=["']?([^"'\s>]+)""", page)
    assert {link for link in links if not link.startswith(("data:", "#"))} == set()
    names = re.findall(r'\bid="([^"]+)"', page)
    assert len(names) == len(set(names))
    assert {link[1:] for link in links if link.startswith("#")} <= set(names)
    assert "<graphs>" not in page
    if what == "study":
        assert "<b>tribes</b>" not in page  # a setting's name is no HTML
