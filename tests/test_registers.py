# SPDX-License-Identifier: Apache-2.0
"""The register maps: what is made of it is what stands there, and no two bits are the same."""

from itertools import combinations, pairwise
from pathlib import Path

import pytest

from evoarray.model.errors import InputError
from evoarray.model.registers import CORES, load_map, page, verilog
from evoarray.model.rtl import INCLUDE_DIR


@pytest.mark.parametrize("core", CORES)
def test_make_registers_was_run(core: str) -> None:
    found = load_map(core)
    assert (INCLUDE_DIR / f"{core}.vh").read_text(encoding="utf-8") == verilog(found)
    assert found.page.read_text(encoding="utf-8") == page(found)


@pytest.mark.parametrize("core", CORES)
def test_registers_and_fields_do_not_overlap(core: str) -> None:
    found = load_map(core)
    registers = found.registers
    taken = sorted(
        (register.address, register.address + 4 * register.words) for register in registers.values()
    )
    assert all(end <= begin for (_, end), (begin, _) in pairwise(taken))
    assert taken[-1][1] <= 2**found.address_bits
    for register in registers.values():
        assert register.address % 4 == 0
        for one, other in combinations(register.fields.values(), 2):
            assert not one.place(2**one.width - 1) & other.place(2**other.width - 1)
        for field in register.fields.values():
            assert field.of(field.place(2**field.width - 1)) == 2**field.width - 1
            assert field.lowest + field.width <= 32


def test_a_checkout_without_the_map_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"evoarray_neuro_axi\.toml: No such file or directory; install evoarray"
    ):
        load_map("evoarray_neuro_axi", tmp_path)
