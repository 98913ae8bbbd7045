# SPDX-License-Identifier: Apache-2.0
"""The register map: what is made of it is what stands there, and no two bits are the same."""

from itertools import combinations
from pathlib import Path

import pytest

from model.errors import InputError
from model.registers import CONSTANTS, PAGE, load_registers, page, verilog


def test_make_registers_was_run() -> None:
    registers = load_registers()
    assert CONSTANTS.read_text(encoding="utf-8") == verilog(registers)
    assert PAGE.read_text(encoding="utf-8") == page(registers)


def test_registers_and_fields_do_not_overlap() -> None:
    registers = load_registers()
    assert len({register.address for register in registers.values()}) == len(registers)
    for register in registers.values():
        assert register.address % 4 == 0
        for one, other in combinations(register.fields.values(), 2):
            assert not one.place(2**one.width - 1) & other.place(2**other.width - 1)
        for field in register.fields.values():
            assert field.of(field.place(2**field.width - 1)) == 2**field.width - 1
            assert field.lowest + field.width <= 32


def test_a_checkout_without_the_map_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"registers\.toml: No such file or directory; use a full"):
        load_registers(tmp_path / "registers.toml")
