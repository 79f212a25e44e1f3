"""Dekads: three a month, the last of them to the end of the month."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from panel_app.data import dekads


@pytest.mark.parametrize(
    ("day", "of_year", "first", "last"),
    [
        (date(2022, 1, 1), 0, date(2022, 1, 1), date(2022, 1, 10)),
        (date(2022, 1, 10), 0, date(2022, 1, 1), date(2022, 1, 10)),
        (date(2022, 1, 11), 1, date(2022, 1, 11), date(2022, 1, 20)),
        (date(2022, 2, 20), 4, date(2022, 2, 11), date(2022, 2, 20)),
        (date(2022, 2, 28), 5, date(2022, 2, 21), date(2022, 2, 28)),
        (date(2020, 2, 28), 5, date(2020, 2, 21), date(2020, 2, 29)),
        (date(2022, 8, 31), 23, date(2022, 8, 21), date(2022, 8, 31)),
        (date(2022, 12, 31), 35, date(2022, 12, 21), date(2022, 12, 31)),
    ],
)
def test_each_day_has_its_dekad(day: date, of_year: int, first: date, last: date) -> None:
    assert dekads.of_year(day) == of_year
    assert dekads.first_day(day) == first
    assert dekads.last_day(day.year, day.month, dekads.third(day)) == last


def test_the_dekads_of_a_year_follow_on_one_another() -> None:
    ends = [dekads.last_day(2020, month, third) for month in range(1, 13) for third in range(3)]
    assert [dekads.of_year(end) for end in ends] == list(range(dekads.A_YEAR))
    for before, after in pairwise(ends):
        assert dekads.first_day(after) == before + timedelta(days=1)
        assert (after - before).days <= dekads.LONGEST_STEP["dekad"]
