# SPDX-License-Identifier: Apache-2.0
"""Files of options, circuits, graphs and studies as people have them, not as we write them."""

import codecs
import json
from pathlib import Path

import numpy as np
import pytest

from evoarray.evolution.filter.topology import read_edges
from evoarray.evolution.studies.filters import Filters
from evoarray.evolution.studies.spec import parse_spec
from evoarray.model.files import read_text
from evoarray.model.filter.circuit import (
    Shape,
    circuit_to_json,
    copy_filter,
    random_circuit,
    write_circuit,
)
from tests.conftest import Evoarray
from tests.test_robustness import refused

EVOLVE = ("evolve", "noisy.png", "clean.png", "-o", "run", "--rows", "4", "--cols", "4")

# --- values in TOML

EVOLVE_VALUES = [
    ("seed = 1.9", "seed is 1.9; it must be a whole number"),
    ("rows = 4.9", "rows is 4.9; it must be a whole number"),
    ("rows = 4.0", "rows is 4.0; it must be a whole number"),
    ("tribes = true", "tribes is True; it must be a whole number"),
    ('tribes = "2"', "tribes is '2'; it must be a whole number"),
    ("seed = inf", "seed is inf; it must be a whole number"),
    ("rows = nan", "rows is nan; it must be a whole number"),
    ("seed = 1979-05-27", "seed is 1979-05-27; it must be a whole number"),
    ("workers = 1.5", "workers is 1.5; it must be a whole number"),
    ("max-seconds = inf", "max-seconds is inf; it must be a number"),
    ("max-seconds = true", "max-seconds is True; it must be a number"),
    ("convert = 1", "convert is 1; it must be true or false"),
    ('convert = "yes"', "convert is 'yes'; it must be true or false"),
    ("json-lines = 2", "json-lines is 2; it must be true or false"),
    ("preset = true", "preset is True; it must be a text"),
    ("output = 07:32:00", "output is 07:32:00; it must be a text"),
    ("functions = inf", "functions is inf; it must be a text"),
    ("mutation-rate = true", "mutation-rate is True; it must be a text"),
    ("mutation-rate = [1]", r"mutation-rate is \[1\]; it must be a text"),
    ("temperature = {}", "temperature is {}; it must be a text"),
    ('after = "run/circuit.json"', "after is 'run/circuit.json'; it must be a list of texts"),
    ("after = [1]", r"after is \[1\]; it must be a list of texts"),
    ('train-pair = ["a", "b"]', "train-pair is 'a'; it must be a list of lists of 2 texts"),
    ('test-pair = [["a"]]', r"test-pair is \[\['a'\]\]; it must be a list of lists of 2 texts"),
]
NEURO_VALUES = [
    ("accuracy = 1979-05-27", "accuracy is 1979-05-27; it must be a number"),
    ("accuracy = true", "accuracy is True; it must be a number"),
    ("smooth = nan", "smooth is nan; it must be a number"),
    ('population = "100"', "population is '100'; it must be a whole number"),
    ("children = 2.5", "children is 2.5; it must be a whole number"),
    ("layers = [64]", r"layers is \[64\]; it must be a text"),
    ("json-lines = 0", "json-lines is 0; it must be true or false"),
]


@pytest.mark.parametrize(
    ("command", "text", "says"),
    [
        *((EVOLVE, *values) for values in EVOLVE_VALUES),
        *((("neuro", "-o", "run"), *values) for values in NEURO_VALUES),
    ],
)
def test_a_value_in_toml_is_never_cut(
    evoarray: Evoarray, images: Path, command: tuple[str, ...], text: str, says: str
) -> None:
    (images / "options.toml").write_text(text + "\n", encoding="utf-8")
    refused(evoarray(*command, "--config", "options.toml"), f"options.toml: {says}")
    assert not (images / "run").exists()


def test_numbers_in_toml_may_be_written_either_way(evoarray: Evoarray, images: Path) -> None:
    """A rate is a text, which a file may have as a number; 1 stands for 1.0."""
    (images / "options.toml").write_text(
        "max-seconds = 60\nmutation-rate = 3\ntemperature = 0.04\nconvert = true\n"
        'evaluations = 50\ntribes = 1\npreset = "plain"\n',
        encoding="utf-8",
    )
    ended = evoarray(*EVOLVE, "--config", "options.toml")
    assert (ended.status, ended.err) == (0, "")
    told = json.loads((images / "run" / "provenance.json").read_text())["settings"]
    assert (told["mutation_rate"], told["temperature"], told["seconds"]) == ("3", "0.04", 60.0)


@pytest.mark.parametrize("way", ["option", "file"])
def test_half_a_second_is_a_limit(evoarray: Evoarray, images: Path, way: str) -> None:
    (images / "options.toml").write_text("max-seconds = 0.5\n", encoding="utf-8")
    limit = ("--config", "options.toml") if way == "file" else ("--max-seconds", "0.5")
    ended = evoarray(*EVOLVE, "--preset", "plain", "--evaluations", 10**9, *limit)
    assert (ended.status, ended.err) == (0, "")
    results = json.loads((images / "run" / "results.json").read_text())
    assert 0.5 <= results["seconds"] < 5
    assert 0 < results["evaluations"] < 10**9


def test_whole_numbers_stand_for_numbers_in_specs() -> None:
    spec = parse_spec(
        'photos = ["clean.png"]\nruns = 2\namount = 1\n[options]\nsize = "3x3"\n'
        "evaluations = 40\ntemperature = 0.5\n[grid]\nmutation-rate = [1, 2]\n"
        '[[claims]]\nsays = "a"\nbelow = "mutation-rate 1"\nlevel = 1\n'
        '[[claims]]\nsays = "b"\nimproves = "mutation-rate 1"\nat = 10\nby = [0, 0.5]\n'
        '[[claims]]\nsays = "c"\npredicts = "mutation-rate 1"\nat = 10\napart = 0\nlevel = 1\n',
        "spec.toml",
    )
    below, improves, predicts = spec.claims
    assert (below.level, improves.by, predicts.apart, predicts.level) == (1, (0, 0.5), 0, 1)
    assert isinstance(spec.kind, Filters)
    assert (spec.kind.amount, type(spec.kind.amount)) == (1, float)
    assert [each.temperature for each in spec.settings.values()] == ["0.5", "0.5"]
    assert [each.mutation_rate for each in spec.settings.values()] == ["1", "2"]


@pytest.mark.parametrize("tolerance", ["nan", "inf", "-1", "1001"])
def test_a_tolerance_is_a_number(evoarray: Evoarray, images: Path, tolerance: str) -> None:
    write_circuit(images / "c.json", copy_filter(Shape(2, 2, "upm16")))
    pair = ("noisy.png", "clean.png")
    ended = evoarray("prune", "c.json", *pair, "-o", "p.json", "--tolerance", tolerance)
    refused(ended, f"tolerance is {tolerance}.*; it must be a number from 0 to 1000")


# --- byte order marks


def write_marked(path: Path, text: str) -> None:
    path.write_bytes(codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode())


TSPLIB = """\
DIMENSION: 5
EDGE_WEIGHT_TYPE: EUC_2D
NODE_COORD_SECTION
1 0 0
2 0 3
3 4 3
4 4 0
5 9 9
EOF
"""


def test_a_byte_order_mark_changes_nothing(evoarray: Evoarray, images: Path) -> None:
    """Windows editors write it, and lines that end in CR LF."""
    circuit = random_circuit(Shape(4, 4, "upm16"), np.random.default_rng(8))
    write_marked(images / "circuit.json", circuit_to_json(circuit))
    assert evoarray("show", "circuit.json", "-o", "circuit.svg").status == 0
    write_marked(images / "options.toml", "rows = 0\n")
    refused(evoarray(*EVOLVE[:-4], "--config", "options.toml"), "rows is 0; it must be a whole")
    write_marked(images / "graph.txt", "3 1\n0 2\n1 0\n")
    assert read_edges(images / "graph.txt", 4) == ((0, 1), (0, 2), (1, 3))
    write_marked(images / "five.tsp", TSPLIB)
    write_marked(
        images / "spec.toml",
        'kind = "networks"\nruns = 1\n[options]\nproblem = "tsp"\nfile = "five.tsp"\n'
        'generations = 2\npopulation = 5\n[[settings]]\nname = "a"\n',
    )
    spec = parse_spec(read_text(images / "spec.toml", "TOML file"), "spec.toml")
    (text,) = spec.kind.read(spec.settings, images).files.values()
    assert text == TSPLIB


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_is_named(evoarray: Evoarray, images: Path, encoding: str) -> None:
    """As PowerShell writes it; the mark of the byte order comes first."""
    mark = codecs.BOM_UTF16_BE if encoding.endswith("be") else b""
    for name in ("options.toml", "circuit.json", "ring.txt", "spec.toml"):
        (images / name).write_bytes(mark + "rows = 4\n".encode(encoding))
    for arguments in (
        (*EVOLVE, "--config", "options.toml"),
        (*EVOLVE, "--topology", "ring.txt", "--tribes", 4),
        ("show", "circuit.json", "-o", "circuit.svg"),
        ("export", "circuit.json", "-o", "out"),
        ("study", "spec.toml", "-o", "study"),
    ):
        refused(evoarray(*arguments), "it is UTF-16 text; save it as UTF-8")
