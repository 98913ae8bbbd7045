# SPDX-License-Identifier: Apache-2.0
"""Drawings of a report, as the numbers that its templates place.

A plot stretches with the page, its letters and lines do not: paths are in thousandths of its width
and height, and the words stand beside them as text of the page (templates/parts.html).
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, count, groupby, pairwise
from math import floor, log10

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike

from evoarray.evolution.filter.comparison import ADAPTIVE, MEDIAN
from evoarray.evolution.filter.drawing import draw_svg
from evoarray.evolution.filter.pictures import LONG
from evoarray.evolution.report.data import Run
from evoarray.evolution.report.neuro_run import NeuroRun
from evoarray.evolution.report.study import Study
from evoarray.evolution.runs.database import Row
from evoarray.evolution.studies.statistics import Summary
from evoarray.model.filter.circuit import Circuit
from evoarray.model.filter.functions import Plane
from evoarray.model.images import encode_image

POINTS = 64
"""Of a curve in a small plot."""

STEPS = 400
"""Points of a large curve; of those of many tribes fewer, so that the page stays small."""

WRONG, EVALUATIONS = "images wrong in training", "evaluations"
"""What axes show, with their units."""

LOGARITHMIC = 4
"""Above this factor between its ends an axis is logarithmic."""

UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
"""Of numbers at axes."""

MOST_VALUES = 5
"""At a logarithmic axis, of which a small plot has no room for more."""

SIDE = 256
"""Pixels of a picture; of a larger one its middle is shown."""


@dataclass(frozen=True)
class Axis:
    """From values to thousandths of a plot's width; title says what they are."""

    title: str
    low: float
    high: float
    log: bool = False

    @classmethod
    def of(cls, title: str, values: ArrayLike) -> "Axis":
        """Return an axis on which these values have some air around them."""
        array = np.asarray(values, np.float64)
        low, high = float(array.min()), float(array.max())
        if low >= 0:  # what is nothing stands at the end of a logarithmic one
            least = float(np.min(array, initial=high, where=array > 0))
            if least * LOGARITHMIC < high:
                return cls(f"{title} (logarithmic)", least / 1.15, high * 1.15, log=True)
        air = (high - low or high or 1) * 0.06
        return cls(title, low - air if low > air or low < 0 else 0, high + air)

    def place(self, value: float) -> int:
        """Return where a value stands; what lies outside is put at the end."""
        ends = np.array([self.low, max(self.low, min(value, self.high)), self.high])
        low, middle, high = np.log(ends) if self.log else ends
        return round(1000 * float((middle - low) / (high - low)))

    @property
    def ticks(self) -> Sequence[tuple[int, str]]:
        """Where round values stand, and what they are."""
        values = _decades(self.low, self.high) if self.log else _steps(self.low, self.high)
        return [(self.place(v), _short(v)) for v in values if self.low <= v <= self.high]


@dataclass(frozen=True)
class Plot:
    """Paths, each with its class; alt says in words what they show. The y axis may be missing.

    behind is the id of the path of class others, which several plots share.
    """

    alt: str
    x: Axis
    y: Axis | None
    paths: Sequence[tuple[str, str]]
    behind: str = ""


def _steps(low: float, high: float) -> list[float]:
    """Return round values, evenly spaced, about five of them."""
    rough = Decimal((high - low) / 4)
    power = Decimal(1).scaleb(rough.adjusted())
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= rough)
    first, last = (int(Decimal(end) / step) for end in (low, high))
    return [float(n * step) for n in range(first, last + 1)]


def _decades(low: float, high: float) -> list[float]:
    """Return round values of a logarithmic axis, no more than there is room for."""
    first, last = floor(log10(low)), floor(log10(high))
    finer = [((1, 2, 5), 1), ((1, 3), 1)]
    for digits, every in chain(finer, (((1,), every) for every in count(1))):
        powers = range(first, last + 1, every)
        values = [float(digit * Decimal(10) ** power) for power in powers for digit in digits]
        inside = [value for value in values if low <= value <= high]
        if len(inside) <= MOST_VALUES:
            break
    return inside


def curves(study: Study, names: Sequence[str]) -> Sequence[tuple[str, float, Plot]]:
    """Return a plot for each of these settings, with the median of its runs at the end.

    In a plot: a band between the quartiles, the median, and the medians of all settings behind.
    """
    budgets = {name: study.spec.settings[name].evaluations for name in names}
    noted = [time for name in names for r in study.by_setting[name] for time in r.curve[0][1:2]]
    x = _evaluations([0, *sorted(noted)[:1], max(budgets.values())])
    quartiles = {}
    for name in names:
        # Closer together at the start, where curves bend.
        start, end = min(x.low, budgets[name]), budgets[name]
        at = np.geomspace(start, end, POINTS) if x.log else end * np.linspace(0, 1, POINTS) ** 2
        # A time of 0 would be the end; before the first evaluation a curve has its start.
        values = [[study.measure.of(r, max(1, int(t))) for t in at] for r in study.by_setting[name]]
        quartiles[name] = at, np.quantile(values, (0.25, 0.5, 0.75), axis=0)
    y = Axis.of(study.measure.unit, [values for _, values in quartiles.values()])
    everything = "".join(_line(x, y, at, median) for at, (_, median, _) in quartiles.values())
    others = f"others-{list(study.groups).index(study.group_of(names[0]))}"
    plots: list[tuple[str, float, Plot]] = []
    for name, (at, (low, median, high)) in quartiles.items():
        first, last = study.measure.number(median[0]), study.measure.number(median[-1])
        alt = f"{name}: the median falls from {first} to {last}"
        band = _line(x, y, [*at, *at[::-1]], [*low, *high[::-1]]) + "Z"
        own = [("band", band), ("best", _line(x, y, at, median))]
        # The first plot has the curves behind; others refer to them.
        behind = [("others", "" if plots else everything)]
        plots.append((name, float(median[-1]), Plot(alt, x, y, [*behind, *own], others)))
    return plots


def boxes(study: Study, names: Sequence[str]) -> Sequence[tuple[str, Summary, Plot]]:
    """Return a strip for each of these settings.

    In a strip: a box over the quartiles, whiskers, and all runs as dots.
    """
    values = [value for name in names for value in study.values[name]]
    levels = {line: value for line, (value, _) in study.levels.items()}
    near = [v for v in levels.values() if min(values) / 1.5 < v < max(values) * 1.5]
    x = Axis.of(study.measure.unit, [*values, *near])
    strips = []
    for name in names:
        group, summary = np.array(study.values[name]), study.summaries[name]
        q1, q2, q3 = summary.quartiles
        reach = 1.5 * (q3 - q1)
        inside = group[(group >= q1 - reach) & (group <= q3 + reach)]
        ends = [x.place(value) for value in (inside.min(), q1, q3, inside.max())]
        # The golden ratio scatters dots evenly, and always in the same way.
        heights = 200 + 600 * (np.arange(len(group)) * 0.618034 % 1)
        dots = "".join(
            f"M{x.place(value)} {height:.0f}h0"
            for value, height in zip(group, heights, strict=True)
        )
        paths = [
            *((f"level {k}", f"M{x.place(v)} 0V1000") for k, v in levels.items() if v in near),
            ("whisker", f"M{ends[0]} 500H{ends[1]}M{ends[2]} 500H{ends[3]}"),
            ("box", f"M{ends[1]} 150H{ends[2]}V850H{ends[1]}Z"),
            ("dots", dots),
            ("middle", f"M{x.place(q2)} 150V850"),
        ]
        told = ", ".join(map(study.measure.number, (q1, q2, q3)))
        best = study.measure.number(summary.best)
        alt = f"{name}: quartiles {told}, best {best}"
        strips.append((name, summary, Plot(alt, x, None, paths)))
    return strips


def run_curve(run: Run) -> Plot:
    """Return the fitness against evaluations: each tribe, the best, and what medians leave."""
    names = sorted({tribe for row in run.rows for tribe in row.saes})
    x = _evaluations([row.evaluations for row in run.rows])
    rows = _some(run.rows, max(50, min(STEPS, 20_000 // len(names))), x)
    levels = _known_levels(run, "noisy", MEDIAN, ADAPTIVE)
    shown = [*levels.values(), *(row.sae for row in rows)]
    shown += [value for row in rows for value in row.saes.values()]
    y = Axis.of(run.job.fitness, shown)
    tribes = ""
    for tribe in names:
        alive = [row for row in rows if tribe in row.saes]
        tribes += _line(x, y, [r.evaluations for r in alive], [r.saes[tribe] for r in alive])
    best = _line(x, y, [row.evaluations for row in rows], [row.sae for row in rows])
    paths = _levels(y, levels)
    if len(names) > 1:
        paths.append(("tribe", tribes))
    alt = f"The best {run.job.goal.name} falls from {rows[0].sae:,} to {rows[-1].sae:,}"
    return Plot(alt, x, y, [*paths, ("best", best)])


def _known_levels(run: Run, *labels: str) -> dict[str, int]:
    """Return the fitness of images to compare with, of those of which it is known."""
    known = run.fitness_levels
    return {label: known[label] for label in labels if label in known}


def wrong_curve(run: NeuroRun) -> Plot:
    """Return how many images the fittest network gets wrong, against evaluations."""
    x = _evaluations([row.evaluations for row in run.rows])
    rows = _some(run.rows, STEPS, x)
    y = Axis.of(WRONG, [row.sae for row in rows])
    line = _line(x, y, [row.evaluations for row in rows], [row.sae for row in rows])
    alt = f"Those that are wrong in training fall from {rows[0].sae:,} to {rows[-1].sae:,}"
    return Plot(alt, x, y, [("best", line)])


def run_front(run: Run) -> Plot | None:
    """Return fitness against LUTs of what no circuit of the run beat in both; None without LUTs."""
    front = run.world.front
    if not front:
        return None
    levels = _known_levels(run, MEDIAN, ADAPTIVE)
    x = Axis.of("LUTs", [each.luts for each in front])
    y = Axis.of(run.job.fitness, [*levels.values(), *(each.sae for each in front)])
    corners = [(each.luts, each.sae) for each in front]
    # Between two of them, what the cheaper one leaves is the least that is known.
    stairs = [(b[0], a[1]) for a, b in pairwise(corners)]
    steps = sorted([*corners, *stairs], key=lambda corner: (corner[0], -corner[1]))
    dots = "".join(f"M{x.place(luts)} {1000 - y.place(sae)}h0" for luts, sae in corners)
    paths = [*_levels(y, levels), ("best", _line(x, y, *zip(*steps, strict=True))), ("dots", dots)]
    first, last = front[0], front[-1]
    name = run.job.goal.name
    alt = f"From {name} {first.sae:,} with {first.luts:,} LUTs to {last.sae:,} with {last.luts:,}"
    return Plot(alt, x, y, paths)


def run_events(run: Run) -> Sequence[tuple[str, int, Plot]]:
    """Return a strip for each kind of event, with a stroke where it happened."""
    x = _evaluations([row.evaluations for row in run.rows])
    strips = []
    for kind, times in run.kinds.items():
        places = sorted({x.place(time) for time in times})
        strokes = "".join(f"M{place} 200V800" for place in places)
        alt = f"{kind}: {len(times)} between {times[0]:,} and {times[-1]:,} evaluations"
        strips.append((kind, len(times), Plot(alt, x, None, [("event", strokes)])))
    return strips


def picture(image: Plane) -> Mapping[str, str | int]:
    """Return the src, width and height of an image (H, W) uint8, or of its middle."""
    top, left = (max(0, (side - SIDE) // 2) for side in image.shape)
    middle = image[top : top + SIDE, left : left + SIDE]
    src = "data:image/png;base64," + base64.b64encode(encode_image(middle)).decode()
    return {"src": src, "width": middle.shape[1], "height": middle.shape[0]}


def circuit_svg(circuit: Circuit) -> Markup:
    """Return the drawing of a circuit for a page, on which its style reaches nothing else.

    It is light on paper, as the page is.
    """
    svg = draw_svg(circuit).replace("@media (", "@media screen and (")
    return Markup(svg.replace("<style>", "<style>.circuit{").replace("</style>", "}</style>"))


def _levels(y: Axis, levels: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return a path for what each image leaves."""
    classes = {"noisy": "noisy", MEDIAN: "median", ADAPTIVE: "adaptive"}
    return [(f"level {classes[k]}", f"M0 {1000 - y.place(v)}H1000") for k, v in levels.items()]


def _evaluations(times: Sequence[int]) -> Axis:
    """Return an axis from the start, logarithmic for a long run: most happens early in it.

    times are the evaluations when the curve was noted.
    """
    if len(times) > 1 and 0 < times[1] * LONG < times[-1]:  # the start itself stands at its end
        return Axis(f"{EVALUATIONS} (logarithmic)", times[1] / 2, times[-1], log=True)
    return Axis(EVALUATIONS, 0, max(1, times[-1]))


def _some(rows: Sequence[Row], count: int, x: Axis) -> list[Row]:
    """Return no more rows than that, evenly along the axis, with the first and the last."""
    last = len(rows) - 1
    chosen = np.geomspace(1, last + 1, count) - 1 if x.log else np.linspace(0, last, count)
    return [rows[i] for i in np.unique(chosen.round().astype(int))]


def _line(x: Axis, y: Axis, xs: Iterable[float], ys: Iterable[float]) -> str:
    points = (f"{x.place(a)} {1000 - y.place(b)}" for a, b in zip(xs, ys, strict=True))
    line = "L".join(point for point, _ in groupby(points))
    return line and f"M{line}"


def _short(value: float) -> str:
    unit, letter = next(((u, c) for u, c in UNITS if abs(value) >= u), (1, ""))
    return f"{value / unit:g}{letter}".replace("-", "\N{MINUS SIGN}")
