# SPDX-License-Identifier: Apache-2.0
"""The cores as their Verilog headers describe them: parameters, ports, and interfaces.

All headers are written in one style; tests/test_ipxact.py compares what is read here with what
yosys elaborates.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from evoarray.model.rtl import RTL_DIR


@dataclass(frozen=True)
class Core:
    """A core with AXI: the room of rtl/ that it is in, and what it does."""

    family: str
    text: str


CORES: Mapping[str, Core] = {
    "evoarray_axi": Core("filter", "Filters a stream of pixels with an evolved circuit"),
    "evoarray_neuro_axi": Core("neuro", "Runs small int8 neural networks"),
}
"""The cores by the names of their modules."""

_HEADER = re.compile(
    r"^module (?P<name>\w+) #\(\n(?P<parameters>.*?)^\) \(\n(?P<ports>.*?)^\);", re.M | re.S
)
_COMMENTED = re.compile(r"(?P<comment>(?:\s*//.*\n)*)(?P<parameters>(?:\s*parameter .*\n)+)")
_PARAMETER = re.compile(r"parameter integer (?P<name>\w+)\s*= (?P<default>\d+)")
_PORT = re.compile(
    r"(?P<direction>input|output)\s+wire\s+(?:\[(?P<left>[^\]]+):0\]\s+)?(?P<name>\w+)"
)
_OF_INTERFACE = re.compile(r"(?P<interface>[sm]_axi(l|s_\w+))_(?P<signal>[a-z]+)")
_ELSEWHERE = re.compile(r"As in (\w+)")


@dataclass(frozen=True)
class Parameter:
    """A parameter of a module: its default, and what it is for."""

    default: int
    text: str


@dataclass(frozen=True)
class Port:
    """A port: "input" or "output", and its highest bit as an expression; None for a single wire."""

    direction: str
    left: str | None

    def width(self, parameters: Mapping[str, int]) -> int:
        """Return how many bits the port has with these values of all parameters."""
        if self.left is None:
            return 1
        # Products and sums of parameters mean the same in Python.
        return int(eval(self.left, {"__builtins__": {}}, dict(parameters))) + 1


@dataclass(frozen=True)
class Interface:
    """Ports by the names of their signals (AWADDR) on a bus, "AXI4-Lite" or "AXI4Stream"."""

    bus: str
    is_slave: bool
    ports: Mapping[str, str]


@dataclass(frozen=True)
class Module:
    """The header of a Verilog module."""

    name: str
    parameters: Mapping[str, Parameter]
    ports: Mapping[str, Port]

    @cached_property
    def interfaces(self) -> Mapping[str, Interface]:
        """The interfaces by the prefix of their ports: s_axil, s_axis_noisy and so on."""
        signals: dict[str, dict[str, str]] = {}
        for port in self.ports:
            if found := _OF_INTERFACE.fullmatch(port):
                signals.setdefault(found["interface"], {})[found["signal"].upper()] = port
        return {
            name: Interface(
                "AXI4Stream" if "_axis_" in name else "AXI4-Lite", name[0] == "s", ports
            )
            for name, ports in signals.items()
        }


def read_core(name: str) -> Module:
    """Return the header of the module of one of CORES."""
    return read_module(RTL_DIR / CORES[name].family / f"{name}.v")


def read_module(file: Path) -> Module:
    """Return the header of a module in the style of rtl/. Raises ValueError for any other."""
    header = _HEADER.search(file.read_text(encoding="utf-8"))
    if header is None:
        raise ValueError(f"{file} has no module with parameters and ports in the style of rtl/")
    parameters = {}
    for group in _COMMENTED.finditer(header["parameters"]):
        comment = " ".join(re.findall(r"//\s*(.*)", group["comment"]))
        for each in _PARAMETER.finditer(group["parameters"]):
            text = _text(file, each["name"], comment)
            parameters[each["name"]] = Parameter(int(each["default"]), text)
    ports = {
        port["name"]: Port(port["direction"], port["left"])
        for port in _PORT.finditer(header["ports"])
    }
    return Module(header["name"], parameters, ports)


def _text(file: Path, parameter: str, text: str) -> str:
    """Return what a parameter is for; a comment may name the module that says so."""
    if elsewhere := _ELSEWHERE.fullmatch(text):
        return read_module(file.with_name(f"{elsewhere[1]}.v")).parameters[parameter].text
    return text
