# SPDX-License-Identifier: Apache-2.0
"""How a run is followed from Python: by a function that is called, and by a curve in a notebook."""

import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import log
from typing import Any, TypeAlias

from rich.console import Console

from evoarray.api.circuits import Circuit
from evoarray.evolution.console import duration
from evoarray.evolution.filter.runs.job import Job
from evoarray.evolution.filter.runs.progress import View, Watched
from evoarray.model.filter.circuit import circuit_of

WARNING = "Warning: "
"""How sentences begin that tell of damage, or of what could not be done."""

WIDTH, HEIGHT = 640, 160
"""Of the curve in a notebook, in CSS pixels."""


@dataclass(frozen=True)
class Progress:
    """How a run stands: what it has spent of its budget, and what it has found.

    fitness is the lowest so far, that of `circuit`: its SAE, or what else the fitness is. curve has
    the evaluations and the fitness wherever that fell; rate is in evaluations a second.
    """

    evaluations: int
    budget: int
    fitness: float
    circuit: Circuit
    curve: Sequence[tuple[int, float]]
    seconds: float
    rate: float


Callback: TypeAlias = Callable[[Progress], object]
"""Is told how a run stands; what returns True stops it."""


class Stop(Exception):  # noqa: N818  (not an error)
    """A callback has stopped the run."""


class _Quiet(Console):
    """A console of which nobody sees anything; what it warns of is a warning of Python."""

    def out(self, *objects: Any, **_: Any) -> None:
        said = " ".join(map(str, objects))
        if said.startswith(WARNING):
            warnings.warn(said.removeprefix(WARNING), stacklevel=2)


def quiet_console() -> Console:
    """Return a console of which nobody sees anything but warnings."""
    return _Quiet(quiet=True)


def view_of(job: Job, callback: Callback | None, progress: bool | None) -> View:
    """Return what shows a run: a curve in a notebook, a function, both, or nothing."""
    notebook = in_notebook()
    if progress and not notebook:
        from evoarray.evolution.console import open_console
        from evoarray.evolution.filter.runs.run import view_on

        return _Told(job, callback, view_on(job, open_console(stderr=True)))
    shown = _Notebook(job) if notebook and progress is not False else None
    return _Told(job, callback, shown)


class _Told:
    """Tells a function, and shows the run elsewhere, too."""

    pause = 0.2

    def __init__(self, job: Job, callback: Callback | None, shown: View | None) -> None:
        self._job, self._callback, self._shown = job, callback, shown
        self._stopped = False
        if shown is not None:
            self.pause = shown.pause

    def begin(self) -> None:
        """See View."""
        if self._shown is not None:
            self._shown.begin()

    def show(self, watched: Watched) -> None:
        """See View. Raises Stop if the function wants it."""
        if self._shown is not None:
            self._shown.show(watched)
        begun = watched.best is not None and watched.sae is not None and watched.evaluations > 0
        if self._callback is None or self._stopped or not begun:
            return
        assert watched.best is not None
        assert watched.sae is not None
        circuit = circuit_of(watched.best, self._job.settings.shape, self._job.provenance)
        told = Progress(
            watched.evaluations,
            watched.total,
            watched.goal.value(watched.sae),
            Circuit(circuit, tuple(map(Circuit, self._job.after))),
            tuple((after, watched.goal.value(sae)) for after, sae in watched.curve),
            watched.seconds,
            watched.rate,
        )
        if self._callback(told) is True and watched.evaluations < watched.total:
            self._stopped = True
            raise Stop

    def tell(self, event: str) -> None:
        """See View."""
        if self._shown is not None:
            self._shown.tell(event)

    def end(self) -> None:
        """See View."""
        if self._shown is not None:
            self._shown.end()


class _Notebook:
    """A View in the output of a notebook's cell, which is replaced as the run goes on."""

    pause = 0.5

    def __init__(self, job: Job) -> None:
        self._what = job.fitness
        self._handle: Any = None

    def begin(self) -> None:
        """See View."""
        from IPython.display import HTML, display

        self._handle = display(HTML(""), display_id=True)  # type: ignore[no-untyped-call]

    def show(self, watched: Watched) -> None:
        """See View."""
        from IPython.display import HTML

        if watched.sae is None or self._handle is None:
            return
        said = (
            f"{watched.evaluations:,} of {watched.total:,} evaluations, {watched.rate:,.0f}/s, "
            f"{duration(watched.eta)} left: {self._what} {watched.sae:,}"
        )
        curve = curve_svg(watched.curve, watched.total)
        self._handle.update(HTML(f"{escape(said)}<br>{curve}"))  # type: ignore[no-untyped-call]

    def tell(self, event: str) -> None:
        """See View."""

    def end(self) -> None:
        """See View."""


def curve_svg(curve: Sequence[tuple[int, int]], budget: int) -> str:
    """Return how the fitness fell, as a small SVG; both axes are logarithmic."""
    if not curve:
        return ""
    points = [*curve, (budget, curve[-1][1])] if curve[-1][0] < budget else [*curve]
    across = [log(1 + evaluations) for evaluations, _ in points]
    down = [log(1 + sae) for _, sae in points]
    highest, lowest = max(down), min(down)
    path, before = [], ""
    for x, y in zip(across, down, strict=True):
        column = f"{(WIDTH - 4) * x / (max(across) or 1) + 2:.1f}"
        row = f"{(HEIGHT - 4) * (highest - y) / ((highest - lowest) or 1) + 2:.1f}"
        path.append(f"{column},{before} {column},{row}" if before else f"{column},{row}")
        before = row
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>The error against evaluations, both logarithmic</title>"
        f'<polyline points="{" ".join(path)}" fill="none" stroke="#1f6fb5" stroke-width="2"/>'
        "</svg>"
    )


def in_notebook() -> bool:
    """Return whether this runs in a kernel, as that of Jupyter."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None
