"""Calendar, crop coefficients, roots, yield response."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from geo_pipeline.indicators.crops import (
    adjust_kc,
    day_of_season,
    growth_stage,
    kc_curve,
    root_depth,
)

BEANS = [25, 25, 30, 20]


def days(first: str, last: str) -> np.ndarray:
    return np.arange(np.datetime64(first), np.datetime64(last) + 1)


@pytest.fixture(scope="module")
def examples(reference_dir: Path) -> dict:
    return json.loads((reference_dir / "fao56_examples.json").read_text())


def test_example_27_kc_in_another_climate(examples: dict) -> None:
    for case in examples["ex27_kc_mid"]["cases"]:
        kc = adjust_kc(case["kc_tab"], case["u2"], case["rhmin"], case["h"])
        assert kc == pytest.approx(case["expected"], abs=0.00501)


def test_example_28_kc_curve(examples: dict) -> None:
    example = examples["ex28_kc_curve"]
    number = np.arange(1, 101)
    kc = kc_curve(number, example["lengths"], *example["kc"])
    for day, expected in example["expected"].items():
        assert kc[int(day) - 1] == pytest.approx(expected, abs=0.00501)
    # Figure 36 has the mean of the curve over each decade, from the end of the day before it.
    ends = np.concatenate(([0.15], kc))
    decades = ((ends[1:] + ends[:-1]) / 2).reshape(10, 10).mean(axis=1)
    assert decades == pytest.approx(example["fig36_decades_kc"], abs=0.00501)
    etc = decades * example["fig36_decades_eto"]
    assert etc == pytest.approx(example["fig36_decades_etc"], abs=0.0501)


def test_kc_curve_is_the_four_lines() -> None:
    number = np.array([0, 1, 25, 50, 51, 80, 90, 100, 101, np.nan])
    expected = [np.nan, 0.4, 0.4, 1.1, 1.1, 1.1, 0.7, 0.3, np.nan, np.nan]
    assert kc_curve(number, BEANS, 0.4, 1.1, 0.3) == pytest.approx(expected, nan_ok=True)
    kc = kc_curve(number, BEANS, 0.4, 1.1, 0.3, kc_off=0.2)
    assert kc[[0, 8]].tolist() == [0.2, 0.2]
    assert np.isnan(kc[9])


def test_kc_curve_broadcasts_over_crops() -> None:
    number = np.stack([np.arange(120), np.arange(120)])
    lengths = np.array([BEANS, [10, 0, 60, 30]])
    both = kc_curve(number, lengths, [0.4, 0.3], [1.1, 1.2], [0.3, 0.6], kc_off=[0.2, 0.8])
    for crop, values in enumerate([(0.4, 1.1, 0.3, 0.2), (0.3, 1.2, 0.6, 0.8)]):
        ini, mid, end, off = values
        alone = kc_curve(number[crop], lengths[crop], ini, mid, end, kc_off=off)
        np.testing.assert_array_equal(both[crop], alone)
    assert both[1, 10:12].tolist() == [0.3, 1.2]  # a stage of no days is a step


def test_a_missing_coefficient_blanks_the_days_it_governs() -> None:
    kc = kc_curve(np.arange(1, 101), BEANS, 0.4, 1.1, np.nan)
    assert np.isnan(kc).tolist() == [False] * 80 + [True] * 20


def test_dry_crops_are_not_adjusted_and_climate_is_kept_in_range() -> None:
    assert adjust_kc(0.35, 5.0, 20.0, 1.0) == 0.35
    assert adjust_kc(1.2, 60.0, 5.0, 2.0) == adjust_kc(1.2, 6.0, 20.0, 2.0)
    assert adjust_kc(1.15, 2.0, 45.0, 1.0) == 1.15
    assert np.isnan(adjust_kc(1.15, np.nan, 45.0, 1.0))


def test_a_season_crosses_the_end_of_the_year() -> None:
    dates = days("2019-10-18", "2020-07-20")
    number = day_of_season(dates, 10, 20, 268)
    on = dict(zip(dates.astype(str), number.tolist(), strict=True))
    assert on["2019-10-19"] == 0
    assert on["2019-10-20"] == 1
    assert on["2019-12-31"] == 73
    assert on["2020-01-01"] == 74
    assert on["2020-02-29"] == 133
    assert on["2020-07-13"] == 268
    assert on["2020-07-14"] == 0


def test_a_perennial_season_has_no_end() -> None:
    dates = days("2019-12-30", "2021-01-02")
    number = day_of_season(dates, 1, 1, 365)
    assert number[:4].tolist() == [364, 365, 1, 2]
    assert number[-4:].tolist() == [365, 365, 1, 2]  # day 366 of 2020 counts as 365


def test_seasons_of_many_crops_at_once() -> None:
    dates = days("2018-01-01", "2020-12-31")
    months, firsts, lengths = np.array([10, 4, 2]), np.array([20, 15, 29]), np.array([268, 145, 50])
    together = day_of_season(dates, months, firsts, lengths)
    assert together.shape == (3, len(dates))
    for crop in range(3):
        alone = day_of_season(dates, months[crop], firsts[crop], lengths[crop])
        np.testing.assert_array_equal(together[crop], alone)
    starts = dates[together[2] == 1].astype(str).tolist()
    assert starts == ["2018-03-01", "2019-03-01", "2020-02-29"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((13, 1, 10), "start_month needs whole numbers in 1-12"),
        ((1, 0, 10), "start_day needs whole numbers in 1-31"),
        ((1.5, 1, 10), "start_month needs whole numbers"),
        ((1, 1, 0), "length needs whole numbers of days"),
        ((4, 31, 10), "there is no day 31 in month 4 to start on"),
        ((np.array([1, 2]), np.array([31, 30]), 10), "there is no day 30 in month 2 to start on"),
    ],
)
def test_a_calendar_off_range_is_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        day_of_season(days("2020-01-01", "2020-01-05"), *arguments)


def test_dates_that_are_not_known_are_refused() -> None:
    with pytest.raises(ValueError, match="dates must not hold NaT"):
        day_of_season(np.array(["2020-01-01", "NaT"], dtype="datetime64[D]"), 1, 1, 10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kc_curve([1], BEANS, 0.1, [1.0, np.inf], 0.3), r"kc_mid\[1\] is inf"),
        (lambda: kc_curve([1], BEANS, 0.1, 1, -0.3), "kc_end is -0.3: negative"),
        (lambda: kc_curve([1], BEANS, 0.1, 1, 0.3, kc_off=-1), "kc_off is -1.0"),
        (lambda: adjust_kc(1.1, [2, np.inf], 45, 1), r"wind_m_s\[1\] is inf"),
        (lambda: adjust_kc(1.1, 2, -1, 1), "rh_min_pct is -1.0"),
        (lambda: adjust_kc([[-1.0]], 2, 45, 1), r"kc\[0, 0\] is -1.0"),
        (lambda: root_depth([1], BEANS, -0.3, 1), "shallow_m is -0.3"),
        (lambda: root_depth([1], BEANS, 0.3, np.inf), "deep_m is inf"),
    ],
)
def test_what_no_crop_has_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_dates_are_one_axis() -> None:
    with pytest.raises(ValueError, match="dates are one time axis, got 2 dimensions"):
        day_of_season(days("2020-01-01", "2020-01-04").reshape(2, 2), 1, 1, 10)


def test_stages_and_roots() -> None:
    number = np.array([0, 1, 25, 26, 50, 51, 80, 81, 100, 101])
    assert growth_stage(number, BEANS).tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4, 0]
    depth = root_depth(number, BEANS, 0.3, 1.3)
    assert depth == pytest.approx([0.3, 0.32, 0.8, 0.82, 1.3, 1.3, 1.3, 1.3, 1.3, 0.3])


@pytest.mark.parametrize("lengths", [[25, 25, 30], 25, [25, -1, 30, 20], [25, np.inf, 30, 20]])
def test_lengths_are_four_and_not_negative(lengths: object) -> None:
    with pytest.raises(ValueError, match="lengths"):
        growth_stage(np.arange(5), lengths)
