"""Tables of the whole of France: made, and made again where a file is damaged.

A run of any département reads them. They are few and cheap, so a step that needs a damaged one
makes it again first: a damaged one stops neither a run nor the publication.
"""

import hashlib
import inspect
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import duckdb
import geopandas as gpd
import pandas as pd
import shapely

from geo_pipeline import sql
from geo_pipeline.errors import NotPublishedError, SourceError, StorageError
from geo_pipeline.provenance import Provenance
from geo_pipeline.runtime import provider_notes, risk_table, soil_outlook_tables, yield_tables
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.spatial import database
from geo_pipeline.spatial.boundaries import light_boundaries
from geo_pipeline.spatial.parameters import projections
from geo_pipeline.spatial.zones import restriction_shares, with_shares
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.partition_states import unreadable
from geo_pipeline.table_rows import empty, validate
from geo_pipeline.tables import TABLES
from geo_pipeline.transforms.calendar import crop_seasons
from geo_pipeline.transforms.restriction_zones import with_zones

Made = tuple[pd.DataFrame, Provenance]
Warn = Callable[[str], object]


def outlines(workspace: Workspace, warn: Warn) -> Made:
    """Return `departements` from the provider's outlines, or the embedded ones where it fails."""
    boundaries, origin = workspace.boundaries(warn)
    return database.run("departements", {"boundaries": boundaries}), origin


def _outlines_again(workspace: Workspace, warn: Warn) -> Made:
    """Return `departements` from the outlines of the chosen provider only."""
    boundaries, origin = workspace.chosen_boundaries()
    return database.run("departements", {"boundaries": boundaries}), origin


def neighbours(workspace: Workspace, warn: Warn) -> Made:
    """Return `departement_neighbours` from `departements`: a spatial join."""
    lake, table = workspace.lake, "departement_neighbours"

    def make() -> pd.DataFrame:
        return database.run(table, {"departements": lake.read("departements")})

    return _unless_as_before(lake, table, lake.origin("departements"), make)


def shapes(workspace: Workspace, warn: Warn) -> Made:
    """Return `departement_shapes` from `departements`."""
    lake, bundled, table = workspace.lake, workspace.bundled, "departement_shapes"
    full = lake.origin("departements")
    embedded = full.source == bundled.name
    origin = bundled.provenance("departements_light.geojson") if embedded else full

    def make() -> pd.DataFrame:
        boundaries = gpd.GeoDataFrame(lake.read("departements"))
        light = bundled.light_boundaries() if embedded else light_boundaries(boundaries)
        frames = {"light": light, "boundaries": boundaries, "projections": projections()}
        return database.run(table, frames)

    return _unless_as_before(lake, table, origin, make, full.sha256, _code(light_boundaries))


def _unless_as_before(
    lake: Lake, table: str, origin: Provenance, make: Callable[[], pd.DataFrame], *beside: str
) -> Made:
    """Return `table` from the lake if it was made from the same inputs, else call `make`.

    The inputs are its origin, its script and whatever `beside` names.
    """
    made_of = [sql.load(table), duckdb.__version__, shapely.__version__, *beside]
    origin = replace(origin, made_of=hashlib.sha256(json.dumps(made_of).encode()).hexdigest())
    try:
        if lake.footer(table).provenance == origin.recorded():
            return lake.read(table), origin
    except StorageError:  # missing or damaged
        pass
    return make(), origin


def _code(function: Callable[..., Any]) -> str:
    """Return the text of the module of `function`."""
    return Path(inspect.getfile(function)).read_text(encoding="utf-8")


def restrictions(workspace: Workspace, warn: Warn) -> Made:
    """Return `water_restrictions`, with zones and their shares of the area where they are known.

    Where the zones fail, that is recorded as a failure of the table.

    Raises:
        SourceError: the levels cannot be received.
    """
    provider = workspace.providers.restrictions
    if provider is None:
        origin = workspace.bundled.provenance("water_restrictions.parquet")
        columns = TABLES["water_restrictions"].rows.to_schema().columns
        return workspace.bundled.water_restrictions().reindex(columns=list(columns)), origin
    levels = provider.levels()
    try:
        zones = provider.zones()
    except SourceError as error:  # the levels are valid without zones
        workspace.failed("water_restrictions", None, provider.name, error)
        warn(f"water_restrictions: without shares of the area: {error}")
        shares = in_force = None
        untold: tuple[tuple[str, str], ...] = ()
    else:
        in_force, untold = zones.rows, zones.untold
        shares = restriction_shares(workspace.lake.read("departements"), zones.rows)
        of = pd.MultiIndex.from_frame(shares[["departement", "zone_type"]])
        shares = shares[~of.isin(zones.untold)]
        workspace.succeeded("water_restrictions")
        for zone, why in zones.left_out:
            warn(f"water_restrictions: zone {zone} is left out: {why}")
        if zones.without_area:
            names = ", ".join(zones.without_area)
            warn(f"water_restrictions: zones without an outline: {names}")
    for name, why in levels.left_out:
        warn(f"water_restrictions: {name} is left out: {why}")
    for code, column in levels.unknown:
        warn(f"water_restrictions: {column} of département {code} is not known")
    return with_zones(with_shares(levels.rows, shares), in_force, untold), levels.provenance


def provider_differences(workspace: Workspace, warn: Warn) -> Made:
    """Return `provider_differences` from the notes of the step that fetched the weather."""
    return provider_notes.noted(workspace, warn)


def risk(workspace: Workspace, warn: Warn) -> Made:
    """Return `departement_risk` from all readable partitions that no check holds back."""
    seasons = crop_seasons(workspace.bundled.crop_parameters())
    return risk_table.risk(workspace.lake, seasons, workspace.findings.held(), warn)


def yield_skill(workspace: Workspace, warn: Warn) -> Made:
    """Return `yield_skill` from all partitions that no check holds and that can be read."""
    return yield_tables.skill(_yield_inputs(workspace, warn))


def yield_outlook(workspace: Workspace, warn: Warn) -> Made:
    """Return `yield_outlook` from the same, and from `yield_skill`."""
    return yield_tables.outlook(_yield_inputs(workspace, warn))


def _yield_inputs(workspace: Workspace, warn: Warn) -> yield_tables.Inputs:
    agronomy = workspace.bundled.crop_parameters(), workspace.bundled.soil_storage()
    held = workspace.findings.held()
    return yield_tables.Inputs.of(workspace.lake, agronomy, held, warn)


def outlook_skill(workspace: Workspace, warn: Warn) -> Made:
    """Return `outlook_skill` from all readable hindcasts that no check holds back."""
    return soil_outlook_tables.skill(workspace, warn)


AGAIN: Final[Mapping[str, Callable[[Workspace, Warn], Made]]] = MappingProxyType(
    {
        "departements": _outlines_again,
        "departement_neighbours": neighbours,
        "departement_shapes": shapes,
        "water_restrictions": restrictions,
        "provider_differences": provider_differences,
        "departement_risk": risk,
        "yield_skill": yield_skill,
        "yield_outlook": yield_outlook,
        "outlook_skill": outlook_skill,
    }
)
"""How each table is made again, in the order of dependency."""


def mend(workspace: Workspace, warn: Warn, tables: Collection[str] = tuple(AGAIN)) -> None:
    """Make the damaged ones of `tables` again, and what they are made from; `warn` names them.

    They are made from the data that ship with the project or were received before, else by asking
    the provider, else from the last publication.

    Raises:
        SourceError: none of these has the data.
        StorageError: a table cannot be written.
    """
    if not any(table in AGAIN for table in tables):
        return
    before = [table for table in AGAIN if table in tables or table == "departements"]
    for each in unreadable(workspace.lake, before):
        frame, origin = _again(workspace, each.table, warn)
        workspace.lake.write(each.table, validate(each.table, frame), origin)
        warn(f"{each.table} is made again: {each.why}")


def last_known(workspace: Workspace, table: str, source: str) -> Made:
    """Return the rows of `table` in the last publication; none where it was never published."""
    nothing = empty(table), Provenance(source, "", "", "")
    try:
        known = workspace.warehouse.query("provenance").set_index("asset")
        if table not in known.index:
            return nothing
        names = ("source", "url", "fetched_at", "sha256")
        origin = Provenance(*(str(known.loc[table, name]) for name in names))
        return workspace.warehouse.table(table), origin
    except NotPublishedError:
        return nothing


def _again(workspace: Workspace, table: str, warn: Warn) -> Made:
    """Return the rows of a table whose file is damaged."""
    make = AGAIN[table]
    try:
        return make(workspace.offline(), warn)
    except SourceError:  # nothing was received before
        pass
    try:
        return make(workspace, warn)
    except SourceError as error:
        workspace.failed(table, None, workspace.settings.source, error)
        warn(f"{table}: {error}")
        frame, origin = last_known(workspace, table, "")
        if frame.empty and table != "water_restrictions":
            raise
        return frame, origin
