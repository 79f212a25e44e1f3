"""Running totals and seasonal climatologies: counts, means and ranks by step of the year.

A series has time on its last axis, `period` steps a year (12 for months, 36 for dekads), the first
of them at step `first_step` of the year, counted from 1; leading axes are places. `reference` is
the part that defines the normal: None for all of it, or `(start, stop)` or a slice of time steps,
`stop` excluded. Infinite values are accepted here; the indices refuse them before they sum. All
functions raise ValueError for a series without a time axis, a `first_step` outside 1..period, and a
reference that selects nothing.
"""

import numpy as np
from numpy.typing import ArrayLike

from geo_pipeline.indicators._arrays import (
    FloatArray,
    IntArray,
    Reference,
    as_series,
    fold,
    fold_reference,
    positive_int,
    unfold,
)
from geo_pipeline.indicators.distributions import EmpiricalParameters


def rolling_sum(x: ArrayLike, window: int) -> FloatArray:
    r"""Sum of each value and the `window - 1` before it.

    .. math:: s_t = x_{t-w+1} + \dots + x_t

    Each sum is added up afresh, oldest value first: no rounding is carried along the series, and a
    missing value affects the `window` sums that contain it and no other.

    Parameters
    ----------
    x : (..., time), any unit
    window : number of steps, at least 1

    Returns
    -------
    (..., time), unit of `x`: NaN where the window holds a NaN or starts before the series.

    Raises
    ------
    ValueError : `window` below 1.
    """
    series, window = as_series(x), positive_int(window, "window")
    sums = np.full(series.shape, np.nan)
    # Places are joined end to end: numpy adds one long series four times as fast as many rows. Sums
    # across a seam start before their series.
    values, total = series.ravel(), sums.reshape(-1)[window - 1 :]
    if total.size:
        total[...] = values[: total.size]
        for later in range(1, window):
            total += values[later : later + total.size]
    sums[..., : window - 1] = np.nan
    return sums


def valid_years(
    x: ArrayLike, *, period: int = 12, first_step: int = 1, reference: Reference = None
) -> IntArray:
    """Number of reference years that have a value, for each step of the year.

    Parameters
    ----------
    x : (..., time), any unit
    period, first_step, reference : see the module

    Returns
    -------
    (..., period), counts, from the year's first step (January).
    """
    return _count(fold_reference(as_series(x), period, first_step, reference))


def climatological_mean(
    x: ArrayLike, *, period: int = 12, first_step: int = 1, reference: Reference = None
) -> FloatArray:
    """Mean of the valid reference values of each step of the year: its normal.

    Parameters
    ----------
    x : (..., time), any unit
    period, first_step, reference : see the module

    Returns
    -------
    (..., period), unit of `x`, from the year's first step (January): NaN where no year has a value.
    """
    known = fold_reference(as_series(x), period, first_step, reference)
    years = _count(known)
    known[np.isnan(known)] = 0.0
    with np.errstate(invalid="ignore"):
        return np.asarray(known.sum(axis=-1) / years)


def empirical_percentile(
    x: ArrayLike, *, period: int = 12, first_step: int = 1, reference: Reference = None
) -> FloatArray:
    r"""Percentile of each value among the reference values of the same step of the year.

    .. math:: P = 100\,\frac{r - 0.44}{n + 0.12}, \qquad r = n_< + \frac{n_= + 1}{2}

    with :math:`n` valid reference values, :math:`n_<` of them below it and :math:`n_=` equal to it:
    Gringorten's plotting position, ties at their middle rank. A value that is not in the reference
    ranks half-way between its neighbours there: a record low after 30 years is at 0.2, not at 0.

    Parameters
    ----------
    x : (..., time), any unit
    period, first_step, reference : see the module

    Returns
    -------
    (..., time), between 0 and 100, both excluded: NaN where `x` is, or no reference year has one.

    References
    ----------
    Gringorten, I. I. (1963). A plotting rule for extreme probability paper. J. Geophys. Res. 68(3),
    813-814.
    """
    series = as_series(x)
    known = EmpiricalParameters(fold_reference(series, period, first_step, reference))
    percentile = known.percentile(fold(series, period, first_step))
    return unfold(percentile, series.shape[-1], first_step)


def _count(folded: FloatArray) -> IntArray:
    return np.asarray(np.count_nonzero(~np.isnan(folded), axis=-1), dtype=np.int64)
