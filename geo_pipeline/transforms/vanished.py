"""What the rows of before knew and those that are to take their place know nothing of: frames in.

A provider that renames or empties a column leaves rows that are all valid, and a year without rain.
"""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from geo_pipeline.transforms.joined_histories import BOUNDS, LEAST_DAYS


class Kept(NamedTuple):
    """What a table does not lose between two runs."""

    key: tuple[str, ...]
    """Columns that say which row is which, besides the département."""
    measures: tuple[str, ...]
    least: int
    """Known rows in common from which on it is no accident that none is known any more."""
    within: str | None = None
    """What is judged apart: each value of this column; of `date`, each year."""


KEPT: Mapping[str, Kept] = {
    # Rows of another source are not compared: it may not have what the first had.
    "weather_daily": Kept(("date", "source"), tuple(BOUNDS), LEAST_DAYS, within="date"),
    "crop_statistics": Kept(
        ("year", "crop"), ("area_ha", "yield_q_ha", "production_q"), 3, within="crop"
    ),
    "groundwater": Kept(("period_end",), ("below_normal_pct", "index_median"), 12),
}


def vanished(table: str, before: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """Return what `before` knows of the rows that both have and `rows` do not know at all.

    Both are rows of `table`, of one département. Each is told with how many rows lost it:
    `precip_mm of 2020 (366 rows)`.
    """
    key, measures, least, within = KEPT[table]
    both = before.merge(rows, on=list(key), suffixes=("_before", ""))
    group = pd.Series("", index=both.index)
    if within is not None:
        group = both[within].dt.year if within == "date" else both[within]
    lost = []
    for name in measures:
        for place, of_place in both.groupby(group):
            count = int(of_place[f"{name}_before"].notna().sum())
            if count >= least and of_place[name].isna().all():
                lost.append(f"{name}{f' of {place}' if within else ''} ({count} rows)")
    return lost
