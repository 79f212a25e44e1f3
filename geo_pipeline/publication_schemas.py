"""Columns, units and ranges of the tables that are only in the publication, as pandera models.

Add the model of such a table here. Crops at stake have theirs in `stake_schemas`; the rest of a
table's record is in `published_tables`.
"""

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from geo_pipeline.schemas import (
    CLASSES,
    GROWTH_STAGES,
    LEVELS,
    YIELD_PERIODS,
    ByDepartement,
    Exact,
)


class IndicatorValues(ByDepartement):
    """Everything that a map can show, in one form: a row a département, indicator and period.

    Indicators by dekad, water restrictions by day, yields by year (on 31 December), and the soils
    of the dekads to come. Indices of a crop are missing where it is little grown. Names, units and
    explanations of the indicators: docs/indicators_published.md.
    """

    indicator: Series[str] = pa.Field(description="`spi_3`, `swi`, `water_restrictions`...")
    period_end: Series[pd.Timestamp] = pa.Field(description="Last day of the period")
    value: Series[float] = pa.Field(nullable=True, description="Value, in the indicator's unit")
    percentile: Series[float] = pa.Field(
        ge=0,
        le=100,
        nullable=True,
        description="Share of the same dekads of other years that are as dry or drier, %: 0 is the "
        "driest",
    )
    drought_class: Series[str] = pa.Field(
        isin=[*CLASSES, "none", *LEVELS],
        nullable=True,
        description="Class of drought; of `cdi` its stage, of `water_restrictions` the level",
    )
    percentile_low: Series[float] = pa.Field(
        ge=0,
        le=100,
        nullable=True,
        description="Lower bound of the interval of 80 % of the percentile, %",
    )
    percentile_high: Series[float] = pa.Field(
        ge=0, le=100, nullable=True, description="Upper bound of that interval, %"
    )
    class_chance: Series[float] = pa.Field(
        ge=0, le=1, nullable=True, description="Chance that the class is the right one, 0-1"
    )
    reference_years: Series[pd.Int64Dtype] = pa.Field(
        ge=0,
        nullable=True,
        description="Years of the normal; fewer than 30 are a short reference",
    )
    reference_period: Series[str] = pa.Field(
        nullable=True, description="First and last year of the reference"
    )
    little_grown: Series[bool] = pa.Field(
        description="Whether the value of a crop is missing because it covers under 1,000 ha"
    )

    class Config:
        """One row a département, indicator and period."""

        unique = ["departement", "indicator", "period_end"]


class DroughtEvents(ByDepartement):
    """Droughts on record, from moderate drought (D1) until the index is back at its mean.

    By the combined index; severity and peak are in units of the index, the peak below zero.
    """

    first_dekad: Series[pd.Timestamp] = pa.Field(description="Last day of its first dekad")
    last_dekad: Series[pd.Timestamp] = pa.Field(description="Last day of its last dekad so far")
    duration_dekads: Series[int] = pa.Field(ge=1, description="Dekads from the first to the last")
    severity: Series[float] = pa.Field(
        nullable=True, description="Sum of the index below its mean, index x months"
    )
    peak: Series[float] = pa.Field(nullable=True, description="Lowest value of the index")
    peak_dekad: Series[pd.Timestamp] = pa.Field(
        nullable=True, description="Last day of the dekad with that value"
    )
    state: Series[str] = pa.Field(
        isin=["over", "running", "unknown"],
        description="`over`, `running` at the end of the record, or `unknown`: it ends in a gap",
    )

    class Config:
        """One row a département and drought."""

        unique = ["departement", "first_dekad"]


class YieldAnomalies(ByDepartement):
    """Each harvest of `crop_statistics` beside the mean of the five before it (published only)."""

    crop: Series[str] = pa.Field(description="Crop, as in crop_statistics")
    year: Series[int] = pa.Field(ge=1900, le=2100, description="Year of harvest")
    yield_q_ha: Series[float] = pa.Field(ge=0, nullable=True, description="Yield, q/ha")
    expected_q_ha: Series[float] = pa.Field(
        ge=0,
        nullable=True,
        description="Mean yield of the five years before, three at least known and not doubtful, "
        "q/ha",
    )
    anomaly_pct: Series[float] = pa.Field(
        ge=-100,
        nullable=True,
        description="Departure of the yield from expected_q_ha, %; none of a doubtful one",
    )
    harvests: Series[int] = pa.Field(
        ge=0,
        le=5,
        description="Harvests of the five years before whose yield is known, none doubtful",
    )
    doubtful: Series[bool] = pa.Field(
        description="Under a third or over three times the département's own median, and unlike "
        "its neighbours': not used as a harvest"
    )

    class Config:
        """One row a harvest."""

        unique = ["departement", "crop", "year"]


class CropStages(Exact):
    """Stages of each crop's season, by typical dates for the whole of France (published only).

    Rows follow each other without a gap; `publishing.calendar.stage_on` returns that of a date.
    """

    crop: Series[str] = pa.Field(description="Crop, as in crop_statistics, and `grassland`")
    stage: Series[str] = pa.Field(isin=GROWTH_STAGES, description="FAO-56 stage")
    period: Series[str] = pa.Field(
        isin=YIELD_PERIODS,
        nullable=True,
        description="FAO-33 period of yield response; some crops have none",
    )
    first_day: Series[int] = pa.Field(
        ge=1, description="First day, counted from 1 at the start of the season"
    )
    last_day: Series[int] = pa.Field(ge=1, description="Last day, counted in the same way")
    start_month: Series[int] = pa.Field(
        ge=1, le=12, description="Month in which the season starts: sowing, bud break or greenup"
    )
    start_day: Series[int] = pa.Field(ge=1, le=31, description="Day of that month")
    ky: Series[float] = pa.Field(
        ge=0,
        le=2,
        nullable=True,
        description="Yield response to water (Ky, FAO-33), if any is published",
    )

    class Config:
        """One row a part of the season in which stage and period stay the same."""

        unique = ["crop", "first_day"]
