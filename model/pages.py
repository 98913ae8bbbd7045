# SPDX-License-Identifier: Apache-2.0
"""Pages in Markdown of which a command writes a part."""

from collections.abc import Iterable, Sequence

_BAR = r"\|"  # within a cell


def markdown_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = False
) -> list[str]:
    """Return the lines of a table; with numbers, all columns but the first are flush right."""
    rule = ["---", *(["---:" if numbers else "---"] * (len(heads) - 1))]
    return [
        f"| {' | '.join(cell.replace('|', _BAR) for cell in cells)} |"
        for cells in (heads, rule, *rows)
    ]


def replace_part(page: str, begin: str, end: str, part: str) -> str:
    """Return a page with another part between two lines. Raises ValueError if it lacks them."""
    before, found_begin, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found_begin and found_end):
        raise ValueError(f"the page needs the lines {begin} and {end}")
    return f"{before}{begin}\n\n{part}\n{end}{after}"
