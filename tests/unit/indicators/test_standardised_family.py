"""SPEI, SSWI, ranks, the other fits of SPI and dekads: published, by hand, at the edges."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.special import ndtr, ndtri, psi

from geo_pipeline.indicators import fits, normal
from geo_pipeline.indicators.aggregation import empirical_percentile, rolling_sum
from geo_pipeline.indicators.gamma_shapes import likeliest_shape, thom_shape
from geo_pipeline.indicators.standardised import (
    BOUND,
    LogisticParameters,
    Pearson3Parameters,
    empirical_index,
    fit_empirical,
    fit_gamma,
    fit_kernel,
    fit_logistic,
    fit_pearson3,
    l_moments,
    spei,
    spi,
    sswi,
    standardise,
)

pytestmark = pytest.mark.filterwarnings("error")

normal_quantile = NormalDist().inv_cdf

Index = Callable[..., np.ndarray]


def spi_thom(x: np.ndarray, scale: int, **options: object) -> np.ndarray:
    return spi(x, scale, method="thom", **options)  # type: ignore[arg-type]


def spi_mle(x: np.ndarray, scale: int, **options: object) -> np.ndarray:
    return spi(x, scale, method="mle", **options)  # type: ignore[arg-type]


def spi_pearson3(x: np.ndarray, scale: int, **options: object) -> np.ndarray:
    return spi(x, scale, distribution="pearson3", **options)  # type: ignore[arg-type]


RAIN_INDICES: list[Index] = [spi, spi_thom, spi_mle, spi_pearson3]
FREE_INDICES: list[Index] = [spei, sswi, empirical_index]
INDICES = RAIN_INDICES + FREE_INDICES
FITS = {
    spi: fit_gamma,
    spi_pearson3: fit_pearson3,
    spei: fit_logistic,
    sswi: fit_kernel,
    empirical_index: fit_empirical,
}

every_index = pytest.mark.parametrize("index", INDICES, ids=lambda f: f.__name__)
rain_index = pytest.mark.parametrize("index", RAIN_INDICES, ids=lambda f: f.__name__)
free_index = pytest.mark.parametrize("index", FREE_INDICES, ids=lambda f: f.__name__)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal to the bit, NaN for NaN."""
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)


def some_rain(*shape: int, seed: int = 0) -> np.ndarray:
    """Skewed rain with dry months (a tenth) and gaps (one in fifty)."""
    rng = np.random.default_rng(seed)
    rain = rng.gamma(1.3, 45.0, size=shape)
    rain[rng.random(shape) < 0.10] = 0.0
    rain[rng.random(shape) < 0.02] = np.nan
    return rain


def full_rain(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).gamma(2.0, 30.0, size=shape)


def january(*years: float) -> np.ndarray:
    """A monthly series with these Januaries, and 10 in every other month."""
    series = np.full((len(years), 12), 10.0)
    series[:, 0] = years
    return series.ravel()


# --- Published numbers ----------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1, 3, 6, 12, 24])
@pytest.mark.parametrize(
    ("index", "of", "column"),
    [
        (spi, "precip_mm", "spi{}_gamma_lmom"),
        (spi_thom, "precip_mm", "spi{}_gamma_thom"),
        (spi_mle, "precip_mm", "spi{}_gamma_mle"),
        (spei, "balance_mm", "spei{}_glo_lmom"),
    ],
)
def test_wichita_is_as_the_independent_implementations_agree(
    wichita: dict[str, np.ndarray], index: Index, of: str, column: str, scale: int
) -> None:
    # Input and result are printed with eight significant digits.
    expected = wichita[column.format(scale)]
    np.testing.assert_allclose(index(wichita[of], scale, bound=None), expected, rtol=0, atol=2e-7)
    np.testing.assert_allclose(
        index(wichita[of], scale), expected.clip(-BOUND, BOUND), rtol=0, atol=2e-7
    )


# --- Fits by hand and by their definition ---------------------------------------------------------


def test_normal_quantiles_are_scipys() -> None:
    of = normal.normal_quantile
    near = np.concatenate([np.geomspace(1e-300, 0.5, 3001), [0.075, 1.3e-11, 1.5e-11]])
    probability = np.concatenate([near, 1.0 - near, np.linspace(0.0, 1.0, 10_001)])
    np.testing.assert_allclose(of(probability), ndtri(probability), rtol=4e-15)
    ends = of(np.array([[0.0, 0.5, 1.0, np.nan]]))
    np.testing.assert_array_equal(ends, [[-np.inf, 0.0, np.inf, np.nan]])


def test_third_l_moment_by_hand() -> None:
    # 1, 2, 4, 9: a third of the mean of (largest - 2 middle + smallest) of the four triples.
    triples = [(1, 2, 4), (1, 2, 9), (1, 4, 9), (2, 4, 9)]
    expected = sum(c - 2 * b + a for a, b, c in triples) / 4 / 3
    *_, l3 = l_moments(np.array([9.0, 1.0, np.nan, 4.0, 2.0]), 3)
    assert l3 == pytest.approx(expected, rel=1e-14)


def test_l_moments_are_the_unbiased_probability_weighted_moments() -> None:
    x = np.sort(full_rain(200, 31))
    rank = np.arange(31)
    b0, b1 = x.mean(axis=-1), (x * rank / 30).mean(axis=-1)
    b2 = (x * rank * (rank - 1) / (30 * 29)).mean(axis=-1)
    l1, l2, l3 = l_moments(x, 3)
    np.testing.assert_allclose(l1, b0, rtol=1e-13)
    np.testing.assert_allclose(l2, 2 * b1 - b0, rtol=1e-12)
    np.testing.assert_allclose(l3, 6 * b2 - 6 * b1 + b0, rtol=0, atol=1e-12 * b0.max())


def test_logistic_by_hand() -> None:
    # 1, 2, 3, 4: no skew, so the logistic of location l1 = 2.5 and scale l2 = 5/6.
    index = spei(january(1, 2, 3, 4), 1)[::12]
    expected = [normal_quantile(1 / (1 + math.exp(-(x - 2.5) * 6 / 5))) for x in (1, 2, 3, 4)]
    np.testing.assert_allclose(index, expected, rtol=1e-12)


def test_logistic_by_hand_with_skew() -> None:
    # 0, 0, 0, 6, 12: the gaps of 6 have weights 6/20 and 4/20 in l2, 6/60 and 12/60 in l3.
    l1, l2, l3 = 3.6, 6 * (6 + 4) / 20, 6 * (6 + 12) / 60
    k = -l3 / l2
    assert k == pytest.approx(-0.6)
    a = l2 * math.sin(k * math.pi) / (k * math.pi)
    xi = l1 - a * (1 / k - math.pi / math.sin(k * math.pi))
    fit = fit_logistic(january(0, 0, 0, 6, 12))
    assert [fit.location[0], fit.scale[0], fit.shape[0]] == pytest.approx([xi, a, k], rel=1e-13)
    expected = [
        normal_quantile(1 / (1 + (1 - k * (x - xi) / a) ** (1 / k))) for x in (0, 0, 0, 6, 12)
    ]
    index = spei(january(0, 0, 0, 6, 12), 1)[::12]
    np.testing.assert_allclose(index, expected, rtol=1e-12)


def test_logistic_keeps_its_l_moments() -> None:
    x = full_rain(60, 12) - 80.0
    fit = fit_logistic(x.ravel())
    for month in range(0, 12, 5):
        k, a, xi = fit.shape[month], fit.scale[month], fit.location[month]
        assert k != 0

        def quantile(u: float, k: float = k, a: float = a, xi: float = xi) -> float:
            return xi + a * (1 - ((1 - u) / u) ** k) / k

        l1, l2, l3 = l_moments(x[:, month], 3)
        for weight, expected in (
            (lambda u: 1.0, l1),
            (lambda u: 2 * u - 1, l2),
            (lambda u: 6 * u * u - 6 * u + 1, l3),
        ):
            moment, _ = integrate.quad(lambda u, w=weight, q=quantile: w(u) * q(u), 0, 1)
            assert moment == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_thom_by_hand() -> None:
    # 1, e, e², e³: A = ln(mean) - 1.5.
    years = [math.exp(i) for i in range(4)]
    a = math.log(sum(years) / 4) - 1.5
    shape = (1 + math.sqrt(1 + 4 * a / 3)) / (4 * a)
    fit = fit_gamma(january(*years), method="thom")
    assert fit.shape[0] == pytest.approx(shape, rel=1e-13)
    assert fit.scale[0] == pytest.approx(sum(years) / 4 / shape, rel=1e-13)


def test_likeliest_shape_solves_its_equation() -> None:
    alpha = np.geomspace(0.01, 1e3, 400)
    shape = likeliest_shape(np.log(alpha) - psi(alpha))
    np.testing.assert_allclose(shape, alpha, rtol=1e-11)
    # Far out the equation is 1/(2α) + 1/(12α²), to all digits.
    alpha = np.geomspace(1e6, 1e20, 50)
    np.testing.assert_allclose(
        likeliest_shape(1 / (2 * alpha) + 1 / (12 * alpha**2)), alpha, rtol=1e-13
    )
    assert np.isnan(likeliest_shape(np.array([0.0, -1.0, np.nan]))).all()
    assert np.isnan(thom_shape(np.array([0.0, -1.0, np.nan]))).all()


def test_mle_is_scipys() -> None:
    rain = full_rain(50, 12)
    fit = fit_gamma(rain.ravel(), method="mle")
    for month in range(12):
        shape, _, scale = stats.gamma.fit(rain[:, month], floc=0)
        assert fit.shape[month] == pytest.approx(shape, rel=1e-6)
        assert fit.scale[month] == pytest.approx(scale, rel=1e-6)


def test_methods_agree_on_nearly_constant_rain() -> None:
    # Where values hardly vary, the gamma is the normal distribution.
    rain = np.random.default_rng(3).normal(1000.0, 1e-3, size=12 * 50)
    z = (rain.reshape(50, 12) - rain.reshape(50, 12).mean(axis=0)) / rain.reshape(50, 12).std(
        axis=0
    )
    for index in (spi_thom, spi_mle):
        np.testing.assert_allclose(index(rain, 1).reshape(50, 12), z.clip(-BOUND, BOUND), atol=1e-4)


def test_pearson3_by_hand() -> None:
    # 1, 2, 3, 4: no skew, so the normal distribution of mean 2.5 and deviation l2 √π.
    index = spi_pearson3(january(1, 2, 3, 4), 1)[::12]
    expected = (np.arange(1, 5) - 2.5) / (5 / 6 * math.sqrt(math.pi))
    np.testing.assert_allclose(index, expected, rtol=1e-12)


def test_a_dry_total_is_at_the_share_of_zeros_whatever_the_distribution() -> None:
    """8 of 40 years dry, the rest near normal: Pearson III begins below 0, and H(0) is 0.2."""
    rng = np.random.default_rng(12)
    rain = np.concatenate([np.zeros(8), np.abs(rng.normal(30.0, 12.0, 32))])
    series = np.repeat(rain[:, np.newaxis], 12, axis=1).ravel()
    for index in (spi_pearson3, spi):
        assert index(series, 1)[0] == pytest.approx(-0.8416212, abs=1e-6)  # ndtri(0.2)


def test_pearson3_is_scipys_distribution_on_both_sides() -> None:
    for sign in (1.0, -1.0):
        rain = 200.0 + sign * full_rain(40, 12)
        rain -= min(rain.min() - 1.0, 0.0)
        fit = fit_pearson3(rain.ravel())
        assert (np.sign(fit.skew) == sign).sum() > 10
        expected = np.array(
            [
                stats.pearson3.cdf(rain[:, m], fit.skew[m], fit.mean[m], fit.deviation[m])
                for m in range(12)
            ]
        ).T
        index = spi_pearson3(rain.ravel(), 1, bound=None).reshape(40, 12)
        np.testing.assert_allclose(ndtr(index), expected, rtol=0, atol=1e-12)
        np.testing.assert_allclose(fit.mean, rain.mean(axis=0), rtol=1e-13)


def test_pearson3_of_exponential_rain_is_the_exponential() -> None:
    # 1, 2, 5, 8 has l1 = 4, l2 = 2 and l3 = 0.5 (gaps 1, 3, 3; weights -6/24, 0, 6/24).
    fit = fit_pearson3(january(1, 2, 5, 8))
    assert l_moments(np.array([1.0, 2, 5, 8]), 3)[2] == pytest.approx(0.5)
    t = 3 * math.pi * 0.25**2
    alpha = (1 + 0.2906 * t) / (t + 0.1882 * t**2 + 0.0442 * t**3)
    assert fit.skew[0] == pytest.approx(2 / math.sqrt(alpha), rel=1e-13)
    ratio = math.gamma(alpha) / math.gamma(alpha + 0.5)
    assert fit.deviation[0] == pytest.approx(math.sqrt(math.pi * alpha) * 2 * ratio, rel=1e-12)
    # An L-skewness of 1/3 is the exponential distribution's: a skew of 2.
    x = [5.0, 6.0, 9.0, 13.0]  # gaps 1, 3, 4: l2 = (3 + 12 + 12) / 12, l3 = (4 - 1) / 4
    _, l2, l3 = l_moments(np.array(x), 3)
    assert [l2, l3] == pytest.approx([2.25, 0.75])
    fit = fit_pearson3(january(*x))
    assert fit.skew[0] == pytest.approx(2.0, rel=1e-4)
    assert fit.deviation[0] == pytest.approx(2 * l2, rel=1e-4)


def test_kernel_by_hand() -> None:
    years = np.array([1.0, 2.0, 3.0, 4.0, 10.0])
    s, iqr = years.std(), 2.0  # quartiles 2 and 4
    h = 0.3 * min(s, iqr / 1.34) * 5**-0.2
    shrink = s / math.hypot(s, h)
    centres = 4.0 + shrink * (years - 4.0)
    expected = [
        normal_quantile(float(ndtr((x - centres) / (shrink * h)).mean())) for x in years.tolist()
    ]
    np.testing.assert_allclose(sswi(january(*years))[::12], expected, rtol=1e-12)
    fit = fit_kernel(january(*years))
    np.testing.assert_allclose(fit.centres[0], centres, rtol=1e-14)
    # The estimate has the mean and the variance of the values.
    assert fit.centres[0].mean() == pytest.approx(4.0)
    assert fit.centres[0].var() + fit.bandwidth[0] ** 2 == pytest.approx(s**2)


def test_kernel_of_values_that_are_mostly_equal_takes_their_deviation() -> None:
    years = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.2])
    fit, s = fit_kernel(january(*years)), years.std()
    h = 0.3 * s * 7**-0.2
    assert fit.bandwidth[0] == pytest.approx(h * s / math.hypot(s, h))
    index = sswi(january(*years))[::12]
    assert index[-1] < -1
    assert (index[:-1] > 0).all()


def test_ranks_by_hand() -> None:
    index = empirical_index(january(5, 1, 9, 7), 1)[::12]
    expected = [normal_quantile((r - 0.44) / 4.12) for r in (2, 1, 4, 3)]
    np.testing.assert_allclose(index, expected, rtol=1e-12)
    ties = empirical_index(january(0, 0, 3, 8), 1)[::12]
    expected = [normal_quantile((r - 0.44) / 4.12) for r in (1.5, 1.5, 3, 4)]
    np.testing.assert_allclose(ties, expected, rtol=1e-12)


def test_ranks_are_the_percentiles() -> None:
    rain = some_rain(3, 480)
    rain[0] = np.round(rain[0] / 20)  # ties
    percentile = empirical_percentile(rain, first_step=4, reference=(24, 400))
    index = empirical_index(rain, 1, first_month=4, reference=(24, 400))
    np.testing.assert_allclose(100 * ndtr(index), percentile, rtol=1e-10)


def test_the_lowest_of_thirty_years_and_lower_still() -> None:
    index = empirical_index(january(*range(1, 31), -5.0), 1, reference=(0, 360))[::12]
    assert index[0] == pytest.approx(-2.0836, abs=1e-3)
    assert index[-1] == pytest.approx(-2.88, abs=5e-3)


# --- Fit and use are two steps, and a fit can be stored -------------------------------------------


@pytest.mark.parametrize("index", list(FITS), ids=lambda f: f.__name__)
@pytest.mark.parametrize("period", [12, 36])
def test_a_stored_fit_reads_later_values(index: Index, period: int, tmp_path: Path) -> None:
    rain = some_rain(2, 3, period * 40)
    totals, learnt = rolling_sum(rain, 3), (0, period * 30)
    fit = FITS[index](totals[..., : period * 30], period=period)
    np.savez(tmp_path / "fit.npz", **dataclasses.asdict(fit))
    with np.load(tmp_path / "fit.npz") as stored:
        again = type(fit)(**stored)
    assert again.period == period
    expected = index(rain, 3, reference=learnt, period=period)
    assert same(standardise(totals, again), expected)
    later = standardise(totals[..., period * 30 + 7 :], again, first_step=8)
    assert same(later, expected[..., period * 30 + 7 :])


@pytest.mark.parametrize("index", list(FITS), ids=lambda f: f.__name__)
def test_one_fit_serves_many_places_and_many_fits_one_series(index: Index) -> None:
    rain = some_rain(4, 360)
    fit = FITS[index](rain[0])
    together = standardise(rain, fit, bound=None)
    assert same(together, np.stack([standardise(place, fit, bound=None) for place in rain]))
    fits = FITS[index](rain)
    assert same(
        standardise(rain[0], fits),
        np.stack([standardise(rain[0], FITS[index](place)) for place in rain]),
    )


# --- Dekads ---------------------------------------------------------------------------------------


@every_index
def test_each_dekad_has_its_own_fit(index: Index) -> None:
    rain = some_rain(36 * 40, seed=9)
    whole = index(rain, 1, period=36, first_step=5)
    dekad = np.full(36 * 40 + 4, np.nan)
    dekad[4:] = rain
    for step in (0, 4, 35):
        # The same numbers as a January among months.
        alone = index(january(*dekad[step::36]), 1)[::12]
        np.testing.assert_allclose(whole[(step - 4) % 36 :: 36], alone[-40:], rtol=1e-10)


def test_dekads_start_with_a_month_or_a_dekad() -> None:
    rain = some_rain(36 * 20 + 7)
    by_month = spi(rain, 3, period=36, first_month=4)
    assert same(by_month, spi(rain, 3, period=36, first_step=10))
    years = np.concatenate([np.full(9, np.nan), rain])
    np.testing.assert_allclose(by_month, spi(years, 3, period=36)[9:], rtol=1e-12)
    assert same(spi(rain, 3, first_month=4), spi(rain, 3, first_step=4))
    with pytest.raises(ValueError, match="give one"):
        spi(rain, 3, period=36, first_month=4, first_step=10)
    with pytest.raises(ValueError, match="1-36"):
        spi(rain, 3, period=36, first_step=37)
    with pytest.raises(ValueError, match="1-12"):
        spi(rain, 3, period=36, first_month=13)
    with pytest.raises(ValueError, match="1-12"):
        spi(rain, 3, first_step=13)


@pytest.mark.parametrize("period", [365, 366, 52, 1, 0])
def test_there_are_no_days_so_no_leap_days(period: int) -> None:
    with pytest.raises(ValueError, match="12 months or 36 dekads"):
        spi(some_rain(1000), 3, period=period)


# --- Minimum share of valid years -----------------------------------------------------------------


@every_index
def test_minimum_share_of_valid_years(index: Index) -> None:
    years = full_rain(20, 12)
    years[:8, 0] = np.nan  # 12 of 20 Januaries
    series = years.ravel()
    whole = index(series, 1)
    assert same(index(series, 1, min_valid_share=0.6), whole)
    strict = index(series, 1, min_valid_share=0.61).reshape(20, 12)
    assert np.isnan(strict[:, 0]).all()
    assert same(strict[:, 1:], whole.reshape(20, 12)[:, 1:])


def test_the_share_is_of_the_reference_years_of_that_month() -> None:
    # 11 Januaries, 10 of any other month; the first three-month total ends in March.
    rain = full_rain(121)
    full = spi(rain, 3, min_valid_share=1.0)
    assert np.isnan(full[np.arange(121) % 12 < 2]).all()
    assert not np.isnan(full[2:][np.arange(2, 121) % 12 >= 2]).any()
    learnt = spi(rain, 3, min_valid_share=1.0, reference=(12, 121))
    assert not np.isnan(learnt[2:]).any()


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_share_is_a_share(share: float) -> None:
    with pytest.raises(ValueError, match="min_valid_share"):
        spei(some_rain(240), 1, min_valid_share=share)


# --- Edge cases, each a row of the table in docs/indicators.md ------------------------------------


@rain_index
def test_a_month_that_is_always_dry_is_missing_for_rain(index: Index) -> None:
    assert np.isnan(index(january(*[0.0] * 30), 1)[::12]).all()


@rain_index
def test_one_rainy_year_is_missing_for_rain(index: Index) -> None:
    assert np.isnan(index(january(*[0.0] * 29, 12.0), 1)[::12]).all()


def test_one_rainy_year_elsewhere() -> None:
    years = january(*[0.0] * 29, 12.0)
    assert np.isnan(spei(years, 1)[::12]).all()  # an L-skewness of 1: no such distribution
    ranks = [normal_quantile((r - 0.44) / 30.12) for r in [15] * 29 + [30]]
    np.testing.assert_allclose(empirical_index(years, 1)[::12], ranks, atol=1e-12)
    kernel = sswi(years)[::12]
    assert kernel[-1] > 1.5
    assert kernel[0] == pytest.approx(kernel[1])
    assert -0.5 < kernel[0] < 0.5


@pytest.mark.parametrize("years", [4, 5, 7, 30, 61])
def test_all_but_one_equal_has_no_fit_whatever_the_rounding(years: int) -> None:
    rng = np.random.default_rng(years)
    usual = np.repeat(rng.uniform(1.0, 300.0, size=(200, 1)), years + 3, axis=1)
    usual[:, years:] = np.nan
    for other in (1.1, 0.9, 7.0, 1e-3):
        sample = usual.copy()
        sample[:, 2] *= other
        series = np.full((200, years + 3, 12), 10.0)
        series[:, :, 0] = sample
        assert np.isnan(fit_logistic(series.reshape(200, -1)).shape[:, 0]).all()
        assert np.isnan(fit_pearson3(series.reshape(200, -1)).skew[:, 0]).all()


@pytest.mark.parametrize("value", [0.1, 50.0, 1e9])
@pytest.mark.parametrize("scale", [1, 3, 12])
def test_values_that_never_change(value: float, scale: int) -> None:
    series = np.full(480, value)
    for index in (*RAIN_INDICES, spei, sswi):
        assert np.isnan(index(series, scale)).all()
    assert np.isnan(spei(-series, scale)).all()
    np.testing.assert_allclose(empirical_index(series, scale)[scale - 1 :], 0.0, atol=1e-12)


def test_totals_that_differ_by_rounding_alone_are_missing() -> None:
    years = np.zeros((20, 12))
    years[:, :3] = np.array([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]] * 10)  # 0.6 and a bit, or 0.6
    assert len(np.unique(rolling_sum(years.ravel(), 3)[2::12])) == 2
    for index in (*RAIN_INDICES, spei, sswi):
        assert np.isnan(index(years.ravel(), 3)[2::12]).all()


@rain_index
def test_negative_rain_is_named(index: Index) -> None:
    rain = some_rain(2, 3, 36)
    rain[1, 2, 7] = rain[1, 2, 30] = -0.5
    with pytest.raises(ValueError, match=r"precip\[1, 2, 7\] is -0\.5"):
        index(rain, 3)


def test_negative_balances_and_wetness_are_values() -> None:
    for index in FREE_INDICES:
        assert not np.isnan(index(full_rain(360) - 200.0, 1)).any()


@every_index
@pytest.mark.parametrize("infinite", [np.inf, -np.inf])
def test_infinite_values_are_named(index: Index, infinite: float) -> None:
    rain = some_rain(2, 36)
    rain[1, 7] = infinite
    with pytest.raises(ValueError, match=rf"\w+\[1, 7\] is {infinite}"):
        index(rain, 3)


@pytest.mark.parametrize("index", list(FITS), ids=lambda f: f.__name__)
def test_fits_and_their_use_name_what_is_infinite(index: Index) -> None:
    series = full_rain(360)
    fit = FITS[index](series)
    series[5] = np.inf
    with pytest.raises(ValueError, match=r"\w+\[5\] is inf"):
        FITS[index](series)
    with pytest.raises(ValueError, match=r"totals\[5\] is inf"):
        standardise(series, fit)


@every_index
@pytest.mark.parametrize("missing", [0, 1, 200, 478, 479])
def test_a_missing_month_empties_its_windows_and_no_other(index: Index, missing: int) -> None:
    series = full_rain(480, seed=1)
    series[missing] = np.nan
    expected = np.zeros(480, dtype=bool)
    expected[:5] = True
    expected[missing : missing + 6] = True
    np.testing.assert_array_equal(np.isnan(index(series, 6)), expected)


@every_index
@pytest.mark.parametrize("length", range(471, 484))
def test_last_year_may_be_partial(index: Index, length: int) -> None:
    rain = full_rain(length, seed=4)
    years = np.full(492, np.nan)
    years[:length] = rain
    np.testing.assert_allclose(index(rain, 3), index(years, 3)[:length], rtol=1e-10)


@every_index
def test_series_shorter_than_the_scale_is_missing(index: Index) -> None:
    result = index(full_rain(2, 24), 25)
    assert result.shape == (2, 24)
    assert np.isnan(result).all()


@every_index
@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 240)])
def test_nothing_in_nothing_out(index: Index, shape: tuple[int, ...]) -> None:
    assert index(np.ones(shape), 3).shape == shape
    if index in FITS:
        fit = FITS[index](np.ones(shape))
        assert standardise(np.ones(shape), fit).shape == shape


@every_index
def test_all_missing_in_all_missing_out(index: Index) -> None:
    assert np.isnan(index(np.full((2, 360), np.nan), 3)).all()


@every_index
def test_three_years_are_too_few_and_four_are_not(index: Index) -> None:
    assert np.isnan(index(january(1, 2, 5, *[np.nan] * 5), 1)[::12]).all()
    four = index(january(1, 2, 5, 8, *[np.nan] * 5), 1)[::12]
    np.testing.assert_array_equal(np.isnan(four), [False] * 4 + [True] * 5)


@every_index
def test_float32_and_whole_numbers_are_computed_in_float64(index: Index) -> None:
    rain = np.nan_to_num(some_rain(360)).round()
    assert index(rain, 3).dtype == np.float64
    assert same(index(rain.astype(np.float32), 3), index(rain, 3))
    assert same(index(rain.astype(np.int32), 3), index(rain, 3))
    masked = np.ma.masked_array(np.where(rain > 150, -999.0, rain), rain > 150)
    assert same(index(masked, 3), index(np.where(rain > 150, np.nan, rain), 3))


def test_outside_the_support_is_at_the_bound() -> None:
    # A negative shape ends the generalised logistic below, a positive one above.
    series = np.concatenate([full_rain(360), np.full(12, -1e6), np.full(12, 1e6)])
    for sign in (1.0, -1.0):
        fit = fit_logistic(sign * series[:360])
        assert (np.sign(fit.shape) == -sign).all()
        index = spei(sign * series, 1, reference=(0, 360))
        np.testing.assert_array_equal(index[360:], sign * np.repeat([-BOUND, BOUND], 12))
        free = spei(sign * series, 1, reference=(0, 360), bound=None)
        np.testing.assert_array_equal(free[360:372], np.full(12, -sign * np.inf))
    # By hand: location 0, scale 1, shape -1 ends at -1; Pearson III of skew 2 at mean - deviation.
    one = np.ones(12)
    logistic = LogisticParameters(0 * one, one, -one)
    ends = standardise([-1.1, -1.0, -0.999, 0.0], logistic, bound=None)
    np.testing.assert_array_equal(ends[:2], [-np.inf, -np.inf])
    assert ends[2] == pytest.approx(normal_quantile(1 / 1001), rel=1e-6)
    assert ends[3] == 0.0
    pearson = Pearson3Parameters(20 * one, 10 * one, 2 * one, 0 * one)
    ends = standardise([5.0, 10.0, 20.0], pearson, bound=None)
    np.testing.assert_array_equal(ends[:2], [-np.inf, -np.inf])
    assert ends[2] == pytest.approx(normal_quantile(1 - math.exp(-1)))
    pearson = Pearson3Parameters(20 * one, 10 * one, -2 * one, 0 * one)
    ends = standardise([20.0, 30.0, 35.0], pearson, bound=None)
    assert ends[0] == pytest.approx(normal_quantile(math.exp(-1)))
    np.testing.assert_array_equal(ends[1:], [np.inf, np.inf])


@every_index
def test_options_are_checked(index: Index) -> None:
    rain = full_rain(240)
    for options in ({"bound": 0.0}, {"bound": -1.0}, {"first_month": 13}, {"reference": (9, 9)}):
        with pytest.raises(ValueError, match=r"bound|must be in|selects none"):
            index(rain, 1, **options)
    with pytest.raises(ValueError, match="scale"):
        index(rain, 0)
    with pytest.raises(ValueError, match="time axis"):
        index(np.float64(3.0), 1)


def test_methods_and_distributions_are_checked() -> None:
    with pytest.raises(ValueError, match="method must be one of l-moments, thom, mle"):
        spi(full_rain(240), 1, method="ml")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="gamma or pearson3"):
        spi(full_rain(240), 1, distribution="lognormal")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not by mle"):
        spi(full_rain(240), 1, distribution="pearson3", method="mle")


# --- Places ---------------------------------------------------------------------------------------


@every_index
@pytest.mark.parametrize("scale", [1, 3, 12])
def test_a_place_is_the_same_alone_or_among_others(index: Index, scale: int) -> None:
    rain = some_rain(101, 371)

    def of(places: np.ndarray) -> np.ndarray:
        return index(places, scale, first_month=8, reference=(60, 330), bound=None)

    together = of(rain)
    assert not np.isnan(together).all()
    assert same(together, np.stack([of(place) for place in rain]))
    for part in (slice(0, 1), slice(40, 42), slice(3, 77)):
        assert same(together[part], of(rain[part]))


@every_index
def test_chunks_and_threads_change_nothing(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    rain = some_rain(67, 371)
    expected = index(rain, 3)
    monkeypatch.setattr(fits.os, "cpu_count", lambda: 4)
    for chunk in (1, 371 * 2, 371 * 9 + 5):
        monkeypatch.setattr(fits, "CHUNK", chunk)
        assert same(index(rain, 3), expected)
    if index in FITS:
        assert same(standardise(rolling_sum(rain, 3), FITS[index](rolling_sum(rain, 3))), expected)


@every_index
def test_leading_axes_are_places_however_they_lie_in_memory(index: Index) -> None:
    rain = some_rain(4, 5, 380)
    before = rain.copy()
    expected = np.stack([[index(place, 3) for place in row] for row in rain])
    assert same(index(rain, 3), expected)
    assert same(index(rain[0], 3), expected[0])
    assert same(index(np.asfortranarray(rain), 3), expected)
    assert same(index(rain.transpose(1, 0, 2), 3), expected.transpose(1, 0, 2))
    assert same(index(rain[::2, ::-1], 3), expected[::2, ::-1])
    assert same(rain, before)


# --- Whatever the weather -------------------------------------------------------------------------

seeds = st.integers(0, 2**32 - 1)


@every_index
@settings(max_examples=25)
@given(seed=seeds, scale=st.integers(1, 14), first_month=st.integers(1, 12))
def test_wetter_is_never_drier(index: Index, seed: int, scale: int, first_month: int) -> None:
    rain = some_rain(240, seed=seed)
    totals = rolling_sum(rain, scale)
    values = index(rain, scale, first_month=first_month)
    assert not (np.abs(values) > BOUND).any()
    assert np.isnan(values[np.isnan(totals)]).all()
    for month in range(12):
        by_rain = np.argsort(totals[month::12], kind="stable")
        steps = np.diff(values[month::12][by_rain])
        assert (steps[~np.isnan(steps)] >= -1e-9).all()


@every_index
@settings(max_examples=25)
@given(seed=seeds, scale=st.integers(1, 14), factor=st.floats(1e-6, 1e6))
def test_the_unit_does_not_matter(index: Index, seed: int, scale: int, factor: float) -> None:
    totals = rolling_sum(some_rain(240, seed=seed).round(), scale)
    # The sums themselves are scaled: sums of scaled months round to other ties.
    np.testing.assert_allclose(index(totals * factor, 1), index(totals, 1), rtol=0, atol=1e-8)


@pytest.mark.parametrize("index", [spei, sswi], ids=lambda f: f.__name__)
@settings(max_examples=40)
@given(seed=seeds, scale=st.integers(1, 14), shift=st.floats(-1000.0, 1000.0))
def test_the_zero_of_a_balance_does_not_matter(
    index: Index, seed: int, scale: int, shift: float
) -> None:
    balance = full_rain(240, seed=seed) - 70.0
    np.testing.assert_allclose(
        index(balance + shift, scale), index(balance, scale), rtol=0, atol=1e-8
    )


@settings(max_examples=25)
@given(seed=seeds, scale=st.integers(1, 14))
def test_spei_turned_round_is_its_negative(seed: int, scale: int) -> None:
    balance = full_rain(240, seed=seed) - 70.0
    np.testing.assert_allclose(spei(-balance, scale), -spei(balance, scale), rtol=0, atol=1e-9)


@every_index
@settings(max_examples=10)
@given(seed=seeds, shape=st.floats(2.0, 20.0))
def test_standard_normal_on_the_reference(index: Index, seed: int, shape: float) -> None:
    rain = np.random.default_rng(seed).gamma(shape, 60.0 / shape, size=12 * 200)
    values = index(rain, 1).reshape(200, 12)
    assert abs(values.mean()) < 0.04
    assert np.abs(values.mean(axis=0)).max() < 0.15
    assert values.std(axis=0, ddof=1).mean() == pytest.approx(1.0, abs=0.04)


@every_index
def test_classes_come_as_often_as_the_normal_law_says(index: Index) -> None:
    rng = np.random.default_rng(11)
    shape = (60, 12 * 60)
    # Of the law that is fitted; SSWI and ranks take any.
    sample = rng.logistic(size=shape) if index is spei else rng.gamma(3.0, 20.0, size=shape)
    values = index(sample, 1)
    for limit in (-2.0, -1.6, -1.3, -0.8, -0.5, 1.0, 1.5, 2.0):
        expected = NormalDist().cdf(limit)
        assert (values <= limit).mean() == pytest.approx(expected, abs=0.0095)
