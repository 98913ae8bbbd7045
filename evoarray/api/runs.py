# SPDX-License-Identifier: Apache-2.0
"""What an evolution has led to: its circuit, curve, comparison and pictures."""

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from evoarray.api.circuits import Circuit
from evoarray.api.watching import quiet_console
from evoarray.evolution.filter import pictures
from evoarray.evolution.filter.comparison import EVOLVED, MEASURES, Comparison
from evoarray.evolution.filter.goals import Cost
from evoarray.evolution.filter.runs.results import draw_comparison, draw_curve
from evoarray.evolution.report import data
from evoarray.evolution.report.export import records
from evoarray.evolution.report.page import report
from evoarray.model.errors import InputError
from evoarray.model.filter.circuit import circuit_of
from evoarray.model.filter.functions import Plane
from evoarray.model.temporary import TemporaryFolder

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class Run:
    """An evolution that has ended or was stopped: what it found, and how it came there.

    state is "finished", "stopped", "running" or "killed"; folder has its files.
    """

    def __init__(
        self, folder: Path, temporary: TemporaryFolder | None = None, cost: Cost | None = None
    ) -> None:
        """Read a run's folder; a temporary one goes with this object. Raises InputError.

        cost is the function that is its fitness, if that is one.
        """
        found = data.read(folder)
        if not isinstance(found, data.Run):
            raise InputError(f"{folder} is not the run of a filter")
        found = replace(found, job=replace(found.job, cost=cost))
        self.folder, self._temporary, self._found = folder, temporary, found
        self.state = found.state

    @property
    def circuit(self) -> Circuit:
        """The best circuit, with those before it in a cascade."""
        before = tuple(map(Circuit, self._found.job.after))
        best = self._found.circuit
        return Circuit(replace(best, provenance=self._found.job.provenance), before)

    @property
    def sae(self) -> int:
        """The sum of absolute errors of the filtered training images, over all their pixels."""
        return self._found.level(EVOLVED)

    @property
    def fitness(self) -> float:
        """What evolution has made as low as it could: the SAE, or else; of a sample its part."""
        return self._found.job.goal.value(self._found.world.sae)

    @property
    def evaluations(self) -> int:
        """How many circuits were tried."""
        return self._found.world.evaluations

    @property
    def counters(self) -> Mapping[str, int]:
        """How often things happened between tribes."""
        return self._found.counters

    @property
    def filtered(self) -> Plane:
        """The first training image, filtered, (H, W) uint8."""
        return self._found.comparisons[0][1].images[EVOLVED]

    @property
    def front(self) -> list[tuple[int, float, Circuit]]:
        """With parsimony "pareto" and the like: LUTs, fitness and circuit, of fewest LUTs first."""
        job, world = self._found.job, self._found.world
        return [
            (
                each.luts,
                job.goal.value(each.sae),
                Circuit(circuit_of(each.genes, job.settings.shape)),
            )
            for each in world.front
        ]

    @cached_property
    def curve(self) -> "pd.DataFrame":
        """After each epoch: evaluations, the best fitness so far, and that of each tribe by number.

        Columns are best_sae, tribe_0_sae and so on, or have squared_error or cost for sae.
        """
        import pandas as pd

        return pd.DataFrame.from_records(records(self._found)).set_index("evaluations")

    @cached_property
    def comparison(self) -> "pd.DataFrame":
        """By photo and image, such as the 3x3 median's: part, SAE, MAE, PSNR in dB and SSIM."""
        import pandas as pd

        rows = [
            {
                "photo": compared.photo.name,
                "image": label,
                "part": part,
                **{measure: getattr(m, measure.lower()) for measure in MEASURES},
            }
            for part, compared in self._found.comparisons
            for label, m in compared.metrics.items()
        ]
        return pd.DataFrame.from_records(rows).set_index(["photo", "image"])

    @property
    def verdict(self) -> Sequence[str]:
        """How the filter compares with the strongest baseline, in sentences."""
        return self._found.answer

    def plot(self) -> "Figure":
        """Return the curve as a figure of matplotlib: the best fitness, each tribe, the medians."""
        return draw_curve(self._found.job, self._trained, self._found.rows)

    def plot_images(self) -> "Figure":
        """Return the first photo as a figure: clean, noisy, after each median, and filtered."""
        return draw_comparison(self._trained[0])

    def report(self, output: str | os.PathLike[str] | None = None) -> Path:
        """Write a page about the run, by default into its folder, and return where it is."""
        return report(self.folder, None if output is None else Path(output), quiet_console())

    @property
    def _trained(self) -> list[Comparison]:
        return [compared for part, compared in self._found.comparisons if part == "training"]

    def __repr__(self) -> str:
        """Say how it ended in one line."""
        return f"<Run {self.state} after {self.evaluations:,} evaluations: SAE {self.sae:,}>"

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{escape(sentence)}</p>" for sentence in self.verdict)
        shown = base64.b64encode(pictures.png(self.plot_images())).decode()
        return f'{said}<img alt="the first photo" src="data:image/png;base64,{shown}">'
