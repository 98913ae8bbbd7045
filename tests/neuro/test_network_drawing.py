# SPDX-License-Identifier: Apache-2.0
"""Drawings of networks: every unit and every weight that is not 0, of networks of all kinds."""

import xml.etree.ElementTree as ET
from math import prod
from pathlib import Path

import numpy as np
import pytest

from evoarray.evolution.neuro.drawing import MOST, draw_network
from evoarray.model.neuro.network import Conv, Dense, Network, Pool, load_network, save_network
from tests.conftest import Evoarray
from tests.neuro.networks import random_network

SVG = "{http://www.w3.org/2000/svg}"


def dense(weights: list[list[int]], activation: str = "relu") -> Dense:
    bias = np.arange(len(weights), dtype=np.int32)
    return Dense(np.array(weights, np.int8), bias, 0, activation)


def drawn(network: Network, kind: str) -> list[ET.Element]:
    """Return the elements with a class, but those of the legend."""
    group = ET.fromstring(draw_network(network)).findall(f"{SVG}g")[0]
    return [each for each in group.iter() if kind in each.get("class", "").split()]


def test_units_and_weights_of_dense_layers() -> None:
    hidden = dense([[5, 0, -127], [0, 0, 0], [1, 1, 1]])
    network = Network((3, 1, 1), (hidden, dense([[3, 7, 0], [0, -1, 0]], "logits")))
    weights = drawn(network, "weight")
    assert [each[0].text for each in weights] == ["5", "-127", "1", "1", "1", "3", "7", "-1"]
    assert [each[0].text for each in drawn(network, "minus")] == ["-127", "-1"]
    # The last hidden unit is read by nobody; the second one has its bias alone.
    assert [each[0].text for each in drawn(network, "idle")] == ["1", "1", "1"]
    units = [each[0].text for each in drawn(network, "unit")]
    assert units == [
        *("input 0", "input 1, reaches no output", "input 2"),
        *("unit 0, bias 0", "unit 1, bias 1", "unit 2, bias 2, reaches no output"),
        *("unit 0, bias 0", "unit 1, bias 1"),
    ]
    assert [each.text for each in drawn(network, "class")] == ["0", "1"]


def test_maps_of_a_cnn() -> None:
    kernels = np.zeros((2, 1, 3, 3), np.int8)
    kernels[0, 0, 1, 1], kernels[0, 0, 2, 2] = 3, -9
    conv = Conv(kernels, np.zeros(2, np.int32), 0, "relu")
    last = np.zeros((3, 2, 3, 3), np.int8)
    last[0, 0, 2, 1], last[2, 1, 0, 0] = 7, 4
    logits = Dense(last.reshape(3, 18), np.zeros(3, np.int32), 0, "logits")
    network = Network((1, 8, 8), (conv, Pool("max", 2, 2), logits))
    assert [each.tag.removeprefix(SVG) for each in drawn(network, "unit")] == [
        *["rect"] * 5,
        *["circle"] * 3,
    ]
    numbers = [each[0].text for each in drawn(network, "weight") if len(each)]
    assert numbers == ["-9", "7", "4"], "the largest of a kernel, and of a map's weights"
    assert len(drawn(network, "pool")) == 2
    texts = [each.text for each in ET.fromstring(draw_network(network)).iter(f"{SVG}text")]
    assert {"8x8", "2 maps of 6x6", "2 maps of 3x3", "3 values"} <= set(texts)


def test_random_networks_are_drawn_whole() -> None:
    rng = np.random.default_rng(3)
    for _ in range(60):
        network = random_network(rng)
        root = ET.fromstring(draw_network(network))
        width, height = (float(root.get(name, "")) for name in ("width", "height"))
        group = root.findall(f"{SVG}g")[0]
        places = [float(each.get("cy") or each.get("y") or 0) for each in drawn(network, "unit")]
        lift = float(group.get("transform", "").split()[1].rstrip(")"))
        assert all(120 < y + lift < height - 30 for y in places)
        assert width >= 560
        counts = [shape[0] for shape in network.shapes]
        first = isinstance(network.layers[0], Dense)
        inputs = prod(network.input_shape) if first else network.input_shape[0]
        expected = sum(count if count <= MOST else 1 for count in (inputs, *counts))
        assert len(places) == expected
        assert draw_network(network) == draw_network(network)


def test_a_column_of_too_many_units_is_one_box() -> None:
    network = Network((MOST + 1, 1, 1), (dense([[*range(1, 98)], [0] * 97], "logits"),))
    assert drawn(network, "unit")[0][0].text == "all of them"
    assert [each[0].text for each in drawn(network, "weight")] == ["97"]


@pytest.mark.parametrize("kind", ["dense", "random"])
def test_the_command_draws_a_network(evoarray: Evoarray, tmp_path: Path, kind: str) -> None:
    network = (
        random_network(np.random.default_rng(8))
        if kind == "random"
        else Network((2, 1, 1), (dense([[1, 2]], "logits"),))
    )
    save_network(tmp_path / "network.json", network)
    ended = evoarray("show", "network.json", "-o", "network.svg")
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert (tmp_path / "network.svg").read_text() == draw_network(
        load_network(tmp_path / "network.json")
    )


def test_what_is_no_network_is_said_in_a_sentence(evoarray: Evoarray, tmp_path: Path) -> None:
    (tmp_path / "n.json").write_text('{"format": "evoarray-network", "version": 1}')
    ended = evoarray("show", "n.json", "-o", "n.svg")
    assert ended.status == 2
    assert "n.json is not a usable network file" in ended.err
    assert not (tmp_path / "n.svg").exists()
