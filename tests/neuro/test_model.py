# SPDX-License-Identifier: Apache-2.0
"""The golden model of networks, held against cases worked by hand and a scalar reference."""

import json
from dataclasses import FrozenInstanceError
from itertools import product
from typing import Any

import numpy as np
import pytest

from evoarray.model.errors import InputError
from evoarray.model.neuro.arithmetic import requantise, round_half_even
from evoarray.model.neuro.examples import mcculloch_pitts_and, perceptron
from evoarray.model.neuro.forward import classify, convolve, dense, forward, pool
from evoarray.model.neuro.network import Conv, Dense, Network, Pool, to_json
from evoarray.model.neuro.tables import table
from tests.neuro import reference
from tests.neuro.networks import HIDDEN, random_images, random_layer, random_network
from tests.neuro.worked_example import CONVOLVED, IMAGE, KERNEL, POOLED

LARGEST = 2**31 - 1


def plain(network: Network) -> dict[str, Any]:
    """The object of the network's file, which is what the reference reads."""
    return dict(json.loads(to_json(network)))


def assert_equals_reference(network: Network, images: Any) -> None:
    logits = forward(network, images)
    assert logits.dtype == np.int32
    assert logits.shape == (len(images), network.outputs)
    read = plain(network)
    for image, row in zip(images, logits, strict=True):
        assert row.tolist() == reference.forward(read, image.tolist()), to_json(network)


# Rounding


@pytest.mark.parametrize(
    ("accumulator", "shift", "multiplier", "expected"),
    [
        # shift 0 only saturates
        (-128, 0, 1, -127),
        (-127, 0, 1, -127),
        (-1, 0, 1, -1),
        (0, 0, 1, 0),
        (127, 0, 1, 127),
        (128, 0, 1, 127),
        # ties go to the even neighbour, on both sides of zero
        (1, 1, 1, 0),  # 0.5
        (3, 1, 1, 2),  # 1.5
        (5, 1, 1, 2),  # 2.5
        (7, 1, 1, 4),  # 3.5
        (-1, 1, 1, 0),
        (-3, 1, 1, -2),
        (-5, 1, 1, -2),
        (-7, 1, 1, -4),
        (253, 1, 1, 126),  # 126.5
        (-253, 1, 1, -126),
        # beside a tie
        (7, 4, 1, 0),
        (9, 4, 1, 1),
        (-7, 4, 1, 0),
        (-9, 4, 1, -1),
        (23, 4, 1, 1),
        (25, 4, 1, 2),
        # saturation after rounding
        (254, 1, 1, 127),
        (255, 1, 1, 127),  # 127.5 would be 128
        (-255, 1, 1, -127),
        (LARGEST, 0, 1, 127),
        (-LARGEST - 1, 0, 1, -127),
        (LARGEST, 31, 1, 1),
        (2**30, 31, 1, 0),  # 0.5
        (2**30 + 1, 31, 1, 1),
        (-(2**30), 31, 1, 0),
        # a multiplier: 3/2, 3/8, and the largest one
        (1, 1, 3, 2),  # 1.5
        (3, 1, 3, 4),  # 4.5
        (-3, 1, 3, -4),
        (4, 3, 3, 2),  # 1.5
        (20, 3, 3, 8),  # 7.5
        (1, 31, LARGEST, 1),
        (100, 31, LARGEST, 100),
        (LARGEST, 62, LARGEST, 1),
        (-LARGEST - 1, 62, LARGEST, -1),
        (LARGEST, 0, LARGEST, 127),
        (-LARGEST - 1, 0, LARGEST, -127),
    ],
)
def test_requantise_by_hand(accumulator: int, shift: int, multiplier: int, expected: int) -> None:
    result = requantise(np.array([accumulator]), shift, multiplier)
    assert result.dtype == np.int8
    assert result.tolist() == [expected]
    assert requantise(np.array([accumulator]), shift, multiplier, 0).tolist() == [max(expected, 0)]


@pytest.mark.parametrize("multiplier", [1, 2, 3, 1000003, 2**30, LARGEST])
def test_requantise_at_every_shift(multiplier: int) -> None:
    """Around every tie that eight bits can reach, at the ends of int32, and at random."""
    rng = np.random.default_rng(multiplier)
    for shift in range(32 if multiplier == 1 else 63):
        ties = [(2 * k + 1) * 2**shift // (2 * multiplier) for k in (-129, -128, -3, -1, 0, 1, 127)]
        corners = [-LARGEST - 1, -LARGEST, -1, 0, 1, LARGEST]
        near = [tie + d for tie in ties for d in (-1, 0, 1) if abs(tie) < LARGEST]
        some = rng.integers(-LARGEST - 1, LARGEST + 1, 20) >> rng.integers(0, 31, 20)
        accumulators = [*corners, *near, *some.tolist()]
        result = requantise(np.array(accumulators), shift, multiplier).tolist()
        expected = [reference.scaled(a, shift, multiplier, -127) for a in accumulators]
        assert result == expected, shift


@pytest.mark.parametrize("size", [2, 3])
def test_every_average(size: int) -> None:
    """Each sum that a window of int8 values can have."""
    sums = np.arange(-127 * size**2, 127 * size**2 + 1)
    expected = [
        reference.pool(
            [[[total] + [0] * (size - 1)] + [[0] * size] * (size - 1)],
            {"size": size, "stride": 1, "kind": "average"},
        )[0][0][0]
        for total in sums.tolist()
    ]
    assert round_half_even(sums, size**2).tolist() == expected


@pytest.mark.parametrize(
    ("shift", "multiplier", "named"),
    [
        (-1, 1, "shift is -1; it must be a whole number from 0 to 31"),
        (32, 1, "shift is 32; it must be a whole number from 0 to 31"),
        (63, 2, "shift is 63; it must be a whole number from 0 to 62"),
        (1.0, 1, "shift is 1.0"),
        (True, 1, "shift is True"),
        (1, 0, "multiplier is 0; it must be a whole number from 1 to 2147483647"),
        (1, 2**31, "multiplier is 2147483648"),
        (1, -3, "multiplier is -3"),
        (1, 1.5, "multiplier is 1.5"),
    ],
)
def test_a_scale_that_the_hardware_does_not_know(shift: Any, multiplier: Any, named: str) -> None:
    with pytest.raises(InputError, match=named):
        requantise(np.array([1]), shift, multiplier)


# Tables


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "step"])
def test_every_entry_of_a_table(name: str) -> None:
    entries = table(name)
    assert entries.dtype == np.int8
    assert entries.tolist() == [
        reference.table(name, x if x < 128 else x - 256) for x in range(256)
    ]
    with pytest.raises(ValueError, match="read-only"):
        entries[0] = 1


def test_entries_by_hand() -> None:
    """The value 1 is 16 steps; sigmoid(0) = 63.5 is the only tie."""

    def entries(name: str, *values: int) -> list[int]:
        return [int(table(name)[value % 256]) for value in values]

    assert entries("sigmoid", -128, -127, -16, 0, 16, 127) == [0, 0, 34, 64, 93, 127]
    assert entries("tanh", -127, -16, -1, 0, 1, 16, 127) == [-127, -97, -8, 0, 8, 97, 127]
    assert entries("step", -128, -1, 0, 1, 127) == [0, 0, 127, 127, 127]


# The lecture's example


def test_the_lectures_convolution() -> None:
    assert convolve(IMAGE[None, None], KERNEL[None, None])[0, 0].tolist() == CONVOLVED.tolist()


def test_the_lectures_pooling() -> None:
    assert pool(CONVOLVED[None, None], "max", 3, 1)[0, 0].tolist() == POOLED.tolist()


def test_the_lectures_sums() -> None:
    """The two that it writes out product by product: the first window and the last one."""
    first = (IMAGE[:3, :3] * KERNEL).ravel().tolist()
    assert first == [2 * 4, 2 * 6, 2 * 6, 6 * 2, 1 * 8, 9 * 4, 4 * 4, 9 * 5, 2 * 3]
    assert sum(first) == 155 == CONVOLVED[0, 0]
    last = (IMAGE[5:, 7:] * KERNEL).ravel().tolist()
    assert last == [4 * 4, 9 * 6, 2 * 6, 1 * 2, 3 * 8, 1 * 4, 8 * 4, 9 * 5, 9 * 3]
    assert sum(last) == 216 == CONVOLVED[5, 7]


# Networks


@pytest.mark.parametrize("seed", range(40))
def test_random_networks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    assert_equals_reference(network, random_images(rng, network.input_shape, 6))


@pytest.mark.parametrize("activation", HIDDEN)
@pytest.mark.parametrize(("stride", "padding"), list(product((1, 2), (0, 1))))
@pytest.mark.parametrize("sides", [(3, 3), (3, 8), (7, 4)], ids=str)
def test_every_convolution(
    sides: tuple[int, int], stride: int, padding: int, activation: str
) -> None:
    rng = np.random.default_rng([*sides, stride, padding])
    conv = Conv(
        rng.integers(-127, 128, (3, 2, 3, 3)).astype(np.int8),
        rng.integers(-9999, 9999, 3).astype(np.int32),
        9,
        activation,
        stride,
        padding,
    )
    last = random_layer(rng, "dense", conv.output_shape((2, *sides)), "logits")
    network = Network((2, *sides), (conv, last))
    assert_equals_reference(network, random_images(rng, network.input_shape, 4))


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize(
    ("size", "stride"), [(2, 1), (2, 2), (3, 1), (3, 2), (3, 3)], ids=lambda n: str(n)
)
@pytest.mark.parametrize("sides", [(3, 3), (3, 8), (7, 4)], ids=str)
def test_every_pool(sides: tuple[int, int], size: int, stride: int, kind: str) -> None:
    rng = np.random.default_rng([*sides, size, stride])
    layer = Pool(kind, size, stride)
    last = random_layer(rng, "dense", layer.output_shape((2, *sides)), "logits")
    network = Network((2, *sides), (layer, last))
    assert_equals_reference(network, random_images(rng, network.input_shape, 4))


def test_the_largest_accumulators() -> None:
    """All products at 127 * 127 with one sign, on the largest map, and a bias up to int32's end."""
    size = 64 * 64
    bias = LARGEST - size * 127 * 127
    layer = Dense(np.full((2, size), [[127], [-127]]), np.array([bias, -bias]), 0, "logits")
    images = np.full((2, 1, 64, 64), 127, np.int8)
    images[1] = -127
    logits = forward(Network((1, 64, 64), (layer,)), images)
    assert logits.tolist() == [
        [LARGEST, -LARGEST],
        [bias - size * 127 * 127, size * 127 * 127 - bias],
    ]


def test_a_map_is_flattened_by_channel_then_row_then_column() -> None:
    maps = np.arange(12).reshape(1, 2, 3, 2)
    assert dense(maps, np.eye(12, dtype=np.int64)).ravel().tolist() == list(range(12))


def test_the_first_of_the_largest_logits_wins() -> None:
    logits = np.array([[1, 3, 3], [-5, -7, -5], [0, 0, 0], [1, 2, 3]], np.int32)
    assert classify(logits).tolist() == [1, 0, 0, 2]


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((1, 1, 3, 4), np.int8),
        np.zeros((1, 3, 3), np.int8),
        np.zeros((1, 1, 3, 3), np.int16),
        np.zeros((1, 1, 3, 3), np.uint8),
        np.full((1, 1, 3, 3), -128, np.int8),
    ],
    ids=lambda images: f"{images.dtype}{images.shape}",
)
def test_images_that_do_not_fit(images: Any) -> None:
    layer = Dense(np.ones((2, 9), np.int8), np.zeros(2, np.int32), 0, "logits")
    with pytest.raises(InputError):
        forward(Network((1, 3, 3), (layer,)), images)


def test_no_image_has_no_logits() -> None:
    layer = Dense(np.ones((2, 9), np.int8), np.zeros(2, np.int32), 0, "logits")
    assert forward(Network((1, 3, 3), (layer,)), np.zeros((0, 1, 3, 3), np.int8)).shape == (0, 2)


# The smallest networks

PAIRS = list(product((0, 1), repeat=2))


def answers(network: Network, inputs: list[tuple[int, ...]]) -> list[bool]:
    images = np.array(inputs, np.int8)[:, :, np.newaxis, np.newaxis]
    logits = forward(network, images)[:, 0].tolist()
    assert set(logits) <= {0, 127}
    return [logit == 127 for logit in logits]


def test_mcculloch_pitts_and() -> None:
    network = mcculloch_pitts_and()
    assert answers(network, PAIRS) == [False, False, False, True]
    neuron = network.layers[0]
    assert isinstance(neuron, Dense)
    assert neuron.weights.size + neuron.bias.size == 3  # as the lecture's table of models counts


@pytest.mark.parametrize(
    ("inputs", "rule"),
    [
        (2, lambda x: x[0] or x[1]),
        (2, lambda x: x[0] and x[1]),
        (2, lambda x: not (x[0] and x[1])),
        (3, lambda x: sum(x) >= 2),
        (9, lambda x: sum(x) >= 5),
    ],
    ids=["or", "and", "nand", "majority of 3", "majority of 9"],
)
def test_a_perceptron_learns_what_a_line_separates(inputs: int, rule: Any) -> None:
    samples = list(product((0, 1), repeat=inputs))
    labels = [bool(rule(sample)) for sample in samples]
    assert answers(perceptron(samples, labels), samples) == labels


def test_no_perceptron_learns_xor() -> None:
    """Minsky and Papert, Perceptrons, 1969."""
    with pytest.raises(InputError, match="1000 passes"):
        perceptron(PAIRS, [a != b for a, b in PAIRS])


# What a network says of itself


def small() -> Network:
    """Two channels of 6 x 5 pixels, a layer of each kind."""
    return Network(
        (2, 6, 5),
        (
            Conv(np.ones((3, 2, 3, 3), np.int8), np.array([0, 1, 2]), 5, "relu", 1, 1),
            Pool("max", 2, 2),
            Dense(np.zeros((4, 18), np.int8), np.array([5, 0, 0, 1]), 0, "logits"),
        ),
    )


def test_shapes_and_counts() -> None:
    network = small()
    assert network.shapes == ((3, 6, 5), (3, 3, 2), (4, 1, 1))
    assert network.outputs == 4
    assert network.parameters == 54 + 3 + 72 + 4
    assert network.nonzero == 54 + 2 + 0 + 2


def test_a_network_keeps_its_own_weights() -> None:
    weights, bias = np.ones((1, 2), np.int8), np.zeros(1, np.int32)
    layer = Dense(weights, bias, 0, "logits")
    weights[:] = 2
    assert layer.weights.tolist() == [[1, 1]]
    for own in (layer.weights, layer.bias):
        with pytest.raises(ValueError, match="read-only"):
            own[...] = 0
    with pytest.raises(FrozenInstanceError):
        layer.shift = 1  # type: ignore[misc]


def test_any_integers_make_a_layer_of_int8_and_int32() -> None:
    layer = Dense(np.array([[-127, 127]]), np.array([7], np.uint64), 0, "logits")
    assert layer.weights.dtype.name == "int8"
    assert layer.bias.dtype.name == "int32"


def test_equality_is_that_of_input_and_layers() -> None:
    network = small()
    twin = Network(network.input_shape, network.layers, {"seed": 1})
    assert network == twin
    assert hash(network) == hash(twin)
    changed = Conv(np.ones((3, 2, 3, 3), np.int8), np.array([0, 1, 3]), 5, "relu", 1, 1)
    assert network != Network((2, 6, 5), (changed, *network.layers[1:]))
    assert network != "network"
