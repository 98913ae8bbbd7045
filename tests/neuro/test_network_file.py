# SPDX-License-Identifier: Apache-2.0
"""The network file of format version 1 and the networks that a program makes: what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evoarray.model.errors import InputError
from evoarray.model.neuro.network import (
    Conv,
    Dense,
    Network,
    Pool,
    from_json,
    load_network,
    save_network,
    to_json,
)
from tests.neuro.networks import random_network

KEYS = ("format", "version", "input_shape", "layers", "provenance")


def example() -> dict[str, Any]:
    """A legal file with a layer of each kind and the ends of each range."""
    return {
        "format": "evoarray-network",
        "version": 1,
        "input_shape": [1, 5, 5],
        "layers": [
            {
                "layer": "conv",
                "weights": [[[[1, -2, 3], [4, 5, -6], [7, 8, 9]]], [[[127, 0, -127]] * 3]],
                "bias": [2**31 - 1 - 127 * 45, -5],
                "shift": 31,
                "activation": "relu",
                "stride": 1,
                "padding": 0,
                "multiplier": 1,
            },
            {"layer": "pool", "kind": "average", "size": 2, "stride": 1},
            {
                "layer": "dense",
                "weights": [[1, 2, 3, 4, 5, 6, 7, 8], [0, 0, 0, 0, 0, 0, 0, -127]],
                "bias": [100, -100],
                "shift": 62,
                "activation": "tanh",
                "multiplier": 2**31 - 1,
            },
            {
                "layer": "dense",
                "weights": [[1, -1], [2, 2], [0, 0]],
                "bias": [0, 1, -1],
                "shift": 0,
                "activation": "logits",
                "multiplier": 1,
            },
        ],
        "provenance": {"seed": 7, "author": "Bartolomé", "note": "a\nb", "list": [1, None, 0.5]},
    }


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """The example with another value at this path."""
    data = example()
    place: Any = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return data


def refusal(text: str) -> str:
    """What the reader says to this text: always one sentence on one line of bearable length."""
    with pytest.raises(InputError) as caught:
        from_json(text)
    message = str(caught.value)
    assert message.strip()
    assert len(message.splitlines()) == 1
    assert len(message) < 300
    return message


# Written and read


def test_a_file_holds_exactly_the_keys_of_the_format(tmp_path: Path) -> None:
    path = tmp_path / "network.json"
    save_network(path, from_json(json.dumps(example())))
    written = json.loads(path.read_bytes().decode("utf-8"))
    assert written == example()
    assert tuple(written) == KEYS


def test_reading_gives_the_values() -> None:
    """Among them the largest legal shifts, multiplier and accumulator."""
    network = from_json(json.dumps(example()))
    assert network.input_shape == (1, 5, 5)
    assert network.shapes == ((2, 3, 3), (2, 2, 2), (2, 1, 1), (3, 1, 1))
    conv, pool, dense, logits = network.layers
    assert isinstance(conv, Conv)
    assert conv.weights.tolist() == example()["layers"][0]["weights"]
    assert (conv.shift, conv.activation, conv.stride, conv.padding) == (31, "relu", 1, 0)
    assert pool == Pool("average", 2, 1)
    assert isinstance(dense, Dense)
    assert dense.bias.tolist() == [100, -100]
    assert (dense.shift, dense.multiplier) == (62, 2**31 - 1)
    assert isinstance(logits, Dense)
    assert network.provenance == example()["provenance"]


@pytest.mark.parametrize("seed", range(10))
def test_round_trip(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "network.json"
    network = random_network(np.random.default_rng(seed))
    save_network(path, network)
    again = load_network(path)
    assert again == network
    assert again.shapes == network.shapes
    assert again.provenance == {}


def test_bytes_are_stable(tmp_path: Path) -> None:
    """Order of keys and spaces in what was read leave no trace; a second pass changes nothing."""
    tight = json.dumps(example(), separators=(",", ":"))
    turned = json.dumps(dict(reversed(example().items())), indent=7, ensure_ascii=False)
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    save_network(first, from_json(tight))
    first_bytes = first.read_bytes()
    assert first_bytes.endswith(b"}\n")
    save_network(second, load_network(first))
    assert second.read_bytes() == first_bytes
    assert to_json(from_json(turned)).encode("utf-8") == first_bytes


# Refused

CHANGES: list[tuple[tuple[str | int, ...], Any, tuple[str, ...]]] = [
    # where, its illegal value, what the sentence names, in this order
    (("format",), "evoarray-circuit", ("evoarray-network",)),
    (("version",), 2, ("version", "2", "1")),
    (("version",), True, ("version", "True")),
    (("input_shape",), "1x5x5", ("input_shape", "1x5x5", "channels, height and width")),
    (("input_shape",), [1, 5], ("input_shape", "channels, height and width")),
    (("input_shape",), [0, 5, 5], ("channels", "0", "1 to 4096")),
    (("input_shape",), [1, 65, 5], ("height", "65", "1 to 64")),
    (("input_shape",), [1, 5, 5.0], ("width", "5.0", "1 to 64")),
    (("input_shape",), [1, 5, [5]], ("width", "[5]", "1 to 64")),
    (("input_shape",), [2, 5, 5], ("layers[0]", "input channels", "1", "2")),
    (("input_shape",), [1, 2, 5], ("layers[0]", "height", "2", "3 to 64")),
    (("input_shape",), [1, 6, 5], ("layers[2]", "inputs", "8", "12")),
    (("layers",), {}, ("layers", "a list")),
    (("layers",), [], ("layers", "one layer or more")),
    (("layers", 1), "pool", ("layers[1]", "pool", "an object")),
    (("layers", 1), {"kind": "max"}, ("layers[1]", "layer", "None", "dense, conv, pool")),
    (("layers", 1, "layer"), "flatten", ("layers[1]", "flatten", "dense, conv, pool")),
    (("layers", 1, "layer"), ["pool"], ("layers[1]", "['pool']", "dense, conv, pool")),
    (("layers", 1, "kind"), "mean", ("layers[1]", "kind", "mean", "max, average")),
    (("layers", 1, "kind"), None, ("layers[1]", "kind", "None")),
    (("layers", 1, "size"), 4, ("layers[1]", "size", "4", "2 to 3")),
    (("layers", 1, "size"), 2.0, ("layers[1]", "size", "2.0")),
    (("layers", 1, "stride"), 0, ("layers[1]", "stride", "0", "1 to 2")),
    (("layers", 1, "stride"), 3, ("layers[1]", "stride", "3", "1 to 2")),
    (("layers", 1, "padding"), 0, ("layers[1]", "padding", "unknown")),
    (("layers", 0, "stride"), 3, ("layers[0]", "stride", "3", "1 to 2")),
    (("layers", 0, "padding"), 2, ("layers[0]", "padding", "2", "0 to 1")),
    (("layers", 0, "padding"), False, ("layers[0]", "padding", "False")),
    (("layers", 0, "shift"), 32, ("layers[0]", "shift", "32", "0 to 31")),
    (("layers", 0, "shift"), -1, ("layers[0]", "shift", "-1", "0 to 31")),
    (("layers", 2, "shift"), 63, ("layers[2]", "shift", "63", "0 to 62")),
    (("layers", 0, "multiplier"), 0, ("layers[0]", "multiplier", "0", "1 to 2147483647")),
    (("layers", 2, "multiplier"), 2**31, ("layers[2]", "multiplier", "2147483648")),
    (("layers", 0, "activation"), "ReLU", ("layers[0]", "activation", "ReLU", "relu")),
    (("layers", 0, "activation"), {}, ("layers[0]", "activation", "{}")),
    (("layers", 0, "activation"), "logits", ("layers[0]", "scale of logits", "shift 0")),
    (("layers", 3, "activation"), "linear", ("layers[3]", "linear", "logits")),
    (("layers", 3, "shift"), 1, ("layers[3]", "scale of logits", "1", "shift 0")),
    (("layers", 3, "multiplier"), 3, ("layers[3]", "scale of logits", "3", "multiplier 1")),
    (("layers", 2, "weights"), 0, ("layers[2]", "weights", "0", "a list")),
    (("layers", 2, "weights"), [], ("layers[2]", "weights", "[]", "not empty")),
    (("layers", 2, "weights"), [[], []], ("layers[2]", "weights[0]", "[]", "not empty")),
    (("layers", 2, "weights", 1), [0] * 7, ("layers[2]", "weights[1]", "(7,)", "(8,)")),
    (("layers", 2, "weights", 1, 7), 128, ("layers[2]", "weights", "-127 to 127")),
    (("layers", 2, "weights", 1, 7), -128, ("layers[2]", "weights", "-127 to 127")),
    (("layers", 2, "weights", 1, 7), 10**30, ("layers[2]", "weights", "-127 to 127")),
    (("layers", 2, "weights", 1, 7), 1.0, ("layers[2]", "weights[1][7]", "1.0")),
    (("layers", 2, "weights", 1, 7), True, ("layers[2]", "weights[1][7]", "True")),
    (("layers", 2, "weights", 1, 7), None, ("layers[2]", "weights[1][7]", "None")),
    (("layers", 2, "weights", 1, 7), "1", ("layers[2]", "weights[1][7]", "'1'")),
    (("layers", 2, "weights", 1, 7), [1], ("layers[2]", "weights[1][7]", "[1]")),
    (("layers", 0, "weights"), [[1]], ("layers[0]", "weights[0][0]", "1", "a list")),
    (("layers", 0, "weights"), [[[[1, 2, 3]] * 2]] * 2, ("kernel", "(2, 3)", "(3, 3)")),
    (("layers", 0, "weights", 1), [[[1, 2, 3]] * 2], ("weights[1]", "(1, 2, 3)", "(1, 3, 3)")),
    (("layers", 0, "weights"), [[[[1, 2], [3, 4]]], [[[1], [2]]]], ("weights[1]", "(1, 2, 1)")),
    (("layers", 2, "bias"), [1], ("layers[2]", "the shape of bias", "(1,)", "(2,)")),
    (("layers", 2, "bias"), [[1], [2]], ("layers[2]", "bias[0]", "[1]", "a whole number")),
    (("layers", 2, "bias"), [1, 2**31], ("layers[2]", "bias", "-2147483647 to 2147483647")),
    (("layers", 2, "bias"), [1, -(2**31)], ("layers[2]", "bias", "-2147483647 to 2147483647")),
    (("layers", 0, "bias", 0), 2**31 - 127 * 45, ("layers[0]", "accumulator", "2147483648")),
    (("layers", 0, "bias", 0), 127 * 45 - 2**31, ("layers[0]", "accumulator", "2147483648")),
    (("provenance",), [], ("provenance", "object")),
]


@pytest.mark.parametrize(("path", "value", "named"), CHANGES, ids=lambda part: repr(part)[:50])
def test_illegal_value(path: tuple[str | int, ...], value: Any, named: tuple[str, ...]) -> None:
    """The sentence names the layer, the key, then the value, then what is legal."""
    message = refusal(json.dumps(changed(path, value)))
    place = 0
    for part in named:
        assert part in message[place:], message
        place = message.index(part, place) + len(part)


@pytest.mark.parametrize("key", KEYS)
def test_missing_key(key: str) -> None:
    data = example()
    del data[key]
    assert key in refusal(json.dumps(data))


@pytest.mark.parametrize(
    ("layer", "key"),
    [
        *((0, key) for key in example()["layers"][0]),
        *((1, key) for key in example()["layers"][1]),
        *((2, key) for key in example()["layers"][2]),
    ],
)
def test_missing_key_of_a_layer(layer: int, key: str) -> None:
    data = example()
    del data["layers"][layer][key]
    message = refusal(json.dumps(data))
    assert f"layers[{layer}]" in message
    assert key in message


@pytest.mark.parametrize(("extra", "name"), [("weights", "weights"), ("a\nb", r"a\nb")])
def test_extra_key(extra: str, name: str) -> None:
    assert name in refusal(json.dumps(example() | {extra: 1}))
    assert name in refusal(json.dumps(changed(("layers", 1, extra), 1)))


def test_duplicate_key() -> None:
    """JSON leaves open which of the two counts, so neither may."""
    text = json.dumps(example())
    for old, new in (
        ('"version": 1', '"version": 1, "version": 1'),
        ('"size": 2', '"size": 2, "size": 3'),
    ):
        assert old in text
        assert "twice" in refusal(text.replace(old, new))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        json.dumps(example())[:-1],
        json.dumps(example()) * 2,
        "\ufeff" + json.dumps(example()),
        json.dumps(example()).replace("100", "NaN"),
        json.dumps(example()).replace("100", "1" * 5000),
        "[" * 100_000,
        json.dumps(example()).replace("100", "[" * 100_000 + "]" * 100_000),
    ],
    ids=lambda text: repr(text[:10] + ".." + text[-10:]),
)
def test_not_a_network(text: str) -> None:
    assert refusal(text)


def test_a_cut_file_is_never_read() -> None:
    text = to_json(from_json(json.dumps(example())))
    for end in range(0, len(text) - 2, 7):
        assert refusal(text[:end])


@pytest.mark.parametrize(
    "make",
    [
        lambda _: None,
        Path.mkdir,
        Path.touch,
        lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        lambda path: path.write_bytes(json.dumps(example()).encode("utf-16")),
        lambda path: path.write_text(json.dumps(changed(("version",), 2)), encoding="utf-8"),
    ],
    ids=["missing", "folder", "empty", "PNG", "UTF-16", "another version"],
)
def test_unusable_file_is_named(tmp_path: Path, make: Callable[[Path], object]) -> None:
    path = tmp_path / "network.json"
    make(path)
    with pytest.raises(InputError) as caught:
        load_network(path)
    message = str(caught.value)
    assert "network.json" in message
    assert "network file" in message
    assert len(message.splitlines()) == 1


def test_writing_into_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing"):
        save_network(tmp_path / "missing" / "network.json", from_json(json.dumps(example())))


# Networks made by a program

ONE = Dense(np.ones((2, 4), np.int8), np.zeros(2, np.int32), 0, "logits")


@pytest.mark.parametrize(
    ("weights", "bias", "named"),
    [
        (np.ones((2, 4)), np.zeros(2, np.int32), "weights"),
        (np.ones((2, 4), np.bool_), np.zeros(2, np.int32), "weights"),
        (np.ones(4, np.int8), np.zeros(2, np.int32), "the shape of weights"),
        (np.ones((0, 4), np.int8), np.zeros(0, np.int32), "the shape of weights"),
        (np.ones((2, 0), np.int8), np.zeros(2, np.int32), "the shape of weights"),
        (np.ones((2, 4), np.int8), np.zeros(2), "bias"),
        (np.ones((2, 4), np.int8), np.zeros((2, 1), np.int32), "the shape of bias"),
        (np.ones((2, 4), np.int8), np.zeros(0, np.int32), "the shape of bias"),
    ],
)
def test_arrays_that_are_no_layer(weights: Any, bias: Any, named: str) -> None:
    with pytest.raises(InputError, match=named):
        Dense(weights, bias, 0, "logits")


@pytest.mark.parametrize(
    ("input_shape", "layers", "named"),
    [
        ([4, 1, 1], (ONE,), "input_shape"),
        ((4, 1), (ONE,), "input_shape"),
        ((np.int64(4), 1, 1), (ONE,), "channels"),
        ((4, 1, 1), [ONE], "layers"),
        ((4, 1, 1), (), "layers"),
        ((4, 1, 1), ("dense",), r"layers\[0\]"),
        ((5, 1, 1), (ONE,), r"layers\[0\]"),
        ((4, 1, 1), (ONE, ONE), r"layers\[0\]|layers\[1\]"),
        ((1, 4, 4), (Pool("max", 3, 1),), "Pool"),
    ],
)
def test_parts_that_are_no_network(input_shape: Any, layers: Any, named: str) -> None:
    with pytest.raises(InputError, match=named):
        Network(input_shape, layers)


def test_a_network_cannot_be_written_that_could_not_be_read() -> None:
    """NaN is no JSON."""
    with pytest.raises((InputError, ValueError)):
        to_json(Network((4, 1, 1), (ONE,), {"accuracy": float("nan")}))
