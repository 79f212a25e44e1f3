"""Periods of requests: whole years, then months, then dekads.

Also when a day without a value is requested again; `client` makes the requests.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from geo_pipeline import dekads

FIRST_DAY = date(1940, 1, 1)
"""First day of the archive."""

PROVISIONAL_DAYS = 5
"""Days before today that may still change: ERA5 has a delay of five days."""

SETTLED_AFTER_DAYS = 92
"""Days after which a year is requested as a whole: ERA5 has replaced its first release by then."""

PATIENCE = 10
"""A day without a value is requested again after a tenth of its age."""


class Period(NamedTuple):
    """Days of one request, inclusive; `final`: the answer will not change."""

    start: date
    end: date
    final: bool
    name: str
    """`2024` for a year, `2024-11` for a month, `2024-11-21` for the dekad that begins then."""

    def parts(self) -> list["Period"]:
        """Return the months of a year or the dekads of a month; a dekad has no parts."""
        if self.name == f"{self.start:%Y}":
            return [_month(self.start.replace(month=month)) for month in range(1, 13)]
        if self.name == f"{self.start:%Y-%m}":
            return [_dekad(self.start.replace(day=day), self.end) for day in (1, 11, 21)]
        return []


def is_due(hole: date, asked_on: date, today: date) -> bool:
    """Return whether to request again a day that had no value in the last request.

    The next day is the earliest, and the pause grows with the age of the day: what was not filled
    within two months may never be.
    """
    return (today - asked_on).days >= max(1, (asked_on - hole).days // PATIENCE)


def periods(
    since: date,
    until: date,
    *,
    today: date,
    provisional_days: int = PROVISIONAL_DAYS,
) -> Iterator[Period]:
    """Yield the periods to request, which cover every day from `since` to `until` once.

    They follow the calendar rather than `since` and `until`, so that the answer to one request
    serves the next: whole years that ended over 92 days ago, then whole months, then dekads. Those
    that ended before the provisional days are final; the last dekads are requested again until they
    are. Nothing before 1940 or after yesterday is requested.
    """
    yesterday = today - timedelta(days=1)
    since, until = max(since, FIRST_DAY), min(until, yesterday)
    settled = today - timedelta(days=max(provisional_days, 1))
    settled_year = today - timedelta(days=SETTLED_AFTER_DAYS)
    start = date(since.year, 1, 1)
    while start <= until:
        year = _year(start)
        whole = (
            (year, min(settled, settled_year)),
            (_month(start), settled),
        )
        period = next(
            (period for period, last in whole if period.end <= last), _dekad(start, yesterday)
        )
        if period.end >= since:
            yield period._replace(final=period.end <= settled)
        start = period.end + timedelta(days=1)


def _year(start: date) -> Period:
    return Period(start, date(start.year, 12, 31), True, f"{start:%Y}")


def _month(start: date) -> Period:
    return Period(start, _month_end(start), True, f"{start:%Y-%m}")


def _dekad(start: date, until: date) -> Period:
    return Period(start, min(dekads.last_day(start), until), True, f"{start}")


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
