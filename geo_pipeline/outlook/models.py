r"""Yields from features: the mean of a few shrunken regressions, one for each group of features.

Add what is regressed here. A choice among many models would be noise on a dozen years: each group
of `features` has its own regression, and what is told is their mean. One slope holds for the whole
of France (partial pooling): with the features :math:`x` of a place and year, each as departures
from the place's mean, :math:`a` the departure of the harvest from what was expected,

.. math::
    \hat\beta = \arg\min \sum (a - x\beta)^2 + \lambda n \beta^2, \qquad
    \hat a = (1 + \gamma_d)\, x\hat\beta, \qquad
    \gamma_d = \frac{\tau^2 \sum_t z r}{\sigma^2 + \tau^2 \sum_t z^2}

where :math:`z = x\hat\beta`, :math:`r = a - z`, :math:`\sigma^2` is the mean of :math:`r^2`, and
:math:`\tau` how far the answer of a place to the weather is thought to be from that of all
(`DEPARTURE`). :math:`\lambda` is the one of `SHRINKAGES` that tells years best that were left out,
within the training years. Harvests that a forecast must not know are not handed over: they are NaN.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple, Self

import numpy as np

from geo_pipeline.indicators._arrays import BoolArray, FloatArray, IntArray

SHRINKAGES: Final = (0.1, 0.3, 1.0, 3.0, 10.0, 1000.0)
"""Penalties tried, in variances of a feature; at the last there is no answer to the weather."""

DEPARTURE: Final = 0.5
"""How far the slope of a département is from that of France, as a share of it: one spread."""

LEAST_YEARS_OF_PLACE: Final = 3
"""Training years of a place without which nothing is told of it."""

ORDERS_AT_ONCE: Final = 16
"""Orders of the years computed together: some 20 MB."""


def standardised(values: FloatArray) -> FloatArray:
    """Return features as departures from each place's mean, in spreads of all of them.

    Args:
        values: groups x features x years x places, of the years whose weather is known; NaN where
            there is none.

    A feature that does not vary is 0.
    """
    there = ~np.isnan(values)
    count = np.maximum(there.sum(axis=-2, keepdims=True), 1)
    mean = np.where(there, values, 0.0).sum(axis=-2, keepdims=True) / count
    away = values - mean
    square = np.where(there, away, 0.0) ** 2
    cells = np.maximum(there.sum(axis=(-2, -1), keepdims=True), 1)
    spread = np.sqrt(square.sum(axis=(-2, -1), keepdims=True) / cells)
    varies = spread > 1e-9 * np.maximum(np.abs(mean).max(axis=-1, keepdims=True), 1e-3)
    return np.where(varies, away / np.where(varies, spread, 1.0), np.where(there, 0.0, np.nan))


def forecasts(
    features: FloatArray, departures: FloatArray, tests: IntArray, orders: IntArray
) -> FloatArray:
    """Return the departure that is forecast in each fold of each order of the years.

    Args:
        features: `standardised`, groups x 2 x years x places.
        departures: folds x years x places, of harvests from what was expected of them: NaN for all
            that is not for training, above all the year to forecast.
        tests: folds, position of the year to forecast.
        orders: orders x years: whose weather each harvest is put beside. In the order of the years
            it is its own; in others there is nothing to find (`evaluation.permutation`).

    Returns:
        orders x folds x places; NaN where the place lacks weather or has hardly a training year.
    """
    beside = _Beside.of(features, departures)
    told = np.full((len(orders), *departures.shape[::2]), np.nan)
    for some in _blocks(len(orders)):
        told[some] = _told(beside, tests, orders[some])
    return told


def _blocks(count: int) -> Iterator[slice]:
    for first in range(0, count, ORDERS_AT_ONCE):
        yield slice(first, first + ORDERS_AT_ONCE)


class _Beside(NamedTuple):
    """Weather and harvests, 0 where there is none, and sums over places of one beside the other.

    Slopes for the whole of France need no more than the sums: an order of the years chooses among
    them the year of weather for each year of harvest, and no row is touched again.
    """

    weather: FloatArray
    there: BoolArray
    """Years x places with weather."""
    harvests: FloatArray
    trained: BoolArray
    """Folds x years x places with a harvest to learn from."""
    xx: FloatArray
    """folds x groups x 3 (11, 12, 22) x years of weather x years of harvest."""
    xy: FloatArray
    """folds x groups x 2 x years of weather x years of harvest."""
    yy: FloatArray
    """folds x years of weather x years of harvest."""
    n: FloatArray
    """Alike: places with both."""

    @classmethod
    def of(cls, features: FloatArray, departures: FloatArray) -> Self:
        """Return them of what `forecasts` is given."""
        there: BoolArray = ~np.asarray(np.isnan(features).any(axis=(0, 1)))
        trained: BoolArray = ~np.asarray(np.isnan(departures))
        weather = np.where(there, features, 0.0)
        harvests = np.where(trained, departures, 0.0)
        first, second = weather[:, 0], weather[:, 1]
        products = np.stack([first * first, first * second, second * second], axis=1)
        here, known = there.astype(np.float64), np.moveaxis(trained.astype(np.float64), -1, 1)
        values = np.moveaxis(harvests, -1, 1)
        return cls(
            weather,
            there,
            harvests,
            trained,
            xx=products @ known[:, np.newaxis, np.newaxis],
            xy=weather @ values[:, np.newaxis, np.newaxis],
            yy=here @ values**2,
            n=here @ known,
        )

    def sums(self, orders: IntArray) -> Iterator[FloatArray]:
        """Yield xx, xy, yy, n as the orders put them beside each other: orders x folds x ..."""
        for each in (self.xx, self.xy, self.yy, self.n):
            chosen = each[..., orders, np.arange(orders.shape[1])]
            yield np.moveaxis(chosen, -2, 0)


def _told(beside: _Beside, tests: IntArray, orders: IntArray) -> FloatArray:
    """Return `forecasts` of a few orders."""
    xx, xy, yy, n = beside.sums(orders)
    slope = _slope(xx, xy, n)
    spread = _left(slope, xx, xy, yy) / np.maximum(n.sum(axis=-1), 1.0)[..., np.newaxis] + 1e-12
    there = beside.there[orders]
    pairs = beside.trained & there[:, np.newaxis]
    told = np.zeros((len(orders), *beside.harvests.shape[::2]))
    for group, weather in enumerate(beside.weather):
        answer = np.einsum("nfp,pntd->nftd", slope[:, :, group], weather[:, orders])
        within = np.where(pairs, answer, 0.0)
        square = (within**2).sum(axis=2)
        joint = (within * (beside.harvests - within)).sum(axis=2)
        own = DEPARTURE**2 * joint / (spread[:, :, group, np.newaxis] + DEPARTURE**2 * square)
        told += (1.0 + own) * answer[:, np.arange(len(tests)), tests]
    enough = (pairs.sum(axis=2) >= LEAST_YEARS_OF_PLACE) & there[:, tests]
    return np.where(enough, told / max(len(beside.weather), 1), np.nan)


def _slope(xx: FloatArray, xy: FloatArray, n: FloatArray) -> FloatArray:
    """Return the slopes, (..., groups, 2), with the shrinkage that tells left-out years best."""
    all_xx, all_xy, rows = xx.sum(axis=-1), xy.sum(axis=-1), n.sum(axis=-1)
    best = np.full(all_xy.shape[:-1], np.inf)
    slope = np.zeros(all_xy.shape)
    for shrinkage in SHRINKAGES:
        without = shrinkage * (rows[..., np.newaxis] - n)
        apart = _solved(
            all_xx[..., np.newaxis] - xx, all_xy[..., np.newaxis] - xy, without[:, :, np.newaxis]
        )
        missed = (
            -2.0 * (apart * xy).sum(axis=-2)
            + apart[..., 0, :] ** 2 * xx[..., 0, :]
            + 2.0 * apart[..., 0, :] * apart[..., 1, :] * xx[..., 1, :]
            + apart[..., 1, :] ** 2 * xx[..., 2, :]
        ).sum(axis=-1)
        better = missed < best
        best = np.where(better, missed, best)
        whole = _solved(
            all_xx[..., np.newaxis], all_xy[..., np.newaxis], shrinkage * rows[..., None, None]
        )
        slope = np.where(better[..., np.newaxis], whole[..., 0], slope)
    return slope


def _solved(xx: FloatArray, xy: FloatArray, penalty: FloatArray) -> FloatArray:
    """Return the ridge slopes of two features, (..., 2, sets), written out: they are millions."""
    first, cross, second = xx[..., 0, :] + penalty, xx[..., 1, :], xx[..., 2, :] + penalty
    determinant = first * second - cross**2
    up = second * xy[..., 0, :] - cross * xy[..., 1, :]
    down = first * xy[..., 1, :] - cross * xy[..., 0, :]
    both = np.stack([up, down], axis=-2)
    there = determinant[..., np.newaxis, :] > 0
    return np.divide(both, determinant[..., np.newaxis, :], out=np.zeros(both.shape), where=there)


def _left(slope: FloatArray, xx: FloatArray, xy: FloatArray, yy: FloatArray) -> FloatArray:
    """Return the sum of squares that each group's slopes leave, orders x folds x groups."""
    first, second = slope[..., 0], slope[..., 1]
    all_xx, all_xy = xx.sum(axis=-1), xy.sum(axis=-1)
    told = (
        first**2 * all_xx[..., 0] + 2 * first * second * all_xx[..., 1] + second**2 * all_xx[..., 2]
    )
    return np.asarray(yy.sum(axis=-1)[..., np.newaxis] - 2 * (slope * all_xy).sum(axis=-1) + told)
