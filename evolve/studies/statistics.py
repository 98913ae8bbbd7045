# SPDX-License-Identifier: Apache-2.0
"""What is said of the runs of a setting, and of two settings.

scipy.stats takes longer to load than all else, and few commands need it; therefore the functions
that use it load it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = Sequence[float]


@dataclass(frozen=True)
class Summary:
    """Runs, mean and its 95 % interval (Student's t), standard deviation, quartiles and ends."""

    runs: int
    mean: float
    low: float
    high: float
    deviation: float
    best: float
    quartiles: tuple[float, float, float]
    worst: float


def summarize(values: Values) -> Summary:
    """Summarize one value or more; of a single one nothing is known about the mean."""
    from scipy import stats

    array = np.asarray(values, np.float64)
    count, mean = len(array), float(array.mean())
    deviation = float(array.std(ddof=1)) if count > 1 else float("nan")
    half = float(stats.t.ppf(0.975, count - 1)) * deviation / count**0.5 if count > 1 else mean
    q1, q2, q3 = np.quantile(array, (0.25, 0.5, 0.75)).tolist()
    ends = float(array.min()), float(array.max())
    return Summary(count, mean, mean - half, mean + half, deviation, ends[0], (q1, q2, q3), ends[1])


@dataclass(frozen=True)
class Comparison:
    """How one setting's values stand to another's.

    difference of the means, one's less the other's, with its 95 % interval (Welch); p of
    Mann-Whitney and of Welch's t-test, both two-sided; effect: the probability that a run of one is
    lower than a run of the other, equal ones half (Vargha and Delaney's A).
    """

    difference: float
    low: float
    high: float
    p: float
    p_t: float
    effect: float


def compare(one: Values, other: Values) -> Comparison:
    """Compare two settings of at least two runs each."""
    from scipy import stats

    first, second = np.asarray(one, np.float64), np.asarray(other, np.float64)
    difference = float(first.mean() - second.mean())
    rank = stats.mannwhitneyu(first, second)
    effect = 1 - float(rank.statistic) / (len(first) * len(second))
    parts = first.var(ddof=1) / len(first), second.var(ddof=1) / len(second)
    error = float(sum(parts)) ** 0.5
    if error <= 1e-12 * abs(float(second.mean())):  # then the t-test knows nothing
        return Comparison(difference, difference, difference, float(rank.pvalue), 1.0, effect)
    freedom = error**4 / (parts[0] ** 2 / (len(first) - 1) + parts[1] ** 2 / (len(second) - 1))
    half = float(stats.t.ppf(0.975, freedom)) * error
    p_t = 2 * float(stats.t.sf(abs(difference) / error, freedom))
    low, high = difference - half, difference + half
    return Comparison(difference, low, high, float(rank.pvalue), p_t, effect)


def holm(ps: ArrayLike) -> NDArray[np.float64]:
    """Return p-values corrected for how many there are (S. Holm, Scand. J. Statist. 6, 1979)."""
    values = np.asarray(ps, np.float64)
    order = np.argsort(values)
    factors = np.arange(len(values), 0, -1)
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(1, np.maximum.accumulate(values[order] * factors))
    return corrected


def rank_correlation(early: Values, late: Values) -> tuple[float, float, float, float]:
    """Return Spearman's rho, its 95 % interval by Fisher's z, and its p-value; 4 runs or more.

    Where all runs are the same, nothing is known.
    """
    from scipy import stats

    if min(np.ptp(np.asarray(values)) for values in (early, late)) == 0:
        return 0.0, -1.0, 1.0, 1.0
    found = stats.spearmanr(early, late)
    rho, p = float(found.statistic), float(found.pvalue)
    half = 1.96 / (len(early) - 3) ** 0.5
    z = np.arctanh(np.clip(rho, -1 + 1e-9, 1 - 1e-9))
    return rho, float(np.tanh(z - half)), float(np.tanh(z + half)), p


Estimate = tuple[float, float, float]
"""A value and its 95 % interval."""


def kept_order(early: Values, late: Values, apart: float) -> Estimate:
    """Return of how many pairs of runs the one that was better early is better late.

    Only pairs count of which one was better by this part or more; nan if there are none. Equal ones
    count half. 3 runs or more.
    """
    first, last = np.asarray(early, np.float64), np.asarray(late, np.float64)
    ahead = (first[:, np.newaxis] <= (1 - apart) * first).astype(np.float64)
    np.fill_diagonal(ahead, 0)
    kept = ahead * (0.5 + 0.5 * np.sign(last - last[:, np.newaxis]))
    of_run = [pairs.sum(0) + pairs.sum(1) for pairs in (kept, ahead)]
    with np.errstate(invalid="ignore"):
        without = (kept.sum() - of_run[0]) / (ahead.sum() - of_run[1])
        value, low, high = _jackknife(kept.sum() / ahead.sum(), without)
    return value, max(0.0, low), min(1.0, high)


def fall(early: Values, late: Values) -> Estimate:
    """Return by what part the mean of the same runs has fallen; 3 runs or more."""
    first, last = np.asarray(early, np.float64), np.asarray(late, np.float64)
    without = 1 - (last.sum() - last) / (first.sum() - first)
    return _jackknife(1 - last.sum() / first.sum(), without)


def _jackknife(value: float, without: NDArray[np.float64]) -> Estimate:
    """Return a value with its interval from the values without each run (Tukey's jackknife)."""
    from scipy import stats

    count = len(without)
    error = ((count - 1) / count * ((without - without.mean()) ** 2).sum()) ** 0.5
    half = float(stats.t.ppf(0.975, count - 1)) * float(error)
    return float(value), float(value) - half, float(value) + half
