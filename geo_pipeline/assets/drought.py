"""Drought indicators by département, and the risk that they make together."""

from collections.abc import Iterator
from functools import partial

import dagster as dg
import pyarrow as pa

from geo_pipeline.assets.geography import departement_neighbours, departements
from geo_pipeline.assets.observations import crop_statistics, water_restrictions, weather_daily
from geo_pipeline.assets.workspace import Workspace
from geo_pipeline.assets.writing import (
    partitioned_asset,
    table_asset,
    write_partitions,
    write_table,
)
from geo_pipeline.storage import spatial
from geo_pipeline.storage.lake import Lake
from geo_pipeline.transforms.drought import SCALES
from geo_pipeline.transforms.drought import drought_indicators as indicators_of
from geo_pipeline.transforms.soil import soil_water_daily as soil_water

# Départements whose days are in memory at a time: millions of rows for the whole of France.
BLOCK = 17

SOIL_COLUMNS = ("departement", "date", "crop", "swi", "eta_mm")
"""What the indicators take of `soil_water_daily`."""

DRIVERS = (
    "combined",
    *(f"{index}_{scale}" for index in ("spi", "spei") for scale in SCALES),
    "sswi",
)
"""The indicators that `departement_risk` is made of."""

RISK_INPUTS = (
    "departements",
    "departement_neighbours",
    "drought_indicators",
    "crop_statistics",
    "water_restrictions",
)


@partitioned_asset("soil_water_daily", "drought", deps=[weather_daily])
def soil_water_daily(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """FAO-56 root-zone water balance of twelve crops: depletion, wetness, stress.

    Crop calendars and soils: `assets_data/crop_parameters.csv` and `soil_storage.csv` (defaults).
    After a gap in the weather the state is NaN until it no longer depends on what is not known.
    """
    lake, source = workspace.lake, workspace.bundled
    crops, storage = source.crop_parameters(), source.soil_storage()
    origin = partial(lake.origin, "weather_daily")
    for codes in _blocks(context, workspace):
        weather = lake.read("weather_daily", *codes)
        frame = soil_water(weather, crops, storage)
        write_partitions(context, workspace, "soil_water_daily", frame, origin, codes=codes)
    return dg.MaterializeResult()


@partitioned_asset("drought_indicators", "drought", deps=[weather_daily, soil_water_daily])
def drought_indicators(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Rain, SPI, SPEI, soil wetness, season, crop stress, yield loss and what they say together.

    Each dekad of each département against its own record: docs/indicators_published.md. A window
    that touches a missing day is NaN, and so is what needs true days where the weather is dekadal.
    """
    lake, crops = workspace.lake, workspace.bundled.crop_parameters()
    origin = partial(lake.origin, "weather_daily")
    for codes in _blocks(context, workspace):
        weather = lake.read("weather_daily", *codes)
        soil = lake.read("soil_water_daily", *codes, columns=SOIL_COLUMNS)
        frame = indicators_of(weather, soil, crops)
        write_partitions(context, workspace, "drought_indicators", frame, origin, codes=codes)
    return dg.MaterializeResult()


def _blocks(context: dg.AssetExecutionContext, workspace: Workspace) -> Iterator[list[str]]:
    """Yield the départements of this run that have weather, `BLOCK` at a time."""
    keys = [code for code in context.partition_keys if _has_weather(context, workspace, code)]
    for first in range(0, len(keys), BLOCK):
        yield keys[first : first + BLOCK]


def _has_weather(context: dg.AssetExecutionContext, workspace: Workspace, code: str) -> bool:
    """Return whether weather was ever had of a département; say so where it was not."""
    there = workspace.lake.path("weather_daily", code).exists()
    if not there:
        context.log.warning(f"département {code} has no weather yet: it is left out")
    return there


@table_asset(
    "departement_risk",
    "risk",
    deps=[
        departements,
        departement_neighbours,
        drought_indicators,
        crop_statistics,
        water_restrictions,
    ],
)
def departement_risk(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[None]:
    """Combined class and score of each département and month, with drivers and exposed crops.

    Built from all partitions that the lake holds; a département not run yet has empty rows.
    """
    frame = spatial.run("departement_risk", risk_inputs(workspace.lake))
    origin = workspace.lake.joint_origin(RISK_INPUTS)
    return write_table(workspace, "departement_risk", frame, origin)


def risk_inputs(lake: Lake) -> dict[str, pa.Table]:
    """Return what `departement_risk.sql` reads."""
    frames = {table: lake.arrow(table) for table in RISK_INPUTS if table != "drought_indicators"}
    frames["drought_indicators"] = lake.arrow("drought_indicators", indicator=DRIVERS)
    return frames
