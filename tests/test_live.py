# SPDX-License-Identifier: Apache-2.0
"""What a terminal shows of a run, drawn on consoles of every size and read back."""

import io
import json
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from rich.segment import Segment

from evoarray.evolution.filter.backends.model import ModelBackend
from evoarray.evolution.filter.comparison import Photo, rival
from evoarray.evolution.filter.loop import Epoch, found
from evoarray.evolution.filter.runs.live import (
    BRAILLE,
    TALLEST,
    Block,
    LiveView,
    Picture,
    curve,
    draw,
    half_blocks,
    is_watchable,
    tribes,
)
from evoarray.evolution.filter.runs.progress import Lines, Watched
from evoarray.evolution.filter.settings import Settings
from evoarray.evolution.runs.database import Event, Row
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.baselines import median3x3
from evoarray.model.filter.circuit import Shape, copy_filter, random_circuit
from evoarray.model.filter.fitness import sae
from evoarray.model.filter.functions import Plane
from tests.conftest import shown_on_terminal
from tests.test_cli import SMALL

SHAPE = Shape(4, 4, "upm16")
NOISY: Plane = np.random.default_rng(4).integers(0, 256, (64, 96), np.uint8)
MEDIAN = ("3x3 median", 3000)


def console_of(width: int, height: int, **options: object) -> Console:
    settings = {"force_terminal": True, "color_system": "truecolor", "_environ": {}, **options}
    return Console(file=io.StringIO(), width=width, height=height, **settings)  # type: ignore[arg-type]


def watched_of(*steps: Mapping[int, int]) -> Watched:
    """Return who has seen these SAEs by tribe, one after the other, each after 1000 evaluations."""
    watched = Watched(ModelBackend(SHAPE, []), 10_000, Lines(Console(file=io.StringIO())))
    watched.best = copy_filter(SHAPE).genes
    for number, saes in enumerate(steps):
        watched.sae, watched.evaluations = min(saes.values()), 1000 * number
        told = (f"war: {number}",) if 0 < number <= 3 else ()
        watched.note(Epoch(watched.evaluations, dict(saes), watched.sae, watched.best, told))
    return watched


FALLING = [{0: 50_000 >> n, 1: 60_000 >> n, 2: 70_000} for n in range(5)]
SEEN = [*FALLING, {0: 2000, 1: 2500}, {0: 1900, 1: 2400, 3: 9000}]


def text_of(block: Block) -> list[str]:
    assert len({Segment.get_line_length(line) for line in block}) <= 1, "all lines are as wide"
    return ["".join(segment.text for segment in line) for line in block]


def view_of(console: Console, watched: Watched) -> str:
    """Return what a terminal would show, without its colours."""
    console.print(draw(console, watched, Picture(SHAPE, NOISY), MEDIAN))
    assert isinstance(console.file, io.StringIO)
    return re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", console.file.getvalue())


# --- what each size has room for


@pytest.mark.parametrize(
    ("size", "shows"),
    [
        ((200, 60), {"pictures", "picture", "curve", "tribes", "events"}),
        ((120, 40), {"pictures", "picture", "curve", "tribes", "events"}),
        ((80, 24), {"picture", "curve", "tribes", "events"}),
        ((80, 16), {"curve", "tribes", "events"}),
        ((40, 30), {"curve", "tribes", "events"}),
        ((40, 10), {"tribes", "events"}),
        ((20, 9), {"tribes"}),
    ],
)
def test_what_has_no_room_is_left_out(size: tuple[int, int], shows: set[str]) -> None:
    text = view_of(console_of(*size), watched_of(*SEEN))
    marks = {
        "pictures": "unfiltered",
        "picture": "best so far",
        "curve": "logarithmic",
        "tribes": " best",
        "events": "war: 3",
    }
    assert {name for name, mark in marks.items() if mark in text} == shows
    assert "6,000 of" in text
    assert "1,900" in text


MANY = dict.fromkeys(range(99), 7)


@pytest.mark.parametrize("seen", [SEEN, SEEN[:1], [{0: 5}], [{0: 0}], [MANY]])
def test_no_view_is_larger_than_its_terminal(seen: list[dict[int, int]]) -> None:
    for width in (*range(1, 30), 59, 60, 61, 80, 300):
        for height in (1, 2, 5, 8, 9, 10, 13, 14, 20, 24, 33, 50, 100):
            lines = view_of(console_of(width, height), watched_of(*seen)).splitlines()
            assert max(map(len, lines)) <= width
            # The bar and the numbers are always there.
            assert len(lines) < height or width < 60 or height < 5
            assert len(lines) <= TALLEST or width < 30


def test_the_header_says_how_far_it_is_and_how_good() -> None:
    text = view_of(console_of(120, 20), watched_of(*SEEN))
    assert re.search(
        r"6,000 of 10,000 evaluations, [\d,]+/s, ETA 0 s, best SAE 1,900, "
        r"0\.63 of the 3x3 median's",
        text,
    )


def test_without_colours_there_is_no_picture() -> None:
    for options in ({"no_color": True}, {"color_system": None}):
        console = console_of(120, 40, **options)
        text = view_of(console, watched_of(*SEEN))
        assert "best so far" not in text
        assert "logarithmic" in text
        assert isinstance(console.file, io.StringIO)
        assert not re.search(r"\x1b\[[\d;]*3\d", console.file.getvalue())


# --- the blocks


def dots_of(lines: list[str]) -> list[set[int]]:
    """Return for each column of characters the rows of its dots, counted from the top."""
    found: list[set[int]] = [set() for _ in lines[0]]
    for row, line in enumerate(lines):
        for column, char in enumerate(line):
            code = ord(char) - BRAILLE if char != "╌" else 0
            for dot, masks in enumerate((0x09, 0x12, 0x24, 0xC0)):
                if code & masks:
                    found[column].add(4 * row + dot)
    return found


@pytest.mark.parametrize(("width", "height"), [(30, 7), (60, 10), (111, 33)])
@pytest.mark.parametrize(
    ("saes", "kind"), [((50_000, 9000, 1900), "logarithmic"), ((5000, 4000, 1900), "linear")]
)
def test_a_curve_goes_from_its_highest_to_its_lowest(
    saes: tuple[int, ...], kind: str, width: int, height: int
) -> None:
    lines = text_of(curve(watched_of(*({0: sae} for sae in saes)), MEDIAN, width, height))
    assert (len(lines), len(lines[0])) == (height, width)
    assert lines[0].startswith(f"best SAE, {kind}")
    gutter = lines[1].index("│")
    assert lines[1][:gutter].strip() == f"{saes[0]:,}"
    assert lines[-3][:gutter].strip() == "1,900"
    (level,) = (line for line in lines[1:] if "╌" in line)
    assert level[:gutter].strip() in {"3,000", "1,900" if height == 7 else ""}
    dots = dots_of([line[gutter + 1 :] for line in lines[1:-2]])
    assert min(dots[0]) == 0
    assert max(dots[-1]) == 4 * (height - 3) - 1
    assert all(dots), "no gap"
    assert all(max(one) <= min(other) for one, other in pairwise(dots))
    assert lines[-1].split() == ["0", "evaluations", "2,000"]


def test_a_curve_without_a_fall_is_flat() -> None:
    lines = text_of(curve(watched_of({0: 7}), ("unfiltered image", 7), 40, 8))
    assert all(dots == {0} for dots in dots_of([line[3:] for line in lines[1:-2]]))


def test_tribes_are_best_or_new() -> None:
    lines = text_of(tribes(watched_of(*SEEN), 40, 6))
    assert [line.split()[0] for line in lines[:3]] == ["0", "1", "3"]
    assert [line.split()[-2:] for line in lines[:3]] == [
        ["1,900", "best"],
        [lines[1].split()[1], "2,400"],
        ["9,000", "new"],
    ]
    bars = [line.count("█") for line in lines[:3]]
    assert bars[0] < bars[2]
    assert lines[3].strip() == "1 dropped"
    assert lines[4].isspace()


def test_tribes_that_were_dropped_are_counted_not_repeated() -> None:
    watched = watched_of({number: 1000 - number for number in range(30)}, {7: 400, 9: 500})
    for height in (3, 10):
        lines = text_of(tribes(watched, 30, height))
        assert "".join(lines).count("dropped") == 1
        assert lines[2].strip() == "28 dropped"
    assert text_of(tribes(watched, 30, 2))[1].strip() == "and 1 more, 28 dropped"
    assert view_of(console_of(80, 40), watched).count("dropped") == 1


def test_of_many_tribes_the_best_are_shown() -> None:
    watched = watched_of({number: 1000 - number for number in range(300)})
    lines = text_of(tribes(watched, 30, 4))
    assert [line.split()[0] for line in lines] == ["299", "298", "297", "and"]
    assert lines[-1].strip() == "and 297 more"
    assert text_of(tribes(watched, 30, 1))[0].strip() == "and 300 more"


def test_a_character_is_two_pixels() -> None:
    image = np.array([[0, 0, 255], [10, 10, 30], [1, 2, 3], [4, 5, 6]], np.uint8)
    first, second = half_blocks(image)
    assert [segment.text for segment in first] == ["▀▀", "▀"]
    colours = [
        (segment.style.color.triplet, segment.style.bgcolor.triplet)
        for segment in (*first, *second)
        if segment.style and segment.style.color and segment.style.bgcolor
    ]
    assert colours == [
        ((top,) * 3, (bottom,) * 3) for top, bottom in ((0, 10), (255, 30), (1, 4), (2, 5), (3, 6))
    ]


@pytest.mark.parametrize("size", [(3, 3), (64, 96), (300, 40), (40, 300)])
def test_the_picture_has_pixels_of_the_filtered_image(size: tuple[int, int]) -> None:
    noisy = np.random.default_rng(5).integers(0, 256, size, np.uint8)
    circuit = random_circuit(SHAPE, np.random.default_rng(6))
    block = Picture(SHAPE, noisy).draw(circuit.genes, 100, 20)
    assert len(block) == 21
    assert len({Segment.get_line_length(line) for line in block}) == 1
    assert Segment.get_line_length(block[0]) <= 100
    filtered = filter_image(circuit, noisy)
    pixels = [s.style.color.triplet for line in block for s in line if s.style and s.style.color]
    assert pixels[0] is not None
    assert pixels[0].red == noisy[0, 0]
    ends = [line[-2].style for line in block if line[-2].style and line[-2].style.color]
    assert ends[0] is not None
    assert ends[0].color is not None
    assert ends[0].color.triplet is not None
    scale = max(size[0] / 40, size[1] / 48, 1)
    right = (int(size[1] / scale) - 1) * size[1] // int(size[1] / scale)
    assert ends[0].color.triplet.red == filtered[0, right]


# --- what is watched


def test_the_rival_is_the_median_only_where_it_helps() -> None:
    clean = np.full((9, 9), 100, np.uint8)
    clean[:, 5:] = 200
    noisy = clean.copy()
    noisy[2, 2] = 255
    photo = Photo("", noisy, clean)
    assert rival([photo, photo]) == ("3x3 median", 2 * sae(median3x3(noisy), clean))
    goal = (255 - clean).astype(np.uint8)
    goal[4, 4] = noisy[4, 4]
    assert rival([Photo("", goal, goal)])[0] == "unfiltered image"


def test_who_goes_on_knows_what_was_before() -> None:
    settings = Settings(SHAPE, tribes=2)
    backend = ModelBackend(SHAPE, [(NOISY, NOISY)])
    world = found(settings, backend)
    world.evaluations = 3000
    rows = [Row(0, 9, {0: 9, 1: 9, 2: 9}), Row(1000, 9, {0: 9, 1: 9}), Row(3000, 5, {0: 9, 1: 5})]
    watched = Watched(backend, 4000, Lines(Console(file=io.StringIO())))
    watched.resume(world, rows, [Event(1000, "dropped: 9", {})])
    assert watched.curve == [(0, 9), (3000, 5)]
    assert watched.saes == {0: 9, 1: 5, 2: 9}
    assert (list(watched.living), list(watched.founders)) == ([0, 1], [0, 1, 2])
    assert list(watched.events) == ["1000: dropped: 9"]
    assert (watched.rate, watched.evaluations) == (0, 3000), "the rate is that of this session"
    assert watched.best is world.best


class Slow(Lines):
    """A view that takes its time to draw."""

    pause = 0.5

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.shown: list[float] = []
        self.now = 0.0

    def show(self, watched: Watched) -> None:
        self.shown.append(self.now)
        self.now += self.seconds


@pytest.mark.parametrize(("seconds", "pause"), [(0.001, 0.5), (0.1, 5.0)])
def test_drawing_takes_a_few_percent_of_the_time_at_most(
    monkeypatch: pytest.MonkeyPatch, seconds: float, pause: float
) -> None:
    view = Slow(seconds)
    monkeypatch.setattr("evoarray.evolution.filter.runs.progress.time.monotonic", lambda: view.now)
    watched = Watched(ModelBackend(SHAPE, [(NOISY[:3, :3], NOISY[:3, :3])]), 10**6, view)
    batch = copy_filter(SHAPE).genes[np.newaxis]
    for _ in range(2000):
        watched.evaluate(batch)
        view.now += 0.01
    assert view.shown[0] == 0
    pauses = np.diff(view.shown)
    assert 0.5 <= pauses[0] <= 0.52 + seconds, "the first drawing is dear, and does not count"
    assert pauses[1:].min() >= pause
    assert pauses[1:].max() <= pause + seconds + 0.02


# --- on a terminal


def test_who_can_be_shown_a_view() -> None:
    assert is_watchable(console_of(80, 24))
    assert not is_watchable(console_of(80, 24, force_terminal=False))
    assert not is_watchable(console_of(80, 24, _environ={"TERM": "dumb"}))
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert not is_watchable(Console(file=ascii_only, force_terminal=True))


def test_a_view_is_drawn_over_the_last_one_and_anew_when_the_size_changes() -> None:
    console, watched = console_of(80, 20), watched_of(*SEEN)
    view = LiveView(console, Picture(SHAPE, NOISY), MEDIAN)
    assert isinstance(console.file, io.StringIO)
    view.begin()
    view.show(watched)
    view.show(watched)
    assert console.file.getvalue().count("\x1b[1A") == 18
    assert "\x1b[2J" not in console.file.getvalue()
    console.size = (70, 12)
    view.show(watched)
    assert console.file.getvalue().count("\x1b[2J") == 1
    view.end()
    assert console.file.getvalue().endswith("\n\x1b[?25h"), "the cursor is there again"


def test_json_lines_go_to_their_file_while_a_terminal_shows_the_view(images: Path) -> None:
    command = ("evolve", "noisy.png", "clean.png", "-o", "run", "--json-lines", *SMALL)
    with (images / "lines").open("w", encoding="utf-8") as lines:
        shown = shown_on_terminal(images, *command, stdout=lines)
    assert "best SAE" in shown
    assert "{" not in shown
    objects = [
        json.loads(line) for line in (images / "lines").read_text(encoding="utf-8").splitlines()
    ]
    assert list(objects[-1]) == ["results"]
    assert objects[0]["evaluations"] == 0
