"""Heat, frost, degree days and seasonal balances: worked by hand, leap days above all."""

import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from geo_pipeline.indicators.events import only_true_days
from geo_pipeline.indicators.stress import (
    bud_break,
    days_between,
    degree_days,
    frost_days,
    growing_degree_days,
    hot_days,
    season_total,
)

pytestmark = pytest.mark.filterwarnings("error")

NAN = math.nan


def days(first: str, last: str) -> np.ndarray:
    return np.arange(first, np.datetime64(last) + 1, dtype="datetime64[D]")


# --- days between ---------------------------------------------------------------------------------


def test_days_between_by_hand() -> None:
    dates = np.array(["2023-02-28", "2023-03-01", "2024-02-28", "2024-02-29", "2024-03-01"])
    for first, last, expected in [
        ((3, 1), (4, 1), [0, 1, 0, 0, 1]),
        ((2, 29), (3, 1), [0, 1, 0, 1, 1]),
        ((1, 1), (2, 29), [1, 0, 1, 1, 0]),
        ((11, 1), (2, 28), [1, 0, 1, 0, 0]),
        ((3, 1), (2, 28), [1, 1, 1, 0, 1]),
        ((2, 29), (2, 29), [0, 0, 0, 1, 0]),
    ]:
        np.testing.assert_array_equal(days_between(dates, first, last), np.array(expected, bool))
    whole = days("2000-01-01", "2100-12-31")
    assert days_between(whole, (1, 1), (12, 31)).all()
    assert days_between(whole, (2, 29), (2, 29)).sum() == 25  # 2100 is no leap year


@pytest.mark.parametrize("day", [(2, 30), (13, 1), (0, 1), (4, 31), (4, 0)])
def test_days_that_do_not_exist(day: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="there is no day"):
        days_between(["2024-01-01"], day, (12, 31))
    with pytest.raises(ValueError, match="NaT"):
        days_between(["2024-01-01", "NaT"], (1, 1), (12, 31))


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.dates(), st.dates())
def test_days_between_is_the_calendar(day: date, first: date, last: date) -> None:
    low, high, here = ((d.month, d.day) for d in (first, last, day))
    expected = low <= here <= high if low <= high else here >= low or here <= high
    got = days_between(np.array([day.isoformat()]), low, high)
    assert got.tolist() == [expected]


# --- days in a stage ------------------------------------------------------------------------------


def test_hot_days_by_hand() -> None:
    tmax = [30, 26, 25, 26, 30, 26, NAN, 26, 30, 26]
    stage = [0, 1, 1, 1, 0, 1, 1, 1, 0, 1]
    np.testing.assert_array_equal(
        hot_days(tmax, np.array(stage, bool)), [NAN, 1, 1, 2, NAN, 1, NAN, NAN, NAN, 1]
    )
    np.testing.assert_array_equal(
        hot_days(tmax, stage, threshold_c=24.9), [NAN, 1, 2, 3, NAN, 1, NAN, NAN, NAN, 1]
    )
    # On from the start; a gap outside a stage harms nothing; an unknown stage does.
    np.testing.assert_array_equal(hot_days([30, 30, NAN, 30], [1, 1, 0, 1]), [1, 2, NAN, 1])
    np.testing.assert_array_equal(
        hot_days([30, 30, 30, 30, 30], [NAN, 1, 0, 1, NAN]), [NAN, NAN, NAN, 1, NAN]
    )


def test_frost_days_by_hand() -> None:
    tmin = [-3.0, 0.0, -0.1, -2.5, 4.0]
    stage = [False, True, True, True, True]
    np.testing.assert_array_equal(frost_days(tmin, stage), [NAN, 0, 1, 2, 2])
    np.testing.assert_array_equal(frost_days(tmin, stage, threshold_c=-2.0), [NAN, 0, 0, 1, 1])


def test_stages_refuse() -> None:
    with pytest.raises(ValueError, match=r"stage\[1\] is 2"):
        hot_days([1.0, 1.0], [0, 2])
    with pytest.raises(ValueError, match=r"tmax_c\[1\] is inf"):
        hot_days([1.0, np.inf], [0, 1])
    with pytest.raises(ValueError, match=r"tmin_c\[0, 1\] is -inf"):
        frost_days([[1.0, -np.inf]], [0, 1])
    with pytest.raises(ValueError, match="time axis"):
        hot_days(1.0, 1)


def test_spread_days_make_hot_days_unknown() -> None:
    tmax = only_true_days([30.0, 28, 28, 28, 30], [True, False, False, True, True])
    np.testing.assert_array_equal(hot_days(tmax, [1, 1, 1, 0, 1]), [1, NAN, NAN, NAN, 1])


@given(
    hnp.arrays(float, (2, 30), elements=st.sampled_from([20.0, 25.0, 25.5, 40.0, NAN])),
    hnp.arrays(float, (2, 30), elements=st.sampled_from([0.0, 1.0, 1.0, 1.0, NAN])),
)
def test_hot_days_day_by_day(tmax: np.ndarray, stage: np.ndarray) -> None:
    together = hot_days(tmax, stage)
    for place in range(2):
        count, expected = 0.0, []
        for today, on in zip(tmax[place], stage[place], strict=True):
            if on == 0:
                count = 0.0
                expected.append(NAN)
            else:
                count = NAN if math.isnan(on) or math.isnan(today) else count + (today > 25)
                expected.append(count)
        np.testing.assert_array_equal(together[place], expected)
        np.testing.assert_array_equal(hot_days(tmax[place], stage[place]), expected)


# --- degree days ----------------------------------------------------------------------------------


def test_degree_days_by_hand() -> None:
    # Maize, base 6, cap 30: (12+24)/2-6; night below the base; day above the cap; both; cold.
    tmin, tmax = [12, 2, 18, 2, -5], [24, 14, 36, 34, 3]
    np.testing.assert_array_equal(degree_days(tmin, tmax, 6, cap_c=30), [12, 4, 18, 12, 0])
    np.testing.assert_array_equal(
        degree_days(tmin, tmax, 6, cap_c=30, limit="mean"), [12, 2, 21, 12, 0]
    )
    np.testing.assert_array_equal(degree_days(tmin, tmax, 6), [12, 4, 21, 14, 0])
    np.testing.assert_array_equal(degree_days([NAN, 1], [1, NAN], 0), [NAN, NAN])
    assert degree_days(10.0, 20.0, 5.0) == 10.0
    assert degree_days(32.0, 40.0, 6.0, cap_c=30.0) == 24.0


def test_degree_days_refuse() -> None:
    with pytest.raises(ValueError, match=r"tmin_c\[1\] is 9"):
        degree_days([1, 9], [5, 8], 0)
    with pytest.raises(ValueError, match=r"tmax_c\[1\] is inf"):
        degree_days([1, 9], [5, np.inf], 0)
    with pytest.raises(ValueError, match="cap_c must be above base_c"):
        degree_days(1, 2, 6, cap_c=6)
    for base in (np.nan, -np.inf):
        with pytest.raises(ValueError, match="base_c must be a temperature"):
            degree_days(1, 2, base)
    with pytest.raises(ValueError, match="limit must be"):
        degree_days(1, 2, 6, limit="night")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="start must be boolean"):
        growing_degree_days([1], [2], 0, [1])
    with pytest.raises(TypeError, match="season must be boolean"):
        bud_break([1], 2, season=[1])
    with pytest.raises(ValueError, match="time axis"):
        growing_degree_days(1, 2, 0, True)


def test_growing_degree_days_by_hand() -> None:
    tmean = np.array([10.0, 12, 8, NAN, 10, 11, 9])
    start = np.array([0, 1, 0, 0, 0, 1, 0], dtype=bool)
    np.testing.assert_array_equal(
        growing_degree_days(tmean - 1, tmean + 1, 5, start), [NAN, 7, 10, NAN, NAN, 6, 10]
    )
    np.testing.assert_array_equal(
        growing_degree_days([1, 1], [3, 3], 0, [[True, False], [False, True]]), [[2, 4], [NAN, 2]]
    )


def test_a_sum_carries_no_rounding_from_one_season_to_the_next() -> None:
    year = np.random.default_rng(0).uniform(0, 20, 365)
    start = np.zeros(365, dtype=bool)
    start[0] = True
    one = growing_degree_days(year, year + 10, 5.0, start)
    many = growing_degree_days(np.tile(year, 40), np.tile(year + 10, 40), 5.0, np.tile(start, 40))
    np.testing.assert_array_equal(many.reshape(40, 365), np.broadcast_to(one, (40, 365)))


@given(
    hnp.arrays(float, 20, elements=st.floats(-20, 45)),
    hnp.arrays(float, 20, elements=st.floats(0, 25)),
    st.floats(0, 12),
)
def test_degree_days_bounds(tmin: np.ndarray, span: np.ndarray, base: float) -> None:
    tmax = tmin + span
    for limit in ("extremes", "mean"):
        free = degree_days(tmin, tmax, base, limit=limit)  # type: ignore[arg-type]
        capped = degree_days(tmin, tmax, base, cap_c=30.0, limit=limit)  # type: ignore[arg-type]
        assert (capped >= 0).all()
        assert (capped <= free).all()
        assert (capped <= 30.0 - base).all()
        warmer = degree_days(tmin + 1, tmax + 1, base, limit=limit)  # type: ignore[arg-type]
        assert (warmer >= free - 1e-12).all()
    total = growing_degree_days(tmin, tmax, base, np.arange(20) == 0)
    assert (np.diff(total) >= 0).all()


def test_frost_after_bud_break_from_a_sum() -> None:
    dates = days("2021-01-01", "2021-01-08")
    tmin = np.array([2.0, 3.0, 4.0, -1.0, 5.0, -3.0, -2.0, 1.0])
    gdd = growing_degree_days(tmin, tmin + 10, 0.0, dates == np.datetime64("2021-01-01"))
    np.testing.assert_array_equal(gdd, [7, 15, 24, 28.5, 38.5, 42, 46, 52])
    stage = bud_break(gdd, 24.0)
    np.testing.assert_array_equal(stage, [0, 0, 1, 1, 1, 1, 1, 1])
    np.testing.assert_array_equal(frost_days(tmin, stage), [NAN, NAN, 0, 1, 1, 2, 3, 3])
    early = bud_break(gdd, 24.0, season=days_between(dates, (1, 1), (1, 5)))
    np.testing.assert_array_equal(frost_days(tmin, early), [NAN, NAN, 0, 1, 1, NAN, NAN, NAN])
    np.testing.assert_array_equal(
        bud_break([NAN, 3.0, 30.0, NAN], 24.0, season=[True, True, True, False]), [NAN, 0, 1, 0]
    )


def test_frost_after_bud_break_at_a_date() -> None:
    dates = days("2024-03-30", "2024-04-03")
    stage = days_between(dates, (4, 1), (6, 30))
    np.testing.assert_array_equal(frost_days([-5, -5, -1, 3, -2], stage), [NAN, NAN, 1, 1, 2])


# --- balance since the start of the season --------------------------------------------------------


def test_season_total_by_hand() -> None:
    dates = days("2020-08-31", "2023-08-31")
    season = np.where(dates < np.datetime64("2021-09-01"), 1.0, 2.0)
    season[dates >= np.datetime64("2022-09-01")] = 6.0
    got = season_total(season, dates)
    at = {str(day): i for i, day in enumerate(dates)}
    assert math.isnan(got.total[at["2020-08-31"]])
    for day, total, normal in [
        ("2020-09-01", 1, 3),
        ("2021-08-31", 365, 1095),
        ("2021-09-01", 2, 3),
        ("2022-09-30", 180, 90),
        ("2023-03-01", 182 * 6, 182 * 3),
    ]:
        assert got.total[at[day]] == total
        assert got.normal[at[day]] == normal
        assert got.departure[at[day]] == total - normal
        assert got.seasons[at[day]] == 3


def test_29_february() -> None:
    dates = days("2021-09-01", "2025-08-31")
    got = season_total(np.ones(dates.size), dates)
    at = {str(day): i for i, day in enumerate(dates)}
    # Four seasons; only that of 2023 has a 29 February, its 182nd day.
    assert got.total[at["2024-02-29"]] == 182
    assert got.normal[at["2024-02-29"]] == (181 * 3 + 182) / 4
    assert got.seasons[at["2024-02-29"]] == 4
    assert got.normal[at["2024-02-28"]] == 181
    assert got.total[at["2024-03-01"]] == 183
    assert got.normal[at["2024-03-01"]] == (182 * 3 + 183) / 4
    assert got.normal[at["2023-03-01"]] == got.normal[at["2024-03-01"]]
    # The same days of a year are compared: rain on 1 March falls on 1 March.
    rain = np.where(days_between(dates, (3, 1), (3, 1)), 10.0, 0.0)
    spring = season_total(rain, dates)
    np.testing.assert_array_equal(spring.departure, 0.0)


def test_a_leap_season_that_stops_on_28_february_is_not_filled() -> None:
    dates = days("2022-09-01", "2024-02-28")
    got = season_total(np.ones(dates.size), dates, reference=(0, dates.size))
    longer = days("2022-09-01", "2024-02-29")
    more = season_total(np.ones(longer.size), longer, reference=(0, dates.size))
    assert got.seasons[-1] == 2
    assert more.seasons[-1] == 1  # that of 2022 alone
    assert more.normal[-1] == 181
    # A season start just after it.
    assert season_total(np.ones(longer.size), longer, start=(3, 1)).total[-1] == 366


def test_season_reference_and_gaps() -> None:
    dates = days("2000-09-01", "2004-08-31")
    x = np.repeat([1.0, 2.0, 4.0, 8.0], [365, 365, 365, 366])
    second = int(np.flatnonzero(dates == np.datetime64("2001-09-01"))[0])
    fourth = int(np.flatnonzero(dates == np.datetime64("2003-09-01"))[0])
    got = season_total(x, dates, reference=(second, fourth))
    assert got.normal[0] == 3.0
    assert got.seasons.min() == got.seasons.max() == 2
    np.testing.assert_array_equal(got.departure[fourth : fourth + 3], [5, 10, 15])
    assert season_total(x, dates, reference=slice(second, fourth)).normal[0] == 3.0
    few = season_total(x, dates, reference=(second, fourth), min_seasons=3)
    assert np.isnan(few.normal).all()
    assert np.isnan(few.departure).all()
    assert not np.isnan(few.total).any()

    x[second + 10] = NAN
    gap = season_total(x, dates, reference=(second, fourth))
    third = second + 365
    assert not np.isnan(gap.total[: second + 10]).any()
    assert np.isnan(gap.total[second + 10 : third]).all()
    assert not np.isnan(gap.total[third:]).any()
    assert gap.normal[9] == 30.0
    assert gap.seasons[10] == 1
    assert gap.normal[10] == 44.0

    nothing = season_total(np.full(dates.size, NAN), dates)
    assert np.isnan(nothing.normal).all()
    assert nothing.seasons.max() == 0


def test_season_total_before_any_start_and_of_nothing() -> None:
    dates = days("2021-01-01", "2021-08-31")
    got = season_total(np.ones((2, dates.size)), dates)
    assert np.isnan(got.total).all()
    empty = season_total(np.zeros((3, 0)), days("2021-01-02", "2021-01-01"))
    assert empty.total.shape == empty.normal.shape == empty.seasons.shape == (3, 0)


def test_season_total_refuses() -> None:
    dates = days("2021-09-01", "2021-09-03")
    with pytest.raises(ValueError, match="consecutive"):
        season_total([1, 1, 1], dates[[0, 2, 1]])
    with pytest.raises(ValueError, match="expected 2 dates"):
        season_total([1, 1], dates)
    with pytest.raises(ValueError, match=r"x\[0, 2\] is inf"):
        season_total([[1, 1, np.inf]], dates)
    with pytest.raises(ValueError, match="29 February"):
        season_total([1, 1, 1], dates, start=(2, 29))
    with pytest.raises(ValueError, match="there is no day"):
        season_total([1, 1, 1], dates, start=(9, 31))
    with pytest.raises(ValueError, match="selects none"):
        season_total([1, 1, 1], dates, reference=(3, 9))
    with pytest.raises(ValueError, match="consecutive time steps"):
        season_total([1, 1, 1], dates, reference=slice(0, 3, 2))
    with pytest.raises(ValueError, match="min_seasons must be at least 1"):
        season_total([1, 1, 1], dates, min_seasons=0)
    with pytest.raises(ValueError, match="time axis"):
        season_total(1.0, dates)


def test_season_totals_of_many_places_equal_each_alone() -> None:
    dates = days("1991-01-01", "2020-12-31")
    rng = np.random.default_rng(9)
    x = rng.gamma(0.5, 5, size=(2, 3, dates.size)) - 2.0
    x[rng.random(x.shape) < 0.0005] = NAN
    together = season_total(x, dates, reference=(365, 9000))
    for place in np.ndindex(2, 3):
        alone = season_total(x[place], dates, reference=(365, 9000))
        for many, one in zip(together, alone, strict=True):
            np.testing.assert_array_equal(many[place], one)
    tmin, start = x * 4, days_between(dates, (1, 1), (1, 1))
    gdd = growing_degree_days(tmin, tmin + 8, 2.0, start)
    for place in np.ndindex(2, 3):
        alone_gdd = growing_degree_days(tmin[place], tmin[place] + 8, 2.0, start)
        np.testing.assert_array_equal(gdd[place], alone_gdd)


@settings(max_examples=20)
@given(st.dates(date(1960, 1, 1), date(2000, 1, 1)), st.integers(400, 2500), st.data())
def test_departures_from_the_mean_of_all_seasons_cancel(
    first: date, length: int, data: st.DataObject
) -> None:
    month = data.draw(st.integers(1, 12))
    dates = np.array([first + timedelta(i) for i in range(length)], dtype="datetime64[D]")
    x = np.random.default_rng(length).normal(size=length)
    got = season_total(x, dates, start=(month, 1))
    keys = np.array([str(day)[5:] for day in dates])
    known = ~np.isnan(got.total)
    for key in ("01-01", "06-15", "02-28", "12-31"):
        same = known & (keys == key)
        if same.any():
            assert got.departure[same].sum() == pytest.approx(0.0, abs=1e-9)
            assert (got.seasons[same] == same.sum()).all()
    starts = [str(day)[5:] == f"{month:02d}-01" for day in dates]
    np.testing.assert_array_equal(got.total[starts], x[starts])
