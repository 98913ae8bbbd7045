# SPDX-License-Identifier: Apache-2.0
"""What is seen while networks evolve: a bar on a terminal, plain lines elsewhere."""

import time

from rich.console import Console

from evoarray.evolution.console import progress_bar, time_left

LINE_SECONDS = 5.0


class NeuroProgress:
    """Evaluations done, rate, time left, and what is right so far."""

    def __init__(self, done: int, total: int, console: Console) -> None:
        self._before, self._total, self._console = done, total, console
        self._started = self._shown = time.monotonic()
        self._bar = progress_bar(console)
        self._task = self._bar.add_task("", completed=done, total=total, said="")

    def __enter__(self) -> "NeuroProgress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, done: int, found: str) -> None:
        """Show how far it is, and in words what was found; without a terminal now and then."""
        now = time.monotonic()
        rate = (done - self._before) / max(1e-9, now - self._started)
        eta = time_left(self._total - done, rate)
        said = f"{done:,}/{self._total:,} evaluations, {rate:,.0f}/s, ETA {eta}, {found}"
        if self._console.is_interactive:
            self._bar.update(self._task, completed=done, said=said)
        elif now - self._shown > LINE_SECONDS:
            self._shown = now
            self._console.out(said)
