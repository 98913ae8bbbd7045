# SPDX-License-Identifier: Apache-2.0
"""What studies have found, as Markdown: claims, then the settings of each. Same results, same text.

Nothing is written by hand: the words are those of the specs, the numbers those of the runs.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from evoarray.evolution.studies.claims import (
    CONFIRMED,
    NOT_CONFIRMED,
    OPEN,
    SAME,
    Judged,
    judge_all,
)
from evoarray.evolution.studies.findings import claimed, found, mean_of
from evoarray.evolution.studies.kind import Material, Measure, Result
from evoarray.evolution.studies.spec import Spec
from evoarray.evolution.studies.statistics import summarize
from evoarray.evolution.studies.store import StudyStore
from evoarray.model.errors import InputError
from evoarray.model.files import read_file, write_atomically
from evoarray.model.pages import markdown_table, plain, replace_part

BEGIN = "<!-- What follows is written by `evoarray study summary`. -->"
END = "<!-- Here it ends. -->"

_INTRO = f"""\
Made by `evoarray study summary` from the results of studies alone: the words are those of their
specs, the numbers those of their runs. [studies.md](studies.md) says how to do them. {{}}
Brackets hold 95 % intervals: of means by Student's t, of improvements and of pairs of runs by the
jackknife, of rho by Fisher's z.

- **{NOT_CONFIRMED}**: the runs speak against the claim. The settings differ that are said to be the
  same, or the one is worse that is said to be better (p < 0.05), or the interval lies beyond what
  is claimed.
- **{OPEN}**: the runs do not decide. It takes hundreds to show that settings are the same, within
  {100 * SAME:.0f} %. An interval that has in it the figure that a mean is said to equal decides
  nothing if it is wider than that figure.
- **{CONFIRMED}**: the one that is said to be better is better than each of the others (p < 0.05),
  or the interval lies within what is claimed.

p is that of the Mann-Whitney test, corrected (Holm) for the comparisons in a claim, but not for the
number of claims: of a hundred with p just below 0.05, five may be wrong. Where scatter is compared,
the test is of the distances from the median; where early values tell the end, p is that of
Spearman's rho.
"""
_ORDER = (NOT_CONFIRMED, OPEN, CONFIRMED)
"""What contradicts a claim comes first."""


@dataclass(frozen=True)
class _Study:
    name: str
    spec: Spec
    versions: Mapping[str, str]
    material: Material
    measure: Measure
    results: Sequence[Result]
    lost: str
    judged: Sequence[Judged]


def write_summary(folders: Sequence[Path], output: Path) -> list[str]:
    """Write the summary of studies as a page, or into the part of a page that is marked for it.

    Returns sentences about damaged results, which are left out; the page has them, too. Raises
    InputError for a folder without a study, for one that is there twice, for a page that cannot be
    read, and for one that has one of the two lines around such a part alone.
    """
    studies = [_read(folder) for folder in folders]
    text = _summarize(folders, studies)
    page = _read_page(output) if output.exists() else ""
    if (BEGIN in page) != (END in page):
        lacks = END if BEGIN in page else BEGIN
        raise InputError(f"{output} lacks the line {lacks}: add it, or name another file with -o")
    if BEGIN in page:
        try:
            page = replace_part(page, BEGIN, END, text)
        except ValueError:
            raise InputError(
                f"{output} has the line {END} before the line {BEGIN}: put them in their order, or "
                "name another file with -o"
            ) from None
    else:
        page = f"# What was claimed, and what was found\n\n{text}"
    write_atomically(output, page.encode())
    return [study.lost for study in studies if study.lost]


def _read_page(path: Path) -> str:
    """Return a page with its own line ends. Raises InputError for one that cannot be read."""
    try:
        return read_file(path).decode()
    except OSError as error:
        reason = error.strerror
    except UnicodeDecodeError:
        reason = "it is not UTF-8; save it so, or name another file with -o"
    raise InputError(f"cannot read {path}: {reason}")


def _summarize(folders: Sequence[Path], studies: Sequence[_Study]) -> str:
    """Return the Markdown. Raises InputError for a study that is there twice."""
    names = [study.name for study in studies]
    for folder, name in zip(folders, names, strict=True):
        if names.count(name) > 1:
            raise InputError(f"{folder} is not the only one with {name}; merge them first")
    judged = [(study, claim) for study in studies for claim in study.judged]
    judged.sort(key=lambda pair: _ORDER.index(pair[1].verdict))
    counts = Counter(claim.verdict for _, claim in judged)
    runs = sum(len(study.results) for study in studies)
    said = ", ".join(f"**{counts[verdict]} {verdict}**" for verdict in _ORDER)
    made = {f"{name} {each}" for study in studies for name, each in study.versions.items()}
    explained = dict.fromkeys(study.measure.explained for study in studies)
    lines = [
        _INTRO.format(" ".join(explained)),
        f"Of {len(judged)} claims are {said}. Studies: {len(studies)}. Runs: {runs:,}. Made with "
        f"{plain(', '.join(sorted(made)))}.",
        *(
            f"\n**Warning: {plain(study.lost)}; what is damaged is left out.**"
            for study in studies
            if study.lost
        ),
        "",
        *markdown_table(
            ("Claim", "Source", "It says", "Here", "Runs", "p", "Verdict"),
            (
                (
                    plain(claim.claim.says),
                    f"{_link(study.name)}, {plain(claim.claim.source)}".removesuffix(", "),
                    plain(claimed(claim, study.measure)),
                    "<br>".join(map(plain, found(claim, study.measure))),
                    f"{claim.runs:,}",
                    "" if claim.p is None else _p(claim.p),
                    claim.verdict,
                )
                for study, claim in judged
            ),
        ),
    ]
    for study in studies:
        lines += ["", *_settings(study)]
    return "\n".join(lines) + "\n"


def _read(folder: Path) -> _Study:
    with closing(StudyStore(folder, writes=False)) as store:
        spec, results = store.spec, store.results()
        measure = spec.kind.measure(store.material)
        return _Study(
            Path(store.origin.called).stem,
            spec,
            store.origin.provenance["versions"],
            store.material,
            measure,
            results.good,
            results.lost and f"in {folder}, {results.lost}",
            judge_all(spec, measure, results.good),
        )


def _settings(study: _Study) -> Iterator[str]:
    spec, measure = study.spec, study.measure
    yield f"## {plain(study.name)}"
    yield ""
    facts = list(map(plain, spec.kind.facts(study.material)))
    title = plain(f"{spec.title}{spec.source and f' ({spec.source})'}.")
    yield " ".join([title, *facts[:1]])
    yield from facts[1:]
    yield ""
    heads = ["Setting", "Runs", f"Mean {measure.name}", "Median", "Quartiles", "Best"]
    rows: list[list[str]] = []
    for name in spec.settings:
        values = [measure.of(result) for result in study.results if result.setting == name]
        if not values:
            rows.append([name, "0", *[""] * 4])
            continue
        found = summarize(values)
        low, median, high = map(measure.text, found.quartiles)
        best, mean = measure.text(found.best), mean_of(values, measure)
        rows.append([name, f"{found.runs:,}", mean, median, f"{low} to {high}", best])
    for head, cells in (
        *spec.kind.columns(spec.settings, study.material, study.results),
        ("Events in a run", _counts(study.results)),
    ):
        if cells:
            heads.append(head)
            rows = [[*row, cells.get(row[0], "")] for row in rows]
    yield from markdown_table([*map(plain, heads)], [[*map(plain, row)] for row in rows])


def _link(name: str) -> str:
    """Return a link to the heading of a study, which is called as GitHub does it."""
    anchor = re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-")
    return f"[{plain(name)}](#{anchor})"


def _counts(results: Sequence[Result]) -> Mapping[str, str]:
    """Return how often things happened in a run, where any did."""
    totals: dict[str, Counter[str]] = {}
    for result in results:
        totals.setdefault(result.setting, Counter()).update(result.counters)
    runs = Counter(result.setting for result in results)
    return {
        setting: ", ".join(f"{total[name] / runs[setting]:,.1f} {name}" for name in sorted(total))
        for setting, total in totals.items()
        if total
    }


def _p(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"
