"""Asset of groundwater levels. It exists only where the settings choose a provider."""

from datetime import UTC, datetime

import dagster as dg
import pandas as pd

from geo_pipeline.errors import GeoPipelineError, StorageError, UsageError
from geo_pipeline.runtime.table_assets import (
    check_kept,
    doubt,
    first_of,
    table_asset,
    tell_failure,
    write_partition,
)
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.sources.hubeau import SILENT
from geo_pipeline.table_rows import validate
from geo_pipeline.transforms.groundwater import groundwater as compute_groundwater
from geo_pipeline.words import Message, message

PIEZOMETERS = "piezometers"
"""Name of the check that reports silent piezometers, which only the reader can know."""


@table_asset("groundwater")
def groundwater(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Share of piezometers below their own monthly normal, and the class of their median index.

    Source: Hub'Eau, API Piézométrie (ADES, BRGM; Licence Ouverte 2.0). Cadence: daily.
    """
    provider = workspace.providers.groundwater
    until = workspace.settings.until or datetime.now(UTC).date()
    if provider is None:
        raise UsageError(message("groundwater.no_provider"))
    for code in context.partition_keys:
        try:
            found = provider.groundwater(code)
            rows = validate("groundwater", compute_groundwater(found.levels, until, found.stations))
            check_kept(workspace, "groundwater", code, rows, provider.name)
        except StorageError:
            raise
        except GeoPipelineError as error:
            tell_failure(context, workspace, ("groundwater", code), provider.name, error)
            continue
        silent = found.left_out[found.left_out["reason"] == SILENT]
        if len(silent):
            context.log.warning(f"groundwater, département {code}: {_said(silent)}")
        what = _said(silent) if len(silent) else None
        doubt(workspace, ("groundwater", code), PIEZOMETERS, what)
        write_partition(
            context, workspace, "groundwater", code, rows=rows, provenance=found.provenance
        )
    return dg.MaterializeResult()


def _said(silent: pd.DataFrame) -> Message:
    named = [f"{row.piezometer} ({row.measurements})" for row in silent.itertuples(index=False)]
    return message("piezometers.silent", piezometers=first_of(named))
