# SPDX-License-Identifier: Apache-2.0
"""What studies have found, as Markdown: claims, then the settings of each. Same results, same text.

Nothing is written by hand: the words are those of the specs, the numbers those of the runs.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from statistics import fmean

import numpy as np

from evolve.runs.comparison import Photo
from evolve.simplify.cost import luts
from evolve.studies.claims import CONFIRMED, NOT_CONFIRMED, OPEN, SAME, Judged, judge_all
from evolve.studies.spec import Spec
from evolve.studies.statistics import Estimate, Values, median_saes, ratio, summarize
from evolve.studies.store import StudyStore
from evolve.studies.tasks import Result
from model.baselines import adaptive_median
from model.circuit import circuit_of
from model.errors import InputError
from model.fitness import sae
from model.pages import markdown_table

_INTRO = f"""\
# What was claimed, and what was found

Made by `evoarray study summary` from the results of studies alone: the words are those of their
specs, the numbers those of their runs. [studies.md](studies.md) says how to do them. SAE, the sum
of absolute errors, is better if it is lower. Brackets hold 95 % intervals: of means by Student's t,
of improvements and of pairs of runs by the jackknife, of rho by Fisher's z.

- **{NOT_CONFIRMED}**: the runs speak against the claim. The settings differ that are said to be the
  same, or the one is worse that is said to be better (p < 0.05), or the interval lies beyond what
  is claimed.
- **{OPEN}**: the runs do not decide. It takes hundreds to show that settings are the same, within
  {100 * SAME:.0f} %.
- **{CONFIRMED}**: the one that is said to be better is better than each of the others (p < 0.05),
  or the interval lies within what is claimed.

p is that of the Mann-Whitney test, corrected (Holm) for the comparisons in a claim, but not for the
number of claims: of a hundred with p just below 0.05, five may be wrong. Where scatter is compared,
the test is of the distances from the median; where early fitness tells the end, p is that of
Spearman's rho.
"""
_ORDER = (NOT_CONFIRMED, OPEN, CONFIRMED)
"""What contradicts a claim comes first."""


@dataclass(frozen=True)
class _Study:
    name: str
    spec: Spec
    versions: Mapping[str, str]
    medians: Sequence[int]
    held_out: Sequence[Photo]
    results: Sequence[Result]
    judged: Sequence[Judged]

    def sae(self, part: float) -> str:
        """Return a part of the 3x3 median's SAE as SAE, if there is but one to take it of."""
        if self.spec.together or len(self.medians) == 1:
            return f"{part * sum(self.medians):,.0f}"
        return f"{part:.3f}"

    def mean(self, values: Values) -> str:
        """Return a mean with its interval."""
        found = summarize(values)
        interval = f" [{self.sae(found.low)}, {self.sae(found.high)}]" if found.runs > 1 else ""
        return self.sae(found.mean) + interval


def summarize_studies(folders: Sequence[Path]) -> str:
    """Return the Markdown. Raises InputError for a folder without a study, and for one twice."""
    studies = [_read(folder) for folder in folders]
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
    lines = [
        _INTRO,
        f"Of {len(judged)} claims are {said}. Studies: {len(studies)}. Runs: {runs:,}. Made with "
        f"{', '.join(sorted(made))}.",
        "",
        *markdown_table(
            ("Claim", "Source", "It says", "Here", "Runs", "p", "Verdict"),
            (
                (
                    claim.claim.says,
                    f"[{study.name}](#{study.name}), {claim.claim.source}".removesuffix(", "),
                    claim.claim.figures,
                    _found(study, claim),
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
        training, held_out = store.photos()
        results, medians = store.results(), median_saes(training)
        return _Study(
            Path(store.called).stem,
            store.spec,
            store.provenance["versions"],
            medians,
            held_out,
            results,
            judge_all(store.spec, medians, results),
        )


def _found(study: _Study, judged: Judged) -> str:
    claim = judged.claim
    if not judged.runs:
        return ""
    found = "" if judged.found is None or isnan(judged.found[0]) else _percent(judged.found)
    if judged.rho:
        return "rho {:.2f} [{:.2f}, {:.2f}]".format(*judged.rho) + (found and f"; {found} of pairs")
    if judged.found:
        return found
    if claim.kind == "below":
        mean = summarize(judged.values[claim.one])
        return f"{mean.mean:.3f} [{mean.low:.3f}, {mean.high:.3f}]"
    if claim.kind == "steadier":
        texts = {
            name: "quartiles {} to {}".format(
                *(study.sae(summarize(values).quartiles[number]) for number in (0, 2))
            )
            for name, values in judged.values.items()
        }
    else:
        texts = {name: study.mean(values) for name, values in judged.values.items()}
    return "<br>".join(f"{name}: {text}" for name, text in texts.items())


def _settings(study: _Study) -> Iterator[str]:
    spec = study.spec
    photos = ", ".join(Path(name).stem for name in spec.photos)
    medians = ", ".join(f"{median:,}" for median in study.medians)
    yield f"## {study.name}"
    yield ""
    yield (
        f"{spec.title}{spec.source and f' ({spec.source})'}. Photos: {photos}, with "
        f"{100 * spec.amount:g} % {spec.noise} noise; the 3x3 median's SAE is {medians}."
    )
    if study.held_out:
        names = ", ".join(photo.name for photo in study.held_out)
        yield (
            f"Held out: {names}, on which the adaptive median leaves {_adaptive(study):.3f} of the "
            "3x3 median's SAE, mean of the photos."
        )
    yield ""
    heads = ["Setting", "Runs", "Mean SAE", "Median", "Quartiles", "Best", "Mean / 3x3 median's"]
    rows: list[list[str]] = []
    counts = []
    for name in spec.settings:
        results = [result for result in study.results if result.setting == name]
        values = [ratio(spec, study.medians, result) for result in results]
        counts.append(_counts(results))
        if not values:
            rows.append([name, "0", *[""] * 5])
            continue
        found = summarize(values)
        low, median, high = map(study.sae, found.quartiles)
        best = study.sae(found.best)
        mean = study.mean(values)
        rows.append(
            [name, f"{found.runs:,}", mean, median, f"{low} to {high}", best, f"{found.mean:.3f}"]
        )
    if study.held_out:
        heads += ["Held out", "Better there than the adaptive median"]
        rows = [[*row, *_held_out(study, row[0])] for row in rows]
    if any(settings.parsimony != "none" for settings in spec.settings.values()):
        heads.append("LUTs")
        rows = [[*row, _luts(study, row[0])] for row in rows]
    if any(counts):
        heads.append("Events in a run")
        rows = [[*row, count] for row, count in zip(rows, counts, strict=True)]
    yield from markdown_table(heads, rows)


def _adaptive(study: _Study) -> float:
    saes = [sae(adaptive_median(photo.noisy), photo.clean) for photo in study.held_out]
    return fmean(a / b for a, b in zip(saes, median_saes(study.held_out), strict=True))


def _held_out(study: _Study, setting: str) -> list[str]:
    """Return the mean on held-out photos, and how many runs are better than the adaptive median."""
    medians = median_saes(study.held_out)
    values = [
        fmean(a / b for a, b in zip(result.held_out, medians, strict=True))
        for result in study.results
        if result.setting == setting
    ]
    if not values:
        return ["", ""]
    better = sum(value < _adaptive(study) for value in values)
    found = summarize(values)
    return [f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]", f"{better} of {len(values)}"]


def _luts(study: _Study, setting: str) -> str:
    """Return the mean LUTs of the circuits that were found."""
    shape = study.spec.settings[setting].shape
    values = [
        luts(circuit_of(np.array(result.genes, np.uint8), shape))
        for result in study.results
        if result.setting == setting
    ]
    if not values:
        return ""
    found = summarize(values)
    return f"{found.mean:.0f} [{found.low:.0f}, {found.high:.0f}]"


def _counts(results: Sequence[Result]) -> str:
    total: Counter[str] = Counter()
    for result in results:
        total.update(result.counters)
    return ", ".join(f"{total[name] / len(results):,.1f} {name}" for name in sorted(total))


def _percent(found: Estimate) -> str:
    return "{:.1f} % [{:.1f}, {:.1f}]".format(*(100 * value for value in found))


def _p(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"
