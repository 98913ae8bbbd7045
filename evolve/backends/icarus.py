# SPDX-License-Identifier: Apache-2.0
"""Fitness from the RTL interpreted by Icarus Verilog, driven through cocotb."""

import os
import subprocess
import sys
from pathlib import Path

from evolve.backends.cache import LAST_LINES, BuildError
from evolve.backends.process import IMAGES, SimulatorBackend
from model.errors import InputError
from model.filter.circuit import Shape
from model.filter.functions import Plane
from model.filter.rtl import parameters
from model.rtl import INCLUDE_DIR, find_simulator, sources


class IcarusBackend(SimulatorBackend):
    """The interpreted RTL, in a process of its own."""

    toplevel = "icarus_bench"
    bench: tuple[Path, ...] = (Path(__file__).with_name("icarus_bench.v"),)
    """What the top needs besides the sources of the core."""
    server = "evolve.backends.icarus_server"
    """The module that answers, inside the simulator."""
    inertial_writes = "1"  # all inputs change as the clock falls

    def __init__(self, shape: Shape, noisy: Plane, reference: Plane) -> None:
        simulator = find_simulator("icarus")
        library, environment = self._cocotb()
        super().__init__(noisy, reference)
        program = self.folder / "program.vvp"
        values = self.parameters(shape, noisy)
        done = subprocess.run(
            [
                *(simulator.command, "-g2005", "-s", self.toplevel, "-o", program),
                *(f"-P{self.toplevel}.{name}={value}" for name, value in values.items()),
                f"-I{INCLUDE_DIR}",
                *(*sources("filter"), *self.bench),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = "\n".join(done.stderr.splitlines()[-LAST_LINES:])
            raise BuildError(f"Icarus could not compile the RTL; its last lines:\n{last}")
        height, width = noisy.shape
        images = (f"+width={width}", f"+height={height}", f"+images={IMAGES}")
        self.start(["vvp", "-n", "-m", library, program, *images], environment)

    @staticmethod
    def parameters(shape: Shape, noisy: Plane) -> dict[str, int]:
        """Return the parameters of the top for a shape and an image."""
        return {**parameters(shape), "PIXELS": noisy.size}

    def _cocotb(self) -> tuple[Path, dict[str, str]]:
        """Return cocotb's library for Icarus and the environment that it reads."""
        try:
            import cocotb_tools.config
            import find_libpython
        except ImportError:
            raise InputError(
                "cocotb is not installed: pip install 'evoarray[simulators]' (or: make setup)"
            ) from None
        libpython = find_libpython.find_libpython()
        if libpython is None:
            raise InputError(
                f"cocotb needs Python as a shared library, which {sys.executable} lacks; "
                "use another Python (or: make setup)"
            )
        environment = {
            "GPI_USERS": f"{libpython};{cocotb_tools.config.pygpi_entry_point()}",
            "PYGPI_PYTHON_BIN": sys.executable,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "COCOTB_TOPLEVEL": self.toplevel,
            "COCOTB_TEST_MODULES": self.server,
            "COCOTB_TRUST_INERTIAL_WRITES": self.inertial_writes,
            "TOPLEVEL_LANG": "verilog",
        }
        return cocotb_tools.config.lib_name_path("vpi", "icarus"), environment
