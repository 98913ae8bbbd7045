# SPDX-License-Identifier: Apache-2.0
"""The cores that the tests run on."""

from dataclasses import replace

from evoarray.model.neuro.program import Core

SMALL = Core(
    *(9, 1),
    layers=5,
    activations=252,
    positions=36,
    weights=360,
    biases=20,
    tables=4,
    multiplier=0,
)
"""The smallest one that has a place for all that the tests load."""
WIDE = Core(12, 5, layers=6, activations=306, positions=36, weights=360, biases=40)
"""With rows that convolutions do not use, and rows of weights that take two words."""
LARGE = replace(WIDE, activations=64 * 64, positions=32 * 32, weights=1056, biases=64)
"""For the largest maps, and for sums of more than 24 bits."""
