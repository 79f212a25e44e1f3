"""Groundwater levels: there only where the settings choose a provider."""

from datetime import UTC, datetime

import dagster as dg
import pandas as pd

from geo_pipeline.assets.workspace import Workspace
from geo_pipeline.assets.writing import (
    TOLD,
    check_kept,
    partitioned_asset,
    tell_failure,
    write_partition,
)
from geo_pipeline.errors import GeoPipelineError, StorageError, UsageError
from geo_pipeline.schemas import validate
from geo_pipeline.sources.hubeau import SILENT
from geo_pipeline.storage.findings import Finding
from geo_pipeline.transforms.groundwater import groundwater as by_month

PIEZOMETERS = "piezometers"
"""The check whose finding says which piezometers are silent: only who asked them can tell."""


@partitioned_asset("groundwater", "2_observations", provider="groundwater")
def groundwater(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Share of piezometers below their own monthly normal, and the class of their median index.

    Source: Hub'Eau, API Piézométrie (ADES, BRGM; Licence Ouverte 2.0). Cadence: daily.
    """
    provider = workspace.providers.groundwater
    until = workspace.settings.until or datetime.now(UTC).date()
    if provider is None:
        raise UsageError(
            "no provider of groundwater is chosen: set GEO_PIPELINE_GROUNDWATER=hubeau"
        )
    for code in context.partition_keys:
        try:
            found = provider.groundwater(code)
            rows = validate("groundwater", by_month(found.levels, until, found.stations))
            check_kept(workspace, "groundwater", code, rows, provider.name)
        except StorageError:
            raise
        except GeoPipelineError as error:
            tell_failure(context, workspace, ("groundwater", code), provider.name, error)
            continue
        silent = found.left_out[found.left_out["reason"] == SILENT]
        if len(silent):
            context.log.warning(f"groundwater, département {code}: {_said(silent)}")
        workspace.findings.replace("groundwater", code, _found(code, silent), [PIEZOMETERS])
        write_partition(
            context, workspace, "groundwater", code, rows=rows, provenance=found.provenance
        )
    return dg.MaterializeResult()


def _found(code: str, silent: pd.DataFrame) -> list[Finding]:
    """Return the doubt about a département with piezometers that are silent."""
    if silent.empty:
        return []
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return [Finding("groundwater", code, PIEZOMETERS, "warning", _said(silent), at)]


def _said(silent: pd.DataFrame) -> str:
    named = ", ".join(
        f"{row.piezometer} ({row.measurements})" for row in silent[:TOLD].itertuples(index=False)
    )
    more = f" and {len(silent) - TOLD} more" if len(silent) > TOLD else ""
    return f"sent none of the measurements that are announced of {named}{more}"
