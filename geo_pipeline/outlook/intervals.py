"""Intervals of yield forecasts, from their errors in years that had no part in them.

Add here what turns past errors into an interval. Quantiles are those of `weibull_quantiles`, with
which the interval of a dozen years contains a new one as often as stated.
"""

from typing import Final, NamedTuple

import numpy as np

from geo_pipeline.indicators._arrays import FloatArray
from geo_pipeline.outlook.verification import coverage, weibull_quantiles

LEVELS: Final = (0.1, 0.9)
"""Quantiles at the bounds: the interval contains 80 % of the harvests."""

LEAST_ERRORS: Final = 9
"""Errors that a place needs for its own interval: the extremes of nine are at 10 and 90 %."""


class Interval(NamedTuple):
    """Quantiles of 10 and 90 % of the errors, as shares of the forecast, by place."""

    low: FloatArray
    high: FloatArray


def interval(errors: FloatArray) -> Interval:
    """Return the interval of each place from `errors` (observed / forecast - 1), places x years.

    A place with fewer than `LEAST_ERRORS` uses the errors of all places together.
    """
    own = np.count_nonzero(~np.isnan(errors), axis=-1, keepdims=True) >= LEAST_ERRORS
    of_place, of_all = (
        weibull_quantiles(sample, LEVELS) for sample in (errors, errors.reshape(1, -1))
    )
    return Interval(*np.moveaxis(np.where(own, of_place, of_all), -1, 0))


def coverage_by_year(errors: FloatArray) -> FloatArray:
    """Return the share of places whose error was within the interval of the other years, by year.

    NaN for a year without errors.
    """
    years = range(errors.shape[-1])
    others = [interval(np.delete(errors, year, axis=-1)) for year in years]
    low, high = (np.stack(ends) for ends in zip(*others, strict=True))
    return coverage(low, high, errors.T)
