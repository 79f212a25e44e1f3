r"""Forecasts of soil water as they would have been, at every past issue, and how good they were.

Of each target year nothing is in its own forecast but the state of the soil on the day of issue:
its weather is no member, its wetness is in no climatology, in no limit of a class, and not in what
damps persistence. All of these are taken from the other years of the record, later ones too: with a
dozen years, only those before would leave the first half of the record without a forecast.

Two references are to be beaten. *Climatology* is the wetness of the other years at the same dekad.
*Damped persistence* carries on what is known of today, without any model of the soil: the anomaly
at the day of issue, damped by a regression :math:`\beta` on the other years, with the residuals
:math:`\varepsilon` of that regression as its spread,

.. math::
    \hat z_i = \bar z + \beta\,(x - \bar x) + \sqrt{\frac{n}{n - 2}}\;\varepsilon_i,
    \qquad \beta = \max\left(0, \frac{s_{xz}}{s_x^2}\right)
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from geo_pipeline import dekads
from geo_pipeline.indicators.classes import PERCENTILE_DRY_LIMITS
from geo_pipeline.indicators.soil_water import InitialState
from geo_pipeline.outlook.ensemble import (
    LEADS,
    Array,
    Mask,
    Positions,
    Soils,
    Weather,
    Windows,
    chances,
    continuous,
    wetness,
    windows,
)
from geo_pipeline.outlook.verification import fair_crps, fair_rps, rank_of, weibull_quantiles

LEAST_YEARS: Final = 5
"""Other years below which there is no forecast: fewer say nothing of what may come."""

LEVELS: Final = (0.1, 0.5, 0.9)
"""Quantiles of a forecast that are kept: the median, and the ends of a range of 80 %."""

CLASS_LEVELS: Final = tuple(limit / 100.0 for limit in reversed(PERCENTILE_DRY_LIMITS))
"""Shares of years below the limits of D0 to D4, as the drought classes have them."""

SCORED: Final = slice(0, 3)
"""The limits that classes are scored by, D0 to D2: a dozen years cannot tell rarer ones."""

DROUGHT: Final = 1
"""Position of D1 among them: from there on it is a drought."""


class Past(NamedTuple):
    """What is known of soils day by day and dekad by dekad, (places, crops, ...)."""

    depletion_mm: Array
    below_mm: Array
    """(..., days)."""
    at_end: Array
    """(..., dekads), wetness on the last day of each."""
    mean: Array
    """(..., dekads), mean wetness of each, NaN unless all its days are known."""
    ends: Positions
    """(dekads,), position of the last day of each whole dekad of the record."""
    first: int
    """Number of the first of these dekads, as `dekads.numbers` counts."""


class Hindcast(NamedTuple):
    """Forecasts of some issues and how good they were, each (places, crops, issues, leads).

    NaN where there is none: off season, the state of the soil not known, too few other years. What
    tells how good they were is NaN where the wetness that came is not known.
    """

    observed: Array
    """Mean wetness of the dekad as it came."""
    low: Array
    median: Array
    high: Array
    """Quantiles of `LEVELS`."""
    members: Array
    """How many other years it is made of."""
    rank: Array
    """Members below what came."""
    crps: Array
    crps_climatology: Array
    crps_persistence: Array
    rps: Array
    rps_climatology: Array
    """Of the classes D0, D1 and D2, D1 being D1 or worse."""
    drought_chance: Array
    """Share of the members in D1 or worse, against the other years at that dekad."""
    drought: Array
    """1 where it came, else 0."""


def past(weather: Weather, soils: Soils) -> Past:
    """Return what is known of `soils` through the record."""
    water, dates = continuous(weather, soils, ("depletion_mm", "below_mm", "swi")), weather.dates
    numbers = dekads.numbers(dates)
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    lengths = np.diff(starts, append=len(dates))
    whole = lengths == dekads.lengths(dates[starts])
    means = np.add.reduceat(water["swi"], starts, axis=-1) / lengths
    ends = (starts + lengths - 1)[whole]
    return Past(
        water["depletion_mm"],
        water["below_mm"],
        water["swi"][..., ends],
        means[..., whole],
        ends,
        int(numbers[ends[0]]) if ends.size else 0,
    )


def hindcasts(
    weather: Weather, soils: Soils, grows: Mask
) -> Iterator[tuple[Positions, Positions, Hindcast]]:
    """Yield forecasts of every past issue: positions of crops, of issues, and the forecasts.

    Parameters
    ----------
    weather : the record
    soils : of the days of the record and `ensemble.LONGEST_DAYS` more
    grows : (crops, days), the same days: whether the crop stands

    Raises
    ------
    ValueError : see `soil_water_balance`.
    """
    known = past(weather, soils)
    issues = known.ends[~np.isnan(known.at_end).all(axis=(0, 1))]
    for to_come in windows(weather.dates, issues):
        crops = np.flatnonzero(grows[:, to_come.issues].any(axis=1))
        if not crops.size:
            continue
        members = forecast(weather, soils, known, to_come, crops)
        shown = in_season(grows[crops], to_come)
        yield crops, to_come.issues, _verified(known, to_come, crops, members, shown)


def forecast(
    weather: Weather, soils: Soils, known: Past, to_come: Windows, crops: Positions
) -> Array:
    """Return the ensemble of `crops` after the issues of `to_come`, without the target's own year.

    (places, crops, issues, members, leads).
    """
    shape = (len(weather.rain_mm), len(crops), *to_come.offsets.shape, len(to_come.lengths))
    members = np.empty(shape)
    for alike in soils.alike(crops):
        chosen = crops[alike]
        state = state_at(known, soils, chosen, to_come.issues)
        members[:, alike] = wetness(weather, soils.of_crops(chosen), state, to_come, to_come.others)
    return members


def state_at(known: Past, soils: Soils, crops: Positions, days: Positions) -> InitialState:
    """Return the state of `crops` at the end of some days, each (places, crops, days)."""
    at = (slice(None), crops[:, np.newaxis], days)
    return {
        "initial_depletion_mm": known.depletion_mm[at],
        "initial_below_mm": known.below_mm[at],
        "initial_taw_mm": soils.taw_mm[at],
    }


def in_season(grows: Mask, to_come: Windows) -> Mask:
    """Return whether a crop stands from the issue to the end of each lead, (crops, issues, leads).

    `grows` is (crops, days).
    """
    edges = np.cumsum(to_come.lengths)[:-1]
    days = np.split(grows[:, to_come.ahead], edges, axis=-1)
    stands = np.stack([each.all(axis=-1) for each in days], axis=-1)
    return grows[:, to_come.issues, np.newaxis] & np.logical_and.accumulate(stands, axis=-1)


def other_years(values: Array, at: Positions, offsets: Positions) -> Array:
    """Return the values of other years at the same dekads, members before the last axis of `at`.

    Parameters
    ----------
    values : (..., dekads)
    at : (issues, leads), positions of dekads, before the first or beyond the last where unknown
    offsets : (issues, members), years from the target to the member

    Returns
    -------
    (..., issues, members, leads), NaN for the target itself and outside the record.
    """
    place = at[:, np.newaxis] + dekads.A_YEAR * offsets[..., np.newaxis]
    inside = (place >= 0) & (place < values.shape[-1]) & (offsets != 0)[..., np.newaxis]
    return np.where(inside, values[..., np.where(inside, place, 0)], np.nan)


def _verified(
    known: Past, to_come: Windows, crops: Positions, members: Array, shown: Mask
) -> Hindcast:
    """Return the forecasts of `members` beside what came and what others would have told."""
    issue = np.searchsorted(known.ends, to_come.issues)[:, np.newaxis]
    target = issue + 1 + np.arange(LEADS)
    there = target < known.mean.shape[-1]
    mean, at_end = known.mean[:, crops], known.at_end[:, crops]
    observed = np.where(there, mean[..., np.where(there, target, 0)], np.nan)
    usual = other_years(mean, target, to_come.offsets)
    before = other_years(at_end, issue, to_come.offsets)
    persisting = damped_persistence(at_end[..., issue], before, usual)
    ours, usual, persisting = (
        np.ascontiguousarray(np.moveaxis(each, -2, -1)) for each in (members, usual, persisting)
    )
    count = (~np.isnan(ours)).sum(axis=-1)
    years = (~np.isnan(usual)).sum(axis=-1)
    enough = shown & (count >= LEAST_YEARS) & (years >= LEAST_YEARS)
    limits = class_limits(usual)[..., SCORED]
    share = chances(ours, limits)
    came = np.where(np.isnan(limits + observed[..., np.newaxis]), np.nan, 0.0)
    came += observed[..., np.newaxis] < limits
    low, median, high = np.moveaxis(weibull_quantiles(ours, LEVELS), -1, 0)
    told = Hindcast(
        observed=observed,
        low=low,
        median=median,
        high=high,
        members=count.astype(np.float64),
        rank=rank_of(ours, observed),
        crps=fair_crps(ours, observed),
        crps_climatology=fair_crps(usual, observed),
        crps_persistence=fair_crps(persisting, observed),
        rps=fair_rps(share, count, came),
        rps_climatology=((np.array(CLASS_LEVELS[SCORED]) - came) ** 2).sum(axis=-1),
        drought_chance=share[..., DROUGHT],
        drought=came[..., DROUGHT],
    )
    return Hindcast(*(np.where(enough, each, np.nan) for each in told))


def class_limits(usual: Array) -> Array:
    """Return the wetness below which each of the classes D0 to D4 begins, (..., classes).

    `usual` is the wetness of the other years, (..., years). A limit that so few years cannot tell
    (2 % of a dozen) is NaN.
    """
    count = (~np.isnan(usual)).sum(axis=-1, keepdims=True)
    limits = weibull_quantiles(usual, CLASS_LEVELS)
    return np.where(np.array(CLASS_LEVELS) * (count + 1) >= 1.0 - 1e-9, limits, np.nan)


def damped_persistence(now: Array, before: Array, usual: Array) -> Array:
    """Return what damped persistence would have told, (places, crops, issues, members, leads).

    `now` is the wetness at the issue, (..., issues, 1), `before` that of other years, (..., issues,
    members, 1), `usual` that at the target, (..., issues, members, leads).
    """
    both = ~np.isnan(before) & ~np.isnan(usual)
    count = both.sum(axis=-2, keepdims=True)
    x, z = np.where(both, before, 0.0), np.where(both, usual, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_x, mean_z = (each.sum(axis=-2, keepdims=True) / count for each in (x, z))
        apart = np.where(both, x - mean_x, 0.0)
        spread = (apart * apart).sum(axis=-2, keepdims=True)
        slope = np.maximum((apart * z).sum(axis=-2, keepdims=True) / spread, 0.0)
        slope = np.where(spread > 0.0, slope, 0.0)
        wider = np.sqrt(count / (count - 2.0))
        residual = z - mean_z - slope * apart
        told = mean_z + slope * (now[..., np.newaxis, :] - mean_x) + wider * residual
    return np.where(both & (count > 2), np.clip(told, 0.0, 1.0), np.nan)
