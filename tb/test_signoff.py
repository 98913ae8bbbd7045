# SPDX-License-Identifier: Apache-2.0
"""The tables of the sign-off say what was found, and are not made where a result is missing."""

import json
from pathlib import Path

import pytest

from tb.signoff import tables

FOUND = {
    "simulations.xml": """<testsuites><testsuite failures="0" errors="0" skipped="0" time="61.2">
        <testcase name="test_sae[icarus-20]"/><testcase name="test_sae[verilator-32]"/>
        <testcase name="test_sae[icarus-32]"/><testcase name="test_of_python"/>
        </testsuite></testsuites>""",
    "formal.json": [
        {"bound": "none (induction)", "holds": True, "mutants": 2, "refuted": 2, "seconds": 3.5},
        {"bound": "9 cycles", "holds": True, "mutants": 1, "refuted": 1, "seconds": 2},
    ],
    "mutation.json": [
        {"target": "pe", "killed": 19, "equivalent": 2, "survivors": ["bit 3"], "seconds": 60}
    ],
    "coverage.json": {
        "modules": [
            {
                "module": "pe",
                "covered": {"line": 5, "branch": 4, "toggle": 70},
                "excused": {"line": 0, "branch": 0, "toggle": 2},
                "total": {"line": 5, "branch": 4, "toggle": 72},
            }
        ],
        "covergroups": {"pe": {"hit": 51, "bins": 51}},
        "seconds": 100,
    },
    "netlist.json": [
        {"target": "evaluator-rows-2", "family": "ice40", "failures": {}, "seconds": 50},
        {"target": "evaluator-rows-2", "family": "xilinx", "failures": {"a": "b"}, "seconds": 50},
    ],
    "exports.json": [
        {"equal": True, "refuted": True, "passes": True, "seconds": 5},
        {"equal": True, "refuted": True, "passes": False, "seconds": 5},
        {"equal": True, "refuted": False, "passes": False, "seconds": 5},
    ],
    "soak.json": {"first": 7, "rounds": 12, "failed": [9], "seconds": 60},
}


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a page for the tables, beside the results."""
    for name, found in FOUND.items():
        text = found if isinstance(found, str) else json.dumps(found)
        (tmp_path / name).write_text(text, encoding="utf-8")
    path = tmp_path / "page.md"
    path.write_text(f"before\n{tables.BEGIN}\noutdated\n{tables.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    monkeypatch.setattr(tables, "PAGE", path)
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    return path


def test_the_tables(page: Path) -> None:
    assert tables.main() == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "outdated" not in text
    for row in (
        "| RTL = golden model | `make sim` | 2 on Icarus and 1 on Verilator, none of them failed |",
        "| 2 of 2 proofs hold, 1 of them in every cycle; 3 of 3 mutants refuted | 6 s |",
        "| 19 of 20 killed (95.0 %); 2 more are proved equivalent | 60 s |",
        "| covered + excused: line 5 + 0 of 5, branch 4 + 0 of 4, toggle 70 + 2 of 72 | 100 s |",
        "| Functional coverage | `make coverage` | 51 of 51 bins | 100 s |",
        "| 1 of 2 pass: evaluator on ice40 | 100 s |",
        "| 3 of 3 proved equal to the array, a wrong gene found in 2; as cells of an FPGA 1 pass",
        "| 11 of 12 rounds passed, from number 7 on | 60 s |",
        "| pe | 5 + 0 of 5 | 4 + 0 of 4 | 70 + 2 of 72 |",
        "- `pe`: bit 3",
    ):
        assert row in text


def test_a_missing_result(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = page.read_bytes()
    (page.parent / "netlist.json").unlink()
    assert tables.main() == 2
    assert "netlist.json is not there: make signoff makes it" in capsys.readouterr().err
    assert page.read_bytes() == before
