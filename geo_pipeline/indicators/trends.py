r"""Is it getting drier, and is it drier here than around: trends of years, clusters of places.

Trends by ranks, with time on the last axis, leading axes are places: Sen's slope and the test of
Mann and Kendall. Clusters by Moran's I, global and local, with the **places** on the last axis,
leading axes are dates or indicators. `false_discovery` holds what many tests at once may claim.
All p-values are two-sided.

A missing year leaves a series, a missing place the map. All functions raise ValueError for infinite
values (the message names the first) and for a single number.
"""

import math
from functools import cache
from operator import index
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from geo_pipeline.indicators._arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    as_float,
    as_series,
    positive_int,
    reject,
)

MIN_YEARS = 8
"""A series of fewer values has no trend: NaN. One or two years would decide it."""

EXACT_YEARS = 10
"""Up to this many values, none of them equal, S has its exact distribution; the normal beyond."""

HIGH_HIGH, LOW_HIGH, LOW_LOW, HIGH_LOW = 1, 2, 3, 4
"""Quadrants of Moran's scatter plot: the place, then its neighbours. 0 is none."""

# Slopes of pairs held in memory at once: 32 MB.
_BLOCK = 1 << 22
# Permutations this near to the observed value are equal to it but for the order of their sums.
_EQUAL = 1e-10
# Values this much closer to each other than to 0 are equal but for rounding.
_CONSTANT = 1e-12
# Hamed and Rao take a rank correlation into account that is outside this level's limits.
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


class LocalMoran(NamedTuple):
    """Local Moran's I of each place, all of the shape of the values.

    `z` is `i` less its mean, divided by its standard deviation, both over all permutations of the
    other places, `p_value` the pseudo p-value, `quadrant` 1 (high among high), 2 (low among high),
    3 (low among low), 4 (high among low), or 0 (not significant, or not known).
    """

    i: FloatArray
    z: FloatArray
    p_value: FloatArray
    quadrant: IntArray


class GlobalMoran(NamedTuple):
    """Moran's I of a map, its expectation without a pattern, the pseudo p-value.

    Each has the shape of the values without their last axis.
    """

    i: FloatArray
    expected: FloatArray
    p_value: FloatArray


# --- trends ---------------------------------------------------------------------------------------


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
    series, least = _finite_series(values), _least(min_years)
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
    series, least = _finite_series(values), _least(min_years)
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
    # Of each value, how many others are equal to it.
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
    """Twice the share of the orders of `count` different values with so many inversions or fewer.

    A value put among those before it has 0 to all of these behind it, each place as likely.
    """
    orders = np.ones(1)
    for before in range(1, count):
        orders = np.convolve(orders, np.ones(before + 1))
    return 2.0 * np.cumsum(orders) / math.factorial(count)


def _inflation(rows: FloatArray, lags: int, least: int) -> FloatArray:
    """By how much dependence between years widens the variance of S: 1 or more."""
    length = rows.shape[-1]
    steps = np.arange(length, dtype=np.float64)
    left = rows - theil_sen(rows, steps, min_years=least).slope[:, np.newaxis] * steps
    # Ranks about their mean, doubled: values below less values above.
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
    """The value of each row at its position, the nearest where it is beyond the row."""
    inside = np.clip(position, 0, ordered.shape[-1] - 1)[:, np.newaxis]
    return np.take_along_axis(ordered, inside, axis=-1)[:, 0]


def _least(min_years: int) -> int:
    if index(min_years) < 2:
        raise ValueError(f"min_years must be at least 2, got {min_years}")
    return index(min_years)


# --- clusters -------------------------------------------------------------------------------------


def local_moran(
    values: ArrayLike,
    weights: ArrayLike,
    *,
    permutations: int = 999,
    seed: int = 0,
    significance: float = 0.05,
) -> LocalMoran:
    r"""Local Moran's I: is a place like its neighbours, or unlike them?

    .. math:: I_i = z_i \sum_j w_{ij} z_j, \qquad z_i = \frac{x_i - \bar x}{\sigma}, \qquad
        \sum_j w_{ij} = 1

    with the standard deviation over n, so that without isolates the sum of :math:`I_i` is n times
    the global I. The p-value is :math:`2 (m + 1) / (permutations + 1)`, at most 1: each place keeps
    its value, the others are dealt out anew, and m of the draws are as far out as what is observed,
    on the nearer side. All places, and all maps of the leading axes, see the same draws, and a map
    gives the same alone or among others. The mean and standard deviation in `z` are those of all
    permutations there are, not only of the drawn.

    Parameters
    ----------
    values : (..., places), any unit
    weights : (places, places), 0 or more: how much of a neighbour the column's place is to the
        row's, 0 on the diagonal. Rows are standardised here, over the places whose value is known
    permutations : number of draws
    seed : of the draws: the same gives the same
    significance : largest p-value that has a quadrant; 1 gives all places theirs

    Returns
    -------
    NaN and quadrant 0 for a place without a value; for one without known neighbours, whose value
    still counts in the mean and standard deviation; where fewer than three values are known, or
    all are equal. `z` is NaN, too, where no permutation changes what is around.

    Raises
    ------
    ValueError : weights of another shape, negative, infinite or missing, a place that is its own
        neighbour, `permutations` below 1, `significance` outside 0-1.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association - LISA. Geogr. Anal. 27, 93-115.
    Sokal, R. R., Oden, N. L. & Thomson, B. A. (1998). Local spatial autocorrelation in a biological
    model. Geogr. Anal. 30, 331-354 (moments under conditional permutation).
    """
    maps, matrix = _maps(values, weights)
    draws = positive_int(permutations, "permutations")
    if not 0.0 < significance <= 1.0:
        raise ValueError(f"significance must be above 0 and at most 1, got {significance}")
    result = LocalMoran(
        np.full(maps.shape, np.nan),
        np.full(maps.shape, np.nan),
        np.full(maps.shape, np.nan),
        np.zeros(maps.shape, dtype=np.int64),
    )
    for which in np.ndindex(maps.shape[:-1]):
        if (field := _field(maps[which], matrix)) is None:
            continue
        at = (*which, field.known[field.linked])
        lag = field.weights @ field.z
        p_value = _local_p(field, lag, draws, seed)
        result.i[at] = (field.z * lag)[field.linked]
        result.z[at] = _local_z(field, lag)[field.linked]
        result.p_value[at] = p_value[field.linked]
        quadrant = np.where(
            lag > 0.0,
            np.where(field.z > 0.0, HIGH_HIGH, LOW_HIGH),
            np.where(field.z > 0.0, HIGH_LOW, LOW_LOW),
        )
        result.quadrant[at] = np.where(p_value <= significance, quadrant, 0)[field.linked]
    return result


def global_moran(
    values: ArrayLike, weights: ArrayLike, *, permutations: int = 999, seed: int = 0
) -> GlobalMoran:
    r"""Moran's I: are near places more alike than places taken at random?

    .. math:: I = \frac{n}{\sum_i \sum_j w_{ij}}
        \frac{\sum_i \sum_j w_{ij} (x_i - \bar x)(x_j - \bar x)}{\sum_i (x_i - \bar x)^2},
        \qquad E(I) = \frac{-1}{n - 1}

    with n known values and standardised rows. The p-value is as in `local_moran`, of draws that
    deal out all values anew.

    Parameters
    ----------
    values : (..., places), any unit
    weights : (places, places), see `local_moran`
    permutations : number of draws
    seed : of the draws: the same gives the same

    Returns
    -------
    NaN where fewer than three values are known, all are equal, or no place has known neighbours.

    Raises
    ------
    ValueError : see `local_moran`.

    References
    ----------
    Moran, P. A. P. (1950). Notes on continuous stochastic phenomena. Biometrika 37, 17-23.
    Cliff, A. D. & Ord, J. K. (1981). Spatial processes: models and applications. Pion, London.
    """
    maps, matrix = _maps(values, weights)
    draws = positive_int(permutations, "permutations")
    result = GlobalMoran(*(np.full(maps.shape[:-1], np.nan) for _ in range(3)))
    for which in np.ndindex(maps.shape[:-1]):
        field = _field(maps[which], matrix)
        if field is None or not field.linked.any():
            continue
        links = np.count_nonzero(field.linked)
        drawn = _shuffled(field.z, draws, seed)
        simulated = (drawn * (drawn @ field.weights.T)).sum(axis=-1) / links
        observed = float(field.z @ field.weights @ field.z) / links
        result.i[which] = observed
        result.expected[which] = -1.0 / (field.z.size - 1)
        result.p_value[which] = _pseudo_p(simulated, observed)
    return result


class _Field(NamedTuple):
    """The known places of a map: where they are, standardised values and weights.

    `linked` are those that have a known neighbour.
    """

    known: IntArray
    z: FloatArray
    weights: FloatArray
    linked: BoolArray


def _maps(values: ArrayLike, weights: ArrayLike) -> tuple[FloatArray, FloatArray]:
    maps, matrix = _finite_series(values), as_float(weights)
    if matrix.shape != (maps.shape[-1], maps.shape[-1]):
        raise ValueError(f"{maps.shape[-1]} places, but weights of shape {matrix.shape}")
    reject(~np.isfinite(matrix) | (matrix < 0.0), matrix, "weights", "a weight is 0 or more")
    own = np.eye(maps.shape[-1], dtype=np.bool_) & (matrix != 0.0)
    reject(own, matrix, "weights", "a place is no neighbour of itself")
    return maps, matrix


def _field(values: FloatArray, matrix: FloatArray) -> _Field | None:
    """The known part of one map, None where it has no variance to speak of."""
    known = np.flatnonzero(~np.isnan(values))
    x = values[known]
    if x.size < 3 or np.ptp(x) <= _CONSTANT * np.abs(x).max():
        return None
    near = matrix[np.ix_(known, known)]
    total = near.sum(axis=-1)
    linked = total > 0.0
    near = near / np.where(linked, total, 1.0)[:, np.newaxis]
    return _Field(known, (x - x.mean()) / x.std(), near, linked)


def _local_z(field: _Field, lag: FloatArray) -> FloatArray:
    """Local I in standard deviations: of a weighted sum drawn without return from the others."""
    n = field.z.size
    mean = -field.z / (n - 1)
    variance = (n - field.z**2) / (n - 1) - mean**2
    uneven = ((n - 1) * (field.weights**2).sum(axis=-1) - 1.0) / (n - 2)
    spread = variance * uneven
    spread[spread <= _EQUAL] = np.nan
    sign = np.where(field.z == 0.0, np.nan, np.sign(field.z))
    return np.asarray(sign * (lag - mean) / np.sqrt(spread))


def _local_p(field: _Field, lag: FloatArray, permutations: int, seed: int) -> FloatArray:
    p_value = np.full(field.z.size, np.nan)
    # Only so many of the dealt out are ever looked at.
    most = int(np.count_nonzero(field.weights, axis=-1).max())
    drawn = _shuffled(np.arange(field.z.size - 1), permutations, seed)[:, :most]
    for place in np.flatnonzero(field.linked):
        neighbours = np.flatnonzero(field.weights[place])
        others = np.delete(field.z, place)
        around = others[drawn[:, : neighbours.size]] @ field.weights[place, neighbours]
        own = field.z[place]
        p_value[place] = _pseudo_p(own * around, own * lag[place])
    return p_value


def _shuffled(items: FloatArray | IntArray, permutations: int, seed: int) -> FloatArray | IntArray:
    """(permutations, items): the items, each row in an order of its own."""
    rows = np.tile(items, (permutations, 1))
    return np.random.default_rng(seed).permuted(rows, axis=1, out=rows)


def _pseudo_p(simulated: FloatArray, observed: float) -> float:
    above = np.count_nonzero(simulated >= observed - _EQUAL)
    below = np.count_nonzero(simulated <= observed + _EQUAL)
    return min(1.0, 2.0 * (min(above, below) + 1) / (simulated.size + 1))


# --- many tests at once ---------------------------------------------------------------------------


def false_discovery(p_values: ArrayLike, level: float = 0.1) -> BoolArray:
    r"""Which of many tests hold, when of those that do a share of `level` may be false.

    The step-up rule of Benjamini and Hochberg: with :math:`p_{(1)} \le \dots \le p_{(m)}`,

    .. math:: p \le \max\left\{p_{(k)} : p_{(k)} \le \frac{k}{m}\,level\right\}

    If any does, the map as a whole is significant, too: for places as alike as neighbours are,
    Wilks takes twice the level wanted for that, so 0.1 stands for 5 %.

    Parameters
    ----------
    p_values : (..., tests), 0-1: the places of a map. Each leading element is a family of its own
    level : false discovery rate, above 0 and at most 1

    Returns
    -------
    (..., tests), boolean: False for NaN, which is no test and not counted as one.

    Raises
    ------
    ValueError : a p-value outside 0-1 (the message names the first), a level outside 0-1.

    References
    ----------
    Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. J. R. Stat. Soc. B
    57, 289-300.
    Wilks, D. S. (2016). "The stippling shows statistically significant grid points". Bull. Am.
    Meteorol. Soc. 97, 2263-2273.

    Examples
    --------
    >>> false_discovery([0.01, 0.04, float("nan"), 0.5], level=0.1).tolist()
    [True, True, False, False]
    """
    p = as_series(p_values)
    reject((p < 0.0) | (p > 1.0), p, "p_values", "a p-value is in 0-1")
    if not 0.0 < level <= 1.0:
        raise ValueError(f"level must be above 0 and at most 1, got {level}")
    ordered = np.sort(p, axis=-1)
    tests = np.count_nonzero(~np.isnan(p), axis=-1)[..., np.newaxis]
    rank = np.arange(1, p.shape[-1] + 1)
    passed = np.where(ordered * tests <= rank * level, ordered, -1.0)
    return np.asarray(p <= passed.max(axis=-1, keepdims=True, initial=-1.0))


def _finite_series(values: ArrayLike) -> FloatArray:
    series = as_series(values)
    reject(np.isinf(series), series, "values", "a value is finite, or NaN where it is missing")
    return series
