"""Rows of the tables of drought for some départements, from the lake.

Each is an object that can be sent to another process, and so knows nothing of Dagster.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from geo_pipeline.runtime.making import Grown
from geo_pipeline.runtime.needed_weather import NeededWeather
from geo_pipeline.storage.lake import Footer, Lake
from geo_pipeline.transforms import soil_stops
from geo_pipeline.transforms.drought import WEATHER, drought_indicators
from geo_pipeline.transforms.soil import soil_water_since

SOIL_WEATHER: Final = ("departement", "date", "precip_mm", "et0_mm")
INDICATOR_WEATHER: Final = (
    *("departement", "date", "resolution"),
    *(name for name in WEATHER if name != "true_day"),
)
SOIL_COLUMNS: Final = ("departement", "date", "crop", "swi", "eta_mm")
"""Columns of `soil_water_daily` that the indicators are computed from."""


@dataclass(frozen=True, eq=False)
class SoilWater:
    """Makes `soil_water_daily` from weather; `crops` and `storage` are those of `agronomy`.

    Where a file was made by the same `method`, only the days after its last usable stop are
    computed (`transforms.soil_stops`).
    """

    lake: Lake
    crops: pd.DataFrame
    storage: pd.DataFrame
    method: str
    """Hash of all that the rows are made from besides weather."""

    def __call__(self, codes: Sequence[str]) -> Grown:
        """Return the valid rows of `codes`."""
        weather = self.lake.read("weather_daily", *codes, columns=SOIL_WEATHER)
        kept = {code: self._kept(code) for code in codes}
        known = {code: soil_stops.read(footer.state) for code, (footer, _) in kept.items()}
        made = soil_water_since(weather, self.crops, self.storage, known)
        return Grown(
            made.rows,
            {code: _until(kept[code][1], day) for code, day in made.before.items()},
            {code: soil_stops.kept(stops) for code, stops in made.stops.items()},
        )

    def _kept(self, code: str) -> tuple[Footer, pa.Table]:
        """Return the file of a département, without anything where it cannot be gone on with."""
        found = self.lake.grown_by("soil_water_daily", code, self.method)
        return found or (Footer(0, None, None, {}), pa.table({}))


def _until(rows: pa.Table, day: date) -> pa.Table:
    """Return the rows, sorted by day, until a day."""
    days = rows["date"].to_numpy()
    return rows.slice(0, int(np.searchsorted(days, np.datetime64(day), side="right")))


@dataclass(frozen=True, eq=False)
class Indicators:
    """Makes `drought_indicators` from weather and `soil_water_daily`."""

    weather: NeededWeather
    crops: pd.DataFrame
    class_min_years: int

    def __call__(self, codes: Sequence[str]) -> pd.DataFrame:
        """Return the valid rows of `codes`."""
        soil = self.weather.read(codes, SOIL_COLUMNS, of="soil_water_daily")
        weather = self.weather.read(codes, INDICATOR_WEATHER)
        return drought_indicators(weather, soil, self.crops, class_min_years=self.class_min_years)
