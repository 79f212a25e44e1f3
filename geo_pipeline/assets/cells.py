"""Assets by cell of the grid of SIM2. They exist only where SIM2 gives weather."""

from dataclasses import replace
from functools import partial

import dagster as dg

from geo_pipeline.provenance import Provenance
from geo_pipeline.runtime import cell_tables
from geo_pipeline.runtime.blocks import write_blocks
from geo_pipeline.runtime.cell_tables import AreaInClass, CellDekads
from geo_pipeline.runtime.making import Make, Origin
from geo_pipeline.runtime.needed_weather import NeededWeather, hash_of
from geo_pipeline.runtime.table_assets import table_asset
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.storage.lake import Lake

AT_ONCE = 6
"""Départements whose cells are in memory at the same time: 65 years are 270,000 rows each."""


@table_asset("cell_dekads")
def cell_dekads(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Rain, evapotranspiration and soil wetness by dekad of each cell of 8 km.

    Source: SIM2 (SAFRAN-ISBA, Météo-France, Licence Ouverte 2.0), summed up while its files are
    read for the weather. A département whose weather is of another provider has no rows.
    """
    weather = NeededWeather(workspace.lake, "cell_dekads")
    files = cell_tables.noted(workspace, context.partition_keys)
    method = hash_of(("spatial",), ())
    origin = partial(weather.origin, made_of=method)
    _write(context, workspace, "cell_dekads", CellDekads(weather, files, method), origin)
    return dg.MaterializeResult()


@table_asset("area_in_class")
def area_in_class(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Share of each département's area in each drought class, from cells of 8 km.

    The indices are those of `drought_indicators` (combined, SPI-3, SPEI-3, soil wetness), of each
    cell against its own years.
    """
    lake, least = workspace.lake, workspace.settings.class_min_years
    method = hash_of(("indicators", "transforms"), (), least=least)
    _write(
        context,
        workspace,
        "area_in_class",
        AreaInClass(lake, least),
        partial(_origin, lake, method),
    )
    return dg.MaterializeResult()


def _origin(lake: Lake, method: str, code: str) -> Provenance:
    """Return the provenance of what is made from the cells of a département by a `method`."""
    return replace(lake.origin("cell_dekads", code), made_of=method)


def _write(
    context: dg.AssetExecutionContext, workspace: Workspace, table: str, make: Make, origin: Origin
) -> None:
    """Write a table by cells, a few départements at a time."""
    write_blocks(context, workspace, table, make, origin=origin, at_once=AT_ONCE, in_processes=True)
