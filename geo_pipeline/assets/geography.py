"""The départements: their boundaries, who borders on whom, and their shapes for drawing."""

import dagster as dg

from geo_pipeline.assets.workspace import Workspace
from geo_pipeline.assets.writing import table_asset, write_table
from geo_pipeline.storage import spatial


@table_asset("departements", "geography")
def departements(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[None]:
    """The 101 départements with région, area and geometry.

    Source: Natural Earth 1:10m (public domain), INSEE codes and régions. Cadence: none, embedded.
    """
    source = workspace.source
    frame = spatial.run("departements", {"boundaries": source.boundaries()})
    return write_table(workspace, "departements", frame, source.provenance("departements.parquet"))


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
    source = workspace.source
    frames = {
        "light": source.light_boundaries(),
        "boundaries": workspace.lake.read("departements"),
    }
    frame = spatial.run("departement_shapes", frames)
    origin = source.provenance("departements_light.geojson")
    return write_table(workspace, "departement_shapes", frame, origin)
