# SPDX-License-Identifier: Apache-2.0
"""Logits from the RTL interpreted by Icarus Verilog, driven through cocotb."""

from evoarray.evolution.backends.interpreted import cocotb_environment, compile_rtl, find_cocotb
from evoarray.evolution.neuro.backends.simulated import ROOMY, SimulatedCore
from evoarray.model.neuro.program import Core
from evoarray.model.rtl import sources


class IcarusBackend(SimulatedCore):
    """The interpreted RTL, in a process of its own.

    Raises InputError if a tool is missing, BuildError if the RTL does not compile.
    """

    top = "evoarray_neuro_core"
    server = "evoarray.evolution.neuro.backends.icarus_server"
    inertial_writes = True

    def __init__(self, core: Core = ROOMY) -> None:
        library = find_cocotb()
        super().__init__(core)
        program = self.folder / "program.vvp"
        compile_rtl(program, self.top, sources("neuro"), core.parameters)
        environment = cocotb_environment(
            self.top, self.server, inertial_writes=self.inertial_writes
        )
        self.start(["vvp", "-n", "-m", library, program], environment)
