"""Dekads, the periods of agrometeorology: days 1 to 10, 11 to 20, and 21 to the end of a month.

Their arithmetic, for single days and for columns of days. The same in SQL is
`least((day(period_end) - 1) // 10, 2)`. Their names for readers are in `publishing.formats`.
"""

from calendar import monthrange
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

A_MONTH: Final = 3
A_YEAR: Final = 36
"""Dekads in a month and in a year."""


def third(day: date) -> int:
    """Return the third of its month that a day is in: 0, 1 or 2."""
    return min((day.day - 1) // 10, 2)


def of_year(day: date) -> int:
    """Return the dekad of its year that a day is in: 0 for 1 January, 35 for 31 December."""
    return (day.month - 1) * A_MONTH + third(day)


def first_day(day: date) -> date:
    """Return the first day of the dekad that a day is in."""
    return day.replace(day=third(day) * 10 + 1)


def last_day(day: date) -> date:
    """Return the last day of the dekad that a day is in."""
    return last_day_of(day.year, of_year(day))


def last_day_of(year: int, dekad: int) -> date:
    """Return the last day of a dekad: dekad 0 holds 1 January, 36 is the first of the next year."""
    years, dekad = divmod(dekad, A_YEAR)
    month, third = divmod(dekad, A_MONTH)
    year, month = year + years, month + 1
    return date(year, month, (10, 20, monthrange(year, month)[1])[third])


def last_complete(day: date) -> date:
    """Return the last day of the last dekad that is over at the end of a day."""
    return day if day == last_day(day) else before(day)


def last_of_complete_year(day: date) -> date:
    """Return the last day of the last year that is over at the end of a day."""
    end = date(day.year, 12, 31)
    return day if day == end else date(day.year - 1, 12, 31)


def before(day: date, count: int = 1) -> date:
    """Return the last day of the dekad that is `count` dekads before that of `day`."""
    return last_day_of(day.year, of_year(day) - count)


def is_last_of_month(day: date) -> bool:
    """Return whether a day ends its month."""
    return (day + timedelta(days=1)).day == 1


def thirds(days: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
    """Return the third of its month that each day is in: 0, 1 or 2."""
    return np.minimum((days.day.to_numpy(np.int64) - 1) // 10, 2)


def steps(days: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
    """Return the dekad of its year that each day is in, 0 to 35."""
    return (days.month.to_numpy(np.int64) - 1) * A_MONTH + thirds(days)


def numbers(days: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
    """Return the dekad of each day as a running number that increases by one each dekad."""
    return days.year.to_numpy(np.int64) * A_YEAR + steps(days)


def first_days(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Return the first day of the dekad of each day."""
    return days - pd.to_timedelta(days.day.to_numpy() - 1 - 10 * thirds(days), unit="D")


def lengths(days: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
    """Return the number of days, 8 to 11, in the dekad of each day."""
    whole = days.days_in_month.to_numpy(np.int64)
    return np.where(thirds(days) == A_MONTH - 1, whole - 20, 10)


def last_days(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Return the last day of the dekad of each day."""
    return first_days(days) + pd.to_timedelta(lengths(days) - 1, unit="D")
