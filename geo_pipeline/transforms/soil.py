"""Root-zone water of each crop and day, from daily weather, crop parameters and soil storage."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo_pipeline.indicators.crops import day_of_season, kc_curve, root_depth
from geo_pipeline.indicators.root_zone import Output
from geo_pipeline.outlook.ensemble import Soils, Weather, continuous
from geo_pipeline.table_rows import empty, validate
from geo_pipeline.territory import CODES
from geo_pipeline.transforms.daily_arrays import Array, Record, daily_records

REFERENCE_CROP = "grassland"
"""The crop whose soil water stands for the soil of a département: it grows all year."""

STAGES = ["days_initial", "days_development", "days_mid", "days_late"]

# Stored columns and their decimals: the data are not known to a thousandth of a millimetre.
KEPT: Mapping[Output, int] = {"depletion_mm": 3, "swi": 4, "ks": 4, "eta_mm": 3}


KNOWN_TO = 0.06
"""Share of a soil's water capacity within which its state must be bounded to count as known.

The middle of the bounds is stored, so wetness is at most 0.03 off, and less after each rain. That
is under half of its distance to Météo-France's normals (docs/against_nature.md). Waiting for 1 mm
would cost deep soils the spring after each gap.
"""


class Season(NamedTuple):
    """Crops through the days: arrays are crops x days (or crops x 1 where constant)."""

    crops: list[str]
    day: npt.NDArray[np.int64]
    """Day of the season, from 1; 0 off season."""
    length: npt.NDArray[np.int64]
    """Days of the season, crops."""
    grows: npt.NDArray[np.bool_]
    kc: Array
    root_depth_m: Array
    p: Array
    irrigated: npt.NDArray[np.bool_]


def soil_water_daily(
    weather: pd.DataFrame, crops: pd.DataFrame, storage: pd.DataFrame
) -> pd.DataFrame:
    """Return the valid rows of `soil_water_daily` for the départements in `weather`.

    `crops` and `storage` are the tables of `sources.agronomy`. Rows are those of the season of each
    crop, all days for perennial ones. Rooting depth is that of FAO-56 table 22 (the lower value for
    irrigated crops, the higher one for others), at most the depth of the soil. Soil drains only
    under `REFERENCE_CROP`, which stands for the land as a whole: under a field crop the same
    drainage explains its harvests less well (docs/against_nature.md).
    """
    frames = [
        _rows(record, season_of_crops(record.dates, crops), crops, storage)
        for record in daily_records(weather, ("precip_mm", "et0_mm"))
    ]
    rows = pd.concat(frames, ignore_index=True) if frames else empty("soil_water_daily")
    return validate("soil_water_daily", rows)


def season_of_crops(dates: pd.DatetimeIndex, crops: pd.DataFrame) -> Season:
    """Return the state of the crops on each day."""
    lengths = crops[STAGES].to_numpy()
    day = day_of_season(
        dates.to_numpy().astype("datetime64[D]"),
        crops["start_month"].to_numpy(),
        crops["start_day"].to_numpy(),
        lengths.sum(axis=1),
    )
    column = {name: crops[name].to_numpy() for name in crops}
    deep_m = np.where(column["irrigated"], column["root_low_m"], column["root_high_m"])
    return Season(
        crops=[str(crop) for crop in crops.index],
        day=day,
        length=lengths.sum(axis=1),
        grows=(day > 0) | column["perennial"][:, np.newaxis],
        kc=kc_curve(
            day,
            lengths,
            column["kc_ini"],
            column["kc_mid"],
            column["kc_end"],
            kc_off=column["kc_off"],
        ),
        root_depth_m=root_depth(day, lengths, column["root_min_m"], deep_m),
        p=column["p"][:, np.newaxis],
        irrigated=column["irrigated"][:, np.newaxis] & (day > 0),
    )


def soils_of(codes: Sequence[str], season: Season, storage: pd.DataFrame) -> Soils:
    """Return the crops of `season` on the soils of the places `codes`."""
    soil = storage.loc[list(codes)]
    water_mm_m = soil["available_water_mm_per_m"].to_numpy()[:, np.newaxis, np.newaxis]
    depth_m = soil["soil_depth_m"].to_numpy()[:, np.newaxis, np.newaxis]
    taw_mm = water_mm_m * np.minimum(season.root_depth_m, depth_m)
    drainage_per_day = soil["drainage_per_day"].to_numpy()[:, np.newaxis]
    is_reference = np.array(season.crops) == REFERENCE_CROP
    return Soils(
        kc=season.kc,
        taw_mm=taw_mm,
        p=season.p,
        irrigated=season.irrigated,
        drainage=np.where(is_reference, drainage_per_day, 0.0)[..., np.newaxis],
        tolerance_mm=KNOWN_TO * taw_mm.max(axis=-1),
    )


def _rows(
    record: Record, season: Season, crops: pd.DataFrame, storage: pd.DataFrame
) -> pd.DataFrame:
    """Return the rows of one record: places, then crops, then days."""
    soils = soils_of(record.codes, season, storage)
    taw_mm = soils.taw_mm
    weather = Weather(record.dates, record["precip_mm"], record["et0_mm"])
    balance = continuous(weather, soils, tuple(KEPT))
    where = np.nonzero(np.broadcast_to(season.grows, taw_mm.shape))
    place, crop, day = where
    codes: Any = np.array([CODES.index(each) for each in record.codes])[place]
    crop_codes: Any = crop
    kept: dict[str, Array] = {
        name: np.round(getattr(balance, name)[where], places) for name, places in KEPT.items()
    }
    return pd.DataFrame(
        {
            "departement": pd.Categorical.from_codes(codes, categories=pd.Index(CODES)),
            "date": record.dates.to_numpy()[day],
            "crop": pd.Categorical.from_codes(crop_codes, categories=crops.index),
            "taw_mm": np.round(taw_mm[where], KEPT["depletion_mm"]),
            **kept,
        }
    )
