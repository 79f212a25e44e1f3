"""Baselines of yields: forecasts from other harvests, without the weather.

Add a baseline here: a function from known harvests to a forecast of every year. It must not use the
harvest of that year, nor one that is unknown on the day of issue (`known`). The skill of a model is
measured against the best baseline (`evaluation`).
"""

from typing import Final

import numpy as np

from geo_pipeline.indicators._arrays import BoolArray, FloatArray

BASELINES: Final = ("mean", "mean_of_five", "trend", "last_year")
"""In the order of `expected`."""

LEAST_HARVESTS: Final = 3
"""Harvests that a baseline needs."""
LEAST_OF_TREND: Final = 8
"""Harvests that a trend needs: with fewer, one or two years would determine it."""


def expected(yields: FloatArray, known: BoolArray) -> FloatArray:
    """Return the forecast of each baseline for every year: (4, ..., years, places).

    `mean` is the mean of all other known harvests, `mean_of_five` that of the last five before the
    year, `trend` a least-squares line through those before it, `last_year` the last one before it.
    Where too few are known before the year, each of them is `mean`.

    Args:
        yields: years x places, NaN where there is none.
        known: (..., years, places) or broadcasting with it: harvests that may be used.
    """
    usable = np.asarray(known & ~np.isnan(yields))
    value = np.where(usable, yields, 0.0)
    count = usable.sum(axis=-2, keepdims=True) - usable
    total = value.sum(axis=-2, keepdims=True) - value
    mean = np.where(count >= LEAST_HARVESTS, total / np.maximum(count, 1), np.nan)
    # How many harvests back a harvest is, seen from each year: newest first.
    of_five, trend, last = (mean.copy() for _ in range(3))
    for year in range(1, yields.shape[0]):
        earlier, past = usable[..., :year, :], value[..., :year, :]
        back = np.cumsum(earlier[..., ::-1, :], axis=-2)[..., ::-1, :]
        enough = back[..., 0, :] >= LEAST_HARVESTS
        for newest, baseline in ((5, of_five), (1, last)):
            chosen = earlier & (back <= newest)
            sums = (past * chosen).sum(axis=-2) / np.maximum(chosen.sum(axis=-2), 1)
            baseline[..., year, :] = np.where(enough, sums, baseline[..., year, :])
        line = _line(past, earlier, np.arange(-year, 0, dtype=np.float64))
        trend[..., year, :] = np.where(back[..., 0, :] >= LEAST_OF_TREND, line, trend[..., year, :])
    return np.stack([mean, of_five, trend, last])


def _line(values: FloatArray, usable: BoolArray, times: FloatArray) -> FloatArray:
    """Return the line of least squares through (..., times, places) at time 0."""
    count = np.maximum(usable.sum(axis=-2), 1)
    used_times = times[:, np.newaxis] * usable
    mean_time, mean = used_times.sum(axis=-2) / count, values.sum(axis=-2) / count
    spread = (times[:, np.newaxis] * used_times).sum(axis=-2) - count * mean_time**2
    joint = (times[:, np.newaxis] * values).sum(axis=-2) - count * mean_time * mean
    slope = np.divide(joint, spread, out=np.zeros(joint.shape), where=spread > 0)
    return np.asarray(mean - slope * mean_time)
