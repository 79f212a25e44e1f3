"""Weather that grows: what is computed of a département of whose days only some are new.

Where its only provider gives the days of earlier years as before, their rows stay as they are in
the file, and the rows since 1 January of the first year with another day are made. A provider's
correction of old days is thus seen, and a fresh day costs its year at most.
"""

import hashlib
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo_pipeline.sources.observed import OBSERVED
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.lake_rows import arrow_schema
from geo_pipeline.table_rows import empty
from geo_pipeline.transforms.joined_histories import joined
from geo_pipeline.transforms.provider_differences import History
from geo_pipeline.transforms.weather import with_et0

WEATHER = "weather_daily"


class GrownWeather(NamedTuple):
    """The weather of a département: rows that stay, and those that follow them."""

    history: History
    before: pa.Table | None
    """Rows of whole years that stay as they are."""
    made_of: str
    """Hash of all that the rows are made from besides what the provider gave."""


def grown_weather(
    lake: Lake, code: str, observed: pd.DataFrame, places: pd.DataFrame, method: str
) -> GrownWeather:
    """Return the weather of a département from the days that its only provider gave.

    Parameters
    ----------
    observed : columns `OBSERVED`, sorted by day, at least one
    places : those of `with_et0`
    method : hash of the code that makes the rows

    Raises
    ------
    InvalidTableError : an observation is out of range.
    """
    place = places[places["departement"] == code].to_csv(index=False)
    made_of = hashlib.sha256(f"{method}{place}".encode()).hexdigest()
    days, overlap = joined([observed])
    before = None
    if len(days):
        stay = _staying(lake, code, days, made_of)
        if stay is not None:
            days, before = days.iloc[len(stay) :].reset_index(drop=True), stay
    alone = History(with_et0(days, places), overlap, empty("provider_differences"))
    return GrownWeather(alone, before, made_of)


def _staying(lake: Lake, code: str, days: pd.DataFrame, made_of: str) -> pa.Table | None:
    """Return the rows of whole years at the start of a file that are those of `days`."""
    found = lake.grown_by(WEATHER, code, made_of)
    if found is None:
        return None
    _, rows = found
    dates = days["date"].to_numpy()
    changed = min(_same(rows, days), len(days) - 1)
    year = dates[changed].astype("datetime64[Y]").astype("datetime64[D]")
    return rows.slice(0, int(np.searchsorted(dates, year)))


def _same(rows: pa.Table, days: pd.DataFrame) -> int:
    """Return how many days there are before the first that is another in the file."""
    schema = arrow_schema(WEATHER)
    fields = pa.schema([schema.field(name) for name in OBSERVED])
    count = min(len(rows), len(days))
    given = pa.Table.from_pandas(days.iloc[:count][fields.names], preserve_index=False).cast(fields)
    same = np.ones(count, dtype=np.bool_)
    for name in fields.names:
        one, other = rows[name].slice(0, count), given[name]
        both_missing = pc.and_(pc.is_null(one), pc.is_null(other))
        is_same = pc.or_kleene(pc.equal(one, other), both_missing)
        same &= pc.fill_null(is_same, False).to_numpy()
    return count if same.all() else int(same.argmin())
