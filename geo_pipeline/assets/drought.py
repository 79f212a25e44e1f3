"""Drought indicators by département, and the risk that they make together."""

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
from geo_pipeline.schemas import Provenance
from geo_pipeline.storage import spatial
from geo_pipeline.transforms.drought import drought_indicators as indicators_of

RISK_INPUTS = (
    "departements",
    "departement_neighbours",
    "drought_indicators",
    "crop_statistics",
    "water_restrictions",
)


@partitioned_asset("drought_indicators", "drought", deps=[weather_daily])
def drought_indicators(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Monthly rain, its anomaly, SPI over 1, 3, 6 and 12 months, the combined score.

    Each département against its own record. A window that touches a missing month is NaN.
    """
    lake = workspace.lake
    weather = [lake.read("weather_daily", code) for code in context.partition_keys]
    frame = indicators_of(pd.concat(weather, ignore_index=True))

    def origin(code: str) -> Provenance:
        return lake.origin("weather_daily", code)

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
