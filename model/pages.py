# SPDX-License-Identifier: Apache-2.0
"""Pages in Markdown of which a command writes a part."""

import re
from collections.abc import Iterable, Sequence

from evoarray.model.errors import printable

_MARKUP = re.compile(r"[\\`*#~]|(?<!\w)_|_(?!\w)|\[(?=.*\]\()")
_BAR = r"\|"  # within a cell


def plain(text: str) -> str:
    """Return what a user wrote as Markdown that shows it as it is, on one line."""
    line = printable(" ".join(text.splitlines())).replace("&", "&amp;").replace("<", "&lt;")
    return _MARKUP.sub(r"\\\g<0>", line)


def markdown_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = False
) -> list[str]:
    """Return the lines of a table; with numbers, all columns but the first are flush right.

    Cells are Markdown; a line of theirs that ends goes on below, within the cell.
    """
    rule = ["---", *(["---:" if numbers else "---"] * (len(heads) - 1))]
    return [
        f"| {' | '.join('<br>'.join(cell.splitlines()).replace('|', _BAR) for cell in cells)} |"
        for cells in (heads, rule, *rows)
    ]


def replace_part(page: str, begin: str, end: str, part: str) -> str:
    """Return a page with another part between two lines, with line ends as that page has there.

    Raises ValueError if it lacks them.
    """
    before, found_begin, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found_begin and found_end):
        raise ValueError(f"the page needs the lines {begin} and {end}")
    line_end = "\r\n" if rest.startswith("\r\n") else "\n"
    written = f"{begin}\n\n{part}\n{end}".replace("\n", line_end)
    return f"{before}{written}{after}"
