# SPDX-License-Identifier: Apache-2.0
"""What a study says of the claims in its spec: confirmed, not confirmed, or open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evolve.studies.spec import Claim
from evolve.studies.statistics import Comparison, compare, holm, rank_correlation, summarize

SIGNIFICANT = 0.05
SAME = 0.05
"""As a part of the other's mean: settings that differ by less are taken for the same."""

LEAST_RUNS = 4

CONFIRMED, NOT_CONFIRMED, OPEN = "confirmed", "not confirmed", "open"


@dataclass(frozen=True)
class Judged:
    """A claim, the fewest runs of a setting in it, and the verdict.

    p is Mann-Whitney's, corrected (Holm) for the settings that the claim compares with; of several
    that of the one that decides. rho and its interval stand for a claim that predicts.
    """

    claim: Claim
    runs: int
    verdict: str
    p: float | None = None
    comparisons: Mapping[str, Comparison] | None = None
    rho: tuple[float, float, float] | None = None


def judge(
    claim: Claim, values: Mapping[str, Sequence[float]], early: Sequence[float] = ()
) -> Judged:
    """Judge a claim by the SAEs of each setting's runs; early: those of setting one at claim.at."""
    names = (claim.one, *claim.others)
    runs = min(len(values[name]) for name in names)
    if runs < LEAST_RUNS:
        return Judged(claim, runs, OPEN)
    if claim.kind == "predicts":
        rho, low, high, p = rank_correlation(early, values[claim.one])
        return Judged(claim, runs, _predicted(rho, p), p, rho=(rho, low, high))
    if claim.kind == "below":
        mean = summarize(values[claim.one])
        sides = (mean.high < claim.level, mean.low > claim.level)
        return Judged(claim, runs, _verdict(*sides))
    comparisons = {name: compare(values[claim.one], values[name]) for name in claim.others}
    corrected = holm([comparison.p for comparison in comparisons.values()]).tolist()
    pairs = list(zip(comparisons.values(), corrected, strict=True))
    worse = [p for comparison, p in pairs if p < SIGNIFICANT and comparison.effect < 0.5]
    better = [p for comparison, p in pairs if p < SIGNIFICANT and comparison.effect > 0.5]
    if claim.kind == "better":
        verdict = _verdict(len(better) == len(pairs), bool(worse))
        p = min(worse) if worse else max(corrected)
    else:
        within = [
            max(abs(comparison.low), abs(comparison.high)) < SAME * summarize(values[name]).mean
            for name, comparison in comparisons.items()
        ]
        verdict = _verdict(all(within), bool(worse or better))
        p = min(corrected)
    return Judged(claim, runs, verdict, p, comparisons)


def _verdict(confirmed: bool, refuted: bool) -> str:
    return CONFIRMED if confirmed else NOT_CONFIRMED if refuted else OPEN


def _predicted(rho: float, p: float) -> str:
    return _verdict(rho > 0 and p < SIGNIFICANT, rho < 0 and p < SIGNIFICANT)
