# SPDX-License-Identifier: Apache-2.0
"""The evaluator in a simulator: what Verilator and Icarus have in common.

Protocol, integers little-endian: a request is the number of circuits and 1 or 0 for
whether pixels are wanted, then for each circuit the highest SAE of interest, all of 32 bits, then
the genes, one byte each. The reply is for each circuit its SAE, or any number above its limit, of
32 bits; then the clock cycles that all took, of 64 bits; then, if wanted, the last circuit's
filtered pixels, one byte each, row by row.
"""

import numpy as np
from numpy.typing import NDArray

from evoarray.evolution.backends.process import SimulatedTop
from evoarray.evolution.filter.sample import Sheet
from evoarray.evolution.filter.tribe import AskEvaluateTell
from evoarray.model.errors import InputError
from evoarray.model.filter.circuit import Genes
from evoarray.model.filter.functions import Plane

LARGEST_SIDE = 4096
"""Pixels per side that the simulated evaluator is built for; its SAE then fits 32 bits."""

IMAGES = "images"
"""The file in the simulators' folder that holds, row by row, the nine pixels of every window of the
noisy image, then the reference pixels."""

_NO_LIMIT = 2**32 - 1


class SimulatorBackend(SimulatedTop, AskEvaluateTell):
    """A simulator that filters, for one pair of images."""

    def __init__(self, sheet: Sheet) -> None:
        height, width = self._image_shape = sheet.reference.shape
        if max(height, width) > LARGEST_SIDE:
            raise InputError(
                f"the RTL backends take images up to {LARGEST_SIDE} pixels a side; "
                f"this one is {width}x{height}: use --backend model"
            )
        every = np.moveaxis(sheet.windows, 0, -1)
        super().__init__({IMAGES: every.tobytes() + sheet.reference.tobytes()})

    def evaluate(
        self, batch: Genes, limits: NDArray[np.int64] | None = None, /
    ) -> NDArray[np.int64]:
        """See Evolver.evaluate; stops a frame whose SAE is above its limit."""
        if limits is None:
            limits = np.full(len(batch), _NO_LIMIT)
        return self._request(batch, limits.clip(0, _NO_LIMIT))[0]

    def filter(self, genes: Genes, /) -> Plane:
        """See Backend.filter."""
        height, width = self._image_shape
        limits = np.array([_NO_LIMIT])
        pixels = self._request(genes[np.newaxis], limits, pixels=height * width)[1]
        return pixels.reshape(height, width)

    def _request(
        self, batch: Genes, limits: NDArray[np.int64], pixels: int = 0
    ) -> tuple[NDArray[np.int64], Plane]:
        header = np.array([len(batch), pixels > 0, *limits], "<u4")
        self.simulation.ask(header.tobytes() + batch.tobytes())
        reply = self.simulation.answer(4 * len(batch) + 8 + pixels)
        saes = np.frombuffer(reply, "<u4", len(batch))
        self.cycles += int.from_bytes(reply[saes.nbytes : saes.nbytes + 8], "little")
        return saes.astype(np.int64), np.frombuffer(reply, np.uint8, offset=saes.nbytes + 8)
