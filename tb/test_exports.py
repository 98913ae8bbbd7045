# SPDX-License-Identifier: Apache-2.0
"""The sweep over exports: what is good is found good, and the cells of another circuit are not."""

import numpy as np
import pytest

from evoarray.evolution.export.product import export
from tb.signoff.exports import BUILDS, NAME, judge, pair, passes
from tb.signoff.netlist import FAMILIES


def test_a_circuit_of_the_sweep() -> None:
    outcome = judge(3)
    assert outcome.good, outcome


@pytest.mark.parametrize("family", FAMILIES)
def test_cells_of_another_circuit_fail(family: str) -> None:
    folders = BUILDS / "right", BUILDS / "wrong"
    for circuit, folder in zip(pair("upm16", np.random.default_rng(7)), folders, strict=True):
        export([circuit], folder, NAME, "verilog", "none")
    right, wrong = folders
    assert passes(right, family)
    (wrong / f"{NAME}_tb.v").write_bytes((right / f"{NAME}_tb.v").read_bytes())
    assert not passes(wrong, family)
