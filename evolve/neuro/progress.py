# SPDX-License-Identifier: Apache-2.0
"""What is seen while networks evolve: a bar on a terminal, plain lines elsewhere."""

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

LINE_SECONDS = 5.0


class NeuroProgress:
    """Evaluations done, rate, time left, and what is right so far."""

    def __init__(self, done: int, total: int, console: Console) -> None:
        self._before, self._total, self._console = done, total, console
        self._started = self._shown = time.monotonic()
        self._bar = Progress(
            TextColumn("evolve"),
            BarColumn(),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} evaluations, {task.fields[rate]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[found]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", completed=done, total=total, rate="-", found="")

    def __enter__(self) -> "NeuroProgress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, done: int, found: str) -> None:
        """Show how far it is, and in words what was found; without a terminal now and then."""
        now = time.monotonic()
        rate = (done - self._before) / max(1e-9, now - self._started)
        if self._console.is_terminal:
            self._bar.update(self._task, completed=done, rate=f"{rate:,.0f}/s", found=found)
        elif now - self._shown > LINE_SECONDS:
            self._shown = now
            eta = (self._total - done) / rate
            self._console.out(
                f"{done:,}/{self._total:,} evaluations, {rate:,.0f}/s, ETA {eta:.0f} s, {found}"
            )
