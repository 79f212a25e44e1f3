"""Drought indicators by département, and the risk that they make together."""

from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from typing import Final

import dagster as dg
import pandas as pd

from geo_pipeline.provenance import Provenance
from geo_pipeline.runtime import france_tables
from geo_pipeline.runtime.blocks import write_blocks
from geo_pipeline.runtime.drought_tables import SOIL_WEATHER, Indicators, SoilWater
from geo_pipeline.runtime.needed_weather import NeededWeather, hash_of
from geo_pipeline.runtime.table_assets import map_links, table_asset, write_table
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.territory import CODES
from geo_pipeline.transforms.irrigation import irrigation_need as compute_need

DAYS_OF_NEED: Final = 500_000
"""Days of weather of the départements whose irrigation is computed together: all of them with a
dozen years."""


@table_asset("soil_water_daily")
def soil_water_daily(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Daily root-zone water balance of twelve crops (FAO-56): depletion, wetness, stress.

    Crop calendars: `assets_data/crop_parameters.csv`. Water that soils hold:
    `assets_data/soil_storage.csv`. After a gap in the weather the state is NaN until it no longer
    depends on the missing days.
    """
    weather, source = NeededWeather(workspace.lake, "soil_water_daily"), workspace.bundled
    crops, storage = source.crop_parameters(), source.soil_storage()
    method = hash_of(("indicators", "transforms", "outlook"), (crops, storage))
    origin = partial(weather.origin, made_of=method)
    make = SoilWater(workspace.lake, crops, storage, method)
    write_blocks(context, workspace, "soil_water_daily", make, origin=origin, in_processes=True)
    return dg.MaterializeResult()


@table_asset("drought_indicators")
def drought_indicators(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Indicators of each dekad: rain, SPI, SPEI, soil wetness, season, water shortage of crops.

    Each value is compared with the same dekad of the département's other years
    (docs/indicators_published.md). It is NaN where its window touches a missing day, and where it
    needs daily values but the weather is dekadal.
    """
    weather, source = NeededWeather(workspace.lake, "drought_indicators"), workspace.bundled
    crops, storage = source.crop_parameters(), source.soil_storage()
    least = workspace.settings.class_min_years
    method = hash_of(("indicators", "transforms", "catalogue"), (crops, storage), least=least)
    origin = partial(weather.origin, made_of=method)
    make = Indicators(weather, crops, least)
    write_blocks(context, workspace, "drought_indicators", make, origin=origin, in_processes=True)
    return dg.MaterializeResult()


@table_asset("irrigation_need")
def irrigation_need(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Irrigation that crops need without any stress: since the season began, and in 30 days.

    The balance is that of `soil_water_daily`, with each shortage made up. Losses of irrigation
    systems are not included. Volumes are given where statistics have the irrigated area.
    """
    lake, source = workspace.lake, workspace.bundled
    weather = NeededWeather(lake, "irrigation_need")
    crops, storage = source.crop_parameters(), source.soil_storage()
    method = hash_of(("indicators", "transforms", "outlook"), (crops, storage))

    def make(codes: Sequence[str]) -> pd.DataFrame:
        return compute_need(
            weather.read(codes, SOIL_WEATHER), lake.read("crop_statistics", *codes), crops, storage
        )

    def origin(code: str) -> Provenance:
        areas = lake.inspect(lake.path("crop_statistics", code)).sha256
        return weather.origin(code, sha256(f"{method}{areas}".encode()).hexdigest())

    write_blocks(
        *(context, workspace, "irrigation_need", make),
        origin=origin,
        at_once=len(CODES),
        days_at_once=DAYS_OF_NEED,
    )
    return dg.MaterializeResult()


@table_asset("departement_risk")
def departement_risk(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Combined drought class and score by département and dekad, with drivers and exposed crops.

    Made from the partitions of all départements. A département has rows without values, and is
    left out of its neighbours' figures, where it has no partition, a check holds it back or its
    file is damaged.
    """
    frame, origin = france_tables.risk(workspace, context.log.warning)
    return write_table(workspace, "departement_risk", frame, origin, map_links(workspace.settings))
