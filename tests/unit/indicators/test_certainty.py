"""Certainty of an index and of its class: exact for a normal variable, and by simulation."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import betainc, ndtri

from geo_pipeline.indicators import spei, spi, sswi, usdm_class
from geo_pipeline.indicators.certainty import (
    WORTH_OF_A_YEAR,
    Fit,
    index_certainty,
    percentile_certainty,
)

STEPS = 12


def test_the_range_is_that_of_the_non_central_t_distribution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Owen (1968): sqrt(n) k is non-central t with n - 1 degrees of freedom about sqrt(n) z."""
    monkeypatch.setitem(WORTH_OF_A_YEAR, "gamma", 1.0)
    n = 12
    for k in (-2.0, -1.45, -0.5, 0.0, 1.2):
        known = index_certainty(k, n)
        for limit, share in ((known.low, 0.9), (known.high, 0.1)):
            centre = np.sqrt(n) * float(limit)
            assert stats.nct.cdf(np.sqrt(n) * k, n - 1, centre) == pytest.approx(share, abs=0.005)


def test_many_years_leave_no_doubt() -> None:
    known = index_certainty([-1.45, 0.2], 10_000)
    assert known.low == pytest.approx([-1.45, 0.2], abs=0.03)
    assert known.high == pytest.approx([-1.45, 0.2], abs=0.03)
    assert known.class_chance == pytest.approx([1.0, 1.0], abs=0.001)


def test_the_middle_of_severe_drought_is_told_right_once_in_four_with_twelve_years() -> None:
    """Measured beforehand by simulation: 26 %."""
    assert index_certainty(-1.45, 12).class_chance == pytest.approx(0.26, abs=0.02)


DISTRIBUTIONS = {
    "gamma": (stats.gamma(2.0, scale=30.0), spi),
    "logistic": (stats.skewnorm(2.0, 0.0, 50.0), spei),
    "kernel": (stats.beta(3.0, 2.0), sswi),
}


@pytest.mark.parametrize("fit", sorted(DISTRIBUTIONS))
@pytest.mark.parametrize("years", [12, 30])
def test_ranges_and_chances_hold_what_they_promise(fit: Fit, years: int) -> None:
    """Of values whose true index is known, fitted as the pipeline does."""
    distribution, index_of = DISTRIBUTIONS[fit]
    values = distribution.rvs(size=(300, years * STEPS), random_state=np.random.default_rng(years))
    true, index = ndtri(distribution.cdf(values)), index_of(values, 1)
    known = index_certainty(index, years, fit=fit)
    inside = (known.low <= true) & (true <= known.high)
    assert inside.mean() == pytest.approx(0.8, abs=0.025)
    dry = index <= -0.5
    right = usdm_class(true) == usdm_class(index)
    assert known.class_chance[dry].mean() == pytest.approx(right[dry].mean(), abs=0.03)


def test_a_rank_is_as_sure_as_order_statistics_have_it() -> None:
    """The driest of 12 years: below a tenth of the population with 1 - 0.9 ** 12."""
    rank = 100.0 * (1.0 - 0.44) / 12.12
    known = percentile_certainty(rank, 12)
    assert known.low / 100.0 == pytest.approx(1.0 - 0.9 ** (1 / 12))
    assert known.high / 100.0 == pytest.approx(1.0 - 0.1 ** (1 / 12))
    within = betainc(1, 12, 0.05) - betainc(1, 12, 0.02)
    assert rank == pytest.approx(4.62, abs=0.01)  # D3: above 2, at most 5
    assert known.class_chance == pytest.approx(within)


def test_what_is_missing_or_rests_on_two_years_is_not_sure_of_anything() -> None:
    known = index_certainty([np.nan, -1.0, -1.0], [12, 2, 0])
    assert np.isnan([known.low, known.high, known.class_chance]).all()
    known = percentile_certainty([np.nan, 50.0], [12, 2])
    assert np.isnan([known.low, known.high, known.class_chance]).all()


def test_a_number_of_years_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="years is -1"):
        index_certainty(0.0, -1)
