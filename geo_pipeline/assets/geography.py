"""Assets of geography: outlines of the départements, their neighbours, their shapes on maps."""

import dagster as dg

from geo_pipeline.runtime import france_tables
from geo_pipeline.runtime.table_assets import table_asset, write_table
from geo_pipeline.runtime.workspace import Workspace


@table_asset("departements")
def departements(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """The 101 départements with région, area and geometry.

    Source: `GEO_PIPELINE_BOUNDARIES`. Embedded (the default): Natural Earth 1:10m (public domain),
    INSEE codes and régions. Other outlines (Etalab, from IGN; Licence Ouverte 2.0) replace them
    once they pass a check. Cadence: once a year.
    """
    return write_table(
        workspace, "departements", *france_tables.outlines(workspace, context.log.warning)
    )


@table_asset("departement_neighbours")
def departement_neighbours(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Pairs of départements that share a border, with its length, from a spatial join in DuckDB."""
    made = france_tables.neighbours(workspace, context.log.warning)
    return write_table(workspace, "departement_neighbours", *made)


@table_asset("departement_shapes")
def departement_shapes(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Simplified outlines for maps, in km of Lambert-93, overseas départements in insets."""
    made = france_tables.shapes(workspace, context.log.warning)
    return write_table(workspace, "departement_shapes", *made)
