# SPDX-License-Identifier: Apache-2.0
"""What an evolution of a network has led to: the network, its accuracy and its curve."""

import os
from collections.abc import Mapping
from functools import cached_property
from html import escape
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evoarray.api.networks import Network
from evoarray.api.watching import quiet_console
from evoarray.evolution.filter import pictures
from evoarray.evolution.neuro.judge import PARTS
from evoarray.evolution.report import data
from evoarray.evolution.report.export import records
from evoarray.evolution.report.neuro_run import NeuroRun
from evoarray.evolution.report.page import report
from evoarray.model.errors import InputError
from evoarray.model.temporary import TemporaryFolder

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class NetworkRun:
    """An evolution of a network that has ended or was stopped: what it found, and how.

    state is "finished", "stopped", "running" or "killed"; folder has its files.
    """

    def __init__(self, folder: Path, temporary: TemporaryFolder | None = None) -> None:
        """Read a run's folder; a temporary one goes with this object. Raises InputError."""
        found = data.read(folder)
        if not isinstance(found, NeuroRun):
            raise InputError(f"{folder} is not the run of a network")
        self.folder, self._temporary, self._found = folder, temporary, found
        self.state = found.state

    @property
    def network(self) -> Network:
        """The network that was best for validation so far, with its provenance."""
        return Network(self._found.network)

    @property
    def accuracy(self) -> Mapping[str, float]:
        """The part of the images that it classifies right, by "training", "validation", "test"."""
        return {part: self._found.judged.accuracy(part) for part in PARTS}

    @property
    def confusion(self) -> NDArray[np.int64]:
        """How many images of the test of each class (rows) are taken for each (columns)."""
        return np.array(self._found.judged.confusion, np.int64)

    @property
    def cycles(self) -> int:
        """The clock cycles that the neural core takes for an image."""
        return self._found.judged.cycles

    @property
    def evaluations(self) -> int:
        """How many networks were tried."""
        return self._found.search.evaluations

    @property
    def counters(self) -> Mapping[str, int]:
        """How often things happened in the population."""
        return self._found.counters

    @property
    def sizes(self) -> Mapping[str, int]:
        """What else there is to count in the network, such as nodes that NEAT has grown."""
        return self._found.sizes

    @cached_property
    def curve(self) -> "pd.DataFrame":
        """After so many evaluations: wrong_in_training, of the fittest; right_in_validation."""
        import pandas as pd

        return pd.DataFrame.from_records(records(self._found)).set_index("evaluations")

    def plot(self) -> "Figure":
        """Return the curve as a figure of matplotlib: how many images are wrong in training."""
        rows = self._found.rows
        wrong = [nan, *(row.sae for row in rows)]  # at the start nobody has counted
        return pictures.curve_plot(
            [0, *(row.evaluations for row in rows)],
            wrong,
            np.reshape(wrong, (-1, 1)),
            {},
            f"{self._found.cases} that are wrong in training",
        )

    def report(self, output: str | os.PathLike[str] | None = None) -> Path:
        """Write a page about the run, by default into its folder, and return where it is."""
        return report(self.folder, None if output is None else Path(output), quiet_console())

    def __repr__(self) -> str:
        """Say how it ended in one line."""
        right = f"{self.accuracy['test']:.1%} of the test right"
        return f"<NetworkRun {self.state} after {self.evaluations:,} evaluations: {right}>"

    def _repr_html_(self) -> str:
        network, judged = self.network, self._found.judged
        parts = ", ".join(
            f"{judged.right[part]} of {judged.images[part]} in {part}" for part in PARTS
        )
        said = f"Right: {parts}; {network.nonzero:,} of {network.parameters:,} parameters are not 0"
        return f"<p>{escape(said)}</p>{network.draw().svg}"
