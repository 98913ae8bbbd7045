# SPDX-License-Identifier: Apache-2.0
"""A module of the RTL as yosys takes it and as it is wrapped anew, for faults and netlists."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evoarray.model.rtl import FAMILIES, INCLUDE_DIR, ROOT, sources

RESULTS = ROOT / "build" / "signoff"
"""Where everything that signs off leaves what it found."""


@dataclass(frozen=True)
class Target:
    """A module of rtl/ with parameters, and the tests that have to find its faults."""

    module: str
    test: str
    parameters: Mapping[str, int] = field(default_factory=dict)
    bench: str = ""  # in tb/, the top of the tests, where it is not the module
    top: str = ""  # in rtl/, the same
    bench_parameters: Mapping[str, int] = field(default_factory=dict)
    # Inputs that have illegal values, each with an expression of the ports that has none of those
    # bits: on what is left, a mutant is compared with the module.
    legal: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The module and its parameters, as a file's name."""
        return "-".join([self.module, *(f"{k}-{v}" for k, v in self.parameters.items())]).lower()


def relative(path: Path) -> str:
    """Return a path as yosys takes it, which runs in the root."""
    return str(path.relative_to(ROOT))


def read_rtl() -> str:
    """Return the command by which yosys reads all families of rtl/; a top uses what it needs."""
    files = map(relative, sources(*FAMILIES))
    return " ".join(["read_verilog", f"-I{relative(INCLUDE_DIR)}", *files])


def header(module: str) -> str:
    """Return a module from its name to the end of its ports, all of them wires."""
    (source,) = (file for file in sources(*FAMILIES) if file.stem == module)
    text = source.read_text(encoding="utf-8")
    found = re.search(rf"^module {module}\b.*?^\);", text, re.DOTALL | re.MULTILINE)
    assert found
    return re.sub(r"\boutput reg ", "output wire", found[0])


def ports(module: str) -> list[str]:
    """Return the names of a module's ports."""
    names = re.findall(
        r"^ +(?:input|output) +wire +(?:signed +)?(?:\[.*?\] +)?(\w+)",
        header(module),
        re.MULTILINE,
    )
    assert names
    return names
