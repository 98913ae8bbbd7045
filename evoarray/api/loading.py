# SPDX-License-Identifier: Apache-2.0
"""Reading what was written: circuits, runs, studies."""

import os
from pathlib import Path

from evoarray.api.circuits import Circuit
from evoarray.api.runs import Run
from evoarray.api.studies import Study
from evoarray.evolution.studies.store import DATABASE
from evoarray.model.filter.circuit import read_circuit


def load(path: str | os.PathLike[str]) -> Circuit | Run | Study:
    """Return the circuit of a file, or the run or the study of a folder.

    Raises InputError for what is neither, or damaged.
    """
    place = Path(path)
    if not place.is_dir():
        return Circuit(read_circuit(place))
    return Study(place) if (place / DATABASE).is_file() else Run(place)
