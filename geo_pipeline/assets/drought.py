"""Drought indicators by département, and the risk that they make together."""

from collections.abc import Sequence

import dagster as dg
import pandas as pd

from geo_pipeline.runtime import france_tables
from geo_pipeline.runtime.blocks import write_blocks
from geo_pipeline.runtime.table_assets import map_links, table_asset, write_table
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.territory import CODES
from geo_pipeline.transforms.drought import drought_indicators as compute_indicators
from geo_pipeline.transforms.irrigation import irrigation_need as compute_need
from geo_pipeline.transforms.soil import soil_water_daily as compute_soil_water

SOIL_COLUMNS = ("departement", "date", "crop", "swi", "eta_mm")
"""Columns of `soil_water_daily` that the indicators are computed from."""


@table_asset("soil_water_daily")
def soil_water_daily(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """FAO-56 root-zone water balance of twelve crops: depletion, wetness, stress.

    Crop calendars and soils: `assets_data/crop_parameters.csv` and `soil_storage.csv` (defaults).
    After a gap in the weather the state is NaN until it no longer depends on the unknown days.
    """
    lake, source = workspace.lake, workspace.bundled
    crops, storage = source.crop_parameters(), source.soil_storage()

    def make(codes: Sequence[str]) -> pd.DataFrame:
        return compute_soil_water(lake.read("weather_daily", *codes), crops, storage)

    write_blocks(context, workspace, "soil_water_daily", make)
    return dg.MaterializeResult()


@table_asset("drought_indicators")
def drought_indicators(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Rain, SPI, SPEI, soil wetness, season, crop water shortage and the combined indicator.

    Each dekad of a département is compared with the same département's own record
    (docs/indicators_published.md). A value is NaN where its window touches a missing day, and where
    it needs daily values but the weather is dekadal.
    """
    lake, crops = workspace.lake, workspace.bundled.crop_parameters()
    least = workspace.settings.class_min_years

    def make(codes: Sequence[str]) -> pd.DataFrame:
        weather = lake.read("weather_daily", *codes)
        soil = lake.read("soil_water_daily", *codes, columns=SOIL_COLUMNS)
        return compute_indicators(weather, soil, crops, class_min_years=least)

    write_blocks(context, workspace, "drought_indicators", make)
    return dg.MaterializeResult()


@table_asset("irrigation_need")
def irrigation_need(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Water that crops would have to be given this season, and usually in the next 30 days.

    Net of losses, by the same balance as `soil_water_daily` with all that is lacking given. Volumes
    are those of the irrigated area, where statistics tell it.
    """
    lake, source = workspace.lake, workspace.bundled
    crops, storage = source.crop_parameters(), source.soil_storage()

    def make(codes: Sequence[str]) -> pd.DataFrame:
        weather = lake.read("weather_daily", *codes)
        return compute_need(weather, lake.read("crop_statistics", *codes), crops, storage)

    write_blocks(context, workspace, "irrigation_need", make, at_once=len(CODES))
    return dg.MaterializeResult()


@table_asset("departement_risk")
def departement_risk(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Combined class and score of each département and dekad, with drivers and exposed crops.

    It is built from all partitions in the lake. A département has empty rows, and counts in no
    neighbour's figures, while it has not been run, a check holds it back or its file is damaged.
    """
    frame, origin = france_tables.risk(workspace, context.log.warning)
    return write_table(workspace, "departement_risk", frame, origin, map_links(workspace.settings))
