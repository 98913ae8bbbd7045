# SPDX-License-Identifier: Apache-2.0
"""How a run stands while it evolves, and who shows it: plain lines here, a view in live.py."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from evoarray.evolution.console import duration
from evoarray.evolution.filter.goals import SAE, Goal
from evoarray.evolution.filter.loop import Epoch
from evoarray.evolution.filter.tribe import Evolver, Rule, Tribe
from evoarray.evolution.filter.world import World
from evoarray.evolution.runs.database import Event, Row
from evoarray.model.filter.circuit import Genes

LINE_SECONDS = 5.0
DRAWING = 0.02
"""The part of the time that a view may take to draw."""

EVENTS_KEPT = 50


class View(Protocol):
    """Who shows how a run stands, each `pause` seconds at most, from begin to end."""

    pause: float

    def begin(self) -> None:
        """Make ready."""

    def show(self, watched: "Watched") -> None:
        """Show how things stand."""

    def tell(self, event: str) -> None:
        """Show what happened between the tribes."""

    def end(self) -> None:
        """Leave the last state to be seen."""


class Lines:
    """Plain lines, as for a file."""

    pause = LINE_SECONDS

    def __init__(self, console: Console) -> None:
        self._console = console

    def begin(self) -> None:
        """See View."""

    def show(self, watched: "Watched") -> None:
        """See View; nothing is said before the first evaluation."""
        if watched.rate:
            self._console.out(
                f"{watched.evaluations}/{watched.total} evaluations, {watched.rate:,.0f}/s, "
                f"ETA {duration(watched.eta)}, best {watched.goal.name} {watched.sae:,}"
            )

    def tell(self, event: str) -> None:
        """See View."""
        self._console.out(event)

    def end(self) -> None:
        """See View."""


class Watched:
    """An Evolver that counts, remembers what is worth to be seen, and has it shown.

    total is the budget; pulse is called several times a second while tribes advance, and may raise
    what ends the run. What is called SAE here is the value of a goal, that of the SAE or another
    one. curve has evaluations and best SAE wherever that fell; saes the last SAE of
    every tribe that ever was, by number, living those that are not dropped, founders those of the
    start; events are the last ones, as they are told.
    """

    def __init__(
        self,
        evolver: Evolver,
        total: int,
        view: View,
        pulse: Callable[[], None] = lambda: None,
        goal: Goal = SAE,
    ) -> None:
        self._evolver = evolver
        self._pulse = pulse
        self._view = view
        self._started = self._due = time.monotonic()
        self._before = 0
        self._cost = 0.0  # seconds of the last drawing
        self.total = total
        self.goal = goal
        self.evaluations = 0
        self.sae: int | None = None
        self.best: Genes | None = None
        self.curve: list[tuple[int, int]] = []
        self.saes: dict[int, int] = {}
        self.living: Sequence[int] = ()
        self.founders: Sequence[int] = ()
        self.events: deque[str] = deque(maxlen=EVENTS_KEPT)

    def __enter__(self) -> "Watched":
        """Begin to show."""
        self._view.begin()
        return self

    def __exit__(self, *_: object) -> None:
        """Show the last state, and leave it."""
        try:
            self._view.show(self)
        finally:
            self._view.end()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    @property
    def rate(self) -> float:
        """Evaluations per second since the start."""
        return (self.evaluations - self._before) / (self.seconds or 1)

    @property
    def eta(self) -> float:
        """Seconds until the budget is spent; infinite before the first evaluation."""
        return (self.total - self.evaluations) / self.rate if self.rate else float("inf")

    def resume(self, world: World, rows: Iterable[Row], events: Iterable[Event]) -> None:
        """Go on from a world that was saved, with the log of what was seen before."""
        for row in rows:
            self._see(row.evaluations, row.sae, row.saes)
        self.events.extend(f"{event.evaluations}: {event.kind}" for event in events)
        self.evaluations = self._before = world.spent
        self.sae, self.best = world.sae, world.best
        self._remember_best(world.tribes)
        self._show_if_due()

    def evaluate(
        self, batch: Genes, limits: NDArray[np.int64] | None = None, /
    ) -> NDArray[np.int64]:
        """See Evolver.evaluate."""
        saes = self._evolver.evaluate(batch, limits)
        if self.best is not None:  # the start is not counted
            self.evaluations += len(batch)
        lowest = int(saes.argmin())
        self._remember(int(saes[lowest]), batch[lowest])
        self._show_if_due()
        return saes

    def advance(self, tribes: Sequence[Tribe], rule: Rule, /) -> None:
        """See Evolver.advance."""
        before = sum(tribe.owed for tribe in tribes)
        self._evolver.advance(tribes, rule)
        self.evaluations += before - sum(tribe.owed for tribe in tribes)
        self._remember_best(tribes)
        assert self.sae is not None
        self._see(self.evaluations, self.sae, {tribe.number: tribe.sae for tribe in tribes})
        self._show_if_due()
        self._pulse()

    def note(self, epoch: Epoch) -> None:
        """Take in how things stand after an epoch, when all between the tribes has happened."""
        self._see(epoch.evaluations, epoch.sae, epoch.saes)
        for event in epoch.events:
            self.events.append(f"{epoch.evaluations}: {event}")
            self._view.tell(self.events[-1])

    def _remember_best(self, tribes: Sequence[Tribe]) -> None:
        found = [tribe.best for tribe in tribes if tribe.best is not None]
        if found:
            best = min(found, key=lambda each: each.sae)
            self._remember(best.sae, best.genes)

    def _remember(self, sae: int, genes: Genes) -> None:
        if self.sae is None or sae < self.sae:
            self.sae, self.best = sae, genes.copy()

    def _see(self, evaluations: int, sae: int, saes: Mapping[int, int]) -> None:
        if not self.curve or sae < self.curve[-1][1]:
            self.curve.append((evaluations, sae))
        self.saes.update(saes)
        self.living = tuple(saes)
        self.founders = self.founders or self.living

    def _show_if_due(self) -> None:
        started = time.monotonic()
        if started >= self._due:
            self._view.show(self)
            now = time.monotonic()
            # Who draws slowly, as on a large terminal, draws less often. The very first drawing
            # takes much longer than the others, and does not count.
            cost, self._cost = min(self._cost, now - started), now - started
            self._due = now + max(self._view.pause, cost / DRAWING)
