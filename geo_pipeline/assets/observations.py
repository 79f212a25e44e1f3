"""What was observed, by département: weather, crops, water restrictions."""

import dagster as dg

from geo_pipeline.assets.workspace import Workspace
from geo_pipeline.assets.writing import (
    partitioned_asset,
    table_asset,
    write_partitions,
    write_table,
)
from geo_pipeline.schemas import validate
from geo_pipeline.transforms.weather import with_et0


@partitioned_asset("weather_daily", "weather")
def weather_daily(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Daily weather with reference evapotranspiration.

    Source: AgERA5 (Copernicus, ECMWF) over the cropland of 94 départements, dekads of 2010-2022
    without 2014, spread over their days and marked so. Cadence: none, embedded. ET0 after Turc.
    """
    source, settings = workspace.source, workspace.settings
    codes = list(context.partition_keys)
    frame = with_et0(source.weather_daily(codes, settings.since, settings.until))
    origin = source.provenance("weather_dekadal.parquet")
    return write_partitions(context, workspace, "weather_daily", frame, lambda _: origin)


@partitioned_asset("crop_statistics", "crops")
def crop_statistics(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Area, yield and production by crop and year.

    Source: Statistique agricole annuelle (Agreste, Licence Ouverte), 2000-2022. Cadence: none,
    embedded.
    """
    source = workspace.source
    frame = validate("crop_statistics", source.crop_statistics(context.partition_keys))
    origin = source.provenance("crop_statistics.parquet")
    return write_partitions(context, workspace, "crop_statistics", frame, lambda _: origin)


@table_asset("water_restrictions", "water")
def water_restrictions(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[None]:
    """Water-restriction level in force by département.

    Source: VigiEau (Licence Ouverte 2.0), one day, 2026-10-03. Cadence: none, embedded.
    """
    source = workspace.source
    origin = source.provenance("water_restrictions.parquet")
    return write_table(workspace, "water_restrictions", source.water_restrictions(), origin)
