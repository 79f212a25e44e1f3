"""Assets of the yield outlook: forecasts before harvest, and their skill in past years.

The models are in `outlook`, their inputs and rows in `transforms.yields`.
"""

import dagster as dg

from geo_pipeline.runtime import france_tables
from geo_pipeline.runtime.table_assets import map_links, table_asset, write_table
from geo_pipeline.runtime.workspace import Workspace


@table_asset("yield_skill")
def yield_skill(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Skill of yield forecasts from the weather of the season, by crop and date of issue.

    It is measured on years that the model was not fitted on: one or two years left out, and only
    earlier years used. It is compared with shuffled years and with weather that cannot have reached
    the crop. The verdict says whether readers see the model, or which test it failed
    (docs/model_card.md).
    """
    frame, origin = france_tables.yield_skill(workspace, context.log.warning)
    return write_table(workspace, "yield_skill", frame, origin)


@table_asset("yield_outlook")
def yield_outlook(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Yield forecasts by département, crop and date of issue, with their interval.

    They use only earlier harvests and the weather up to the date of issue. Where no model has
    passed every test of `yield_skill` the forecast is the baseline, with the reason.
    """
    frame, origin = france_tables.yield_outlook(workspace, context.log.warning)
    return write_table(workspace, "yield_outlook", frame, origin, map_links(workspace.settings))
