"""Running totals, and counts, means and ranks by step of the year."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import rankdata

from geo_pipeline.indicators.aggregation import (
    climatological_mean,
    empirical_percentile,
    rolling_sum,
    valid_years,
)

pytestmark = pytest.mark.filterwarnings("error")

NAN = math.nan


def two_step_year(*years: tuple[float, float]) -> np.ndarray:
    return np.array(years, dtype=float).ravel()


def some(*shape: int, seed: int = 0) -> np.ndarray:
    """Values with ties and gaps."""
    rng = np.random.default_rng(seed)
    values = rng.gamma(1.0, 20.0, size=shape).round()
    values[rng.random(shape) < 0.05] = np.nan
    return values


# --- rolling_sum ----------------------------------------------------------------------------------


def test_rolling_sum_by_hand() -> None:
    np.testing.assert_array_equal(rolling_sum([1, 2, 4, 8, 16], 3), [NAN, NAN, 7, 14, 28])
    np.testing.assert_array_equal(rolling_sum([1, 2, 4], 1), [1, 2, 4])
    np.testing.assert_array_equal(rolling_sum([1, 2, 4], 3), [NAN, NAN, 7])
    np.testing.assert_array_equal(rolling_sum([1, 2, 4], 4), [NAN, NAN, NAN])


def test_rolling_sum_loses_the_windows_that_hold_a_gap() -> None:
    np.testing.assert_array_equal(
        rolling_sum([1, 2, NAN, 4, 5, 6, 7], 3), [NAN, NAN, NAN, NAN, NAN, 15, 18]
    )


def test_rolling_sum_carries_no_rounding_along() -> None:
    x = np.array([1e16, 1.0, 0.1, 0.2, 0.3, 0.0, 0.0, 0.0])
    np.testing.assert_array_equal(rolling_sum(x, 3)[4:], [0.1 + 0.2 + 0.3, 0.2 + 0.3, 0.3, 0.0])


def test_rolling_sum_is_along_the_last_axis() -> None:
    x = some(3, 4, 50)
    expected = np.stack([[rolling_sum(place, 5) for place in row] for row in x])
    np.testing.assert_array_equal(rolling_sum(x, 5), expected)
    np.testing.assert_array_equal(rolling_sum(np.asfortranarray(x), 5), expected)


def test_rolling_sum_refuses_an_empty_window() -> None:
    with pytest.raises(ValueError, match="window must be at least 1"):
        rolling_sum([1.0], 0)
    with pytest.raises(ValueError, match="time axis"):
        rolling_sum(1.0, 1)


# --- valid_years and climatological_mean ----------------------------------------------------------

SERIES = two_step_year((1, 10), (2, NAN), (6, NAN), (NAN, NAN))


def test_counts_and_means_by_hand() -> None:
    np.testing.assert_array_equal(valid_years(SERIES, period=2), [3, 1])
    np.testing.assert_array_equal(climatological_mean(SERIES, period=2), [3, 10])
    np.testing.assert_array_equal(valid_years(SERIES, period=2, reference=(1, 4)), [1, 1])
    np.testing.assert_array_equal(climatological_mean(SERIES, period=2, reference=(2, 6)), [4, NAN])


def test_counts_and_means_start_with_the_year_not_the_series() -> None:
    np.testing.assert_array_equal(valid_years(SERIES[1:], period=2, first_step=2), [2, 1])
    np.testing.assert_array_equal(climatological_mean(SERIES[1:], period=2, first_step=2), [4, 10])
    np.testing.assert_array_equal(climatological_mean(SERIES[1:], period=2), [10, 4])


def test_a_part_of_a_year_leaves_the_other_months_empty() -> None:
    np.testing.assert_array_equal(valid_years([5.0, 6.0], first_step=12), [1] + [0] * 10 + [1])
    np.testing.assert_array_equal(
        climatological_mean([5.0, 6.0], first_step=12), [6.0] + [NAN] * 10 + [5.0]
    )


def test_dekads_have_36_steps() -> None:
    x = some(5, 36 * 30 + 7)
    assert valid_years(x, period=36, first_step=19).shape == (5, 36)
    expected = np.nanmean(x[:, 30 - 18 :: 36], axis=-1)
    np.testing.assert_allclose(
        climatological_mean(x, period=36, first_step=19)[:, 30], expected, rtol=1e-14
    )


@pytest.mark.parametrize("function", [valid_years, climatological_mean, empirical_percentile])
def test_steps_and_references_are_checked(function: object) -> None:
    assert callable(function)
    for options in ({"first_step": 13}, {"first_step": 0}, {"period": 0}, {"reference": (4, 4)}):
        with pytest.raises(ValueError, match=r"must be|selects none"):
            function(np.ones(24), **options)


@pytest.mark.parametrize("function", [valid_years, climatological_mean, empirical_percentile])
def test_a_place_is_the_same_alone_or_among_others(function: object) -> None:
    assert callable(function)
    x = some(101, 383) / 7.0
    options = {"first_step": 5, "reference": (24, 370)}
    together = function(x, **options)
    np.testing.assert_array_equal(together, np.stack([function(row, **options) for row in x]))
    np.testing.assert_array_equal(
        function(np.asfortranarray(x.reshape(101, 1, -1)), **options)[:, 0], together
    )


# --- empirical_percentile -------------------------------------------------------------------------


def test_percentile_by_hand() -> None:
    # Three valid years, ranks 2, 1, 3: (r - 0.44) / 3.12.
    np.testing.assert_allclose(
        empirical_percentile([5.0, 1.0, NAN, 9.0], period=1),
        [50.0, 100 * 0.56 / 3.12, NAN, 100 * 2.56 / 3.12],
        rtol=1e-14,
    )


def test_percentile_ties_share_the_middle_rank() -> None:
    np.testing.assert_allclose(
        empirical_percentile([0.0, 0.0, 0.0, 7.0], period=1),
        100 * (np.array([2, 2, 2, 4]) - 0.44) / 4.12,
        rtol=1e-14,
    )


def test_percentile_of_a_value_the_reference_does_not_hold() -> None:
    x = np.array([*range(1, 31), -5.0, 4.5, 4.0, 99.0])
    outside = empirical_percentile(x, period=1, reference=(0, 30))[30:]
    np.testing.assert_allclose(
        outside, 100 * (np.array([0.5, 4.5, 4, 30.5]) - 0.44) / 30.12, rtol=1e-14
    )
    assert outside[0] == pytest.approx(0.199, abs=1e-3)
    assert (outside > 0).all()
    assert (outside < 100).all()


def test_percentile_is_by_step_of_the_year() -> None:
    x = two_step_year((1, 100), (2, 300), (3, 200))
    ranks = (np.array([1, 1, 2, 3, 3, 2]) - 0.44) / 3.12 * 100
    np.testing.assert_allclose(empirical_percentile(x, period=2), ranks, rtol=1e-14)
    np.testing.assert_allclose(
        empirical_percentile(np.append(7.0, x), period=2, first_step=2, reference=(1, 7))[1:],
        ranks,
        rtol=1e-14,
    )


def test_percentile_without_a_reference_year_is_missing() -> None:
    result = empirical_percentile(np.arange(36.0), reference=(0, 6))
    assert not np.isnan(result.reshape(3, 12)[:, :6]).any()
    assert np.isnan(result.reshape(3, 12)[:, 6:]).all()


@settings(max_examples=50)
@given(
    x=hnp.arrays(np.float64, st.integers(1, 80), elements=st.sampled_from([0.0, 1.0, 2.5, 7.0])),
    period=st.integers(1, 13),
    data=st.data(),
)
def test_percentile_ranks_as_scipy(x: np.ndarray, period: int, data: st.DataObject) -> None:
    first_step = data.draw(st.integers(1, period))
    result = empirical_percentile(x, period=period, first_step=first_step)
    for step in range(min(period, x.size)):
        season = x[step::period]
        expected = 100 * (rankdata(season) - 0.44) / (season.size + 0.12)
        np.testing.assert_allclose(result[step::period], expected, rtol=1e-13)
