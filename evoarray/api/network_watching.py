# SPDX-License-Identifier: Apache-2.0
"""How a run of a network is followed from Python: by a function, and by a curve in a notebook."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, TypeAlias

from rich.console import Console

from evoarray.api.networks import Network
from evoarray.api.watching import curve_svg, in_notebook
from evoarray.evolution.console import open_console, time_left
from evoarray.evolution.neuro.run import NeuroJob, Validated, Watch


@dataclass(frozen=True)
class NetworkProgress:
    """How a run of a network stands: what it has spent of its budget, and what it has found.

    Of the images that it learns from, the fittest network gets `wrong` wrong; of those for
    validation `network`, the best one for them, has `right` right. curve has the evaluations and
    `wrong` whenever that was looked at; rate is in evaluations a second.
    """

    evaluations: int
    budget: int
    wrong: int
    right: int
    network: Network
    curve: Sequence[tuple[int, int]]
    seconds: float
    rate: float


NetworkCallback: TypeAlias = Callable[[NetworkProgress], object]
"""Is told how a run of a network stands; what returns True stops it."""


def bar_of(progress: bool | None) -> Console | None:
    """Return where a run says how far it is, if that is wanted and not for a notebook to do."""
    return open_console(stderr=True) if progress and not in_notebook() else None


def watch_of(job: NeuroJob, callback: NetworkCallback | None, progress: bool | None) -> Watch:
    """Return who is told how a run stands: a curve in a notebook, a function, both, or nobody."""
    shown = _Notebook() if in_notebook() and progress is not False else None
    budget = job.settings.evaluations

    def watch(stands: Validated) -> bool:
        told = NetworkProgress(
            stands.evaluations,
            budget,
            stands.wrong,
            stands.right,
            Network(stands.champion),
            stands.curve,
            stands.seconds,
            stands.rate,
        )
        if shown is not None:
            shown.show(told)
        return callback is not None and callback(told) is True

    return watch


class _Notebook:
    """The output of a notebook's cell, which is replaced as the run goes on."""

    def __init__(self) -> None:
        from IPython.display import HTML, display

        self._handle: Any = display(HTML(""), display_id=True)  # type: ignore[no-untyped-call]

    def show(self, told: NetworkProgress) -> None:
        """Show how many images are wrong, and how many were."""
        from IPython.display import HTML

        said = (
            f"{told.evaluations:,} of {told.budget:,} evaluations, {told.rate:,.0f}/s, "
            f"{time_left(told.budget - told.evaluations, told.rate)} left: {told.wrong:,} wrong"
        )
        curve = curve_svg(told.curve, told.budget)
        self._handle.update(HTML(f"{escape(said)}<br>{curve}"))  # type: ignore[no-untyped-call]
