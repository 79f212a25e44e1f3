"""Boundaries from a provider: checked against the embedded ones, which they then replace."""

import logging
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from geo_pipeline.spatial import database
from geo_pipeline.words import Message, joined, message, message_of

LISTED = 5

MOST_REPAIRED = 0.001
"""Largest share of its area by which a repair may change an outline. Rings that touch themselves,
as generalised outlines have, change by nothing; in a bow tie the inside is unknown."""

_log = logging.getLogger(__name__)

# Smallest side, in degrees, of corners that light boundaries keep. Small islands are drawn much
# larger than the mainland, and share no border with it.
LIGHT_CORNER_DEG = 0.018
ISLAND_CORNER_DEG = 0.003
SMALL_ISLANDS = ("971", "972", "974", "976")


def check_boundaries(candidate: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame) -> list[Message]:
    """Return what is wrong with `candidate` (code, name, geometry), nothing where all is well.

    Its features must be exactly the départements of `embedded`, each once, as valid polygons in
    longitude and latitude, in the right place, with about the official area and without overlaps.

    Args:
        candidate: the provider's outlines, columns code and geometry.
        embedded: `Bundled.boundaries()`: departement, area_official_km2 (km²), geometry.

    Raises:
        StorageError: the check itself cannot be run.
    """
    if candidate.crs is None:
        return [message("boundaries.no_system")]
    if not _is_lonlat(candidate.crs):
        return [message("boundaries.not_lonlat", system=candidate.crs.name)]
    if candidate.empty:
        return [message("boundaries.no_feature")]
    shapes = gpd.GeoDataFrame(
        {"feature": range(len(candidate)), "departement": candidate["code"].to_numpy()},
        geometry=candidate.geometry.to_numpy(),
        crs=database.LONLAT,
    )
    known = embedded[["departement", "area_official_km2", "geometry"]]
    known = known.set_crs(database.LONLAT, allow_override=True)
    found = database.run("boundary_checks", {"candidate": shapes, "embedded": known})
    return [_problem(row) for row in found.to_dict("records")]


def _problem(row: Mapping[Any, Any]) -> Message:
    """Return the message for a row of the check."""
    called = {
        name: message("boundaries.without_code") if pd.isna(row[name]) else row[name]
        for name in ("departement", "neighbour")
    }
    return message_of(f"boundaries.{row['problem']}", {**row, **called})


def accepted(
    candidate: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, Message | None]:
    """Return the boundaries to use, and why they are the embedded ones (None where they are not).

    The frame has the columns and order of `embedded`. Names, régions and official areas are always
    the embedded ones; the geometry is the candidate's, repaired if necessary, where it passes the
    check.
    """
    candidate = repaired(candidate)
    problems = check_boundaries(candidate, embedded)
    if problems:
        told, more = joined(problems[:LISTED]), len(problems) - LISTED
        return embedded, message("boundaries.more", first=told, more=more) if more > 0 else told
    geometry = candidate.set_index("code").geometry.loc[embedded["departement"]]
    new = embedded.copy()
    new["geometry"] = gpd.GeoSeries(geometry.to_numpy(), index=new.index, crs=database.LONLAT)
    return new, None


def repaired(candidate: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return `candidate` (code, geometry) with outlines that touch themselves made valid.

    Points and borders shared with neighbours do not move. An outline whose area a repair would
    change is left as it is.
    """
    shapes = candidate.geometry.to_numpy().copy()
    polygonal = np.isin(shapely.get_type_id(shapes), (3, 6))  # Polygon, MultiPolygon
    invalid = np.flatnonzero(polygonal & ~shapely.is_valid(shapes))
    valid = shapely.make_valid(shapes[invalid], method="structure", keep_collapsed=False)
    before = shapely.area(shapes[invalid])
    same = np.abs(shapely.area(valid) - before) <= MOST_REPAIRED * before
    shapes[invalid[same]] = valid[same]
    if same.any():
        codes = ", ".join(map(str, candidate["code"].iloc[invalid[same]]))
        _log.warning("outlines that touched themselves were repaired, to the same area: %s", codes)
    return candidate.set_geometry(gpd.GeoSeries(shapes, index=candidate.index, crs=candidate.crs))


def light_boundaries(boundaries: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return départements simplified together for drawing: departement, geometry (lon/lat).

    Shared borders stay shared: each is simplified once, for both neighbours. Outlines coarser than
    the smallest kept corner are left as they are.
    """
    light = boundaries[["departement", "geometry"]].copy()
    islands = light["departement"].isin(SMALL_ISLANDS)
    for part, corner in ((islands, ISLAND_CORNER_DEG), (~islands, LIGHT_CORNER_DEG)):
        light.loc[part, "geometry"] = light.geometry[part].simplify_coverage(corner)
    return light


def _is_lonlat(crs: pyproj.CRS) -> bool:
    """Return whether coordinates are WGS 84 degrees; GeoDataFrames hold longitude first."""
    return bool(crs == pyproj.CRS(database.LONLAT) or crs.to_epsg() == 4326)
