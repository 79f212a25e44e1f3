"""Calendar of crops: rows of `crop_stages` and `crop_seasons`.

The stages of each season, with the response of yields to water, by the typical dates in
`assets_data/crop_parameters.csv`. Functions of days and stages are in `indicators.crops`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo_pipeline import dekads
from geo_pipeline.crops import RAINFED_TWIN
from geo_pipeline.indicators.crops import CALENDAR_OF, day_of_season, growth_stage
from geo_pipeline.schemas import GROWTH_STAGES, YIELD_PERIODS
from geo_pipeline.table_rows import validate
from geo_pipeline.transforms.crop_water import YIELD_STAGES, yield_stages
from geo_pipeline.transforms.soil import STAGES


def crop_stages(crops: pd.DataFrame) -> pd.DataFrame:
    """Return the valid rows of `crop_stages` for the crops of `sources.agronomy`.

    The season is divided wherever FAO-56's stage, FAO-33's period or the yield response changes.
    """
    rows = [row for _, crop in crops.iterrows() for row in _parts(crop)]
    return validate("crop_stages", pd.DataFrame(rows))


def crop_seasons(crops: pd.DataFrame) -> pd.DataFrame:
    """Return the dekads at whose end each crop is in season, by the calendar of `crops`.

    A row a crop (as `crop_statistics` names it), month and third of the month, 0 to 2; with the
    indicator of its shortage of water without irrigation, whether it is irrigated, and the yield
    response to water (Ky, NaN unknown) of the stage it is in. A crop without a calendar has none.
    """
    ends = dekads.last_days(pd.date_range("2001-01-01", "2001-12-31")).unique()
    seasons = day_of_season(
        ends.to_numpy("datetime64[D]"),
        crops["start_month"].to_numpy(np.int64),
        crops["start_day"].to_numpy(np.int64),
        crops[STAGES].to_numpy(np.int64).sum(axis=1),
    )
    row_of = {calendar: row for row, calendar in enumerate(crops.index)}
    calendar_of = {name: name for name in row_of} | CALENDAR_OF
    parts = [
        _season_dekads(name, calendar, crops.loc[calendar], seasons[row_of[calendar]])
        for name, calendar in sorted(calendar_of.items())
        if calendar in row_of
    ]
    return pd.concat(parts, ignore_index=True)


def _season_dekads(
    name: str, calendar: str, crop: "pd.Series[Any]", days: NDArray[np.int64]
) -> pd.DataFrame:
    """Return the rows of the crop `name`, which follows the `calendar` of the parameters `crop`.

    `days` are those of its season at the end of each dekad, 0 off season.
    """
    (standing,) = np.nonzero(days > 0)
    ends, factors = yield_stages(crop, int(crop[STAGES].sum()))
    ky = factors[np.searchsorted(ends, days[standing])]
    return pd.DataFrame(
        {
            "crop": name,
            "month": standing // 3 + 1,
            "third": standing % 3,
            "indicator": f"crop_stress_pct_{RAINFED_TWIN.get(calendar, calendar)}",
            "irrigated": bool(crop["irrigated"]),
            # Where no factor of the stage is known, that of the whole season.
            "ky": np.where(np.isnan(ky), float(crop["ky_season"]), ky),
        }
    )


def calendar_tables(crops: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the tables of the calendar in the publication: `crop_stages` and `crop_seasons`."""
    return {"crop_stages": crop_stages(crops), "crop_seasons": crop_seasons(crops)}


def _parts(crop: "pd.Series[Any]") -> Iterator[dict[str, Any]]:
    """Yield the parts of one crop's season, from its first day to its last."""
    lengths = crop[STAGES].to_numpy(np.int64)
    season_days = int(lengths.sum())
    begins = crop[list(YIELD_STAGES)].dropna().to_numpy(np.int64)
    ends, factors = yield_stages(crop, season_days)
    firsts = np.unique(np.concatenate([[1], np.cumsum(lengths) + 1, begins, ends + 1]))
    firsts = firsts[firsts <= season_days]
    stages = growth_stage(firsts, lengths)
    for first, after, stage in zip(firsts, [*firsts[1:], season_days + 1], stages, strict=True):
        yield {
            "crop": crop.name,
            "stage": GROWTH_STAGES[stage - 1],
            "period": YIELD_PERIODS[int((begins <= first).sum())] if len(begins) else None,
            "first_day": first,
            "last_day": after - 1,
            "start_month": crop["start_month"],
            "start_day": crop["start_day"],
            "ky": factors[np.searchsorted(ends, first)],
        }
