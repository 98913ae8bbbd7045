# SPDX-License-Identifier: Apache-2.0
"""Logits from the AXI core interpreted by Icarus Verilog, as host software would get them.

The slowest backend: every byte and every register access goes through Python. It shows that the
core, its register map and its driver do what evolution needs.
"""

from evoarray.evolution.backends.interpreted import find_bus_models
from evoarray.evolution.neuro.backends.icarus import IcarusBackend
from evoarray.evolution.neuro.backends.simulated import ROOMY
from evoarray.model.neuro.program import Core


class IcarusAxiBackend(IcarusBackend):
    """The interpreted AXI core, in a process of its own. Raises what IcarusBackend raises."""

    top = "evoarray_neuro_axi"
    server = "evoarray.evolution.neuro.backends.axi.server"
    inertial_writes = False  # the bus models write at rising edges

    def __init__(self, core: Core = ROOMY) -> None:
        find_bus_models()
        super().__init__(core)
