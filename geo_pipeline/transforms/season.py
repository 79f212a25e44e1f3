"""The season so far: rain, balance, excess of water, dry spells, heat, light, frost, degree days.

Sums since 1 September are valid for weather spread over dekads. Counts of days are not, and are NaN
wherever a day's weather is not its own (`resolution`).
"""

import numpy as np

from geo_pipeline.crops import DAYS_AFTER_FLOWERING, DAYS_BEFORE_FLOWERING
from geo_pipeline.indicators import events, stress
from geo_pipeline.indicators.events import only_true_days
from geo_pipeline.indicators.stress import SeasonTotal
from geo_pipeline.territory import CROPPING_YEAR_START
from geo_pipeline.transforms.basis import Basis
from geo_pipeline.transforms.daily_arrays import MONTH, Array, Mask
from geo_pipeline.transforms.indicator_rows import Measure, ranked

SPELL_WINDOW_DAYS = 90
"""Days in which the longest dry spell is determined: a season."""

WINTER = (12, 1, 2)
SPRING = (3, 4, 5, 6)
"""Months in which excess of water harms crops sown in autumn: roots stifle, then flowers rot."""


def precip(basis: Basis) -> Measure:
    """Rain since 1 September, mm."""
    return _total(basis, basis.once(_rain))


def precip_departure(basis: Basis) -> Measure:
    """Rain since 1 September minus the normal of that day, mm."""
    return _departure(basis, basis.once(_rain))


def balance(basis: Basis) -> Measure:
    """Rain minus reference evapotranspiration since 1 September, mm."""
    return _total(basis, basis.once(_balance))


def balance_departure(basis: Basis) -> Measure:
    """The same minus the normal of that day, mm."""
    return _departure(basis, basis.once(_balance))


def days_since_rain(basis: Basis) -> Measure:
    """Days since the last day with rain."""
    since = events.days_since_rain(basis.once(_true_rain))
    return ranked(basis.dekads.last(since), basis.dekads, dry_is_high=True)


def longest_dry_spell(basis: Basis) -> Measure:
    """Longest dry spell of the last `SPELL_WINDOW_DAYS` days, days."""
    longest = events.longest_dry_spell(basis.once(_true_rain), SPELL_WINDOW_DAYS)
    return ranked(basis.dekads.last(longest), basis.dekads, dry_is_high=True)


def hot_days(basis: Basis, *, crop: str) -> Measure | None:
    """Days above 25 °C since flowering."""
    if (row := basis.row(crop)) is None:
        return None
    day = basis.water.season.day[row]
    filling = day >= basis.crops["flowering_from_day"].to_numpy()[row]
    tmax_c = only_true_days(basis.record["tmax_c"], basis.true_days)
    return _days(basis, stress.hot_days(tmax_c, filling), filling)


def frost_days(basis: Basis, *, crop: str) -> Measure | None:
    """Days with frost since the start of the season, while shoots are tender."""
    if (row := basis.row(crop)) is None:
        return None
    day = basis.water.season.day[row]
    tender_days = basis.crops["days_initial"] + basis.crops["days_development"]
    tender = (day > 0) & (day <= tender_days.to_numpy()[row])
    tmin_c = only_true_days(basis.record["tmin_c"], basis.true_days)
    return _days(basis, stress.frost_days(tmin_c, tender), tender)


def degree_days(basis: Basis, *, crop: str) -> Measure | None:
    """Sum of the daily mean above the crop's base temperature since its season began.

    The mean of a dekad gives the same, except in dekads with days on both sides of the base.
    """
    if (row := basis.row(crop)) is None:
        return None
    day = basis.water.season.day[row]
    base_c = float(basis.crops["base_temperature_c"].to_numpy()[row])
    tmean_c = basis.record["tmean_c"]
    sums = stress.growing_degree_days(tmean_c, tmean_c, base_c, day == 1, limit="mean")
    grows = day > 0
    return ranked(basis.dekads.last(sums, grows), basis.dekads, shown=basis.dekads.any(grows))


def winter_excess(basis: Basis) -> Measure:
    """Rain beyond what the air could take up, dekad by dekad since 1 December, mm."""
    return _excess(basis, WINTER)


def spring_excess(basis: Basis) -> Measure:
    """The same since 1 March, until the end of June, mm."""
    return _excess(basis, SPRING)


def flowering_light(basis: Basis, *, crop: str) -> Measure | None:
    """Mean radiation of a day since `DAYS_BEFORE_FLOWERING` before flowering, MJ/m².

    Until `DAYS_AFTER_FLOWERING` after it: ears are formed and grains are set by this light.
    """
    if (row := basis.row(crop)) is None:
        return None
    opens, ends = basis.crops.iloc[row][["flowering_from_day", "yield_formation_from_day"]]
    light, dekads = basis.record["radiation_mj_m2"], basis.dekads
    value = np.full((light.shape[0], len(dekads.ends)), np.nan)
    shown = np.zeros(len(dekads.ends), np.bool_)
    for sown in np.flatnonzero(basis.water.season.day[row] == 1):
        first = int(sown + opens) - 1 - DAYS_BEFORE_FLOWERING
        last = min(int(sown + ends) - 2 + DAYS_AFTER_FLOWERING, light.shape[1] - 1)
        if first >= last:
            continue
        told = dekads.within(first, last)
        sums = np.cumsum(light[:, first : last + 1], axis=-1)[:, told.days - first]
        value[:, told.dekads] = sums / (told.days - first + 1)
        shown[told.dekads] = True
    return ranked(value, dekads, shown=shown)


def _excess(basis: Basis, months: tuple[int, ...]) -> Measure:
    """Return the sum over dekads of what rain exceeds evapotranspiration by, in these months."""
    beyond = np.maximum(basis.balance_mm, 0.0)
    month = basis.dekads.ends.month
    inside = np.isin(month, months)
    value = np.full(beyond.shape, np.nan)
    opens = np.flatnonzero((month == months[0]) & (basis.dekads.steps % MONTH == 0))
    for first in opens:
        end = min(int(first) + MONTH * len(months), beyond.shape[-1])
        value[:, first:end] = np.cumsum(beyond[:, first:end], axis=-1)
    return ranked(value, basis.dekads, shown=inside)


def _days(basis: Basis, count: Array, days: Mask) -> Measure:
    """Return a count that only has values on `days`."""
    shown = basis.dekads.any(days)
    return ranked(basis.dekads.last(count, days), basis.dekads, dry_is_high=True, shown=shown)


def _total(basis: Basis, season: SeasonTotal) -> Measure:
    return ranked(basis.dekads.last(season.total), basis.dekads)


def _departure(basis: Basis, season: SeasonTotal) -> Measure:
    rank = basis.dekads.last(season.total)
    return ranked(basis.dekads.last(season.departure), basis.dekads, rank=rank)


def _rain(basis: Basis) -> SeasonTotal:
    return _since_september(basis, basis.record["precip_mm"])


def _balance(basis: Basis) -> SeasonTotal:
    return _since_september(basis, basis.record["precip_mm"] - basis.record["et0_mm"])


def _since_september(basis: Basis, daily_mm: Array) -> SeasonTotal:
    """Return the sum since the cropping year began, with its departure from the normal."""
    return stress.season_total(
        daily_mm,
        basis.record.dates.to_numpy(),
        start=CROPPING_YEAR_START,
        reference=basis.dekads.reference_days,
        min_seasons=2,
    )


def _true_rain(basis: Basis) -> Array:
    """Return the rain of true days, NaN on days over which a dekad was spread."""
    return only_true_days(basis.record["precip_mm"], basis.true_days)
