# SPDX-License-Identifier: Apache-2.0
"""The console: where sentences, tables and progress go, and what that place can show."""

import os
import sys
from collections.abc import Sequence
from math import inf, isfinite
from typing import Any

import click
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column, Table
from rich.text import Text

from evoarray.model.errors import printable

UNLIMITED = 10_000
"""Columns of a file or a pipe: more than any table needs, so that nothing is cut or folded."""

HEIGHT = 25
"""Lines of such a place, where nothing depends on them."""

PLAIN_TERMINALS = {"dumb", "unknown"}
"""TERM of terminals that cannot move the cursor."""


class _Console(Console):
    """A console to which names of foreign origin may be written: what obeys them is escaped."""

    def out(self, *objects: Any, **options: Any) -> None:
        super().out(*(printable(str(each), lines=True) for each in objects), **options)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text, lines=True), **options)


def say(sentence: str, *, err: bool = False) -> None:
    """Print a sentence in which there may be names of foreign origin."""
    click.echo(printable(sentence, lines=True), err=err)


def open_console(*, stderr: bool = False) -> Console:
    """Return the console of a standard stream.

    FORCE_COLOR and NO_COLOR decide about colours, but not about `is_interactive`: progress is
    redrawn in place only where somebody watches a terminal that can do it, and that no JSON goes
    to. Elsewhere, and in continuous integration (CI), whose logs keep every redrawing, it is plain
    lines.
    """
    # One that was closed is None.
    out, error = (bool(stream and stream.isatty()) for stream in (sys.stdout, sys.stderr))
    terminal, shared = (error, out) if stderr else (out, False)
    moves = os.environ.get("TERM", "").lower() not in PLAIN_TERMINALS
    return _Console(
        highlight=False,
        markup=False,
        emoji=False,
        stderr=stderr,
        width=None if terminal else UNLIMITED,
        height=None if terminal else HEIGHT,
        force_interactive=terminal and moves and not shared and not os.environ.get("CI"),
    )


def print_table(console: Console, table: Table) -> None:
    """Print a table in full; where it is too wide, each row becomes lines of heading and value.

    Only one column is broken into lines, that which becomes narrowest, and only between words.
    """
    texts = [
        [printable(str(text), lines=True) for text in (column.header, *column.cells)]
        for column in table.columns
    ]
    widths = [max(map(cell_len, text)) for text in texts]
    words = [max(map(cell_len, " ".join(text).split() or [""])) for text in texts]
    spare = [width - word for width, word in zip(widths, words, strict=True)]
    if sum(widths) - max(spare) + 3 * len(widths) + 1 <= console.width:
        for number, column in enumerate(table.columns):
            column.no_wrap = number != spare.index(max(spare))
        console.print(table)
        return
    if table.title:
        console.print(table.title)
    for row in zip(*(column.cells for column in table.columns), strict=True):
        console.print()
        for column, cell in zip(table.columns, row, strict=True):
            heading, value = (
                str(column.header).strip(),
                cell if isinstance(cell, Text) else printable(str(cell), lines=True),
            )
            if value:
                line = Text.assemble(f"{heading}: " if heading else "", value)
                line.rstrip()
                console.print(line)


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them: a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def duration(seconds: float) -> str:
    """Return a time in the units in which people think of it: 12 s, 5 min 12 s, 53 h 58 min."""
    if not isfinite(seconds):
        return "-"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minute} min"
    return f"{minute} min {second} s" if minute else f"{second} s"


def time_left(count: float, rate: float) -> str:
    """Return how long so much work will take at so much a second."""
    return duration(count / rate if rate else inf if count else 0)


def progress_bar(console: Console) -> Progress:
    """Return a bar with the sentence `said` beside it, wrapped where the terminal is narrow."""
    return Progress(
        BarColumn(max(4, min(40, console.width // 4))),
        TextColumn("{task.fields[said]}", table_column=Column(), markup=False),
        console=console,
        disable=not console.is_interactive,
    )
