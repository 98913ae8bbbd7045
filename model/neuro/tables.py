# SPDX-License-Identifier: Apache-2.0
"""The activations that are read from a table of 256 bytes."""

import math
from functools import cache

import numpy as np

from evoarray.model.neuro.arithmetic import LARGEST, Int8

STEPS = 16  # of the input in one unit: the value x stands for x / 16


def _sigmoid(u: float) -> float:
    return 1 / (1 + math.exp(-u))


def _step(u: float) -> float:
    return 1.0 if u >= 0 else 0.0


FUNCTIONS = {"sigmoid": _sigmoid, "tanh": math.tanh, "step": _step}


@cache
def table(name: str) -> Int8:
    """Return the table of 'sigmoid', 'tanh' or 'step', (256,) int8, read-only.

    Entry i belongs to the int8 value x with the bits of i: it is 127 f(x / 16), rounded half to
    even. Equals the memory of rtl/neuro/evoarray_activation_lut.v. Source:
    Hernández-Hernández, 2022, slides on the neuron (step) and on activation functions.
    """
    inputs = np.arange(256, dtype=np.uint8).view(np.int8) / STEPS
    entries = np.rint([LARGEST * FUNCTIONS[name](u) for u in inputs.tolist()]).astype(np.int8)
    entries.flags.writeable = False
    return entries
