"""Landmarks of the zoomed map: borders of régions, rivers and towns, in the units of the shapes.

The borders come from the shapes, rivers and towns from `assets_data/landmarks.geojson`. Towns of
the overseas départements are left out: each of their insets has a scale of its own.
"""

import json
from functools import lru_cache
from importlib.resources import files
from itertools import combinations

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from panel_app.data.store import Publication
from panel_app.drawing.atlas import line_path

LAMBERT_93 = "EPSG:2154"


@lru_cache(maxsize=2)
def landmarks(publication: Publication) -> str:
    """Return them as JSON: paths of `regions` and `rivers`, `towns` (name, x, y), largest first."""
    text = files("assets_data").joinpath("landmarks.geojson").read_text(encoding="utf-8")
    known = gpd.GeoDataFrame.from_features(json.loads(text), crs="OGC:CRS84").to_crs(LAMBERT_93)
    known["geometry"] = known.geometry.affine_transform([1e-3, 0, 0, 1e-3, 0, 0])
    land = shapely.unary_union(_mainland(publication).geometry.to_numpy())
    towns = known[(known["kind"] == "town") & known.within(land.buffer(5.0))]
    towns = towns.sort_values("inhabitants", ascending=False, kind="stable")
    rivers = known.geometry[known["kind"] == "river"].intersection(land)
    return json.dumps(
        {
            "regions": line_path(_region_borders(publication)),
            "rivers": line_path(shapely.union_all(rivers.to_numpy())),
            "towns": [
                [name, round(point.x), round(-point.y)]
                for name, point in zip(towns["name"], towns.geometry, strict=True)
            ],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _mainland(publication: Publication) -> gpd.GeoDataFrame:
    return publication.shapes[publication.shapes["frame"].isna()]


def _region_borders(publication: Publication) -> BaseGeometry:
    """Return the lines that two régions share; what they share in single points is left out."""
    regions = _mainland(publication).dissolve("region").geometry
    shared = [
        shapely.intersection(one, other, grid_size=0.01)
        for one, other in combinations(regions, 2)
        if one.intersects(other)
    ]
    parts = shapely.get_parts(np.array(shared, dtype=object))
    lines = [part for part in parts if part.geom_type == "LineString"]
    return shapely.line_merge(shapely.union_all(lines))
