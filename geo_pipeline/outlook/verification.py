r"""Verification: scores of ensembles and classes, skill with its interval, coverage.

An ensemble has its members on the last axis; a missing member is NaN. Scores are lower for better
forecasts, 0 is perfect, and have the unit of the forecast. A *fair* score has the expectation of an
infinite ensemble, whatever the number of members, so that eleven years of weather are not at a
disadvantage compared with twelve. Skill is

.. math:: S = 1 - \frac{\sum s}{\sum s_{ref}}

for the same forecasts: 1 is perfect, 0 as good as the reference, below 0 worse. Its interval comes
from resampling whole years: départements and dekads of a year share its weather and are not
independent.

References
----------
Ferro, C. A. T. (2014). Fair scores for ensemble forecasts. Q. J. R. Meteorol. Soc. 140, 1917-1923.
Hersbach, H. (2000). Decomposition of the continuous ranked probability score for ensemble
prediction systems. Weather and Forecasting 15, 559-570.
Makkonen, L. (2006). Plotting positions in extreme value analysis. J. Appl. Meteorol. Climatol. 45,
334-340: the Weibull positions.
Wilks, D. S. (2011). Statistical Methods in the Atmospheric Sciences, chapter 8.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

Array = npt.NDArray[np.float64]

DRAWS = 2000
"""Resamples of the years for the interval of a skill."""

CONFIDENCE = 0.9
"""Share of the resamples between the two bounds of a skill."""

LEAST_YEARS = 5
"""Years that the interval of a skill needs."""


def fair_crps(members: ArrayLike, observed: ArrayLike) -> Array:
    r"""Continuous ranked probability score of an ensemble, fair to small ones.

    .. math:: \frac{1}{m} \sum_i |x_i - y| - \frac{1}{2 m (m - 1)} \sum_i \sum_j |x_i - x_j|

    The second sum is taken from the sorted members, :math:`2 \sum_i (2i - m - 1)\, x_{(i)}`.

    Parameters
    ----------
    members : (..., members), any unit, NaN for missing ones
    observed : (...), same unit

    Returns
    -------
    (...), same unit, NaN with fewer than two members or without an observation. It may be below 0:
    only its mean over forecasts is a score.

    Examples
    --------
    Members 1 and 3, observed 2: the mean distance is 1, and so is half the distance of the members.

    >>> float(fair_crps([1.0, 3.0], 2.0))
    0.0
    """
    ordered = np.sort(np.asarray(members, dtype=np.float64), axis=-1)
    is_member = ~np.isnan(ordered)
    # Products with a vector of ones are several times as fast as sums along so short an axis.
    ones, rank = np.ones(ordered.shape[-1]), np.arange(1.0, ordered.shape[-1] + 1)
    count = is_member @ ones
    known = np.where(is_member, ordered, 0.0)
    truth = np.asarray(observed, dtype=np.float64)
    distance = np.where(is_member, np.abs(known - truth[..., np.newaxis]), 0.0) @ ones
    pairs = 2.0 * (known @ rank) - (count + 1.0) * (known @ ones)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = distance / count - pairs / (count * (count - 1.0))
    return np.asarray(np.where(count > 1.0, score, np.nan))


def fair_rps(share: ArrayLike, members: ArrayLike, occurred: ArrayLike) -> Array:
    r"""Ranked probability score of the chances of classes, fair to small ensembles.

    .. math:: \sum_k (F_k - O_k)^2 - \frac{F_k (1 - F_k)}{m - 1}

    Parameters
    ----------
    share : (..., limits), 0-1, share of the members at or below each limit between classes
    members : (...), number of members
    occurred : (..., limits), 1 (or true) where what was observed is at or below the limit

    Returns
    -------
    (...), NaN where a share is, and with fewer than two members.

    Examples
    --------
    Two of four members and the observation are below the limit: (0.5 - 1)^2 - 0.25 / 3.

    >>> round(float(fair_rps([0.5], 4, [True])), 3)
    0.167
    """
    chance = np.asarray(share, dtype=np.float64)
    count = np.asarray(members, dtype=np.float64)[..., np.newaxis]
    outcome = np.asarray(occurred, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = (chance - outcome) ** 2 - chance * (1.0 - chance) / (count - 1.0)
    return np.asarray(np.where(count > 1.0, terms, np.nan).sum(axis=-1))


def weibull_quantiles(members: ArrayLike, levels: ArrayLike) -> Array:
    """Quantiles at the positions k / (m + 1) of the ordered members, interpolated between them.

    A new value from the same distribution is below the k-th member with exactly this probability
    (Makkonen 2006). The default of `np.quantile` is (k - 1) / (m - 1): with 11 members its 80 %
    contain 67 % of new values. Beyond the outermost positions the outermost member is returned.

    Parameters
    ----------
    members : (..., members), any unit, NaN for missing ones
    levels : (levels,), 0-1

    Returns
    -------
    (..., levels), same unit, NaN without members.

    Examples
    --------
    >>> weibull_quantiles([4.0, 1.0, 2.0, 3.0], [0.2, 0.5, 0.9])
    array([1. , 2.5, 4. ])
    """
    ordered = np.sort(np.asarray(members, dtype=np.float64), axis=-1)
    count = (~np.isnan(ordered) @ np.ones((ordered.shape[-1], 1))).astype(np.int64)
    position = np.asarray(levels, dtype=np.float64) * (count + 1.0) - 1.0
    position = np.clip(position, 0.0, np.maximum(count - 1.0, 0.0))
    below = np.floor(position).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    low, high = (np.take_along_axis(ordered, place, axis=-1) for place in (below, above))
    return np.asarray(low + (position - below) * (high - low))


def rank_of(members: ArrayLike, observed: ArrayLike) -> Array:
    """Number of members below the observation; equal ones count half.

    Over many forecasts of a reliable ensemble all ranks are equally frequent.

    Parameters
    ----------
    members : (..., members), NaN for missing ones
    observed : (...)

    Returns
    -------
    (...), 0 to the number of members, NaN without an observation or without members.

    Examples
    --------
    >>> float(rank_of([1.0, 2.0, 2.0, 5.0], 2.0))
    2.0
    """
    values = np.asarray(members, dtype=np.float64)
    truth = np.asarray(observed, dtype=np.float64)
    observation = truth[..., np.newaxis]
    ones = np.ones(values.shape[-1])
    rank = (values < observation) @ ones + 0.5 * ((values == observation) @ ones)
    known = ~np.isnan(truth) & (~np.isnan(values) @ ones > 0.0)
    return np.asarray(np.where(known, rank, np.nan))


def skill(score: ArrayLike, reference: ArrayLike) -> Array:
    """Skill of forecasts from their sums of scores by year.

    Parameters
    ----------
    score, reference : (..., years), sums of the same forecasts' scores, NaN for a year without any

    Returns
    -------
    (...), 1 for perfect, NaN where no year is known or the reference is perfect.

    Examples
    --------
    >>> float(skill([1.0, 2.0], [2.0, 4.0]))
    0.5
    """
    ours, theirs = _years_of_both(score, reference)
    return _ratio(ours.sum(axis=-1), theirs.sum(axis=-1))


class SkillRange(NamedTuple):
    """Bounds of a skill, each (...): NaN where too few years are known."""

    lower: Array
    upper: Array


def skill_range(
    score: ArrayLike,
    reference: ArrayLike,
    *,
    draws: int = DRAWS,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> SkillRange:
    """Interval of a skill, from resampling whole years with replacement.

    Parameters
    ----------
    score, reference : as in `skill`
    draws : number of resamples
    confidence : share of the resamples between the bounds; equal shares are beyond each
    seed : of the resamples: the same years are drawn for all (...)

    Returns
    -------
    SkillRange, NaN where fewer than `LEAST_YEARS` years are known.

    Examples
    --------
    If the error of each year is half that of the reference, the skill has no uncertainty.

    >>> bounds = skill_range([1.0, 2.0, 3.0, 1.0, 2.0], [2.0, 4.0, 6.0, 2.0, 4.0])
    >>> float(bounds.lower), float(bounds.upper)
    (0.5, 0.5)
    """
    ours, theirs = _years_of_both(score, reference)
    years = ours.shape[-1]
    drawn = np.random.default_rng(seed).multinomial(years, np.full(years, 1.0 / years), size=draws)
    resampled = _ratio(ours @ drawn.T, theirs @ drawn.T)
    known = (theirs != 0.0).sum(axis=-1) >= LEAST_YEARS
    outside = 0.5 * (1.0 - confidence)
    # A resample without a known year is rare. It counts as no skill, which is the cautious choice.
    bounds = np.quantile(
        np.where(np.isnan(resampled), 0.0, resampled), [outside, 1.0 - outside], axis=-1
    )
    lower, upper = np.where(known, bounds, np.nan)
    return SkillRange(np.asarray(lower), np.asarray(upper))


def _years_of_both(score: ArrayLike, reference: ArrayLike) -> tuple[Array, Array]:
    """Return the sums by year, 0 where one of them is not known."""
    ours, theirs = np.broadcast_arrays(
        np.asarray(score, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    )
    known = ~np.isnan(ours) & ~np.isnan(theirs)
    return np.where(known, ours, 0.0), np.where(known, theirs, 0.0)


def _ratio(ours: Array, theirs: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(theirs > 0.0, 1.0 - ours / theirs, np.nan))


def coverage(low: ArrayLike, high: ArrayLike, observed: ArrayLike) -> Array:
    """Share of observations that are within the bounds, along the last axis.

    Use it by year, (years, forecasts): one figure for all years hides that an interval was right in
    ten years and wrong in the two that mattered.

    Parameters
    ----------
    low, high, observed : (..., forecasts), same unit

    Returns
    -------
    (...), 0-1, NaN where no forecast has all three.

    Examples
    --------
    >>> round(float(coverage([1.0, 1.0, 1.0, np.nan], 2.0, [1.5, 3.0, 2.0, 1.0])), 2)
    0.67
    """
    lows, highs, truth = np.broadcast_arrays(
        *(np.asarray(each, dtype=np.float64) for each in (low, high, observed))
    )
    known = ~np.isnan(lows + highs + truth)
    within = known & (lows <= truth) & (truth <= highs)
    count = known.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(count > 0, within.sum(axis=-1) / count, np.nan))


class Reliability(NamedTuple):
    """Frequency of an event by its forecast chance, (bins,): NaN in a bin without forecasts."""

    chance: Array
    """Mean chance of the forecasts of the bin."""
    frequency: Array
    """Share of them in which the event occurred."""
    forecasts: npt.NDArray[np.int64]
    """Number of forecasts in the bin."""


def reliability(chance: ArrayLike, occurred: ArrayLike, edges: ArrayLike) -> Reliability:
    """Return the observed frequency of an event by its forecast chance.

    Parameters
    ----------
    chance : any shape, 0-1, NaN for no forecast
    occurred : same shape, 1 (or true) where it occurred, NaN where that is not known
    edges : (bins + 1,), increasing: a bin includes its lower edge, the last one both

    Returns
    -------
    Reliability.

    Examples
    --------
    >>> bins = reliability([0.1, 0.2, 0.9, 0.8], [0, 1, 1, 1], [0.0, 0.5, 1.0])
    >>> bins.chance.round(2).tolist(), bins.frequency.tolist(), bins.forecasts.tolist()
    ([0.15, 0.85], [0.5, 1.0], [2, 2])
    """
    forecast = np.asarray(chance, dtype=np.float64).ravel()
    outcome = np.asarray(occurred, dtype=np.float64).ravel()
    known = ~np.isnan(forecast + outcome)
    limits = np.asarray(edges, dtype=np.float64)
    bins = len(limits) - 1
    bin_of = np.clip(np.searchsorted(limits, forecast[known], side="right") - 1, 0, bins - 1)
    count = np.bincount(bin_of, minlength=bins)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(bin_of, forecast[known], bins) / count
        frequency = np.bincount(bin_of, outcome[known], bins) / count
    return Reliability(mean, frequency, count)
