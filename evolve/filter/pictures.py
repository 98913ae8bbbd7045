# SPDX-License-Identifier: Apache-2.0
"""Pictures of a run: images side by side, and how the SAE fell.

The only module that uses matplotlib. Its pictures are the same for everybody: of a user's
matplotlibrc, styles and MPLBACKEND nothing has an effect here.
"""

import io
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from evoarray.model.filter.functions import Plane

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Where it keeps its list of fonts, or that it cannot, is nothing to tell a user.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

DPI = 100  # a figure of 1 inch is 100 pixels wide
ENLARGED = 256  # pixels: to no more than this the longer side of an image grows
LARGEST = 512  # pixels: to no more than this it is thinned out
SHORTEST = 1024  # evaluations that the axis shows at least
LONG = 100  # above this factor between the first and the last evaluations noted, a run is long
NARROWEST = 200  # pixels that the text of a panel needs
MARGIN, TEXT = 20, 34  # pixels around the panels, and for the text above and below each
INK, DIM, GRID = "#1b2733", "#6b7885", "#e3e8ec"
BLUE, ORANGE = "#1f6fb5", "#c2510c"


@contextmanager
def _defaults() -> Iterator[None]:
    """Import matplotlib without its MPLBACKEND, and work with its own defaults for a while.

    The variable may name a backend that is not installed here, as in the shell of a notebook;
    matplotlib would refuse to be imported, though no window is ever opened.
    """
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    # The backend is left alone: who embeds this module may have chosen one.
    own: dict[Any, Any] = dict(matplotlib.rcParamsDefault)
    del own["backend"]
    with matplotlib.rc_context(own):
        yield


@_defaults()
def comparison(panels: Sequence[tuple[str, str, Plane]]) -> "Figure":
    """Return images side by side, each with its label above and its caption below.

    A panel is (label, caption, image (H, W) uint8); all images have one size. Every pixel becomes
    a square of the same size, up to 256 pixels for a side of the image, so that 128x128 doubles;
    of an image longer than 512 pixels every n-th row and column is shown.
    """
    longest = max(panels[0][2].shape)
    scale, step = max(1, ENLARGED // longest), -(-longest // LARGEST)
    images = [
        image[::step, ::step].repeat(scale, axis=0).repeat(scale, axis=1) for _, _, image in panels
    ]
    image_height, image_width = images[0].shape
    column = max(NARROWEST, image_width)
    bottom = MARGIN + TEXT
    width = MARGIN + len(panels) * (column + MARGIN)
    height = image_height + 2 * bottom
    figure = _figure(width, height)
    for index, (label, caption, _) in enumerate(panels):
        left = MARGIN + index * (column + MARGIN) + (column - image_width) // 2
        # The pixel values themselves, so that nothing is scaled or interpolated.
        figure.figimage(np.dstack([images[index]] * 3), left, bottom)
        x = (left + image_width / 2) / width
        above, below = 1 - (MARGIN + TEXT / 2 - 2) / height, (MARGIN + TEXT / 2 - 2) / height
        _write(figure, x, above, label, INK, "bold")
        _write(figure, x, below, caption, DIM, "normal")
    return figure


@_defaults()
def curve_plot(
    evaluations: Sequence[int],
    best: Sequence[float],
    tribes: ArrayLike,
    levels: Mapping[str, int],
    what: str = "SAE, grey levels",
) -> "Figure":
    """Return the SAE against evaluations: a thin line per tribe, a thick one for the best.

    evaluations (steps,) counts those of all tribes together; best (steps,) is the SAE of the best
    circuit so far; tribes (steps, tribes) is the SAE of each, NaN where a tribe has ended; levels
    are horizontal lines to compare with, such as {"3x3 median": 82738}; what names the SAE's axis,
    which is logarithmic where values differ by a factor above 4. That of evaluations is for long
    runs, in which most happens early; the start stands at its end.
    """
    from matplotlib.ticker import LogLocator, NullLocator

    values, last = np.asarray(tribes, np.float64), max(SHORTEST, evaluations[-1])
    long = len(evaluations) > 1 and 0 < evaluations[1] * LONG < last
    start = evaluations[1] / 2 if long else 0
    times = [start, *evaluations[1:]]
    figure = _figure(900, 520)
    axes = figure.add_subplot()
    if values.shape[1] > 1:
        lines = axes.plot(times, values, color=BLUE, linewidth=0.8, alpha=0.45)
        lines[0].set_label(f"each of {values.shape[1]} tribes")
    axes.plot(times, best, color=BLUE, linewidth=2.4, label=f"best: {best[-1]:,.0f}")
    axes.plot(times[-1], best[-1], "o", color=BLUE, clip_on=False, zorder=3)
    for (label, level), style in zip(levels.items(), cycle(("--", ":", "-.")), strict=False):
        text = f"{label}: {level:,}"
        axes.axhline(level, color=ORANGE, linewidth=1.5, linestyle=style, label=text)
    least, most = (f([np.nanmin(values), np.nanmax(values), *levels.values()]) for f in (min, max))
    if 0 < least * 4 < most:
        axes.set_yscale("log")
        subs = (1, 1.5, 2, 3, 4, 5, 7) if most < 100 * least else (1, 2, 5)
        axes.yaxis.set_major_locator(LogLocator(subs=subs))
        axes.yaxis.set_minor_locator(NullLocator())
    if long:
        axes.set_xscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:,.0f}")
    axes.set_xlim(start, last)
    axes.set_xlabel("evaluations (logarithmic)" if long else "evaluations", color=INK)
    kind = " (logarithmic)" if axes.get_yscale() == "log" else ""
    axes.set_ylabel(f"{what}{kind}: lower is better", color=INK)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(DIM)
    axes.tick_params(color=DIM, labelcolor=DIM)
    figure.legend(loc="outside upper left", ncols=3, frameon=False, labelcolor=INK)
    return figure


@_defaults()
def png(figure: "Figure") -> bytes:
    """Return a figure as a PNG file, the same for everybody."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name may have letters that no font has
        figure.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
    return stream.getvalue()


def _figure(width: int, height: int) -> "Figure":
    """A white figure of this many pixels, outside pyplot and so without global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    class Shown(Figure):
        """A figure that a notebook shows by itself, though pyplot does not know it."""

        def _repr_png_(self) -> bytes:
            return png(self)

    size = (width / DPI, height / DPI)
    figure = Shown(figsize=size, dpi=DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _write(figure: "Figure", x: float, y: float, text: str, colour: str, weight: str) -> None:
    figure.text(
        x,
        y,
        text,
        color=colour,
        fontweight=weight,
        fontsize=10,
        ha="center",
        va="center",
        parse_math=False,  # a file name may have dollar signs
    )
