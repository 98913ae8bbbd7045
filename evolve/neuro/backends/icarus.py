# SPDX-License-Identifier: Apache-2.0
"""Logits from the RTL interpreted by Icarus Verilog, driven through cocotb."""

from evolve.backends.interpreted import cocotb_environment, compile_rtl, find_cocotb
from evolve.neuro.backends.simulated import ROOMY, SimulatedCore
from model.neuro.program import Core
from model.rtl import sources

TOP = "neuro_core"


class IcarusBackend(SimulatedCore):
    """The interpreted RTL, in a process of its own.

    Raises InputError if a tool is missing, BuildError if the RTL does not compile.
    """

    def __init__(self, core: Core = ROOMY) -> None:
        library = find_cocotb()
        super().__init__(core)
        program = self.folder / "program.vvp"
        compile_rtl(program, TOP, sources("neuro"), core.parameters)
        server = "evolve.neuro.backends.icarus_server"
        environment = cocotb_environment(TOP, server, inertial_writes=True)
        self.start(["vvp", "-n", "-m", library, program], environment)
