# SPDX-License-Identifier: Apache-2.0
"""The soak: its number determines a round, and one that fails is told and can be repeated."""

from pathlib import Path

import pytest

from tb.runner import Simulation
from tb.signoff import soak


def test_rounds_differ_and_a_number_repeats_one() -> None:
    rounds = [soak.choose(number) for number in range(60)]
    assert rounds == [soak.choose(number) for number in range(60)]
    assert len({soak.describe(each) for each in rounds}) > 50
    assert {each.toplevel for each in rounds} == {
        *("evoarray_pixel_window", "evoarray_systolic_array", "evoarray_evaluator", "evoarray_axi")
    }


def test_a_round_that_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(simulation: Simulation, seed: int) -> dict[str, str]:
        return {"frames": "AssertionError: 1 is not 2\nmore"} if seed == 7 else {}

    monkeypatch.setattr(soak, "run", fail)
    monkeypatch.setattr(soak, "RESULT", tmp_path / "soak.json")
    assert soak.main(["--seconds", "0", "--round", "6"]) == 0
    assert soak.main(["--seconds", "0", "--round", "7"]) == 1
    said = capsys.readouterr().out
    assert "FAILS 7 test_" in said
    assert "frames: AssertionError: 1 is not 2\n" in said
    assert "make soak SECONDS=0 ROUND=7" in said
    assert '"failed": [\n    7\n  ]' in soak.RESULT.read_text(encoding="utf-8")
