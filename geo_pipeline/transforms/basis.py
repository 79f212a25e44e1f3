"""Common inputs of the indicators for a set of départements.

It has weather, dekads, water of the soil and of the crops, and the series that several indicators
share, each computed once on first use. An indicator is a function of this room that takes the basis
and the arguments in its record in `catalogue`; it returns a `Measure`, or None where it does not
apply, such as for a crop without rows of soil water.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from geo_pipeline.dekads import lengths
from geo_pipeline.indicators import spei, spi, sswi
from geo_pipeline.indicators.aggregation import rolling_sum
from geo_pipeline.transforms.crop_water import CropWater
from geo_pipeline.transforms.daily_arrays import MONTH, Array, Dekads, Mask, Record

Result = TypeVar("Result")


class Indices:
    """Rain, balance and soil wetness by dekad, and the indices that several indicators share.

    The places are départements, or cells of a grid. Arrays are places x dekads, NaN for missing.
    """

    def __init__(
        self, dekads: Dekads, rain_mm: Array, balance_mm: Array, wetness_sums: Array
    ) -> None:
        """Take the sums by dekad: rain, rain minus evapotranspiration, daily soil wetness."""
        self.dekads = dekads
        self.rain_mm = rain_mm
        self.balance_mm = balance_mm
        self.wetness_sums = wetness_sums
        self._spi: dict[int, Array] = {}
        self._spei: dict[int, Array] = {}
        self._once: dict[Callable[[Any], Any], Any] = {}

    @cached_property
    def days(self) -> Array:
        """Days of each dekad, NaN where it is not whole."""
        return np.where(self.dekads.whole, lengths(self.dekads.ends).astype(np.float64), np.nan)

    @cached_property
    def month_wetness(self) -> Array:
        """Mean soil wetness of the days of the last three dekads."""
        return rolling_sum(self.wetness_sums, MONTH) / rolling_sum(self.days, MONTH)

    def spi(self, months: int) -> Array:
        """Return the SPI over the last `months` months."""
        if months not in self._spi:
            self._spi[months] = spi(self.rain_mm, months * MONTH, **self.dekads.calendar)
        return self._spi[months]

    def spei(self, months: int) -> Array:
        """Return the SPEI over the last `months` months."""
        if months not in self._spei:
            self._spei[months] = spei(self.balance_mm, months * MONTH, **self.dekads.calendar)
        return self._spei[months]

    def once(self, compute: "Callable[[Any], Result]") -> Result:
        """Return `compute(self)`, computed once for all the indicators that need it."""
        if compute not in self._once:
            self._once[compute] = compute(self)
        result: Result = self._once[compute]
        return result

    @cached_property
    def sswi(self) -> Array:
        """Standardised soil wetness of the month."""
        return sswi(self.month_wetness, **self.dekads.calendar)


class Basis(Indices):
    """Arrays are places x dekads, those of `record` and `water` places x days; NaN for missing."""

    def __init__(self, record: Record, crops: pd.DataFrame, water: CropWater) -> None:
        """Take the weather of the places, the table of `sources.agronomy` and the crops' water."""
        dekads = Dekads.of(record.dates)
        super().__init__(
            dekads,
            dekads.sums(record["precip_mm"]),
            dekads.sums(record["precip_mm"] - record["et0_mm"]),
            dekads.sums(water.swi),
        )
        self.record = record
        self.crops = crops
        self.water = water

    def row(self, crop: str) -> int | None:
        """Return the row of a crop in `crops` and in its season, None where it has none."""
        return self.water.season.crops.index(crop) if crop in self.water.season.crops else None

    @cached_property
    def true_days(self) -> Mask:
        """Days with weather of the day itself, not of a dekad spread over its days."""
        return np.asarray(self.record["true_day"] == 1.0)

    @cached_property
    def month_mm(self) -> Array:
        """Rain of the last three dekads."""
        return rolling_sum(self.rain_mm, MONTH)

    @cached_property
    def dekad_wetness(self) -> Array:
        """Mean soil wetness of each dekad, 0-1."""
        return self.wetness_sums / self.days
