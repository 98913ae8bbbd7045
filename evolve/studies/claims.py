# SPDX-License-Identifier: Apache-2.0
"""What a study says of the claims in its spec: confirmed, not confirmed, or open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evoarray.evolution.studies.kind import Measure, Result
from evoarray.evolution.studies.spec import Claim, Spec
from evoarray.evolution.studies.statistics import (
    Comparison,
    Estimate,
    compare,
    fall,
    holm,
    kept_order,
    rank_correlation,
    summarize,
)

SIGNIFICANT = 0.05
SAME = 0.05
"""As a part of the other's mean: settings that differ by less are taken for the same."""

LEAST_RUNS = 4

CONFIRMED, NOT_CONFIRMED, OPEN = "confirmed", "not confirmed", "open"


@dataclass(frozen=True)
class Judged:
    """A claim, the fewest runs of a setting in it, the verdict, and the values that it stands on.

    values are those of each setting's runs when the claim means them. p is Mann-Whitney's,
    corrected (Holm) for the settings that the claim compares with; of several that of the one that
    decides. Those of a claim of steadiness compare distances from the median, which makes it a test
    of scatter (M. Brown and A. Forsythe, JASA 69, 1974). rho and its interval stand for a claim
    that predicts; found is of how many pairs it does so, or by what part a setting improves.
    """

    claim: Claim
    runs: int
    verdict: str
    values: Mapping[str, Sequence[float]]
    p: float | None = None
    comparisons: Mapping[str, Comparison] | None = None
    rho: Estimate | None = None
    found: Estimate | None = None


def judge_all(spec: Spec, measure: Measure, results: Sequence[Result]) -> list[Judged]:
    """Judge all claims of a study by its results."""

    def values(name: str, after: int) -> list[float]:
        return [measure.of(result, after) for result in results if result.setting == name]

    return [
        judge(
            claim,
            {name: values(name, claim.after) for name in (claim.one, *claim.others)},
            values(claim.one, claim.at) if claim.at else (),
        )
        for claim in spec.claims
    ]


def judge(
    claim: Claim, values: Mapping[str, Sequence[float]], early: Sequence[float] = ()
) -> Judged:
    """Judge a claim by the values of each setting's runs; early: those of one at claim.at."""
    one = values[claim.one]
    runs = min(len(values[name]) for name in (claim.one, *claim.others))
    if runs < LEAST_RUNS:
        return Judged(claim, runs, OPEN, values)
    if claim.kind == "predicts":
        rho, low, high, p = rank_correlation(early, one)
        sides = (rho > 0 and p < SIGNIFICANT, rho < 0 and p < SIGNIFICANT)
        found = kept_order(early, one, claim.apart) if claim.apart else None
        if found:
            sides = (sides[0] and found[1] >= claim.level, sides[1] or found[2] < claim.level)
        return Judged(claim, runs, _verdict(*sides), values, p, rho=(rho, low, high), found=found)
    if claim.kind == "improves":
        found = fall(early, one)
        least, most = claim.by
        sides = (least <= found[1] and found[2] <= most, found[2] < least or found[1] > most)
        return Judged(claim, runs, _verdict(*sides), values, found=found)
    if claim.kind == "below":
        mean = summarize(one)
        sides = (mean.high < claim.level, mean.low > claim.level)
        return Judged(claim, runs, _verdict(*sides), values)
    if claim.kind == "equals":
        mean = summarize(one)
        inside = mean.low <= claim.level <= mean.high
        narrow = mean.high - mean.low <= abs(claim.level)  # a wide interval has every figure in it
        return Judged(claim, runs, _verdict(inside and narrow, not inside), values)
    compared = {name: np.asarray(values[name]) for name in (claim.one, *claim.others)}
    if claim.kind == "steadier":
        compared = {name: np.abs(array - np.median(array)) for name, array in compared.items()}
    comparisons = {
        name: compare(compared[claim.one].tolist(), compared[name].tolist())
        for name in claim.others
    }
    corrected = holm([comparison.p for comparison in comparisons.values()]).tolist()
    pairs = list(zip(comparisons.values(), corrected, strict=True))
    worse = [p for comparison, p in pairs if p < SIGNIFICANT and comparison.effect < 0.5]
    better = [p for comparison, p in pairs if p < SIGNIFICANT and comparison.effect > 0.5]
    if claim.kind == "worse":
        better, worse = worse, better
    if claim.kind in {"better", "worse", "steadier"}:
        verdict = _verdict(len(better) == len(pairs), bool(worse))
        p = min(worse) if worse else max(corrected)
    else:
        within = [
            max(abs(comparison.low), abs(comparison.high)) < SAME * summarize(values[name]).mean
            for name, comparison in comparisons.items()
        ]
        verdict = _verdict(all(within), bool(worse or better))
        p = min(corrected)
    return Judged(claim, runs, verdict, values, p, comparisons)


def _verdict(confirmed: bool, refuted: bool) -> str:
    return CONFIRMED if confirmed else NOT_CONFIRMED if refuted else OPEN
