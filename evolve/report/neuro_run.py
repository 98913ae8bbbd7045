# SPDX-License-Identifier: Apache-2.0
"""What a report says of a run that evolved a network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from evoarray.evolution.neuro.algorithms import data_of
from evoarray.evolution.neuro.data import Digits
from evoarray.evolution.neuro.judge import Judged, judge
from evoarray.evolution.neuro.loop import Search
from evoarray.evolution.neuro.neat.problems import PROBLEMS
from evoarray.evolution.neuro.neat.settings import NeatSettings
from evoarray.evolution.neuro.run import NeuroJob, champion_of
from evoarray.evolution.runs.database import Event, Row
from evoarray.model.filter.functions import Plane
from evoarray.model.neuro.forward import classify, forward
from evoarray.model.neuro.layers import Dense, Pool
from evoarray.model.neuro.network import Network

ALWAYS = ("algorithm", "problem", "evaluations", "seed")
"""Options that are told even if they are as by default."""

SHOWN = 24
"""Digits that are shown of those that are misread."""


@dataclass(frozen=True)
class Misread:
    """An image of the test (height, width) uint8, what it is, and what it is taken for."""

    image: Plane
    label: int
    called: int


@dataclass(frozen=True)
class LayerFacts:
    """A layer in words and numbers."""

    kind: str
    shape: str
    stored: int
    nonzero: int
    activation: str


@dataclass(frozen=True)
class NeuroRun:
    """A run as it was saved last; state is that of a list of runs."""

    name: str
    state: str
    created: str
    command: str
    job: NeuroJob
    search: Search
    rows: Sequence[Row]
    events: Sequence[Event]

    @cached_property
    def network(self) -> Network:
        """The network that was best for validation so far."""
        return champion_of(self.job, self.search)

    @cached_property
    def data(self) -> Digits:
        """The images of the run."""
        return data_of(self.job.settings)

    @property
    def cases(self) -> str:
        """What they are called."""
        settings = self.job.settings
        return PROBLEMS[settings.problem].cases if isinstance(settings, NeatSettings) else "digits"

    @property
    def parts(self) -> Mapping[str, str]:
        """The parts of the images, and what they were for."""
        if self.data.test is self.data.training:
            return {"test": "it learned from them: there are no others"}
        return {
            "training": "it learned from them",
            "validation": "they chose the network among the fittest",
            "test": "nothing was chosen by them",
        }

    @cached_property
    def judged(self) -> Judged:
        """What it comes to on all images."""
        return judge(self.network, self.data)

    @cached_property
    def misread(self) -> Sequence[Misread]:
        """The images of the test that the network takes for others, if one can look at them."""
        test = self.data.test
        if self.network.input_shape[0] > 1:
            return []
        called = classify(forward(self.network, test.images))
        return [
            Misread(_bright(test.images[i, 0]), int(test.labels[i]), int(called[i]))
            for i in np.flatnonzero(called != test.labels)
        ]

    @cached_property
    def fields(self) -> Sequence[Plane]:
        """What each unit of the first layer looks for: its weights as images, grey is 0.

        There are none where the first layer does not see the pixels in their places.
        """
        first, (channels, height, width) = self.network.layers[0], self.network.input_shape
        if not isinstance(first, Dense) or channels != 1:
            return []
        return [_grey(weights.reshape(height, width)) for weights in first.weights]

    @property
    def layers(self) -> Sequence[LayerFacts]:
        """The layers, the first one first."""
        network = self.network
        facts = []
        for layer, shape in zip(network.layers, network.shapes, strict=True):
            size = " x ".join(map(str, shape)) if shape[1:] != (1, 1) else str(shape[0])
            if isinstance(layer, Pool):
                facts.append(
                    LayerFacts(f"{layer.kind} of {layer.size} x {layer.size}", size, 0, 0, "")
                )
                continue
            arrays = (layer.weights, layer.bias)
            kind = "dense" if isinstance(layer, Dense) else "convolution 3 x 3"
            counts = sum(a.size for a in arrays), sum(int(np.count_nonzero(a)) for a in arrays)
            facts.append(LayerFacts(kind, size, *counts, layer.activation))
        return facts

    @property
    def sizes(self) -> Mapping[str, int]:
        """What else there is to count in the network."""
        return self.search.algorithm.sizes(self.search.chosen)

    @property
    def counters(self) -> Mapping[str, int]:
        """How often things happened."""
        return dict(sorted(self.search.algorithm.counters.items()))

    @property
    def asked(self) -> Sequence[tuple[str, str]]:
        """Options that are not as by default."""
        return [
            (each.name.replace("_", "-"), str(value))
            for each in fields(self.job.settings)
            for value in [getattr(self.job.settings, each.name)]
            if each.name in ALWAYS or value != each.default
        ]


def _bright(image: np.ndarray) -> Plane:
    """Return an image (height, width) int8 0..127 as a page shows it: ink is dark."""
    return (255 - 2 * image.astype(np.int64)).astype(np.uint8)


def _grey(weights: np.ndarray) -> Plane:
    return (128 + weights.astype(np.int64)).astype(np.uint8)
