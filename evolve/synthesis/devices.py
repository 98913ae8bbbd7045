# SPDX-License-Identifier: Apache-2.0
"""For what is synthesized, and a design that is."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from evoarray.model.rtl import ROOT, sources

Family = Literal["xc7", "ecp5", "ice40"]

FAMILY_NAMES: dict[Family, str] = {"xc7": "7 series", "ecp5": "ECP5", "ice40": "iCE40"}

SYNTHESIS: dict[Family, str] = {
    "xc7": "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf",
    "ecp5": "synth_ecp5 -nowidelut",
    "ice40": "synth_ice40 -device hx",
}
"""The yosys command of a family."""


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


@dataclass(frozen=True)
class Design:
    """A module with its parameters, and the devices on which it is placed and routed.

    sources are the files in which it and its parts are; those of the core if none are given. root
    is a folder that has them all, somewhere below; what is made of them goes into its build/synth.
    """

    name: str
    module: str
    parameters: dict[str, int]
    devices: tuple[Device, ...]
    sources: tuple[Path, ...] = field(default_factory=lambda: tuple(sources("filter")))
    root: Path = ROOT
