# SPDX-License-Identifier: Apache-2.0
"""The RTL as a backend: every logit is the model's, and what is missing is said."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evoarray.evolution.backends.process import SimulatorError
from evoarray.evolution.neuro.backends import BACKENDS, open_backend
from evoarray.evolution.neuro.backends.icarus import IcarusBackend
from evoarray.evolution.neuro.backends.simulated import SimulatedCore
from evoarray.evolution.neuro.backends.verilator import VerilatorBackend
from evoarray.model.errors import InputError
from evoarray.model.neuro.forward import forward
from evoarray.model.neuro.latency import inference_cycles
from evoarray.model.neuro.network import Dense, Network
from evoarray.model.neuro.program import Core, program
from tests.neuro.networks import random_images, random_network

SIMULATORS = ("verilator", "icarus", "icarus-axi")
NETWORKS = {"verilator": 40, "icarus": 3, "icarus-axi": 1}


@pytest.fixture(scope="module", params=SIMULATORS)
def simulator(request: pytest.FixtureRequest) -> Iterator[SimulatedCore]:
    """Return a running simulator; it serves all tests of a process."""
    backend: Any = open_backend(request.param)
    assert isinstance(backend, SimulatedCore)
    yield backend
    backend.close()


def name_of(simulator: SimulatedCore) -> str:
    (name,) = (name for name in SIMULATORS if BACKENDS[name] is type(simulator))
    return name


def small(rng: np.random.Generator, outputs: int, activation: str = "logits") -> Dense:
    weights = rng.integers(-127, 128, (outputs, 12)).astype(np.int8)
    return Dense(weights, rng.integers(-999, 999, outputs).astype(np.int32), 0, activation)


def test_every_logit_is_the_model_s(simulator: SimulatedCore) -> None:
    """Of random networks with layers of all kinds, one after the other."""
    rng = np.random.default_rng(1)
    for _ in range(NETWORKS[name_of(simulator)]):
        network = random_network(rng)
        images = random_images(rng, network.input_shape, 3)
        logits = simulator.logits([network], images)
        assert logits.dtype == np.int32
        assert np.array_equal(logits[0], forward(network, images))


def test_several_networks_and_their_cycles(simulator: SimulatedCore) -> None:
    rng = np.random.default_rng(2)
    networks = [Network((1, 3, 4), (small(rng, 3),)) for _ in range(3)]
    images = random_images(rng, (1, 3, 4), 5)
    before = simulator.cycles
    logits = simulator.logits(networks, images)
    assert np.array_equal(logits, [forward(network, images) for network in networks])
    # A word each cycle, then an image after the other; what waits before is a few cycles.
    if name_of(simulator) == "icarus-axi":  # there a word takes as long as the bus needs
        return
    cycles = sum(
        len(program(network, simulator.core))
        + len(images) * inference_cycles(network, simulator.core)
        for network in networks
    )
    assert abs(simulator.cycles - before - cycles) <= 6 * len(networks) * len(images)


def test_no_image(simulator: SimulatedCore) -> None:
    network = Network((1, 3, 4), (small(np.random.default_rng(3), 2),))
    assert simulator.logits([network], np.empty((0, 1, 3, 4), np.int8)).shape == (1, 0, 2)


def test_images_of_another_network_are_refused(simulator: SimulatedCore) -> None:
    network = Network((1, 3, 4), (small(np.random.default_rng(3), 2),))
    with pytest.raises(InputError, match="images' type and shape"):
        simulator.logits([network], np.zeros((2, 1, 4, 3), np.int8))


def test_a_network_that_does_not_fit_is_refused() -> None:
    core = Core(weights=16, biases=8)
    simulator = SimulatedCore(core)
    network = Network((1, 3, 4), (small(np.random.default_rng(3), 9),))
    with pytest.raises(InputError, match="number of"):
        simulator.logits([network], np.zeros((1, 1, 3, 4), np.int8))
    simulator.close()


def test_another_core() -> None:
    """Of another array, without multipliers."""
    rng = np.random.default_rng(4)
    core = Core(11, 3, 4, 256, 64, 512, 64, 1, 0)
    simulator = IcarusBackend(core)
    network = Network((1, 3, 4), (small(rng, 5),))
    images = random_images(rng, (1, 3, 4), 2)
    assert np.array_equal(simulator.logits([network], images)[0], forward(network, images))
    simulator.close()


def test_a_simulator_that_dies() -> None:
    network = Network((1, 3, 4), (small(np.random.default_rng(3), 2),))
    simulator = VerilatorBackend()
    simulator.simulation.process.kill()
    with pytest.raises(SimulatorError, match="the simulator ended with status -9"):
        simulator.logits([network], np.zeros((1, 1, 3, 4), np.int8))
    simulator.close()
    with pytest.raises(SimulatorError, match="is closed"):
        simulator.logits([network], np.zeros((1, 1, 3, 4), np.int8))


@pytest.mark.parametrize(
    ("name", "says"),
    [("verilator", "Verilator is not installed"), ("icarus", "Icarus Verilog is not installed")],
)
def test_a_simulator_that_is_absent(
    name: str, says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "verilator", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=says):
        open_backend(name)
