"""Drought indicators by département, and the risk that they make together."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import dagster as dg
import pandas as pd

from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.runtime import france_tables
from geo_pipeline.runtime.table_assets import (
    apart,
    map_links,
    table_asset,
    tell_failure,
    write_partitions,
    write_table,
)
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.transforms.drought import drought_indicators as compute_indicators
from geo_pipeline.transforms.irrigation import irrigation_need as compute_need
from geo_pipeline.transforms.soil import soil_water_daily as compute_soil_water

# Départements whose days are in memory at a time: millions of rows for the whole of France.
BLOCK = 17
# The same where little is kept of each: a balance of many places takes hardly longer than of few.
SMALL_BLOCK = 101

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

    _write_blocks(context, workspace, "soil_water_daily", make)
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

    _write_blocks(context, workspace, "drought_indicators", make)
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

    _write_blocks(context, workspace, "irrigation_need", make, at_a_time=SMALL_BLOCK)
    return dg.MaterializeResult()


def _write_blocks(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    table: str,
    make: Callable[[Sequence[str]], pd.DataFrame],
    at_a_time: int = BLOCK,
) -> None:
    """Write what `make` returns for the départements of this run; a failed one stops no other."""
    origin = partial(workspace.lake.origin, "weather_daily")

    def refuse(code: str, error: GeoPipelineError) -> None:
        tell_failure(context, workspace, (table, code), "lake", error)

    for codes in _blocks(context, workspace, at_a_time):
        for some, frame in apart(make, codes, refuse):
            write_partitions(context, workspace, table, frame, origin, codes=some)


def _blocks(
    context: dg.AssetExecutionContext, workspace: Workspace, at_a_time: int
) -> Iterator[list[str]]:
    """Yield the départements of this run that have weather, so many at a time."""
    keys = [code for code in context.partition_keys if _has_weather(context, workspace, code)]
    for first in range(0, len(keys), at_a_time):
        yield keys[first : first + at_a_time]


def _has_weather(context: dg.AssetExecutionContext, workspace: Workspace, code: str) -> bool:
    """Return whether the lake has weather for a département; log it where there is none."""
    there = workspace.lake.path("weather_daily", code).exists()
    if not there:
        context.log.warning(f"département {code} has no weather yet: it is left out")
    return there


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
