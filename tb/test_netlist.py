# SPDX-License-Identifier: Apache-2.0
"""Netlists: the tests pass on one, and fail where one table of a LUT has a wrong bit."""

import re

import pytest

from tb.runner import run
from tb.signoff.design import Target
from tb.signoff.netlist import FAMILIES, synthesize

REGISTER = Target("evoarray_axis_register", "shared.test_axis_register", {"DATA_W": 4})


@pytest.mark.parametrize("family", FAMILIES)
def test_a_netlist_with_and_without_a_fault(family: str) -> None:
    simulation = synthesize(REGISTER, family)
    assert not run(simulation, 1)
    netlist = simulation.sources[1]
    text = netlist.read_text(encoding="utf-8")
    table = re.search(r"LUT\w* #\(\s*\.(?:LUT_)?INIT\(\d+'h([0-9a-f])", text)
    assert table
    wrong = format(15 - int(table[1], 16), "x")
    netlist.write_text(f"{text[: table.start(1)]}{wrong}{text[table.end(1) :]}", encoding="utf-8")
    assert run(simulation, 1)
