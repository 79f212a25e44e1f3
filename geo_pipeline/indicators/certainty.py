"""How sure an index and its class are, given the years that its normal was learnt from.

A standardised index compares a value with a distribution that a few years were enough to estimate,
and twelve years estimate it poorly: the same dryness may be told as moderate or as extreme. The
range here is that of the index which the whole population would have given.
"""

from functools import cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincinv, chdtri, ndtr

from geo_pipeline.indicators._arrays import FloatArray, IntArray, as_float, reject
from geo_pipeline.indicators.classes import (
    DROUGHT_CLASSES,
    INDEX_DRY_LIMITS,
    INDEX_WET_LIMITS,
    PERCENTILE_DRY_LIMITS,
    PERCENTILE_WET_LIMITS,
    ClassArray,
    usdm_class,
    usdm_class_from_percentile,
)

Fit = Literal["gamma", "logistic", "kernel"]

WORTH_OF_A_YEAR: dict[Fit, float] = {"gamma": 0.95, "logistic": 0.88, "kernel": 0.75}
"""What a year is worth to a fit, against one to a normal distribution's mean and spread.

More parameters, or a shape that is not normal, take more years to estimate. Found by simulation so
that the ranges hold what they promise; `tests/unit/indicators/test_certainty.py` simulates anew.
"""

SHARE = 0.8
"""How many of the ranges hold the true value."""

_ENDS = ((1.0 - SHARE) / 2.0, (1.0 + SHARE) / 2.0)

LEAST_YEARS = 3
"""Of fewer years nothing is said: they have no spread to speak of."""

# Indices are looked up in a table by steps of 0.05; no index of ours is beyond 3.1.
_INDICES = np.linspace(-3.6, 3.6, 145)
_TRUE_INDICES = np.linspace(-9.0, 9.0, 721)
_QUANTILES = (np.arange(50) + 0.5) / 50
_LIMITS = np.array([-np.inf, *INDEX_DRY_LIMITS, *INDEX_WET_LIMITS, np.inf])


class Certainty(NamedTuple):
    """Arrays in the shape of the index; NaN where it is, or where fewer than three years stand."""

    low: FloatArray
    """Lower end of the range, in the unit of what was given."""
    high: FloatArray
    class_chance: FloatArray
    """Chance that the class told is the right one, 0-1."""


def index_certainty(index: ArrayLike, years: ArrayLike, *, fit: Fit = "gamma") -> Certainty:
    r"""Range of a standardised index and the chance that its class is right.

    With mean :math:`m` and spread :math:`s` of :math:`n` years, :math:`z = (x - \mu) / \sigma` of a
    value whose estimate is :math:`k = (x - m) / s` is distributed as

    .. math:: k \sqrt{\chi^2_{n-1} / (n - 1)} + N(0, 1) / \sqrt n

    which is exact for a normal variable (the limits are those of the non-central t distribution).
    Other distributions are taken to be normal after they are standardised, with fewer years:
    `WORTH_OF_A_YEAR`. Years are taken to be independent of each other.

    Parameters
    ----------
    index : any shape, no unit
    years : years of reference, broadcast against `index`
    fit : the distribution that the index was fitted with: gamma for the SPI, logistic for the SPEI,
        kernel for the SSWI

    Returns
    -------
    `low` and `high` are indices: the true one lies between them in `SHARE` of cases.

    Raises
    ------
    ValueError : a number of years below 0.

    References
    ----------
    Owen, D. B. (1968). A survey of properties and applications of the noncentral t-distribution.
    Technometrics 10(3), 445-478.

    Examples
    --------
    >>> known = index_certainty([-1.45, -1.45], [12, 120])
    >>> known.low.round(1).tolist(), known.high.round(1).tolist()
    ([-2.0, -1.6], [-0.9, -1.3])
    >>> known.class_chance.round(2).tolist()
    [0.27, 0.74]
    """
    values, count = np.broadcast_arrays(as_float(index), _as_years(years))
    classes = _positions(usdm_class(values))
    found = Certainty(*(np.full(values.shape, np.nan) for _ in Certainty._fields))
    for n in np.unique(count[~np.isnan(values) & (count >= LEAST_YEARS)]):
        here = ~np.isnan(values) & (count == n)
        inside = np.clip(values[here], _INDICES[0], _INDICES[-1])
        low, high, chances = _table(float(n) * WORTH_OF_A_YEAR[fit])
        found.low[here], found.high[here] = (
            np.interp(inside, _INDICES, end) for end in (low, high)
        )
        nearest = np.rint((inside - _INDICES[0]) / (_INDICES[1] - _INDICES[0])).astype(np.int64)
        found.class_chance[here] = chances[nearest, classes[here]]
    return found


def percentile_certainty(percentile: ArrayLike, years: ArrayLike) -> Certainty:
    r"""Range of a percentile among other years and the chance that its class is right.

    Of a value with rank :math:`r` among :math:`n` years, the share of the population below it is
    distributed as :math:`\mathrm{Beta}(r, n + 1 - r)`, whatever the distribution of the values.

    Parameters
    ----------
    percentile : any shape, 0-100, by Gringorten's plotting position (`empirical_percentile`)
    years : years of reference, broadcast against `percentile`

    Returns
    -------
    `low` and `high` are percentiles: the true one lies between them in `SHARE` of cases.

    Raises
    ------
    ValueError : a percentile outside 0-100, a number of years below 0.

    References
    ----------
    David, H. A., Nagaraja, H. N. (2003). Order Statistics, 3rd ed., section 2.1.

    Examples
    --------
    >>> known = percentile_certainty(50.0, 11)
    >>> float(known.low.round()), float(known.high.round())
    (32.0, 68.0)
    """
    values, count = np.broadcast_arrays(as_float(percentile), _as_years(years))
    classes = _positions(usdm_class_from_percentile(values))
    known = ~np.isnan(values) & (count >= LEAST_YEARS)
    n = np.where(known, count, np.nan)
    rank = values / 100.0 * (n + 0.12) + 0.44
    shape = rank, n + 1.0 - rank
    low, high = (100.0 * betaincinv(*shape, share) for share in _ENDS)
    limits = np.array([0.0, *PERCENTILE_DRY_LIMITS, *PERCENTILE_WET_LIMITS, 100.0]) / 100.0
    chance = betainc(*shape, limits[classes + 1]) - betainc(*shape, limits[classes])
    return Certainty(low, high, np.where(known, chance, np.nan))


def _as_years(years: ArrayLike) -> FloatArray:
    count = as_float(years)
    reject(count < 0.0, count, "years", "a number of years is not below 0")
    return count


def _positions(classes: ClassArray) -> IntArray:
    """Return the position of each class in `DROUGHT_CLASSES`, 0 for None."""
    found = np.zeros(classes.shape, np.int64)
    for position, code in enumerate(DROUGHT_CLASSES):
        found[classes == code] = position
    return found


@cache
def _table(years: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the ends of the range and the chances of the classes at each of `_INDICES`."""
    rows = _below(_TRUE_INDICES, years)
    low, high = (
        np.array([np.interp(share, row, _TRUE_INDICES) for row in rows]) for share in _ENDS
    )
    return low, high, np.diff(_below(_LIMITS, years), axis=1)


def _below(true_index: FloatArray, years: float) -> FloatArray:
    """Return the chance that the true index is below each given one, `_INDICES` x the given."""
    spread = np.sqrt(chdtri(years - 1.0, _QUANTILES) / (years - 1.0))
    middle = _INDICES[:, np.newaxis, np.newaxis] * spread
    return np.asarray(ndtr(np.sqrt(years) * (true_index[:, np.newaxis] - middle)).mean(axis=-1))
