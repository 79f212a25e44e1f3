"""The requests that days are asked for in: whole years, then months, then dekads.

When a day without a value is asked for again is said here too; who asks is `client`.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from geo_pipeline import dekads

FIRST_DAY = date(1940, 1, 1)
"""Where the archive begins."""

PROVISIONAL_DAYS = 5
"""Days before today that may still change: ERA5 follows by five."""

SETTLED_AFTER_DAYS = 92
"""Days after which years are asked for whole: by then ERA5 has replaced its first release."""

PATIENCE = 10
"""A day without a value is asked for again once a tenth of its age has gone by."""


class Period(NamedTuple):
    """Days of one request, both ends in it; `final`: what is answered will not change."""

    start: date
    end: date
    final: bool
    name: str
    """`2024` for a year, `2024-11` for a month, `2024-11-21` for the dekad that begins so."""

    def parts(self) -> list["Period"]:
        """Return the months of a year or the dekads of a month; a dekad has none."""
        if self.name == f"{self.start:%Y}":
            return [_month(self.start.replace(month=month)) for month in range(1, 13)]
        if self.name == f"{self.start:%Y-%m}":
            return [_dekad(self.start.replace(day=day), self.end) for day in (1, 11, 21)]
        return []


def is_due(hole: date, asked_on: date, today: date) -> bool:
    """Say whether to ask again for a day that lacked a value when it was asked for last.

    On the next day at the earliest, then the less often the older it is: what was not filled in two
    months may never be.
    """
    return (today - asked_on).days >= max(1, (asked_on - hole).days // PATIENCE)


def periods(
    since: date,
    until: date,
    *,
    today: date,
    provisional_days: int = PROVISIONAL_DAYS,
) -> Iterator[Period]:
    """Yield the periods to ask for, so that they hold every day from `since` to `until` once.

    They follow the calendar, not `since` and `until`, so that what was answered to one question
    serves the next: whole years that ended over 92 days ago, then whole months, then dekads. Those
    that ended before the provisional days are final; the last dekads are asked for again until they
    are. Nothing before 1940 and nothing after yesterday.
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
