"""Drought indicators by département, and the risk that they make together."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

import dagster as dg
import pandas as pd
import pyarrow as pa

from geo_pipeline.assets.geography import departement_neighbours, departements
from geo_pipeline.assets.observations import crop_statistics, water_restrictions, weather_daily
from geo_pipeline.assets.workspace import Workspace
from geo_pipeline.assets.writing import (
    apart,
    map_links,
    partitioned_asset,
    table_asset,
    tell_failure,
    write_partitions,
    write_table,
)
from geo_pipeline.errors import DamagedError, GeoPipelineError
from geo_pipeline.storage import spatial
from geo_pipeline.storage.lake import Lake, partition
from geo_pipeline.transforms.drought import SCALES
from geo_pipeline.transforms.drought import drought_indicators as indicators_of
from geo_pipeline.transforms.soil import soil_water_daily as soil_water

# Départements whose days are in memory at a time: millions of rows for the whole of France.
BLOCK = 17

SOIL_COLUMNS = ("departement", "date", "crop", "swi", "eta_mm")
"""What the indicators take of `soil_water_daily`."""

DRIVERS = (
    "combined",
    *(f"{index}_{scale}" for index in ("spi", "spei") for scale in SCALES),
    "sswi",
)
"""The indicators that `departement_risk` is made of."""

RISK_INPUTS = (
    "departements",
    "departement_neighbours",
    "drought_indicators",
    "crop_statistics",
    "water_restrictions",
)


@partitioned_asset("soil_water_daily", "drought", deps=[weather_daily])
def soil_water_daily(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """FAO-56 root-zone water balance of twelve crops: depletion, wetness, stress.

    Crop calendars and soils: `assets_data/crop_parameters.csv` and `soil_storage.csv` (defaults).
    After a gap in the weather the state is NaN until it no longer depends on what is not known.
    """
    lake, source = workspace.lake, workspace.bundled
    crops, storage = source.crop_parameters(), source.soil_storage()

    def make(codes: Sequence[str]) -> pd.DataFrame:
        return soil_water(lake.read("weather_daily", *codes), crops, storage)

    _write_blocks(context, workspace, "soil_water_daily", make)
    return dg.MaterializeResult()


@partitioned_asset("drought_indicators", "drought", deps=[weather_daily, soil_water_daily])
def drought_indicators(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Rain, SPI, SPEI, soil wetness, season, crop stress, yield loss and what they say together.

    Each dekad of each département against its own record: docs/indicators_published.md. A window
    that touches a missing day is NaN, and so is what needs true days where the weather is dekadal.
    """
    lake, crops = workspace.lake, workspace.bundled.crop_parameters()

    def make(codes: Sequence[str]) -> pd.DataFrame:
        weather = lake.read("weather_daily", *codes)
        soil = lake.read("soil_water_daily", *codes, columns=SOIL_COLUMNS)
        return indicators_of(weather, soil, crops)

    _write_blocks(context, workspace, "drought_indicators", make)
    return dg.MaterializeResult()


def _write_blocks(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    table: str,
    make: Callable[[Sequence[str]], pd.DataFrame],
) -> None:
    """Write what `make` makes of the départements of this run; one that fails stops no other."""
    origin = partial(workspace.lake.origin, "weather_daily")

    def refuse(code: str, error: GeoPipelineError) -> None:
        tell_failure(context, workspace, (table, code), "lake", error)

    for codes in _blocks(context, workspace):
        for some, frame in apart(make, codes, refuse):
            write_partitions(context, workspace, table, frame, origin, codes=some)


def _blocks(context: dg.AssetExecutionContext, workspace: Workspace) -> Iterator[list[str]]:
    """Yield the départements of this run that have weather, `BLOCK` at a time."""
    keys = [code for code in context.partition_keys if _has_weather(context, workspace, code)]
    for first in range(0, len(keys), BLOCK):
        yield keys[first : first + BLOCK]


def _has_weather(context: dg.AssetExecutionContext, workspace: Workspace, code: str) -> bool:
    """Return whether weather was ever had of a département; say so where it was not."""
    there = workspace.lake.path("weather_daily", code).exists()
    if not there:
        context.log.warning(f"département {code} has no weather yet: it is left out")
    return there


@table_asset(
    "departement_risk",
    "risk",
    deps=[
        departements,
        departement_neighbours,
        drought_indicators,
        crop_statistics,
        water_restrictions,
    ],
)
def departement_risk(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """Combined class and score of each département and month, with drivers and exposed crops.

    Built from all partitions that the lake holds; a département not run yet has empty rows, and so
    has one that a check holds back or whose file is damaged: it counts in no neighbour's figures.
    """
    lake = workspace.lake
    inputs, left_out = _good_inputs(lake, set(workspace.findings.held()))
    if left_out:
        context.log.warning(f"départements left out: {', '.join(sorted(left_out))}")
    frame = spatial.run("departement_risk", inputs)
    origin = lake.joint_origin(RISK_INPUTS, left_out)
    return write_table(workspace, "departement_risk", frame, origin, map_links(workspace.settings))


def _good_inputs(lake: Lake, held: set[str]) -> tuple[dict[str, pa.Table], set[str]]:
    """Return what `departement_risk.sql` reads, and the départements it is without.

    Raises:
        DamagedError: a file that is of no one département cannot be read.
    """
    left_out = set(held)
    while True:
        try:
            return risk_inputs(lake, left_out), left_out
        except DamagedError as error:
            code = partition(error.path)
            if code is None:
                raise
            left_out.add(code)


def risk_inputs(lake: Lake, without: Collection[str] = ()) -> dict[str, pa.Table]:
    """Return what `departement_risk.sql` reads, of the départements `without` no partition."""
    frames = {
        table: lake.arrow(table, without) for table in RISK_INPUTS if table != "drought_indicators"
    }
    frames["drought_indicators"] = lake.arrow("drought_indicators", without, indicator=DRIVERS)
    return frames
