# SPDX-License-Identifier: Apache-2.0
"""The fast evaluation equals the model on every bit."""

from dataclasses import replace

import numpy as np
import pytest

from evoarray.evolution.neuro import fast
from evoarray.evolution.neuro.fast import Fast, stack
from evoarray.model.errors import InputError
from evoarray.model.neuro.forward import forward
from evoarray.model.neuro.network import Conv, Dense, Layer, Network, Pool
from tests.neuro.networks import HIDDEN, random_images, random_layer, random_network


def assert_equal(networks: list[Network], count: int = 7) -> None:
    """All at once, on `count` images."""
    images = random_images(np.random.default_rng(count), networks[0].input_shape, count)
    logits = Fast(networks[0], images).logits(stack(networks))
    assert logits.dtype == np.int32
    assert logits.shape == (len(networks), count, networks[0].outputs)
    for network, result in zip(networks, logits, strict=True):
        assert result.tolist() == forward(network, images).tolist()


def siblings(network: Network, count: int, rng: np.random.Generator) -> list[Network]:
    """Networks of one architecture: other weights of the same sizes, other biases and shifts."""
    family = [network]
    for _ in range(count - 1):
        layers: list[Layer] = []
        for layer in network.layers:
            if isinstance(layer, Pool):
                layers.append(layer)
                continue
            shift = layer.shift if layer.activation == "logits" else int(rng.integers(3, 12))
            weights = rng.permuted(layer.weights) * rng.choice([-1, 1], layer.weights.shape)
            bias = rng.permuted(layer.bias)
            layers.append(replace(layer, weights=weights, bias=bias, shift=shift))
        family.append(Network(network.input_shape, tuple(layers)))
    return family


@pytest.mark.parametrize("seed", range(60))
def test_random_networks(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)
    assert_equal(siblings(random_network(rng), 5, rng))


def test_a_population_in_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of three, and of one where not even one network's signals fit."""
    rng = np.random.default_rng(2)
    layers = (Dense(np.ones((2, 9), np.int8), np.zeros(2, np.int32), 0, "logits"),)
    family = siblings(Network((1, 3, 3), layers), 8, rng)
    for size in (3 * 4 * 9 * 7, 1):
        monkeypatch.setattr(fast, "BLOCK_BYTES", size)
        assert_equal(family)


@pytest.mark.parametrize("inputs", [1039, 1040, 1041, 4096])
@pytest.mark.parametrize("sign", [1, -1])
def test_accumulators_around_the_end_of_float32(inputs: int, sign: int) -> None:
    """1040 products of 127 * 127 are 3056 below 2**24; beyond it, odd sums show a rounding."""
    images = np.full((2, inputs, 1, 1), 127, np.int8)
    images[1, 0] = 126
    weights = np.full((1, inputs), sign * 127, np.int8)
    read = Dense(np.ones((1, 1), np.int8), np.zeros(1, np.int32), 0, "logits")
    beyond = 0
    for by_hand in (0, 3054, 3055, 3056, 3057, 20_000, 1_000_001, 2**24, 2**30 + 1):
        bias = np.array([by_hand], np.int32) * sign
        for activation, shift in (("logits", 0), ("linear", 18), ("relu", 18), ("tanh", 19)):
            layer = Dense(weights, bias, shift, activation)
            layers = (layer,) if activation == "logits" else (layer, read)
            network = Network((inputs, 1, 1), layers)
            logits = Fast(network, images).logits(stack([network]))[0]
            assert logits.tolist() == forward(network, images).tolist()
            beyond += int((np.abs(logits) > 2**24).sum())
    assert beyond >= 6


def test_ties_and_their_neighbours_beyond_float32() -> None:
    """2**24 + 2**17 + 1 is a little more than 64.5 * 2**18: a float32 would make it a tie."""
    read = Dense(np.ones((1, 1), np.int8), np.zeros(1, np.int32), 0, "logits")
    for total, expected in ((16908287, 64), (16908288, 64), (16908289, 65), (-16908289, -65)):
        layer = Dense(np.zeros((1, 1), np.int8), np.array([total], np.int32), 18, "linear")
        network = Network((1, 1, 1), (layer, read))
        images = np.zeros((1, 1, 1, 1), np.int8)
        assert Fast(network, images).logits(stack([network])).ravel().tolist() == [expected]


@pytest.mark.parametrize("activation", HIDDEN)
@pytest.mark.parametrize("multiplier", [1, 3, 2**31 - 1])
def test_every_tie(activation: str, multiplier: int) -> None:
    """Accumulators -300..300 in halves of the result's unit, by the biases."""
    bias = np.arange(-300, 301, dtype=np.int32)
    shift = {1: 1, 3: 1, 2**31 - 1: 32}[multiplier]
    first = Dense(np.zeros((601, 1), np.int8), bias, shift, activation, multiplier)
    read = Dense(np.eye(601, dtype=np.int8), np.zeros(601, np.int32), 0, "logits")
    assert_equal([Network((1, 1, 1), (first, read))], 1)


@pytest.mark.parametrize("size", [2, 3])
def test_every_sum_of_an_average(size: int) -> None:
    """Images whose windows have each sum from the least to the largest."""
    sums = np.arange(-127 * size**2, 127 * size**2 + 1)
    cells = np.arange(size**2)
    windows = sums[:, np.newaxis] // size**2 + (cells < (sums % size**2)[:, np.newaxis])
    images = np.zeros((len(sums), 1, 3, 3), np.int8)
    images[:, 0, :size, :size] = windows.reshape(-1, size, size)
    pool = Pool("average", size, size)
    read = Dense(np.ones((1, 1), np.int8), np.zeros(1, np.int32), 0, "logits")
    network = Network((1, 3, 3), (pool, read))
    logits = Fast(network, images).logits(stack([network]))[0]
    assert logits.tolist() == forward(network, images).tolist()
    assert set(logits.ravel().tolist()) == set(range(-127, 128))


def test_a_convolution_as_the_last_layer() -> None:
    """Its logits are in the order channel, row, column."""
    rng = np.random.default_rng(3)
    for stride in (1, 2):
        conv = Conv(
            rng.integers(-127, 128, (3, 2, 3, 3)).astype(np.int8),
            np.array([7, -8, 9], np.int32),
            0,
            "logits",
            stride,
            1,
        )
        assert_equal([Network((2, 6, 5), (conv,))])


def test_images_that_do_not_fit() -> None:
    network = random_network(np.random.default_rng(5), (1, 4, 4))
    with pytest.raises(InputError):
        Fast(network, np.zeros((3, 1, 4, 5), np.int8))
    with pytest.raises(InputError, match="no image"):
        Fast(network, np.zeros((0, 1, 4, 4), np.int8))


def test_another_architecture_is_no_sibling() -> None:
    rng = np.random.default_rng(6)
    conv = random_layer(rng, "conv", (1, 5, 5), "relu")
    assert isinstance(conv, Conv)
    others = [
        replace(conv, activation="linear"),
        replace(conv, stride=3 - conv.stride),
        replace(conv, padding=1 - conv.padding),
        replace(conv, multiplier=conv.multiplier + 1),
    ]

    def network(*hidden: Layer) -> Network:
        shape = (1, 5, 5)
        for layer in hidden:
            shape = layer.output_shape(shape)
        return Network((1, 5, 5), (*hidden, random_layer(rng, "dense", shape, "logits")))

    first = network(conv)
    for other in (*map(network, others), network(), network(Pool("max", 2, 1), conv)):
        with pytest.raises(InputError, match="architecture"):
            stack([first, other])
