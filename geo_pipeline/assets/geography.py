"""The départements: their boundaries, who borders on whom, and their shapes for drawing."""

import dagster as dg
import geopandas as gpd

from geo_pipeline.assets.workspace import Workspace
from geo_pipeline.assets.writing import table_asset, write_table
from geo_pipeline.storage import spatial
from geo_pipeline.storage.boundaries import light_boundaries


@table_asset("departements", "geography", provider="boundaries")
def departements(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """The 101 départements with région, area and geometry.

    Source: `GEO_PIPELINE_BOUNDARIES`. Embedded (the default): Natural Earth 1:10m (public domain),
    INSEE codes and régions. Other outlines (Etalab, from IGN; Licence Ouverte 2.0) take their place
    once they pass a check. Cadence: once a year.
    """
    boundaries, origin = workspace.boundaries(context.log.warning)
    frame = spatial.run("departements", {"boundaries": boundaries})
    return write_table(workspace, "departements", frame, origin)


@table_asset("departement_neighbours", "geography", deps=[departements])
def departement_neighbours(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[None]:
    """Pairs of départements that share a border, with its length: a spatial join in DuckDB."""
    frame = spatial.run(
        "departement_neighbours", {"departements": workspace.lake.read("departements")}
    )
    origin = workspace.lake.origin("departements")
    return write_table(workspace, "departement_neighbours", frame, origin)


@table_asset("departement_shapes", "geography", deps=[departements])
def departement_shapes(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[None]:
    """Light shapes for maps, in Lambert-93 km, overseas départements in insets."""
    bundled = workspace.bundled
    origin = workspace.lake.origin("departements")
    outlines = gpd.GeoDataFrame(workspace.lake.read("departements"))
    if origin.source == bundled.name:
        light, origin = bundled.light_boundaries(), bundled.provenance("departements_light.geojson")
    else:
        light = light_boundaries(outlines)
    frame = spatial.run("departement_shapes", {"light": light, "boundaries": outlines})
    return write_table(workspace, "departement_shapes", frame, origin)
