"""Recovery: the rain that brings a soil out of drought, and how often past years brought it.

The balance is computed from today's state with increasing amounts of rain, distributed over the
days as on the mean of the other years, and with their mean evapotranspiration. The rain needed is
the least total with which the last dekad reaches the limit. Its chance is computed with the
ensemble: the share of the other years whose own weather brings the soil there.
"""

from typing import Final, NamedTuple

import numpy as np

from geo_pipeline.indicators.soil_water import InitialState, soil_water_balance
from geo_pipeline.outlook.ensemble import Array, Mask, Positions, Soils, Weather, Windows

HORIZONS: Final = (3, 6, 9)
"""Dekads to come: about 30, 60 and 90 days."""

TOTALS_MM: Final = np.arange(0.0, 801.0, 20.0)
"""Amounts of rain that are tried; a limit that needs more cannot be reached."""


class Needed(NamedTuple):
    """Rain needed to reach a limit, (places, crops, issues), and the usual rain."""

    rain_mm: Array
    """NaN where the state or the limit is not known, or `TOTALS_MM` do not reach it."""
    usual_mm: Array
    """Median of the rain of the other years over the same days."""


def rain_needed(
    weather: Weather,
    soils: Soils,
    state: InitialState,
    to_come: Windows,
    limits: Array,
    *,
    dekads: int,
) -> Needed:
    """Return the rain with which the last of the next `dekads` is as wet as `limits`.

    Parameters
    ----------
    weather, soils, state, to_come : as in `ensemble.wetness`
    limits : (places, crops, issues), 0-1, wetness to reach in the last dekad
    dekads : number of dekads, at most those of `to_come`

    Returns
    -------
    Needed.
    """
    lengths = to_come.lengths[:dekads]
    days = int(lengths.sum())
    rain, et0 = _of_others(weather, to_come, days)
    daily = _mean_of_members(rain)
    evaporation = _mean_of_members(et0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = daily / daily.sum(axis=-1, keepdims=True)
    share = np.where(np.isnan(share), 1.0 / days, share)
    tried = TOTALS_MM[:, np.newaxis, np.newaxis, np.newaxis] * share
    ahead = to_come.ahead[:, :days]
    wet = soil_water_balance(
        tried[:, :, np.newaxis],
        np.nan_to_num(evaporation)[:, np.newaxis],
        soils.kc[:, ahead],
        soils.taw_mm[..., ahead],
        soils.p[:, np.newaxis],
        initial_depletion_mm=np.nan_to_num(state["initial_depletion_mm"]),
        initial_below_mm=np.nan_to_num(state["initial_below_mm"]),
        initial_taw_mm=state["initial_taw_mm"],
        profile_mm=soils.profile_mm[..., np.newaxis],
        drainage=soils.drainage[..., np.newaxis],
        irrigated=soils.irrigated[:, ahead],
        tolerance_mm=0.0,
        keep=("swi",),
        period=np.repeat(np.arange(dekads), lengths),
    )["swi"][..., -1]
    unknown = np.isnan(state["initial_depletion_mm"]) | np.isnan(evaporation[..., 0])[:, np.newaxis]
    needed = np.where(unknown, np.nan, _first_reached(wet, limits))
    totals = np.where(np.isnan(rain).any(axis=-1), np.nan, rain.sum(axis=-1))
    usual = _median_of_members(totals)[:, np.newaxis]
    return Needed(needed, np.where(np.isnan(needed), np.nan, usual))


def _of_others(weather: Weather, to_come: Windows, days: int) -> tuple[Array, Array]:
    """Return rain and evaporation of the other years, (places, issues, members, days)."""
    chosen = to_come.days[..., :days]
    rain, et0 = weather.rain_mm[:, chosen], weather.et0_mm[:, chosen]
    known: Mask = to_come.others & ~np.isnan(rain + et0).any(axis=-1)
    rain, et0 = (np.where(known[..., np.newaxis], each, np.nan) for each in (rain, et0))
    # In this order in memory, numpy adds up the days of a place alone as those of one among many.
    return np.ascontiguousarray(rain), np.ascontiguousarray(et0)


def _mean_of_members(values: Array) -> Array:
    """Return the mean of the known members, (places, issues, days)."""
    known = ~np.isnan(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=2) / known.sum(axis=2))


def _median_of_members(totals: Array) -> Array:
    """Return the median of the known members, (places, issues)."""
    ordered = np.sort(totals, axis=-1)
    count: Positions = (~np.isnan(totals)).sum(axis=-1)
    middle = np.stack([np.maximum(count - 1, 0) // 2, count // 2], axis=-1)
    middle = np.minimum(middle, totals.shape[-1] - 1)
    return np.asarray(np.take_along_axis(ordered, middle, axis=-1).mean(axis=-1))


def _first_reached(wet: Array, limits: Array) -> Array:
    """Return the least of `TOTALS_MM` with which `wet`, (totals, ...), reaches the limit."""
    reached = wet >= limits
    first = reached.argmax(axis=0)
    before = np.maximum(first - 1, 0)
    low, high = (np.take_along_axis(wet, each[np.newaxis], axis=0)[0] for each in (before, first))
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(first > 0, (limits - low) / (high - low), 0.0)
    total = TOTALS_MM[before] + part * (TOTALS_MM[first] - TOTALS_MM[before])
    return np.asarray(np.where(reached.any(axis=0), total, np.nan))
