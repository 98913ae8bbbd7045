# SPDX-License-Identifier: Apache-2.0
"""What is seen on a terminal while evolution runs: curve, tribes, events, and the picture so far.

Start reading at `draw`. A block is a list of lines of one width; blocks are stacked by + and put
side by side by `_beside`. What has no room is left out: the picture first, then the curve, then the
tribes.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from typing import TypeAlias

import numpy as np
from rich.color import Color
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.segment import Segment, SegmentLines
from rich.style import Style
from rich.text import Text

from evoarray.evolution.console import duration
from evoarray.evolution.filter.runs.progress import Watched
from evoarray.model.errors import printable
from evoarray.model.filter.array import run
from evoarray.model.filter.circuit import Genes, Shape, circuit_of
from evoarray.model.filter.functions import Plane
from evoarray.model.window import CENTRE, windows

Block: TypeAlias = list[list[Segment]]
Rival: TypeAlias = tuple[str, int]
"""Who is to be beaten: what it is called, and its SAE."""

TALLEST = 48  # lines; more would only push away what the terminal showed before
NARROWEST = 60  # columns in which blocks stand side by side
TRIBES_WIDTH, EVENTS_WIDTH, PICTURE_WIDTH = 28, 43, 24  # columns at least
TRIBES_HEIGHT = 3  # lines at least, if there are so many tribes
CURVE_WIDTH, CURVE_HEIGHT = 30, 7  # at least
PICTURE_HEIGHT, PICTURE_TALLEST = 12, 24  # lines

BRAILLE = 0x2800
DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""What each of the 4 x 2 dots of a character adds to BRAILLE (Unicode)."""
DASH = "╌"
EIGHTHS = " ▏▎▍▌▋▊▉"

PLAIN, DIM = Style(), Style(dim=True)
BEST, NEW, LEVEL = Style(color="green", bold=True), Style(color="cyan"), Style(color="yellow")


def is_watchable(console: Console) -> bool:
    """Return whether this is a terminal that can redraw and has the characters."""
    return console.is_interactive and not console.options.ascii_only


class LiveView:
    """A View that is redrawn in place; the last one stays."""

    pause = 0.5

    def __init__(self, console: Console, picture: "Picture", rival: Rival) -> None:
        self._console = console
        self._size = console.size
        self._picture = picture
        self._rival = rival
        # No thread draws, which would take a core from the engine at any time. What others print
        # goes where it went: with --json-lines that is a file.
        self._live = Live(
            console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )

    def begin(self) -> None:
        """See View."""
        self._live.start()

    def show(self, watched: Watched) -> None:
        """See View; before the first circuit there is nothing to show."""
        if watched.best is None:
            return
        if self._console.size != self._size:
            self._size = self._console.size
            self._console.clear()  # the terminal may have moved what it showed
        view = draw(self._console, watched, self._picture, self._rival)
        self._live.update(view, refresh=True)

    def tell(self, event: str) -> None:
        """See View; who is watched remembers it."""

    def end(self) -> None:
        """See View."""
        self._live.stop()


def draw(console: Console, watched: Watched, picture: "Picture", rival: Rival) -> SegmentLines:
    """Return the view in the width of the console, and lower than it."""
    width = console.width
    view = _header(console, watched, rival)
    rest = max(0, min(TALLEST, console.height - 1) - len(view))
    several, wide = len(watched.saes) > 1, width >= NARROWEST

    pictured = min(PICTURE_TALLEST, rest - 1 - CURVE_HEIGHT)
    if pictured < PICTURE_HEIGHT or not wide or not console.color_system or console.no_color:
        pictured = 0
    below = pictured + 1 if pictured else min(len(watched.events), rest // 4)
    rest -= below

    if several and wide and rest >= CURVE_HEIGHT:
        beside = max(TRIBES_WIDTH, width // 3)
        left = curve(watched, rival, width - beside - 1, rest)
        view += _beside(left, _space(1, rest), tribes(watched, beside, rest))
    else:
        listed = rest - CURVE_HEIGHT if rest >= CURVE_HEIGHT + TRIBES_HEIGHT else rest
        every = len(watched.living) + (len(watched.saes) > len(watched.living))
        listed = min(every, listed) if several else 0
        if width >= CURVE_WIDTH and rest - listed >= CURVE_HEIGHT:
            view += curve(watched, rival, width, rest - listed)
        view += tribes(watched, width, listed)

    pictures = _space(0, below)
    if pictured and watched.best is not None:
        told = EVENTS_WIDTH if watched.events else 0
        pictures = picture.draw(watched.best, width - told, pictured)
    events = _events(console, watched, width - _width(pictures), below)
    view += _beside(pictures, events)
    return SegmentLines(view, new_lines=True)


def _header(console: Console, watched: Watched, rival: Rival) -> Block:
    name, level = rival
    text = Text.assemble(
        f"{watched.evaluations:,} of {watched.total:,} evaluations, {watched.rate:,.0f}/s, "
        f"ETA {duration(watched.eta)}, ",
        (f"best {watched.goal.name} {watched.sae:,}", BEST),
        f", {watched.sae / level:.2f} of the {name}'s" if watched.sae and level else "",
    )
    bar = ProgressBar(watched.total, watched.evaluations)
    return console.render_lines(bar) + console.render_lines(text)


def curve(watched: Watched, rival: Rival, width: int, height: int) -> Block:
    """Return the best SAE against evaluations, and dashes at the rival's SAE.

    The axis is logarithmic where values differ by a factor above 4, as in pictures.curve_plot.
    """
    name, level = rival
    points = [*watched.curve, (watched.evaluations, watched.sae)]
    at, saes = (np.array(column, np.float64) for column in zip(*points, strict=True))
    lowest, highest = (int(f([*saes, level])) for f in (min, max))
    scale = np.log if 0 < lowest * 4 < highest else np.asarray
    labels = {0: f"{highest:,}"}
    gutter = len(labels[0])
    rows, cols = height - 3, width - gutter - 2

    bottom, top = scale(lowest), scale(highest)
    seen = np.searchsorted(at, np.linspace(0, watched.evaluations, 2 * cols), side="right") - 1
    values = np.append(saes[seen], level)
    places = np.rint((top - scale(values)) / ((top - bottom) or 1) * (4 * rows - 1)).astype(int)
    *line, dashed = places.tolist()
    dots = np.zeros((4 * rows, 2 * cols), np.int64)
    for column, (before, here) in enumerate(pairwise([line[0], *line])):
        dots[min(before, here) : max(before, here) + 1, column] = 1
    cells = (dots.reshape(rows, 4, cols, 2) * DOTS[:, np.newaxis]).sum(axis=(1, 3))

    labels.setdefault(rows - 1, f"{lowest:,}")
    labels.setdefault(dashed // 4, f"{level:,}")
    kind = "logarithmic" if scale is np.log else "linear"
    block = [[Segment(_fit(f"best {watched.goal.name}, {kind}; dashes: the {name}", width), DIM)]]
    for row, codes in enumerate(cells):
        drawn = [chr(BRAILLE + code) for code in codes]
        if row == dashed // 4:
            drawn = [DASH if code == 0 else char for code, char in zip(codes, drawn, strict=True)]
        block.append([Segment(f"{labels.get(row, ''):>{gutter}} │", DIM)])
        block[-1] += [
            Segment("".join(chars), LEVEL if is_dash else BEST)
            for is_dash, chars in groupby(drawn, DASH.__eq__)
        ]
    end = f"{watched.evaluations:,}"
    axis = "0" + "evaluations".center(cols - 1 - len(end)) + end
    return [
        *block,
        [Segment(" " * (gutter + 1) + "└" + "─" * cols, DIM)],
        [Segment(_fit(" " * (gutter + 2) + axis, width), DIM)],
    ]


def tribes(watched: Watched, width: int, height: int) -> Block:
    """Return a line for each living tribe with its number, SAE and state, then how many are gone.

    If not all have room, the best are shown. Bars are long for a high SAE, that of the worst
    living tribe is the longest.
    """
    if not height:
        return []
    living = list(watched.living)
    gone = len(watched.saes) - len(living)
    room = height - (len(living) > height or gone > 0)
    if len(living) > room:
        living.sort(key=watched.saes.__getitem__)
    worst = max(watched.saes[number] for number in living)
    best = min(living, key=watched.saes.__getitem__)
    digits = max(len(f"{number:,}") for number in living)
    sae_width = max(len(f"{watched.saes[number]:,}") for number in living)
    bar = max(0, width - digits - sae_width - 7)
    block = []
    for number in living[:room]:
        sae = watched.saes[number]
        state, style = "", PLAIN
        full, part = divmod(8 * bar * min(sae, worst) // (worst or 1), 8)
        drawn = ("█" * full + EIGHTHS[part])[:bar]
        if number == best:
            state, style = "best", BEST
        elif number not in watched.founders:
            state, style = "new", NEW
        text = f"{number:>{digits},} {drawn:<{bar}} {sae:>{sae_width},} {state:<4}"
        block.append([Segment(_fit(text, width), style)])
    more = len(living) - len(block)
    rest = [f"and {more:,} more"] * (more > 0) + [f"{gone:,} dropped"] * (gone > 0)
    if rest:
        block.append([Segment(_fit(", ".join(rest), width), DIM)])
    return block + _space(width, height - len(block))


def _events(console: Console, watched: Watched, width: int, height: int) -> Block:
    if not width or not height:
        return _space(width, height)
    told = map(printable, list(watched.events)[-height:])
    last = Text("\n".join(told), no_wrap=True, overflow="ellipsis")
    return console.render_lines(last, console.options.update(width=width, height=height))


class Picture:
    """The noisy image, and what a circuit makes of it, as far as a terminal can show them."""

    def __init__(self, shape: Shape, noisy: Plane) -> None:
        self._shape = shape
        self._noisy = noisy
        self._planes = noisy[np.newaxis]

    def draw(self, genes: Genes, width: int, height: int) -> Block:
        """Return the noisy image, if there is room, and the filtered one, below captions."""
        both = width // 2 >= PICTURE_WIDTH
        planes = self._thinned(width // 2 - 2 if both else width - 2, height)
        images = {"best so far": run(circuit_of(genes, self._shape), planes)}
        if both:
            images = {"unfiltered": planes[CENTRE], **images}
        blocks = []
        for caption, image in images.items():
            broad = max(image.shape[1], len(caption)) + 2
            block = [[Segment(_fit(caption, broad), DIM)], *half_blocks(image)]
            fill = " " * (broad - image.shape[1])
            block[1:] = [[*line, Segment(fill)] for line in block[1:]]
            blocks.append(block + _space(broad, height + 1 - len(block)))
        return _beside(*blocks)

    def _thinned(self, cols: int, rows: int) -> Plane:
        """Return the windows (9, h, w) uint8 of evenly spread pixels; only these are filtered.

        h is even and at most 2 rows, w at most cols, and pixels stay square.
        """
        height, width = self._noisy.shape
        scale = max(height / (2 * rows), width / cols, 1)
        count = (9, max(2, int(height / scale) // 2 * 2), max(1, int(width / scale)))
        if self._planes.shape != count:
            y, x = np.arange(count[1]) * height // count[1], np.arange(count[2]) * width // count[2]
            self._planes = windows(self._noisy)[:, y][:, :, x]
        return self._planes


def half_blocks(image: Plane) -> Block:
    """Return an image (2 n, W) uint8 as n lines of W characters, each of two pixels."""
    return [
        [
            Segment("▀" * len(list(equal)), _greys(*map(int, pixels)))
            for pixels, equal in groupby(zip(*rows, strict=True))
        ]
        for rows in zip(image[::2].tolist(), image[1::2].tolist(), strict=True)
    ]


@lru_cache(maxsize=2**14)
def _greys(top: int, bottom: int) -> Style:
    return Style(color=Color.from_rgb(top, top, top), bgcolor=Color.from_rgb(*[bottom] * 3))


def _beside(*blocks: Block) -> Block:
    return [[segment for line in lines for segment in line] for lines in zip(*blocks, strict=True)]


def _space(width: int, height: int) -> Block:
    return [[Segment(" " * width)] for _ in range(height)]


def _width(block: Sequence[list[Segment]]) -> int:
    return Segment.get_line_length(block[0]) if block else 0


def _fit(text: str, width: int) -> str:
    return text[:width].ljust(width)
