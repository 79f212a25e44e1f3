"""Yields before harvest: what is told of them, and how well that was told of past years."""

import dagster as dg

from geo_pipeline.runtime import france_tables
from geo_pipeline.runtime.table_assets import map_links, table_asset, write_table
from geo_pipeline.runtime.workspace import Workspace


@table_asset("yield_skill")
def yield_skill(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Skill of yields told from the weather of the season, on years that had no part in it.

    Of each crop and date of issue: years left out one and two at a time, earlier years alone, other
    orders of the years, weather that the crop has not felt. The verdict says whether the model may
    be told to readers, or which test it failed: docs/model_card.md.
    """
    frame, origin = france_tables.yield_skill(workspace, context.log.warning)
    return write_table(workspace, "yield_skill", frame, origin)


@table_asset("yield_outlook")
def yield_outlook(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Yields of each département and crop as told at each date of issue, with their range.

    From the harvests before the year and the weather until the day of issue, nothing else. Without
    a model that has passed every test of `yield_skill` it is the baseline, and it says why.
    """
    frame, origin = france_tables.yield_outlook(workspace, context.log.warning)
    return write_table(workspace, "yield_outlook", frame, origin, map_links(workspace.settings))
