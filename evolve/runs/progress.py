# SPDX-License-Identifier: Apache-2.0
"""What is seen while evolution runs: a bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Sequence
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from evolve.tribe import Evolver, Rule, Tribe
from model.circuit import Genes

BAR_SECONDS = 0.1
LINE_SECONDS = 5.0


class Watched:
    """An Evolver that counts, remembers the best genotype, and shows how things stand."""

    def __init__(self, evolver: Evolver, total: int, console: Console) -> None:
        self._evolver = evolver
        self._total = total
        self._console = console
        self._bar = Progress(
            TextColumn("evolving"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} evaluations, {task.fields[rate]}/s, ETA"),
            TimeRemainingColumn(compact=True),
            TextColumn("best SAE {task.fields[best]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=total, rate="-", best="-")
        self._interval = BAR_SECONDS if console.is_terminal else LINE_SECONDS
        self._started = self._shown = time.monotonic()
        self._stride = 1
        self.evaluations = 0
        self.sae: int | None = None
        self.best: Genes | None = None

    def __enter__(self) -> "Watched":
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Show the last state and end the bar."""
        self._show()
        self._bar.stop()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def evaluate(
        self, batch: Genes, limits: NDArray[np.int64] | None = None, /
    ) -> NDArray[np.int64]:
        """See Evolver.evaluate."""
        saes = self._evolver.evaluate(batch, limits)
        if self.best is not None:  # the start is not counted
            self.evaluations += len(batch)
        lowest = int(saes.argmin())
        self._remember(int(saes[lowest]), batch[lowest])
        return saes

    def advance(self, tribes: Sequence[Tribe], count: int, rule: Rule, /) -> None:
        """See Evolver.advance; goes in strides short enough to be watched and stopped."""
        while count:
            broods = max(1, self._stride // rule.children)
            stride = min(count, broods * rule.children)
            started = time.monotonic()
            self._evolver.advance(tribes, stride, rule)
            seconds = time.monotonic() - started
            if seconds < BAR_SECONDS / 2:
                self._stride *= 2
            elif seconds > BAR_SECONDS:  # circuits become dearer as they leave the copy filter
                self._stride = max(1, self._stride // 2)
            count -= stride
            self.evaluations += stride * len(tribes)
            for tribe in tribes:
                self._remember(tribe.sae, tribe.genes)
            if time.monotonic() - self._shown > self._interval:
                self._show()

    def tell(self, event: str) -> None:
        """Show what happened between the tribes."""
        self._console.out(event)

    def _remember(self, sae: int, genes: Genes) -> None:
        if self.sae is None or sae < self.sae:
            self.sae, self.best = sae, genes.copy()

    def _show(self) -> None:
        self._shown = time.monotonic()
        rate = self.evaluations / self.seconds
        best = "-" if self.sae is None else f"{self.sae:,}"
        if self._console.is_terminal:
            self._bar.update(self._task, completed=self.evaluations, rate=f"{rate:,.0f}", best=best)
        elif rate:
            self._console.out(
                f"{self.evaluations}/{self._total} evaluations, {rate:,.0f}/s, "
                f"ETA {(self._total - self.evaluations) / rate:.0f} s, best SAE {best}"
            )
