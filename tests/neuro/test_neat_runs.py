# SPDX-License-Identifier: Apache-2.0
"""Whole runs of NEAT on its problems, and what it is compared with."""

import copy
import csv
import random
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from neat.activations import ActivationFunctionSet, sigmoid_activation
from neat.nn import FeedForwardNetwork

from evoarray.evolution.neuro.data import digits
from evoarray.evolution.neuro.neat.genome import Genome
from evoarray.evolution.neuro.neat.peer import Peer, PeerBackend, PeerGenome, sigmoid
from evoarray.evolution.neuro.neat.problems import PROBLEMS, small_digits, xor
from evoarray.evolution.neuro.neat.settings import NeatSettings
from evoarray.evolution.studies.neuro import Neuro
from evoarray.evolution.studies.neuro_runs import NeuroResult, NeuroTask
from evoarray.evolution.studies.spec import parse_spec
from evoarray.evolution.studies.store import StudyStore
from evoarray.model.errors import InputError
from evoarray.model.neuro.forward import classify, forward
from evoarray.model.neuro.latency import inference_cycles
from evoarray.model.neuro.program import Core, program
from tests.conftest import ROOT, Evoarray
from tests.neuro.neat_examples import logits_of
from tests.test_studies import done


def test_problems() -> None:
    part = xor().training
    cases = zip(part.images.reshape(4, 2).tolist(), part.labels.tolist(), strict=True)
    assert sorted((a, b, label) for (a, b), label in cases) == [
        (0, 0, 0),
        (0, 127, 1),
        (127, 0, 1),
        (127, 127, 0),
    ]
    whole, small = digits().test, small_digits().test
    assert np.array_equal(whole.labels, small.labels)
    assert small.images.shape == (400, 1, 4, 4)
    for image, pixel in np.ndindex(20, 16):
        row, column = divmod(pixel, 4)
        block = whole.images[image, 0, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        assert small.images[image, 0, row, column] == round(Fraction(int(block.sum()), 4))
    for problem in PROBLEMS.values():
        images = problem.load().training.images
        assert images.shape[1:] == problem.input_shape
        assert problem.binary == (set(np.unique(images)) == {0, 127})


def run(settings: NeatSettings) -> NeuroResult:
    (found,) = NeuroTask("alone", 0, settings).work()
    return found


def test_xor_is_solved() -> None:
    settings = NeatSettings(seed=4)
    found = run(settings)
    assert found.sizes["solved"] == 1
    assert found.right == found.images == (4, 4, 4)
    assert found.evaluations < settings.evaluations
    assert found.evaluations % settings.population == 0
    assert found.error == 0
    genome, part = Genome.from_json(found.genes), xor().training
    assert classify(forward(genome.network(), part.images)).tolist() == part.labels.tolist()
    for image in part.images:
        logits = logits_of(genome, image.ravel().tolist())
        assert logits == forward(genome.network(), image[np.newaxis])[0].tolist()
    assert 1 <= found.sizes["hidden nodes"] <= len(genome.hidden)
    assert found.sizes["cycles"] == inference_cycles(genome.network(), Core())
    assert len(program(genome.network(), Core())) > 0  # it fits into the core
    assert run(settings).genes == found.genes


def test_a_run_may_fail() -> None:
    found = run(NeatSettings(evaluations=160, population=80))
    assert found.sizes["solved"] == 0
    assert found.evaluations == 160
    assert found.curve[0][-1] == 160
    assert found.error == 1 - found.right[2] / 4 > 0


def test_settings_are_checked() -> None:
    legal = r"activation is 'step'; it must be relu or linear with the problem digits-4x4"
    with pytest.raises(InputError, match=legal):
        NeatSettings(activation="step", problem="digits-4x4")
    kind = Neuro()
    with pytest.raises(
        InputError, match=r"layers has no effect with algorithm neat; leave it out$"
    ):
        kind.settings_of({"algorithm": "neat", "layers": "64-10"})
    with pytest.raises(InputError, match="add-node has no effect with algorithm ga"):
        kind.settings_of({"algorithm": "ga", "add-node": 0.1})
    assert kind.settings_of({"algorithm": "neat", "add-node": 1}) == NeatSettings(add_node=1.0)


def test_the_study_is_one() -> None:
    path = ROOT / "studies" / "neuro-neat.toml"
    spec = parse_spec(path.read_text(encoding="utf-8"), Path(path).name)
    assert all(isinstance(each, NeatSettings) for each in spec.settings.values())
    assert spec.runs >= 10


# --- neat-python


def test_its_sigmoid_on_arrays() -> None:
    values = np.linspace(-20, 20, 101)
    expected = [sigmoid_activation(value) for value in values.tolist()]
    assert sigmoid(values) == pytest.approx(expected, rel=1e-12)


def their_logits(genome: PeerGenome, scale: int) -> list[list[int]]:
    """Return the logits of the four cases as the package computes them, one after the other."""
    config = copy.copy(genome.config)
    config.genome_config = copy.copy(config.genome_config)
    config.genome_config.activation_defs = ActivationFunctionSet()
    network = FeedForwardNetwork.create(genome.genome, config)
    cases = [(0, 0), (0, 1), (1, 0), (1, 1)]
    return [[round(out * 2**scale) for out in network.activate(case)] for case in cases]


def test_neat_python_is_asked_and_told() -> None:
    """The same seed gives the same genomes, whatever else draws from Python's generator."""
    settings = NeatSettings(algorithm="neat-python", population=40)
    backend, images = PeerBackend(settings.scale), xor().training.images

    def walk() -> list[str]:
        peer = Peer(settings)
        for _ in range(4):
            asked = peer.ask()
            logits = backend.logits([genome.network() for genome in asked], images)
            assert logits.shape == (40, 4, 2)
            for genome, mine in zip(asked, logits, strict=True):
                nodes = genome.genome.nodes
                assert {nodes[output].activation for output in (0, 1)} == {"identity"}
                assert {node.activation for key, node in nodes.items() if key > 1} <= {"sigmoid"}
                assert mine.tolist() == their_logits(genome, settings.scale)
            peer.tell(logits[:, 0, 1].astype(float))
        assert peer.best is not None
        assert peer.best[1] == float(peer.best[0].genome.fitness)
        return [genome.to_json() for genome in peer.ask()]

    random.seed(5)
    first, drawn = walk(), random.random()
    assert walk() == first
    random.seed(5)
    assert random.random() == drawn


def test_the_size_of_its_networks() -> None:
    peer = Peer(NeatSettings(algorithm="neat-python"))
    network = peer.ask()[0].network()
    # Two inputs to two outputs, each of which has a bias.
    assert network.nonzero == network.parameters == 2 * 2 + 2


# --- the study


SPEC = """
title = "NEAT"
kind = "neuro"
runs = 2
[options]
population = 20
evaluations = 60
[grid]
algorithm = ["neat", "neat-python"]
"""


def test_a_study_tells_both(evoarray: Evoarray, tmp_path: Path) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC, encoding="utf-8")
    done(evoarray, spec, "-o", "study", "--workers", 1)
    with closing(StudyStore(tmp_path / "study", writes=False)) as store:
        results = {
            (result.setting, result.run): result
            for result in store.results().good
            if isinstance(result, NeuroResult)
        }
    ours, theirs = "algorithm neat", "algorithm neat-python"
    assert set(results) == {(name, run) for name in (ours, theirs) for run in (0, 1)}
    for number in (0, 1):
        settings = NeatSettings(population=20, evaluations=60, seed=1 + number)
        result, alone = results[ours, number], run(settings)
        assert (result.right, result.images) == (alone.right, (4, 4, 4))
        assert result.sizes == alone.sizes
        assert Genome.from_json(result.genes).to_json() == alone.genes
        assert results[theirs, number].sizes.keys() == {"solved", "hidden nodes", "connections"}
    done(evoarray, "summary", "study", "-o", "found.md")
    text = (tmp_path / "found.md").read_text(encoding="utf-8")
    lanes = np.mean([results[ours, number].sizes["identity lanes"] for number in (0, 1)])
    assert "| Identity lanes |" in text
    assert f"| {lanes:,.2f} |" in next(
        line for line in text.splitlines() if line.startswith(f"| {ours} | 2 |")
    )
    assert evoarray("report", "study").status == 0
    page = (tmp_path / "study" / "report.html").read_text(encoding="utf-8")
    assert "identity lanes" in page
    with (tmp_path / "study" / "report-results.csv").open(encoding="utf-8") as stream:
        table = {(row["setting"], int(row["run"])): row for row in csv.DictReader(stream)}
    assert {row["identity_lanes"] for (name, _), row in table.items() if name == theirs} == {""}
    for number in (0, 1):
        assert int(table[ours, number]["layers"]) == results[ours, number].sizes["layers"]
