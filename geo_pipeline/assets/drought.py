"""Drought indicators by département, and the risk that they make together."""

from functools import partial

import dagster as dg
import pandas as pd

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
from geo_pipeline.transforms.drought import REFERENCE_CROP
from geo_pipeline.transforms.drought import drought_indicators as indicators_of
from geo_pipeline.transforms.soil import soil_water_daily as soil_water

# Départements whose days are in memory at a time: millions of rows for the whole of France.
BLOCK = 24

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
    lake, source = workspace.lake, workspace.source
    crops, storage = source.crop_parameters(), source.soil_storage()
    origin = partial(lake.origin, "weather_daily")
    keys = list(context.partition_keys)
    for first in range(0, len(keys), BLOCK):
        codes = keys[first : first + BLOCK]
        weather = pd.concat([lake.read("weather_daily", code) for code in codes])
        frame = soil_water(weather, crops, storage)
        write_partitions(context, workspace, "soil_water_daily", frame, origin, codes=codes)
    return dg.MaterializeResult()


@partitioned_asset("drought_indicators", "drought", deps=[weather_daily, soil_water_daily])
def drought_indicators(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Monthly rain and its anomaly, SPI and SPEI over 1 to 12 months, soil wetness, a score.

    Each département against its own record. A window that touches a missing month is NaN.
    """
    lake = workspace.lake
    weather = [lake.read("weather_daily", code) for code in context.partition_keys]
    soil = [
        lake.read("soil_water_daily", code, only={"crop": REFERENCE_CROP})
        for code in context.partition_keys
    ]
    frame = indicators_of(pd.concat(weather, ignore_index=True), pd.concat(soil, ignore_index=True))
    origin = partial(lake.origin, "weather_daily")
    return write_partitions(context, workspace, "drought_indicators", frame, origin)


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
    frames = {table: workspace.lake.arrow(table) for table in RISK_INPUTS}
    frame = spatial.run("departement_risk", frames)
    origin = workspace.lake.joint_origin(RISK_INPUTS)
    return write_table(workspace, "departement_risk", frame, origin)
