"""Seasons: dekads and their places, fans, ranks and likeness, by hand."""

from datetime import date, timedelta

import numpy as np
import pytest

from geo_pipeline.publishing import season_courses

NAN = float("nan")


@pytest.mark.parametrize(
    ("period", "year", "slot"),
    [
        (date(2021, 9, 10), 2022, 0),
        (date(2021, 9, 30), 2022, 2),
        (date(2021, 12, 31), 2022, 11),
        (date(2022, 1, 1), 2022, 12),
        (date(2022, 2, 28), 2022, 17),
        (date(2022, 8, 31), 2022, 35),
        (date(2022, 9, 1), 2023, 0),
    ],
)
def test_a_season_runs_from_september_to_august(period: date, year: int, slot: int) -> None:
    assert season_courses.place(period) == (year, slot)


def test_the_last_day_of_a_dekad_is_found_again() -> None:
    assert season_courses.period_of(2022, 0) == date(2021, 9, 10)
    assert season_courses.period_of(2020, 17) == date(2020, 2, 29)
    assert season_courses.period_of(2022, 35) == date(2022, 8, 31)
    for slot in range(season_courses.SLOTS):
        assert season_courses.place(season_courses.period_of(2024, slot)) == (2024, slot)


def test_a_course_is_cut_into_seasons_and_holes_stay_holes() -> None:
    periods = [date(2020, 8, 20), date(2020, 9, 10), date(2022, 9, 10)]
    cut = season_courses.seasons(periods, [1.0, 2.0, 3.0])
    assert cut.years == (2020, 2021, 2022, 2023)
    assert cut.values[0, 34] == 1.0
    assert cut.values[1, 0] == 2.0
    assert cut.values[3, 0] == 3.0
    assert np.count_nonzero(~np.isnan(cut.values)) == 3
    assert cut.row(2022) == 2
    assert cut.row(2019) is None
    assert np.isnan(cut.of(1999)).all()


def test_courses_of_several_places_are_cut_together() -> None:
    cut = season_courses.seasons([date(2021, 8, 31), date(2021, 9, 10)], [[1.0, 2.0], [3.0, 4.0]])
    assert cut.values.shape == (2, season_courses.SLOTS, 2)
    assert cut.of(2021)[35].tolist() == [1.0, 2.0]
    assert cut.of(2022)[0].tolist() == [3.0, 4.0]
    assert cut.of(1999).shape == (season_courses.SLOTS, 2)


def test_nothing_known_makes_no_season() -> None:
    assert season_courses.seasons([], []).years == ()


def test_seasons_outside_the_span_are_left_out() -> None:
    cut = season_courses.seasons([date(2019, 9, 10), date(2020, 9, 10)], [1.0, 2.0], (2021, 2022))
    assert cut.years == (2021, 2022)
    assert cut.values[0, 0] == 2.0


def _constant(values: list[float]) -> season_courses.Floats:
    """Seasons that are the same throughout."""
    return np.repeat(np.array(values, dtype=float)[:, np.newaxis], season_courses.SLOTS, axis=1)


def test_the_fan_is_of_the_other_seasons() -> None:
    # Without the 1000: 0, 10, 20, 30, 40.
    spread = season_courses.fan(_constant([0, 10, 20, 1000, 30, 40]), 3)
    assert spread.median[0] == 20
    assert (spread.lower[5], spread.upper[5]) == (10, 30)
    assert (spread.low[35], spread.high[35]) == (4, 36)


def test_no_fan_of_fewer_than_five() -> None:
    values = _constant([0, 10, 20, 30, 40, 50])
    values[1, 7] = values[2, 7] = NAN
    spread = season_courses.fan(values, 0)
    assert np.isnan(spread.median[7])
    assert spread.median[8] == 30


def test_standardised_has_mean_0_and_deviation_1() -> None:
    # Mean 20, deviation 10 (over n - 1).
    assert season_courses.standardised(_constant([10, 20, 30]))[:, 0].tolist() == [-1.0, 0.0, 1.0]
    assert np.isnan(season_courses.standardised(_constant([10, 20]))).all()
    assert np.isnan(season_courses.standardised(_constant([5, 5, 5]))).all()


def test_the_most_alike_are_those_nearest_in_all_courses() -> None:
    rain = _constant([10, 11, 30, 12, 50])
    soil = _constant([1, 5, 3, 1, 2])
    # By rain alone the second is nearest; by both the fourth.
    assert season_courses.alike([rain], 0, 20, 1) == [1]
    assert season_courses.alike([rain, soil], 0, 20, 1) == [3]


def test_what_comes_later_does_not_count() -> None:
    values = _constant([0, 1, 5, 9])
    values[1, 21:] = 100.0
    assert season_courses.alike([values], 0, 20, 2) == [1, 2]


def test_a_season_without_an_end_is_not_alike() -> None:
    values = _constant([0, 1, 5, 9])
    values[1, 30:] = NAN
    assert season_courses.alike([values], 0, 20, 2) == [2, 3]


def test_a_season_known_in_less_than_half_is_not_alike() -> None:
    values = _constant([0, 1, 5, 9])
    values[1, :11] = NAN
    assert season_courses.alike([values], 0, 19, 1) == [2]
    assert season_courses.alike([values], 0, 29, 1) == [1]


def test_nothing_is_like_a_season_that_is_not_known() -> None:
    values = _constant([NAN, 1, 5, 9])
    assert season_courses.alike([values], 0, 20) == []


def test_likeness_is_a_root_mean_square() -> None:
    # Standardised: -1, 0, 1; the first is 1 from the second, 2 from the third.
    assert season_courses.likeness([_constant([10, 20, 30])], 0, 3).tolist() == [0.0, 1.0, 2.0]


def test_ranks_from_both_ends() -> None:
    values = np.array([30.0, 10.0, NAN, 20.0, 20.0])
    assert season_courses.rank(values, 1) == (1, 4, 4)
    assert season_courses.rank(values, 0) == (4, 1, 4)
    assert season_courses.rank(values, 3) == (2, 2, 4)
    assert season_courses.rank(values, 2) is None


def test_the_usual_is_the_median_of_the_others() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 1000.0])
    assert season_courses.normal(values, 5) == 3.0
    assert np.isnan(season_courses.normal(values[:5], 0))


@pytest.mark.parametrize(
    ("slot", "name", "first"),
    [(0, "autumn", 0), (8, "autumn", 0), (9, "winter", 9), (26, "spring", 18), (27, "summer", 27)],
)
def test_three_months_are_nine_dekads(slot: int, name: str, first: int) -> None:
    assert season_courses.quarter(slot) == (name, first)


def test_a_sum_with_a_hole_is_not_known() -> None:
    values = _constant([1, 2])
    values[1, 19] = NAN
    sums = season_courses.sums(values, 18, 20)
    assert sums[0] == 3.0
    assert np.isnan(sums[1])
    assert season_courses.sums(values, 20, 20).tolist() == [1.0, 2.0]


def test_stretches_without_data() -> None:
    periods = [date(2013, 12, 20), date(2013, 12, 31), date(2015, 1, 10), date(2015, 1, 20)]
    assert season_courses.missing(periods, [True] * 4) == [(date(2014, 1, 10), date(2014, 12, 31))]
    assert season_courses.missing(periods, [False, False, True, True]) == []
    assert season_courses.missing([], []) == []


def test_a_record_without_a_hole_across_years() -> None:
    day, periods = date(2019, 8, 1), []
    while day < date(2021, 3, 1):
        periods.append(day)
        day += timedelta(days=5)
    assert season_courses.missing(periods, [True] * len(periods)) == []
