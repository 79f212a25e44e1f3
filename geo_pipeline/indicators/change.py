"""Standardised change over some steps: flash droughts.

A series has time on its last axis, `period` steps a year, as in `aggregation`. Add here measures of
the pace of a change; how dry a state is belongs to `standardised`, and when a drought began to
`events`.
"""

import numpy as np
from numpy.typing import ArrayLike

from geo_pipeline.indicators._arrays import (
    FloatArray,
    Reference,
    as_series,
    fold_reference,
    positive_int,
)
from geo_pipeline.indicators.aggregation import climatological_mean

LEAST_YEARS = 3
"""Fewest years of reference for a standard deviation."""


def standardised_change(
    x: ArrayLike,
    steps: int,
    *,
    period: int = 12,
    first_step: int = 1,
    reference: Reference = None,
) -> FloatArray:
    r"""Change of each value since `steps` before, against that of the same dates in other years.

    .. math:: z_t = \frac{\Delta_t - \overline{\Delta}}{s_\Delta}, \qquad \Delta_t = x_t - x_{t-n}

    with the mean and the standard deviation (of a sample, :math:`n - 1`) of the reference years at
    the same step of the year. Of soil wetness, values far below 0 are a flash drought: it dries
    faster than it usually does at that season.

    Parameters
    ----------
    x : (..., time), any unit
    steps : number of steps between the two values, at least 1
    period, first_step, reference : see `aggregation`

    Returns
    -------
    (..., time), in standard deviations: NaN where one of the two values is, and where fewer than
    three reference years have a change or all of them the same.

    Raises
    ------
    ValueError : `steps` below 1.

    References
    ----------
    Otkin, J. A., Anderson, M. C., Hain, C., Mladenova, I. E., Basara, J. B., Svoboda, M. (2013).
    Examining rapid onset drought development using the thermal infrared-based Evaporative Stress
    Index. J. Hydrometeorol. 14(4), 1057-1074: standardised change anomalies.

    Examples
    --------
    Three Februaries after three Januaries, of which the last dries fastest: changes of -2, -3, -7
    with a mean of -4 and a standard deviation of 2.65.

    >>> wetness = np.full((3, 12), np.nan)
    >>> wetness[:, :2] = [[9, 7], [8, 5], [9, 2]]
    >>> standardised_change(wetness.ravel(), 1).reshape(3, 12)[:, 1].round(2)
    array([ 0.76,  0.38, -1.13])
    """
    series, steps = as_series(x), positive_int(steps, "steps")
    change = np.full(series.shape, np.nan)
    change[..., steps:] = series[..., steps:] - series[..., :-steps]
    at = (np.arange(series.shape[-1]) + first_step - 1) % period
    usual = climatological_mean(change, period=period, first_step=first_step, reference=reference)
    known = fold_reference(change, period, first_step, reference)
    years = np.count_nonzero(~np.isnan(known), axis=-1)
    squares = (known - usual[..., np.newaxis]) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.where(np.isnan(squares), 0.0, squares).sum(axis=-1) / (years - 1))
        is_known = (years >= LEAST_YEARS) & (spread > 0.0)
        spread = np.where(is_known, spread, np.nan)
        return np.asarray((change - usual[..., at]) / spread[..., at])
