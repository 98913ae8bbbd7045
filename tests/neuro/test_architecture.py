# SPDX-License-Identifier: Apache-2.0
"""Architectures are always networks that the golden model takes."""

import json

import pytest
from hypothesis import given, settings

from evoarray.evolution.neuro.architecture import Architecture, Block, architecture_of, fitted
from evoarray.model.errors import InputError
from evoarray.model.neuro.forward import forward
from evoarray.model.neuro.layers import Pool
from tests.neuro.strategies import LAYERS, architecture, images, random_kernels

MAX2 = Pool("max", 2, 2)


@given(LAYERS)
@settings(max_examples=40, deadline=None)
def test_all_that_is_fitted_is_a_network(layers: tuple[list[Block], list[int]]) -> None:
    found = architecture(layers)
    network = found.network(random_kernels(found, 1))
    assert network.parameters == found.parameters
    assert forward(network, images(2, 1)).shape == (2, 10)
    assert [block.filters for block in found.blocks] == [block.filters for block in layers[0]]
    assert found.hidden == tuple(layers[1])
    assert architecture_of(json.loads(json.dumps(found.to_json()))) == found


def test_shapes_of_kernels() -> None:
    blocks = (Block(4, 1, 1, MAX2), Block(3, 0, 1, None))
    found = Architecture((2, 8, 10), blocks, (6,), 5)
    # 8 x 10, with zeros around it; 4 x 5 after the pool; 2 x 3 without them.
    assert found.kernels == ((4, 2, 3, 3), (3, 4, 3, 3), (6, 3, 2, 3), (5, 6, 1, 1))
    assert found.parameters == 72 + 4 + 108 + 3 + 108 + 6 + 30 + 5


def test_what_does_not_fit_becomes_plain_from_the_end() -> None:
    halving = Block(2, 1, 2, None)  # 8 -> 4 -> 2, and no window fits into 2
    with pytest.raises(InputError, match="height"):
        Architecture((1, 8, 8), (halving,) * 3, (), 10)
    assert fitted((1, 8, 8), [halving] * 2, [], 10).blocks == (halving,) * 2
    # The third does not fit behind the second, whatever it is itself, so both become plain.
    assert fitted((1, 8, 8), [halving] * 3, [], 10).blocks == (halving, Block(2), Block(2))


def test_kernels_of_another_shape_are_refused() -> None:
    two, three = (architecture(([Block(filters, 1, 2)], [])) for filters in (2, 3))
    mixed = random_kernels(two, 1)[0], random_kernels(three, 1)[1]
    with pytest.raises(InputError, match=r"inputs per output is 48; it must be 32"):
        three.network(mixed)
