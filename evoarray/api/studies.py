# SPDX-License-Identifier: Apache-2.0
"""Studies from Python: many runs of several settings, and what they say, as tables.

Start reading at `study`. The commands of `evoarray study` call `begin`, `merge` and `summarize`.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w
from rich.console import Console

from evoarray.api.watching import quiet_console
from evoarray.api.workers import workers_of
from evoarray.evolution.console import open_console
from evoarray.evolution.report import data
from evoarray.evolution.report import study as reported
from evoarray.evolution.report.export import records
from evoarray.evolution.report.page import report
from evoarray.evolution.studies import study as studies
from evoarray.evolution.studies.summary import write_summary
from evoarray.model.errors import InputError, refuse, whole
from evoarray.model.files import read_text
from evoarray.model.temporary import TemporaryFolder

if TYPE_CHECKING:
    import pandas as pd

WHOLE = "1/1"
"""The shard that is all of a study."""

MOST_SHARDS = 1_000_000


def study(
    spec: str | os.PathLike[str] | Mapping[str, Any],
    output: str | os.PathLike[str] | None = None,
    *,
    runs: int | None = None,
    quick: bool = False,
    workers: int | None = None,
    cluster: str | None = None,
    shard: str = WHOLE,
    progress: bool = False,
) -> "Study":
    """Do a study, or go on with one, and return what it found.

    spec is the name of a TOML file, or the same as a mapping, in which photos are named from the
    working folder: {"photos": ["camera.png"], "runs": 10, "grid": {"mutation-rate": ["1", "2"]}}.
    output is the study's folder; a study that is there is gone on with. Without one it is kept in a
    temporary folder for as long as the result lives. runs are those of each setting, quick the
    fewer ones that the spec names; workers are processes, by default one for each core, and what is
    found does not depend on them; cluster is the address of a Dask scheduler. shard "2/5" does the
    second of five parts alone, in a folder of its own; see `Study.merge`. progress prints how it
    goes on.

    Raises InputError for a spec that cannot be used, for an option that has no effect beside
    another one, and for a folder of another study. KeyboardInterrupt leaves a study in output with
    which the same call goes on.
    """
    temporary = TemporaryFolder() if output is None else None
    folder = Path(temporary.name, "study") if temporary else Path(os.fspath(output or ""))
    begin(
        spec,
        folder,
        runs=runs,
        quick=quick,
        workers=workers,
        cluster=cluster,
        shard=shard,
        console=open_console(stderr=True) if progress else quiet_console(),
    )
    return Study(folder, temporary)


def begin(
    spec: str | os.PathLike[str] | Mapping[str, Any],
    folder: Path,
    *,
    runs: int | None,
    quick: bool,
    workers: int | None,
    cluster: str | None,
    shard: str,
    console: Console,
) -> None:
    """Do what `study` does, and fill the folder."""
    for idle, beside, both in (
        ("quick", "runs", quick and runs is not None),
        ("workers", "cluster", workers is not None and cluster is not None),
    ):
        if both:
            raise InputError(f"{idle} has no effect beside {beside}; leave one of them out")
    if runs is not None and (type(runs) is not int or runs < 1):
        refuse("runs", runs, "a whole number from 1 up")
    part, processes = _shard_of(shard), workers_of(workers)
    if isinstance(spec, Mapping):
        about = _as_toml(spec), "spec.toml", Path()
    else:
        path = Path(spec)
        about = read_text(path, "TOML file"), str(path), path.parent
    studies.study(*about, folder, runs, processes, cluster, part, console, quick=quick)


def merge(shards: Sequence[Path], output: Path, console: Console) -> None:
    """Do what `Study.merge` does, and fill the folder."""
    for lost in studies.merge(shards, output):
        console.out(f"Warning: {lost}; they are not in {output}")


def summarize(folders: Sequence[Path], output: Path, console: Console) -> None:
    """Do what `Study.summarize` does."""
    for lost in write_summary(folders, output):
        console.out(f"Warning: {lost}; what is damaged is left out")


class Study:
    """What a study has found so far: its runs, its settings, and what it says of its claims."""

    def __init__(self, folder: Path, temporary: TemporaryFolder | None = None) -> None:
        """Read a study's folder; a temporary one goes with this object. Raises InputError."""
        found = data.read(folder)
        if not isinstance(found, reported.Study):
            raise InputError(f"{folder} is not a study")
        self.folder, self._temporary, self._found = folder, temporary, found

    @classmethod
    def merge(
        cls, shards: Sequence[str | os.PathLike[str]], output: str | os.PathLike[str]
    ) -> "Study":
        """Put the results of the parts of a study together in a new folder, and return them all.

        Raises InputError if the parts are of different studies, if two of them have another result
        of one run, and if there is a study in the new folder. Damaged results are left out, with a
        warning.
        """
        merge([Path(shard) for shard in shards], Path(output), quiet_console())
        return cls(Path(output))

    @cached_property
    def table(self) -> "pd.DataFrame":
        """A row for each run: setting, run, seed, and what it came to; the lower, the better."""
        import pandas as pd

        return pd.DataFrame.from_records(records(self._found))

    @cached_property
    def summary(self) -> "pd.DataFrame":
        """A row for each setting, the lowest mean first.

        Runs, mean with its 95 % interval, standard deviation, best, quartiles and worst.
        """
        import pandas as pd

        rows = []
        for setting, found in self._found.summaries.items():
            row = asdict(found)
            quartiles = dict(zip(("q1", "median", "q3"), row.pop("quartiles"), strict=True))
            rows.append({"setting": setting, **row, **quartiles})
        return pd.DataFrame.from_records(rows).set_index("setting")

    @cached_property
    def pairs(self) -> "pd.DataFrame":
        """A row for each two settings: the difference of their means, and p corrected for all."""
        import pandas as pd

        rows = [
            {"one": pair.one, "other": pair.other, **asdict(pair.comparison), "p_holm": pair.p}
            for pair in self._found.pairs
        ]
        return pd.DataFrame.from_records(rows)

    @cached_property
    def claims(self) -> "pd.DataFrame":
        """A row for each claim: what it says, its verdict, the runs it is by, and p."""
        import pandas as pd

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

    def summarize(self, output: str | os.PathLike[str], *, others: Sequence["Study"] = ()) -> Path:
        """Write what this study and others say of their claims as Markdown, and return where it is.

        Where the file has the lines that a summary writes into, the rest of it stays as it is.
        Raises InputError for a file that cannot be read or written.
        """
        summarize([study.folder for study in (self, *others)], Path(output), quiet_console())
        return Path(output)

    def __repr__(self) -> str:
        """Say in one line how far it is and what is best."""
        best = next(iter(self._found.summaries))
        title = self._found.spec.title
        return f"<Study {title!r}: {len(self._found.results):,} runs, lowest mean of {best!r}>"

    def _repr_html_(self) -> str:
        claims = self.claims.to_html(index=False) if len(self.claims) else ""
        return f"<p>{escape(self._found.spec.title)}</p>{self.summary.to_html()}{claims}"


def _shard_of(text: str) -> tuple[int, int]:
    """Return the I and N of I/N. Raises InputError for anything else."""
    part, _, parts = str(text).partition("/")
    count = whole(parts, 1, MOST_SHARDS) or 0
    number = whole(part, 1, count)
    if number is None:
        refuse("shard", text, "I/N, with I from 1 to N")
    return number, count


def _as_toml(spec: Mapping[str, Any]) -> str:
    try:
        return tomli_w.dumps(dict(spec))
    except (TypeError, ValueError) as error:
        raise InputError(f"the spec is not what a TOML file can say: {error}") from None
