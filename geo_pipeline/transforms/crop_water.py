"""Crop water: daily demand and supply of crops, and the stages of their season.

Indicators of shortage are computed from it in `crop_shortage`, the balance itself in `soil`.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from geo_pipeline.indicators.aggregation import rolling_sum
from geo_pipeline.indicators.root_zone import Output
from geo_pipeline.outlook.ensemble import Weather, continuous
from geo_pipeline.transforms.daily_arrays import (
    MONTH,
    Array,
    Dekads,
    Positions,
    Record,
    pivoted,
)
from geo_pipeline.transforms.soil import KEPT, REFERENCE_CROP, Season, season_of_crops, soils_of

YIELD_STAGES = ("flowering_from_day", "yield_formation_from_day", "ripening_from_day")
"""First days of the second, third and fourth stage of FAO-33; the first begins with the season."""

STAGE_FACTORS = ("ky_vegetative", "ky_flowering", "ky_yield_formation", "ky_ripening")


class CropWater(NamedTuple):
    """Water of the crops at the places, by day."""

    swi: Array
    """Soil wetness under `REFERENCE_CROP`, places x days."""
    season: Season
    eta_mm: dict[str, Array]
    """Actual evapotranspiration of each crop, places x days: 0 off season."""
    etc_mm: dict[str, Array]
    """Evapotranspiration of each crop without stress, likewise."""


def crop_water(record: Record, soil: pd.DataFrame, crops: pd.DataFrame) -> CropWater:
    """Return the water of the crops in `soil` (`soil_water_daily`) for the places of `record`."""
    season = season_of_crops(record.dates, crops)
    here = soil[soil["departement"].isin(record.codes)]
    by_crop = dict(list(here.groupby("crop", observed=True)))
    swi: Array = np.full((len(record.codes), len(record.dates)), np.nan)
    eta_mm, etc_mm = {}, {}
    for row, crop in enumerate(crops.index):
        if crop not in by_crop:
            continue
        names = ["eta_mm", "swi"] if crop == REFERENCE_CROP else ["eta_mm"]
        columns = pivoted(by_crop[crop], record.codes, record.dates, names)
        swi = columns.get("swi", swi)
        grows = season.grows[row]
        eta_mm[crop] = np.where(grows, columns["eta_mm"], 0.0)
        etc_mm[crop] = demand_mm(season, row, record["et0_mm"])
    return CropWater(swi, season, eta_mm, etc_mm)


def supplied(record: Record, crops: pd.DataFrame, storage: pd.DataFrame) -> CropWater:
    """Return the water of the rainfed crops at the places of `record`, without their demand.

    It is that of `crop_water` from `soil_water_daily` of these days, without the rows of it.
    `crops` and `storage` are the tables of `sources.agronomy`.
    """
    season = season_of_crops(record.dates, crops)
    soils = soils_of(record.codes, season, storage)
    weather = Weather(record.dates, record["precip_mm"], record["et0_mm"])
    swi: Array = np.full((len(record.codes), len(record.dates)), np.nan)
    eta_mm: dict[str, Array] = {}
    asked = np.flatnonzero(~season.irrigated.any(axis=1))
    for alike in soils.alike(asked):
        rows = asked[alike]
        is_land = REFERENCE_CROP in (season.crops[row] for row in rows)
        keep: tuple[Output, ...] = ("eta_mm", "swi") if is_land else ("eta_mm",)
        balance = continuous(weather, soils.of_crops(rows), keep)
        for number, row in enumerate(rows):
            crop, grows = season.crops[row], season.grows[row]
            known = np.round(balance["eta_mm"][:, number], KEPT["eta_mm"])
            eta_mm[crop] = np.where(grows, known, 0.0)
            if crop == REFERENCE_CROP:
                known = np.round(balance["swi"][:, number], KEPT["swi"])
                swi = np.where(grows, known, np.nan)
    return CropWater(swi, season, eta_mm, {})


def demand_mm(season: Season, row: int, et0_mm: Array) -> Array:
    """Return the evapotranspiration of a crop without stress, places x days: 0 off season."""
    return np.where(season.grows[row], season.kc[row] * et0_mm, 0.0)


def supplied_share(water: CropWater, dekads: Dekads) -> Array:
    """Return ETa / ETc of the last three dekads over all rainfed crops in season, 0-1.

    Each crop is weighted by its demand, whatever its area. NaN where one of them is not known.
    """
    crops = rainfed(water)
    if not crops:
        return np.full((water.swi.shape[0], len(dekads.ends)), np.nan)
    got, asked = (
        np.sum([mm[crop] for crop in crops], axis=0) for mm in (water.eta_mm, water.etc_mm)
    )
    return share_of_demand(got, asked, dekads)


def rainfed(water: CropWater) -> list[str]:
    """Return the rainfed crops whose water is known."""
    return [
        crop
        for crop, irrigated in zip(water.season.crops, water.season.irrigated, strict=True)
        if crop in water.eta_mm and not irrigated.any()
    ]


def share_of_demand(got_mm: Array, asked_mm: Array, dekads: Dekads) -> Array:
    """Return supply over demand in the last three dekads, NaN where there is no demand."""
    got = rolling_sum(dekads.sums(got_mm), MONTH)
    asked = rolling_sum(dekads.sums(asked_mm), MONTH)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(asked > 0, np.minimum(got / asked, 1.0), np.nan))


def yield_stages(crop: "pd.Series[float]", length: int) -> tuple[Positions, Array]:
    """Return the day of the season on which each stage ends, and the Ky of the stages."""
    begins: Array = np.asarray(crop[list(YIELD_STAGES)], dtype=np.float64)
    factors: Array = np.asarray(crop[list(STAGE_FACTORS)], dtype=np.float64)
    if np.isnan(begins).any() or np.isnan(factors).all():
        return np.array([length]), np.array([float(crop["ky_season"])])
    ends: Positions = np.append(begins - 1, length).astype(np.int64)
    return ends, factors
