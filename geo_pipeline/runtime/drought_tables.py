"""Rows of the tables of drought for some départements, from the lake.

Each is an object that can be sent to another process, and so knows nothing of Dagster.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from geo_pipeline.runtime.needed_weather import NeededWeather
from geo_pipeline.storage.lake import Lake
from geo_pipeline.transforms.drought import WEATHER, drought_indicators
from geo_pipeline.transforms.soil import soil_water_daily

SOIL_WEATHER: Final = ("departement", "date", "precip_mm", "et0_mm")
INDICATOR_WEATHER: Final = (
    *("departement", "date", "resolution"),
    *(name for name in WEATHER if name != "true_day"),
)
SOIL_COLUMNS: Final = ("departement", "date", "crop", "swi", "eta_mm")
"""Columns of `soil_water_daily` that the indicators are computed from."""


@dataclass(frozen=True, eq=False)
class SoilWater:
    """Makes `soil_water_daily` from weather; `crops` and `storage` are those of `agronomy`."""

    lake: Lake
    crops: pd.DataFrame
    storage: pd.DataFrame

    def __call__(self, codes: Sequence[str]) -> pd.DataFrame:
        """Return the valid rows of `codes`."""
        weather = self.lake.read("weather_daily", *codes, columns=SOIL_WEATHER)
        return soil_water_daily(weather, self.crops, self.storage)


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
