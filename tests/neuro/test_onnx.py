# SPDX-License-Identifier: Apache-2.0
"""onnxruntime, which others wrote, computes the model's bits from the exported file."""

import sys
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from evoarray.evolution.neuro.onnx import save_onnx, to_onnx
from evoarray.model.neuro.arithmetic import Int8
from evoarray.model.neuro.examples import mcculloch_pitts_and
from evoarray.model.neuro.forward import forward
from evoarray.model.neuro.layers import Int32, Shape
from evoarray.model.neuro.network import Conv, Dense, Layer, Network, Pool, save_network
from tests.conftest import Evoarray
from tests.neuro.networks import HIDDEN, random_images, random_layer, random_network

EXACT = 2**24


def run(model: onnx.ModelProto, images: Int8) -> Int32:
    """The logits by onnxruntime, as it comes but for its threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    (logits,) = session.run(None, {"images": images})
    return np.asarray(logits)


def compared(network: Network, images: Int8) -> int:
    """How many values were equal: all logits, or this fails."""
    model = to_onnx(network)
    onnx.checker.check_model(model, full_check=True)
    logits = run(model, images)
    expected = forward(network, images)
    assert (logits.dtype, logits.shape) == (expected.dtype, expected.shape)
    different = np.argwhere(logits != expected)
    assert not len(different), (len(different), logits.size, different[:5].tolist())
    return expected.size


def shown(layer: Dense | Conv | Pool, shape: Shape) -> Network:
    """A network whose logits are a layer's int8 outputs, one by one: a 3x3 kernel of one 1."""
    channels = layer.output_shape(shape)[0]
    kernels = np.zeros((channels, channels, 3, 3), np.int8)
    kernels[range(channels), range(channels), 1, 1] = 1
    last = Conv(kernels, np.zeros(channels, np.int32), 0, "logits", 1, 1)
    return Network(shape, (layer, last))


def operators(network: Network) -> Counter[str]:
    return Counter(node.op_type for node in to_onnx(network).graph.node)


def test_convolutions_with_ties() -> None:
    """Over 100,000 outputs of one layer, of which many lie halfway between two integers."""
    rng = np.random.default_rng(1)
    count = ties = 0
    for activation, stride, padding in product(HIDDEN, (1, 2), (0, 1)):
        channels = int(rng.integers(1, 5))
        weights = 2 * rng.integers(-3, 4, (6, channels, 3, 3))
        bias = 2 ** rng.integers(0, 8, 6) + rng.integers(0, 2, 6)
        shift = int(rng.integers(2, 7))
        arrays = weights.astype(np.int8), bias.astype(np.int32)
        layer = Conv(*arrays, shift, activation, stride, padding)
        network = shown(layer, (channels, 17, 16))
        images = random_images(rng, network.input_shape, 10)
        assert operators(network)["QLinearConv"] == 1
        count += compared(network, images)
        sums = forward(shown_sums(layer, (channels, 17, 16)), images)
        ties += int((sums % 2**shift == 2 ** (shift - 1)).sum())
    assert count >= 100_000
    assert ties >= 1_000


def shown_sums(layer: Conv, shape: Shape) -> Network:
    """A network whose logits are a layer's accumulators."""
    return Network(
        shape, (Conv(layer.weights, layer.bias, 0, "logits", layer.stride, layer.padding),)
    )


@pytest.mark.parametrize("bias", [0, 3], ids=["QLinearMatMul", "QLinearConv"])
def test_dense_layers_at_every_shift(bias: int) -> None:
    """Random values, and all values at their ends with one sign: the largest accumulators."""
    rng = np.random.default_rng(2)
    count = 0
    for shift in range(32):
        shape = [(64, 1, 1), (3, 5, 7), (1, 8, 8)][shift % 3]
        inputs = int(np.prod(shape))
        weights = rng.integers(-127, 128, (40, inputs)).astype(np.int8)
        weights[:4] = [[127], [-127], [1], [0]]
        layer = Dense(weights, np.full(40, bias, np.int32), shift, "linear")
        read = Dense(np.eye(40, dtype=np.int8), np.zeros(40, np.int32), 0, "logits")
        network = Network(shape, (layer, read))
        found = operators(network)
        assert (found["QLinearMatMul"], found["QLinearConv"]) == ((1, 0) if bias == 0 else (0, 1))
        count += compared(network, random_images(rng, shape, 50))
    assert count == 32 * 40 * 50


@pytest.mark.parametrize("reach", [EXACT - 1, EXACT])
def test_the_end_of_float32(reach: int) -> None:
    """Up to 2**24 - 1 the quantised operators serve; from 2**24 on all is written out in int64.

    The sums are the ends, ties and their neighbours. 16908289 = 64.5 * 2**18 + 1 shows why: as a
    float32 it is a tie, so that onnxruntime's quantised operators round it to 64 instead of 65.
    """
    sums = [reach, -reach, reach - 1, 129 * 2**16, 129 * 2**16 + 1, -129 * 2**16 - 1]
    sums += [16908289, 16908288, -16908289] if reach >= EXACT else []
    layer = Dense(np.zeros((len(sums), 2), np.int8), np.array(sums, np.int32), 18, "linear")
    read = Dense(np.eye(len(sums), dtype=np.int8), np.zeros(len(sums), np.int32), 0, "logits")
    network = Network((2, 1, 1), (layer, read))
    assert ("QLinearConv" in operators(network)) == (reach < EXACT)
    assert compared(network, np.zeros((1, 2, 1, 1), np.int8)) == len(sums)


@pytest.mark.parametrize("activation", HIDDEN)
def test_multipliers(activation: str) -> None:
    """Sums of all sizes by the multipliers and shifts at the ends of their ranges and between."""
    rng = np.random.default_rng(3)
    sums = rng.integers(-(2**31) + 1, 2**31, 300) >> rng.integers(0, 31, 300)
    sums[:5] = [2**31 - 1, -(2**31) + 1, 0, 1, -1]
    read = Dense(np.eye(300, dtype=np.int8), np.zeros(300, np.int32), 0, "logits")
    for multiplier, shift in (
        (2, 0),
        (3, 1),
        (3, 20),
        (2**31 - 1, 0),
        (2**31 - 1, 62),
        (65537, 33),
    ):
        bias = sums.astype(np.int32)
        layer = Dense(np.zeros((300, 1), np.int8), bias, shift, activation, multiplier)
        network = Network((1, 1, 1), (layer, read))
        assert operators(network)["MatMulInteger"] == 2
        assert compared(network, np.zeros((1, 1, 1, 1), np.int8)) == 300


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize(("size", "stride"), [(2, 1), (2, 2), (3, 1), (3, 2), (3, 3)])
def test_pools(kind: str, size: int, stride: int) -> None:
    rng = np.random.default_rng([size, stride])
    shape = (3, 12, 11)
    images = random_images(rng, shape, 30)
    images[4:] //= 16  # small sums have ties near zero, of both signs
    assert compared(shown(Pool(kind, size, stride), shape), images) > 1_000


def test_random_networks() -> None:
    rng = np.random.default_rng(4)
    found: Counter[str] = Counter()
    for _ in range(60):
        network = random_network(rng)
        found += operators(network)
        compared(network, random_images(rng, network.input_shape, 30))
    for operator in (
        *("QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger"),
        *("MaxPool", "AveragePool", "Gather", "Clip"),
    ):
        assert found[operator] >= 5, operator


def test_all_layers_in_one_network() -> None:
    rng = np.random.default_rng(5)
    shape: Shape = (1, 16, 16)
    layers: list[Layer] = []
    for kind, activation in (
        *(("conv", "relu"), ("pool", None), ("conv", "tanh"), ("pool", None)),
        *(("dense", "sigmoid"), ("dense", "step"), ("dense", "linear"), ("dense", "logits")),
    ):
        layers.append(random_layer(rng, kind, shape, activation))
        shape = layers[-1].output_shape(shape)
    network = Network((1, 16, 16), tuple(layers))
    compared(network, random_images(rng, network.input_shape, 100))


def test_the_file(tmp_path: Path) -> None:
    """The same network gives the same bytes, which describe themselves."""
    first, second = tmp_path / "first.onnx", tmp_path / "second.onnx"
    network = mcculloch_pitts_and()
    save_onnx(first, network)
    save_onnx(second, network)
    assert first.read_bytes() == second.read_bytes()
    model = onnx.load(first)
    assert model.producer_name == "evoarray"
    images = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.int8)[:, :, np.newaxis, np.newaxis]
    assert run(model, images).tolist() == [[0], [0], [0], [127]]


# --- the command


def test_the_command_exports_a_network(evoarray: Evoarray, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    network = random_network(rng, (2, 9, 8), depth=3)
    save_network(tmp_path / "network.json", network)
    ended = evoarray("export", "network.json", "-o", "network.onnx")
    assert (ended.status, ended.err) == (0, "")
    assert f"images (n, 2, 9, 8) int8, from -127 to 127, become logits (n, {network.outputs})" in (
        ended.out
    )
    images = random_images(rng, network.input_shape, 40)
    logits = run(onnx.load(tmp_path / "network.onnx"), images)
    assert logits.tolist() == forward(network, images).tolist()
    assert len(np.unique(logits)) > 20


@pytest.fixture
def network_file(tmp_path: Path) -> Path:
    save_network(tmp_path / "network.json", mcculloch_pitts_and())
    return tmp_path / "network.json"


@pytest.mark.parametrize(
    "option",
    [
        *(["--name", "and"], ["--language", "verilog"], ["--pipeline", "none"], ["--stream"]),
        *(["--prove"], ["--synthesize"], ["--test-pair", "a.png", "b.png"], ["--convert"]),
        ["--after", "circuit.json"],
    ],
    ids=lambda option: option[0],
)
def test_options_of_circuits(evoarray: Evoarray, network_file: Path, option: list[str]) -> None:
    ended = evoarray("export", network_file, "-o", "and.onnx", *option)
    assert ended.status == 2
    assert f"{option[0]} is for circuits, and {network_file} is a network" in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not Path("and.onnx").exists()


def test_a_network_is_not_overwritten(evoarray: Evoarray, network_file: Path) -> None:
    before = network_file.read_bytes()
    ended = evoarray("export", network_file, "-o", network_file.name)
    assert ended.status == 2
    assert "network.json is read, and would be overwritten" in ended.err
    assert network_file.read_bytes() == before


def test_a_wrong_network_file(evoarray: Evoarray, network_file: Path) -> None:
    network_file.write_text(network_file.read_text().replace('"logits"', '"relu"'))
    ended = evoarray("export", network_file, "-o", "and.onnx")
    assert ended.status == 2
    assert f"{network_file} is not a usable network file: the activation of " in ended.err


def test_without_onnx(
    evoarray: Evoarray, network_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing: Any = None
    monkeypatch.setitem(sys.modules, "onnx", missing)
    ended = evoarray("export", network_file, "-o", "and.onnx")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == "evoarray: ONNX files need onnx: pip install 'evoarray[onnx]'\n"
    assert not Path("and.onnx").exists()
