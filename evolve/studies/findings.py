# SPDX-License-Identifier: Apache-2.0
"""What a claim says in numbers, and what the runs say."""

from collections.abc import Sequence
from math import isnan

from evoarray.evolution.studies.claims import Judged
from evoarray.evolution.studies.kind import Measure
from evoarray.evolution.studies.statistics import Values, summarize


def claimed(judged: Judged, measure: Measure) -> str:
    """Return what the source of a claim has as numbers."""
    claim = judged.claim
    if claim.kind == "equals" and not claim.figures:
        return measure.number(claim.level)
    return claim.figures


def found(judged: Judged, measure: Measure) -> Sequence[str]:
    """Return what a claim was judged by: one text, or one for each of its settings."""
    claim = judged.claim
    if not judged.runs:
        return []
    part = ""
    if judged.found and not isnan(judged.found[0]):
        part = "{:.1f} % [{:.1f}, {:.1f}]".format(*(100 * value for value in judged.found))
    if judged.rho:
        rho = "rho {:.2f} [{:.2f}, {:.2f}]".format(*judged.rho)
        return [rho + (part and f"; {part} of pairs")]
    if judged.found:
        return [part]
    if claim.kind in {"below", "equals"}:
        mean = summarize(judged.values[claim.one])
        return ["{} [{}, {}]".format(*map(measure.number, (mean.mean, mean.low, mean.high)))]
    if claim.kind == "steadier":
        quartiles = {name: summarize(values).quartiles for name, values in judged.values.items()}
        return [
            f"{name}: quartiles {measure.text(each[0])} to {measure.text(each[2])}"
            for name, each in quartiles.items()
        ]
    return [f"{name}: {mean_of(values, measure)}" for name, values in judged.values.items()]


def mean_of(values: Values, measure: Measure) -> str:
    """Return a mean with its interval."""
    summary, text = summarize(values), measure.text
    interval = f" [{text(summary.low)}, {text(summary.high)}]" if summary.runs > 1 else ""
    return text(summary.mean) + interval
