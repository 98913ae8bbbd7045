# SPDX-License-Identifier: Apache-2.0
"""Logits from the AXI core interpreted by Icarus Verilog, as host software would get them.

The slowest backend: every byte and every register access goes through Python. It shows that the
core, its register map and its driver do what evolution needs.
"""

from evolve.backends.interpreted import find_bus_models
from evolve.neuro.backends.icarus import IcarusBackend
from evolve.neuro.backends.simulated import ROOMY
from model.neuro.program import Core


class IcarusAxiBackend(IcarusBackend):
    """The interpreted AXI core, in a process of its own. Raises what IcarusBackend raises."""

    top = "evoarray_neuro_axi"
    server = "evolve.neuro.backends.axi.server"
    inertial_writes = False  # the bus models write at rising edges

    def __init__(self, core: Core = ROOMY) -> None:
        find_bus_models()
        super().__init__(core)
