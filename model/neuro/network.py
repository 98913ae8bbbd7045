# SPDX-License-Identifier: Apache-2.0
"""A network: its layers with their weights, checked where they are made, and its file."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evoarray.model.errors import InputError, refuse
from evoarray.model.files import check_keys, parse_json, read_text, write_atomically
from evoarray.model.neuro.layers import (
    SIDES,
    Conv,
    Dense,
    Layer,
    Pool,
    Shape,
    check_integer,
    check_name,
)

__all__ = ["Conv", "Dense", "Layer", "Network", "Pool", "Shape"]
__all__ += ["from_json", "load_network", "save_network", "to_json"]

FORMAT = "evoarray-network"
VERSION = 1
KEYS = ("format", "version", "input_shape", "layers", "provenance")
LAYERS: dict[str, type[Layer]] = {"dense": Dense, "conv": Conv, "pool": Pool}
LARGEST_CHANNELS = 4096


@dataclass(frozen=True, eq=False)
class Network:
    """Layers that fit one another, for images of input_shape (channels, height, width).

    The last one is Dense or Conv with the activation 'logits', and no other one has it. `shapes`
    are those after each layer. Raises InputError naming layer, key, value and what is legal.
    """

    input_shape: Shape
    layers: tuple[Layer, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    shapes: tuple[Shape, ...] = field(init=False)

    def __post_init__(self) -> None:
        if type(self.input_shape) is not tuple or len(self.input_shape) != 3:
            refuse("input_shape", self.input_shape, "channels, height and width")
        for key, number, limit in zip(
            ("channels", "height", "width"),
            self.input_shape,
            (LARGEST_CHANNELS, SIDES[1], SIDES[1]),
            strict=True,
        ):
            check_integer(f"the input's {key}", number, 1, limit)
        if type(self.layers) is not tuple or not self.layers:
            refuse("layers", self.layers, "a tuple of one layer or more")
        shapes = [self.input_shape]
        for number, layer in enumerate(self.layers):
            if not isinstance(layer, Layer):
                refuse(f"layers[{number}]", layer, "a Dense, a Conv or a Pool")
            try:
                shapes.append(layer.output_shape(shapes[-1]))
            except InputError as error:
                raise InputError(f"layers[{number}]: {error}") from None
            logits = not isinstance(layer, Pool) and layer.activation == "logits"
            if logits != (number == len(self.layers) - 1):
                kind = type(layer).__name__ if isinstance(layer, Pool) else layer.activation
                legal = "logits for the last layer and no other"
                refuse(f"the activation of layers[{number}]", kind, legal)
        object.__setattr__(self, "shapes", tuple(shapes[1:]))

    @property
    def outputs(self) -> int:
        """Number of logits."""
        return math.prod(self.shapes[-1])

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum(array.size for array in self._stored)

    @property
    def nonzero(self) -> int:
        """Number of weights and biases that are not zero."""
        return sum(int(np.count_nonzero(array)) for array in self._stored)

    @property
    def _stored(self) -> list[NDArray[np.integer]]:
        weighted = [layer for layer in self.layers if not isinstance(layer, Pool)]
        return [array for layer in weighted for array in (layer.weights, layer.bias)]

    def __eq__(self, other: object) -> bool:
        """Same input and layers; where the networks come from does not count."""
        if not isinstance(other, Network):
            return NotImplemented
        return self._text == other._text

    def __hash__(self) -> int:
        """Hash what equality compares."""
        return hash(self._text)

    @property
    def _text(self) -> tuple[Shape, tuple[str, ...]]:
        return self.input_shape, tuple(_layer_text(layer) for layer in self.layers)


def save_network(path: Path, network: Network) -> None:
    """Write a network file; nothing is left behind where that fails. Raises InputError."""
    write_atomically(path, to_json(network).encode())


def load_network(path: Path) -> Network:
    """Read a network file. Raises InputError with a sentence that says what is wrong in it."""
    text = read_text(path, "network file")
    try:
        return from_json(text)
    except InputError as error:
        raise InputError(f"{path} is not a usable network file: {error}") from None


def to_json(network: Network) -> str:
    """Return the text of a network file: a line of weights for each output, stable bytes."""
    layers = ",\n    ".join(_layer_text(layer) for layer in network.layers)
    provenance = json.dumps(dict(network.provenance), indent=2, allow_nan=False)
    values = {
        "format": json.dumps(FORMAT),
        "version": json.dumps(VERSION),
        "input_shape": json.dumps(network.input_shape),
        "layers": f"[\n    {layers}\n  ]",
        "provenance": provenance.replace("\n", "\n  "),
    }
    return "{\n" + ",\n".join(f'  "{key}": {value}' for key, value in values.items()) + "\n}\n"


def from_json(text: str) -> Network:
    """Return the network of a network file's text. Raises InputError naming key and value."""
    data = parse_json(text, FORMAT, VERSION, KEYS)
    if not isinstance(data["input_shape"], list):
        refuse("input_shape", data["input_shape"], "a list of channels, height and width")
    if not isinstance(data["layers"], list):
        refuse("layers", data["layers"], "a list of layers")
    if not isinstance(data["provenance"], dict):
        refuse("provenance", data["provenance"], "an object")
    layers = []
    for number, entry in enumerate(data["layers"]):
        try:
            layers.append(_layer_of(entry))
        except InputError as error:
            raise InputError(f"layers[{number}]: {error}") from None
    return Network(tuple(data["input_shape"]), tuple(layers), data["provenance"])


def _layer_text(layer: Layer) -> str:
    lines = [f'"layer": "{type(layer).__name__.lower()}"']
    for key, value in _values(layer).items():
        if key == "weights":
            rows = ",\n        ".join(json.dumps(row) for row in value.tolist())
            lines.append(f'"weights": [\n        {rows}\n      ]')
        else:
            plain = value.tolist() if isinstance(value, np.ndarray) else value
            lines.append(f'"{key}": {json.dumps(plain)}')
    return "{\n      " + ",\n      ".join(lines) + "\n    }"


def _values(layer: Layer) -> dict[str, Any]:
    return {part.name: getattr(layer, part.name) for part in fields(layer)}


def _layer_of(entry: object) -> Layer:
    if not isinstance(entry, dict):
        refuse("it", entry, "an object")
    check_name("layer", entry.get("layer"), tuple(LAYERS))
    kind = LAYERS[entry["layer"]]
    check_keys(entry, ("layer", *(part.name for part in fields(kind))))
    if kind is not Pool:
        _check_numbers("weights", entry["weights"], 2 if kind is Dense else 4)
        _check_numbers("bias", entry["bias"], 1)
    return kind(**{key: value for key, value in entry.items() if key != "layer"})


def _check_numbers(key: str, value: object, depth: int) -> tuple[int, ...]:
    """Refuse anything but lists nested evenly to this depth, with whole numbers; give the shape."""
    if not depth:
        if type(value) is not int:  # True is an int, but not a weight
            refuse(key, value, "a whole number")
        return ()
    if not isinstance(value, list) or not value:
        refuse(key, value, "a list that is not empty")
    shapes = [_check_numbers(f"{key}[{i}]", item, depth - 1) for i, item in enumerate(value)]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            refuse(f"the shape of {key}[{i}]", shape, f"{shapes[0]}, that of {key}[0]")
    return (len(value), *shapes[0])
