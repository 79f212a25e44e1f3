"""Dekads, by which the app steps through time: days 1-10, 11-20, 21 to the end of a month."""

import calendar
from datetime import date
from typing import Final

A_YEAR: Final = 36
"""So many dekads has a year."""

LONGEST_STEP: Final = {"dekad": 11, "month": 31, "year": 366, "day": 31}
"""Periods that end more days apart than this do not follow on one another, by their step."""


def third(day: date) -> int:
    """Which third of its month a day is in: 0, 1 or 2."""
    return min((day.day - 1) // 10, 2)


def of_year(day: date) -> int:
    """Which dekad of its year a day is in: 0 for the first of January, 35 for the last."""
    return (day.month - 1) * 3 + third(day)


def first_day(day: date) -> date:
    """First day of the dekad that a day is in."""
    return day.replace(day=third(day) * 10 + 1)


def last_day(year: int, month: int, third: int) -> date:
    """Last day of a dekad."""
    return date(year, month, (10, 20, calendar.monthrange(year, month)[1])[third])
