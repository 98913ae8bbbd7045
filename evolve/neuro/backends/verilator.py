# SPDX-License-Identifier: Apache-2.0
"""Logits from the RTL compiled by Verilator, driven in batches by a small C++ program.

The program is built once per core and kept.
"""

from pathlib import Path

from evoarray.evolution.backends import verilated
from evoarray.evolution.neuro.backends.simulated import ROOMY, SimulatedCore
from evoarray.model.neuro.program import Core
from evoarray.model.rtl import sources

_SERVER = Path(__file__).with_name("verilator_server.cpp")


class VerilatorBackend(SimulatedCore):
    """The compiled RTL, in a process of its own. Raises what verilated.build raises."""

    def __init__(self, core: Core = ROOMY) -> None:
        program = verilated.build("evoarray_neuro_core", sources("neuro"), core.parameters, _SERVER)
        super().__init__(core)
        self.start([program], {})
