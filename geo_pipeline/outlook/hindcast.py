r"""Hindcasts: forecasts of soil water for every past date of issue, with their scores.

Of the target year a hindcast uses only the state of the soil on the day of issue. Its weather is
not a member, and its wetness is not used for the climatology, the limits of classes or the damping
of persistence. These come from all other years of the record, later ones included: with a dozen
years, the earlier ones alone would leave the first half of the record without a forecast.

There are two baselines. *Climatology* is the wetness of the other years in the same dekad. *Damped
persistence* continues the present anomaly without a model of the soil: it is damped by a regression
:math:`\beta` on the other years, and its spread is that of the residuals :math:`\varepsilon` of
that regression,

.. math::
    \hat z_i = \bar z + \beta\,(x - \bar x) + \sqrt{\frac{n}{n - 2}}\;\varepsilon_i,
    \qquad \beta = \max\left(0, \frac{s_{xz}}{s_x^2}\right)
"""

from collections.abc import Iterator
from typing import Final, NamedTuple, Self

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
    members_known,
    wetness,
    windows,
)
from geo_pipeline.outlook.verification import fair_crps, fair_rps, rank_of, weibull_quantiles

LEAST_YEARS: Final = 5
"""Other years that a forecast needs."""

LEVELS: Final = (0.1, 0.5, 0.9)
"""Quantiles of a forecast that are kept: the median and the bounds of an interval of 80 %."""

CLASS_LEVELS: Final = tuple(limit / 100.0 for limit in reversed(PERCENTILE_DRY_LIMITS))
"""Shares of years below the limits of D0 to D4."""

SCORED: Final = slice(0, 3)
"""Limits that are scored, D0 to D2: a dozen years are too few for the rarer classes."""

VALUES_AT_ONCE: Final = 1 << 20
"""Wetness of members that is in memory at the same time. Their number grows with the square of the
years: all of France at once would take gigabytes for a long record."""

DROUGHT: Final = 1
"""Position of D1 among them, the first class that counts as drought."""


class Past(NamedTuple):
    """Soil water of the record by day and by dekad, (places, crops, ...)."""

    depletion_mm: Array
    below_mm: Array
    """(..., days)."""
    at_end: Array
    """(..., dekads), wetness on the last day of the dekad."""
    mean: Array
    """(..., dekads), mean wetness, NaN unless all days are known."""
    ends: Positions
    """(dekads,), position of the last day of each complete dekad of the record."""
    first: int
    """Number of the first of these dekads, as `dekads.numbers` counts."""

    def of_places(self, chosen: slice) -> Self:
        """Return the places at these positions."""
        return self._replace(
            depletion_mm=self.depletion_mm[chosen],
            below_mm=self.below_mm[chosen],
            at_end=self.at_end[chosen],
            mean=self.mean[chosen],
        )

    def until(self, days: int) -> Self:
        """Return the water of the first days: the balance goes forward in time."""
        count = int(np.searchsorted(self.ends, days))
        return self._replace(
            depletion_mm=self.depletion_mm[..., :days],
            below_mm=self.below_mm[..., :days],
            at_end=self.at_end[..., :count],
            mean=self.mean[..., :count],
            ends=self.ends[:count],
        )


class Hindcast(NamedTuple):
    """Forecasts of some issues with their scores, each (places, crops, issues, leads).

    NaN where there is no forecast: off season, with an unknown state of the soil, or with too few
    other years. Scores are NaN where the observed wetness is not known.
    """

    observed: Array
    """Observed mean wetness of the dekad."""
    low: Array
    median: Array
    high: Array
    """Quantiles of `LEVELS`."""
    members: Array
    """Number of other years in the ensemble."""
    rank: Array
    """Members below the observed wetness."""
    crps: Array
    crps_climatology: Array
    crps_persistence: Array
    rps: Array
    rps_climatology: Array
    """Of the classes D0, D1 and D2, each with all drier ones."""
    drought_chance: Array
    """Share of the members in D1 or drier, compared with the other years in that dekad."""
    drought: Array
    """1 where the observed wetness was in D1 or drier, else 0."""


def past(weather: Weather, soils: Soils) -> Past:
    """Return the water of `soils` in the record."""
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


class Hindcasts(NamedTuple):
    """Forecasts of some places, crops and issues, by their positions."""

    places: Positions
    crops: Positions
    issues: Positions
    scored: Hindcast


def hindcasts(
    weather: Weather,
    soils: Soils,
    grows: Mask,
    known: Past | None = None,
    month: int | None = None,
) -> Iterator[Hindcasts]:
    """Yield forecasts of every past issue, so many places at a time as `VALUES_AT_ONCE` allows.

    Parameters
    ----------
    weather : the record
    soils : for the days of the record and `ensemble.LONGEST_DAYS` more
    grows : (crops, days), for the same days: whether the crop is in season
    known : `past` of both, where it is at hand
    month : only issues of this calendar month

    Raises
    ------
    ValueError : see `soil_water_balance`.
    """
    known = past(weather, soils) if known is None else known
    issues = known.ends[~np.isnan(known.at_end).all(axis=(0, 1))]
    if month is not None:
        issues = issues[weather.dates[issues].month == month]
    for to_come in windows(weather.dates, issues):
        crops = np.flatnonzero(grows[:, to_come.issues].any(axis=1))
        if not crops.size:
            continue
        shown = in_season(grows[crops], to_come)
        of_place = len(crops) * to_come.offsets.size * len(to_come.lengths)
        at_once = max(VALUES_AT_ONCE // of_place, 1)
        for first in range(0, len(weather.rain_mm), at_once):
            some = slice(first, first + at_once)
            here, ours = weather.of_places(some), known.of_places(some)
            members = forecast(here, soils.of_places(some), ours, to_come, crops)
            places = first + np.arange(len(members))
            scored = _verified(ours, to_come, crops, members, shown)
            yield Hindcasts(places, crops, to_come.issues, scored)


def observations(
    weather: Weather, soils: Soils, grows: Mask, known: Past
) -> Iterator[tuple[Positions, Mask, Array]]:
    """Yield what `hindcasts` observe of the next dekad, without their forecasts.

    That is positions of issues (issues,), whether there is a forecast, and the mean wetness of the
    dekad, both (places, crops, issues). Parameters are those of `hindcasts`.
    """
    for to_come in windows(weather.dates, known.ends):
        issue = np.searchsorted(known.ends, to_come.issues)[:, np.newaxis]
        crops = np.arange(len(grows))
        depletion_mm = state_at(known, soils, crops, to_come.issues)["initial_depletion_mm"]
        members = members_known(weather, to_come).sum(axis=-1)[:, np.newaxis]
        usual = other_years(known.mean, issue + 1, to_come.offsets)[..., 0]
        enough = (members >= LEAST_YEARS) & ((~np.isnan(usual)).sum(axis=-1) >= LEAST_YEARS)
        forecasts = enough & in_season(grows, to_come)[..., 0] & ~np.isnan(depletion_mm)
        yield to_come.issues, forecasts, _at(known.mean, issue + 1)[..., 0]


def forecast(
    weather: Weather, soils: Soils, known: Past, to_come: Windows, crops: Positions
) -> Array:
    """Return the ensemble of `crops` after the issues of `to_come`, without the target year itself.

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
    """Return whether a crop is in season from issue to the end of a lead, (crops, issues, leads).

    `grows` is (crops, days).
    """
    edges = np.cumsum(to_come.lengths)[:-1]
    days = np.split(grows[:, to_come.ahead], edges, axis=-1)
    all_days = np.stack([each.all(axis=-1) for each in days], axis=-1)
    return grows[:, to_come.issues, np.newaxis] & np.logical_and.accumulate(all_days, axis=-1)


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


def _at(values: Array, dekads: Positions) -> Array:
    """Return the values at these dekads, NaN after the last."""
    inside = dekads < values.shape[-1]
    return np.where(inside, values[..., np.where(inside, dekads, 0)], np.nan)


def _verified(
    known: Past, to_come: Windows, crops: Positions, members: Array, shown: Mask
) -> Hindcast:
    """Return the forecasts of `members` with their scores and those of the baselines."""
    issue = np.searchsorted(known.ends, to_come.issues)[:, np.newaxis]
    target = issue + 1 + np.arange(LEADS)
    mean, at_end = known.mean[:, crops], known.at_end[:, crops]
    observed = _at(mean, target)
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
    occurred = np.where(np.isnan(limits + observed[..., np.newaxis]), np.nan, 0.0)
    occurred += observed[..., np.newaxis] < limits
    low, median, high = np.moveaxis(weibull_quantiles(ours, LEVELS), -1, 0)
    scored = Hindcast(
        observed=observed,
        low=low,
        median=median,
        high=high,
        members=count.astype(np.float64),
        rank=rank_of(ours, observed),
        crps=fair_crps(ours, observed),
        crps_climatology=fair_crps(usual, observed),
        crps_persistence=fair_crps(persisting, observed),
        rps=fair_rps(share, count, occurred),
        rps_climatology=((np.array(CLASS_LEVELS[SCORED]) - occurred) ** 2).sum(axis=-1),
        drought_chance=share[..., DROUGHT],
        drought=occurred[..., DROUGHT],
    )
    return Hindcast(*(np.where(enough, each, np.nan) for each in scored))


def class_limits(usual: Array) -> Array:
    """Return the wetness below which each of the classes D0 to D4 begins, (..., classes).

    `usual` is the wetness of the other years, (..., years). A limit that cannot be estimated from
    so few years (2 % of a dozen) is NaN.
    """
    count = (~np.isnan(usual)).sum(axis=-1, keepdims=True)
    limits = weibull_quantiles(usual, CLASS_LEVELS)
    return np.where(np.array(CLASS_LEVELS) * (count + 1) >= 1.0 - 1e-9, limits, np.nan)


def damped_persistence(now: Array, before: Array, usual: Array) -> Array:
    """Return the forecast of damped persistence, (places, crops, issues, members, leads).

    `now` is the wetness at the issue, (..., issues, 1), `before` that of other years, (..., issues,
    members, 1), `usual` that at the target, (..., issues, members, leads).
    """
    both = ~np.isnan(before) & ~np.isnan(usual)
    count = both.sum(axis=-2, keepdims=True)
    x, z = np.where(both, before, 0.0), np.where(both, usual, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_x, mean_z = (each.sum(axis=-2, keepdims=True) / count for each in (x, z))
        anomaly = np.where(both, x - mean_x, 0.0)
        spread = (anomaly * anomaly).sum(axis=-2, keepdims=True)
        slope = np.maximum((anomaly * z).sum(axis=-2, keepdims=True) / spread, 0.0)
        slope = np.where(spread > 0.0, slope, 0.0)
        inflation = np.sqrt(count / (count - 2.0))
        residual = z - mean_z - slope * anomaly
        persisting = mean_z + slope * (now[..., np.newaxis, :] - mean_x) + inflation * residual
    return np.where(both & (count > 2), np.clip(persisting, 0.0, 1.0), np.nan)
