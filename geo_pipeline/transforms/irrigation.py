"""Irrigation need of crops: rows of `irrigation_need`, since sowing and for the next 30 days.

The need is the water that roots lack to be without stress; a field needs more, by the losses of
its sprinklers. The need of the next 30 days is that of earlier years after the same date, since
forecasts of the weather of a month have no skill. No weather after the date is used.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo_pipeline.crops import IRRIGABLE, IRRIGATED_AREAS
from geo_pipeline.indicators.stress import sums_since
from geo_pipeline.outlook.ensemble import Positions, Weather, continuous
from geo_pipeline.outlook.verification import weibull_quantiles
from geo_pipeline.table_rows import empty, validate
from geo_pipeline.transforms.daily_arrays import (
    DEKADS,
    Array,
    Dekads,
    Record,
    daily_records,
)
from geo_pipeline.transforms.soil import Season, season_of_crops, soils_of

AHEAD_DAYS = 30

LEAST_YEARS = 5
"""Other years that a quantile needs."""

M3_PER_HA_MM = 10.0


def irrigation_need(
    weather: pd.DataFrame,
    statistics: pd.DataFrame,
    crops: pd.DataFrame,
    storage: pd.DataFrame,
) -> pd.DataFrame:
    """Return the valid rows of `irrigation_need` for the départements in `weather`.

    `statistics` is their `crop_statistics`, `crops` and `storage` are the tables of
    `sources.agronomy`. A row a département, crop of `IRRIGABLE` and dekad at whose end the crop is
    in season. There are volumes where the irrigated area is known, by its latest year until then.
    """
    chosen = crops.loc[[crop for crop in IRRIGABLE if crop in crops.index]].assign(irrigated=1)
    frames = [
        _rows(record, chosen, storage)
        for record in daily_records(weather, ("precip_mm", "et0_mm"))
        if len(chosen)
    ]
    if not frames:
        return empty("irrigation_need")
    return validate("irrigation_need", _with_areas(pd.concat(frames), statistics))


def _rows(record: Record, crops: pd.DataFrame, storage: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of one record, without areas."""
    season, dekads = season_of_crops(record.dates, crops), Dekads.of(record.dates)
    needed_mm = _needed_mm(record, season, storage)
    so_far_mm = dekads.last(sums_since(needed_mm, season.day == 1))
    ahead_mm = _at_ends(_ahead(needed_mm), dekads)
    usual_mm = _quantiles(so_far_mm, dekads, _other_years, [0.5])[..., 0]
    range_mm = _quantiles(ahead_mm, dekads, _years_before, [0.1, 0.5, 0.9])
    in_season = (_at_ends(season.day, dekads) > 0) & dekads.whole
    place, crop, step = np.nonzero(np.broadcast_to(in_season, so_far_mm.shape))
    cells = place, crop, step
    low, middle, high = (range_mm[..., quantile][cells] for quantile in range(3))
    return pd.DataFrame(
        {
            "departement": np.array(record.codes)[place],
            "period_end": dekads.ends.to_numpy()[step],
            "crop": np.array(season.crops)[crop],
            "season_mm": so_far_mm[cells].round(1),
            "usual_season_mm": usual_mm[cells].round(1),
            "next_30_days_p10_mm": low.round(1),
            "next_30_days_p50_mm": middle.round(1),
            "next_30_days_p90_mm": high.round(1),
        }
    )


def _needed_mm(record: Record, season: Season, storage: pd.DataFrame) -> Array:
    """Return the irrigation that each crop needs each day, places x crops x days."""
    days = Weather(record.dates, record["precip_mm"], record["et0_mm"])
    balance = continuous(days, soils_of(record.codes, season, storage), ("irrigation_mm",))
    needed: Array = np.asarray(balance.irrigation_mm)
    return needed


def _ahead(daily_mm: Array) -> Array:
    """Return the sum of the `AHEAD_DAYS` days after each day, NaN where one is not known."""
    total = np.full(daily_mm.shape, np.nan)
    if daily_mm.shape[-1] > AHEAD_DAYS:
        windows = np.lib.stride_tricks.sliding_window_view(daily_mm, AHEAD_DAYS, axis=-1)
        total[..., :-AHEAD_DAYS] = windows[..., 1:, :].sum(axis=-1)
    return total


def _at_ends(daily: npt.NDArray[Any], dekads: Dekads) -> npt.NDArray[Any]:
    """Return the values of the last day of each dekad."""
    return np.asarray(daily[..., np.append(dekads.starts[1:], daily.shape[-1]) - 1])


def _other_years(dekads: Positions, place: int) -> Positions:
    """Return the same dekad of all years but the one at `place`: the usual values."""
    return np.delete(dekads, place)


def _years_before(dekads: Positions, place: int) -> Positions:
    """Return the same dekad of the years before the one at `place`: what was known at that date."""
    return dekads[:place]


def _quantiles(
    values: Array,
    dekads: Dekads,
    chosen: Callable[[Positions, int], Positions],
    levels: list[float],
) -> Array:
    """Return quantiles of the same dekad of the `chosen` years: (..., dekads, levels)."""
    result = np.full((*values.shape, len(levels)), np.nan)
    for step in range(DEKADS):
        same_step = np.flatnonzero(dekads.steps == step)
        for place, own in enumerate(same_step):
            years = values[..., chosen(same_step, place)]
            if years.shape[-1] >= LEAST_YEARS:
                enough = (~np.isnan(years)).sum(axis=-1) >= LEAST_YEARS
                quantiles = weibull_quantiles(years, levels)
                result[..., own, :] = np.where(enough[..., np.newaxis], quantiles, np.nan)
    return result


def _with_areas(rows: pd.DataFrame, statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the irrigated area of the latest year until then, and the volume."""
    known = statistics.dropna(subset=["area_ha"])
    known = known[known["crop"].astype(str).isin(IRRIGATED_AREAS)]
    areas = pd.DataFrame(
        {
            "departement": known["departement"].astype(str),
            "crop": known["crop"].astype(str),
            "area_year": known["year"].astype("int64"),
            "area_ha": known["area_ha"].astype(float),
            "since": pd.to_datetime(known["year"].astype(str) + "-01-01"),
        }
    ).sort_values("since")
    joined = pd.merge_asof(
        rows.sort_values("period_end"),
        areas,
        left_on="period_end",
        right_on="since",
        by=["departement", "crop"],
    )
    volume = joined["season_mm"] * joined["area_ha"] * M3_PER_HA_MM
    return joined.drop(columns="since").assign(
        season_m3=volume.round(0), area_year=joined["area_year"].astype("Int64")
    )
