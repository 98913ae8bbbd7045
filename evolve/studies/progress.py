# SPDX-License-Identifier: Apache-2.0
"""What is seen while a study runs: a bar on a terminal, plain lines elsewhere."""

import statistics
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from evolve.studies.kind import Measure, Result

LINE_SECONDS = 10.0


class StudyProgress:
    """Runs done, rate, time left, and the best and the median value."""

    def __init__(self, total: int, measure: Measure, console: Console) -> None:
        self._total, self._measure, self._console = total, measure, console
        self._values: list[float] = []
        self._new = 0
        self._started = self._shown = time.monotonic()
        self._bar = Progress(
            TextColumn("study"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} runs, {task.fields[rate]}, ETA"),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[values]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=total, rate="-", values="")

    def __enter__(self) -> "StudyProgress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._show()
        self._bar.stop()

    def add(self, results: Sequence[Result], *, new: bool = True) -> None:
        """Count finished runs."""
        self._values += map(self._measure.of, results)
        self._new += len(results) if new else 0
        if self._console.is_terminal or time.monotonic() - self._shown > LINE_SECONDS:
            self._show()

    def _show(self) -> None:
        self._shown = time.monotonic()
        done, rate = len(self._values), self._new / max(1e-9, self._shown - self._started)
        values = ""
        if done:
            ends = min(self._values), statistics.median(self._values)
            best, median = map(self._measure.number, ends)
            values = f"{self._measure.unit}: best {best}, median {median}"
        said = f"{rate:.2f}/s" if rate >= 1 else f"{60 * rate:.1f}/min"
        if self._console.is_terminal:
            self._bar.update(self._task, completed=done, rate=said, values=values)
        else:
            eta = f"{(self._total - done) / rate:.0f} s" if rate else "-"
            self._console.out(f"{done}/{self._total} runs, {said}, ETA {eta}; {values}")
