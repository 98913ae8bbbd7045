# SPDX-License-Identifier: Apache-2.0
"""Evolution is watched in strides that are short enough, whatever an evaluation costs."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from evolve.filter.runs.progress import STRIDE_SECONDS, Lines, Watched
from evolve.filter.settings import Settings
from evolve.filter.tribe import Rule, Tribe, rule_at
from evolve.rng import Random
from model.filter.circuit import Genes, Shape, copy_filter

SETTINGS = Settings(Shape(2, 2, "upm16"))


class Clockwork:
    """An Evolver with a clock of its own, in which an evaluation takes `cost` seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.cost = 0.0
        self.strides: list[int] = []

    def evaluate(
        self, batch: Genes, limits: NDArray[np.int64] | None = None, /
    ) -> NDArray[np.int64]:
        raise NotImplementedError

    def advance(self, tribes: Sequence[Tribe], count: int, rule: Rule, /) -> None:
        self.strides.append(count)
        self.now += count * self.cost
        tribes[0].sae -= count


@pytest.fixture
def clockwork(monkeypatch: pytest.MonkeyPatch) -> Clockwork:
    clockwork = Clockwork()
    monkeypatch.setattr("evolve.filter.runs.progress.time.monotonic", lambda: clockwork.now)
    return clockwork


def test_strides_follow_the_cost_of_an_evaluation(clockwork: Clockwork) -> None:
    tribes = [Tribe(copy_filter(SETTINGS.shape).genes, 10**9, Random(0, 1))]
    watched = Watched(clockwork, 10**6, Lines(Console(file=io.StringIO())))
    steps = ((1e-5, 200_000), (1e-4, 40_000), (1e-3, 4000), (1e-2, 400), (1.0, 50), (1e-5, 200_000))
    for cost, count in steps:
        clockwork.cost = cost
        clockwork.strides.clear()
        watched.advance(tribes, count, rule_at(SETTINGS))
        assert sum(clockwork.strides) == count
        last = clockwork.strides[-2] * cost  # the very last is what is left
        assert STRIDE_SECONDS / 2 <= last <= max(STRIDE_SECONDS, cost)
    total = sum(count for _, count in steps)
    assert watched.evaluations == total
    assert watched.sae == 10**9 - total
