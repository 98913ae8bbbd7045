# SPDX-License-Identifier: Apache-2.0
"""The Python interface: what the command does, with arrays."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import evoarray
from evoarray import Circuit, InputError, Progress
from evoarray.evolution.neuro import progress
from evoarray.evolution.neuro.data import digits
from evoarray.evolution.runs.listing import look
from evoarray.evolution.studies.store import StudyStore
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import read_circuit
from evoarray.model.images import read_image
from tests.conftest import Evoarray

SMALL: dict[str, Any] = {"size": "4x4", "evaluations": 2000, "preset": "plain"}
COMMAND = ("--size", "4x4", "--evaluations", "2000", "--preset", "plain")


@pytest.fixture(autouse=True)
def command(evoarray: Evoarray) -> Evoarray:
    """Return the command; all work is done in the folder of `images`."""
    return evoarray


@pytest.fixture
def pair(images: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a noisy and a clean image."""
    return read_image(images / "noisy.png"), read_image(images / "clean.png")


def test_every_name_is_there_and_documented() -> None:
    for name in evoarray.__all__:
        assert getattr(evoarray, name).__doc__, name
    assert set(evoarray.__all__) <= set(dir(evoarray))
    with pytest.raises(AttributeError, match="no attribute 'evolvee'"):
        evoarray.evolvee  # noqa: B018


def test_nothing_slow_is_imported_before_it_is_used() -> None:
    program = (
        "import sys, evoarray; print([n for n in ('numpy', 'click', 'rich') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_it_does_what_the_command_does(
    command: Evoarray, images: Path, pair: tuple[Any, Any]
) -> None:
    assert command("evolve", "noisy.png", "clean.png", "-o", "run", *COMMAND).status == 0
    results = json.loads((images / "run" / "results.json").read_text(encoding="utf-8"))
    for run in (
        evoarray.evolve(*pair, **SMALL),
        evoarray.evolve(*map(Image.fromarray, pair), **SMALL),
        evoarray.evolve("noisy.png", "clean.png", output="again", backend="model", **SMALL),
        evoarray.load("run"),
    ):
        assert isinstance(run, evoarray.Run)
        assert run.circuit.configuration == read_circuit(images / "run" / "circuit.json")
        assert (run.state, run.sae, run.evaluations) == ("finished", results["sae"], 2000)
        assert run.filtered.tolist() == read_image(images / "run" / "filtered.png").tolist()
    assert isinstance(run, evoarray.Run)
    plot: Any = run.plot()
    assert (images / "again" / "curve.png").read_bytes() == plot._repr_png_()
    assert run.curve["best_sae"].iloc[-1] == run.sae
    clean: Any = run.comparison.loc[("clean", "evolved")]
    assert (clean["SAE"], clean["part"]) == (run.sae, "training")
    assert "2,000 evaluations: SAE" in repr(run)
    assert "data:image/png;base64," in run._repr_html_()
    assert run.report(images / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE")


def test_nothing_is_left_of_a_run_without_a_folder(
    images: Path, pair: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (images / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(images / "tmp"))
    run = evoarray.evolve(*pair, **SMALL)
    assert run.folder.is_dir()
    circuit = run.circuit
    del run
    assert list((images / "tmp").iterdir()) == []
    assert circuit.filter(pair[0]).shape == pair[0].shape


def test_a_circuit(images: Path, pair: tuple[Any, Any]) -> None:
    noisy, clean = pair
    circuit = evoarray.evolve(noisy, clean, test_pair=[(noisy, clean)], **SMALL).circuit
    filtered = filter_image(circuit.configuration, noisy)
    for backend in ("model", "fast", "icarus"):
        assert (circuit.filter(noisy, backend=backend) == filtered).all()
    colours = np.dstack([noisy, noisy[::-1], clean])
    expected = [circuit.filter(colours[..., channel].copy()) for channel in range(3)]
    assert (circuit.filter(colours, channels="each") == np.dstack(expected)).all()
    sae = int(np.abs(filtered.astype(int) - clean).sum())
    assert circuit.evaluate(noisy, clean)["sae"] == sae
    assert circuit.evaluate("noisy.png", "clean.png")["sae"] == sae
    pruned = circuit.prune(noisy, clean, tolerance=5)
    assert pruned.circuit.luts <= circuit.luts
    assert pruned.sae <= sae * 1.05
    circuit.save("mine.json")
    assert evoarray.load("mine.json") == circuit
    assert Circuit.of(circuit.genes, "4x4", circuit.shape.function_set) == circuit
    assert circuit.formula.splitlines()[-1].startswith("output = ")
    assert len(circuit.formula.splitlines()) == circuit.operations + 1
    assert "<svg" in circuit._repr_svg_()
    circuit.draw().save("mine.svg")
    assert (images / "mine.svg").read_text(encoding="utf-8") == circuit.draw().svg


def test_a_network(images: Path, command: Evoarray) -> None:
    given = ("--layers", "64-4-10", "--evaluations", 200, "--interval", 100)
    assert command("neuro", "-o", "digits", *given).status == 0
    network = evoarray.load("digits/network.json")
    assert isinstance(network, evoarray.Network)
    assert (network.input_shape, network.outputs, network.parameters) == ((1, 8, 8), 10, 310)
    assert f"{network.nonzero} of 310 not 0" in repr(network)
    test = digits().test
    results = json.loads((images / "digits" / "results.json").read_text(encoding="utf-8"))
    assert int((network.classify(test.images) == test.labels).sum()) == results["right"]["test"]
    assert (network.logits(test.images).argmax(1) == network.classify(test.images)).all()
    network.save("again.json")
    assert evoarray.load("again.json") == network
    network.save("digits.onnx")
    assert (images / "digits.onnx").stat().st_size > 300
    assert network._repr_svg_().startswith("<svg")
    for wrong, says in (
        (test.images[:, 0], r"of the shape \(400, 8, 8\); they must be int8 and \(n, 1, 8, 8\)"),
        (test.images.astype(int), "an array of int64"),
        (np.full((1, 1, 8, 8), -128, np.int8), "a pixel is -128; it must be from -127 to 127"),
    ):
        with pytest.raises(InputError, match=says):
            network.logits(wrong)


NETWORK: dict[str, Any] = {"layers": "64-4-10", "evaluations": 600, "interval": 100}
NETWORK_COMMAND = ("--layers", "64-4-10", "--evaluations", 600, "--interval", 100)


def left_by(folder: Path) -> dict[str, Any]:
    """Return what the run of a network leaves, without the time that it took."""
    loaded, state = look(folder / "run.sqlite")
    assert loaded.checkpoint
    files = {path.name: path for path in folder.iterdir()}
    results = json.loads(files["results.json"].read_text(encoding="utf-8"))
    return {
        "files": files.keys(),
        "network": files["network.json"].read_bytes(),
        "provenance": files["provenance.json"].read_bytes(),
        "results": {**results, "seconds": 0},
        "log": (state, loaded.rows, loaded.events, loaded.checkpoint["search"]),
        "description": {**loaded.description, "command": ""},
    }


@pytest.mark.parametrize(
    ("options", "typed"),
    [
        (NETWORK, NETWORK_COMMAND),
        (
            {"algorithm": "neat", "population": 30, "evaluations": 300, "add_node": 0.2},
            ("--algorithm", "neat", "--population", 30, "--evaluations", 300, "--add-node", 0.2),
        ),
    ],
    ids=["weights", "neat"],
)
def test_the_run_of_a_network_is_that_of_the_command(
    command: Evoarray, images: Path, options: dict[str, Any], typed: tuple[object, ...]
) -> None:
    assert command("neuro", "-o", "run", *typed).status == 0
    made = evoarray.evolve_network(output="made", **options)
    assert left_by(images / "made") == left_by(images / "run")
    results = json.loads((images / "run" / "results.json").read_text(encoding="utf-8"))
    for run in (made, evoarray.evolve_network(backend="model", **options), evoarray.load("run")):
        assert isinstance(run, evoarray.NetworkRun)
        networks = [replace(each.network.layers, provenance={}) for each in (run, made)]
        assert networks[0] == networks[1]
        assert (run.state, run.evaluations) == ("finished", results["evaluations"])
        assert run.accuracy == results["accuracy"]
        assert run.confusion.tolist() == results["confusion"]
        assert (run.cycles, run.sizes) == (results["cycles"], results["sizes"])
        assert run.counters == results["counters"]
        assert run.curve.equals(made.curve)
    assert list(made.curve.columns) == ["wrong_in_training", "right_in_validation"]
    assert made.curve.index[-1] == made.evaluations
    plot: Any = made.plot()
    assert plot._repr_png_().startswith(b"\x89PNG")
    right = made.accuracy["test"]
    assert f"finished after {made.evaluations} evaluations: {right:.1%} of the test" in repr(made)
    assert "<svg" in made._repr_html_()
    assert made.report() == Path("made", "report.html")
    assert (images / "made" / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE")
    assert evoarray.load("made/network.json") == made.network
    described = look(images / "made" / "run.sqlite")[0].description
    assert described["command"].startswith("evoarray.evolve_network(")


def test_nothing_is_left_of_the_run_of_a_network_without_a_folder(
    images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (images / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(images / "tmp"))
    run = evoarray.evolve_network(**NETWORK)
    assert run.folder.is_dir()
    del run
    assert list((images / "tmp").iterdir()) == []


def test_the_run_of_a_network_is_watched_stopped_and_resumed(
    command: Evoarray,
    images: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[evoarray.NetworkProgress] = []

    def callback(progress: evoarray.NetworkProgress) -> bool:
        told.append(progress)
        return len(told) == 3

    run = evoarray.evolve_network(output="run", callback=callback, **NETWORK)
    assert (run.state, len(told), run.evaluations) == ("stopped", 3, told[-1].evaluations)
    assert told[-1].budget == 600
    assert told[-1].network == run.network
    assert [*told[-1].curve] == [(each.evaluations, each.wrong) for each in told]
    assert run.curve["wrong_in_training"].tolist() == [each.wrong for each in told]
    assert run.curve["right_in_validation"].iloc[-1] == told[-1].right
    assert "stopped" in command("runs", ".").out

    def fails(_: evoarray.NetworkProgress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        evoarray.resume("run", callback=fails)
    with pytest.raises(InputError, match="fitness has no effect on run, the run of a network"):
        evoarray.resume("run", fitness=lambda *_: 0.0)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    resumed = evoarray.resume("run", callback=told.append, progress=True)
    assert isinstance(resumed, evoarray.NetworkRun)
    assert "/600 evaluations, " in capsys.readouterr().err
    whole = evoarray.evolve_network(output="whole", **NETWORK)
    assert left_by(images / "run") == left_by(images / "whole")
    assert len(told[-1].curve) == len(whole.curve)
    with pytest.raises(InputError, match="the run run is finished; there is nothing to resume"):
        evoarray.resume("run")


@pytest.mark.parametrize(
    ("options", "typed"),
    [
        ({"layers": "63-10"}, ("--layers", "63-10")),
        ({"evaluations": 0}, ("--evaluations", 0)),
        ({"algorithm": "logistic"}, ("--algorithm", "logistic")),
        ({"algorithm": "neat-python"}, ("--algorithm", "neat-python")),
        ({"algorithm": "neat", "layers": "64-10"}, ("--algorithm", "neat", "--layers", "64-10")),
        ({"algorithm": "neat", "step": 8.5}, ("--algorithm", "neat", "--step", 8.5)),
        ({"add_node": 0.1}, ("--add-node", 0.1)),
        ({"elite": 3}, ("--elite", 3)),
        (
            {"algorithm": "ga", "evaluations": 49, "population": 50},
            ("--algorithm", "ga", "--evaluations", 49, "--population", 50),
        ),
    ],
)
def test_what_a_network_cannot_be_evolved_with(
    command: Evoarray, images: Path, options: dict[str, Any], typed: tuple[object, ...]
) -> None:
    """The function says what the command says, and neither leaves a folder."""
    said = command("neuro", "-o", "run", *typed).err
    with pytest.raises(InputError) as error:
        evoarray.evolve_network(output="run", **options)
    assert said == f"evoarray: {error.value}\n"
    assert not (images / "run").exists()


def test_what_only_a_function_can_be_given(images: Path) -> None:
    for options, says in (
        (
            {"layer": "64-10"},
            "layer is no option; the options are accuracy, activation, add_connection",
        ),
        ({"algorithm": "luck"}, "algorithm is 'luck'; it must be one of one-plus-lambda"),
        ({"evaluations": 100.0}, "evaluations is 100.0; it must be a whole number"),
        ({"replay": "vcs"}, "replay is 'vcs'; it must be one of icarus, verilator"),
        ({"workers": 2}, "workers is no option"),
    ):
        with pytest.raises(InputError, match=says):
            evoarray.evolve_network(output="run", **options)
    assert not (images / "run").exists()
    with pytest.raises(InputError, match="workers is 0; it must be a whole number from 1 to 1024"):
        evoarray.resume("run", workers=0)
    with pytest.raises(InputError, match=r"run is no run: there is no run\.sqlite in it"):
        evoarray.resume("run")


def test_exports(images: Path, pair: tuple[Any, Any]) -> None:
    first = evoarray.evolve(*pair, **SMALL).circuit
    proved = first.export(prove=True, name="denoise")
    assert proved.proved
    assert "module denoise" in proved.source
    assert {path.name for path in (images / "denoise").iterdir()} == set(proved.files)
    assert "all inputs" in (images / "denoise" / "denoise.md").read_text(encoding="utf-8")
    second = evoarray.evolve(*pair, after=[first], **SMALL).circuit
    assert second.after == (first,)
    assert (
        second.filter(pair[0]) == filter_image(second.configuration, first.filter(pair[0]))
    ).all()
    both = second.export("python", "both", name="denoise")
    assert [part.name for part in both.parts] == ["denoise_1", "denoise_2"]
    space: dict[str, Any] = {}
    exec((images / "both" / "denoise_2.py").read_text(encoding="utf-8"), space)
    assert both.source == (images / "both" / "denoise_2.py").read_text(encoding="utf-8")


def test_a_callback_is_told_and_stops(images: Path, pair: tuple[Any, Any]) -> None:
    told: list[Progress] = []

    def callback(progress: Progress) -> bool:
        told.append(progress)
        return len(told) == 3

    options = {**SMALL, "evaluations": 10**9}
    run = evoarray.evolve(*pair, output="run", callback=callback, **options)
    assert (run.state, len(told)) == ("stopped", 3)
    assert told[-1].circuit.evaluate(*pair)["sae"] == told[-1].fitness
    assert [sae for _, sae in told[-1].curve] == sorted(
        (s for _, s in told[-1].curve), reverse=True
    )
    assert told[-1].budget == 10**9
    assert 0 < told[-1].evaluations <= run.evaluations + 1024, "an epoch is done again at most"
    again = evoarray.resume("run", callback=lambda progress: progress.evaluations > run.evaluations)
    assert isinstance(again, evoarray.Run)
    assert (again.state, again.evaluations > run.evaluations) == ("stopped", True)
    assert again.sae <= run.sae

    def fails(_: Progress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        evoarray.resume("run", callback=fails)
    loaded = evoarray.load("run")
    assert isinstance(loaded, evoarray.Run)
    assert loaded.state == "stopped"


def test_a_run_that_is_resumed_ends_as_if_it_had_not_been(pair: tuple[Any, Any]) -> None:
    options = {**SMALL, "evaluations": 2_000_000}
    stopped = evoarray.evolve(*pair, output="run", callback=lambda _: True, **options)
    whole, resumed = evoarray.evolve(*pair, **options), evoarray.resume("run")
    assert isinstance(resumed, evoarray.Run)
    assert stopped.evaluations < whole.evaluations
    assert resumed.circuit == whole.circuit
    assert resumed.curve["best_sae"].iloc[-1] == whole.curve["best_sae"].iloc[-1]


def test_damage_is_a_warning(images: Path, pair: tuple[Any, Any]) -> None:
    """A run that goes on from an earlier state does not do so without a word."""
    options = {**SMALL, "evaluations": 10**9}
    evoarray.evolve(*pair, output="run", callback=lambda p: p.seconds > 1.5, **options)
    with closing(sqlite3.connect(images / "run" / "run.sqlite")) as database, database:
        last = "number = (SELECT max(number) FROM checkpoint)"
        database.execute(f"UPDATE checkpoint SET content = '{{}}' WHERE {last}")
    with pytest.warns(UserWarning, match="was damaged; it goes on from the last good checkpoint"):
        evoarray.resume("run", callback=lambda _: True)


def test_a_study(images: Path) -> None:
    spec = {
        "title": "Rates",
        "photos": ["clean.png"],
        "runs": 3,
        "options": {"evaluations": 500, "size": "3x3", "preset": "plain"},
        "grid": {"mutation-rate": ["1", "3"]},
    }
    study = evoarray.study(spec, "study", workers=2)
    assert len(study.table) == 6
    assert list(study.summary["runs"]) == [3, 3]
    assert set(study.table["setting"]) == set(study.summary.index)
    means = study.table.groupby("setting")["ratio"].mean()
    assert study.summary["mean"].to_dict() == pytest.approx(means.to_dict())
    assert list(study.claims.columns) == ["claim", "verdict", "runs", "p"]
    assert len(study.pairs) == 1
    assert "<table" in study._repr_html_()
    assert "6 runs" in repr(study)
    again = evoarray.load("study")
    assert isinstance(again, evoarray.Study)
    assert again.table.equals(study.table)
    (images / "spec.toml").write_text(
        'title = "Rates"\nphotos = ["clean.png"]\nruns = 3\n[options]\nevaluations = 500\n'
        'size = "3x3"\npreset = "plain"\n[grid]\nmutation-rate = ["1", "3"]\n',
        encoding="utf-8",
    )
    from_file = evoarray.study("spec.toml", workers=1)
    timed = ["seconds", "cpu_seconds"]
    for table in (study.table, from_file.table):
        assert len(table) == 6
    assert from_file.table.drop(columns=timed, errors="ignore").equals(
        study.table.drop(columns=timed, errors="ignore")
    )


SPEC = """
title = "Seeds"
kind = "networks"
runs = 3
quick = 1
[options]
generations = 40
[grid]
seed = [1, 100]
[[claims]]
says = "One is better"
better = "seed 1"
than = ["seed 100"]
"""


def results_of(folder: str) -> list[Any]:
    """Return what the runs of a study came to, without the time that they took."""
    with closing(StudyStore(Path(folder), writes=False)) as store:
        return [replace(each, seconds=0.0) for each in store.results().good]


def test_a_study_is_that_of_the_command(
    command: Evoarray, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("spec.toml", "again.toml"):
        (images / name).write_text(SPEC, encoding="utf-8")
    study = evoarray.study("spec.toml", "whole", workers=1)
    parts = [f"part-{part}" for part in (1, 2)]
    for part in parts:
        evoarray.study("spec.toml", part, shard=f"{part[-1]}/2", workers=1)
    merged = evoarray.Study.merge(parts, "merged")
    quick = evoarray.study("again.toml", "quick", quick=True, workers=1)
    assert study.summarize("whole.md") == Path("whole.md")
    study.summarize("both.md", others=[quick])
    assert capsys.readouterr() == ("", "")

    (images / "typed").mkdir()
    typed = ("study", "spec.toml", "-o")
    assert command(*typed, "typed/whole").status == 0
    for part in parts:
        assert command(*typed, f"typed/{part}", "--shard", f"{part[-1]}/2").status == 0
    typed_parts = [f"typed/{part}" for part in parts]
    assert command("study", "merge", *typed_parts, "-o", "typed/merged").status == 0
    assert command("study", "again.toml", "-o", "typed/quick", "--quick").status == 0
    for name in ("whole", *parts, "merged", "quick"):
        assert results_of(name) == results_of(f"typed/{name}")
        assert [*Path(name).iterdir()] == [Path(name, "study.sqlite")]
    assert command("study", "summary", "typed/whole", "-o", "typed.md").status == 0
    assert (images / "typed.md").read_bytes() == (images / "whole.md").read_bytes()
    assert command("study", "summary", "typed/whole", "typed/quick", "-o", "typed.md").status == 0
    assert (images / "typed.md").read_bytes() == (images / "both.md").read_bytes()
    assert len(merged.table) == len(study.table) == 6
    assert merged.table["setting"].tolist() == study.table["setting"].tolist()
    assert len(quick.table) == 2
    assert len(evoarray.study("again.toml", "quick", runs=2, workers=1).table) == 4


@pytest.mark.parametrize(
    ("options", "typed"),
    [
        ({"shard": "3/2"}, ("--shard", "3/2")),
        ({"runs": 0}, ("--runs", 0)),
        ({"runs": 10**9}, ("--runs", 10**9)),
        ({"runs": 2, "quick": True}, ("--runs", 2, "--quick")),
        ({"cluster": "nowhere"}, ("--cluster", "nowhere")),
        (
            {"cluster": "tcp://nowhere:1", "workers": 2},
            ("--cluster", "tcp://nowhere:1", "--workers", 2),
        ),
    ],
)
def test_what_a_study_cannot_be_done_with(
    command: Evoarray, images: Path, options: dict[str, Any], typed: tuple[object, ...]
) -> None:
    """The function says what the command says."""
    (images / "spec.toml").write_text(SPEC, encoding="utf-8")
    said = command("study", "spec.toml", "-o", "typed", *typed).err
    with pytest.raises(InputError) as error:
        evoarray.study("spec.toml", "made", **options)
    assert said.splitlines()[-1] == f"evoarray: {error.value}"


def test_what_studies_refuse_and_warn_of(command: Evoarray, images: Path) -> None:
    (images / "spec.toml").write_text(SPEC, encoding="utf-8")
    evoarray.study("spec.toml", "one", workers=1)
    (images / "spec.toml").write_text(SPEC.replace("40", "30"), encoding="utf-8")
    evoarray.study("spec.toml", "other", workers=1)
    refused: list[tuple[Callable[[], object], tuple[str, ...]]] = [
        (lambda: evoarray.study("spec.toml", "one"), ("study", "spec.toml", "-o", "one")),
        (
            lambda: evoarray.Study.merge(["one", "other"], "both"),
            ("study", "merge", "one", "other", "-o", "both"),
        ),
        (lambda: evoarray.Study.merge(["one"], "other"), ("study", "merge", "one", "-o", "other")),
    ]
    for call, typed in refused:
        with pytest.raises(InputError) as error:
            call()
        assert command(*typed).err == f"evoarray: {error.value}\n"
    for workers in (0, 2000):
        with pytest.raises(InputError, match=f"workers is {workers}; it must be a whole number"):
            evoarray.study("spec.toml", "new", workers=workers)
    with closing(sqlite3.connect(images / "one" / "study.sqlite")) as database, database:
        database.execute("UPDATE result SET content = '{}' WHERE run = 1")
    study = evoarray.load("one")
    assert isinstance(study, evoarray.Study)
    with pytest.warns(UserWarning, match="what is damaged is left out"):
        study.summarize("one.md")
    with pytest.warns(UserWarning, match="they are not in merged"):
        evoarray.Study.merge(["one"], "merged")


PROGRAM = """
import evoarray
spec = {"photos": ["clean.png"], "runs": 1, "options": {"evaluations": 64, "size": "2x2"},
        "settings": [{"name": "a"}, {"name": "b", "seed": 2}]}
print(evoarray.study(spec, workers=2))
"""


def test_a_program_needs_no_guard_for_the_workers_of_a_study(images: Path) -> None:
    (images / "program.py").write_text(PROGRAM, encoding="utf-8")
    program = [sys.executable, "program.py"]
    done = subprocess.run(program, cwd=images, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Study") == 1


@pytest.mark.parametrize(
    ("noisy", "options", "says"),
    [
        (np.zeros((8, 10)), {}, "noisy is an array of float64; it must be one of uint8"),
        (np.zeros((8, 10, 3), np.uint8), {}, r"noisy is an array of the shape \(8, 10, 3\)"),
        (np.zeros((2, 10), np.uint8), {}, r"noisy is an array of the shape \(2, 10\)"),
        (np.zeros((8, 11), np.uint8), {}, "noisy is 11x8 pixels and clean is 10x8"),
        ("missing.png", {}, "cannot read the image 'missing.png': No such file"),
        (None, {"evaluation": 1}, "evaluation is no option; the options are abrupt_after"),
        (None, {"size": "8"}, "size is '8'; it must be of the form 8x8"),
        (None, {"seconds": -1}, "seconds is -1"),
        (None, {"tribes": 1.5}, "tribes is 1.5; it must be a whole number"),
        (None, {"donor": "best"}, "donor has no effect"),
        (None, {"backend": "fpga"}, "backend is 'fpga'; it must be one of fast, model"),
        (None, {"workers": 0}, "workers is 0; it must be a whole number from 1"),
        (None, {"train_pair": ["noisy.png"]}, r"train_pair 1 is no pair of images"),
        (None, {"replay": "vcs"}, "replay is 'vcs'; it must be one of icarus, verilator"),
        (None, {"start": "circuit.json"}, "cannot read the circuit file circuit.json"),
    ],
)
def test_what_cannot_be_used(images: Path, noisy: Any, options: dict[str, Any], says: str) -> None:
    clean = np.zeros((8, 10), np.uint8)
    before = set(images.rglob("*"))
    with pytest.raises(InputError, match=says):
        evoarray.evolve(clean if noisy is None else noisy, clean, output="run", **options)
    assert set(images.rglob("*")) == before


def test_what_a_circuit_cannot_do(pair: tuple[Any, Any]) -> None:
    circuit = Circuit.of(np.zeros(9, np.uint8), "2x2")
    for call, says in (
        (lambda: Circuit.of(np.zeros(8, np.uint8), "2x2"), "the shape of genes"),
        (lambda: circuit.filter(np.zeros((8, 8, 3), np.uint8)), "the image is an array of the"),
        (lambda: circuit.filter(pair[0], channels="red"), "channels is 'red'; it must be None or"),
        (lambda: circuit.filter(pair[0], backend="x"), "backend is 'x'; it must be one of"),
        (
            lambda: circuit.export("rust"),
            "language is 'rust'; it must be one of verilog, c, python",
        ),
        (lambda: circuit.export("c", prove=True), "prove goes with the language verilog"),
        (lambda: circuit.export(name="8bit"), "name is '8bit'"),
        (lambda: evoarray.load("nothing"), "cannot read the circuit file nothing"),
        (lambda: evoarray.study({"photos": [object()]}), "the spec is not what a TOML file"),
        (lambda: evoarray.study({}), "photos"),
    ):
        with pytest.raises(InputError, match=says):
            call()
