# SPDX-License-Identifier: Apache-2.0
"""What is seen while a study runs: a bar on a terminal, plain lines elsewhere."""

import statistics
import time
from collections.abc import Sequence

from rich.console import Console

from evoarray.evolution.console import progress_bar, time_left
from evoarray.evolution.studies.kind import Measure, Result

LINE_SECONDS = 10.0


class StudyProgress:
    """Runs done, rate, time left, and the best and the median value."""

    def __init__(self, total: int, measure: Measure, console: Console) -> None:
        self._total, self._measure, self._console = total, measure, console
        self._values: list[float] = []
        self._new = 0
        self._started = self._shown = time.monotonic()
        self._bar = progress_bar(console)
        self._task = self._bar.add_task("", total=total, said="")

    def __enter__(self) -> "StudyProgress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._show()
        self._bar.stop()

    def add(self, results: Sequence[Result], *, new: bool = True) -> None:
        """Count finished runs; those that are not new are there before all others, and shown."""
        self._values += map(self._measure.of, results)
        self._new += len(results) if new else 0
        if self._console.is_interactive or not new or time.monotonic() - self._shown > LINE_SECONDS:
            self._show()

    def _show(self) -> None:
        self._shown = time.monotonic()
        done, rate = len(self._values), self._new / max(1e-9, self._shown - self._started)
        speed = f"{rate:.2f}/s" if rate >= 1 else f"{60 * rate:.1f}/min"
        eta = time_left(self._total - done, rate)
        said = f"{done}/{self._total} runs, {speed}, ETA {eta}"
        if done:
            ends = min(self._values), statistics.median(self._values)
            best, median = map(self._measure.number, ends)
            said += f"; {self._measure.unit}: best {best}, median {median}"
        if self._console.is_interactive:
            self._bar.update(self._task, completed=done, said=said)
        else:
            self._console.out(said)
