# SPDX-License-Identifier: Apache-2.0
"""What a benchmark says: medians with their spread, as JSON and as a table."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """A measured quantity: what, in which unit, of which array or network, and all its values."""

    what: str
    unit: str
    of: str
    values: list[float]

    def as_json(self) -> dict[str, Any]:
        """Return the median and the spread."""
        return {
            "what": self.what,
            "unit": self.unit,
            "of": self.of,
            "median": statistics.median(self.values),
            "lowest": min(self.values),
            "highest": max(self.values),
        }


class Figures:
    """All figures so far, in the order in which they were first taken."""

    def __init__(self) -> None:
        self._figures: dict[tuple[str, str, str], Figure] = {}

    def note(self, what: str, unit: str, of: str, value: float) -> None:
        """Take one more value of a figure."""
        self._figures.setdefault((what, unit, of), Figure(what, unit, of, [])).values.append(value)

    def as_json(self) -> list[dict[str, Any]]:
        """Return all of them, each as Figure.as_json."""
        return [figure.as_json() for figure in self._figures.values()]


def print_figures(results: Mapping[str, Any], console: Console) -> None:
    """Print the results as tables, in Markdown: a row a quantity, a column an array or network."""
    console.width = 1000  # rows that do not break, to be pasted
    console.print(_table(results["figures"]))
    if results["photos"]:
        console.out("Photos of several sizes, on an 8x8 array with the default preset:")
        console.print(_table(results["photos"]))
    console.out(f"Networks, in evolution on {results['images']:,} images:")
    console.print(_table(results["networks"]))
    console.out(
        f"{results['date']}, {results['processor']}, {results['cores']} cores; median of "
        f"{results['rounds']} rounds (lowest-highest)"
    )
    if results["store_limit_bytes_per_second"]:
        limit = results["store_limit_bytes_per_second"] / 1e9
        console.out(f"The store limit is {limit:.0f} GB/s: a vector in every cycle of a core.")
    for name, seconds in results["start_up_seconds"].items():
        spent = ", ".join(f"{way} {value:.2f} s" for way, value in seconds.items())
        console.out(f"Start-up, {name}: {spent}")
    memory = ", ".join(
        f"{array} {value:.0f} MB" for array, value in results["peak_memory_mb"].items()
    )
    console.out(f"Peak memory of a process that evolves with the engine: {memory}")


def _table(figures: Sequence[Mapping[str, Any]]) -> Table:
    columns = list(dict.fromkeys(figure["of"] for figure in figures))
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for figure in figures:
        spread = [f"{float(f'{figure[key]:.3g}'):,.10g}" for key in ("median", "lowest", "highest")]
        cell = "{} ({}-{})".format(*spread)
        rows.setdefault((figure["what"], figure["unit"]), {})[figure["of"]] = cell
    table = Table("backend", "quantity", *columns, box=box.MARKDOWN)
    for (what, unit), cells in rows.items():
        table.add_row(what, unit, *(cells.get(column, "") for column in columns))
    return table
