# SPDX-License-Identifier: Apache-2.0
"""The register map of rtl/filter/evoarray_axi.v, and what is made of it.

rtl/filter/registers.toml is the one place where registers are described. The driver reads it
through `load_registers`; `python -m model.registers` (make registers) writes the constants of the
RTL and the page of the documentation.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from model.errors import InputError
from model.files import write_atomically
from model.rtl import INCLUDE_DIR, ROOT

SOURCE = INCLUDE_DIR / "registers.toml"
CONSTANTS = INCLUDE_DIR / "registers.vh"
PAGE = ROOT / "docs" / "registers.md"

_VERILOG_HEAD = """\
// SPDX-License-Identifier: Apache-2.0
//
// Made from registers.toml by `make registers`: do not edit. Of a register the address, of a field
// the lowest bit and, with _W, the width.
"""
_PAGE_HEAD = """\
<!-- Made from rtl/filter/registers.toml by `make registers`: do not edit. -->
# Registers of evoarray_axi

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
    """A word of 32 bits at an address in bytes; `value` is what it always reads as, if anything."""

    address: int
    access: str
    value: int | None
    text: str
    fields: Mapping[str, Field]


def load_registers(source: Path = SOURCE) -> dict[str, Register]:
    """Return the registers by name. Raises InputError if the file is not there."""
    try:
        data = tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {source}: {error.strerror}; use a full checkout") from None
    return {
        entry["name"]: Register(
            entry["address"],
            entry["access"],
            entry.get("value"),
            entry["text"],
            {name: _field(**field) for name, field in entry.get("fields", {}).items()},
        )
        for entry in data["register"]
    }


def _field(bits: tuple[int, int], text: str, clear: bool = False) -> Field:
    return Field(*bits, clear, text)


def verilog(registers: Mapping[str, Register]) -> str:
    """Return registers.vh: addresses, and for each field its lowest bit and its width."""
    lines = [_VERILOG_HEAD]
    for name, register in registers.items():
        lines.append(f"localparam [15:0] {name}_ADDRESS = 16'h{register.address:04X};")
        if register.value is not None:
            lines.append(f"localparam [31:0] {name}_VALUE = 32'h{register.value:08X};")
        for key, field in register.fields.items():
            lines.append(f"localparam integer {name}_{key} = {field.lowest};")
            if field.width > 1:
                lines.append(f"localparam integer {name}_{key}_W = {field.width};")
    return "\n".join(lines) + "\n"


def page(registers: Mapping[str, Register]) -> str:
    """Return docs/registers.md: a section for each register, a row for each of its fields."""
    lines = [_PAGE_HEAD]
    for name, register in registers.items():
        lines += ["", f"## 0x{register.address:04X} {name} ({register.access})", "", register.text]
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
    loaded = load_registers()
    write_atomically(CONSTANTS, verilog(loaded).encode())
    write_atomically(PAGE, page(loaded).encode())
