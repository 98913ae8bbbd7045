# SPDX-License-Identifier: Apache-2.0
"""Studies from Python: many runs of several settings, and what they say, as tables."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from evoarray.api.watching import quiet_console
from evoarray.evolution.console import open_console
from evoarray.evolution.machine import usable_cores
from evoarray.evolution.report import data
from evoarray.evolution.report import study as reported
from evoarray.evolution.report.export import records
from evoarray.evolution.report.page import report
from evoarray.evolution.studies import study as studies
from evoarray.model.errors import InputError
from evoarray.model.files import read_text
from evoarray.model.temporary import TemporaryFolder


def study(
    spec: str | os.PathLike[str] | Mapping[str, Any],
    output: str | os.PathLike[str] | None = None,
    *,
    runs: int | None = None,
    quick: bool = False,
    workers: int | None = None,
    cluster: str | None = None,
    progress: bool = False,
) -> "Study":
    """Do a study, or go on with one, and return what it found.

    spec is the name of a TOML file, or the same as a mapping, in which photos are named from the
    working folder: {"photos": ["camera.png"], "runs": 10, "grid": {"mutation-rate": ["1", "2"]}}.
    output is the study's folder; a study that is there is gone on with. Without one it is kept in a
    temporary folder for as long as the result lives. runs are those of each setting, quick the
    fewer ones that the spec names; workers are processes, by default one for each core, and what is
    found does not depend on them; cluster is the address of a Dask scheduler. progress prints
    how it goes on.

    Raises InputError for a spec that cannot be used, and for a folder of another study.
    """
    if isinstance(spec, Mapping):
        text, called, place = _as_toml(spec), "spec.toml", Path()
    else:
        path = Path(spec)
        text, called, place = read_text(path, "TOML file"), str(path), path.parent
    temporary = TemporaryFolder() if output is None else None
    folder = Path(temporary.name, "study") if temporary else Path(os.fspath(output or ""))
    studies.study_text(
        text,
        called,
        place,
        folder,
        runs,
        usable_cores() if workers is None else workers,
        cluster,
        (1, 1),
        open_console(stderr=True) if progress else quiet_console(),
        quick=quick,
    )
    return Study(folder, temporary)


class Study:
    """What a study has found so far: its runs, its settings, and what it says of its claims."""

    def __init__(self, folder: Path, temporary: TemporaryFolder | None = None) -> None:
        """Read a study's folder; a temporary one goes with this object. Raises InputError."""
        found = data.read(folder)
        if not isinstance(found, reported.Study):
            raise InputError(f"{folder} is not a study")
        self.folder, self._temporary, self._found = folder, temporary, found

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for each run: setting, run, seed, and what it came to; the lower, the better."""
        return pd.DataFrame.from_records(records(self._found))

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row for each setting, the lowest mean first.

        Runs, mean with its 95 % interval, standard deviation, best, quartiles and worst.
        """
        rows = []
        for setting, found in self._found.summaries.items():
            row = asdict(found)
            quartiles = dict(zip(("q1", "median", "q3"), row.pop("quartiles"), strict=True))
            rows.append({"setting": setting, **row, **quartiles})
        return pd.DataFrame.from_records(rows).set_index("setting")

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """A row for each two settings: the difference of their means, and p corrected for all."""
        rows = [
            {"one": pair.one, "other": pair.other, **asdict(pair.comparison), "p_holm": pair.p}
            for pair in self._found.pairs
        ]
        return pd.DataFrame.from_records(rows)

    @cached_property
    def claims(self) -> pd.DataFrame:
        """A row for each claim: what it says, its verdict, the runs it is by, and p."""
        rows = [
            {"claim": j.claim.says, "verdict": j.verdict, "runs": j.runs, "p": j.p}
            for j in self._found.judged
        ]
        return pd.DataFrame.from_records(rows, columns=["claim", "verdict", "runs", "p"])

    @property
    def lost(self) -> str:
        """Which results are damaged and left out; empty if none is."""
        return self._found.lost

    def report(self, output: str | os.PathLike[str] | None = None) -> Path:
        """Write a page about the study, by default into its folder, and return where it is."""
        return report(self.folder, None if output is None else Path(output), quiet_console())

    def __repr__(self) -> str:
        """Say in one line how far it is and what is best."""
        best = next(iter(self._found.summaries))
        title = self._found.spec.title
        return f"<Study {title!r}: {len(self._found.results):,} runs, lowest mean of {best!r}>"

    def _repr_html_(self) -> str:
        claims = self.claims.to_html(index=False) if len(self.claims) else ""
        return f"<p>{escape(self._found.spec.title)}</p>{self.summary.to_html()}{claims}"


def _as_toml(spec: Mapping[str, Any]) -> str:
    try:
        return tomli_w.dumps(dict(spec))
    except (TypeError, ValueError) as error:
        raise InputError(f"the spec is not what a TOML file can say: {error}") from None
