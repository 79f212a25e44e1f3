"""Columns, units and ranges of each table, as pandera models.

Add the model of a table here; its docstring is its text in the data dictionary. Forecasts have
theirs in `outlook_schemas`, crops at stake in `stake_schemas`, tables that are only in the
publication in `publication_schemas`. Units are in the names; missing
numbers are NaN, missing texts None. The rest of a table's record, and the check of rows against its
model, are in `tables`.
"""

from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series
from pandera.typing.geopandas import GeoSeries

from geo_pipeline.territory import CODES, RESTRICTION_LEVELS
from geo_pipeline.weather_variables import WEATHER_RANGES

LEVELS = list(RESTRICTION_LEVELS)
DROUGHT_CLASSES = ["D4", "D3", "D2", "D1", "D0", "normal", "W0", "W1", "W2"]
GROWTH_STAGES = ["initial", "development", "mid", "late"]
YIELD_PERIODS = ["vegetative", "flowering", "yield_formation", "ripening"]
STAGES = [
    "alert",
    "warning",
    "watch",
    "temporary_soil_recovery",
    "temporary_crop_water_recovery",
    "recovery",
]
CLASSES = [*DROUGHT_CLASSES, *STAGES]


class Exact(pa.DataFrameModel):
    """Base of all tables: exact columns, coerced types."""

    class Config:
        """Exact columns, types coerced."""

        strict = True
        coerce = True


class ByDepartement(Exact):
    """Base of the tables by département: INSEE codes as strings."""

    departement: Series[str] = pa.Field(isin=CODES, description="INSEE code, always a string")


class Departements(ByDepartement):
    """The 101 départements with their geometry (core)."""

    name: Series[str] = pa.Field(description="Official name")
    region_code: Series[str] = pa.Field(description="INSEE code of the région")
    region: Series[str] = pa.Field(description="Name of the région")
    area_km2: Series[float] = pa.Field(gt=50, lt=100_000, description="Official area, km²")
    geometry: GeoSeries[Any] = pa.Field(description="Polygons, longitude and latitude (OGC:CRS84)")

    class Config:
        """One row a département."""

        unique = ["departement"]


class DepartementShapes(ByDepartement):
    """Simplified shapes for maps, in km of Lambert-93; overseas départements are in insets."""

    name: Series[str] = pa.Field(description="Official name")
    region: Series[str] = pa.Field(description="Name of the région")
    inset: Series[bool] = pa.Field(description="Whether the shape was moved and scaled")
    scale: Series[float] = pa.Field(gt=0, description="Drawn length over true length")
    geometry: GeoSeries[Any] = pa.Field(description="Polygons, planar km")
    frame: GeoSeries[Any] = pa.Field(nullable=True, description="Frame of the inset, planar km")

    class Config:
        """One row a département."""

        unique = ["departement"]


class DepartementNeighbours(ByDepartement):
    """Pairs of départements that share a border (both directions)."""

    neighbour: Series[str] = pa.Field(isin=CODES, description="INSEE code of the neighbour")
    shared_border_km: Series[float] = pa.Field(ge=0, description="Length of the border, km")

    class Config:
        """One row a pair and direction."""

        unique = ["departement", "neighbour"]


def _weather(name: str, description: str) -> Any:
    """Return the field of a weather variable, with its range."""
    least, greatest = WEATHER_RANGES[name]
    return pa.Field(ge=least, le=greatest, nullable=True, description=description)


class WeatherDaily(ByDepartement):
    """Daily weather, one row a département and day (core, partitioned)."""

    date: Series[pd.Timestamp] = pa.Field(description="Day")
    tmin_c: Series[float] = _weather("tmin_c", "Minimum, °C")
    tmax_c: Series[float] = _weather("tmax_c", "Maximum, °C")
    tmean_c: Series[float] = _weather("tmean_c", "Mean, °C")
    precip_mm: Series[float] = _weather("precip_mm", "Rain, mm")
    radiation_mj_m2: Series[float] = _weather("radiation_mj_m2", "Global radiation, MJ/m²")
    wind_m_s: Series[float] = _weather("wind_m_s", "Mean wind at 10 m, m/s")
    rh_pct: Series[float] = _weather("rh_pct", "Humidity, %")
    et0_mm: Series[float] = pa.Field(
        ge=0, le=20, nullable=True, description="Reference evapotranspiration, mm"
    )
    et0_method: Series[str] = pa.Field(nullable=True, description="How et0_mm was computed")
    et0_source_mm: Series[float] = _weather(
        "et0_source_mm", "Evapotranspiration computed by the provider, mm"
    )
    swi_source: Series[float] = _weather("swi_source", "Soil Wetness Index of the provider")
    stations: Series[pd.Int64Dtype] = pa.Field(
        ge=0, nullable=True, description="Stations that reported rain, where there are stations"
    )
    source: Series[str] = pa.Field(
        description="Provider; ends with `:adjusted` where its days are adjusted to another"
    )
    resolution: Series[str] = pa.Field(
        isin=["day", "dekad"], description="`dekad`: spread evenly over the days of the dekad"
    )
    provisional: Series[bool] = pa.Field(description="Whether the provider may still change it")

    class Config:
        """One row a département and day."""

        unique = ["departement", "date"]


class ProviderDifferences(ByDepartement):
    """Two providers of a département's weather compared, by calendar month (mart).

    A row for each variable that both have, also where they have no common year; none where there is
    one provider. Rain and evapotranspiration are sums of a month, in mm, the others its means. How
    days are adjusted: docs/sources/README.md.
    """

    variable: Series[str] = pa.Field(description="Variable of weather_daily, in its unit")
    month: Series[int] = pa.Field(ge=1, le=12, description="Calendar month")
    provider: Series[str] = pa.Field(description="The more trusted provider, whose days are kept")
    other_provider: Series[str] = pa.Field(description="The other, which fills the days it lacks")
    common_years: Series[int] = pa.Field(ge=0, description="Years with this month of both")
    provider_mean: Series[float] = pa.Field(nullable=True, description="Mean of `provider`")
    other_mean: Series[float] = pa.Field(nullable=True, description="Mean of `other_provider`")
    difference: Series[float] = pa.Field(
        nullable=True, description="provider_mean - other_mean, before any adjustment"
    )
    standard_error: Series[float] = pa.Field(
        ge=0, nullable=True, description="Standard error of the difference over the years"
    )
    ratio: Series[float] = pa.Field(
        ge=0,
        nullable=True,
        description="provider_mean / other_mean; none of temperatures, which have no true zero",
    )
    adjusted: Series[bool] = pa.Field(
        description="Whether days of `other_provider` are adjusted; their `source` says so too"
    )
    error_before: Series[float] = pa.Field(
        ge=0, nullable=True, description="Root mean square difference of single years"
    )
    error_after: Series[float] = pa.Field(
        ge=0,
        nullable=True,
        description="The same after adjustment, each year mapped by the other years only",
    )

    class Config:
        """One row a département, pair of providers, variable and calendar month."""

        unique = ["departement", "other_provider", "variable", "month"]


class SoilWaterDaily(ByDepartement):
    """Root-zone water by crop and day, in season (mart, partitioned); NaN while not known."""

    # There are millions of rows: categories are much faster to check, sort and group than strings.
    departement: Series[pd.CategoricalDtype] = pa.Field(
        isin=CODES, description="INSEE code, always a string"
    )
    date: Series[pd.Timestamp] = pa.Field(description="Day")
    crop: Series[pd.CategoricalDtype] = pa.Field(
        description="Crop, as in crop_statistics; grassland all year"
    )
    depletion_mm: Series[float] = pa.Field(
        ge=0, le=1000, nullable=True, description="Water missing to field capacity, end of day, mm"
    )
    taw_mm: Series[float] = pa.Field(
        gt=0, le=1000, description="Total available water of the root zone, mm"
    )
    swi: Series[float] = pa.Field(
        ge=0, le=1, nullable=True, description="Soil wetness index, 1 - depletion / TAW"
    )
    ks: Series[float] = pa.Field(
        ge=0, le=1, nullable=True, description="Stress coefficient, 1 without stress"
    )
    eta_mm: Series[float] = pa.Field(
        ge=0, le=30, nullable=True, description="Actual crop evapotranspiration, mm"
    )

    class Config:
        """One row a département, day and crop."""

        unique = ["departement", "date", "crop"]


class CropStatistics(ByDepartement):
    """Area, yield and production by département, year and crop (core, partitioned)."""

    year: Series[int] = pa.Field(ge=1900, le=2100, description="Year of harvest")
    crop: Series[str] = pa.Field(description="Crop, such as `soft_wheat`")
    area_ha: Series[float] = pa.Field(ge=0, nullable=True, description="Area, ha")
    yield_q_ha: Series[float] = pa.Field(ge=0, nullable=True, description="Yield, q/ha")
    production_q: Series[float] = pa.Field(ge=0, nullable=True, description="Production, q")
    source: Series[str] = pa.Field(description="Publication")

    class Config:
        """One row a département, year and crop."""

        unique = ["departement", "year", "crop"]


def _share(water: str, level: str) -> Any:
    """Return the column with the share of the area in which a level is in force."""
    return pa.Field(
        ge=0,
        le=100.0001,
        nullable=True,
        description=f"Area with {level} for {water}, %; missing where zones are not known",
    )


class WaterRestrictions(ByDepartement):
    """Water-restriction level in force by département and day (core); no level: no restriction."""

    date: Series[pd.Timestamp] = pa.Field(description="Day")
    level_max: Series[str] = pa.Field(isin=LEVELS, nullable=True, description="Highest level")
    level_surface: Series[str] = pa.Field(isin=LEVELS, nullable=True, description="Surface water")
    level_groundwater: Series[str] = pa.Field(isin=LEVELS, nullable=True, description="Groundwater")
    level_drinking: Series[str] = pa.Field(isin=LEVELS, nullable=True, description="Drinking water")
    surface_vigilance_pct: Series[float] = _share("surface water", "vigilance")
    surface_alerte_pct: Series[float] = _share("surface water", "alerte")
    surface_alerte_renforcee_pct: Series[float] = _share("surface water", "alerte renforcée")
    surface_crise_pct: Series[float] = _share("surface water", "crise")
    groundwater_vigilance_pct: Series[float] = _share("groundwater", "vigilance")
    groundwater_alerte_pct: Series[float] = _share("groundwater", "alerte")
    groundwater_alerte_renforcee_pct: Series[float] = _share("groundwater", "alerte renforcée")
    groundwater_crise_pct: Series[float] = _share("groundwater", "crise")
    drinking_vigilance_pct: Series[float] = _share("drinking water", "vigilance")
    drinking_alerte_pct: Series[float] = _share("drinking water", "alerte")
    drinking_alerte_renforcee_pct: Series[float] = _share("drinking water", "alerte renforcée")
    drinking_crise_pct: Series[float] = _share("drinking water", "crise")
    zones: Series[str] = pa.Field(
        nullable=True,
        description="Zones in force, the strictest first, as JSON: name, kind of water, level, "
        "order, its days, rules for farms; missing where zones are not known",
    )

    class Config:
        """One row a département and day."""

        unique = ["departement", "date"]


class Groundwater(ByDepartement):
    """Groundwater by month, from the piezometers of a département (mart, partitioned, optional)."""

    period_end: Series[pd.Timestamp] = pa.Field(description="Last day of the month")
    piezometers: Series[int] = pa.Field(ge=0, description="Piezometers with an index")
    piezometers_short: Series[int] = pa.Field(
        ge=0, description="Piezometers whose record is too short for an index"
    )
    below_normal_pct: Series[float] = pa.Field(
        ge=0, le=100, nullable=True, description="Piezometers below their own normal, %"
    )
    index_median: Series[float] = pa.Field(
        ge=-5, le=5, nullable=True, description="Median standardised piezometric index"
    )
    groundwater_class: Series[str] = pa.Field(
        nullable=True, description="Class of the median, with the limits of the national bulletin"
    )

    class Config:
        """One row a département and month."""

        unique = ["departement", "period_end"]


class DroughtIndicators(ByDepartement):
    """Indicators by dekad, in long form (mart, partitioned); each looks back from the dekad's end.

    Every dekad of the record has a row, for crops every dekad of their season; missing is NaN.
    """

    # There are over a million rows: categories are much faster to check, sort and group.
    departement: Series[pd.CategoricalDtype] = pa.Field(
        isin=CODES, description="INSEE code, always a string"
    )
    period_end: Series[pd.Timestamp] = pa.Field(description="Last day of the dekad")
    indicator: Series[pd.CategoricalDtype] = pa.Field(
        description="`precip_mm`, `spi_3`, `swi`...: docs/indicators_published.md"
    )
    value: Series[float] = pa.Field(nullable=True, description="Value, in the indicator's unit")
    percentile: Series[float] = pa.Field(
        ge=0,
        le=100,
        nullable=True,
        description="Share of the same dekads of other years that are as dry or drier, %: 0 is the "
        "driest. The value of `combined` runs the other way: it is 100 less this",
    )
    drought_class: Series[pd.CategoricalDtype] = pa.Field(
        isin=CLASSES,
        nullable=True,
        description="US Drought Monitor class (dry), WMO class (wet); for `cdi` its stage",
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
    reference_years: Series[int] = pa.Field(
        ge=0, description="Years of the normal; fewer than 30 are a short reference"
    )
    reference_period: Series[pd.CategoricalDtype] = pa.Field(
        description="First and last year of the reference"
    )

    class Config:
        """One row a département, period and indicator."""

        unique = ["departement", "period_end", "indicator"]


class DepartementRisk(ByDepartement):
    """Combined drought class with the crops exposed to it (mart)."""

    period_end: Series[pd.Timestamp] = pa.Field(description="Last day of the dekad")
    score: Series[float] = pa.Field(
        ge=0, le=100, nullable=True, description="Combined drought score: 0 wettest, 100 driest"
    )
    drought_class: Series[str] = pa.Field(
        isin=DROUGHT_CLASSES, nullable=True, description="Combined drought class"
    )
    drivers: Series[str] = pa.Field(
        nullable=True, description="Indicators in drought, driest first: `spi_3:D2, spi_1:D0`"
    )
    neighbours_in_drought_pct: Series[float] = pa.Field(
        ge=0, le=100, nullable=True, description="Neighbours in D1 or worse, % of those known"
    )
    crop_area_ha: Series[float] = pa.Field(
        ge=0,
        nullable=True,
        description="Area of the crops in season, of each the latest known at that date, ha",
    )
    crop_area_crops: Series[str] = pa.Field(nullable=True, description="Crops in crop_area_ha")
    crop_area_first_year: Series[pd.Int64Dtype] = pa.Field(
        nullable=True, description="Earliest of the years of the areas in crop_area_ha"
    )
    crop_area_last_year: Series[pd.Int64Dtype] = pa.Field(
        nullable=True, description="Latest of the years of the areas in crop_area_ha"
    )
    exposed_crop_area_ha: Series[float] = pa.Field(
        ge=0, nullable=True, description="crop_area_ha where the class is D1 or worse, else 0, ha"
    )
    restriction_level: Series[str] = pa.Field(
        isin=LEVELS, nullable=True, description="Highest water-restriction level in that dekad"
    )

    class Config:
        """One row a département and dekad."""

        unique = ["departement", "period_end"]
