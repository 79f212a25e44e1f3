"""Crop water: stress by dekad, and the shortage over a season weighed by its stages."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from geo_pipeline.indicators.aggregation import rolling_sum
from geo_pipeline.indicators.crops import relative_yield_by_stage
from geo_pipeline.transforms.daily_arrays import (
    MONTH,
    Array,
    Dekads,
    Mask,
    Positions,
    Record,
    pivoted,
)
from geo_pipeline.transforms.indicator_rows import Measure, ranked
from geo_pipeline.transforms.soil import REFERENCE_CROP, Season, season_of_crops

YIELD_STAGES = ("flowering_from_day", "yield_formation_from_day", "ripening_from_day")
"""Where the second, third and fourth of FAO-33's stages begin; the first begins with the season."""

STAGE_FACTORS = ("ky_vegetative", "ky_flowering", "ky_yield_formation", "ky_ripening")


class CropWater(NamedTuple):
    """Water of the crops of the places, by day."""

    swi: Array
    """Soil wetness under `REFERENCE_CROP`, places x days."""
    season: Season
    eta_mm: dict[str, Array]
    """What each crop gets, places x days: 0 off season."""
    etc_mm: dict[str, Array]
    """What each crop asks for, alike."""


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
        etc_mm[crop] = np.where(grows, season.kc[row] * record["et0_mm"], 0.0)
    return CropWater(swi, season, eta_mm, etc_mm)


def supplied_share(water: CropWater, dekads: Dekads) -> Array:
    """Return ETa / ETc of the last three dekads, rainfed crops in season taken together, 0-1.

    Each crop counts by what it asks for, whatever its area. NaN where one of them is not known.
    """
    rainfed = _rainfed(water)
    if not rainfed:
        return np.full((water.swi.shape[0], len(dekads.ends)), np.nan)
    got, asked = (
        np.sum([mm[crop] for crop in rainfed], axis=0) for mm in (water.eta_mm, water.etc_mm)
    )
    return _share(got, asked, dekads)


def measures(water: CropWater, dekads: Dekads, crops: pd.DataFrame) -> Iterator[Measure]:
    """Yield stress of all rainfed crops and of each, and the yield that the season has cost.

    An irrigated crop has no row: the balance gives it the water it asks for.
    """
    responds = crops[["ky_season", *STAGE_FACTORS]].notna().any(axis=1).to_numpy()
    yield ranked(
        "crop_stress_pct", _unmet_pct(supplied_share(water, dekads)), dekads, dry_is_high=True
    )
    rainfed = _rainfed(water)
    for row, crop in enumerate(crops.index):
        if crop not in rainfed:
            continue
        share = _share(water.eta_mm[crop], water.etc_mm[crop], dekads)
        grown = dekads.any(water.season.grows[row])
        yield ranked(
            f"crop_stress_pct_{crop}", _unmet_pct(share), dekads, dry_is_high=True, shown=grown
        )
        if responds[row]:
            shortage_pct, told = _season_shortage(water, row, dekads, crops.iloc[row])
            yield ranked(
                f"season_shortage_pct_{crop}", shortage_pct, dekads, dry_is_high=True, shown=told
            )


def _rainfed(water: CropWater) -> list[str]:
    """Return the crops whose water is known and that live on rain."""
    return [
        crop
        for crop, irrigated in zip(water.season.crops, water.season.irrigated, strict=True)
        if crop in water.eta_mm and not irrigated.any()
    ]


def _share(got_mm: Array, asked_mm: Array, dekads: Dekads) -> Array:
    """Return what was got over what was asked for in the last three dekads, NaN for nothing."""
    got = rolling_sum(dekads.sums(got_mm), MONTH)
    asked = rolling_sum(dekads.sums(asked_mm), MONTH)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(asked > 0, np.minimum(got / asked, 1.0), np.nan))


def _unmet_pct(share: Array) -> Array:
    return 100.0 * (1.0 - share)


def _season_shortage(
    water: CropWater, row: int, dekads: Dekads, crop: "pd.Series[float]"
) -> tuple[Array, Mask]:
    """Return the shortage of water in the stages that have ended, %, and the dekads with one.

    Each stage weighs as much as FAO-33 says that yield responds to it (Ky), so that a shortage at
    flowering counts more than one at ripening. It is no loss of yield: nothing is fitted on
    harvests here, which it contradicts (maize of 2017: half by this, harvests above the mean).

    It stands from the dekad in which the first stage with a factor ends to the end of the month in
    which the season does. Stages are combined as a product (`relative_yield_by_stage`).
    """
    name, day = str(crop.name), water.season.day[row]
    ends, factors = yield_stages(crop, int(water.season.length[row]))
    value = np.full((water.swi.shape[0], len(dekads.ends)), np.nan)
    told = np.zeros(len(dekads.ends), np.bool_)
    for start in np.flatnonzero(day == 1):
        edges = start + np.concatenate([[0], ends])
        edges = edges[edges <= len(day)]
        if len(edges) < 2:
            continue
        got, asked = (
            np.add.reduceat(mm[name][:, : edges[-1]], edges[:-1], axis=-1)
            for mm in (water.eta_mm, water.etc_mm)
        )
        season_end = dekads.end_of_month(min(start + ends[-1], len(day)) - 1)
        for ended in range(1, len(edges)):
            if np.isnan(factors[:ended]).all():
                continue
            kept = relative_yield_by_stage(got[:, :ended], asked[:, :ended], factors[:ended])
            since = dekads.containing(edges[ended] - 1)
            value[:, since : season_end + 1] = 100.0 * (1.0 - kept)[:, np.newaxis]
            told[since : season_end + 1] = True
    return value, told


def yield_stages(crop: "pd.Series[float]", length: int) -> tuple[Positions, Array]:
    """Return the day of the season on which each stage ends, and the stages' Ky."""
    begins: Array = np.asarray(crop[list(YIELD_STAGES)], dtype=np.float64)
    factors: Array = np.asarray(crop[list(STAGE_FACTORS)], dtype=np.float64)
    if np.isnan(begins).any() or np.isnan(factors).all():
        return np.array([length]), np.array([float(crop["ky_season"])])
    ends: Positions = np.append(begins - 1, length).astype(np.int64)
    return ends, factors
