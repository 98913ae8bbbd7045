# SPDX-License-Identifier: Apache-2.0
"""The judge of coverage: what is not covered, excused in vain or not hit is found, and named."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from evoarray.model.neuro.network import Dense, Network
from evoarray.model.neuro.program import Core
from evoarray.model.rtl import FAMILIES, sources
from tb.bins import reset_bin
from tb.covergroups import StreamSampler, all_bins, sample
from tb.neuro.covergroups import filled_bins, network_bins, rounding_bins, value_bins
from tb.signoff.coverage import EXCEPTIONS, expanded, judge, judge_bins, read_excuses, read_points

SOURCE = """
module part (input wire clk, input wire [1:0] d, output reg q);
  always @(posedge clk)
    if (d[0])
      q <= d[1];
endmodule
"""
# Kind, line, column, name, instance, count
POINTS = (
    ("toggle", 2, 20, "clk:0->1", "top.u_a", 3),
    ("toggle", 2, 20, "clk:1->0", "top.u_a", 3),
    ("toggle", 2, 42, "d[0]:0->1", "top.u_a", 1),
    ("toggle", 2, 42, "d[0]:1->0", "top.u_a", 1),
    ("toggle", 2, 42, "d[1]:0->1", "top.u_a", 1),
    ("toggle", 2, 42, "d[1]:1->0", "top.u_a", 0),
    ("line", 3, 3, "block", "top.u_a", 6),
    ("branch", 4, 5, "if", "top.u_a", 0),
    ("branch", 4, 5, "if", "top.u_b", 2),
    ("branch", 4, 5, "else", "top.u_a", 0),
)
EXCUSE = '[[exception]]\nmodule = "part"\npoints = [{}]\nreason = "{}"\n'
BOTH = '"d[1]", "else of if (d[0])"'


@pytest.fixture
def rtl(tmp_path: Path) -> Path:
    (tmp_path / "part.v").write_text(SOURCE, encoding="utf-8")
    return tmp_path


def dat(rtl: Path) -> str:
    """Return the coverage file of the points, as Verilator writes it."""
    lines = ["# SystemC::Coverage-3"]
    for file, points in ((rtl / "part.v", POINTS), (rtl.parent / "bench.v", POINTS[:1])):
        for kind, line, column, name, instance, count in points:
            fields = {"f": file, "l": line, "n": column, "o": name, "h": instance}
            fields |= {"t": kind, "page": f"v_{kind}/part"}
            entry = "".join(f"\1{key}\2{value}" for key, value in fields.items())
            lines.append(f"C '{entry}' {count}")
    return "\n".join(lines) + "\n"


def test_a_point_is_covered_by_any_instance(rtl: Path) -> None:
    counts = read_points(dat(rtl), rtl)
    assert len(counts) == len(POINTS) - 1
    assert [(p.kind, p.line, p.name) for p, count in sorted(counts.items()) if not count] == [
        ("branch", 4, "else of if (d[0])"),
        ("toggle", 2, "d[1]:1->0"),
    ]


def test_what_is_not_covered_is_named(rtl: Path) -> None:
    rows, wrong = judge(read_points(dat(rtl), rtl), [], ["part"])
    assert wrong == [
        "part.v:4: branch not covered: else of if (d[0])",
        "part.v:2: toggle not covered: d[1]:1->0",
    ]
    assert rows[0].covered == {"line": 1, "branch": 1, "toggle": 5}
    assert rows[0].total == {"line": 1, "branch": 2, "toggle": 6}


@pytest.mark.parametrize(
    ("points", "reason", "wrong"),
    [
        (BOTH, "none", []),
        ('"d[0..1]", "else of if (d[0])"', "none", ["part: the exception d[0] excuses nothing"]),
        (BOTH + ', "gone"', "none", ["part: the exception gone excuses nothing"]),
        (BOTH, " ", ["part: an exception without a reason"]),
    ],
)
def test_an_exception_excuses_what_is_not_covered(
    rtl: Path, points: str, reason: str, wrong: list[str]
) -> None:
    excuses = read_excuses(EXCUSE.format(points, reason))
    rows, found = judge(read_points(dat(rtl), rtl), excuses, ["part"])
    assert found == wrong
    assert rows[0].excused == {"line": 0, "branch": 1, "toggle": 1}


def test_a_module_that_no_regression_has_is_named(rtl: Path) -> None:
    excuses = read_excuses(EXCUSE.format(BOTH, "none"))
    _, wrong = judge(read_points(dat(rtl), rtl), excuses, ["part", "absent"])
    assert wrong == ["absent: no regression has it"]


def test_exceptions_are_of_modules_that_exist() -> None:
    excuses = read_excuses(EXCEPTIONS.read_text(encoding="utf-8"))
    assert {excuse.module for excuse in excuses} <= {file.stem for file in sources(*FAMILIES)}
    names = [(excuse.module, name) for excuse in excuses for name in excuse.points]
    assert len(set(names)) == len(names)


def test_ranges_are_expanded() -> None:
    assert expanded(["a", "g[1].b[3..5]"]) == ["a", "g[1].b[3]", "g[1].b[4]", "g[1].b[5]"]


def test_a_bin_that_was_not_hit_is_named() -> None:
    bins = all_bins()
    assert len(set(bins)) == len(bins)
    assert judge_bins(set(bins))[1] == []
    table, wrong = judge_bins(set(bins) - {"pe, function x set: plain cgp16 7"} | {"other"})
    assert wrong == [
        "bin not hit: pe, function x set: plain cgp16 7",
        "no covergroup has the bin other",
    ]
    hit, total = table["pe"]
    assert hit == total - 1


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file in which the samples of a test are kept."""
    monkeypatch.setenv("FUNCTIONAL_COVERAGE", str(tmp_path / "functional.txt"))
    monkeypatch.setattr("tb.covergroups._hit", set())
    return tmp_path / "functional.txt"


@pytest.mark.parametrize(
    ("offered", "ready", "hit"),
    [
        ("1", "1", "pause: none, stall: none, pause x stall: none x none"),
        ("01", "11", "pause: single, stall: none, pause x stall: single x none"),
        ("1" * 3, "001", "pause: none, stall: several, pause x stall: none x several"),
        ("0" * 8 + "1" * 9, "0" * 16 + "1", "pause: long, stall: long, pause x stall: long x long"),
        ("11", "00", ""),
        ("0101", "0101", "pause: single, stall: none, pause x stall: single x none,"
         " pause: back-to-back"),
        ("1111", "0101", "pause: none, stall: single, pause x stall: none x single,"
         " stall: back-to-back"),
    ],
)  # fmt: skip
def test_pauses_and_stalls_are_told_apart(file: Path, offered: str, ready: str, hit: str) -> None:
    valid: Any = SimpleNamespace(value=0)
    taken: Any = SimpleNamespace(value=0)
    sampler = StreamSampler("pixel_window s", valid, taken)
    for valid.value, taken.value in zip(offered, ready, strict=True):
        sampler.look()
    names = [line.removeprefix("pixel_window s stream, ") for line in file.read_text().splitlines()]
    lengths = [name for name in names if not name.startswith("handshake")]
    assert ", ".join(lengths) == hit


def test_samples_are_kept_once(file: Path) -> None:
    for _ in range(2):
        sample("evaluator 4x4", "output", "3")
    assert file.read_text(encoding="utf-8") == "evaluator 4x4, output: 3\n"
    with pytest.raises(AssertionError, match="no bin evaluator 4x4, output: 4"):
        sample("evaluator 4x4", "output", "4")


@pytest.mark.parametrize(
    ("numerator", "denominator", "name"),
    [
        (6, 2, "exact x positive"),
        (5, 4, "below the half x positive"),
        (2, 4, "tie, down to even x positive"),
        (6, 4, "tie, up to even x positive"),
        (7, 4, "above the half x positive"),
        (-6, 4, "tie, down to even x negative"),
        (-2, 4, "tie, up to even x negative"),
        (-7, 9, "below the half x negative"),
    ],
)
def test_a_rounding_is_named(numerator: int, denominator: int, name: str) -> None:
    assert rounding_bins(np.array([numerator]), denominator) == {name}


def test_what_a_network_hits_is_named() -> None:
    """The layers, an accumulator at its end, a tie, and a memory that is full."""
    ends = np.array([2**31 - 1, 1 - 2**31], np.int32)
    hidden = Dense(np.array([[0], [0]], np.int8), ends, 31, "relu")
    last = Dense(np.array([[127, 1]], np.int8), np.array([0], np.int32), 0, "logits")
    network = Network((1, 1, 1), (hidden, last))
    core = Core(layers=2)
    assert set(network_bins(network, core)) == {
        ("kind x place", "dense x first"),
        ("kind x place", "dense x last"),
        ("kind before x kind", "image x dense"),
        ("kind before x kind", "dense x dense"),
        ("kind x activation", "dense x relu"),
        ("kind x activation", "dense x logits"),
        ("tiles x passes", "one, partly x one, partly"),
        ("shift x multiplier", "largest x none"),
        ("multiplier", "none"),
    }
    assert set(filled_bins(network, core)) == {("filled", "layers")}
    assert set(value_bins(network, np.array([[[127]]], np.int8))) == {
        ("pixel", "largest"),
        ("accumulator x layer", "largest x hidden"),
        ("accumulator x layer", "smallest x hidden"),
        ("accumulator x layer", "positive x logits"),
        ("rounding x sign", "above the half x positive"),
        ("rounding x sign", "below the half x negative"),
        ("saturation", "relu x inside"),
        ("saturation", "relu x below"),
    }


@pytest.mark.parametrize(
    ("taken", "left", "name"),
    [
        (0, 0, "idle"),
        (1, 0, "first row"),
        (8, 1, "last row"),
        (9, 8, "all in, not all out"),
        (9, 9, "idle"),
        (16, 9, "inner row"),
    ],
)
def test_a_reset_is_placed(taken: int, left: int, name: str) -> None:
    assert reset_bin([(3, 3), (4, 5)], taken, left) == name
