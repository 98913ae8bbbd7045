# SPDX-License-Identifier: Apache-2.0
"""Evolved and hand-made CNNs are settings of a study like any others."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from evoarray.evolution.neuro.algorithms import algorithm_of, seen_part
from evoarray.evolution.neuro.architecture import Block
from evoarray.evolution.neuro.backends import FastBackend, ModelBackend
from evoarray.evolution.neuro.cnn import random_cnn
from evoarray.evolution.neuro.data import digits
from evoarray.evolution.neuro.handmade import HAND_MADE
from evoarray.evolution.neuro.settings import NeuroSettings
from evoarray.evolution.studies.neuro import Neuro
from evoarray.evolution.studies.neuro_runs import CYCLES, SAVED, NeuroTask
from evoarray.evolution.studies.spec import parse_spec
from evoarray.model.neuro.forward import classify, forward
from evoarray.model.neuro.latency import inference_cycles
from evoarray.model.neuro.program import Core
from tests.conftest import ROOT
from tests.neuro.strategies import architecture, images

SMALL: dict[str, dict[str, Any]] = {
    "newt": {"population": 4, "tournament": 2, "children": 3, "evaluations": 10, "interval": 4},
    "deepga": {"population": 4, "tournament": 2, "epochs": 1, "evaluations": 6, "counts": "stored"},
    "hand-made": {"epochs": 1, "evaluations": 1},
}


@pytest.mark.parametrize("algorithm", SMALL)
def test_a_result_is_what_its_champion_comes_to(algorithm: str) -> None:
    settings = NeuroSettings(algorithm=algorithm, seed=3, **SMALL[algorithm])
    (found,) = NeuroTask("x", 2, settings).work()
    network = algorithm_of(settings).genome(found.genes).network()
    test = digits().test
    assert found.right[2] == (classify(forward(network, test.images)) == test.labels).sum()
    assert found.error == 1 - found.right[2] / 400
    assert (found.parameters, found.nonzero) == (network.parameters, network.nonzero)
    assert found.evaluations >= settings.evaluations
    kept = json.loads(json.dumps(asdict(found)))
    assert Neuro().result_from_json(kept) == found
    saved = 100 * (1 - network.parameters / 13706)
    assert found.sizes == {CYCLES: inference_cycles(network, Core()), SAVED: saved}
    assert HAND_MADE.parameters == 13706


def test_the_hand_made_one_goes_on_where_it_stopped() -> None:
    settings = NeuroSettings(algorithm="hand-made", epochs=1)
    one, other = algorithm_of(settings), algorithm_of(settings)
    one.tell(np.array([0.5]))
    other.restore(json.loads(json.dumps(one.state())))
    assert one.ask()[0].to_json() == other.ask()[0].to_json()
    assert one.ask()[0].to_json() != one.best[0].to_json()


def test_what_is_trained_is_judged_by_other_images() -> None:
    data = digits()
    for algorithm, part in (
        ("newt", data.training),
        ("deepga", data.validation),
        ("hand-made", data.validation),
    ):
        assert seen_part(algorithm_of(NeuroSettings(algorithm=algorithm)), data) is part


def test_the_fast_backend_keeps_what_belongs_together() -> None:
    rng = np.random.default_rng(1)
    networks = [
        random_cnn(architecture(layers), 30.0, rng).network()
        for layers in [([Block(2)], []), ([Block(3), Block(2)], [4])] * 20
    ]
    fast, model = FastBackend(), ModelBackend()
    for seed in (1, 2, 1):
        pixels = images(3, seed)
        assert (fast.logits(networks, pixels) == model.logits(networks, pixels)).all()


def test_the_study_has_what_it_compares() -> None:
    text = (ROOT / "studies" / "neuro-cnn.toml").read_text(encoding="utf-8")
    spec = parse_spec(text, "neuro-cnn.toml")
    assert {each.algorithm for each in spec.settings.values()} == {"newt", "deepga", "hand-made"}
    assert spec.runs == 10
