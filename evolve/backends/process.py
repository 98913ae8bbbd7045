# SPDX-License-Identifier: Apache-2.0
"""Simulators that run as processes of their own, start once and answer for the whole run.

A process gets requests and sends replies over two pipes; the end of the request pipe ends it.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from evoarray.evolution import children
from evoarray.evolution.backends.cache import LAST_LINES
from evoarray.evolution.backends.trust import temporary_folder
from evoarray.model.errors import InputError
from evoarray.model.files import check_room
from evoarray.model.temporary import TemporaryFolder

_COCOTB = ("COCOTB_", "GPI_", "PYGPI_", "RANDOM_SEED", "COVERAGE")


class SimulatorError(RuntimeError):
    """A simulator could not be started, or ended in the middle; the message has its last lines."""


class SimulatedTop:
    """A top of the RTL in a simulator: a folder with some files, a process, its clock cycles."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.cycles = 0
        self._simulation: _Simulation | None = None
        try:
            self._folder = TemporaryFolder(temporary_folder())
            self.folder = Path(self._folder.name)
            for name, content in files.items():
                (self.folder / name).write_bytes(content)
        except OSError as error:
            raise InputError(
                f"cannot write temporary files: {error.strerror}; TMPDIR names another folder"
            ) from None

    def start(self, command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        """Start the process; it finds the pipes in EVOARRAY_REQUESTS and EVOARRAY_REPLIES."""
        self._simulation = _Simulation(command, environment, self.folder / "log")

    @property
    def simulation(self) -> "_Simulation":
        """The process. Raises SimulatorError if it is not running."""
        if self._simulation is None:
            raise SimulatorError("the simulator was not started, or is closed")
        return self._simulation

    def close(self) -> None:
        """Stop the simulator and remove its folder."""
        if self._simulation is not None:
            self._simulation.stop()
        self._simulation = None
        self._folder.cleanup()


class _Simulation:
    """One process and its two pipes."""

    def __init__(
        self, command: Sequence[str | Path], environment: Mapping[str, str], log: Path
    ) -> None:
        self._log = log
        requests, self._requests = os.pipe()
        self._replies, replies = os.pipe()
        pipes = {"EVOARRAY_REQUESTS": str(requests), "EVOARRAY_REPLIES": str(replies)}
        # What the user has set for cocotb is meant for tests of the user's own.
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(_COCOTB)
        }
        try:
            with log.open("wb") as stream:
                self.process = children.start(
                    command,
                    cwd=log.parent,
                    env={**inherited, **environment, **pipes},
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=stream,
                    pass_fds=(requests, replies),
                )
        except OSError as error:
            os.close(self._requests)
            os.close(self._replies)
            raise SimulatorError(f"cannot start {command[0]}: {error.strerror}") from None
        finally:
            os.close(requests)
            os.close(replies)

    def ask(self, data: bytes) -> None:
        """Send a request."""
        try:
            while data:
                data = data[os.write(self._requests, data) :]
        except BrokenPipeError:
            raise SimulatorError(self._last_words()) from None

    def answer(self, size: int) -> bytes:
        """Wait for a reply of this many bytes."""
        parts = []
        while size:
            part = os.read(self._replies, size)
            if not part:
                raise SimulatorError(self._last_words())
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def cpu_seconds(self) -> float:
        """Return the CPU time that the process has used so far."""
        try:
            said = Path(f"/proc/{self.process.pid}/schedstat").read_text(encoding="ascii")
        except OSError:  # macOS has no /proc
            command = ["ps", "-o", "time=", "-p", str(self.process.pid)]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            return sum(60.0**n * float(each) for n, each in enumerate(reversed(said.split(":"))))
        return int(said.split()[0]) / 1e9

    def stop(self) -> None:
        """End the process."""
        os.close(self._requests)
        os.close(self._replies)
        children.end(self.process)

    def _last_words(self) -> str:
        check_room(self._log.parent)
        lines = self._log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join(
            [f"the simulator ended with status {self.process.wait()}; its last lines:", *lines]
        )
