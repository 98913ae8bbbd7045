# SPDX-License-Identifier: Apache-2.0
"""The smallest networks: one threshold neuron, set by hand or learned.

Each has inputs 0 or 1 and one logit: 127 where its neuron fires, 0 where it does not.
"""

from collections.abc import Sequence

import numpy as np

from evoarray.model.errors import InputError
from evoarray.model.neuro.network import Dense, Network


def mcculloch_pitts_and() -> Network:
    """Return the neuron that fires when both its inputs do: two weights and a threshold.

    Source: McCulloch and Pitts, A logical calculus of the ideas immanent in nervous activity,
    Bulletin of Mathematical Biophysics 5, 1943.
    """
    return _neuron([1, 1], -2)


def perceptron(
    inputs: Sequence[Sequence[int]], labels: Sequence[bool], passes: int = 1000
) -> Network:
    """Return the neuron that has learned which inputs (n, inputs) of 0 and 1 make it fire.

    Whenever it is wrong on a sample, that sample's inputs are added to its weights or taken from
    them, in integers, until a pass over all samples has no error. Raises InputError where `passes`
    do not suffice: no single neuron can do XOR. Source: Rosenblatt, The perceptron, Psychological
    Review 65, 1958.
    """
    weights = [0] * len(inputs[0])
    bias = 0
    for _ in range(passes):
        errors = 0
        for sample, label in zip(inputs, labels, strict=True):
            fires = bias + sum(w * x for w, x in zip(weights, sample, strict=True)) >= 0
            if fires != label:
                errors += 1
                step = 1 if label else -1
                weights = [w + step * x for w, x in zip(weights, sample, strict=True)]
                bias += step
        if not errors:
            return _neuron(weights, bias)
    raise InputError(
        f"no perceptron was found in {passes} passes; the samples may need more layers"
    )


def _neuron(weights: list[int], bias: int) -> Network:
    fire = Dense(np.array([weights], np.int8), np.array([bias], np.int32), 0, "step")
    read = Dense(np.array([[1]], np.int8), np.array([0], np.int32), 0, "logits")
    return Network((len(weights), 1, 1), (fire, read))
