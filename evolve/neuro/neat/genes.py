# SPDX-License-Identifier: Apache-2.0
"""What NEAT's genomes are made of: connections between numbered nodes, by innovation numbers.

Source: K. Stanley and R. Miikkulainen, Evolving Neural Networks through Augmenting Topologies,
Evolutionary Computation 10(2), 2002; "the paper" in this folder. Here weights are int8 from the
start, and there are no recurrent connections, so that genes are what the array computes
(mapping.py).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from math import prod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from evoarray.model.neuro.layers import check_integer, check_name
from evoarray.model.neuro.network import Shape

Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

ACTIVATIONS: Mapping[str, int] = {"relu": 0, "linear": 0, "step": -64}
"""Those of hidden nodes, and what an identity lane adds before them (mapping.py)."""

LARGEST_SHIFT = 6
"""So that 2**shift is a weight."""


@dataclass(frozen=True)
class Frame:
    """What all genomes of a run have in common.

    Nodes are numbered: inputs of shape (channels, height, width) from 0, then the bias, which is an
    input that is always 127, then the outputs, then hidden ones. Hidden values are `activation` of
    the accumulator over 2**shift; outputs are bare accumulators, the logits. Raises InputError for
    an illegal activation or shift.
    """

    input_shape: Shape
    outputs: int
    activation: str = "relu"
    shift: int = 6

    def __post_init__(self) -> None:
        check_name("activation", self.activation, tuple(ACTIVATIONS))
        check_integer("shift", self.shift, 0, LARGEST_SHIFT)

    @property
    def bias(self) -> int:
        """The number of the bias, which is also that of inputs."""
        return prod(self.input_shape)

    @property
    def first_output(self) -> int:
        """The number of the first output; the others follow."""
        return self.bias + 1

    @property
    def first_hidden(self) -> int:
        """The number of the first hidden node."""
        return self.first_output + self.outputs

    @property
    def unit(self) -> int:
        """The weight that stands for 1."""
        return 1 << self.shift


@dataclass(frozen=True, eq=False)
class Genes:
    """Connection genes in the order of their innovation numbers, a read-only column for each part.

    innovations, sources and targets (n,) int64, weights (n,) int64 from -127 to 127, enabled (n,)
    bool. No two genes join the same nodes, and all together have no cycle, disabled ones included.
    """

    frame: Frame
    innovations: Whole
    sources: Whole
    targets: Whole
    weights: Whole
    enabled: Flags

    def __post_init__(self) -> None:
        for column in self.columns:
            column.flags.writeable = False

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """The parts of all genes, in the order in which the constructor takes them."""
        return self.innovations, self.sources, self.targets, self.weights, self.enabled

    def __len__(self) -> int:
        return len(self.innovations)

    @cached_property
    def hidden(self) -> Whole:
        """The numbers of the hidden nodes (h,) int64, ascending."""
        ends = np.unique(np.concatenate([self.sources, self.targets]))
        return ends[ends >= self.frame.first_hidden]

    def taking(self, positions: Whole | Flags) -> Self:
        """Return these genes alone."""
        return type(self)(self.frame, *(column[positions] for column in self.columns))

    def to_json(self) -> dict[str, Any]:
        """Return what from_json makes genes of; JSON can hold it."""
        genes = zip(*(column.tolist() for column in self.columns), strict=True)
        return {"frame": asdict(self.frame), "genes": [list(gene) for gene in genes]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the genes of which to_json made this data."""
        frame = Frame(**{**data["frame"], "input_shape": tuple(data["frame"]["input_shape"])})
        numbers, sources, targets, weights, enabled = (
            np.array(data["genes"], np.int64).reshape(-1, 5).T.copy()
        )
        return cls(frame, numbers, sources, targets, weights, enabled.astype(np.bool_))
