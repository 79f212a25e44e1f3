"""Weather of départements until the last day that a table needs.

A table by dekads has nothing to say of a dekad that is not over, and past forecasts are judged by
whole years. Made from the weather until then only, it is the same on every day in between, and its
file is kept (`blocks`): a fresh day costs what is by days.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import scipy

import geo_pipeline
from geo_pipeline.provenance import Provenance
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.needed_days import needed_until

WEATHER: Final = "weather_daily"

PACKAGE: Final = Path(geo_pipeline.__file__).parent


@dataclass(frozen=True)
class NeededWeather:
    """The weather in `lake` until the last day that `table` needs."""

    lake: Lake
    table: str

    def until(self, code: str) -> date | None:
        """Return the last day needed of a département, None where all of its record is."""
        return needed_until(self.table, self.lake.footer(WEATHER, code))

    def origin(self, code: str, made_of: str) -> Provenance:
        """Return the provenance of what is made from it, and from what `made_of` is a hash of."""
        last = self.until(code)
        if last is None:
            return replace(self.lake.origin(WEATHER, code), made_of=made_of)
        return replace(self.lake.origin_until(WEATHER, code, last), made_of=made_of)

    def read(
        self, codes: Sequence[str], columns: Sequence[str], *, of: str = WEATHER
    ) -> pd.DataFrame:
        """Return the weather needed of `codes`, or the rows of the same days in another table."""
        rows = self.lake.read(of, *codes, columns=columns)
        last = {code: self.until(code) for code in codes}
        kept = np.ones(len(rows), dtype=np.bool_)
        for day in {day for day in last.values() if day is not None}:
            cut = rows["departement"].isin([code for code in codes if last[code] == day])
            kept &= ~(cut & (rows["date"] > pd.Timestamp(day))).to_numpy()
        return rows if kept.all() else rows[kept].reset_index(drop=True)


def hash_of(rooms: Sequence[str], tables: Sequence[pd.DataFrame], **settings: object) -> str:
    """Return a hash of what rows are made from besides weather.

    That is the code in `rooms` of this package, small tables and settings.
    """
    return hashlib.sha256(
        json.dumps(
            [
                np.__version__,
                scipy.__version__,
                [text for room in rooms for text in _texts(room)],
                [each.to_csv() for each in tables],
                settings,
            ]
        ).encode()
    ).hexdigest()


def _texts(room: str) -> list[str]:
    """Return the text of all modules of a room."""
    return [path.read_text(encoding="utf-8") for path in sorted((PACKAGE / room).rglob("*.py"))]
