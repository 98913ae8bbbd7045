# SPDX-License-Identifier: Apache-2.0
"""Fitness: what it counts, and that every backend counts the same."""

import math

import numpy as np
import pytest

from evoarray.evolution.neuro.backends import open_backend
from evoarray.evolution.neuro.encodings import (
    Continuous,
    Encoding,
    Grouped,
    Individual,
    Integers,
    Masked,
    Permutation,
)
from evoarray.evolution.neuro.fitness import BIT, Fitness, FitnessSettings, cost
from evoarray.evolution.neuro.one_plus_lambda import OnePlusLambda
from evoarray.evolution.neuro.settings import NeuroSettings
from evoarray.evolution.neuro.weights import ACTIVATIONS, Form
from evoarray.model.errors import InputError
from evoarray.model.neuro.arithmetic import Int8, Int64

SHAPE = (1, 3, 4)


def data(rng: np.random.Generator, count: int = 30, classes: int = 5) -> tuple[Int8, Int64]:
    images = rng.integers(0, 127, (count, *SHAPE), endpoint=True).astype(np.int8)
    return images, rng.integers(0, classes, count)


def individuals(form: Form, count: int, rng: np.random.Generator) -> list[Individual]:
    encoding = Integers(form, 127.0, 0.7, 8.0, 0.1)
    return [encoding.individual(row) for row in encoding.start(count, rng)]


def scalar_cost(logits: list[int], label: int, scale: int) -> float:
    """The cost as the lines between powers of two are drawn, by real numbers and one at a time."""
    behind = [min((max(logits) - logit) / 2**scale, 20.0) for logit in logits]
    powers = [(1 - (b - math.floor(b)) / 2) / 2 ** math.floor(b) for b in behind]
    total = sum(powers)
    whole = math.floor(math.log2(total))
    return float(behind[label] + whole + total / 2**whole - 1)


def test_a_cost_is_that_of_lines_between_powers_of_two() -> None:
    rng = np.random.default_rng(1)
    for scale, size in ((10, 5_000), (12, 100_000), (24, 2**31 - 1), (11, 3)):
        logits = rng.integers(-size, size, (4, 20, 7), endpoint=True).astype(np.int32)
        labels = rng.integers(0, 7, 20)
        found = cost(logits, labels, scale)
        assert found.dtype == np.int64
        for p in range(4):
            for n in range(20):
                exact = scalar_cost(logits[p, n].tolist(), int(labels[n]), scale)
                assert found[p, n] / BIT == pytest.approx(exact, abs=0.02)


def test_costs_of_equal_and_of_far_logits() -> None:
    for classes in (2, 4, 1024):
        logits = np.full((1, 1, classes), -5, np.int32)
        assert cost(logits, np.array([1]), 10).tolist() == [[BIT * classes.bit_length() - BIT]]
    far = np.array([[[2**31 - 1, -(2**31) + 1, 0]]], np.int32)
    assert cost(far, np.array([0]), 10)[0, 0] == 0
    assert cost(far, np.array([1]), 10)[0, 0] == 20 * BIT
    # Half a bit behind costs a quarter more on the line from 1 to 1/2.
    near = np.array([[[0, -512]]], np.int32)
    assert cost(near, np.array([1]), 10).tolist() == [[BIT // 2 + 3 * BIT // 4]]


def test_fitness_is_three_terms() -> None:
    rng = np.random.default_rng(2)
    form = Form(SHAPE, (4, 5), 8)
    images, labels = data(rng)
    networks = [each.network() for each in individuals(form, 6, rng)]
    settings = FitnessSettings(0.7, 0.25, 11, 0.3, "nonzero", form.genes)
    fitness = Fitness(settings, images, labels, open_backend("model"))
    measured = fitness.measure(networks)
    logits = open_backend("model").logits(networks, images)
    for i, network in enumerate(networks):
        right = sum(row.argmax() == label for row, label in zip(logits[i], labels, strict=True))
        bits = cost(logits[i : i + 1], labels, 11).sum() / 1024 / 30
        expected = 0.7 * right / 30 - 0.25 * bits - 0.3 * network.nonzero / form.genes
        assert fitness.of(measured)[i] == pytest.approx(expected, abs=1e-12)
    stored = Fitness(
        FitnessSettings(0.7, 0.0, 11, 0.3, "stored", 200), images, labels, open_backend("model")
    )
    found = stored.of(stored.measure(networks))
    for i, network in enumerate(networks):
        expected = 0.7 * measured.right[i] / 30 - 0.3 * network.parameters / 200
        assert found[i] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("units", [(5,), (6, 5), (7, 3, 5)])
def test_backends_say_the_same(units: tuple[int, ...], activation: str) -> None:
    rng = np.random.default_rng(3)
    images, labels = data(rng)
    genomes = individuals(Form(SHAPE, units, 7, activation), 5, rng)
    genomes += individuals(Form(SHAPE, (2, 5), 9), 2, rng)  # populations may vary in their form
    settings = FitnessSettings(1.0, 1.0, 11, 0.5, "nonzero", 100)
    found = [
        Fitness(settings, images, labels, open_backend(name))(genomes).tolist()
        for name in ("fast", "model")  # and the RTL in test_simulators.py
    ]
    assert all(each == found[0] for each in found)
    assert len(set(found[0])) == 7


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    ("units", "shift", "scale"), [((5,), 9, 10), ((6, 5), 0, 12), ((7, 3, 5), 5, 17)]
)
def test_what_differs_alone_comes_to_the_same(
    units: tuple[int, ...], activation: str, shift: int, scale: int
) -> None:
    rng = np.random.default_rng(4)
    images, labels = data(rng, 150)  # more than two blocks, the last one not full
    settings = NeuroSettings(children=7)
    algorithm = OnePlusLambda(
        settings, Integers(Form(SHAPE, units, shift, activation), 127.0, 0.5, 40.0, 0.0), rng
    )
    terms = FitnessSettings(1.0, 1.0, scale, 0.5, "nonzero", 100)
    fast, model = (Fitness(terms, images, labels, open_backend(name)) for name in ("fast", "model"))
    seen = set()
    for generation in range(20):
        genomes = algorithm.ask()
        found = fast(genomes)
        assert found.tolist() == model(genomes).tolist()
        seen.update(found.tolist())
        if generation:
            networks = [genome.network() for genome in genomes]
            assert fast.of(fast.measure(networks)).tolist() == found.tolist()
        algorithm.tell(found)
        if generation % 3 == 2:  # whichever child becomes the parent, it is in step
            algorithm.parent, algorithm.fitness = genomes[-1], float(found[-1])
    assert len(seen) > 40


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("way", [Integers, Masked, Grouped, Permutation, Continuous])
def test_populations_come_to_the_same(way: type[Encoding], activation: str) -> None:
    rng = np.random.default_rng(6)
    images, labels = data(rng, 150)
    encoding = way(Form(SHAPE, (7, 3, 5), 6, activation), 127.0, 0.6, 40.0, 0.1)
    terms = FitnessSettings(1.0, 1.0, 12, 0.5, "nonzero", 100)
    fast, model = (Fitness(terms, images, labels, open_backend(name)) for name in ("fast", "model"))
    for count in (1, 6):
        genomes = [encoding.individual(row) for row in encoding.start(count, rng)]
        if count == 6:
            genomes[3] = encoding.individual(np.zeros_like(genomes[3].row))
        found = fast(genomes)
        assert found.tolist() == model(genomes).tolist()
        assert found.tolist() == fast(genomes).tolist()
    assert len(set(found.tolist())) == 6


def test_the_sums_of_pixels_at_their_limits() -> None:
    rng = np.random.default_rng(5)
    form = Form((1, 8, 8), (3, 4), 0)
    images = np.full((3, 1, 8, 8), 127, np.int8)
    labels = np.array([0, 1, 2])
    encoding = Integers(form, 127.0, 1.0, 127.0, 0.0)
    algorithm = OnePlusLambda(NeuroSettings(children=20), encoding, rng)
    algorithm.parent = encoding.individual(np.full(form.genes, 127))
    settings = FitnessSettings(1.0, 1.0, 24)
    fast, model = (
        Fitness(settings, images, labels, open_backend(name)) for name in ("fast", "model")
    )
    algorithm.tell(fast(algorithm.ask()))
    assert fast(algorithm.ask()).tolist() == model(algorithm.ask()).tolist()


@pytest.mark.parametrize(
    ("option", "value", "legal"),
    [
        ("accuracy", -0.1, "a number from 0.0 up"),
        ("smooth", math.nan, "a number from 0.0 up"),
        ("scale", 9, "a whole number from 10 to 24"),
        ("size", True, "a number from 0.0 up"),
        ("counts", "all", "one of nonzero, stored"),
        ("most", 0, "a whole number from 1 up"),
    ],
)
def test_illegal_terms(option: str, value: object, legal: str) -> None:
    with pytest.raises(InputError, match=f"{option} is {value!r}; it must be {legal}"):
        FitnessSettings(**{option: value})  # type: ignore[arg-type]


def test_an_unknown_backend() -> None:
    with pytest.raises(InputError, match="backend is 'gpu'; it must be one of fast, model"):
        open_backend("gpu")
