# SPDX-License-Identifier: Apache-2.0
"""What is seen while a study runs: a bar on a terminal, plain lines elsewhere."""

import statistics
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

LINE_SECONDS = 10.0


class StudyProgress:
    """Runs done, rate, time left, and the best and the median SAE as a part of the 3x3 median's."""

    def __init__(self, total: int, console: Console) -> None:
        self._total, self._console = total, console
        self._ratios: list[float] = []
        self._new = 0
        self._started = self._shown = time.monotonic()
        self._bar = Progress(
            TextColumn("study"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} runs, {task.fields[rate]}, ETA"),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[saes]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=total, rate="-", saes="")

    def __enter__(self) -> "StudyProgress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._show()
        self._bar.stop()

    def add(self, ratios: Sequence[float], *, new: bool = True) -> None:
        """Count finished runs, of which each has left this part of the 3x3 median's SAE."""
        self._ratios += ratios
        self._new += len(ratios) if new else 0
        if self._console.is_terminal or time.monotonic() - self._shown > LINE_SECONDS:
            self._show()

    def _show(self) -> None:
        self._shown = time.monotonic()
        done, rate = len(self._ratios), self._new / max(1e-9, self._shown - self._started)
        saes = ""
        if done:
            saes = f"SAE / 3x3 median's: best {min(self._ratios):.3f}, " + (
                f"median {statistics.median(self._ratios):.3f}"
            )
        said = f"{rate:.2f}/s" if rate >= 1 else f"{60 * rate:.1f}/min"
        if self._console.is_terminal:
            self._bar.update(self._task, completed=done, rate=said, saes=saes)
        else:
            eta = f"{(self._total - done) / rate:.0f} s" if rate else "-"
            self._console.out(f"{done}/{self._total} runs, {said}, ETA {eta}; {saes}")
