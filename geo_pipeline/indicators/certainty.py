"""Certainty of an index and of its class, given the number of years of its normal.

A standardised index compares a value with a distribution estimated from a few years. Twelve years
estimate it poorly: the same dryness may be classed as moderate or as extreme. The interval computed
here is for the index that the true distribution would give. Its words are in
`publishing.certainty`.
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
"""Worth of a year for a fit, relative to its worth for the mean and spread of a normal variable.

Distributions with more parameters or another shape need more years. The values were found by
simulation, so that intervals have the stated coverage; `tests/unit/indicators/test_certainty.py`
repeats the simulation.
"""

SHARE = 0.8
"""Share of the intervals that contain the true value."""

_ENDS = ((1.0 - SHARE) / 2.0, (1.0 + SHARE) / 2.0)

LEAST_YEARS = 3
"""Years that an interval needs."""

# Indices are looked up in a table with steps of 0.05; all of them are within 3.1.
_INDICES = np.linspace(-3.6, 3.6, 145)
_TRUE_INDICES = np.linspace(-9.0, 9.0, 721)
_QUANTILES = (np.arange(50) + 0.5) / 50
_LIMITS = np.array([-np.inf, *INDEX_DRY_LIMITS, *INDEX_WET_LIMITS, np.inf])


class Certainty(NamedTuple):
    """Arrays in the shape of the index; NaN where it is, or with fewer than `LEAST_YEARS`."""

    low: FloatArray
    """Lower bound of the interval, in the unit of the input."""
    high: FloatArray
    class_chance: FloatArray
    """Chance that the class is right, 0-1."""


def index_certainty(index: ArrayLike, years: ArrayLike, *, fit: Fit = "gamma") -> Certainty:
    r"""Interval of a standardised index and the chance that its class is right.

    With mean :math:`m` and spread :math:`s` of :math:`n` years, :math:`z = (x - \mu) / \sigma` of a
    value whose estimate is :math:`k = (x - m) / s` is distributed as

    .. math:: k \sqrt{\chi^2_{n-1} / (n - 1)} + N(0, 1) / \sqrt n

    which is exact for a normal variable (a non-central t distribution). Other distributions are
    treated as normal after standardisation, with fewer years (`WORTH_OF_A_YEAR`). Years are treated
    as independent.

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
    result = Certainty(*(np.full(values.shape, np.nan) for _ in Certainty._fields))
    for n in np.unique(count[~np.isnan(values) & (count >= LEAST_YEARS)]):
        cells = ~np.isnan(values) & (count == n)
        inside = np.clip(values[cells], _INDICES[0], _INDICES[-1])
        low, high, chances = _table(float(n) * WORTH_OF_A_YEAR[fit])
        result.low[cells], result.high[cells] = (
            np.interp(inside, _INDICES, end) for end in (low, high)
        )
        nearest = np.rint((inside - _INDICES[0]) / (_INDICES[1] - _INDICES[0])).astype(np.int64)
        result.class_chance[cells] = chances[nearest, classes[cells]]
    return result


def percentile_certainty(percentile: ArrayLike, years: ArrayLike) -> Certainty:
    r"""Interval of a percentile among other years and the chance that its class is right.

    For a value with rank :math:`r` among :math:`n` years, the share of the population below it is
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
    positions = np.zeros(classes.shape, np.int64)
    for position, code in enumerate(DROUGHT_CLASSES):
        positions[classes == code] = position
    return positions


@cache
def _table(years: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the bounds of the interval and the chances of the classes at each of `_INDICES`."""
    spread = np.sqrt(chdtri(years - 1.0, _QUANTILES) / (years - 1.0))
    low, high = (_reaching(share, spread, years) for share in _ENDS)
    return low, high, np.diff(_below(_LIMITS, spread, years), axis=1)


def _below(true_index: FloatArray, spread: FloatArray, years: float) -> FloatArray:
    """Return the chance that the true index is below `true_index`, by `_INDICES`.

    `true_index` is (..., limits), where each of `_INDICES` has limits of its own or all have the
    same; `spread` is the ratio of the estimated spread to the true one at `_QUANTILES`.
    """
    middle = _INDICES[:, np.newaxis, np.newaxis] * spread
    return np.asarray(ndtr(np.sqrt(years) * (true_index[..., np.newaxis] - middle)).mean(axis=-1))


def _reaching(share: float, spread: FloatArray, years: float) -> FloatArray:
    """Return the true index that the chance to be below reaches `share` at, by `_INDICES`.

    It is interpolated between two of `_TRUE_INDICES`, found by halving: the chance rises.
    """
    first = np.zeros(_INDICES.shape, np.int64)
    last = np.full_like(first, _TRUE_INDICES.size - 1)
    while (last - first > 1).any():
        middle = (first + last) // 2
        is_reached = _below(_TRUE_INDICES[middle, np.newaxis], spread, years)[:, 0] > share
        last, first = np.where(is_reached, middle, last), np.where(is_reached, first, middle)
    ends = np.stack([first, last], axis=1)
    chances, limits = _below(_TRUE_INDICES[ends], spread, years), _TRUE_INDICES[ends]
    return np.array([np.interp(share, *each) for each in zip(chances, limits, strict=True)])
