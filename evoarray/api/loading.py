# SPDX-License-Identifier: Apache-2.0
"""Reading what was written: circuits, runs."""

import os
from pathlib import Path

from evoarray.api.circuits import Circuit
from evoarray.api.runs import Run
from evoarray.model.filter.circuit import read_circuit


def load(path: str | os.PathLike[str]) -> Circuit | Run:
    """Return the circuit of a file, or the run of a folder.

    Raises InputError for what is neither, or damaged.
    """
    place = Path(path)
    return Run(place) if place.is_dir() else Circuit(read_circuit(place))
