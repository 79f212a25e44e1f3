"""Quantile mapping and differences of two histories, by numbers that can be checked by hand."""

import numpy as np
import pytest

from geo_pipeline.indicators.quantile_mapping import (
    cross_validated,
    quantile_mapped,
    yearly_difference,
)

YEARS, DAYS = 12, 30


def test_a_fifth_more_is_a_ratio_of_one_point_two() -> None:
    """Two places at once: one with a fifth more rain, one 0.5 degrees warmer."""
    other = np.array([[50.0, 10.0, 30.0, np.nan], [10.0, 12.0, 14.0, 16.0]])
    values = np.stack([1.2 * other[0], other[1] + 0.5])
    found = yearly_difference(values, other)
    assert found.years.tolist() == [3, 4]
    assert found.ratio[0] == pytest.approx(1.2)
    assert found.difference == pytest.approx([6.0, 0.5])
    # The differences 10, 2 and 6 mm: a standard deviation of 4, over the root of three years.
    assert found.standard_error == pytest.approx([4.0 / np.sqrt(3.0), 0.0], abs=1e-9)
    assert found.error == pytest.approx([np.sqrt((100 + 4 + 36) / 3), 0.5])


def test_without_a_common_year_nothing_is_known() -> None:
    found = yearly_difference([[np.nan, 1.0]], [[2.0, np.nan]])
    assert found.years.tolist() == [0]
    assert all(np.isnan(each).all() for each in found[1:])
    none = yearly_difference(np.empty((12, 0)), np.empty((12, 0)))
    assert none.years.tolist() == [0] * 12
    one = yearly_difference([3.0], [2.0])
    assert float(one.difference) == 1.0
    assert np.isnan(one.standard_error)


def test_a_dry_normal_has_no_ratio() -> None:
    assert np.isnan(yearly_difference([1.0, 2.0], [0.0, 0.0]).ratio)


def test_mapping_restores_a_provider_with_a_fifth_more() -> None:
    target = np.random.default_rng(5).gamma(0.5, 6.0, YEARS * DAYS)
    target[::3] = 0.0
    mapped = quantile_mapped(1.2 * target, 1.2 * target, target, is_amount=True)
    assert mapped == pytest.approx(target)
    # Beyond what was seen, the ratio of the highest quantiles holds.
    assert quantile_mapped(1200.0, 1.2 * target, target, is_amount=True) == pytest.approx(1000.0)


def test_mapping_restores_a_warmer_provider_also_beyond_its_extremes() -> None:
    target = np.linspace(-5.0, 20.0, YEARS * DAYS)
    given = [-30.0, 0.8, 40.0, np.nan]
    mapped = quantile_mapped(given, target + 0.8, target)
    assert mapped == pytest.approx([-30.8, 0.0, 39.2, np.nan], nan_ok=True)


def test_drizzle_that_the_other_does_not_have_becomes_dry() -> None:
    """Half of the target's days are dry; the sample has drizzle on them."""
    target = np.concatenate([np.zeros(150), np.linspace(1.0, 20.0, 150)])
    sample = np.concatenate([np.linspace(0.01, 0.5, 150), np.linspace(1.0, 20.0, 150)])
    mapped = quantile_mapped(sample, sample, target, is_amount=True)
    assert np.count_nonzero(mapped == 0.0) == pytest.approx(150, abs=3)
    assert mapped[160:] == pytest.approx(target[160:], abs=0.2)


def test_no_wet_day_is_invented() -> None:
    target, sample = np.linspace(0.5, 20.0, 300), np.linspace(0.5, 20.0, 300)
    sample[:150] = 0.0
    mapped = quantile_mapped(sample, sample, target, is_amount=True)
    assert (mapped[:150] == 0.0).all()
    assert mapped[150:] == pytest.approx(target[150:], abs=0.2)


def test_mapping_keeps_the_order() -> None:
    rng = np.random.default_rng(7)
    sample, target = rng.normal(10.0, 3.0, 360), rng.normal(12.0, 5.0, 360)
    x = np.linspace(-10.0, 40.0, 200)
    assert (np.diff(quantile_mapped(x, sample, target)) >= 0.0).all()


def test_an_empty_sample_is_an_error() -> None:
    with pytest.raises(ValueError, match="sample has no value"):
        quantile_mapped([1.0], [np.nan], [1.0])


def test_the_error_is_that_of_years_that_were_not_seen() -> None:
    """A year that differs from the rest is not restored by a mapping that never saw it."""
    rng = np.random.default_rng(3)
    years = np.repeat(np.arange(YEARS), DAYS)
    target = rng.normal(10.0, 3.0, YEARS * DAYS)
    steady = cross_validated(target + 1.0, target, years)
    assert steady == pytest.approx(target, abs=0.5)
    assert np.mean(steady - target) == pytest.approx(0.0, abs=0.02)
    odd = target + np.where(years == 4, 9.0, 1.0)
    left = cross_validated(odd, target, years) - target
    assert np.mean(left[years == 4]) == pytest.approx(8.0, abs=0.5)
