"""Trends of years: ranks, Sen's slope, the Mann-Kendall test.

Time is on the last axis, leading axes are places; missing years are left out. Whether places are
similar is in `clusters`; the significance of a whole map of p-values is in `significance`. All
p-values are two-sided. All functions raise ValueError for infinite values (the message names the
first) and for a single number.
"""

import math
from functools import cache
from operator import index
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from geo_pipeline.indicators._arrays import (
    FloatArray,
    IntArray,
    as_finite_series,
    as_float,
)

MIN_YEARS = 8
"""Fewest values for a trend, else NaN: one or two years would decide it."""

EXACT_YEARS = 10
"""Up to this many distinct values S has its exact distribution; beyond, the normal one."""

# Slopes of pairs held in memory at the same time: 32 MB.
_BLOCK = 1 << 22
# Hamed and Rao use only rank correlations outside the limits of this level.
_LAG_LEVEL = 0.05


class TheilSen(NamedTuple):
    """A line through the medians: `intercept + slope * time`.

    `slope`, `low` and `high` (confidence limits of the slope) are in units of the values per unit
    of the times, `intercept` in units of the values, at time 0. All have the shape of the values
    without their last axis.
    """

    slope: FloatArray
    intercept: FloatArray
    low: FloatArray
    high: FloatArray


class MannKendall(NamedTuple):
    """A test for a monotonic trend, each of the shape of the values without their last axis.

    `s` is pairs that rise less pairs that fall, `variance` that of `s` without a trend, `z` the
    normal score of `s` corrected for continuity, `tau` Kendall's rank correlation with time (b), -1
    to 1.
    """

    s: FloatArray
    variance: FloatArray
    z: FloatArray
    p_value: FloatArray
    tau: FloatArray


def theil_sen(
    values: ArrayLike,
    times: ArrayLike,
    *,
    confidence: float = 0.95,
    min_years: int = MIN_YEARS,
) -> TheilSen:
    r"""Sen's slope: the median of the slopes between all pairs of values.

    .. math:: b = \operatorname{median}_{i<j} \frac{x_j - x_i}{t_j - t_i}, \qquad
        a = \operatorname{median} x - b \operatorname{median} t

    The limits are the slopes of rank :math:`M` from either end of the :math:`N`, with :math:`M = (N
    - C) / 2` and :math:`C` the largest S that `mann_kendall` does not find significant at 1 -
    `confidence`. So where no values are equal, 0 is outside the limits exactly where the test, with
    independent values, rejects; where some are, the limits are the wider of the two.

    Parameters
    ----------
    values : (..., time), any unit
    times : (time,), increasing: years, or any number
    confidence : probability that the limits hold the slope, between 0 and 1, both excluded
    min_years : values a series must have, at least 2

    Returns
    -------
    Line and limits: NaN where fewer than `min_years` values are known; limits infinite where so few
    values cannot exclude any slope.

    Raises
    ------
    ValueError : times that are not finite and increasing or not as many as the values,
        `confidence` or `min_years` outside what they may be.

    References
    ----------
    Sen, P. K. (1968). Estimates of the regression coefficient based on Kendall's tau. J. Am. Stat.
    Assoc. 63, 1379-1389.
    Conover, W. J. (1999). Practical nonparametric statistics. 3rd ed., Wiley (the intercept).

    Examples
    --------
    >>> line = theil_sen([2, 4, 6, 8, 10, 12, 14, 99], range(2001, 2009))
    >>> float(line.slope)
    2.0
    """
    series, least = as_finite_series(values, "values"), _least(min_years)
    when = as_float(times)
    if when.shape != series.shape[-1:]:
        raise ValueError(f"values have {series.shape[-1]} times, times have shape {when.shape}")
    if not (np.isfinite(when).all() and (np.diff(when) > 0.0).all()):
        raise ValueError("times must be finite and increase")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    rows, places = _rows(series)
    fitted = np.full((4, len(rows)), np.nan)
    length = when.size
    enough = np.flatnonzero(np.count_nonzero(~np.isnan(rows), axis=-1) >= least)
    size = max(1, 2 * _BLOCK // max(1, length * (length - 1)))
    for start in range(0, len(enough), size):
        block = enough[start : start + size]
        fitted[:, block] = _lines(rows[block], when, confidence)
    return TheilSen(*map(np.asarray, fitted.reshape(4, *places)))


def mann_kendall(values: ArrayLike, *, lags: int = 0, min_years: int = MIN_YEARS) -> MannKendall:
    r"""Test of Mann and Kendall: do later values tend to be higher, or lower, than earlier ones?

    .. math:: S = \sum_{i<j} \operatorname{sgn}(x_j - x_i), \qquad
        \operatorname{Var} S = \frac{n(n-1)(2n+5) - \sum_g t_g(t_g-1)(2t_g+5)}{18}, \qquad
        z = \frac{S - \operatorname{sgn} S}{\sqrt{\operatorname{Var} S}}

    with groups of :math:`t_g` equal values. The p-value is that of :math:`z`; with `EXACT_YEARS`
    values or fewer, none of them equal, the share of all orders of them that have an S as far from
    0. Values are taken as independent, unless `lags` is given; then the p-value is always that of
    :math:`z`, and the variance is multiplied by

    .. math:: \max\left(1, 1 + \frac{2}{n(n-1)(n-2)} \sum_{k=1}^{lags} (n-k)(n-k-1)(n-k-2)
        \,\rho_k\right)

    with the correlations :math:`\rho_k` of the ranks, Sen's slope taken off, that are significant
    at 5 %. The steps of the series are then taken as equal.

    Parameters
    ----------
    values : (..., time), any unit, in the order of time
    lags : years back that a value may depend on, 0 for none
    min_years : values a series must have, at least 2

    Returns
    -------
    NaN where fewer than `min_years` values are known. A constant series has z 0, p-value 1 and a
    tau of NaN.

    Raises
    ------
    ValueError : negative `lags`, `min_years` below 2.

    References
    ----------
    Mann, H. B. (1945). Nonparametric tests against trend. Econometrica 13, 245-259.
    Kendall, M. G. (1975). Rank correlation methods. 4th ed., Griffin, London.
    Best, D. J. & Gipps, P. G. (1974). Algorithm AS 71: the upper tail probabilities of Kendall's
    tau. Appl. Stat. 23, 98-100.
    Hamed, K. H. & Rao, A. R. (1998). A modified Mann-Kendall trend test for autocorrelated data. J.
    Hydrol. 204, 182-196.

    Examples
    --------
    >>> test = mann_kendall([1, 2, 3, 5, 4, 6, 7, 8])
    >>> float(test.s), round(float(test.p_value), 5)
    (26.0, 0.0004)
    """
    series, least = as_finite_series(values, "values"), _least(min_years)
    if index(lags) < 0:
        raise ValueError(f"lags must be at least 0, got {lags}")
    rows, places = _rows(series)
    score = _score(rows)
    s, variance = score.s, score.variance
    if lags:
        variance = variance * _inflation(rows, index(lags), least)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(s == 0, 0.0, (s - np.sign(s)) / np.sqrt(variance))
        tau = s / np.sqrt(score.pairs * (score.pairs - score.tied_pairs))
    p_value = 2.0 * ndtr(-np.abs(z))
    for size in range(least, EXACT_YEARS + 1 if lags == 0 else least):
        here = (score.known == size) & (score.tied_pairs == 0)
        inversions = (score.pairs[here] - np.abs(s[here])) // 2
        p_value[here] = np.minimum(1.0, _tail(size)[inversions])
    tested = np.stack([s, variance, z, p_value, tau])
    tested[:, score.known < least] = np.nan
    return MannKendall(*map(np.asarray, tested.reshape(5, *places)))


def _rows(series: FloatArray) -> tuple[FloatArray, tuple[int, ...]]:
    """Series as (rows, time), and the shape of the places."""
    *places, length = series.shape
    return series.reshape(math.prod(places), length), tuple(places)


class _Score(NamedTuple):
    """Known values, pairs and tied pairs of each series, S and its variance."""

    known: IntArray
    pairs: IntArray
    tied_pairs: IntArray
    s: IntArray
    variance: FloatArray


def _score(rows: FloatArray) -> _Score:
    """The score of series (rows, time)."""
    rises = np.zeros(len(rows), dtype=np.int64)
    # For each value, how many others are equal to it.
    equal = np.zeros(rows.shape, dtype=np.int64)
    for lag in range(1, rows.shape[-1]):
        later, earlier = rows[:, lag:], rows[:, :-lag]
        rises += np.count_nonzero(later > earlier, axis=-1)
        rises -= np.count_nonzero(later < earlier, axis=-1)
        same = later == earlier
        equal[:, lag:] += same
        equal[:, :-lag] += same
    known = np.asarray(np.count_nonzero(~np.isnan(rows), axis=-1))
    ties = (equal * (2 * equal + 7)).sum(axis=-1)
    variance = (known * (known - 1) * (2 * known + 5) - ties) / 18.0
    pairs, tied = known * (known - 1) // 2, equal.sum(axis=-1) // 2
    return _Score(known, pairs, tied, rises, variance)


@cache
def _tail(count: int) -> FloatArray:
    """Twice the share of the orders of `count` distinct values with at most so many inversions.

    Inserting a value among those before it creates between 0 and all of them as inversions, each
    number with the same probability.
    """
    orders = np.ones(1)
    for before in range(1, count):
        orders = np.convolve(orders, np.ones(before + 1))
    return 2.0 * np.cumsum(orders) / math.factorial(count)


def _inflation(rows: FloatArray, lags: int, least: int) -> FloatArray:
    """Factor by which dependence between years increases the variance of S: 1 or more."""
    length = rows.shape[-1]
    steps = np.arange(length, dtype=np.float64)
    left = rows - theil_sen(rows, steps, min_years=least).slope[:, np.newaxis] * steps
    # Ranks about their mean, doubled: the number of lower values minus that of higher ones.
    ranks = np.zeros(rows.shape)
    for lag in range(1, length):
        later, earlier = left[:, lag:], left[:, :-lag]
        above = np.where(later > earlier, 1.0, np.where(later < earlier, -1.0, 0.0))
        ranks[:, lag:] += above
        ranks[:, :-lag] -= above
    n = np.count_nonzero(~np.isnan(rows), axis=-1).astype(np.float64)
    total = np.zeros(len(rows))
    with np.errstate(invalid="ignore", divide="ignore"):
        for lag in range(1, min(lags, length - 1) + 1):
            products = (ranks[:, lag:] * ranks[:, :-lag]).sum(axis=-1)
            correlation = products / (ranks**2).sum(axis=-1)
            significant = np.abs(correlation) > ndtri(1.0 - _LAG_LEVEL / 2.0) / np.sqrt(n)
            pairs = np.maximum(n - lag, 0.0)
            weight = pairs * (pairs - 1.0) * (pairs - 2.0)
            total += np.where(significant, weight * correlation, 0.0)
        inflation = 1.0 + 2.0 * total / (n * (n - 1.0) * (n - 2.0))
    return np.asarray(np.fmax(1.0, inflation))


def _lines(rows: FloatArray, when: FloatArray, confidence: float) -> FloatArray:
    """Slope, intercept, low and high of series (rows, time) that all have two values or more."""
    score = _score(rows)
    first, second = np.triu_indices(when.size, 1)
    slopes = (rows[:, second] - rows[:, first]) / (when[second] - when[first])
    slopes.sort(axis=-1)
    slope = _median(slopes, score.pairs)
    value = _median(np.sort(rows, axis=-1), score.known)
    time = _median(np.sort(np.where(np.isnan(rows), np.nan, when), axis=-1), score.known)
    limit = 1.0 - ndtri((1.0 - confidence) / 2.0) * np.sqrt(score.variance)
    rank = np.floor((score.pairs - limit) / 2.0).astype(np.int64) + 1
    for size in range(2, EXACT_YEARS + 1):
        here = (score.known == size) & (score.tied_pairs == 0)
        rank[here] = np.searchsorted(_tail(size), 1.0 - confidence, side="right")
    low = np.where(rank < 1, -np.inf, _ranked(slopes, rank - 1))
    high = np.where(rank < 1, np.inf, _ranked(slopes, score.pairs - rank))
    return np.stack([slope, value - slope * time, low, high])


def _median(ordered: FloatArray, count: IntArray) -> FloatArray:
    """Median of the first `count` values of each row."""
    return (_ranked(ordered, (count - 1) // 2) + _ranked(ordered, count // 2)) / 2.0


def _ranked(ordered: FloatArray, position: IntArray) -> FloatArray:
    """The value of each row at its position, or the nearest one inside the row."""
    inside = np.clip(position, 0, ordered.shape[-1] - 1)[:, np.newaxis]
    return np.take_along_axis(ordered, inside, axis=-1)[:, 0]


def _least(min_years: int) -> int:
    if index(min_years) < 2:
        raise ValueError(f"min_years must be at least 2, got {min_years}")
    return index(min_years)
