"""Values at points of a département, and their mean over it.

This is common to providers by point: values as places by days, in our units. Values outside the
ranges of the data dictionary are removed and reported; the mean is given where enough points have a
value.
"""

import json
import math
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo_pipeline.schemas import WeatherDaily
from geo_pipeline.sources import payload
from geo_pipeline.sources.faults import fault
from geo_pipeline.words import Message, message

Array = npt.NDArray[np.float64]

LEAST_KNOWN_SHARE = 0.5
"""Share of the points that must have a value on a day for their mean to be used."""


class Variable(NamedTuple):
    """A daily variable: the provider's name, our column, and factors from its units to ours."""

    name: str
    column: str
    units: Mapping[str, float]


class UnreadableError(Exception):
    """What is wrong with an answer, to be reported with source, département and URL."""


def no_point(who: str, url: str) -> Message:
    """Return the fault of a département without any point."""
    return message("points.no_point", who=who, url=url)


def no_value(who: str, url: str, asked: tuple[date, date], there: tuple[date, date]) -> Message:
    """Return the fault of an archive that has no data for the requested days."""
    what = message("points.no_value", since=asked[0], until=asked[1])
    return fault(who, url, what, message("advice.days", first=there[0], last=there[1]))


def leave_out_of_range(
    name: str, values: Array, dates: pd.DatetimeIndex, sieve: payload.Sieve
) -> None:
    """Remove those of `values` (places by days) that are outside the data dictionary's range."""
    low, high = _range(name)
    for place, day in np.argwhere((values < low) | (values > high)):
        told = message(
            "points.beyond",
            value=values[place, day],
            variable=name,
            day=dates[day].date(),
            lowest=low,
            highest=high,
        )
        sieve.leave_out(cell(name, dates[day]), UnreadableError(told))
        values[place, day] = np.nan


def leave_out_swapped(
    tmin_c: Array, tmax_c: Array, dates: pd.DatetimeIndex, most_left_out: float
) -> payload.Sieve:
    """Remove each minimum above its maximum (both places by days), and return which."""
    sieve = payload.Sieve(most_left_out)
    n_pairs = int(np.isfinite(tmin_c + tmax_c).sum())
    for place, day in np.argwhere(tmin_c > tmax_c):
        told = message("points.swapped", day=dates[day].date())
        sieve.leave_out(message("points.both", day=dates[day].date()), UnreadableError(told))
        tmin_c[place, day] = tmax_c[place, day] = np.nan
    sieve.require_most(of=n_pairs)
    return sieve


def _range(name: str) -> tuple[float, float]:
    """Return the lowest and highest value of a column of `weather_daily`."""
    limits: dict[str, float] = {}
    for check in WeatherDaily.to_schema().columns[name].checks:
        limits.update(check.statistics or {})
    return limits.get("min_value", -math.inf), limits.get("max_value", math.inf)


def mean_of_places(values: Array) -> Array:
    """Return the mean over places of places x days, NaN where under half of them have a value.

    It is computed from the differences to the first known value, so that equal values give exactly
    that value.
    """
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    first = np.take_along_axis(values, known.argmax(axis=0)[np.newaxis], axis=0)[0]
    away = np.where(known, values - first, 0.0).sum(axis=0) / np.maximum(count, 1)
    least, most = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    enough = count >= LEAST_KNOWN_SHARE * len(values)
    return np.asarray(np.where(enough, np.clip(first + away, least, most), np.nan))


def cell(name: str, day: pd.Timestamp) -> Message:
    """Return the name of one value in the report of those left out."""
    return message("points.cell", variable=name, day=day.date())


def is_number(value: object) -> bool:
    """Return whether `value` is a number, and not larger than anything possible."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def shown(value: object) -> str:
    """Return `value` as JSON, short enough for a message of one line."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."
