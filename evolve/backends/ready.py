# SPDX-License-Identifier: Apache-2.0
"""Whether the RTL can be simulated here, asked before hours of work and not after them.

Run: python -m evoarray.evolution.backends.ready icarus filter. It prints what is missing, or
nothing.
"""

import sys

from evoarray.evolution.backends.interpreted import find_cocotb
from evoarray.evolution.backends.verilated import find_tools
from evoarray.model.errors import InputError
from evoarray.model.rtl import sources

SIMULATORS = ("icarus", "verilator")
"""On which a champion may be replayed."""


def require(simulator: str, family: str) -> None:
    """Raise InputError if a simulator, what it needs, or the RTL of a family is missing."""
    sources(family)
    {"icarus": find_cocotb, "verilator": find_tools}[simulator]()


if __name__ == "__main__":
    try:
        require(*sys.argv[1:])
    except InputError as error:
        sys.stdout.write(f"{error}\n")
