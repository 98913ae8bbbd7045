# SPDX-License-Identifier: Apache-2.0
"""Fitness from the AXI core interpreted by Icarus Verilog, as host software would get it.

The slowest backend: every pixel and every register access goes through Python. It shows that the
core, its register map and its driver do what evolution needs.
"""

from evoarray.evolution.backends.interpreted import find_bus_models
from evoarray.evolution.filter.backends.icarus import IcarusBackend
from evoarray.evolution.filter.backends.simulated import LARGEST_SIDE
from evoarray.evolution.filter.sample import Sheet
from evoarray.model.errors import InputError
from evoarray.model.filter.circuit import Shape
from evoarray.model.filter.rtl import parameters


class IcarusAxiBackend(IcarusBackend):
    """The interpreted AXI core, in a process of its own."""

    toplevel = "evoarray_axi"
    bench = ()
    server = "evoarray.evolution.filter.backends.axi.server"
    inertial_writes = False  # the bus models write at rising edges

    def __init__(self, shape: Shape, sheet: Sheet) -> None:
        if not sheet.is_image:
            raise InputError(
                "the AXI core takes whole images, no samples; give --sample all, or another "
                "--backend than icarus-axi"
            )
        find_bus_models()
        super().__init__(shape, sheet)

    @staticmethod
    def parameters(shape: Shape, sheet: Sheet) -> dict[str, int]:
        """See IcarusBackend.parameters."""
        return {**parameters(shape), "MAX_WIDTH": LARGEST_SIDE, "MAX_HEIGHT": LARGEST_SIDE}
