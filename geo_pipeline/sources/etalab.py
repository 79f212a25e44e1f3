"""Outlines of the départements: Etalab's files, made from IGN's Admin Express, 4 resolutions."""

import io
import json
from typing import Any

import geopandas as gpd
import pyarrow as pa
import shapely
from shapely.geometry import shape

from geo_pipeline.errors import UsageError
from geo_pipeline.provenance import Provenance
from geo_pipeline.settings import Settings
from geo_pipeline.sources import payload
from geo_pipeline.sources.faults import listed
from geo_pipeline.sources.http import Http, Received
from geo_pipeline.sources.observed import Parts
from geo_pipeline.territory import BY_CODE
from geo_pipeline.words import Message, message, verbatim

NAME = "etalab"
URL = "https://etalab-datasets.geo.data.gouv.fr/contours-administratifs/latest/geojson"
RESOLUTIONS_M = (5, 50, 100, 1000)
LONLAT = "OGC:CRS84"
FILES = (".geojson", ".json", ".zip", ".gz", ".parquet")
"""Endings of an address that is one file, not the folder."""

# Collectivities in Etalab's files that are not départements.
_NO_DEPARTEMENT = {"975", "977", "978", "984", "986", "987", "988", "989"}
_LONLAT_NAMES = ("crs84", "epsg::4326", "epsg:4326")


class Etalab:
    """The outlines in the folder `url`, or in the file that `url` is, at `resolution_m`."""

    name = NAME

    def __init__(self, http: Http, url: str = URL, resolution_m: int = 1000) -> None:
        if resolution_m not in RESOLUTIONS_M:
            raise UsageError(
                message("etalab.resolution", resolution_m=resolution_m, known=RESOLUTIONS_M)
            )
        self._http = http
        named = url.endswith(FILES)
        self.url = url if named else f"{url.rstrip('/')}/departements-{resolution_m}m.geojson"

    def boundaries(self) -> tuple[gpd.GeoDataFrame, Provenance]:
        """Return code, name and geometry (lon/lat) of the départements in the file, and its origin.

        Collectivities that are not départements are left out. Everything else is as it was sent,
        and is checked by `spatial.boundaries` before use.

        Raises:
            SourceError: the file cannot be received, or is neither GeoJSON nor GeoParquet of named
                polygons.
        """
        received = self._http.get(self.url, source=self.name)
        try:
            frame = payload.judged(received, self._http.limits, read_received, self.name)
        except ValueError as error:
            advice = message("advice.another_copy", setting="GEO_PIPELINE_ETALAB_URL")
            raise payload.unusable(received, self.name, verbatim(error), advice) from error
        received_at = received.received_at.isoformat()
        return frame, Provenance(self.name, received.url, received_at, received.sha256)


def read_received(received: Received, source: str) -> gpd.GeoDataFrame:
    """Return `read` of what was received: GeoJSON (plain, zip or gzip), or GeoParquet.

    Raises:
        SourceError: it is damaged, or neither of these.
        ValueError: as in `read`.
    """
    content = received.content
    if not content.startswith(b"PAR1"):
        return read(payload.json(received, source))
    try:
        frame = gpd.read_parquet(io.BytesIO(content))
    except (pa.ArrowException, OSError, ValueError) as error:
        why = str(error).splitlines()[0][:150]
        raise ValueError(message("etalab.no_geoparquet", why=why)) from error
    if missing := [name for name in ("code", "nom") if name not in frame]:
        there = listed(list(frame), 200)
        raise ValueError(message("fault.no_column_among", columns=missing, there=there))
    if frame.crs is None or ("4326" not in str(frame.crs) and "CRS84" not in str(frame.crs)):
        raise ValueError(message("etalab.not_lonlat", system=str(frame.crs)[:80]))
    features = gpd.GeoDataFrame(frame[["code", "nom"]], geometry=frame.geometry.to_numpy())
    return read(json.loads(features.to_json()))


def read(body: Any) -> gpd.GeoDataFrame:
    """Return code, name and geometry of each feature of parsed GeoJSON, sorted by code.

    Raises:
        ValueError: it is no GeoJSON, or a feature has no code, no name or no polygon.
    """
    features = _features(body)
    rows = [_row(number, feature) for number, feature in enumerate(features, start=1)]
    rows = [row for row in rows if row[0] not in _NO_DEPARTEMENT]
    codes, names, shapes = zip(*rows, strict=True) if rows else ((), (), ())
    frame = gpd.GeoDataFrame(
        {"code": list(codes), "name": list(names)}, geometry=list(shapes), crs=LONLAT
    )
    return frame.sort_values("code", ignore_index=True, kind="stable")


def _features(body: Any) -> list[Any]:
    """Return the features of GeoJSON, which must be in longitude and latitude."""
    features = body.get("features") if isinstance(body, dict) else None
    if not isinstance(features, list):
        raise ValueError(message("etalab.no_features"))
    crs = body.get("crs")
    if crs is not None:
        written = str(crs).lower()
        if not any(name in written for name in _LONLAT_NAMES):
            raise ValueError(message("etalab.not_lonlat", system=written[:80]))
    return features


def _row(number: int, feature: Any) -> tuple[str, str, shapely.Geometry]:
    """Return code, name and polygon of one feature."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        raise ValueError(message("etalab.no_properties", number=number))
    code, name = (properties.get(key) for key in ("code", "nom"))
    if not isinstance(code, str) or not isinstance(name, str):
        found = ", ".join(sorted(properties)) or message("list.none")
        raise ValueError(message("etalab.no_code", number=number, properties=found))
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise ValueError(message("etalab.no_polygon", feature=_called(code), kind=str(kind)))
    try:
        polygon = shapely.force_2d(shape(geometry))
    except (shapely.GEOSException, TypeError, ValueError, KeyError, IndexError) as error:
        what = message("etalab.bad_coordinates", feature=_called(code), why=error)
        raise ValueError(what) from error
    if polygon.is_empty:
        raise ValueError(message("etalab.no_coordinates", feature=_called(code)))
    return code, name, polygon


def _called(code: str) -> Message:
    """Return the name of a feature for errors."""
    return message("etalab.departement" if code in BY_CODE else "etalab.feature", code=code)


def build(parts: Parts) -> Etalab:
    """Return the client built from `parts`."""
    settings = parts.settings
    return Etalab(parts.http, settings.address("etalab_url"), settings.etalab_resolution_m)


def ask(http: Http, settings: Settings) -> None:
    """Ask for the outlines at the coarsest resolution."""
    Etalab(http, settings.address("etalab_url")).boundaries()
