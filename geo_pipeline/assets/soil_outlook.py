"""Assets of the soil outlook: forecasts, forecasts of past years with their skill, recovery.

How a forecast is computed is in `outlook`, its rows are made in `transforms.soil_outlook`.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import dagster as dg
import pandas as pd

from geo_pipeline.runtime import france_tables, soil_outlook_tables
from geo_pipeline.runtime.blocks import write_blocks
from geo_pipeline.runtime.needed_weather import NeededWeather
from geo_pipeline.runtime.table_assets import table_asset, write_table
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.table_rows import empty
from geo_pipeline.threads import mapped
from geo_pipeline.transforms import soil_outlook as rows

AT_ONCE: Final = 51
"""Départements whose ensembles are computed together: smaller blocks are slower for each
département, larger ones need more memory."""

FEWEST: Final = 10
"""Départements of which a part takes hardly less time."""

DAYS_AT_ONCE: Final = 500_000
"""Days of weather of all départements in memory at the same time: a long record has smaller
blocks."""

WORKERS: Final = 2
"""Blocks computed at the same time, in threads: numpy releases the interpreter's lock."""

Make = Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame], pd.DataFrame]


@table_asset("outlook_hindcast")
def outlook_hindcast(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Forecasts of soil water for every past date of issue, without the year being forecast.

    Each row has the forecast, what was observed, and two baselines: climatology and damped
    persistence. The record is that of complete calendar years. A file made from the same weather by
    the same method is not computed again.
    """
    return _write(context, workspace, "outlook_hindcast", rows.outlook_hindcast)


@table_asset("outlook_skill")
def outlook_skill(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Skill of past forecasts of soil water by crop, month of issue and lead, with its interval.

    Readers see a forecast only where the lower bound of its skill against climatology is above
    zero (docs/outlook.md).
    """
    frame, origin = france_tables.outlook_skill(workspace, context.log.warning)
    return write_table(workspace, "outlook_skill", frame, origin)


@table_asset("soil_outlook")
def soil_outlook(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Soil water of the next one to nine dekads: today's soil under the weather of other years.

    Quantiles of wetness and chances of drought classes, for each crop in its season. The
    publication marks by `outlook_skill` which forecasts readers see.
    """
    return _write(context, workspace, "soil_outlook", rows.soil_outlook)


@table_asset("recovery")
def recovery(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Rain that ends the drought of the soil within 30, 60 or 90 days, and its chance."""
    return _write(context, workspace, "recovery", rows.recovery)


def _write(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    table: str,
    make: Make,
) -> dg.MaterializeResult[None]:
    """Write the rows that `make` returns for the weather, crops and soils of this run."""
    weather, source = NeededWeather(workspace.lake, table), workspace.bundled
    crops, storage = source.crop_parameters(), source.soil_storage()
    columns = ["departement", "date", *rows.VARIABLES]

    def of(codes: Sequence[str]) -> pd.DataFrame:
        return make(weather.read(codes, columns), crops, storage)

    def together(codes: Sequence[str]) -> pd.DataFrame:
        each = max(-(-len(codes) // WORKERS), FEWEST)
        blocks = [codes[first : first + each] for first in range(0, len(codes), each)]
        frames = [frame for frame in mapped(of, blocks, WORKERS) if len(frame)]
        return pd.concat(frames, ignore_index=True) if frames else empty(table)

    origin = partial(weather.origin, made_of=soil_outlook_tables.made_of(workspace))
    write_blocks(
        *(context, workspace, table, together),
        origin=origin,
        at_once=WORKERS * AT_ONCE,
        days_at_once=DAYS_AT_ONCE,
    )
    return dg.MaterializeResult()
