"""SPI: against published numbers, by hand, at the edges, and whatever the rain."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from scipy.special import gammaln

from geo_pipeline.indicators import spi
from geo_pipeline.indicators.aggregation import rolling_sum
from geo_pipeline.indicators.standardised import (
    BOUND,
    fit_gamma,
    gamma_shape,
    l_moments,
    standardise,
)

pytestmark = pytest.mark.filterwarnings("error")

normal_quantile = NormalDist().inv_cdf


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


def january(*years: float) -> np.ndarray:
    """A monthly series with these Januaries, and 10 mm in every other month."""
    series = np.full((len(years), 12), 10.0)
    series[:, 0] = years
    return series.ravel()


# --- Published and hand-worked numbers ------------------------------------------------------------


@pytest.mark.parametrize("scale", [1, 3, 6, 12, 24])
def test_wichita_is_as_the_independent_implementations_agree(
    wichita: dict[str, np.ndarray], scale: int
) -> None:
    rain, expected = wichita["precip_mm"], wichita[f"spi{scale}_gamma_lmom"]
    # The numbers are printed with eight significant digits.
    np.testing.assert_allclose(spi(rain, scale, bound=None), expected, rtol=0, atol=1e-7)
    np.testing.assert_allclose(spi(rain, scale), expected.clip(-3.09, 3.09), rtol=0, atol=1e-7)


def test_wichita_holds_when_the_series_starts_in_another_month(
    wichita: dict[str, np.ndarray],
) -> None:
    rain = wichita["precip_mm"]
    calendar_years = np.concatenate([np.full(4, np.nan), rain[4:]])
    assert same(spi(rain[4:], 3, first_month=5), spi(calendar_years, 3)[4:])


def test_l_moments_by_hand() -> None:
    l1, l2 = l_moments(np.array([4.0, 1.0, np.nan, 3.0, 2.0]))
    assert l1 == 2.5
    assert l2 == pytest.approx(5 / 6, rel=1e-15)  # half the mean difference of the six pairs


def test_l_moments_of_too_few_values_are_missing() -> None:
    l1, l2 = l_moments(np.array([[7.0, np.nan], [np.nan, np.nan]]))
    np.testing.assert_array_equal(l1, [7.0, np.nan])
    np.testing.assert_array_equal(l2, [np.nan, np.nan])


def test_l_moments_are_the_unbiased_probability_weighted_moments() -> None:
    x = np.sort(some_rain(200, 31)[np.newaxis])
    x[np.isnan(x)] = 12.0
    x.sort()
    rank = np.arange(31)
    b0, b1 = x.mean(axis=-1), (x * rank / 30).mean(axis=-1)
    l1, l2 = l_moments(x)
    np.testing.assert_allclose(l1, b0, rtol=1e-13)
    np.testing.assert_allclose(l2, 2 * b1 - b0, rtol=1e-12)


def test_gamma_shape_by_hand() -> None:
    # t = 1/3: z = pi/9 = 0.3490659; (1 - 0.1075123) / (0.3490659 - 0.0070817 + 0.0007507).
    assert gamma_shape(np.array(1 / 3)) == pytest.approx(0.8924877 / 0.3427348, rel=1e-6)
    # t = 3/4: z = 1/4; (0.180325 - 0.03716875) / (1 - 0.545425 + 0.07570625).
    assert gamma_shape(np.array(3 / 4)) == pytest.approx(0.14315625 / 0.53028125, rel=1e-12)
    assert gamma_shape(np.array(1 / 2)) == pytest.approx(1.0, rel=1e-12)  # the exponential


def test_gamma_shape_inverts_the_exact_l_cv() -> None:
    alpha = np.geomspace(0.01, 1e6, 2001)
    l_cv = np.exp(gammaln(alpha + 0.5) - gammaln(alpha + 1.0)) / math.sqrt(math.pi)
    np.testing.assert_allclose(gamma_shape(l_cv), alpha, rtol=5e-5)


@pytest.mark.parametrize("l_cv", [np.nan, -0.1, 0.0, 1.0, 1.2])
def test_gamma_shape_is_missing_where_there_is_no_gamma(l_cv: float) -> None:
    assert np.isnan(gamma_shape(np.array(l_cv)))


def test_spi_by_hand() -> None:
    # 1, 2, 5, 8: l1 = 4 and l2 = 2, the exponential distribution of mean 4.
    index = spi(january(1, 2, 5, 8), 1)[::12]
    expected = [normal_quantile(1 - math.exp(-x / 4)) for x in (1, 2, 5, 8)]
    np.testing.assert_allclose(index, expected, rtol=1e-12)


def test_spi_by_hand_with_a_dry_year() -> None:
    index = spi(january(5, 0, 8, 1, 2), 1)[::12]
    expected = [normal_quantile(0.2 + 0.8 * (1 - math.exp(-x / 4))) for x in (5, 0, 8, 1, 2)]
    np.testing.assert_allclose(index, expected, rtol=1e-12)
    assert index[1] == pytest.approx(-0.8416212)  # the normal quantile of one dry year in five


def test_spi_is_its_definition_written_out() -> None:
    rain = some_rain(3, 613, seed=5)
    months = (np.arange(613) + 4) % 12
    reference = (np.arange(613) >= 40) & (np.arange(613) < 500)
    expected = np.full(rain.shape, np.nan)
    for place in range(3):
        for month in range(12):
            known = rain[place, reference & (months == month)]
            known = known[~np.isnan(known)]
            wet = np.sort(known[known > 0])
            b0, b1 = wet.mean(), (wet * np.arange(wet.size)).mean() / (wet.size - 1)
            shape = float(gamma_shape(np.array((2 * b1 - b0) / b0)))
            dry = (known == 0).mean()
            some = (months == month) & ~np.isnan(rain[place])
            below = stats.gamma.cdf(rain[place, some], shape, scale=b0 / shape)
            expected[place, some] = stats.norm.ppf(dry + (1 - dry) * below)
    index = spi(rain, 1, first_month=5, reference=(40, 500), bound=None)
    np.testing.assert_allclose(index, expected, rtol=0, atol=1e-12)


# --- The fit and its use --------------------------------------------------------------------------


def test_parameters_are_kept_by_calendar_month() -> None:
    parameters = fit_gamma(january(1, 2, 5, 8, 0)[6:], first_month=7)
    assert parameters.shape.shape == parameters.scale.shape == parameters.zero_share.shape == (12,)
    assert np.isnan(parameters.shape[1:]).all()  # 10 mm in every other month
    assert parameters.zero_share[0] == 0.25  # the first January is cut off
    parameters = fit_gamma(january(1, 2, 5, 8, 0))
    assert parameters.shape[0] == pytest.approx(1.0)
    assert parameters.scale[0] == pytest.approx(4.0)
    assert parameters.zero_share[0] == pytest.approx(0.2)


def test_zero_share_counts_the_valid_years_of_its_month() -> None:
    rain = january(1, 2, 5, 8, 0, np.nan, np.nan, np.nan)
    assert fit_gamma(rain).zero_share[0] == pytest.approx(0.2)


def test_a_stored_fit_reads_later_months() -> None:
    rain = some_rain(3, 480)
    totals = rolling_sum(rain, 3)
    fit = fit_gamma(totals[:, :360])
    assert same(standardise(totals, fit), spi(rain, 3, reference=(0, 360)))
    assert same(
        standardise(totals[:, 365:], fit, first_month=6), spi(rain, 3, reference=(0, 360))[:, 365:]
    )


def test_one_fit_serves_many_places() -> None:
    rain = some_rain(4, 360)
    fit = fit_gamma(rain[0])
    assert same(
        standardise(rain, fit, bound=None),
        np.stack([standardise(place, fit, bound=None) for place in rain]),
    )


def test_reference_is_all_of_the_series_unless_told() -> None:
    rain = some_rain(360)
    assert same(spi(rain, 3), spi(rain, 3, reference=(0, 360)))
    assert same(spi(rain, 3), spi(rain, 3, reference=slice(None)))
    assert same(spi(rain, 3), spi(rain, 3, reference=(0, 9999)))


def test_reference_is_by_position_with_stop_excluded() -> None:
    rain = some_rain(2, 480)
    inside = spi(rain, 6, reference=(120, 360), first_month=4)
    assert same(inside, spi(rain, 6, reference=slice(120, 360), first_month=4))
    assert same(inside, spi(rain, 6, reference=(-360, -120), first_month=4))
    changed = rain.copy()
    changed[:, 360:] *= 3.0
    changed[:, :115] *= 3.0  # the first total of the reference holds months 115 to 120
    after = spi(changed, 6, reference=(120, 360), first_month=4)
    assert same(after[:, 120:360], inside[:, 120:360])
    changed[:, 115] += 50.0
    assert not same(spi(changed, 6, reference=(120, 360), first_month=4)[:, 120:360], after)


def test_values_outside_the_reference_are_standardised() -> None:
    rain = some_rain(480)
    index = spi(rain, 1, reference=(0, 240))
    np.testing.assert_array_equal(np.isnan(index), np.isnan(rain))
    assert not same(index[240:], spi(rain, 1)[240:])


@pytest.mark.parametrize("reference", [(240, 240), (300, 200), (1991, 2021), slice(0, 240, 2)])
def test_a_reference_that_makes_no_sense_is_refused(reference: tuple[int, int] | slice) -> None:
    with pytest.raises(ValueError, match=r"reference|selects none"):
        spi(some_rain(480), 3, reference=reference)


# --- Bounds ---------------------------------------------------------------------------------------


def test_bounded_at_one_in_a_thousand() -> None:
    rain = np.append(some_rain(480), [1e5] * 12)
    index = spi(rain, 1, reference=(0, 480))
    np.testing.assert_array_equal(index[-12:], np.full(12, BOUND))
    free = spi(rain, 1, reference=(0, 480), bound=None)
    np.testing.assert_array_equal(index, free.clip(-BOUND, BOUND))
    assert (free[-12:] > BOUND).all()
    assert np.nanmax(np.abs(spi(rain, 1, bound=2.0))) == 2.0


def test_dry_month_where_none_was_ever_dry_is_at_the_bound() -> None:
    rain = january(1, 2, 5, 8, 0)
    assert spi(rain, 1, reference=(0, 48))[48] == -BOUND
    assert spi(rain, 1, reference=(0, 48), bound=None)[48] == -np.inf


@pytest.mark.parametrize("bound", [0.0, -3.0, math.nan])
def test_bound_must_be_positive(bound: float) -> None:
    with pytest.raises(ValueError, match="bound"):
        spi(some_rain(48), 1, bound=bound)


# --- Missing and degenerate -----------------------------------------------------------------------


@pytest.mark.parametrize("missing", [0, 1, 200, 478, 479])
def test_a_missing_month_empties_its_windows_and_no_other(missing: int) -> None:
    rain = np.random.default_rng(1).gamma(2.0, 30.0, size=480)
    rain[missing] = np.nan
    expected = np.zeros(480, dtype=bool)
    expected[:5] = True
    expected[missing : missing + 6] = True
    np.testing.assert_array_equal(np.isnan(spi(rain, 6)), expected)


def test_too_few_rainy_years_are_missing() -> None:
    assert np.isnan(spi(january(0, 0, 1, 2, 5, np.nan), 1)[::12]).all()
    np.testing.assert_array_equal(
        np.isnan(spi(january(0, 0, 1, 2, 5, 8, np.nan), 1)[::12]), [False] * 6 + [True]
    )


def test_the_reference_must_hold_the_rainy_years() -> None:
    assert np.isnan(spi(january(1, 2, 5, 8, 3, 4), 1, reference=(0, 36))).all()


@pytest.mark.parametrize("rain", [0.0, 0.1, 50.0])
@pytest.mark.parametrize("scale", [1, 3, 12])
def test_a_month_that_never_changes_is_missing(rain: float, scale: int) -> None:
    assert np.isnan(spi(np.full(480, rain), scale)).all()


def test_the_same_year_over_and_over_is_missing() -> None:
    year = np.random.default_rng(2).gamma(2.0, 30.0, size=12)
    assert np.isnan(spi(np.tile(year, 40), 5)).all()


def test_totals_that_differ_by_rounding_alone_are_missing() -> None:
    months = np.array([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]] * 10).ravel()  # 0.6 and a bit, or 0.6
    years = np.zeros((20, 12))
    years[:, :3] = months.reshape(20, 3)
    totals = rolling_sum(years.ravel(), 3)[2::12]
    assert len(np.unique(totals)) == 2
    assert np.isnan(spi(years.ravel(), 3)[2::12]).all()


def test_a_month_that_is_always_dry_leaves_the_others_alone() -> None:
    rain = np.nan_to_num(some_rain(40, 12))
    rain[:, 6] = 0.0
    index = spi(rain.ravel(), 1).reshape(40, 12)
    assert np.isnan(index[:, 6]).all()
    assert not np.isnan(np.delete(index, 6, axis=1)).any()


def test_nearly_constant_rain_is_finite() -> None:
    rain = np.random.default_rng(3).normal(1000.0, 1e-6, size=480)
    index = spi(rain, 1)
    assert np.isfinite(index).all()
    assert index.std() == pytest.approx(1.0, abs=0.1)


def test_window_longer_than_the_series_is_all_missing() -> None:
    index = spi(np.ones((2, 24)), 25)
    assert index.shape == (2, 24)
    assert np.isnan(index).all()


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 240)])
def test_nothing_in_nothing_out(shape: tuple[int, ...]) -> None:
    assert spi(np.ones(shape), 3).shape == shape


def test_all_missing_in_all_missing_out() -> None:
    assert np.isnan(spi(np.full((2, 360), np.nan), 3)).all()


@pytest.mark.parametrize("length", range(471, 484))
def test_last_year_may_be_partial(length: int) -> None:
    rain = np.random.default_rng(4).gamma(2.0, 30.0, size=length)
    years = np.full(492, np.nan)
    years[:length] = rain
    index = spi(rain, 3)
    assert index.shape == rain.shape
    np.testing.assert_allclose(index, spi(years, 3)[:length], rtol=1e-12)


# --- Types and refusals ---------------------------------------------------------------------------


def test_computed_in_float64() -> None:
    rain = np.nan_to_num(some_rain(360)).round()
    assert same(spi(rain.astype(np.float32), 3), spi(rain, 3))
    assert same(spi(rain.astype(np.int32), 3), spi(rain, 3))
    assert same(spi([int(x) for x in rain], 3), spi(rain, 3))


def test_masked_elements_are_missing() -> None:
    rain = some_rain(360)
    masked = np.ma.masked_array(np.where(np.isnan(rain), -999.0, rain), np.isnan(rain))
    assert same(spi(masked, 3), spi(rain, 3))


def test_the_argument_is_left_as_it_was() -> None:
    rain = some_rain(2, 360)
    before = rain.copy()
    rain.flags.writeable = False
    result = spi(rain, 1)
    assert same(rain, before)
    assert result.flags.owndata
    assert result.flags.writeable


def test_negative_and_infinite_rain_is_named() -> None:
    rain = some_rain(2, 36)
    rain[1, 7] = rain[1, 30] = -0.5
    with pytest.raises(ValueError, match=r"precip\[1, 7\] is -0\.5"):
        spi(rain, 3)
    rain[0, 35] = np.inf
    with pytest.raises(ValueError, match=r"precip\[0, 35\] is inf"):
        spi(rain, 3)
    with pytest.raises(ValueError, match=r"totals\[0, 35\] is inf"):
        fit_gamma(rain)
    with pytest.raises(ValueError, match=r"totals\[2\] is -1\.0"):
        standardise([1.0, 2.0, -1.0], fit_gamma(some_rain(360)))


@pytest.mark.parametrize("scale", [0, -3])
def test_scale_below_one_is_refused(scale: int) -> None:
    with pytest.raises(ValueError, match="scale must be at least 1"):
        spi(some_rain(36), scale)


@pytest.mark.parametrize("first_month", [0, 13, -1])
def test_first_month_is_a_month(first_month: int) -> None:
    with pytest.raises(ValueError, match="first month of a series must be in 1-12"):
        spi(some_rain(36), 1, first_month=first_month)


def test_whole_numbers_must_be_whole() -> None:
    with pytest.raises(TypeError):
        spi(some_rain(36), 1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        spi(some_rain(36), 1, first_month=1.5)  # type: ignore[arg-type]


def test_a_single_number_is_no_series() -> None:
    with pytest.raises(ValueError, match="time axis"):
        spi(3.0, 1)


# --- Places ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [371, 719])
@pytest.mark.parametrize("scale", [1, 3, 12, 24])
def test_a_place_is_the_same_alone_or_among_others(scale: int, length: int) -> None:
    rain = some_rain(101, length)

    def index(places: np.ndarray) -> np.ndarray:
        return spi(places, scale, first_month=8, reference=(60, length - 50), bound=None)

    together = index(rain)
    assert not np.isnan(together).all()
    assert same(together, np.stack([index(place) for place in rain]))
    assert same(together[:1], index(rain[:1]))
    assert same(together[40:42], index(rain[40:42]))


def test_leading_axes_are_places_however_they_lie_in_memory() -> None:
    rain = some_rain(4, 5, 380)
    expected = np.stack([[spi(place, 3) for place in row] for row in rain])
    assert same(spi(rain, 3), expected)
    assert same(spi(np.asfortranarray(rain), 3), expected)
    assert same(spi(rain.transpose(1, 0, 2), 3), expected.transpose(1, 0, 2))
    assert same(spi(rain[::2, ::-1], 3), expected[::2, ::-1])


# --- Whatever the rain ----------------------------------------------------------------------------

rains = hnp.arrays(
    np.float64,
    st.integers(60, 200),
    elements=st.one_of(st.just(0.0), st.just(np.nan), st.floats(0.1, 1000.0)),
)


@settings(max_examples=60)
@given(rain=rains, scale=st.integers(1, 14), first_month=st.integers(1, 12))
def test_more_rain_is_never_drier(rain: np.ndarray, scale: int, first_month: int) -> None:
    totals = rolling_sum(rain, scale)
    index = spi(rain, scale, first_month=first_month)
    for month in range(12):
        by_rain = np.argsort(totals[month::12], kind="stable")
        steps = np.diff(index[month::12][by_rain])
        # Totals one rounding apart may come out of the incomplete gamma function the wrong way.
        assert (steps[~np.isnan(steps)] >= -1e-12).all()


@settings(max_examples=60)
@given(rain=rains, scale=st.integers(1, 14), factor=st.floats(1e-6, 1e6))
def test_the_unit_of_rain_does_not_matter(rain: np.ndarray, scale: int, factor: float) -> None:
    totals = rolling_sum(rain.round(), scale)
    before = standardise(totals, fit_gamma(totals))
    after = standardise(totals * factor, fit_gamma(totals * factor))
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-9)


@settings(max_examples=60)
@given(rain=rains, scale=st.integers(1, 14), first_month=st.integers(1, 12))
def test_missing_or_bounded_never_anything_else(
    rain: np.ndarray, scale: int, first_month: int
) -> None:
    index = spi(rain, scale, first_month=first_month)
    assert index.shape == rain.shape
    assert not (np.abs(index) > BOUND).any()
    assert np.isnan(index[np.isnan(rolling_sum(rain, scale))]).all()


@settings(max_examples=25)
@given(shape=st.floats(0.6, 30.0), mean=st.floats(1.0, 300.0), seed=st.integers(0, 2**32 - 1))
def test_gamma_rain_gives_a_standard_normal_index(shape: float, mean: float, seed: int) -> None:
    rain = np.random.default_rng(seed).gamma(shape, mean / shape, size=12 * 200)
    index = spi(rain, 1).reshape(200, 12)
    assert abs(index.mean()) < 0.04
    assert np.abs(index.mean(axis=0)).max() < 0.15
    assert index.std(axis=0, ddof=1).mean() == pytest.approx(1.0, abs=0.06)


@settings(max_examples=60)
@given(rain=rains, scale=st.integers(1, 14), start=st.integers(0, 30))
def test_a_total_does_not_depend_on_what_came_before(
    rain: np.ndarray, scale: int, start: int
) -> None:
    whole, tail = rolling_sum(rain, scale)[start:], rolling_sum(rain[start:], scale)
    assert same(tail[scale - 1 :], whole[scale - 1 :])
