# SPDX-License-Identifier: Apache-2.0
"""A filter before a network: each image filtered as if alone, and judged by what is read."""

from contextlib import closing
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from evoarray.evolution.filter.backends.icarus import IcarusBackend as IcarusFilter
from evoarray.evolution.filter.sample import as_sheet
from evoarray.evolution.neuro.backends import FastBackend
from evoarray.evolution.neuro.backends.icarus import IcarusBackend as IcarusNetwork
from evoarray.evolution.neuro.data import Digits, Part, digits
from evoarray.evolution.neuro.filtered.chain import (
    Chain,
    ChainFitness,
    filtered,
    medians,
    planes_of,
)
from evoarray.evolution.neuro.filtered.evolution import FilterEvolution
from evoarray.evolution.neuro.filtered.run import run
from evoarray.evolution.neuro.filtered.settings import FilterSettings
from evoarray.evolution.neuro.loop import Search, evolve
from evoarray.evolution.neuro.noise import noisy
from evoarray.evolution.studies.kind import of_run
from evoarray.evolution.studies.noisy_digits import NoisyDigits, NoisyTask
from evoarray.evolution.studies.spec import Spec, parse_spec
from evoarray.model.errors import InputError
from evoarray.model.filter.activity import used
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.array import run as run_circuit
from evoarray.model.filter.baselines import median3x3
from evoarray.model.filter.circuit import Circuit, Shape, circuit_of, random_circuit
from evoarray.model.neuro.arithmetic import Int8
from evoarray.model.neuro.forward import classify, forward
from evoarray.model.neuro.network import Network, load_network
from evoarray.model.noise import add_noise
from tests.conftest import ROOT, Evoarray
from tests.test_studies import done, refused

STUDY = ROOT / "studies" / "neuro-noise.toml"
SHAPE = Shape(4, 4, "upm16")
SMALL = FilterSettings(evaluations=60, interval=20, mutation_rate=4)


@cache
def network() -> Network:
    return load_network(STUDY.with_name("digits.network.json"))


@cache
def few() -> Digits:
    """Return a few noisy digits: 200 to train on, and 100 of each other part."""
    whole = noisy(digits(), "salt-and-pepper", 0.1, 1)
    return Digits(
        *(
            Part(part.images[:count], part.labels[:count], part.rows[:count])
            for part, count in (
                (whole.training, 200),
                (whole.validation, 100),
                (whole.test, 100),
            )
        )
    )


def circuits(count: int) -> list[Circuit]:
    rng = np.random.default_rng(5)
    return [random_circuit(SHAPE, rng) for _ in range(count)]


def one_by_one(circuit: Circuit, images: Int8) -> Int8:
    """Return images filtered each for itself, by the golden model of a frame."""
    planes = [filter_image(circuit, image) for image in images[:, 0].astype(np.uint8)]
    return np.minimum(np.stack(planes), 127)[:, np.newaxis].astype(np.int8)


def right_of(images: Int8, part: Part) -> int:
    return int((classify(forward(network(), images)) == part.labels).sum())


def test_noise_is_that_of_a_photo_image_by_image() -> None:
    found, again = (noisy(digits(), "salt-and-pepper", 0.1, 3) for _ in range(2))
    other = noisy(digits(), "salt-and-pepper", 0.1, 4)
    for name in ("training", "validation", "test"):
        part, clean = getattr(found, name), getattr(digits(), name)
        assert part.images.dtype == np.int8
        assert part.images.min() == 0
        assert part.images.max() == 127
        assert (part.labels == clean.labels).all()
        assert (part.images == getattr(again, name).images).all()
        assert (part.images != getattr(other, name).images).any()
        hit = part.images != clean.images
        # Half of the impulses are black, as about half of the pixels were before.
        assert 0.05 < hit.mean() < 0.1
        assert np.isin(part.images[hit], (0, 127)).all()
    row = int(found.test.rows[7])
    rng = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(2, row)))
    clean = digits().test.images[7, 0].astype(np.uint8)
    expected = np.minimum(add_noise(clean, "salt-and-pepper", 0.1, rng), 127)
    assert (found.test.images[7, 0] == expected).all()


def test_images_do_not_reach_into_each_other() -> None:
    images = few().test.images
    planes = planes_of(images)
    assert planes.shape == (9, 8 * len(images), 8)
    found = [filtered(circuit, planes, len(images)) for circuit in circuits(30)]
    for circuit, result in zip(circuits(30), found, strict=True):
        assert result.dtype == np.int8
        assert (result == one_by_one(circuit, images)).all()
    assert max(int(result.max()) for result in found) == 127
    assert len({result.tobytes() for result in found}) > 10
    assert (medians(images)[3, 0] == median3x3(images[3, 0].astype(np.uint8))).all()


def test_genes_that_are_not_used_have_no_effect() -> None:
    rng = np.random.default_rng(2)
    planes = rng.integers(0, 256, (9, 64, 64), np.uint8)
    spared = 0
    for circuit in circuits(40):
        mask = used(circuit)
        assert mask.shape == circuit.genes.shape
        redrawn = random_circuit(SHAPE, rng).genes
        other = circuit_of(np.where(mask, circuit.genes, redrawn), SHAPE)
        assert (run_circuit(other, planes) == run_circuit(circuit, planes)).all()
        spared += int((~mask).sum())
    assert spared > 200


def test_fitness_is_what_the_network_has_right() -> None:
    part = few().training
    fitness = ChainFitness(SMALL.fitness, part, FastBackend())
    rng = np.random.default_rng(8)
    chains = [Chain(circuit, network()) for circuit in circuits(12)]
    for circuit in circuits(12):  # what is known already must be the same
        genes = np.where(used(circuit), circuit.genes, random_circuit(SHAPE, rng).genes)
        chains.append(Chain(circuit_of(genes, SHAPE), network()))
    values = fitness(chains)
    expected = [right_of(one_by_one(chain.circuit, part.images), part) for chain in chains]
    assert [fitness.right(chain) for chain in chains] == expected
    assert len(set(expected)) > 3
    bits = np.array(expected) / len(part.labels) - values
    assert (bits > 0).all()
    assert bits.max() < 1 / len(part.labels)  # less than one image more
    assert (values[:12] == values[12:]).all()


def test_what_is_compared_with_it() -> None:
    data = few()
    for algorithm, images in (
        ("no-filter", lambda part: part.images),
        ("median", lambda part: medians(part.images)),
    ):
        found = run(FilterSettings(algorithm=algorithm), network(), data)
        parts = (data.training, data.validation, data.test)
        assert found.right == tuple(right_of(images(part), part) for part in parts)
        assert found.curve == ((0,), (1 - found.right[2] / 100,))


def test_a_run_keeps_its_champion() -> None:
    data, settings = few(), FilterSettings(evaluations=400, interval=50, mutation_rate=4)
    found = run(settings, network(), data)
    circuit = circuit_of(np.array(found.genes, np.uint8), SHAPE)
    parts = (data.training, data.validation, data.test)
    assert found.right == tuple(right_of(one_by_one(circuit, p.images), p) for p in parts)
    assert found == run(settings, network(), data)
    assert found.curve[0][-1] == found.evaluations >= 400
    unfiltered = run(FilterSettings(algorithm="no-filter"), network(), data)
    assert found.right[1] >= unfiltered.right[1]  # it begins there, and keeps the best
    assert found.counters["replacements"] > 0


def test_the_test_images_choose_nothing() -> None:
    data = few()
    shuffled = Part(data.test.images, np.roll(data.test.labels, 1), data.test.rows)
    found = run(SMALL, network(), data)
    other = run(SMALL, network(), Digits(data.training, data.validation, shuffled))
    assert other.genes == found.genes
    assert other.right[:2] == found.right[:2]
    assert other.right[2] != found.right[2]


def test_evolution_goes_on_where_it_was() -> None:
    training, validation = (
        ChainFitness(SMALL.fitness, part, FastBackend())
        for part in (few().training, few().validation)
    )
    whole = Search(FilterEvolution(SMALL, network()))
    last = -1.0
    for state in evolve(whole, training, validation, 60, 20):
        algorithm = state.algorithm
        assert isinstance(algorithm, FilterEvolution)
        assert algorithm.fitness is not None
        assert algorithm.fitness >= last
        last = algorithm.fitness
    first = Search(FilterEvolution(SMALL, network()))
    for _ in evolve(first, training, validation, 25, 20):
        pass
    second = Search(FilterEvolution(SMALL, network()))
    second.restore(first.state())
    # What ends early is validated once more, and so has another time of the next one.
    second.judged = 21
    for _ in evolve(second, training, validation, 60, 20):
        pass
    assert second.algorithm.state() == whole.algorithm.state()


def test_the_rtl_of_both_says_the_same() -> None:
    """The filter's evaluator makes the images that the network's core then reads."""
    pytest.importorskip("cocotb")
    circuit = circuits(30)[next(i for i, c in enumerate(circuits(30)) if used(c).sum() > 12)]
    images = few().test.images[:2]
    made = []
    for image in images[:, 0].astype(np.uint8):
        with closing(IcarusFilter(SHAPE, as_sheet((image, image)))) as array:
            made.append(np.minimum(array.filter(circuit.genes), 127).astype(np.int8))
    seen = np.stack(made)[:, np.newaxis]
    with closing(IcarusNetwork()) as core:
        (logits,) = core.logits([network()], seen)
    expected = forward(network(), filtered(circuit, planes_of(images), 2))
    assert (logits == expected).all()
    assert (expected != forward(network(), images)).any()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"algorithm": "mean"}, "algorithm is 'mean'; it must be one of no-filter, median, filter"),
        ({"size": "4"}, "size is '4'; it must be of the form 8x8"),
        ({"size": "4x65"}, "size is '4x65'; it must be of the form 8x8, up to 64x64"),
        ({"function_set": "upm"}, "function_set is 'upm'; it must be one of upm16"),
        ({"mutation_rate": 0}, "mutation-rate is 0; it must be a whole number from 1 to 64"),
    ],
)
def test_bad_options(options: dict[str, object], says: str) -> None:
    with pytest.raises(InputError) as error:
        FilterSettings(**options)  # type: ignore[arg-type]
    assert str(error.value).startswith(says)


def published() -> Spec:
    return parse_spec(STUDY.read_text(encoding="utf-8"), STUDY.name)


def test_the_published_study_can_be_read() -> None:
    spec = published()
    assert spec.runs >= 10
    material = spec.kind.read(spec.settings, STUDY.parent)
    assert list(material.files) == ["digits.network.json"]
    tasks = spec.kind.tasks(spec.settings, material, [(name, 4) for name in spec.settings])
    seen = []
    for task in tasks:
        assert isinstance(task, NoisyTask)
        seen.append(task.data(of_run(task.settings, 4)).test.images.tobytes())
    assert len(set(seen)) == 1  # noise is the same for all settings of a run
    assert "10 % salt-and-pepper noise" in spec.kind.facts(material)[1]


SPEC = """
title = "Noise"
kind = "noisy-digits"
amount = 0.2
runs = 2
[[settings]]
name = "none"
algorithm = "no-filter"
network = "net.json"
[[settings]]
name = "circuit"
algorithm = "filter"
network = "net.json"
evaluations = 30
[[settings]]
name = "network"
layers = "64-4-10"
evaluations = 100
[[claims]]
says = "A circuit is better than none"
better = "circuit"
than = ["none"]
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.toml"
    path.write_text(SPEC, encoding="utf-8")
    (tmp_path / "net.json").write_bytes(STUDY.with_name("digits.network.json").read_bytes())
    return path


def test_a_study(evoarray: Evoarray, spec: Path) -> None:
    done(evoarray, spec, "-o", "study", "--workers", 2)
    done(evoarray, "summary", "study", "-o", "found.md")
    text = (spec.parent / "found.md").read_text(encoding="utf-8")
    data = [noisy(digits(), "salt-and-pepper", 0.2, seed) for seed in (1, 2)]
    error = np.mean([1 - right_of(d.test.images, d.test) / 400 for d in data])
    assert f"| none | 2 | {100 * error:.2f} % [" in text
    assert "20 % salt-and-pepper noise" in text
    (spec.parent / "net.json").unlink()
    done(evoarray, spec, "-o", "study", "--runs", 3, "--workers", 1)  # it has its own copy
    assert evoarray("report", "study").status == 0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("0.2", "1.2", "amount is 1.2; it must be a number from 0 to 1"),
        ("amount = 0.2", 'noise = "rain"', "noise is 'rain'; it must be one of salt-and-pepper"),
        ('"no-filter"', '"neat"', "algorithm is 'neat'; it must be one that has a use with noise"),
        ("evaluations = 30", "layers = 3", "layers has no effect with algorithm filter; leave"),
        ('"net.json"', '"no.json"', "cannot read the network file"),
        ('"net.json"', '"spec.toml"', "is not a usable network file"),
    ],
)
def test_bad_specs(evoarray: Evoarray, spec: Path, old: str, new: str, says: str) -> None:
    assert old in SPEC
    spec.write_text(SPEC.replace(old, new, 1), encoding="utf-8")
    assert says in refused(evoarray, spec, "-o", "study")
    assert not (spec.parent / "study").exists()


def test_noise_is_part_of_what_is_asked() -> None:
    assert NoisyDigits.of({"amount": 0.1}) != NoisyDigits.of({"amount": 0.2})
    assert NoisyDigits.of({}).noise == "salt-and-pepper"
