# SPDX-License-Identifier: Apache-2.0
"""The runner: what must fail does, and leaves its waveform."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tb.runner import WAVES

ENDS_EARLY = Path(__file__).with_name("ends_early.v")


def message_of(run: Callable[..., None], toplevel: str = "evoarray_delay_line") -> str:
    """Return what the runner says about a run that must fail."""
    with pytest.raises(AssertionError) as failure:
        run(toplevel=toplevel, module="tb.misbehaving", sources=[ENDS_EARLY])
    return str(failure.value)


@pytest.mark.verilator
def test_failure_leaves_its_waveform(
    simulate: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCOTB_TEST_FILTER", "is_wrong")
    message = message_of(simulate)
    assert "tb.misbehaving.is_wrong: AssertionError: drew 0." in message
    waveform = Path(message.split("waveform: ")[1])
    assert waveform.parent == WAVES
    assert waveform.suffix == ".fst"
    assert waveform.stat().st_size > 0


def test_seed_repeats_a_failure(
    simulate: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCOTB_TEST_FILTER", "is_wrong")
    first, other = (message_of(simulate) for _ in range(2))
    seed = re.search("COCOTB_RANDOM_SEED=([0-9]+) repeats it", first)
    assert seed is not None
    monkeypatch.setenv("COCOTB_RANDOM_SEED", seed[1])
    assert first == message_of(simulate) != other


def test_simulation_that_ends_early_fails(
    simulate: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCOTB_TEST_FILTER", "waits")
    assert "tb.misbehaving.waits: " in message_of(simulate, "ends_early")


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("leaves", "terminated abnormally"),
        ("nothing", "no test ran"),
        ("is_skipped", "tb.misbehaving.is_skipped: skipped"),
    ],
    ids=["leaves", "nothing", "is_skipped"],
)
def test_run_without_a_result_fails(
    simulate: Callable[..., None], monkeypatch: pytest.MonkeyPatch, chosen: str, said: str
) -> None:
    monkeypatch.setenv("COCOTB_TEST_FILTER", chosen)
    assert said in message_of(simulate)


def test_source_that_does_not_compile_fails(simulate: Callable[..., None], tmp_path: Path) -> None:
    broken = tmp_path / "broken.v"
    broken.write_text("module broken(; endmodule\n")
    with pytest.raises(AssertionError, match="Process iverilog terminated"):
        simulate(toplevel="broken", module="tb.misbehaving", sources=[broken])
