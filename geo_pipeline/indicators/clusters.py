"""Clusters of places: global and local Moran's I.

The **places** are on the last axis, leading axes are dates or indicators; a place without a value
is left out. Trends of each place are in `trends`; the significance of a whole map of p-values is in
`significance`. All p-values are two-sided. All functions raise ValueError for infinite values (the
message names the first) and for a single number.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from geo_pipeline.indicators._arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    as_finite_series,
    as_float,
    positive_int,
    reject,
)

HIGH_HIGH, LOW_HIGH, LOW_LOW, HIGH_LOW = 1, 2, 3, 4
"""Quadrants of Moran's scatter plot: the place, then its neighbours. 0 is none."""

# Permutations this close to the observed value are equal to it except for the order of their sums.
_EQUAL = 1e-10
# Values this much closer to each other than to 0 are equal except for rounding.
_CONSTANT = 1e-12


class LocalMoran(NamedTuple):
    """Local Moran's I of each place, all of the shape of the values.

    `z` is `i` less its mean, divided by its standard deviation, both over all permutations of the
    other places, `p_value` the pseudo p-value, `quadrant` 1 (high among high), 2 (low among high),
    3 (low among low), 4 (high among low), or 0 (not significant, or not known).
    """

    i: FloatArray
    z: FloatArray
    p_value: FloatArray
    quadrant: IntArray


class GlobalMoran(NamedTuple):
    """Moran's I of a map, its expectation without a pattern, the pseudo p-value.

    Each has the shape of the values without their last axis.
    """

    i: FloatArray
    expected: FloatArray
    p_value: FloatArray


def local_moran(
    values: ArrayLike,
    weights: ArrayLike,
    *,
    permutations: int = 999,
    seed: int = 0,
    significance: float = 0.05,
) -> LocalMoran:
    r"""Local Moran's I: is a place like its neighbours, or unlike them?

    .. math:: I_i = z_i \sum_j w_{ij} z_j, \qquad z_i = \frac{x_i - \bar x}{\sigma}, \qquad
        \sum_j w_{ij} = 1

    with the standard deviation over n, so that without isolates the sum of :math:`I_i` is n times
    the global I. The p-value is :math:`2 (m + 1) / (permutations + 1)`, at most 1: each place keeps
    its value, the others are dealt out anew, and m of the draws are as far out as what is observed,
    on the nearer side. All places, and all maps of the leading axes, see the same draws, and a map
    gives the same alone or among others. The mean and standard deviation in `z` are those of all
    permutations there are, not only of the drawn.

    Parameters
    ----------
    values : (..., places), any unit
    weights : (places, places), 0 or more: how much of a neighbour the column's place is to the
        row's, 0 on the diagonal. Rows are standardised here, over the places whose value is known
    permutations : number of draws
    seed : of the draws: the same gives the same
    significance : largest p-value that has a quadrant; 1 gives all places theirs

    Returns
    -------
    NaN and quadrant 0 for a place without a value; for one without known neighbours, whose value
    still counts in the mean and standard deviation; where fewer than three values are known, or
    all are equal. `z` is NaN, too, where no permutation changes what is around.

    Raises
    ------
    ValueError : weights of another shape, negative, infinite or missing, a place that is its own
        neighbour, `permutations` below 1, `significance` outside 0-1.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association - LISA. Geogr. Anal. 27, 93-115.
    Sokal, R. R., Oden, N. L. & Thomson, B. A. (1998). Local spatial autocorrelation in a biological
    model. Geogr. Anal. 30, 331-354 (moments under conditional permutation).
    """
    maps, matrix = _maps(values, weights)
    draws = positive_int(permutations, "permutations")
    if not 0.0 < significance <= 1.0:
        raise ValueError(f"significance must be above 0 and at most 1, got {significance}")
    result = LocalMoran(
        np.full(maps.shape, np.nan),
        np.full(maps.shape, np.nan),
        np.full(maps.shape, np.nan),
        np.zeros(maps.shape, dtype=np.int64),
    )
    for which in np.ndindex(maps.shape[:-1]):
        if (field := _field(maps[which], matrix)) is None:
            continue
        at = (*which, field.known[field.linked])
        lag = field.weights @ field.z
        p_value = _local_p(field, lag, draws, seed)
        result.i[at] = (field.z * lag)[field.linked]
        result.z[at] = _local_z(field, lag)[field.linked]
        result.p_value[at] = p_value[field.linked]
        quadrant = np.where(
            lag > 0.0,
            np.where(field.z > 0.0, HIGH_HIGH, LOW_HIGH),
            np.where(field.z > 0.0, HIGH_LOW, LOW_LOW),
        )
        result.quadrant[at] = np.where(p_value <= significance, quadrant, 0)[field.linked]
    return result


def global_moran(
    values: ArrayLike, weights: ArrayLike, *, permutations: int = 999, seed: int = 0
) -> GlobalMoran:
    r"""Moran's I: are near places more alike than places taken at random?

    .. math:: I = \frac{n}{\sum_i \sum_j w_{ij}}
        \frac{\sum_i \sum_j w_{ij} (x_i - \bar x)(x_j - \bar x)}{\sum_i (x_i - \bar x)^2},
        \qquad E(I) = \frac{-1}{n - 1}

    with n known values and standardised rows. The p-value is as in `local_moran`, of draws that
    deal out all values anew.

    Parameters
    ----------
    values : (..., places), any unit
    weights : (places, places), see `local_moran`
    permutations : number of draws
    seed : of the draws: the same gives the same

    Returns
    -------
    NaN where fewer than three values are known, all are equal, or no place has known neighbours.

    Raises
    ------
    ValueError : see `local_moran`.

    References
    ----------
    Moran, P. A. P. (1950). Notes on continuous stochastic phenomena. Biometrika 37, 17-23.
    Cliff, A. D. & Ord, J. K. (1981). Spatial processes: models and applications. Pion, London.
    """
    maps, matrix = _maps(values, weights)
    draws = positive_int(permutations, "permutations")
    result = GlobalMoran(*(np.full(maps.shape[:-1], np.nan) for _ in range(3)))
    for which in np.ndindex(maps.shape[:-1]):
        field = _field(maps[which], matrix)
        if field is None or not field.linked.any():
            continue
        links = np.count_nonzero(field.linked)
        drawn = _shuffled(field.z, draws, seed)
        simulated = (drawn * (drawn @ field.weights.T)).sum(axis=-1) / links
        observed = float(field.z @ field.weights @ field.z) / links
        result.i[which] = observed
        result.expected[which] = -1.0 / (field.z.size - 1)
        result.p_value[which] = _pseudo_p(simulated, observed)
    return result


class _Field(NamedTuple):
    """The known places of a map: positions, standardised values and weights.

    `linked` are those that have a known neighbour.
    """

    known: IntArray
    z: FloatArray
    weights: FloatArray
    linked: BoolArray


def _maps(values: ArrayLike, weights: ArrayLike) -> tuple[FloatArray, FloatArray]:
    maps, matrix = as_finite_series(values, "values"), as_float(weights)
    if matrix.shape != (maps.shape[-1], maps.shape[-1]):
        raise ValueError(f"{maps.shape[-1]} places, but weights of shape {matrix.shape}")
    reject(~np.isfinite(matrix) | (matrix < 0.0), matrix, "weights", "a weight is 0 or more")
    own = np.eye(maps.shape[-1], dtype=np.bool_) & (matrix != 0.0)
    reject(own, matrix, "weights", "a place is no neighbour of itself")
    return maps, matrix


def _field(values: FloatArray, matrix: FloatArray) -> _Field | None:
    """The known part of one map, None where it has practically no variance."""
    known = np.flatnonzero(~np.isnan(values))
    x = values[known]
    if x.size < 3 or np.ptp(x) <= _CONSTANT * np.abs(x).max():
        return None
    near = matrix[np.ix_(known, known)]
    total = near.sum(axis=-1)
    linked = total > 0.0
    near = near / np.where(linked, total, 1.0)[:, np.newaxis]
    return _Field(known, (x - x.mean()) / x.std(), near, linked)


def _local_z(field: _Field, lag: FloatArray) -> FloatArray:
    """Local I in standard deviations: of a weighted sum drawn without replacement from the
    others."""
    n = field.z.size
    mean = -field.z / (n - 1)
    variance = (n - field.z**2) / (n - 1) - mean**2
    uneven = ((n - 1) * (field.weights**2).sum(axis=-1) - 1.0) / (n - 2)
    spread = variance * uneven
    spread[spread <= _EQUAL] = np.nan
    sign = np.where(field.z == 0.0, np.nan, np.sign(field.z))
    return np.asarray(sign * (lag - mean) / np.sqrt(spread))


def _local_p(field: _Field, lag: FloatArray, permutations: int, seed: int) -> FloatArray:
    p_value = np.full(field.z.size, np.nan)
    # Only so many of the permuted values are used by any place.
    most = int(np.count_nonzero(field.weights, axis=-1).max())
    drawn = _shuffled(np.arange(field.z.size - 1), permutations, seed)[:, :most]
    for place in np.flatnonzero(field.linked):
        neighbours = np.flatnonzero(field.weights[place])
        others = np.delete(field.z, place)
        around = others[drawn[:, : neighbours.size]] @ field.weights[place, neighbours]
        own = field.z[place]
        p_value[place] = _pseudo_p(own * around, own * lag[place])
    return p_value


def _shuffled(items: FloatArray | IntArray, permutations: int, seed: int) -> FloatArray | IntArray:
    """(permutations, items): the items, each row in its own random order."""
    rows = np.tile(items, (permutations, 1))
    return np.random.default_rng(seed).permuted(rows, axis=1, out=rows)


def _pseudo_p(simulated: FloatArray, observed: float) -> float:
    above = np.count_nonzero(simulated >= observed - _EQUAL)
    below = np.count_nonzero(simulated <= observed + _EQUAL)
    return min(1.0, 2.0 * (min(above, below) + 1) / (simulated.size + 1))
