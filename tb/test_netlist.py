# SPDX-License-Identifier: Apache-2.0
"""Netlists: the tests pass on one, and fail where one table of a LUT has a wrong bit."""

import pytest

from tb.runner import run
from tb.signoff.design import Target
from tb.signoff.netlist import FAMILIES, synthesize

SUM = Target("sae", "test_sae", {"SAE_W": 20})
TABLE = {"ice40": ".LUT_INIT(16'h", "xilinx": ".INIT(4'h"}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_sum_as_a_netlist(family: str) -> None:
    simulation = synthesize(SUM, family)
    assert not run(simulation, 1)
    netlist = simulation.sources[1]
    text = netlist.read_text(encoding="utf-8")
    at = text.index(TABLE[family]) + len(TABLE[family])
    wrong = format(15 - int(text[at], 16), "x")
    netlist.write_text(f"{text[:at]}{wrong}{text[at + 1 :]}", encoding="utf-8")
    assert run(simulation, 1)
