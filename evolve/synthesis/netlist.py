# SPDX-License-Identifier: Apache-2.0
"""What a synthesized netlist is made of, counted through its hierarchy."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from evoarray.evolution.synthesis.pairing import Lut, sites

Modules = dict[str, Any]
"""The modules of a netlist as yosys's write_json gives them."""

CLASSES = {
    "lut": r"LUT[1-6]|INV|SB_LUT4",
    "flip_flop": r"FD[RSCP]E.*|TRELLIS_FF|SB_DFF.*",
    "carry": r"CARRY4|CCU2C|SB_CARRY",
    "wide_mux": r"MUXF[78]",
    "shift": r"SRL16E|SRLC32E",
    "memory": r"RAM.*|DP16KD|TRELLIS_DPR16X4|SB_RAM40_4K.*",
    "multiplier": r"DSP48E1|MULT18X18D",
}
"""The cells of all families, by what they are."""

CHAIN = "CARRY4"
"""The carry cell of 7 series: bit i of S comes from the LUT of the site of bit i."""


@dataclass(frozen=True)
class Area:
    """Cells of a design, by class; `sites` are LUT6 sites after pairing, on 7 series only."""

    lut: int
    flip_flop: int
    carry: int
    wide_mux: int
    shift: int
    memory: int
    sites: int
    multiplier: int = 0

    @classmethod
    def of(cls, counts: Counter[str]) -> "Area":
        """Make an area of counts by the names of its fields; what is not there is 0."""
        return cls(**{field.name: counts[field.name] for field in fields(cls)})


def area(modules: Modules, top: str, *, paired: bool) -> Area:
    """Count the cells of module `top` and of all below it.

    Where `paired`, LUTs share sites with others of their own module. Raises ValueError for a cell
    that belongs to no class.
    """
    return Area.of(_counts(modules, top, paired, {}))


def find(modules: Modules, module: str) -> str:
    """Return the netlist's name of the one instance of a module of the sources."""
    names = [
        name
        for name, content in modules.items()
        if name == module or content["attributes"].get("hdlname") == module
    ]
    if len(names) != 1:
        raise ValueError(f"{module} should be in the netlist once, not {len(names)} times")
    return names[0]


def _counts(
    modules: Modules, top: str, paired: bool, known: dict[str, Counter[str]]
) -> Counter[str]:
    if top not in known:
        counts: Counter[str] = Counter()
        cells = modules[top]["cells"].values()
        for cell in cells:
            kind = cell["type"]
            if _is_ours(modules, kind):
                counts.update(_counts(modules, kind, paired, known))
            elif kind != "$scopeinfo":
                counts[_class(kind)] += 1
        if paired:
            counts["sites"] += sites(_luts(cells))
        known[top] = counts
    return known[top]


def _luts(cells: Iterable[dict[str, Any]]) -> list[Lut]:
    """Return the LUTs among cells of 7 series."""
    propagated = {
        bit for cell in cells if cell["type"] == CHAIN for bit in cell["connections"]["S"]
    }
    return [
        Lut(_inputs(cell), bool(propagated.intersection(cell["connections"]["O"])))
        for cell in cells
        if re.fullmatch(CLASSES["lut"], cell["type"])
    ]


def _is_ours(modules: Modules, kind: str) -> bool:
    """Whether a cell is an instance of a module with content, not one of the family's cells."""
    return kind in modules and not {"blackbox", "whitebox"} & set(modules[kind]["attributes"])


def _class(kind: str) -> str:
    for name, pattern in CLASSES.items():
        if re.fullmatch(pattern, kind):
            return name
    raise ValueError(f"{kind} is a cell of no known class")


def _inputs(cell: dict[str, Any]) -> frozenset[int]:
    """Return the nets that a LUT reads; constants, which are strings, need no input."""
    return frozenset(
        bit
        for port, bits in cell["connections"].items()
        if cell["port_directions"][port] == "input"
        for bit in bits
        if isinstance(bit, int)
    )
