# SPDX-License-Identifier: Apache-2.0
"""What a network is in the core's memories, what a core refuses, and how long it takes."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evoarray.model.errors import InputError
from evoarray.model.neuro.latency import inference_cycles
from evoarray.model.neuro.network import Conv, Dense, Network, Pool
from evoarray.model.neuro.program import WEIGHTS, Core, check_fit, program, weight_rows
from tests.neuro.networks import random_network

ROOT = Path(__file__).parents[2]


def dense(inputs: int, outputs: int, activation: str = "logits", multiplier: int = 1) -> Dense:
    weights = np.arange(inputs * outputs).reshape(outputs, inputs) % 100
    bias = np.zeros(outputs, np.int32)
    return Dense(weights.astype(np.int8), bias, 0, activation, multiplier)


def conv(inputs: int, outputs: int, padding: int = 0) -> Conv:
    weights = np.arange(outputs * inputs * 9).reshape(outputs, inputs, 3, 3) % 100
    bias = np.zeros(outputs, np.int32)
    return Conv(weights.astype(np.int8), bias, 0, "relu", 1, padding)


NETWORK = Network(
    (1, 4, 4),
    (conv(1, 2), dense(8, 3, "tanh", 3), dense(3, 2)),
)


def test_the_defaults_are_those_of_the_rtl() -> None:
    source = (ROOT / "rtl" / "neuro" / "evoarray_neuro_core.v").read_text("utf-8")
    defaults = re.findall(r"parameter integer (\w+) += (\d+)", source)
    assert Core().parameters == {name: int(value) for name, value in defaults}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rows", 8),
        ("cols", 0),
        ("layers", True),
        ("activations", 2**16 + 1),
        ("positions", 1),
        ("weights", 2**15 + 1),  # of two words each
        ("biases", 0),
        ("tables", 5),
        ("multiplier", 2),
    ],
)
def test_an_impossible_core_is_refused(key: str, value: Any) -> None:
    with pytest.raises(InputError, match=f"^{key} is {value}; it must be a whole number from"):
        Core(**{key: value})


@pytest.mark.parametrize(
    ("key", "needed", "named"),
    [
        ("layers", 3, "the number of layers of the network is 3"),
        ("activations", 16, "the number of bytes of a layer's input is 16"),
        ("positions", 4, "the number of positions of a convolution's map is 4"),
        ("weights", 27, "the number of rows of weights is 27"),
        ("biases", 7, "the number of biases of the network is 7"),
        ("multiplier", 1, "the multiplier of a layer is 3; it must be 1"),
    ],
)
def test_what_does_not_fit_is_refused_and_what_just_fits_is_not(
    key: str, needed: int, named: str
) -> None:
    check_fit(NETWORK, replace(Core(), **{key: needed}))
    with pytest.raises(InputError, match=f"^{re.escape(named)}"):
        program(NETWORK, replace(Core(), **{key: needed - 1}))


def test_too_many_tables_are_refused() -> None:
    layers = (dense(2, 2, "tanh"), dense(2, 2, "step"), dense(2, 2))
    network = Network((1, 1, 2), layers)
    check_fit(network, Core(tables=2))
    with pytest.raises(InputError, match="tables of the network is 2; it must be up to 1 in this"):
        check_fit(network, Core(tables=1))


def test_weights_stand_in_the_order_of_passes_tiles_and_rows() -> None:
    """Each entry by its indices, as docs/neural-core.md has them."""
    core = Core(rows=10, cols=3)
    for layer, height in ((dense(23, 7), 10), (conv(2, 4), 9)):
        flat = layer.weights.reshape(len(layer.weights), -1)
        rows = weight_rows(layer, core)
        tiles = -(-flat.shape[1] // height)
        assert rows.shape == (-(-len(flat) // 3) * tiles * height, 3)
        for (place, column), weight in np.ndenumerate(rows):
            tile, row = divmod(place, height)
            output = tile // tiles * 3 + column
            number = tile % tiles * height + row
            inside = output < len(flat) and number < flat.shape[1]
            assert weight == (flat[output, number] if inside else 0)


@pytest.mark.parametrize(("cols", "stride"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 4), (17, 8)])
def test_a_row_begins_at_a_multiple_of_a_power_of_two(cols: int, stride: int) -> None:
    writes = program(Network((1, 1, 2), (dense(2, cols),)), Core(cols=cols))
    words = {int(address): int(word) for address, word in writes}
    for row, column in np.ndindex(2, cols):
        word = words[WEIGHTS + row * stride + column // 4]
        assert word >> column % 4 * 8 & 255 == (2 * column + row) % 100


def test_no_word_is_written_twice_and_every_one_fits() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        core = Core(int(rng.integers(9, 30)), int(rng.integers(1, 20)), 8, 2**16, 2**12, 8192, 512)
        network = random_network(rng)
        writes = program(network, core)
        assert writes.dtype == np.uint32
        assert len(np.unique(writes[:, 0])) == len(writes)
        assert writes[:, 0].max() < 2**18


def test_the_cycles_on_the_page() -> None:
    page = (ROOT / "docs" / "neural-core.md").read_text("utf-8")
    pooled = Pool("max", 2, 2)
    networks = {
        "dense 64-16-10": (dense(64, 16, "relu"), dense(16, 10)),
        "4 filters, max pooling 2x2, dense 36-10": (conv(1, 4), pooled, dense(36, 10)),
        "8 and 8 filters, max pooling 2x2, dense 72-10": (
            *(conv(1, 8, 1), conv(8, 8)),
            *(pooled, dense(72, 10)),
        ),
    }
    for name, layers in networks.items():
        network = Network((1, 8, 8), layers)
        cycles = [inference_cycles(network, core) for core in (Core(), Core(16, 16, weights=4096))]
        assert f"| {name} | {cycles[0]:,} | {cycles[1]:,} |" in page
