# SPDX-License-Identifier: Apache-2.0
"""Backpropagation against finite differences, the golden model and a textbook."""

import numpy as np
import pytest

from evoarray.evolution.neuro.architecture import Architecture, Block, Kernel
from evoarray.evolution.neuro.data import digits
from evoarray.evolution.neuro.trainer import (
    STEP,
    Training,
    as_maps,
    gradients,
    logits,
    start,
    train,
)
from evoarray.model.neuro.forward import forward
from evoarray.model.neuro.layers import Pool
from tests.neuro.strategies import architecture, images

ARCHITECTURES = {
    "dense": Architecture((1, 8, 8), (), (), 4),
    "hidden": Architecture((1, 8, 8), (), (7, 5), 4),
    "padding, max": Architecture((1, 8, 8), (Block(3, 1, 1, Pool("max", 2, 2)),), (), 4),
    "stride, overlapping max": Architecture(
        (2, 9, 8), (Block(3, 1, 1, Pool("max", 3, 2)), Block(2, 1, 2)), (5,), 4
    ),
    "average": Architecture(
        (1, 8, 8), (Block(2, 1, 1, Pool("average", 3, 1)), Block(3, 0, 2)), (), 4
    ),
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    found = ARCHITECTURES[name]
    rng = np.random.default_rng(1)
    weights = start(found, rng, np.float64)
    for _, bias in weights:
        bias[:] = rng.normal(0, 0.1, bias.shape)
    pixels = rng.integers(0, 128, (6, *found.input_shape), np.int8)
    maps, labels = as_maps(pixels, np.float64), rng.integers(0, 4, 6)
    _, slopes = gradients(found, weights, maps, labels)
    for arrays, expected in zip(weights, slopes, strict=True):
        for array, slope in zip(arrays, expected, strict=True):
            assert slope.shape == array.shape
            assert np.abs(slope).max() > 1e-4  # or it would be compared with nothing
            for place in rng.choice(array.size, min(array.size, 25), replace=False):
                kept, losses = array.flat[place], []
                for moved in (1e-6, -1e-6):
                    array.flat[place] = kept + moved
                    losses.append(gradients(found, weights, maps, labels)[0])
                array.flat[place] = kept
                difference = (losses[0] - losses[1]) / 2e-6
                assert slope.flat[place] == pytest.approx(difference, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", [0, 1])
def test_it_computes_what_the_golden_model_does(stride: int, padding: int) -> None:
    """Small whole numbers are neither rounded nor saturated, so both must say the same."""
    rng = np.random.default_rng(stride + 2 * padding)
    blocks = [Block(3, padding, stride, Pool("max", 2, 1)), Block(2, 1, 1)]
    found = architecture((blocks, [4]))
    kernels = [
        Kernel(rng.integers(-1, 2, shape, np.int8), rng.integers(-2, 3, shape[0], np.int32), 0)
        for shape in found.kernels
    ]
    pixels = rng.integers(0, 2, (20, 1, 8, 8), np.int8)
    expected = forward(found.network(kernels), pixels)
    weights = [(kernel.weights * 1.0, kernel.bias * STEP) for kernel in kernels]
    assert logits(found, weights, pixels) / STEP == pytest.approx(expected, abs=1e-9)
    assert len(np.unique(expected)) > 5


def test_the_optimiser_is_adam() -> None:
    found, training = ARCHITECTURES["dense"], Training(epochs=4, batch=6, rate=0.01)
    rng = np.random.default_rng(3)
    pixels, labels = images(6, 1), rng.integers(0, 4, 6)
    trained = train(found, pixels, labels, training, np.random.default_rng(5))
    weights = start(found, np.random.default_rng(5), np.float64)
    moments = [[(0.0, 0.0)] * array.size for array in weights[0]]
    for step in range(1, 5):
        _, slopes = gradients(found, weights, as_maps(pixels, np.float64), labels)
        rate = 0.01 * (5 - step) / 4
        for array, slope, moment in zip(weights[0], slopes[0], moments, strict=True):
            for place, g in enumerate(slope.ravel().tolist()):
                m, v = moment[place]
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
                moment[place] = m, v
                mean, square = m / (1 - 0.9**step), v / (1 - 0.999**step)
                array.flat[place] -= rate * mean / (square**0.5 + 1e-8)
    for array, expected in zip(trained[0], weights[0], strict=True):
        assert array == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_it_learns_digits_and_does_it_again() -> None:
    part = digits().training
    pixels, labels = part.images[:400], part.labels[:400]
    found = Architecture((1, 8, 8), (Block(4, 1, 1, Pool("max", 2, 2)),), (), 10)
    weights = train(found, pixels, labels, Training(8), np.random.default_rng(1))
    assert (logits(found, weights, pixels).argmax(1) == labels).mean() > 0.9
    again = train(found, pixels, labels, Training(8), np.random.default_rng(1))
    other = train(found, pixels, labels, Training(8), np.random.default_rng(2))
    for one, two in zip(weights, again, strict=True):
        assert (one[0] == two[0]).all()
        assert (one[1] == two[1]).all()
    assert (weights[0][0] != other[0][0]).any()
    assert weights[0][0].dtype == np.float32
