# SPDX-License-Identifier: Apache-2.0
"""Trained weights lose little on their way to int8, and keep the rules of the hardware."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evoarray.evolution.neuro.architecture import Architecture, Block
from evoarray.evolution.neuro.data import digits
from evoarray.evolution.neuro.quantise import quantise
from evoarray.evolution.neuro.trainer import STEP, Training, logits, train
from evoarray.model.neuro.forward import accumulate, classify, forward
from evoarray.model.neuro.layers import Conv, Dense, Pool
from tests.neuro.strategies import images

SMALL = Architecture(
    (1, 8, 8),
    (Block(6, 1, 1, Pool("max", 2, 2)), Block(8, 1, 1, Pool("average", 2, 1))),
    (),
    10,
)


def test_int8_says_nearly_what_the_trained_network_does() -> None:
    training, unseen = digits().training, digits().validation
    weights = train(SMALL, training.images, training.labels, Training(6), np.random.default_rng(1))
    network = quantise(SMALL, weights, training.images[:200])
    exact, whole = logits(SMALL, weights, unseen.images), forward(network, unseen.images)
    assert (exact.argmax(1) == unseen.labels).mean() > 0.9
    assert (exact.argmax(1) == classify(whole)).mean() > 0.97
    unit = (exact * whole).sum() / (whole * whole).sum()  # what one step of a logit is worth
    assert np.abs(whole * unit - exact).std() < 0.05 * exact.std()
    for layer in network.layers:
        if isinstance(layer, Conv | Dense):
            assert np.abs(layer.weights).max() == 127


@pytest.mark.parametrize(("largest", "shift"), [(127, 0), (128, 1), (1016, 3), (1017, 4)])
def test_the_shift_is_the_smallest_without_clipping(largest: int, shift: int) -> None:
    """The first layer's sums are the middle pixel times 127, and one of them is `largest`."""
    found = Architecture((1, 3, 3), (Block(1, 0),), (), 2)
    kernel = np.zeros((1, 1, 3, 3))
    kernel[0, 0, 1, 1] = 1
    bias = np.array([(largest - 127) * STEP / 127])
    weights = [(kernel, bias), (np.ones((2, 1, 1, 1)), np.zeros(2))]
    first = quantise(found, weights, np.ones((5, 1, 3, 3), np.int8)).layers[0]
    assert isinstance(first, Conv)
    assert accumulate(np.ones((1, 1, 3, 3), np.int8), first).item() == largest
    assert first.shift == shift


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 10))
def test_whole_numbers_come_through_unchanged(seed: int, step: float) -> None:
    rng = np.random.default_rng(seed)
    found = Architecture((1, 8, 8), (), (), 3)
    whole = rng.integers(-127, 128, found.kernels[0])
    whole.flat[0] = 127
    bias = rng.integers(-1000, 1000, 3)
    network = quantise(found, [(whole * step, bias * step * STEP)], images(2, 1))
    layer = network.layers[0]
    assert isinstance(layer, Dense)
    assert (layer.weights == whole.reshape(3, -1)).all()
    assert (layer.bias == bias).all()


def test_a_layer_without_weights_is_no_error() -> None:
    found = Architecture((1, 8, 8), (Block(2, 1, 2),), (), 3)
    weights = [(np.zeros(shape), np.zeros(shape[0])) for shape in found.kernels]
    assert (forward(quantise(found, weights, images(4, 1)), images(4, 2)) == 0).all()
