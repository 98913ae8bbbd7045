# SPDX-License-Identifier: Apache-2.0
"""From trained weights to a network of int8: the scales are powers of two where it matters.

The weights of a layer are stretched to -127..127 by any factor; what the layer passes on is scaled
back by a shift alone. The unit of its values is then whatever comes out, and only the next layer's
bias needs to know it.
"""

import math
from dataclasses import replace

import numpy as np

from evoarray.evolution.neuro.architecture import Architecture, Kernel
from evoarray.evolution.neuro.trainer import STEP, Weights
from evoarray.model.neuro.arithmetic import LARGEST, Int8, Int64
from evoarray.model.neuro.forward import accumulate, activate, pool
from evoarray.model.neuro.network import Network

CLIPPED = 0.001
"""The part of a layer's values that may be cut off at 127, so that the others are finer."""

_MOST_BIAS = 1 << 30
"""Half of what an accumulator holds."""


def quantise(architecture: Architecture, weights: Weights, images: Int8) -> Network:
    """Return the int8 network of trained weights, calibrated on images (n, channels, ...) int8.

    Source: Jacob and others, Quantization and training of neural networks for efficient
    integer-arithmetic-only inference, CVPR 2018, section 2; its multiplier is 1 here.
    """
    kernels: list[Kernel] = []
    values, unit = images, STEP
    for number, (kernel, bias) in enumerate(weights):
        step = float(np.abs(kernel).max()) / LARGEST or 1.0
        offset = np.rint(bias / (unit * step)).clip(-_MOST_BIAS, _MOST_BIAS)
        raw = Kernel(np.rint(kernel / step).astype(np.int8), offset.astype(np.int32), 0)
        if number == len(weights) - 1:
            kernels.append(raw)
            break
        layer = architecture.layer(number, raw)
        sums = accumulate(values, layer)
        shift = _shift(sums)
        kernels.append(replace(raw, shift=shift))
        values = activate(sums, replace(layer, shift=shift))
        if behind := architecture.pool(number):
            values = pool(values, behind.kind, behind.size, behind.stride).astype(np.int8)
        unit *= step * 2**shift
    return architecture.network(kernels)


def _shift(sums: Int64) -> int:
    """Return the smallest shift that leaves nearly all sums within 127."""
    largest = float(np.quantile(sums, 1 - CLIPPED))
    return max(0, math.ceil(math.log2(max(largest, 1) / LARGEST)))
