"""Scores: by hand, by known laws, and independent of the number of members."""

import numpy as np
import pytest
from scipy.stats import norm

from geo_pipeline.outlook.verification import (
    coverage,
    fair_crps,
    fair_rps,
    rank_of,
    reliability,
    skill,
    skill_range,
    weibull_quantiles,
)


def written_out(members: list[float], observed: float) -> float:
    """Return the fair CRPS as its formula has it, pair by pair."""
    m = len(members)
    distance = sum(abs(x - observed) for x in members) / m
    return distance - sum(abs(a - b) for a in members for b in members) / (2 * m * (m - 1))


def test_crps_is_its_formula_written_out() -> None:
    """By hand: |1-2| + |2-2| + |6-2| over 3 is 5/3; pairs 1, 5, 4 twice over 12 are 5/3."""
    assert fair_crps([1.0, 2.0, 6.0], 2.0) == pytest.approx(0.0)
    random = np.random.default_rng(1)
    members, observed = random.normal(size=(5, 7, 9)), random.normal(size=(5, 7))
    scores = fair_crps(members, observed)
    for place in np.ndindex(observed.shape):
        expected = written_out(members[place].tolist(), float(observed[place]))
        assert scores[place] == pytest.approx(expected, abs=1e-12)


def test_missing_members_do_not_count() -> None:
    assert fair_crps([4.0, np.nan, 1.0, 2.0], 3.0) == pytest.approx(fair_crps([1.0, 2.0, 4.0], 3.0))
    assert np.isnan(fair_crps([4.0, np.nan], 3.0))
    assert np.isnan(fair_crps([4.0, 5.0], np.nan))


@pytest.mark.parametrize("members", [2, 5, 11, 40])
def test_crps_of_a_normal_law_whatever_the_number_of_members(members: int) -> None:
    """Gneiting and Raftery (2007): s (z (2 F(z) - 1) + 2 f(z) - 1 / sqrt(pi)), here of z = 0.5."""
    z = 0.5
    law = z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi)
    draws = np.random.default_rng(members).normal(size=(200_000, members))
    assert fair_crps(draws, np.full(200_000, z)).mean() == pytest.approx(law, abs=0.004)


@pytest.mark.parametrize("members", [2, 4, 11])
def test_rps_does_not_depend_on_the_number_of_members(members: int) -> None:
    """An event of 30 %, told with 50 %: 0.3 (0.5 - 1)^2 + 0.7 (0.5)^2 = 0.25."""
    random = np.random.default_rng(members)
    share = random.binomial(members, 0.5, size=(300_000, 1)) / members
    came = random.random((300_000, 1)) < 0.3
    assert fair_rps(share, members, came).mean() == pytest.approx(0.25, abs=0.004)


def test_quantiles_are_those_of_numpy_s_weibull() -> None:
    members = np.random.default_rng(3).gamma(2.0, size=(20, 11))
    levels = [0.02, 0.1, 0.25, 0.5, 0.9, 0.99]
    expected = np.moveaxis(np.quantile(members, levels, axis=-1, method="weibull"), 0, -1)
    np.testing.assert_allclose(weibull_quantiles(members, levels), expected)
    holes = np.concatenate([members, np.full((20, 3), np.nan)], axis=-1)
    np.testing.assert_allclose(weibull_quantiles(holes, levels), expected)
    assert np.isnan(weibull_quantiles([np.nan, np.nan], [0.5])).all()


def test_eighty_per_cent_of_eleven_members_hold_eighty_per_cent() -> None:
    """Where the usual quantiles hold 67 %, 8 of 12: all twelve are as likely to be any rank."""
    draws = np.random.default_rng(4).random(size=(100_000, 12))
    members, observed = draws[:, :11], draws[:, 11]
    low, high = weibull_quantiles(members, [0.1, 0.9]).T
    assert coverage(low, high, observed) == pytest.approx(0.80, abs=0.005)
    low, high = np.quantile(members, [0.1, 0.9], axis=-1)
    assert coverage(low, high, observed) == pytest.approx(8 / 12, abs=0.005)


def test_ranks_of_a_reliable_ensemble_are_as_frequent() -> None:
    draws = np.random.default_rng(5).normal(size=(120_000, 6))
    counts = np.bincount(rank_of(draws[:, :5], draws[:, 5]).astype(int))
    assert counts == pytest.approx(np.full(6, 20_000), rel=0.03)


def test_skill_is_of_sums_and_not_of_ratios() -> None:
    """(1 + 3) of (4 + 4): 0.5, where the mean of 0.75 and 0.25 would be the same by accident."""
    assert skill([1.0, 3.0], [4.0, 4.0]) == pytest.approx(0.5)
    assert skill([1.0, 3.0, np.nan], [4.0, 12.0, 5.0]) == pytest.approx(0.75)
    assert np.isnan(skill([np.nan], [1.0]))
    assert np.isnan(skill([1.0, 1.0], [0.0, 0.0]))


def test_range_of_a_skill_that_rests_on_one_year_reaches_below_zero() -> None:
    """Nine years a little worse than the reference, one far better: 0.19 on the whole."""
    score = np.array([1.05] * 9 + [0.2]) * 10
    reference = np.array([1.0] * 9 + [3.0]) * 10
    assert skill(score, reference) > 0.15
    bounds = skill_range(score, reference)
    assert bounds.lower < 0.0 < bounds.upper
    steady = skill_range(reference * 0.8, reference)
    assert steady.lower == pytest.approx(0.2)
    assert np.isnan(skill_range(score[:4], reference[:4]).lower)


def test_the_interval_contains_the_true_skill_as_often_as_stated() -> None:
    """Twenty years of forecasts of skill 0.3, four hundred times."""
    random = np.random.default_rng(6)
    reference = random.gamma(8.0, size=(400, 20))
    score = 0.7 * reference + random.normal(0.0, 1.5, size=(400, 20))
    bounds = skill_range(score, reference)
    held = ((bounds.lower <= 0.3) & (bounds.upper >= 0.3)).mean()
    assert 0.84 <= held <= 0.94


def test_resamples_are_the_same_at_each_call() -> None:
    score, reference = np.random.default_rng(7).gamma(2.0, size=(2, 3, 9))
    alone = [skill_range(a, b).lower for a, b in zip(score, reference, strict=True)]
    np.testing.assert_allclose(skill_range(score, reference).lower, alone, rtol=1e-12)


def test_calibrated_chances_have_their_frequency() -> None:
    random = np.random.default_rng(8)
    chance = random.random(200_000)
    told = reliability(chance, random.random(200_000) < chance, np.linspace(0, 1, 6))
    np.testing.assert_allclose(told.frequency, told.chance, atol=0.01)
    assert told.forecasts.sum() == 200_000
    overconfident = reliability([1.0, 1.0, 0.0, np.nan], [1, 0, 0, 1], [0.0, 0.5, 1.0])
    assert overconfident.frequency.tolist() == [0.0, 0.5]
    assert overconfident.forecasts.tolist() == [1, 2]
