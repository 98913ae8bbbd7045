# SPDX-License-Identifier: Apache-2.0
"""What a console takes: colours, widths, tables that are never cut, and times."""

import io
import re
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evoarray.evolution.console import duration, listed, open_console, print_table, time_left
from evoarray.evolution.neuro.progress import NeuroProgress
from tests.conftest import Evoarray, shown_on_terminal
from tests.test_cli import SMALL

ESCAPE = "\x1b"


@pytest.mark.usefixtures("images")
def test_a_forced_colour_moves_no_cursor(
    evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the log of continuous integration."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    ended = evoarray("evolve", "noisy.png", "clean.png", "-o", "r", *SMALL)
    assert "400/400 evaluations" in ended.out
    assert ESCAPE + "[1m" in ended.out, "colour was asked for"
    for moved in ("[1A", "[2K", "[?25l"):
        assert ESCAPE + moved not in ended.out + ended.err


@pytest.mark.parametrize("variable", ["FORCE_COLOR=1", "NO_COLOR=1", "TERM=dumb", "CI=true", ""])
@pytest.mark.parametrize("terminal", [True, False])
def test_where_progress_is_redrawn(
    monkeypatch: pytest.MonkeyPatch, variable: str, terminal: bool
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    if variable:
        monkeypatch.setenv(*variable.split("="))
    watched = terminal and variable not in {"TERM=dumb", "CI=true"}
    for stderr in (False, True):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal and not stderr)  # noqa: B023
        monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
        console = open_console(stderr=stderr)
        assert console.is_interactive == watched
        progress = NeuroProgress(0, 10, console)
        assert progress._bar.disable != watched


def test_progress_does_not_go_where_json_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with --json-lines and no redirection: both streams are the same terminal."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    assert open_console().is_interactive
    assert not open_console(stderr=True).is_interactive


def test_a_closed_stream_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python has it where standard output was closed at the start."""
    monkeypatch.setattr(sys, "stdout", None)
    console = open_console()
    assert not console.is_interactive
    console.out("said to nobody")


def table() -> Table:
    made = Table("run", title="Runs")
    made.add_column("SAE", justify="right")
    made.add_column("command")
    made.add_row(
        "many/a_quite_long_name_of_a_run", Text("418,446 *", "bold"), "evoarray evolve a.png b.png"
    )
    made.add_row("", "7", "")
    return made


def printed(width: int) -> str:
    stream = io.StringIO()
    print_table(Console(file=stream, width=width), table())
    return stream.getvalue()


@pytest.mark.parametrize("width", [10, 20, 40, 60, 70, 80, 10_000])
def test_no_table_is_cut(width: int) -> None:
    text = printed(width)
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert all(len(line) <= width for line in text.splitlines())
    assert width < 40 or "many/a_quite_long_name_of_a_run" in text
    assert width < 20 or "418,446 *" in text
    assert ("│" in text) == (width >= 60)
    if width == 40:
        assert text.splitlines() == [
            "Runs",
            "",
            "run: many/a_quite_long_name_of_a_run",
            "SAE: 418,446 *",
            "command: evoarray evolve a.png b.png",
            "",
            "SAE: 7",
        ]


def test_a_list_of_runs_is_whole_in_a_pipe_and_on_narrow_terminals(
    evoarray: Evoarray, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "many/a_quite_long_name_of_a_run_folder"
    assert evoarray("evolve", "noisy.png", "clean.png", "-o", name, *SMALL).status == 0
    for width in ("80", "200"):
        monkeypatch.setenv("COLUMNS", width)
        (row,) = (line for line in evoarray("runs", "many").out.splitlines() if name in line)
        command = f"evoarray evolve noisy.png clean.png -o {name} --preset plain"
        assert all(whole in row for whole in ("finished", "400 of 400", command))
        assert re.search(r" 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d ", row)
    shown = shown_on_terminal(images, "runs", "many", columns=40)
    assert f"run: \r\n{name}\r\n" in shown
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (312, "5 min 12 s"),
        (3599.7, "1 h 0 min"),
        (194_263, "53 h 57 min"),
        (float("inf"), "-"),
    ],
)
def test_times_have_units_that_people_use(seconds: float, says: str) -> None:
    assert duration(seconds) == says


def test_the_time_left_is_known_once_there_is_a_rate() -> None:
    assert [time_left(*pair) for pair in ((600, 10), (600, 0), (0, 0))] == ["1 min 0 s", "-", "0 s"]


def test_names_are_listed_as_in_a_sentence() -> None:
    assert [listed("abc"[:n]) for n in (1, 2, 3)] == ["a", "a and b", "a, b and c"]
