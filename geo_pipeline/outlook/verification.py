r"""How good forecasts were: scores of ensembles and classes, skill with its range, coverage.

An ensemble has its members on the last axis; a member that is NaN is not there. Scores are
negative in sense, 0 is perfect, in the unit of what is forecast. What is called *fair* has the
expectation that it would have of an ensemble without end, whatever the number of members: eleven
years of weather are not put at a disadvantage against twelve. Skill is

.. math:: S = 1 - \frac{\sum s}{\sum s_{ref}}

of the same forecasts: 1 is perfect, 0 as good as the reference, below 0 worse. Its range comes from
drawing whole years again: the départements of a year, and its dekads, share one weather and are no
independent witnesses.

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
"""How often years are drawn again for the range of a skill."""

CONFIDENCE = 0.9
"""Share of the draws between the two bounds of a skill."""

LEAST_YEARS = 5
"""Years below which drawing them again says nothing of the range of a skill."""


def fair_crps(members: ArrayLike, observed: ArrayLike) -> Array:
    r"""Continuous ranked probability score of an ensemble, fair to small ones.

    .. math:: \frac{1}{m} \sum_i |x_i - y| - \frac{1}{2 m (m - 1)} \sum_i \sum_j |x_i - x_j|

    The second sum is taken from the sorted members, :math:`2 \sum_i (2i - m - 1)\, x_{(i)}`.

    Parameters
    ----------
    members : (..., members), any unit, NaN for those that are not there
    observed : (...), same unit

    Returns
    -------
    (...), same unit, NaN where fewer than two members are there or nothing was observed. It may be
    below 0: only its mean over forecasts is a score.

    Examples
    --------
    Members 1 and 3, observed 2: mean distance 1, half the distance between two members 1.

    >>> float(fair_crps([1.0, 3.0], 2.0))
    0.0
    """
    ordered = np.sort(np.asarray(members, dtype=np.float64), axis=-1)
    there = ~np.isnan(ordered)
    # Products with a vector of ones: a sum along so short an axis costs several times as much.
    ones, rank = np.ones(ordered.shape[-1]), np.arange(1.0, ordered.shape[-1] + 1)
    count = there @ ones
    known = np.where(there, ordered, 0.0)
    truth = np.asarray(observed, dtype=np.float64)
    distance = np.where(there, np.abs(known - truth[..., np.newaxis]), 0.0) @ ones
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
    members : (...), how many they are
    occurred : (..., limits), 1 (or true) where what was observed is at or below the limit

    Returns
    -------
    (...), NaN where a share is, and with fewer than two members.

    Examples
    --------
    Two of four members below the limit, and so was what came: (0.5 - 1)^2 - 0.25 / 3.

    >>> round(float(fair_rps([0.5], 4, [True])), 3)
    0.167
    """
    chance = np.asarray(share, dtype=np.float64)
    count = np.asarray(members, dtype=np.float64)[..., np.newaxis]
    came = np.asarray(occurred, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = (chance - came) ** 2 - chance * (1.0 - chance) / (count - 1.0)
    return np.asarray(np.where(count > 1.0, terms, np.nan).sum(axis=-1))


def weibull_quantiles(members: ArrayLike, levels: ArrayLike) -> Array:
    """Quantiles at the positions k / (m + 1) of the ordered members, those between on a line.

    A new value drawn like the members is below the k-th of them with just this probability
    (Makkonen 2006). `np.quantile` has (k - 1) / (m - 1) unless told otherwise: with 11 members its
    80 % hold 67 % of what comes. Beyond the outermost positions the outermost member stands.

    Parameters
    ----------
    members : (..., members), any unit, NaN for those that are not there
    levels : (levels,), 0-1

    Returns
    -------
    (..., levels), same unit, NaN where no member is there.

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
    """How many members are below what was observed, those equal to it counted half.

    Over many forecasts of a reliable ensemble all ranks are as frequent.

    Parameters
    ----------
    members : (..., members), NaN for those that are not there
    observed : (...)

    Returns
    -------
    (...), 0 to the number of members, NaN where nothing was observed or no member is there.

    Examples
    --------
    >>> float(rank_of([1.0, 2.0, 2.0, 5.0], 2.0))
    2.0
    """
    each = np.asarray(members, dtype=np.float64)
    truth = np.asarray(observed, dtype=np.float64)
    against = truth[..., np.newaxis]
    ones = np.ones(each.shape[-1])
    rank = (each < against) @ ones + 0.5 * ((each == against) @ ones)
    known = ~np.isnan(truth) & (~np.isnan(each) @ ones > 0.0)
    return np.asarray(np.where(known, rank, np.nan))


def skill(score: ArrayLike, reference: ArrayLike) -> Array:
    """Skill of forecasts by their sums of scores by year.

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
    """Range of a skill, from drawing whole years again with replacement.

    Parameters
    ----------
    score, reference : as `skill` has them
    draws : how often
    confidence : share of the draws between the bounds, as many beyond the one as beyond the other
    seed : of the draws: the same years are drawn for all (...)

    Returns
    -------
    SkillRange, NaN where fewer than `LEAST_YEARS` years are known.

    Examples
    --------
    Each year half as far off as the reference: there is nothing to be unsure of.

    >>> bounds = skill_range([1.0, 2.0, 3.0, 1.0, 2.0], [2.0, 4.0, 6.0, 2.0, 4.0])
    >>> float(bounds.lower), float(bounds.upper)
    (0.5, 0.5)
    """
    ours, theirs = _years_of_both(score, reference)
    years = ours.shape[-1]
    drawn = np.random.default_rng(seed).multinomial(years, np.full(years, 1.0 / years), size=draws)
    each = _ratio(ours @ drawn.T, theirs @ drawn.T)
    known = (theirs != 0.0).sum(axis=-1) >= LEAST_YEARS
    outside = 0.5 * (1.0 - confidence)
    # A draw without any known year is none, and rare: it counts as no skill, which is careful.
    bounds = np.quantile(np.where(np.isnan(each), 0.0, each), [outside, 1.0 - outside], axis=-1)
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
    """Share of what was observed that is within the bounds, along the last axis.

    Count it by year: (years, forecasts). One figure for all years hides that a range held in ten
    and failed in the two that mattered.

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
    """How often what was given some chance came, each (bins,): NaN in a bin without forecasts."""

    chance: Array
    """Mean chance of the forecasts of the bin."""
    frequency: Array
    """Share of them in which it came."""
    forecasts: npt.NDArray[np.int64]
    """How many they are."""


def reliability(chance: ArrayLike, occurred: ArrayLike, edges: ArrayLike) -> Reliability:
    """Observed frequency of an event by the chance that it was given.

    Parameters
    ----------
    chance : any shape, 0-1, NaN for no forecast
    occurred : same shape, 1 (or true) where it came, NaN where that is not known
    edges : (bins + 1,), rising: a bin holds its lower edge, the last one both

    Returns
    -------
    Reliability.

    Examples
    --------
    >>> told = reliability([0.1, 0.2, 0.9, 0.8], [0, 1, 1, 1], [0.0, 0.5, 1.0])
    >>> told.chance.round(2).tolist(), told.frequency.tolist(), told.forecasts.tolist()
    ([0.15, 0.85], [0.5, 1.0], [2, 2])
    """
    given = np.asarray(chance, dtype=np.float64).ravel()
    came = np.asarray(occurred, dtype=np.float64).ravel()
    known = ~np.isnan(given + came)
    limits = np.asarray(edges, dtype=np.float64)
    bins = len(limits) - 1
    place = np.clip(np.searchsorted(limits, given[known], side="right") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(place, given[known], bins) / count
        frequency = np.bincount(place, came[known], bins) / count
    return Reliability(mean, frequency, count)
