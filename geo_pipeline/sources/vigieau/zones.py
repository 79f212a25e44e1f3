"""The alert zones in force from VigiEau's GeoJSON file: their levels and outlines.

`dataset` chooses the file; `orders` reads the order behind a zone; `spatial` computes the area of
the zones by département.
"""

import json
import re
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_pipeline.provenance import Provenance
from geo_pipeline.sources.payload import Sieve
from geo_pipeline.sources.vigieau.orders import ORDER_COLUMNS, order_of
from geo_pipeline.sources.vigieau.values import (
    ZONE_TYPES,
    UnusableError,
    kind_of,
    known_departement,
    known_level,
)
from geo_pipeline.territory import CODES
from geo_pipeline.words import Message, message

# Longitude and latitude of all inhabited French territory, with some sea.
LONGITUDES, LATITUDES = (-64.0, 57.0), (-23.0, 52.0)


class Zones(NamedTuple):
    """Alert zones in force."""

    rows: gpd.GeoDataFrame
    """zone, name, zone_type (`surface`, `groundwater`, `drinking`), departement, level, those of
    `orders` (None where the file does not say), geometry (longitude and latitude)."""
    without_level: int
    """Number of features without a restriction, which are not in `rows`."""
    without_area: tuple[str, ...]
    """Zones with a level but no outline, which are not in `rows`."""
    left_out: tuple[tuple[str, str], ...]
    """Zones that cannot be read, and why; they are not in `rows`."""
    untold: tuple[tuple[str, str], ...]
    """Département and type of zones with a level that are not in `rows`: shares would be wrong."""
    provenance: Provenance


def read_zones(body: Any, sieve: Sieve, provenance: Provenance) -> Zones:
    """Return the zones of a file that have a level; unreadable ones are left out by the `sieve`.

    Property names are those of VigiEau's own file (`type`, `niveauGravite`, `departement`), or of
    files derived from it (`type_zone`, `niveau`, `departement_code`).
    """
    if not isinstance(body, dict) or body.get("type") != "FeatureCollection":
        raise UnusableError(message("vigieau.no_collection", sent=kind_of(body)))
    crs, features = body.get("crs"), body.get("features")
    if crs is not None and not re.search(r"(CRS84|\b4326)\"", json.dumps(crs)):
        raise UnusableError(message("vigieau.not_lonlat"))
    if not isinstance(features, list):
        raise UnusableError(message("vigieau.no_features"))
    taken = (sieve.take(_called(each), _zone, each, fault=UnusableError) for each in features)
    zones = [zone for zone in taken if zone is not None]
    sieve.require_most()
    named = {name for name, _ in sieve.left_out}
    unread = {_place(each) for each in features if _called(each) in named}
    if zones and not any(zone["told"] for zone in zones):
        raise UnusableError(message("vigieau.no_level"))
    columns = ["zone", "name", "zone_type", "departement", "level", *ORDER_COLUMNS]
    in_force = [zone for zone in zones if zone["level"] is not None]
    frame = pd.DataFrame(in_force, columns=columns)
    outlines, faults = _outlines([zone["geometry"] for zone in in_force])
    for at, what in faults.items():
        zone = frame["zone"].iloc[at]
        fault = UnusableError(message("vigieau.bad_zone", zone=zone, what=what))
        sieve.leave_out(zone, fault, taken=True)
    sieve.require_most()
    is_bad = np.isin(np.arange(len(frame)), list(faults))
    drawn = ~(is_bad | shapely.is_missing(outlines) | shapely.is_empty(outlines))
    rows = gpd.GeoDataFrame(frame[drawn], geometry=outlines[drawn], crs="OGC:CRS84")
    not_drawn = frame.loc[~drawn, ["departement", "zone_type"]]
    untold = {*not_drawn.itertuples(index=False, name=None)}
    untold |= {(code, kind) for code in unread & {*CODES} for kind in ZONE_TYPES.values()}
    return Zones(
        rows.reset_index(drop=True),
        len(zones) - len(in_force),
        tuple(frame["zone"][~drawn & ~is_bad]),
        tuple(sieve.left_out),
        tuple(sorted(untold)),
        provenance,
    )


def _called(feature: Any) -> str:
    """Return the name of a feature's zone, as far as it has one."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return str(properties.get("id", "") if isinstance(properties, dict) else feature)[:60]


def _place(feature: Any) -> str | None:
    """Return the code of a feature's département, if any."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    said = properties if isinstance(properties, dict) else {}
    place = said.get("departement", said.get("departement_code"))
    code = place.get("code") if isinstance(place, dict) else place
    return code if isinstance(code, str) else None


def _zone(feature: Any) -> dict[str, Any]:
    """Return the properties of a feature's zone; without a level only that fact."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        raise UnusableError(message("vigieau.no_properties", feature=str(feature)[:60]))
    own = not {"niveau", "type_zone"} & properties.keys()
    zone, level = (
        str(properties.get("id", "")),
        properties.get("niveauGravite" if own else "niveau"),
    )
    told = bool({"niveau", "niveauGravite"} & properties.keys())
    if level in (None, ""):
        return {"zone": zone, "level": None, "told": told}
    kind = properties.get("type" if own else "type_zone")
    if not isinstance(kind, str) or kind not in ZONE_TYPES:
        where = message("vigieau.zone", zone=zone)
        raise UnusableError(message("vigieau.unknown_type", where=where, kind=repr(kind)))
    place = properties.get("departement" if own else "departement_code")
    code = known_departement(place.get("code") if isinstance(place, dict) else place)
    name, geometry = properties.get("nom"), feature.get("geometry")
    return {
        "zone": zone,
        "name": name if isinstance(name, str) else None,
        "zone_type": ZONE_TYPES[kind],
        "departement": code,
        "level": known_level(level, code),
        **order_of(properties, kind),
        "told": told,
        "geometry": None if geometry is None else json.dumps(geometry),
    }


def _outlines(shapes: list[str | None]) -> tuple[Any, dict[int, Message]]:
    """Return GeoJSON geometries as polygons (None where there is none), and the errors of some.

    Of a geometry collection, as repairs produce, the polygons are used.
    """
    read = shapely.from_geojson(shapes, on_invalid="ignore")
    outlines = np.array([_polygons(each) for each in np.atleast_1d(read)], dtype=object)
    outlines = shapely.force_2d(outlines)
    given = np.array([shape is not None for shape in shapes], dtype=bool)
    polygon = np.isin(shapely.get_type_id(outlines), (3, 6)) | shapely.is_empty(outlines)
    low_x, low_y, high_x, high_y = shapely.bounds(outlines).reshape(-1, 4).T
    abroad = (low_x < LONGITUDES[0]) | (high_x > LONGITUDES[1])
    abroad |= (low_y < LATITUDES[0]) | (high_y > LATITUDES[1])
    faults: dict[int, Message] = {}
    for wrong, what in (
        (shapely.is_missing(outlines) & given, message("vigieau.geometry")),
        (~polygon & ~shapely.is_missing(outlines), message("vigieau.no_polygon")),
        (abroad, message("vigieau.abroad")),
    ):
        for at in np.flatnonzero(wrong):
            faults.setdefault(int(at), what)
    return outlines, faults


def _polygons(shape: Any) -> Any:
    """Return the polygons of a collection as one, any other geometry unchanged."""
    if not isinstance(shape, shapely.GeometryCollection):
        return shape
    several = [part for each in shape.geoms for part in shapely.get_parts(each)]
    return shapely.MultiPolygon([each for each in several if isinstance(each, shapely.Polygon)])
