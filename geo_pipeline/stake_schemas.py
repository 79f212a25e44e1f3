"""Columns, units and ranges of the tables of irrigation need and crops at stake, as pandera models.

Add the model of a table on crops at risk here. Other tables have theirs in `schemas` and
`outlook_schemas`; the rest of a table's record is in `tables`.
"""

from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from geo_pipeline.crops import IRRIGABLE
from geo_pipeline.schemas import ByDepartement, Exact

SHORTAGE_CLASSES = ["none", "slight", "moderate", "strong", "severe", "extreme"]
"""Classes of a crop's shortage of water, with limits at 5, 15, 30, 50 and 70 %."""


class IrrigationNeed(ByDepartement):
    """Irrigation that crops need to be without stress, not counting losses (mart, partitioned).

    By dekad, for the crops of `crops.IRRIGABLE` in their season. The need of the next 30 days is
    that of earlier years after the same date, since a forecast of it has no skill.
    """

    period_end: Series[pd.Timestamp] = pa.Field(description="Last day of the dekad")
    crop: Series[str] = pa.Field(isin=IRRIGABLE, description="Crop, as in crop_parameters")
    season_mm: Series[float] = pa.Field(
        ge=0, nullable=True, description="Since the season began, mm"
    )
    usual_season_mm: Series[float] = pa.Field(
        ge=0, nullable=True, description="Median of the other years at this date, mm"
    )
    next_30_days_p10_mm: Series[float] = pa.Field(
        ge=0, nullable=True, description="Need of earlier years in 30 days, quantile of 10 %, mm"
    )
    next_30_days_p50_mm: Series[float] = pa.Field(
        ge=0, nullable=True, description="Median of it, mm"
    )
    next_30_days_p90_mm: Series[float] = pa.Field(
        ge=0, nullable=True, description="Quantile of 90 % of it, mm"
    )
    area_ha: Series[float] = pa.Field(
        ge=0, nullable=True, description="Irrigated area, ha, where statistics have it"
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
    """Crops at stake at the end of each dekad, and their risk (published only).

    For crops in their season whose area is known, where the drought class is known. Risk by
    hectare is hazard x vulnerability, from 0 to 1; times `exposure` it is the crop's part of the
    département's (docs/exposure.md). `exposure_by_region` has sums and means by région.
    """

    period_end: Series[pd.Timestamp] = pa.Field(description="Last day of the dekad")
    crop: Series[str] = pa.Field(description="Crop, as in crop_statistics")
    area_ha: Series[float] = pa.Field(
        gt=0, description="Area by the latest statistics at that date, ha"
    )
    area_year: Series[int] = pa.Field(ge=1900, le=2100, description="Year of that area")
    production_share_pct: Series[float] = pa.Field(
        ge=0, le=100, nullable=True, description="Share of the crop's production in France, %"
    )
    irrigated: Series[bool] = pa.Field(description="Whether the crop is irrigated")
    shortage_pct: Series[float] = pa.Field(
        ge=0,
        le=100,
        nullable=True,
        description="Share of the crop's need for water in three dekads that the soil did not "
        "meet, %",
    )
    shortage_percentile: Series[float] = pa.Field(
        ge=0,
        le=100,
        nullable=True,
        description="Its percentile among the département's years, 0 the driest",
    )
    shortage_class: Series[str] = pa.Field(
        isin=SHORTAGE_CLASSES,
        nullable=True,
        description="Class of the shortage, with limits at 5, 15, 30, 50 and 70 %",
    )
    hazard: Series[float] = pa.Field(
        ge=0, le=1, nullable=True, description="Weighted mean of shortage and drought class, 0-1"
    )
    vulnerability: Series[float] = pa.Field(
        ge=0, le=1, description="Response of the crop in its stage to a lack of water, 0-1"
    )
    exposure: Series[float] = pa.Field(
        gt=0, le=1, description="Share of the area of all crops in season in the département"
    )
    risk: Series[float] = pa.Field(ge=0, le=1, nullable=True, description="Hazard x vulnerability")

    class Config:
        """One row a département, dekad and crop in season."""

        unique = ["departement", "period_end", "crop"]


def _of_area(description: str) -> Any:
    """Return the field of an area."""
    return pa.Field(ge=0, nullable=True, description=f"{description}, ha")


class ExposureByRegion(Exact):
    """Sums and means of `exposure` by région, and for France (published only).

    Where the shortage of a crop is not known its area counts in none of the shares.
    """

    region: Series[str] = pa.Field(nullable=True, description="Name of the région; none: France")
    period_end: Series[pd.Timestamp] = pa.Field(description="Last day of the dekad")
    crop: Series[str] = pa.Field(description="Crop, as in crop_statistics")
    area_ha: Series[float] = _of_area("Area of the crop in its season")
    area_year: Series[pd.Int64Dtype] = pa.Field(nullable=True, description="Latest year of it")
    judged_ha: Series[float] = _of_area("Of that, where the shortage of water is known")
    short_ha: Series[float] = _of_area("Of that, with a moderate shortage or worse")
    affected_ha: Series[float] = _of_area("With a shortage as in the driest year of five")
    affected_pct: Series[float] = pa.Field(
        ge=0, le=100, nullable=True, description="affected_ha / judged_ha, %"
    )
    production_at_stake_pct: Series[float] = pa.Field(
        ge=0,
        le=100.0001,
        nullable=True,
        description="Share of the crop's production in France that is grown there, %",
    )
    risk: Series[float] = pa.Field(ge=0, le=1, nullable=True, description="Mean risk, by area")

    class Config:
        """One row a région (or France), dekad and crop in season."""

        unique = ["region", "period_end", "crop"]
