# SPDX-License-Identifier: Apache-2.0
"""What is measured, and for which devices."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from model.rtl import sources

Family = Literal["xc7", "ecp5", "ice40"]

TOP = "evaluator"
"""The module that is the whole core."""

AXI_TOP = "evoarray_axi"
"""The same with AXI4-Stream and AXI4-Lite."""

CORE_SIDE = 8
CORE_FRAME = 128
CORE_SAE_BITS = 22
"""Enough for 255 times the pixels of CORE_FRAME x CORE_FRAME."""

SIDES = (4, 8, 12, 16, 20, 24)
PLACED_SIDES = (4, 8)
"""The arrays that are placed and routed as well; with larger ones that takes hours."""


@dataclass(frozen=True)
class Device:
    """A device that nextpnr knows: its family, its options and the clock aimed at in MHz."""

    name: str
    family: Family
    options: tuple[str, ...]
    goal: int


HX8K = Device("iCE40 HX8K", "ice40", ("--hx8k", "--package", "ct256"), 100)
ECP5_25 = Device(
    "ECP5 25k, speed grade 8", "ecp5", ("--25k", "--package", "CABGA381", "--speed", "8"), 150
)
DEVICES = (HX8K, ECP5_25)

SYNTHESIS: dict[Family, str] = {
    "xc7": "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf",
    "ecp5": "synth_ecp5 -nowidelut",
    "ice40": "synth_ice40 -device hx",
}
"""The yosys command of a family."""

ELEMENTS = ("pe", "pe_two_stage")
"""Modules that stay whole: each is mapped once, however many there are."""


@dataclass(frozen=True)
class Design:
    """A module with its parameters, and the devices on which it is placed and routed.

    sources are the files, below the repository's root, in which it and its parts are; those of the
    core if none are given.
    """

    name: str
    module: str
    parameters: dict[str, int]
    devices: tuple[Device, ...]
    sources: tuple[Path, ...] = field(default_factory=lambda: tuple(sources()))


def designs() -> list[Design]:
    """Return all that `make synth` measures."""
    arrays = [
        Design(
            f"array {side}x{side}",
            "systolic_array",
            {"ROWS": side, "COLS": side, "TWO_STAGE": 1},
            DEVICES if side in PLACED_SIDES else (),
        )
        for side in SIDES
    ]
    core = {
        "ROWS": CORE_SIDE,
        "COLS": CORE_SIDE,
        "TWO_STAGE": 1,
        "MAX_WIDTH": CORE_FRAME,
        "MAX_HEIGHT": CORE_FRAME,
    }
    return [
        Design("element, plain", "pe", {}, DEVICES),
        Design("element, two stages", "pe_two_stage", {}, DEVICES),
        *arrays,
        Design(f"core {CORE_SIDE}x{CORE_SIDE}", TOP, {**core, "SAE_W": CORE_SAE_BITS}, DEVICES),
        Design(f"core {CORE_SIDE}x{CORE_SIDE}, AXI", AXI_TOP, core, DEVICES),
    ]
