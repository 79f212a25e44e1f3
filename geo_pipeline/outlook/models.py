r"""Yield models: the mean of ridge regressions, one for each group of features.

Add a regression here. A dozen years do not allow a choice among many models: each group of
`features` has a regression, and the forecast is their mean. Slopes are those of the whole of France
(partial pooling): with the features :math:`x` of a place and year, each as departures from the
place's mean, and :math:`a` the departure of the harvest from its baseline,

.. math::
    \hat\beta = \arg\min \sum (a - x\beta)^2 + \lambda n \beta^2, \qquad
    \hat a = (1 + \gamma_d)\, x\hat\beta, \qquad
    \gamma_d = \frac{\tau^2 \sum_t z r}{\sigma^2 + \tau^2 \sum_t z^2}

where :math:`z = x\hat\beta`, :math:`r = a - z`, :math:`\sigma^2` is the mean of :math:`r^2`, and
:math:`\tau` (`DEPARTURE`) is the assumed spread of the responses of places around that of France.
:math:`\lambda` is the one of `SHRINKAGES` with the least error when each training year is left out
in turn. Harvests that a forecast must not know are NaN in its input.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple, Self

import numpy as np

from geo_pipeline.indicators._arrays import BoolArray, FloatArray, IntArray

SHRINKAGES: Final = (0.1, 0.3, 1.0, 3.0, 10.0, 1000.0)
"""Penalties that are tried, in variances of a feature; with the last one slopes are near 0."""

DEPARTURE: Final = 0.5
"""Standard deviation of the slopes of départements around that of France, as a share of it."""

LEAST_YEARS_OF_PLACE: Final = 3
"""Training years that a place needs for a forecast."""

ORDERS_AT_ONCE: Final = 16
"""Orders of the years computed together, which need some 20 MB."""


def standardised(values: FloatArray) -> FloatArray:
    """Return features as departures from each place's mean, divided by their standard deviation.

    Args:
        values: groups x features x years x places, of the years whose weather is known; NaN where
            there is none.

    A feature that does not vary is 0.
    """
    is_known = ~np.isnan(values)
    count = np.maximum(is_known.sum(axis=-2, keepdims=True), 1)
    mean = np.where(is_known, values, 0.0).sum(axis=-2, keepdims=True) / count
    departure = values - mean
    square = np.where(is_known, departure, 0.0) ** 2
    cells = np.maximum(is_known.sum(axis=(-2, -1), keepdims=True), 1)
    spread = np.sqrt(square.sum(axis=(-2, -1), keepdims=True) / cells)
    varies = spread > 1e-9 * np.maximum(np.abs(mean).max(axis=-1, keepdims=True), 1e-3)
    return np.where(
        varies, departure / np.where(varies, spread, 1.0), np.where(is_known, 0.0, np.nan)
    )


def forecasts(
    features: FloatArray, departures: FloatArray, tests: IntArray, orders: IntArray
) -> FloatArray:
    """Return the forecast departure from the baseline, in each fold of each order of the years.

    Args:
        features: `standardised`, groups x 2 x years x places.
        departures: folds x years x places, of harvests from their baseline: NaN outside training,
            and above all in the year to forecast.
        tests: folds, position of the year to forecast.
        orders: orders x years: the year whose weather each harvest is paired with. In the real
            order it is its own; in others there is no relation (`evaluation.permutation`).

    Returns:
        orders x folds x places; NaN where a place lacks weather or has too few training years.
    """
    paired = _Paired.of(features, departures)
    forecast = np.full((len(orders), *departures.shape[::2]), np.nan)
    for block in _blocks(len(orders)):
        forecast[block] = _forecast(paired, tests, orders[block])
    return forecast


def _blocks(count: int) -> Iterator[slice]:
    for first in range(0, count, ORDERS_AT_ONCE):
        yield slice(first, first + ORDERS_AT_ONCE)


class _Paired(NamedTuple):
    """Weather and harvests (0 where missing), and sums over places for each pair of their years.

    Slopes of the whole of France need only these sums: an order of the years selects the year of
    weather for each year of harvest, without going through the rows again.
    """

    weather: FloatArray
    has_weather: BoolArray
    """Years x places, whether there is weather."""
    harvests: FloatArray
    trained: BoolArray
    """Folds x years x places, whether there is a harvest for training."""
    xx: FloatArray
    """folds x groups x 3 (11, 12, 22) x years of weather x years of harvest."""
    xy: FloatArray
    """folds x groups x 2 x years of weather x years of harvest."""
    yy: FloatArray
    """folds x years of weather x years of harvest."""
    n: FloatArray
    """folds x years of weather x years of harvest: places with both."""

    @classmethod
    def of(cls, features: FloatArray, departures: FloatArray) -> Self:
        """Return them from the arguments of `forecasts`."""
        has_weather: BoolArray = ~np.asarray(np.isnan(features).any(axis=(0, 1)))
        trained: BoolArray = ~np.asarray(np.isnan(departures))
        weather = np.where(has_weather, features, 0.0)
        harvests = np.where(trained, departures, 0.0)
        first, second = weather[:, 0], weather[:, 1]
        products = np.stack([first * first, first * second, second * second], axis=1)
        weather_known, known = (
            has_weather.astype(np.float64),
            np.moveaxis(trained.astype(np.float64), -1, 1),
        )
        values = np.moveaxis(harvests, -1, 1)
        return cls(
            weather,
            has_weather,
            harvests,
            trained,
            xx=products @ known[:, np.newaxis, np.newaxis],
            xy=weather @ values[:, np.newaxis, np.newaxis],
            yy=weather_known @ values**2,
            n=weather_known @ known,
        )

    def sums(self, orders: IntArray) -> Iterator[FloatArray]:
        """Yield xx, xy, yy and n with years paired as in the orders: orders x folds x ..."""
        for each in (self.xx, self.xy, self.yy, self.n):
            chosen = each[..., orders, np.arange(orders.shape[1])]
            yield np.moveaxis(chosen, -2, 0)


def _forecast(paired: _Paired, tests: IntArray, orders: IntArray) -> FloatArray:
    """Return `forecasts` for a few orders."""
    xx, xy, yy, n = paired.sums(orders)
    slope = _slope(xx, xy, n)
    spread = (
        _residual_squares(slope, xx, xy, yy) / np.maximum(n.sum(axis=-1), 1.0)[..., np.newaxis]
        + 1e-12
    )
    has_weather = paired.has_weather[orders]
    pairs = paired.trained & has_weather[:, np.newaxis]
    forecast = np.zeros((len(orders), *paired.harvests.shape[::2]))
    for group, weather in enumerate(paired.weather):
        response = np.einsum("nfp,pntd->nftd", slope[:, :, group], weather[:, orders])
        within = np.where(pairs, response, 0.0)
        square = (within**2).sum(axis=2)
        joint = (within * (paired.harvests - within)).sum(axis=2)
        own = DEPARTURE**2 * joint / (spread[:, :, group, np.newaxis] + DEPARTURE**2 * square)
        forecast += (1.0 + own) * response[:, np.arange(len(tests)), tests]
    enough = (pairs.sum(axis=2) >= LEAST_YEARS_OF_PLACE) & has_weather[:, tests]
    return np.where(enough, forecast / max(len(paired.weather), 1), np.nan)


def _slope(xx: FloatArray, xy: FloatArray, n: FloatArray) -> FloatArray:
    """Return the slopes, (..., groups, 2), with the shrinkage that is best in left-out years."""
    all_xx, all_xy, rows = xx.sum(axis=-1), xy.sum(axis=-1), n.sum(axis=-1)
    best = np.full(all_xy.shape[:-1], np.inf)
    slope = np.zeros(all_xy.shape)
    for shrinkage in SHRINKAGES:
        penalty = shrinkage * (rows[..., np.newaxis] - n)
        without_year = _solved(
            all_xx[..., np.newaxis] - xx, all_xy[..., np.newaxis] - xy, penalty[:, :, np.newaxis]
        )
        error = (
            -2.0 * (without_year * xy).sum(axis=-2)
            + without_year[..., 0, :] ** 2 * xx[..., 0, :]
            + 2.0 * without_year[..., 0, :] * without_year[..., 1, :] * xx[..., 1, :]
            + without_year[..., 1, :] ** 2 * xx[..., 2, :]
        ).sum(axis=-1)
        better = error < best
        best = np.where(better, error, best)
        whole = _solved(
            all_xx[..., np.newaxis], all_xy[..., np.newaxis], shrinkage * rows[..., None, None]
        )
        slope = np.where(better[..., np.newaxis], whole[..., 0], slope)
    return slope


def _solved(xx: FloatArray, xy: FloatArray, penalty: FloatArray) -> FloatArray:
    """Return the ridge slopes of two features, (..., 2, sets).

    The solution is written out, since `np.linalg` is slow for millions of small systems.
    """
    first, cross, second = xx[..., 0, :] + penalty, xx[..., 1, :], xx[..., 2, :] + penalty
    determinant = first * second - cross**2
    is_solvable = determinant > 0
    if not is_solvable.all():
        determinant = np.where(is_solvable, determinant, np.inf)  # slopes of 0
    first_slope = (second * xy[..., 0, :] - cross * xy[..., 1, :]) / determinant
    second_slope = (first * xy[..., 1, :] - cross * xy[..., 0, :]) / determinant
    return np.stack([first_slope, second_slope], axis=-2)


def _residual_squares(
    slope: FloatArray, xx: FloatArray, xy: FloatArray, yy: FloatArray
) -> FloatArray:
    """Return the residual sum of squares of each group, orders x folds x groups."""
    first, second = slope[..., 0], slope[..., 1]
    all_xx, all_xy = xx.sum(axis=-1), xy.sum(axis=-1)
    explained = (
        first**2 * all_xx[..., 0] + 2 * first * second * all_xx[..., 1] + second**2 * all_xx[..., 2]
    )
    return np.asarray(
        yy.sum(axis=-1)[..., np.newaxis] - 2 * (slope * all_xy).sum(axis=-1) + explained
    )
