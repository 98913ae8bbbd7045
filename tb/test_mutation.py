# SPDX-License-Identifier: Apache-2.0
"""The mutation score: a fault is told from none, and every module of rtl/ is measured."""

from dataclasses import replace

from evoarray.model.rtl import FAMILIES, sources
from tb.signoff.design import Target
from tb.signoff.mutation import BUILDS, TARGETS, insert_faults, is_equivalent


def test_only_a_fault_is_not_equivalent() -> None:
    target = Target("evoarray_delay_line", "test_delay_line", {"DEPTH": 2})
    folder = BUILDS / "test"
    folder.mkdir(parents=True, exist_ok=True)
    faults = insert_faults(target, folder, 3)
    assert len(set(faults)) == 3
    assert [is_equivalent(target, folder, number) for number in range(5)] == [
        *(True, False, False, False),
        True,  # beyond the last
    ]
    # Where it is always enabled, a fault of what it holds otherwise is none, and others stay ones.
    enabled = replace(target, legal={"ce": "1'b1"})
    holding = [is_equivalent(enabled, folder, number) for number in (1, 2, 3)]
    assert any(holding)
    assert not all(holding)


def test_every_module_has_mutants() -> None:
    assert {target.module for target in TARGETS} == {file.stem for file in sources(*FAMILIES)}
