"""Trends and clusters: published examples, other programs, and all orders written out."""

from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from geo_pipeline.indicators import trends
from geo_pipeline.indicators.clusters import global_moran, local_moran
from geo_pipeline.indicators.significance import false_discovery
from geo_pipeline.indicators.trends import mann_kendall, theil_sen

pytestmark = pytest.mark.filterwarnings("error")

NAN = np.nan

# Annual flow of the Nile at Aswan, 1871-1970, 1e8 m3 (Cobb 1978; public domain).
NILE = np.array(
    [
        *[1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960],
        *[1180, 799, 958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694],
        *[940, 833, 701, 916, 692, 1020, 1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832, 764],
        *[821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759, 781, 865, 845, 944, 984, 897],
        *[822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890, 744, 749, 838],
        *[1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740],
    ],
    dtype=float,
)


def some_series(*shape: int, missing: float = 0.0, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    series = rng.normal(size=shape) + 0.03 * np.arange(shape[-1])
    series[rng.random(shape) < missing] = NAN
    return series


def same(got: tuple, expected: tuple) -> None:
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other)


# --- Sen's slope ----------------------------------------------------------------------------------


def test_the_example_of_sen_1968() -> None:
    """His limits are ranks 4 and 18 of 21, which hold 97 % of all orders: P(|S| <= 13)."""
    times, values = [1, 2, 3, 4, 10, 12, 18], [9, 15, 19, 20, 45, 55, 78]
    line = theil_sen(values, times, min_years=7, confidence=0.95)
    assert (line.slope, line.intercept) == (4.0, 4.0)
    np.testing.assert_allclose([line.low, line.high], [26 / 7, 35 / 8])
    assert np.isnan(theil_sen(values, times)).all()


@pytest.mark.parametrize("length", [11, 12, 30, 61, 120])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_lines_are_those_of_scipy(length: int, confidence: float) -> None:
    times = np.cumsum(np.random.default_rng(length).integers(1, 4, length)) + 1950.0
    series = some_series(6, length)
    series[3:] = series[3:].round()
    line = theil_sen(series, times, confidence=confidence)
    for place, values in enumerate(series):
        scipy = stats.theilslopes(values, times, alpha=confidence)
        got = [line.slope[place], line.low[place], line.high[place], line.intercept[place]]
        np.testing.assert_allclose(
            got, [scipy.slope, scipy.low_slope, scipy.high_slope, scipy.intercept], rtol=1e-12
        )


def test_the_limits_hold_the_slope_as_often_as_they_say() -> None:
    """In all orders of 7 errors about no slope: the nearest share there is, not below."""
    orders = np.array(list(permutations([0.0, 1.1, 2.3, 3.6, 5.0, 6.5, 8.1])))
    s = np.abs(mann_kendall(orders, min_years=7).s)
    shares = np.array([(s <= c).mean() for c in np.unique(s)])
    for confidence in (0.8, 0.93, 0.95):
        line = theil_sen(orders, np.arange(7), confidence=confidence, min_years=7)
        held = ((line.low <= 0.0) & (line.high >= 0.0)).mean()
        assert held == shares[shares >= confidence].min()


def test_zero_is_outside_the_limits_where_the_test_rejects() -> None:
    for length in (8, 9, 10, 11, 25):
        series = some_series(500, length) + 0.1 * np.arange(length)
        line = theil_sen(series, np.arange(length), confidence=0.9)
        outside = (line.low > 0.0) | (line.high < 0.0)
        np.testing.assert_array_equal(outside, mann_kendall(series).p_value <= 0.1)
        assert 0 < outside.sum() < 500


def test_too_few_values_to_exclude_any_slope() -> None:
    line = theil_sen([1.0, 2.0, 4.0], [0, 1, 2], min_years=2)
    assert (line.slope, line.low, line.high) == (1.5, -np.inf, np.inf)
    assert theil_sen([1.0, 2.0], [0, 2], min_years=2).slope == 0.5


def test_a_constant_series_is_flat() -> None:
    same(theil_sen(np.full(9, 2.5), np.arange(9)), (0.0, 2.5, 0.0, 0.0))


def test_many_series_are_fitted_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    series, years = some_series(7, 5, 20, missing=0.2), np.arange(20)
    whole = theil_sen(series, years)
    assert whole.slope.shape == (7, 5)
    monkeypatch.setattr(trends, "_BLOCK", 1000)
    same(theil_sen(series, years), whole)


# --- Mann-Kendall ---------------------------------------------------------------------------------


def test_the_nile_as_pymannkendall_has_it() -> None:
    """Version 1.4.3: original_test, and hamed_rao_modification_test with 1, 3 and all lags."""
    test = mann_kendall(NILE)
    assert (test.s, round(float(test.variance), 4)) == (-1387.0, 112728.3333)
    np.testing.assert_allclose([test.z, test.p_value], [-4.128066522844, 3.65826292166e-05])
    line = theil_sen(NILE, np.arange(100))
    np.testing.assert_allclose([line.slope, line.intercept], [-2.6, 1022.2])
    for lags, variance, z, p_value in (
        (1, 190679.893306950, -3.174028193993, 0.001503390866360),
        (3, 282111.428078166, -2.609473498565, 0.009068166970294),
        (99, 241565.356916627, -2.819979195645, 0.004802676310183),
        (500, 241565.356916627, -2.819979195645, 0.004802676310183),
    ):
        test = mann_kendall(NILE, lags=lags)
        np.testing.assert_allclose([test.variance, test.z], [variance, z], rtol=1e-11)
        np.testing.assert_allclose(test.p_value, p_value, rtol=1e-10)


@pytest.mark.parametrize("length", [2, 3, 4, 5, 6, 7])
def test_small_samples_by_all_orders(length: int) -> None:
    orders = np.array(list(permutations(range(length))), dtype=float)
    test = mann_kendall(orders, min_years=2)
    s = [sum(np.sign(b - a) for i, a in enumerate(x) for b in x[i:]) for x in orders]
    np.testing.assert_array_equal(test.s, s)
    share = (np.abs(test.s) >= np.abs(test.s)[:, np.newaxis]).mean(axis=-1)
    np.testing.assert_allclose(test.p_value, share, rtol=1e-12)
    np.testing.assert_allclose(test.variance, np.var(s))


@pytest.mark.parametrize("length", [8, 9, 10])
def test_up_to_ten_values_are_exact(length: int) -> None:
    for values in some_series(20, length):
        scipy = stats.kendalltau(np.arange(length), values, method="exact")
        test = mann_kendall(values)
        np.testing.assert_allclose([test.tau, test.p_value], scipy, rtol=1e-12)


def test_the_normal_takes_over_smoothly() -> None:
    for values in some_series(50, 11):
        exact = stats.kendalltau(np.arange(11), values, method="exact").pvalue
        assert abs(mann_kendall(values).p_value - exact) < 0.01


def test_ties_by_hand_and_as_scipy() -> None:
    """Rises 21, falls 3; groups of 3 and 2: (8 x 7 x 21 - 3 x 2 x 11 - 2 x 1 x 9) / 18."""
    test = mann_kendall([1, 3, 2, 3, 3, 5, 5, 4])
    assert (test.s, test.variance) == (18.0, 1092 / 18)
    np.testing.assert_allclose(test.z, 17 / np.sqrt(1092 / 18))
    np.testing.assert_allclose(test.tau, 18 / np.sqrt(28 * 24))
    for values in some_series(20, 30).round():
        scipy = stats.kendalltau(np.arange(30), values).statistic
        np.testing.assert_allclose(mann_kendall(values).tau, scipy)


def test_a_constant_series_has_no_trend() -> None:
    for lags in (0, 3):
        test = mann_kendall(np.zeros(12), lags=lags)
        assert (test.s, test.variance, test.z, test.p_value) == (0.0, 0.0, 0.0, 1.0)
        assert np.isnan(test.tau)


def test_dependence_only_ever_widens_the_variance() -> None:
    up_and_down = np.tile([0.0, 1.0], 20) + np.linspace(0.0, 0.5, 40)
    assert mann_kendall(up_and_down, lags=1).variance == mann_kendall(up_and_down).variance
    persistent = np.sin(np.arange(60) / 6.0)
    assert mann_kendall(persistent, lags=1).variance > 2.0 * mann_kendall(persistent).variance


def test_missing_years_leave_a_series() -> None:
    series, years = some_series(40, 30, missing=0.6), np.arange(30) + 1990
    test, line = mann_kendall(series), theil_sen(series, years)
    short = (~np.isnan(series)).sum(axis=-1) < trends.MIN_YEARS
    assert 0 < short.sum() < 40
    for place, values in enumerate(series):
        known = ~np.isnan(values)
        same([part[place] for part in test], mann_kendall(values[known]))
        same([part[place] for part in line], theil_sen(values[known], years[known]))
        assert np.isnan([part[place] for part in (*test, *line)]).all() == short[place]


def test_places_at_once_equal_each_alone() -> None:
    series = some_series(3, 4, 25, missing=0.2)
    shapes = [series, np.asfortranarray(series), np.ma.masked_invalid(series)]
    for lags in (0, 2):
        alone = [[mann_kendall(values, lags=lags) for values in row] for row in series]
        for values in shapes:
            same(mann_kendall(values, lags=lags), np.moveaxis(np.array(alone), -1, 0))
    lines = [[theil_sen(values, np.arange(25)) for values in row] for row in series]
    for values in shapes:
        same(theil_sen(values, np.arange(25)), np.moveaxis(np.array(lines), -1, 0))


def test_no_places_and_no_years() -> None:
    assert mann_kendall(np.zeros((0, 20))).s.shape == (0,)
    assert theil_sen(np.zeros((2, 0, 20)), np.arange(20)).low.shape == (2, 0)
    for lags in (0, 3):
        assert np.isnan(mann_kendall(np.zeros((2, 0)), lags=lags).p_value).all()
    assert np.isnan(theil_sen(np.zeros((2, 0)), []).slope).all()


def test_trends_refuse_what_they_cannot_use() -> None:
    years = np.arange(3)
    for call in (mann_kendall, lambda x: theil_sen(x, years)):
        with pytest.raises(ValueError, match=r"values\[1\] is inf"):
            call([0.0, np.inf, 1.0])
        with pytest.raises(ValueError, match="axis"):
            call(0.0)
    with pytest.raises(ValueError, match="3 times, times have shape"):
        theil_sen([1.0, 2.0, 3.0], [1, 2])
    for times in ([1, 1, 2], [1, 3, 2], [1, 2, NAN]):
        with pytest.raises(ValueError, match="finite and increase"):
            theil_sen([1.0, 2.0, 3.0], times)
    for confidence in (0.0, 1.0, 95, NAN):
        with pytest.raises(ValueError, match="confidence must be between 0 and 1"):
            theil_sen([1.0, 2.0, 3.0], years, confidence=confidence)
    with pytest.raises(ValueError, match="min_years must be at least 2"):
        theil_sen([1.0, 2.0, 3.0], years, min_years=1)
    with pytest.raises(ValueError, match="min_years must be at least 2"):
        mann_kendall([1.0, 2.0, 3.0], min_years=1)
    with pytest.raises(ValueError, match="lags must be at least 0"):
        mann_kendall([1.0, 2.0, 3.0], lags=-1)


# --- Moran's I ------------------------------------------------------------------------------------

CHAIN = np.array([[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]], dtype=float)

# The example of de Smith, Goodchild and Longley that PySAL documents: 10 places, neighbours.
SMITH = np.array([2.24, 3.10, 4.55, -5.15, -4.39, 0.46, 5.54, 9.02, -2.09, -3.06])
SMITH_NEAR = [[2, 4], [1, 5], [4, 7], [1, 3, 5, 8], [2, 4, 6, 9], [5, 10], [3, 8], [4, 7, 9]]
SMITH_NEAR += [[5, 8, 10], [6, 9]]


def smith() -> np.ndarray:
    weights = np.zeros((10, 10))
    for place, near in enumerate(SMITH_NEAR):
        weights[place, np.array(near) - 1] = 1.0
    return weights


def some_map(n: int, near: int = 5, seed: int = 8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, y = rng.random((2, n))
    distance = np.hypot(x - x[:, np.newaxis], y - y[:, np.newaxis])
    weights = (distance.argsort(axis=-1).argsort(axis=-1) <= near) & (distance > 0.0)
    return 3.0 * x + rng.normal(size=n), weights.astype(float)


def test_a_chain_of_four_by_hand() -> None:
    local = local_moran([1.0, 2.0, 3.0, 4.0], CHAIN, significance=1.0)
    np.testing.assert_allclose(local.i, [0.6, 0.2, 0.2, 0.6])
    np.testing.assert_array_equal(local.quadrant, [3, 3, 1, 1])
    whole = global_moran([1.0, 2.0, 3.0, 4.0], CHAIN)
    np.testing.assert_allclose([whole.i, whole.expected], [0.4, -1 / 3])
    # The neighbour of the first is one of three others, each equally likely and this one nearest.
    np.testing.assert_allclose(local.p_value[0], 2 / 3, atol=0.1)
    # Products with -1.5: 0.75 seen; of 0.75, -0.75 and -2.25 the mean is -0.75, variance 1.5.
    np.testing.assert_allclose(local.z[0], 1.5 / np.sqrt(1.5))


def test_unlike_neighbours_around_a_square() -> None:
    ring = np.array([[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]])
    local = local_moran([1.0, -1.0, 1.0, -1.0], ring, significance=1.0)
    np.testing.assert_allclose(local.i, -1.0)
    np.testing.assert_array_equal(local.quadrant, [4, 2, 4, 2])
    assert global_moran([1.0, -1.0, 1.0, -1.0], ring).i == -1.0


def test_the_example_of_pysal() -> None:
    """Quadrants as its documentation prints; I as esda 2.9.0 has it, which takes n - 1 for n."""
    esda = [-0.11409277, -0.19940543, -0.13351408, -0.51770383, 0.48095009, 0.12208113]
    esda += [1.19148298, -0.58144305, 0.07101383, 0.34314301]
    local = local_moran(SMITH, smith(), permutations=9999, significance=1.0)
    np.testing.assert_array_equal(local.quadrant, [4, 4, 4, 2, 3, 3, 1, 4, 3, 3])
    np.testing.assert_allclose(local.i * 9 / 10, esda, atol=1e-8)
    whole = global_moran(SMITH, smith(), permutations=9999)
    np.testing.assert_allclose([whole.i, whole.expected], [0.0736124311, -1 / 9])
    # esda's p-value is that of the nearer side alone; this one from 99,999 permutations.
    np.testing.assert_allclose(whole.p_value / 2, 0.22982, atol=0.015)


def test_local_chance_is_that_of_all_permutations() -> None:
    weights = smith() * np.arange(1.0, 11.0)
    local = local_moran(SMITH, weights, permutations=9999)
    z = (SMITH - SMITH.mean()) / SMITH.std()
    for place in range(10):
        near = np.flatnonzero(weights[place])
        share = weights[place, near] / weights[place, near].sum()
        others = np.delete(z, place)
        dealt = np.array(list(permutations(others, len(near)))) @ share * z[place]
        observed = z[near] @ share * z[place]
        np.testing.assert_allclose(local.i[place], observed)
        np.testing.assert_allclose(local.z[place], (observed - dealt.mean()) / dealt.std())
        above, below = (dealt >= observed - 1e-9).mean(), (dealt <= observed + 1e-9).mean()
        np.testing.assert_allclose(local.p_value[place], 2 * min(above, below), atol=0.03)


def test_global_chance_is_that_of_all_permutations() -> None:
    values, weights = np.array([3.0, 1.0, 2.0, 7.0, 5.0, 6.0]), some_map(6, near=2)[1]
    whole = global_moran(values, weights, permutations=9999)
    dealt = np.array(list(permutations(values - values.mean())))
    moran = ((dealt @ (weights / 2).T) * dealt).sum(axis=-1) / (dealt**2).sum(axis=-1)
    np.testing.assert_allclose(whole.i, _moran(values, weights))
    np.testing.assert_allclose(moran.mean(), whole.expected)
    above, below = (moran >= whole.i - 1e-9).mean(), (moran <= whole.i + 1e-9).mean()
    np.testing.assert_allclose(whole.p_value, 2 * min(above, below), atol=0.03)


def _moran(values: np.ndarray, weights: np.ndarray) -> float:
    """Moran's I as its definition reads, rows standardised."""
    apart = values - values.mean()
    total = 0.0
    for place, row in enumerate(weights):
        for other, weight in enumerate(row):
            total += weight / row.sum() * apart[place] * apart[other]
    return float(total / (apart**2).sum())


def test_the_local_add_up_to_the_global() -> None:
    values, weights = some_map(101)
    local, whole = local_moran(values, weights), global_moran(values, weights)
    np.testing.assert_allclose(local.i.sum(), 101 * whole.i)
    np.testing.assert_allclose(whole.i, _moran(values, weights))
    assert whole.p_value == 0.002
    significant = local.p_value <= 0.05
    np.testing.assert_array_equal(local.quadrant > 0, significant)
    assert 5 < significant.sum() < 50


def test_values_without_a_pattern_are_seldom_significant() -> None:
    _, weights = some_map(60)
    maps = np.random.default_rng(0).normal(size=(60, 60))
    local, whole = local_moran(maps, weights), global_moran(maps, weights)
    assert 0.03 < (local.p_value <= 0.05).mean() < 0.07
    assert (whole.p_value <= 0.05).mean() < 0.12
    assert abs(local.z.mean()) < 0.05
    assert 0.9 < local.z.std() < 1.1


def test_missing_places_leave_the_map() -> None:
    values, weights = some_map(40)
    values[[3, 17, 18]] = NAN
    known = ~np.isnan(values)
    kept = weights[np.ix_(known, known)]
    local = local_moran(values, weights, significance=0.5)
    same([part[known] for part in local], local_moran(values[known], kept, significance=0.5))
    assert np.isnan(local.p_value[~known]).all()
    assert not local.quadrant[~known].any()
    same(global_moran(values, weights), global_moran(values[known], kept))


def test_isolates_have_no_local_value_but_count_in_the_mean() -> None:
    weights = np.zeros((6, 6))
    weights[:4, :4] = CHAIN
    weights[4, 3] = 2.0
    values = [1.0, 2.0, 3.0, 4.0, NAN, 9.0]
    local = local_moran(values, weights, significance=1.0)
    # The mean is 3.8; the fifth has no value, the sixth no neighbour.
    squares = 2.8**2 + 1.8**2 + 0.8**2 + 0.2**2 + 5.2**2
    expected = np.array([2.8 * 1.8, 1.8 * 1.8, 0.8 * 0.8, -0.2 * 0.8]) * 5 / squares
    np.testing.assert_allclose(local.i, [*expected, NAN, NAN])
    np.testing.assert_array_equal(local.quadrant, [3, 3, 3, 4, 0, 0])
    np.testing.assert_allclose(global_moran(values, weights).i, expected.sum() / 4)
    values[3] = NAN
    assert np.isnan(local_moran(values, weights).p_value[3])


def test_the_size_of_a_row_does_not_matter() -> None:
    values, weights = some_map(30)
    times = 1.0 + np.arange(30.0)[:, np.newaxis]
    for call in (local_moran, global_moran):
        same(call(values, weights), call(values, weights * 4.0))
        np.testing.assert_allclose(call(values, weights)[0], call(values, weights * times)[0])


def test_the_same_seed_the_same_draws() -> None:
    values, weights = some_map(50)
    for call in (local_moran, global_moran):
        same(call(values, weights, seed=5), call(values, weights, seed=5))
    other = local_moran(values, weights, seed=6).p_value
    assert (local_moran(values, weights, seed=5).p_value != other).any()


def test_maps_at_once_equal_each_alone() -> None:
    _, weights = some_map(20)
    maps = some_series(2, 3, 20, missing=0.1)
    for call in (local_moran, global_moran):
        many = call(maps, weights)
        for which in np.ndindex(2, 3):
            same([part[which] for part in many], call(maps[which], weights))


@pytest.mark.parametrize(
    "values",
    [[NAN] * 4, [1.0, 2.0, NAN, NAN], [5.0] * 4, [0.3, 0.1 + 0.2, 0.3, 0.3], [NAN, 0.0, 0.0, 0.0]],
)
def test_maps_without_variance_are_unknown(values: list[float]) -> None:
    local = local_moran(values, CHAIN, significance=1.0)
    assert np.isnan(local[:3]).all()
    assert not local.quadrant.any()
    assert np.isnan(global_moran(values, CHAIN)).all()


def test_maps_without_neighbours_are_unknown() -> None:
    values, none = [1.0, 2.0, 4.0], np.zeros((3, 3))
    assert np.isnan(local_moran(values, none)[:3]).all()
    assert np.isnan(global_moran(values, none)).all()
    assert local_moran(np.zeros((2, 0)), np.zeros((0, 0))).i.shape == (2, 0)


def test_where_no_permutation_changes_anything() -> None:
    """All others are neighbours alike; a place at the mean has I 0 whatever is around."""
    everyone = 1.0 - np.eye(4)
    local = local_moran([1.0, 2.0, 4.0, 9.0], everyone)
    assert np.isnan(local.z).all()
    np.testing.assert_array_equal(local.p_value, 1.0)
    middle = local_moran([1.0, 2.0, 3.0], CHAIN[:3, :3])
    assert (middle.i[1], middle.p_value[1]) == (0.0, 1.0)
    assert np.isnan(middle.z[1])


def test_maps_refuse_what_they_cannot_use() -> None:
    values = [1.0, 2.0, 3.0, 4.0]
    for call in (local_moran, global_moran):
        with pytest.raises(ValueError, match=r"4 places, but weights of shape \(3, 3\)"):
            call(values, CHAIN[:3, :3])
        with pytest.raises(ValueError, match=r"weights\[0, 1\] is -1\.0"):
            call(values, -CHAIN)
        with pytest.raises(ValueError, match=r"weights\[0, 1\] is nan"):
            call(values, np.where(CHAIN, NAN, 0.0))
        with pytest.raises(ValueError, match=r"weights\[0, 0\] is 1\.0: a place is no neighbour"):
            call(values, CHAIN + np.eye(4))
        with pytest.raises(ValueError, match=r"values\[2\] is inf"):
            call([1.0, 2.0, np.inf, 3.0], CHAIN)
        with pytest.raises(ValueError, match="permutations must be at least 1"):
            call(values, CHAIN, permutations=0)
    with pytest.raises(ValueError, match="significance must be above 0"):
        local_moran(values, CHAIN, significance=0.0)


# --- false discoveries ----------------------------------------------------------------------------

# The 15 p-values of Benjamini & Hochberg (1995), section 4.
THROMBOLYSIS = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240]
THROMBOLYSIS += [0.4262, 0.5719, 0.6528, 0.7590, 1.0000]


def test_the_example_of_benjamini_and_hochberg() -> None:
    assert false_discovery(THROMBOLYSIS, 0.05).tolist() == [True] * 4 + [False] * 11


def test_discoveries_are_those_of_scipy() -> None:
    p = np.random.default_rng(4).random((50, 60)) ** 3
    expected = stats.false_discovery_control(p, axis=-1) <= 0.1
    np.testing.assert_array_equal(false_discovery(p), expected)
    assert 0 < expected.sum() < expected.size


def test_what_is_missing_is_no_test() -> None:
    p = np.insert(np.array(THROMBOLYSIS), [0, 5, 15], NAN)
    found = false_discovery(p, 0.05)
    assert found.sum() == 4
    assert not found[np.isnan(p)].any()
    assert false_discovery(np.full((2, 3), NAN)).tolist() == [[False] * 3] * 2
    assert false_discovery(np.zeros((2, 0))).shape == (2, 0)


def test_a_later_p_value_carries_the_earlier_ones() -> None:
    assert false_discovery([0.06, 0.07, 0.08, 0.09], 0.1).all()
    assert not false_discovery([0.06, 0.07, 0.08, 0.11], 0.1).any()
    assert false_discovery([0.0, 0.5], 0.1).tolist() == [True, False]


def test_discoveries_refuse_what_they_cannot_use() -> None:
    with pytest.raises(ValueError, match=r"p_values\[1\] is 1\.5"):
        false_discovery([0.1, 1.5])
    with pytest.raises(ValueError, match="level must be above 0"):
        false_discovery([0.1], 0.0)
    with pytest.raises(ValueError, match="axis"):
        false_discovery(0.1)
