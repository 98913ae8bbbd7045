# SPDX-License-Identifier: Apache-2.0
"""The one random number generator of evolution, defined in integers so that anyone can repeat it.

PCG32 (M. O'Neill, PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for
Random Number Generation, HMC-CS-2014-0905, 2014): a 64-bit linear congruential state whose upper
bits are permuted into 32 bits of output. docs/evolution.md says in which order evolution draws.
"""

from dataclasses import dataclass

import numpy as np

_MULTIPLIER = 6364136223846793005
_MASK64 = (1 << 64) - 1
_MASK32 = (1 << 32) - 1


@dataclass(slots=True)
class Random:
    """A PCG32 generator: state and increment, each 64 bits, the increment odd."""

    state: int
    increment: int

    @classmethod
    def stream(cls, seed: int, *key: int) -> "Random":
        """Return the generator of a seed and a key such as (run, tribe), independent of others."""
        words = np.random.SeedSequence(seed, spawn_key=key).generate_state(2, np.uint64)
        return cls(int(words[0]), int(words[1]) | 1)

    def below(self, bound: int) -> int:
        """Return a number from 0 to bound - 1: the upper half of a 32-bit draw times the bound.

        Bounds of equally likely values are below 2^13, so that none is more than one part in 2^19
        likelier than another; those of a roulette wheel are larger, and 2^-32 is what its shares
        may be off. The seed of a graph is a draw of 31 bits.
        """
        return self._next() * bound >> 32

    def exponential(self) -> int:
        """Return a number that is about exponentially distributed, with the mean 98304.

        It is -log2 of a draw from (0, 1], with straight lines between powers of two: 65536 is one
        halving, and the mean is one and a half of them.
        """
        draw = self._next() or 1
        halvings = 32 - draw.bit_length()
        below_one = (draw << halvings) & (_MASK32 >> 1)  # what follows the leading 1, of 31 bits
        return (halvings + 1 << 16) - (below_one >> 15)

    def _next(self) -> int:
        old = self.state
        self.state = (old * _MULTIPLIER + self.increment) & _MASK64
        shifted = (((old >> 18) ^ old) >> 27) & _MASK32
        rotation = old >> 59
        return (shifted >> rotation | shifted << (32 - rotation)) & _MASK32
