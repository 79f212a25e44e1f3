"""What soils may hold in the next dekads, how well that was told of past years, and recovery."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import dagster as dg
import pandas as pd

from geo_pipeline.runtime import france_tables, soil_outlook_tables
from geo_pipeline.runtime.blocks import write_blocks
from geo_pipeline.runtime.table_assets import table_asset, write_table
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.tables import empty
from geo_pipeline.threads import mapped
from geo_pipeline.transforms import soil_outlook as rows

AT_ONCE: Final = 51
"""Départements whose ensembles are computed together: fewer cost more each, more need memory."""

WORKERS: Final = 2
"""Of these blocks at a time: they compute beside each other, but for what Python itself does."""

Make = Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame], pd.DataFrame]


@table_asset("outlook_hindcast")
def outlook_hindcast(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """The outlook of soils as it would have been told at every past issue, without its own year.

    Each beside what came, climatology and damped persistence. What has not changed is not computed
    again: the file says which weather and which method it is of.
    """
    return _write(context, workspace, "outlook_hindcast", rows.outlook_hindcast)


@table_asset("outlook_skill")
def outlook_skill(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """How good the outlook of soils was, by crop, month of issue and lead, with its range.

    A forecast is told to readers only where the lower bound of its skill against climatology is
    above zero: docs/outlook.md.
    """
    frame, origin = france_tables.outlook_skill(workspace, context.log.warning)
    return write_table(workspace, "outlook_skill", frame, origin)


@table_asset("soil_outlook")
def soil_outlook(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Soil water of the next one to nine dekads: today's state through each other year's weather.

    Quantiles of wetness and chances of drought classes for each crop that stands. Which of it is
    told to readers the publication decides by `outlook_skill`.
    """
    return _write(context, workspace, "soil_outlook", rows.soil_outlook)


@table_asset("recovery")
def recovery(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Rain until the soil is out of drought within 30, 60 or 90 days, and its chance."""
    return _write(context, workspace, "recovery", rows.recovery)


def _write(
    context: dg.AssetExecutionContext, workspace: Workspace, table: str, make: Make
) -> dg.MaterializeResult[None]:
    """Write a table of what `make` makes of the weather, soils and crops of this run."""
    lake, source = workspace.lake, workspace.bundled
    crops, storage = source.crop_parameters(), source.soil_storage()
    columns = ["departement", "date", *rows.VARIABLES]

    def of(codes: Sequence[str]) -> pd.DataFrame:
        return make(lake.read("weather_daily", *codes, columns=columns), crops, storage)

    def together(codes: Sequence[str]) -> pd.DataFrame:
        blocks = [codes[first : first + AT_ONCE] for first in range(0, len(codes), AT_ONCE)]
        frames = [frame for frame in mapped(of, blocks, WORKERS) if len(frame)]
        return pd.concat(frames, ignore_index=True) if frames else empty(table)

    made = soil_outlook_tables.made_of(workspace)
    origin = partial(soil_outlook_tables.origin, lake, made=made)
    write_blocks(context, workspace, table, together, origin=origin, at_once=WORKERS * AT_ONCE)
    return dg.MaterializeResult()
