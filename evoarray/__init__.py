# SPDX-License-Identifier: Apache-2.0
"""Evolvable hardware that anyone can run: a mesh of processing elements that learns to filter.

    import evoarray

    run = evoarray.evolve("noisy.png", "clean.png", size="8x8", seconds=10)
    run.circuit.filter("other.png")
    run.circuit.export("verilog", prove=True)

The names below are the interface. `evoarray.model` is the golden model of the circuit, which may be
used by itself; `evoarray.evolution` is what makes it evolve, and may change.
"""

from importlib import import_module

TYPE_CHECKING = False  # typing takes as long to import as all that is needed here
if TYPE_CHECKING:
    from evoarray.api.circuits import Circuit, Export
    from evoarray.api.classifiers import Classifier
    from evoarray.api.evolving import evolve
    from evoarray.api.examples import add_noise, photo, target
    from evoarray.api.loading import load
    from evoarray.api.network_evolution import evolve_network
    from evoarray.api.network_runs import NetworkRun
    from evoarray.api.network_watching import NetworkProgress
    from evoarray.api.networks import Network
    from evoarray.api.resuming import resume
    from evoarray.api.runs import Run
    from evoarray.api.studies import Study, study
    from evoarray.api.watching import Progress
    from evoarray.evolution.filter.goals import Batched
    from evoarray.model.errors import InputError, MismatchError

_PLACES = {
    "Batched": "evoarray.evolution.filter.goals",
    "Circuit": "evoarray.api.circuits",
    "Classifier": "evoarray.api.classifiers",
    "Export": "evoarray.api.circuits",
    "InputError": "evoarray.model.errors",
    "MismatchError": "evoarray.model.errors",
    "Network": "evoarray.api.networks",
    "NetworkProgress": "evoarray.api.network_watching",
    "NetworkRun": "evoarray.api.network_runs",
    "Progress": "evoarray.api.watching",
    "Run": "evoarray.api.runs",
    "Study": "evoarray.api.studies",
    "add_noise": "evoarray.api.examples",
    "evolve": "evoarray.api.evolving",
    "evolve_network": "evoarray.api.network_evolution",
    "load": "evoarray.api.loading",
    "photo": "evoarray.api.examples",
    "resume": "evoarray.api.resuming",
    "study": "evoarray.api.studies",
    "target": "evoarray.api.examples",
}
"""Where the names are. They are looked up when they are used: a command needs few of them, and a
signal must be able to end it while it imports."""

__all__ = [
    "Batched",
    "Circuit",
    "Classifier",
    "Export",
    "InputError",
    "MismatchError",
    "Network",
    "NetworkProgress",
    "NetworkRun",
    "Progress",
    "Run",
    "Study",
    "add_noise",
    "evolve",
    "evolve_network",
    "load",
    "photo",
    "resume",
    "study",
    "target",
]


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module 'evoarray' has no attribute {name!r}")
    found: object = getattr(import_module(_PLACES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
