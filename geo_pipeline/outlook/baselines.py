"""What a harvest is expected to be without a look at the weather.

Add a baseline here: known harvests in, an expectation of every year out. None sees the harvest of
the year that it is of, nor one that is not known on the day of issue (`known`). What a model adds
is measured against the best of them (`evaluation`).
"""

from typing import Final

import numpy as np

from geo_pipeline.indicators._arrays import BoolArray, FloatArray

BASELINES: Final = ("mean", "mean_of_five", "trend", "last_year")
"""In the order of `expected`."""

LEAST_HARVESTS: Final = 3
"""Of fewer harvests nothing is expected."""
LEAST_OF_TREND: Final = 8
"""Harvests before the year that a trend rests on: of fewer, one or two years decide it."""


def expected(yields: FloatArray, known: BoolArray) -> FloatArray:
    """Return what each baseline expects of every year: (4, ..., years, places).

    `mean` is that of all other harvests known; `mean_of_five` that of the last five before the
    year, `trend` a line of least squares through those before it, `last_year` the last one before.
    Where there are too few before it, it is the mean.

    Args:
        yields: years x places, NaN where there is none.
        known: (..., years, places) or broadcasting with it: what may be used.
    """
    there = np.asarray(known & ~np.isnan(yields))
    value = np.where(there, yields, 0.0)
    count = there.sum(axis=-2, keepdims=True) - there
    total = value.sum(axis=-2, keepdims=True) - value
    mean = np.where(count >= LEAST_HARVESTS, total / np.maximum(count, 1), np.nan)
    # How many harvests back a harvest is, seen from each year: newest first.
    of_five, trend, last = (mean.copy() for _ in range(3))
    for year in range(1, yields.shape[0]):
        seen, past = there[..., :year, :], value[..., :year, :]
        back = np.cumsum(seen[..., ::-1, :], axis=-2)[..., ::-1, :]
        enough = back[..., 0, :] >= LEAST_HARVESTS
        for newest, told in ((5, of_five), (1, last)):
            chosen = seen & (back <= newest)
            sums = (past * chosen).sum(axis=-2) / np.maximum(chosen.sum(axis=-2), 1)
            told[..., year, :] = np.where(enough, sums, told[..., year, :])
        line = _line(past, seen, np.arange(-year, 0, dtype=np.float64))
        trend[..., year, :] = np.where(back[..., 0, :] >= LEAST_OF_TREND, line, trend[..., year, :])
    return np.stack([mean, of_five, trend, last])


def _line(values: FloatArray, there: BoolArray, times: FloatArray) -> FloatArray:
    """Return the line of least squares through (..., times, places) at time 0."""
    count = np.maximum(there.sum(axis=-2), 1)
    when = times[:, np.newaxis] * there
    mean_time, mean = when.sum(axis=-2) / count, values.sum(axis=-2) / count
    spread = (times[:, np.newaxis] * when).sum(axis=-2) - count * mean_time**2
    joint = (times[:, np.newaxis] * values).sum(axis=-2) - count * mean_time * mean
    slope = np.divide(joint, spread, out=np.zeros(joint.shape), where=spread > 0)
    return np.asarray(mean - slope * mean_time)
