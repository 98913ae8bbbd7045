# SPDX-License-Identifier: Apache-2.0
"""Random architectures, with random weights, for hypothesis."""

import numpy as np
from hypothesis import strategies as st

from evoarray.evolution.neuro.architecture import POOLS, Architecture, Block, Kernel, fitted
from evoarray.model.neuro.arithmetic import Int8

BLOCKS = st.builds(
    Block, st.integers(1, 4), st.integers(0, 1), st.integers(1, 2), st.sampled_from(POOLS)
)
LAYERS = st.tuples(
    st.lists(BLOCKS, min_size=1, max_size=3), st.lists(st.integers(1, 5), max_size=2)
)
SEEDS = st.integers(0, 2**32 - 1)


def architecture(layers: tuple[list[Block], list[int]]) -> Architecture:
    return fitted((1, 8, 8), *layers, 10)


def random_kernels(architecture: Architecture, seed: int) -> tuple[Kernel, ...]:
    """Return kernels in which every number is random."""
    rng = np.random.default_rng(seed)
    last = len(architecture.kernels) - 1
    return tuple(
        Kernel(
            rng.integers(-127, 128, shape, np.int8),
            rng.integers(-10000, 10000, shape[0], np.int32),
            int(rng.integers(5, 9)) if number < last else 0,
        )
        for number, shape in enumerate(architecture.kernels)
    )


def images(count: int, seed: int) -> Int8:
    return np.random.default_rng(seed).integers(0, 128, (count, 1, 8, 8), np.int8)
