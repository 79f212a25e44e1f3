"""Dekads: days 1 to 10, 11 to 20, 21 to the end of a month, by hand and over whole years."""

from datetime import date, timedelta

import pandas as pd

from geo_pipeline import dekads

LEAP = pd.date_range("2020-01-01", "2020-12-31")


def test_a_month_has_three() -> None:
    told = {
        date(2021, 2, 1): (0, 3, date(2021, 2, 1), date(2021, 2, 10)),
        date(2021, 2, 10): (0, 3, date(2021, 2, 1), date(2021, 2, 10)),
        date(2021, 2, 11): (1, 4, date(2021, 2, 11), date(2021, 2, 20)),
        date(2021, 2, 21): (2, 5, date(2021, 2, 21), date(2021, 2, 28)),
        date(2020, 2, 29): (2, 5, date(2020, 2, 21), date(2020, 2, 29)),
        date(2020, 12, 31): (2, 35, date(2020, 12, 21), date(2020, 12, 31)),
    }
    for day, found in told.items():
        assert (
            dekads.third(day),
            dekads.of_year(day),
            dekads.first_day(day),
            dekads.last_day(day),
        ) == found, day


def test_before_walks_over_the_turn_of_a_year() -> None:
    assert dekads.before(date(2021, 1, 10)) == date(2020, 12, 31)
    assert dekads.before(date(2021, 1, 5), 36) == date(2020, 1, 10)
    assert dekads.before(date(2021, 3, 31), 3) == date(2021, 2, 28)
    assert dekads.last_day_of(2020, 36) == date(2021, 1, 10)


def test_columns_say_what_single_days_say() -> None:
    days = [day.date() for day in LEAP]
    assert dekads.thirds(LEAP).tolist() == [dekads.third(day) for day in days]
    assert dekads.steps(LEAP).tolist() == [dekads.of_year(day) for day in days]
    assert [day.date() for day in dekads.first_days(LEAP)] == [dekads.first_day(d) for d in days]
    assert [day.date() for day in dekads.last_days(LEAP)] == [dekads.last_day(d) for d in days]


def test_lengths_add_up_to_the_year() -> None:
    ends = pd.DatetimeIndex([day for day in LEAP if day in set(dekads.last_days(LEAP))])
    assert len(ends) == dekads.A_YEAR
    assert int(dekads.lengths(ends).sum()) == 366
    assert dekads.lengths(pd.DatetimeIndex(["2021-02-22"])).tolist() == [8]


def test_numbers_go_up_by_one() -> None:
    days = pd.date_range("2019-12-01", "2021-01-31")
    numbers = dekads.numbers(days)
    starts = [day.day in (1, 11, 21) for day in days]
    assert (pd.Series(numbers).diff().iloc[1:] == pd.Series(starts).iloc[1:]).all()


def test_the_end_of_a_month() -> None:
    day = date(2020, 1, 1)
    while day.year == 2020:
        assert dekads.is_last_of_month(day) == (day.month != (day + timedelta(days=1)).month)
        day += timedelta(days=1)
