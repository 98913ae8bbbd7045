# SPDX-License-Identifier: Apache-2.0
"""The register maps of the AXI cores, and what is made of them.

rtl/registers/CORE.toml is the one place where the registers of a core are described. Its driver
reads it through `load_map`; `python -m model.registers` (make registers) writes the constants of
the RTL, CORE.vh beside it, and the page of the documentation.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evoarray.model.errors import InputError
from evoarray.model.files import write_atomically
from evoarray.model.rtl import INCLUDE_DIR, ROOT

CORES = ("evoarray_axi", "evoarray_neuro_axi")

_VERILOG_HEAD = """\
// SPDX-License-Identifier: Apache-2.0
//
// Made from {core}.toml by `make registers`: do not edit.
// Of a register the address, of a field the lowest bit and, with _W, the width.
"""
_PAGE_HEAD = """\
<!-- Made from rtl/registers/{core}.toml by `make registers`: do not edit. -->
# Registers of {core}

Words of 32 bits behind the AXI4-Lite port; addresses are in bytes. A bit of no field reads as 0
and is ignored when written. What is refused gets the response SLVERR, reads as 0 and changes
nothing: what the descriptions name, reads of what can only be written, writes of what can only be
read, addresses without a register, and writes of less than a word."""


@dataclass(frozen=True)
class Field:
    """Bits of a register: the lowest one, and how many; `clear` where writing 1 clears them."""

    lowest: int
    width: int
    clear: bool
    text: str

    def of(self, word: int) -> int:
        """Return the value of the field in a register's value."""
        return word >> self.lowest & (1 << self.width) - 1

    def place(self, value: int) -> int:
        """Return a register's value that has this value in the field, and 0 elsewhere."""
        return value << self.lowest


@dataclass(frozen=True)
class Register:
    """A word of 32 bits at an address in bytes; `value` is what it always reads as, if anything.

    `words` is how many of the kind there are, from this address on.
    """

    address: int
    access: str
    value: int | None
    words: int
    text: str
    fields: Mapping[str, Field]


@dataclass(frozen=True)
class RegisterMap:
    """The registers of a core by name, the width of its addresses, and the page that has them."""

    core: str
    address_bits: int
    page: Path
    registers: Mapping[str, Register]


def load_map(core: str, folder: Path = INCLUDE_DIR) -> RegisterMap:
    """Return the register map of one of CORES. Raises InputError if its file is not there."""
    source = folder / f"{core}.toml"
    try:
        data = tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {source}: {error.strerror}; install evoarray anew") from None
    registers = {
        entry["name"]: Register(
            entry["address"],
            entry["access"],
            entry.get("value"),
            entry.get("words", 1),
            entry["text"],
            {name: _field(**field) for name, field in entry.get("fields", {}).items()},
        )
        for entry in data["register"]
    }
    return RegisterMap(core, data["address_bits"], ROOT / data["page"], registers)


def _field(bits: tuple[int, int], text: str, clear: bool = False) -> Field:
    return Field(*bits, clear, text)


def verilog(map_: RegisterMap) -> str:
    """Return CORE.vh: addresses, and for each field its lowest bit and its width."""
    lines = [_VERILOG_HEAD.format(core=map_.core)]
    width, digits = map_.address_bits, (map_.address_bits + 3) // 4
    for name, register in map_.registers.items():
        address = f"{width}'h{register.address:0{digits}X}"
        lines.append(f"localparam [{width - 1}:0] {name}_ADDRESS = {address};")
        if register.value is not None:
            lines.append(f"localparam [31:0] {name}_VALUE = 32'h{register.value:08X};")
        for key, field in register.fields.items():
            lines.append(f"localparam integer {name}_{key} = {field.lowest};")
            if field.width > 1:
                lines.append(f"localparam integer {name}_{key}_W = {field.width};")
    return "\n".join(lines) + "\n"


def page(map_: RegisterMap) -> str:
    """Return the documentation: a section for each register, a row for each of its fields."""
    lines = [_PAGE_HEAD.format(core=map_.core)]
    digits = (map_.address_bits + 3) // 4
    for name, register in map_.registers.items():
        head = f"## 0x{register.address:0{digits}X} {name} ({register.access})"
        lines += ["", head, "", register.text]
        if register.fields:
            lines += ["", "| Bits | Field | |", "|---|---|---|"]
            lines += [_row(key, field) for key, field in register.fields.items()]
    return "\n".join(lines) + "\n"


def _row(name: str, field: Field) -> str:
    highest = field.lowest + field.width - 1
    bits = f"{highest}:{field.lowest}" if field.width > 1 else str(field.lowest)
    text = field.text + " Stays until 1 is written to it." * field.clear
    return f"| {bits} | {name} | {text} |"


if __name__ == "__main__":
    for map_ in map(load_map, CORES):
        write_atomically(INCLUDE_DIR / f"{map_.core}.vh", verilog(map_).encode())
        write_atomically(map_.page, page(map_).encode())
