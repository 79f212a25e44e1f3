"""Two histories of one variable: how far they differ by month, and one adjusted to the other.

Add here measures of what sets two providers of the same weather apart, and ways to adjust for it.
Which days, variables and providers are compared belongs to `transforms.provider_differences`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from geo_pipeline.indicators._arrays import FloatArray, as_float, as_series

LEAST_YEARS = 10
"""Fewest common years for an adjustment, as many as a drought class takes."""

MOST_QUANTILES = 101
VALUES_A_QUANTILE = 3
"""A quantile for every three values of the sample, 101 at most (each percent)."""


class Difference(NamedTuple):
    """Two histories compared over their common years; each has the leading axes of the values."""

    years: FloatArray
    """Number of years in which both are known."""
    mean: FloatArray
    other_mean: FloatArray
    difference: FloatArray
    """mean - other_mean; NaN without a common year, as the means are."""
    standard_error: FloatArray
    """Standard error of the difference, from its spread over the years; NaN under two years."""
    ratio: FloatArray
    """mean / other_mean; NaN where the other mean is not above 0."""
    error: FloatArray
    """Root mean square of the differences of single years."""


def yearly_difference(values: ArrayLike, others: ArrayLike) -> Difference:
    """Compare two histories, with the years on the last axis.

    Parameters
    ----------
    values, others : (..., years), of the same unit; NaN where a year is not known

    Examples
    --------
    Rain of three Julys, of a provider that has a fifth more than the other.

    >>> found = yearly_difference([60.0, 12.0, 36.0], [50.0, 10.0, 30.0])
    >>> float(found.ratio), float(found.difference), round(float(found.standard_error), 2)
    (1.2, 6.0, 2.31)
    """
    first, other = as_series(values), as_series(others)
    is_common = ~(np.isnan(first) | np.isnan(other))
    years = np.count_nonzero(is_common, axis=-1).astype(np.float64)
    apart = np.where(is_common, first - other, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(is_common, first, 0.0).sum(axis=-1) / years
        other_mean = np.where(is_common, other, 0.0).sum(axis=-1) / years
        difference = apart.sum(axis=-1) / years
        squares = np.where(is_common, (apart - difference[..., np.newaxis]) ** 2, 0.0)
        spread = np.sqrt(squares.sum(axis=-1) / np.where(years > 1, years - 1, np.nan))
        return Difference(
            years,
            mean,
            other_mean,
            difference,
            spread / np.sqrt(years),
            np.where(other_mean > 0, mean / other_mean, np.nan),
            np.sqrt((apart**2).sum(axis=-1) / years),
        )


def quantile_mapped(
    values: ArrayLike, sample: ArrayLike, target: ArrayLike, *, is_amount: bool = False
) -> FloatArray:
    r"""Values of one history as the other would have them: empirical quantile mapping.

    .. math:: y = F_\text{target}^{-1}(F_\text{sample}(x))

    with quantiles of `sample` and of `target`, linear between them. Beyond the lowest and the
    highest the correction is that of the end: a constant difference, or for amounts a constant
    ratio.

    An amount of 0 stays 0. The quantiles of amounts include those of 0, so that where `sample` has
    more wet days than `target` the smallest amounts become 0, until the number of wet days is the
    same. Where it has fewer, no wet day is invented.

    Parameters
    ----------
    values : to be mapped, of any shape; NaN stays NaN
    sample : the history of `values` over the common period, usually in one calendar month
    target : the other history over the same period
    is_amount : whether values are amounts, never below 0: rain, radiation, evapotranspiration

    Raises
    ------
    ValueError : `sample` or `target` has no value.

    References
    ----------
    Gudmundsson, L., Bremnes, J. B., Haugen, J. E., Engen-Skaugen, T. (2012). Downscaling RCM
    precipitation to the station scale using statistical transformations. Hydrol. Earth Syst. Sci.
    16, 3383-3390: empirical quantiles (QUANT).
    Themeßl, M. J., Gobiet, A., Leuprecht, A. (2011). Empirical-statistical downscaling and error
    correction of daily precipitation from regional climate models. Int. J. Climatol. 31, 1530-1544.

    Examples
    --------
    The sample has 1.2 times the rain of the target, which the mapping restores.

    >>> target = np.arange(0.0, 30.0)
    >>> quantile_mapped([0.0, 12.0, 60.0], 1.2 * target, target, is_amount=True).round(6)
    array([ 0., 10., 50.])
    """
    x, known, wanted = as_float(values), _known(sample, "sample"), _known(target, "target")
    count = min(known.size, wanted.size) // VALUES_A_QUANTILE
    levels = np.linspace(0.0, 1.0, min(max(count, 2), MOST_QUANTILES))
    of_sample, of_target = np.quantile(known, levels), np.quantile(wanted, levels)
    mapped = np.interp(x, of_sample, of_target)
    for end, is_beyond in ((0, x < of_sample[0]), (-1, x > of_sample[-1])):
        if not is_amount:
            beyond = x + (of_target[end] - of_sample[end])
        elif of_sample[end] > 0.0:
            beyond = x * (of_target[end] / of_sample[end])
        else:
            beyond = x
        mapped = np.where(is_beyond, beyond, mapped)
    return np.where(x <= 0.0, 0.0, mapped) if is_amount else np.asarray(mapped)


def cross_validated(
    sample: ArrayLike, target: ArrayLike, years: ArrayLike, *, is_amount: bool = False
) -> FloatArray:
    """Map each year of `sample` by the quantiles of the other years.

    What is left between the result and `target` is the error to expect of years that are not in the
    sample; the fit to its own years would hide it.

    Parameters
    ----------
    sample, target : (time,), as in `quantile_mapped`
    years : (time,), the year of each value

    Raises
    ------
    ValueError : there are fewer than two years.
    """
    known, wanted, of_year = as_series(sample), as_series(target), np.asarray(years)
    mapped = np.full(known.shape, np.nan)
    for year in np.unique(of_year):
        is_out = of_year == year
        rest = known[~is_out], wanted[~is_out]
        mapped[is_out] = quantile_mapped(known[is_out], *rest, is_amount=is_amount)
    return mapped


def _known(values: ArrayLike, name: str) -> FloatArray:
    known = as_float(values)
    known = known[~np.isnan(known)]
    if not known.size:
        raise ValueError(f"{name} has no value")
    return known
