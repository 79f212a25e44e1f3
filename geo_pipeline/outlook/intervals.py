"""Ranges of yields: how far off forecasts were in years that had no part in them.

Add here what turns past misses into a range. Quantiles are those of `weibull_quantiles`: the range
of a dozen years holds a new one as often as promised.
"""

from typing import Final, NamedTuple

import numpy as np

from geo_pipeline.indicators._arrays import FloatArray
from geo_pipeline.outlook.verification import coverage, weibull_quantiles

LEVELS: Final = (0.1, 0.9)
"""Ends of the range: 80 % of the harvests are to be within it."""

LEAST_MISSES: Final = 9
"""Misses of a place of its own: the least whose extremes are a tenth and nine tenths (Weibull)."""


class Interval(NamedTuple):
    """The tenth and the ninth tenth of misses, as shares of what was expected; places."""

    low: FloatArray
    high: FloatArray


def interval(misses: FloatArray) -> Interval:
    """Return the range of each place from `misses` (observed / told - 1), places x years.

    A place with fewer than `LEAST_MISSES` of its own takes those of all places together.
    """
    own = np.count_nonzero(~np.isnan(misses), axis=-1, keepdims=True) >= LEAST_MISSES
    each, all_together = (
        weibull_quantiles(some, LEVELS) for some in (misses, misses.reshape(1, -1))
    )
    return Interval(*np.moveaxis(np.where(own, each, all_together), -1, 0))


def coverage_by_year(misses: FloatArray) -> FloatArray:
    """Return the share of places whose miss was within the range of the other years, by year.

    NaN for a year without any.
    """
    years = range(misses.shape[-1])
    others = [interval(np.delete(misses, year, axis=-1)) for year in years]
    low, high = (np.stack(ends) for ends in zip(*others, strict=True))
    return coverage(low, high, misses.T)
