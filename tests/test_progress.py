# SPDX-License-Identifier: Apache-2.0
"""Evolution is watched several times a second, also within an epoch."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from evoarray.evolution.filter.runs.progress import Lines, Watched
from evoarray.evolution.filter.settings import Settings
from evoarray.evolution.filter.tribe import Rule, Solution, Tribe, advance, rule_at
from evoarray.evolution.rng import Random
from evoarray.model.filter.circuit import Genes, Shape, copy_filter

SETTINGS = Settings(Shape(2, 2, "upm16"))


class Slices:
    """An Evolver that lets a tribe have 7 children at once, each of which is better by 1."""

    def evaluate(
        self, batch: Genes, limits: NDArray[np.int64] | None = None, /
    ) -> NDArray[np.int64]:
        raise NotImplementedError

    def advance(self, tribes: Sequence[Tribe], rule: Rule, /) -> None:
        for tribe in tribes:
            children = min(tribe.owed, 7)
            tribe.sae -= children
            tribe.best = Solution(tribe.genes, tribe.sae, 0)
            tribe.owed -= children


def test_what_happens_within_an_epoch_is_counted_shown_and_may_end_it() -> None:
    tribes = [Tribe(copy_filter(SETTINGS.shape).genes, 1000 * n, Random(0, 1)) for n in (1, 2)]
    pulses: list[tuple[int, int | None]] = []

    def pulse() -> None:
        pulses.append((watched.evaluations, watched.sae))
        if watched.evaluations > 100:
            raise KeyboardInterrupt

    watched = Watched(Slices(), 10**6, Lines(Console(file=io.StringIO())), pulse)
    advance(watched, tribes, 20, rule_at(SETTINGS))
    assert pulses == [(14, 993), (28, 986), (40, 980)]
    assert watched.curve == pulses
    with pytest.raises(KeyboardInterrupt):
        advance(watched, tribes, 1000, rule_at(SETTINGS))
    assert watched.evaluations == 110
