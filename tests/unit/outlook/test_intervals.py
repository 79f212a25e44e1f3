"""Intervals of yields: values by hand, and coverage as stated."""

import numpy as np
import pytest

from geo_pipeline.outlook.intervals import LEAST_ERRORS, coverage_by_year, interval


def test_nine_errors_have_their_extremes_as_bounds() -> None:
    errors = np.array([[0.05, -0.1, 0.0, 0.1, 0.2, -0.05, -0.2, 0.15, 0.02]])
    low, high = interval(errors)
    assert (low.tolist(), high.tolist()) == ([-0.2], [0.2])


def test_a_place_with_few_errors_uses_those_of_all() -> None:
    """-0.4 to 0.4 in one place, 0.9 in the other: of ten the lowest tenth is at rank 1.1."""
    errors = np.full((2, LEAST_ERRORS), np.nan)
    errors[0] = np.arange(-4, 5) / 10
    errors[1, 0] = 0.9
    low, high = interval(errors)
    assert low == pytest.approx([-0.4, -0.39])
    assert high == pytest.approx([0.4, 0.85])


def test_the_interval_contains_a_new_year_as_often_as_stated() -> None:
    """19 years: the 2nd and the 18th hold a twentieth in 16 of 20 cases (Weibull)."""
    random = np.random.default_rng(5)
    past, new = random.standard_t(4, (4000, 19)), random.standard_t(4, 4000)
    low, high = interval(past)
    assert np.mean((new >= low) & (new <= high)) == pytest.approx(0.8, abs=0.02)


def test_coverage_is_counted_by_year() -> None:
    """One year in which all places were far off: none of them within the range of the others."""
    errors = np.tile(np.linspace(-0.1, 0.1, 12), (5, 1))
    errors[:, 3] = 0.8
    errors[:, 7] = np.nan
    share = coverage_by_year(errors)
    assert share[3] == 0.0
    assert np.isnan(share[7])
    assert share[5] == 1.0


def test_a_year_has_no_part_in_the_range_it_is_held_against() -> None:
    """Two years of ten places, in one of which all are far off: the other does not hold them."""
    misses = np.column_stack([np.linspace(-0.05, 0.05, 10), np.linspace(0.4, 0.5, 10)])
    assert coverage_by_year(misses).tolist() == [0.0, 0.0]
