"""Columns, units and ranges of the tables on what is at stake, as pandera models.

Add here the model of a table on crops at risk and their need of water, as `schemas` has the others.
"""

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from geo_pipeline.crops import IRRIGABLE
from geo_pipeline.schemas import ByDepartement

SHORTAGE_CLASSES = ["none", "slight", "moderate", "strong", "severe", "extreme"]
"""Classes of the water that a crop lacks: limits at 5, 15, 30, 50 and 70 %."""


class IrrigationNeed(ByDepartement):
    """Water that crops would have to be given to be without stress, net of losses (mart).

    By dekad, of the crops of `crops.IRRIGABLE` while they stand. What the next 30 days usually ask
    for is what the other years asked for after the same date: a forecast of it has no skill.
    """

    period_end: Series[pd.Timestamp] = pa.Field(description="Last day of the dekad")
    crop: Series[str] = pa.Field(isin=IRRIGABLE, description="Crop, as in crop_parameters")
    season_mm: Series[float] = pa.Field(
        ge=0, nullable=True, description="Since the season began, mm"
    )
    usual_season_mm: Series[float] = pa.Field(
        ge=0, nullable=True, description="The same at this date in the middle one of other years"
    )
    next_30_days_p10_mm: Series[float] = pa.Field(
        ge=0, nullable=True, description="After this date one year of ten before it needed less, mm"
    )
    next_30_days_p50_mm: Series[float] = pa.Field(
        ge=0, nullable=True, description="Half of the years before needed less, mm"
    )
    next_30_days_p90_mm: Series[float] = pa.Field(
        ge=0, nullable=True, description="One year of ten before it needed more, mm"
    )
    area_ha: Series[float] = pa.Field(
        ge=0, nullable=True, description="Irrigated area, ha, where statistics tell it"
    )
    area_year: Series[pd.Int64Dtype] = pa.Field(
        nullable=True, description="Year of that area, the latest one by then"
    )
    season_m3: Series[float] = pa.Field(
        ge=0,
        nullable=True,
        description="Volume since the season began, m3: season_mm x area_ha x 10",
    )

    class Config:
        """One row a département, period and crop."""

        unique = ["departement", "period_end", "crop"]


class Exposure(ByDepartement):
    """What is at stake at the end of each dekad, crop by crop, and the risk to it (published only).

    Of crops that stand, where their area and the drought class are known. Risk is hazard x
    vulnerability, from 0 to 1, of each hectare; times `exposure` it is that of the département:
    docs/exposure.md. `exposure_by_region` sums it up by area.
    """

    period_end: Series[pd.Timestamp] = pa.Field(description="Last day of the dekad")
    crop: Series[str] = pa.Field(description="Crop, as in crop_statistics")
    area_ha: Series[float] = pa.Field(gt=0, description="Area by the latest statistics then, ha")
    area_year: Series[int] = pa.Field(ge=1900, le=2100, description="Year of that area")
    production_share_pct: Series[float] = pa.Field(
        ge=0, le=100, nullable=True, description="Share of the crop's production in France, %"
    )
    irrigated: Series[bool] = pa.Field(description="Whether the crop is irrigated")
    shortage_pct: Series[float] = pa.Field(
        ge=0,
        le=100,
        nullable=True,
        description="Share of the water asked for in three dekads that the soil could not give, %",
    )
    shortage_percentile: Series[float] = pa.Field(
        ge=0,
        le=100,
        nullable=True,
        description="Its rank among the place's own years, 0 the driest",
    )
    shortage_class: Series[str] = pa.Field(
        isin=SHORTAGE_CLASSES,
        nullable=True,
        description="Class of the shortage: 5, 15, 30, 50, 70 %",
    )
    hazard: Series[float] = pa.Field(
        ge=0, le=1, nullable=True, description="How dry it is: shortage and drought class, weighed"
    )
    vulnerability: Series[float] = pa.Field(
        ge=0, le=1, description="How much the crop suffers from it in its stage, and without water"
    )
    exposure: Series[float] = pa.Field(
        gt=0, le=1, description="Share of the area of all crops that stand there"
    )
    risk: Series[float] = pa.Field(ge=0, le=1, nullable=True, description="Hazard x vulnerability")

    class Config:
        """One row a département, dekad and crop that stands."""

        unique = ["departement", "period_end", "crop"]
