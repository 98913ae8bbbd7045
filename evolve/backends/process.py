# SPDX-License-Identifier: Apache-2.0
"""A simulator that runs as a process of its own, starts once and answers for the whole run.

Protocol over two pipes, integers of 32 bits, little-endian: a request is the number of circuits,
1 or 0 for whether pixels are wanted, and the genes, one byte each; the reply is one SAE per
circuit and, if wanted, the last circuit's filtered pixels, one byte each, row by row. The end of
the request pipe ends the process.
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.circuit import Genes
from model.errors import InputError
from model.functions import Plane

LARGEST_SIDE = 4096
"""Pixels per side that the simulated evaluator is built for; its SAE then fits 32 bits."""

LAST_LINES = 12

IMAGES = "images"
"""The file in the simulator's folder that holds the noisy and the reference pixels."""


class SimulatorError(RuntimeError):
    """A simulator could not be built, or ended in the middle; the message has its last lines."""


class SimulatorBackend:
    """The part of a backend that all simulators share: the process and its protocol."""

    def __init__(self, noisy: Plane, reference: Plane) -> None:
        if max(noisy.shape) > LARGEST_SIDE:
            raise InputError(
                f"the RTL backends take images up to {LARGEST_SIDE} pixels a side; "
                f"this one is {noisy.shape[1]}x{noisy.shape[0]}: use --backend model"
            )
        self._shape = noisy.shape
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="evoarray-")
            self.folder = Path(self._folder.name)
            (self.folder / IMAGES).write_bytes(noisy.tobytes() + reference.tobytes())
        except OSError as error:
            raise InputError(
                f"cannot write temporary files: {error.strerror}; TMPDIR names another folder"
            ) from None

    def start(self, command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        """Start the simulator; it finds the pipes in EVOARRAY_REQUESTS and EVOARRAY_REPLIES."""
        requests, self._requests = os.pipe()
        self._replies, replies = os.pipe()
        pipes = {"EVOARRAY_REQUESTS": str(requests), "EVOARRAY_REPLIES": str(replies)}
        try:
            with (self.folder / "log").open("wb") as log:
                self._process = subprocess.Popen(
                    command,
                    cwd=self.folder,
                    env={**os.environ, **environment, **pipes},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(requests, replies),
                    start_new_session=True,  # Ctrl-C stops the evolution, which then stops this
                )
        except OSError as error:
            os.close(self._requests)
            os.close(self._replies)
            raise SimulatorError(f"cannot start {command[0]}: {error.strerror}") from None
        finally:
            os.close(requests)
            os.close(replies)

    def evaluate(self, batch: Genes) -> NDArray[np.int64]:
        """See Backend.evaluate."""
        return self._request(batch, pixels=0)[0]

    def filter(self, genes: Genes) -> Plane:
        """See Backend.filter."""
        height, width = self._shape
        pixels = self._request(genes[np.newaxis], pixels=height * width)[1]
        return pixels.reshape(height, width)

    def close(self) -> None:
        """Stop the simulator and remove its folder."""
        if self._process is not None:
            os.close(self._requests)
            os.close(self._replies)
            self._process.kill()
            self._process.wait()
            self._process = None
        self._folder.cleanup()

    def _request(self, batch: Genes, pixels: int) -> tuple[NDArray[np.int64], Plane]:
        header = np.array([len(batch), pixels > 0], "<u4")
        try:
            _write_all(self._requests, header.tobytes() + batch.tobytes())
            reply = _read_all(self._replies, 4 * len(batch) + pixels)
        except (BrokenPipeError, EOFError):
            raise SimulatorError(self._last_words()) from None
        saes = np.frombuffer(reply, "<u4", len(batch))
        return saes.astype(np.int64), np.frombuffer(reply, np.uint8, offset=saes.nbytes)

    def _last_words(self) -> str:
        assert self._process is not None
        lines = (self.folder / "log").read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join(
            [f"the simulator ended with status {self._process.wait()}; its last lines:", *lines]
        )


def _write_all(pipe: int, data: bytes) -> None:
    while data:
        data = data[os.write(pipe, data) :]


def _read_all(pipe: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(pipe, size)
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
