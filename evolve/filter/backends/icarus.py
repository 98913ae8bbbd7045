# SPDX-License-Identifier: Apache-2.0
"""Fitness from the RTL interpreted by Icarus Verilog, driven through cocotb."""

from pathlib import Path

from evoarray.evolution.backends.interpreted import cocotb_environment, compile_rtl, find_cocotb
from evoarray.evolution.filter.backends.simulated import IMAGES, SimulatorBackend
from evoarray.evolution.filter.sample import Sheet
from evoarray.model.filter.circuit import Shape
from evoarray.model.filter.rtl import parameters
from evoarray.model.rtl import sources


class IcarusBackend(SimulatorBackend):
    """The interpreted RTL, in a process of its own."""

    toplevel = "icarus_bench"
    bench: tuple[Path, ...] = (Path(__file__).with_name("icarus_bench.v"),)
    """What the top needs besides the sources of the core."""
    server = "evoarray.evolution.filter.backends.icarus_server"
    """The module that answers, inside the simulator."""
    inertial_writes = True  # all inputs change as the clock falls

    def __init__(self, shape: Shape, sheet: Sheet) -> None:
        library = find_cocotb()
        super().__init__(sheet)
        program = self.folder / "program.vvp"
        values = self.parameters(shape, sheet)
        compile_rtl(program, self.toplevel, [*sources("filter"), *self.bench], values)
        height, width = sheet.reference.shape
        images = (
            *(f"+width={width}", f"+height={height}", f"+images={IMAGES}"),
            *([] if sheet.is_image else ["+as_windows"]),
        )
        environment = cocotb_environment(
            self.toplevel, self.server, inertial_writes=self.inertial_writes
        )
        self.start(["vvp", "-n", "-m", library, program, *images], environment)

    @staticmethod
    def parameters(shape: Shape, sheet: Sheet) -> dict[str, int]:
        """Return the parameters of the top for a shape and what it is shown."""
        return {**parameters(shape), "PIXELS": sheet.reference.size}
