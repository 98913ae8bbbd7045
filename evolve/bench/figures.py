# SPDX-License-Identifier: Apache-2.0
"""What a benchmark says: medians with their spread, as JSON and as a table."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """A measured quantity: what, in which unit, on which array, and its values in all rounds."""

    what: str
    unit: str
    side: int
    values: list[float]

    def as_json(self) -> dict[str, Any]:
        """Return the median and the spread."""
        return {
            "what": self.what,
            "unit": self.unit,
            "array": f"{self.side}x{self.side}",
            "median": statistics.median(self.values),
            "lowest": min(self.values),
            "highest": max(self.values),
        }


def print_figures(results: Mapping[str, Any], console: Console) -> None:
    """Print the results as a table, in Markdown, a row a quantity and a column an array."""
    arrays = list(results["peak_memory_mb"])
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for figure in results["figures"]:
        spread = [f"{float(f'{figure[key]:.3g}'):,.10g}" for key in ("median", "lowest", "highest")]
        cell = "{} ({}-{})".format(*spread)
        rows.setdefault((figure["what"], figure["unit"]), {})[figure["array"]] = cell
    table = Table("backend", "quantity", *arrays, box=box.MARKDOWN)
    for (what, unit), cells in rows.items():
        table.add_row(what, unit, *(cells.get(array, "") for array in arrays))
    console.width = 1000  # rows that do not break, to be pasted
    console.print(table)
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
