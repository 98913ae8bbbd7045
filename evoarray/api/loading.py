# SPDX-License-Identifier: Apache-2.0
"""Reading what was written: circuits, networks, runs, studies."""

import os
from pathlib import Path

from evoarray.api.circuits import Circuit
from evoarray.api.network_runs import NetworkRun
from evoarray.api.networks import Network
from evoarray.api.resuming import is_network_run
from evoarray.api.runs import Run
from evoarray.api.studies import Study
from evoarray.evolution.studies.store import DATABASE
from evoarray.model.files import format_of
from evoarray.model.filter.circuit import read_circuit
from evoarray.model.neuro.network import FORMAT, load_network


def load(path: str | os.PathLike[str]) -> Circuit | Network | Run | NetworkRun | Study:
    """Return the circuit or the network of a file, or the run or the study of a folder.

    Raises InputError for what is neither, or damaged.
    """
    place = Path(path)
    if not place.is_dir():
        is_network = place.is_file() and format_of(place) == FORMAT
        return Network(load_network(place)) if is_network else Circuit(read_circuit(place))
    if (place / DATABASE).is_file():
        return Study(place)
    return NetworkRun(place) if is_network_run(place) else Run(place)
