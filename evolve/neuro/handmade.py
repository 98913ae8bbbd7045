# SPDX-License-Identifier: Apache-2.0
"""A CNN as people make them, trained: what evolved ones are compared with."""

from collections.abc import Sequence
from typing import Any

from evoarray.evolution.neuro.algorithm import Algorithm, Reals
from evoarray.evolution.neuro.architecture import Architecture, Block
from evoarray.evolution.neuro.deepga import TrainedCnn, trained, trained_of
from evoarray.evolution.neuro.settings import NeuroSettings
from evoarray.model.neuro.layers import Pool

_HALF = Pool("max", 2, 2)

HAND_MADE = Architecture((1, 8, 8), (Block(16, pool=_HALF), Block(32, pool=_HALF)), (64,), 10)
"""Twice as many filters after each pool, and one hidden layer, as in LeNet-5 and what came after it
(Y. LeCun and others, Proceedings of the IEEE, 1998); 13,706 parameters."""


class HandMade(Algorithm[TrainedCnn]):
    """The same architecture trained from other random weights each time: the fittest counts."""

    trains = True
    settings: NeuroSettings

    def _ask(self) -> Sequence[TrainedCnn]:
        return [trained(HAND_MADE, self.settings, self.rng)]

    def _tell(self, asked: Sequence[TrainedCnn], fitness: Reals) -> None:
        """Nothing depends on it."""

    def genome(self, data: Any) -> TrainedCnn:
        """See Algorithm.genome."""
        return trained_of(data)

    def _state(self) -> Any:
        return None

    def _restore(self, state: Any) -> None:
        """There is nothing to take."""
