# SPDX-License-Identifier: Apache-2.0
"""An evolved int8 network in the hand: it classifies, is drawn and saved."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evoarray.api.circuits import Drawing
from evoarray.evolution.neuro.drawing import draw_network
from evoarray.evolution.neuro.onnx import save_onnx
from evoarray.model.errors import InputError
from evoarray.model.neuro import network as files
from evoarray.model.neuro.arithmetic import LARGEST
from evoarray.model.neuro.forward import classify, forward


@dataclass(frozen=True)
class Network:
    """A network with int8 weights, as the neural core runs it. It never changes."""

    layers: files.Network

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        channels, height, width = self.layers.input_shape
        return channels, height, width

    @property
    def outputs(self) -> int:
        """How many logits there are, one for each class."""
        return self.layers.outputs

    @property
    def parameters(self) -> int:
        """How many weights and biases there are."""
        return self.layers.parameters

    @property
    def nonzero(self) -> int:
        """How many of them are not 0."""
        return self.layers.nonzero

    def logits(self, images: NDArray[np.int8]) -> NDArray[np.int32]:
        """Return the logits (n, outputs) int32 of images (n, channels, height, width) int8.

        Pixels are from -127 to 127. Raises InputError for other images.
        """
        return forward(self.layers, self._checked(images))

    def classify(self, images: NDArray[np.int8]) -> NDArray[np.int64]:
        """Return the class (n,) of images as `logits` takes them: that of the largest logit."""
        return np.asarray(classify(self.logits(images)), np.int64)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it: to .onnx as ONNX, to any other name as our JSON. Raises InputError."""
        place = Path(path)
        if place.suffix == ".onnx":
            save_onnx(place, self.layers)
        else:
            files.save_network(place, self.layers)

    def draw(self) -> Drawing:
        """Return its layers and weights as SVG."""
        return Drawing(draw_network(self.layers))

    def _checked(self, images: Any) -> NDArray[np.int8]:
        array = np.asarray(images)
        if array.dtype != np.int8 or array.shape[1:] != self.input_shape:
            legal = f"int8 and (n, {', '.join(map(str, self.input_shape))})"
            raise InputError(
                f"the images are an array of {array.dtype} and of the shape {array.shape}; they "
                f"must be {legal}"
            )
        if len(array) and array.min() < -LARGEST:
            raise InputError(f"a pixel is {array.min()}; it must be from -{LARGEST} to {LARGEST}")
        return array

    def __repr__(self) -> str:
        """Say what it is in one line."""
        shape = "x".join(map(str, self.input_shape))
        return f"<Network {shape} to {self.outputs}: {self.nonzero:,} of {self.parameters:,} not 0>"

    def _repr_svg_(self) -> str:
        return self.draw().svg
