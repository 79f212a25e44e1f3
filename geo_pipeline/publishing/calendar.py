"""The published calendar of crops: the stage of a crop on a day."""

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from geo_pipeline.indicators.crops import day_of_season


class Stage(NamedTuple):
    """A part of a crop's season, by typical dates, and how its yield responds to water then."""

    stage: str
    """FAO-56 stage, a key of `crop_names.CROP_STAGE_NAMES`."""
    period: str | None
    """FAO-33 period, named by `crop_names.crop_period_name`; None where the crop has none."""
    ky: float | None
    """Share of the yield lost for each share of its water demand that the crop lacks."""
    first: date
    last: date


def stage_on(stages: pd.DataFrame, crop: str, day: date) -> Stage | None:
    """Return the stage of `crop` on `day`; None off season, or where its calendar is not known.

    `stages` are rows of the published table `crop_stages`, with all those of `crop`.
    """
    rows = stages[stages["crop"] == crop].to_dict("records")
    if not rows:
        return None
    begins, length = rows[0], max(int(row["last_day"]) for row in rows)
    dates = np.array([day], dtype="datetime64[D]")
    number = int(day_of_season(dates, begins["start_month"], begins["start_day"], length)[0])
    for row in rows:
        if row["first_day"] <= number <= row["last_day"]:
            return Stage(
                row["stage"],
                None if pd.isna(row["period"]) else row["period"],
                None if pd.isna(row["ky"]) else float(row["ky"]),
                day - timedelta(days=number - int(row["first_day"])),
                day + timedelta(days=int(row["last_day"]) - number),
            )
    return None
