"""Landmarks of the zoomed map: borders of régions, rivers and towns, in the units of the shapes.

The borders come from the shapes, rivers and towns from `assets_data/landmarks.geojson`. Towns of
the overseas départements lie in their insets, each of which has a projection and a scale of its
own.
"""

import json
from importlib.resources import files
from itertools import combinations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo_pipeline.drawing.outlines import line_path
from geo_pipeline.territory import BY_CODE
from panel_app.data.kept import kept
from panel_app.data.store import Publication

LAMBERT_93 = "EPSG:2154"
NEAR_DEGREES = 0.05
"""How far outside a coarse outline a town on the coast may lie."""


@kept(1)
def landmarks(publication: Publication) -> str:
    """Return them as JSON: paths of `regions` and `rivers`, `towns` (name, x, y), largest first."""
    text = files("assets_data").joinpath("landmarks.geojson").read_text(encoding="utf-8")
    everywhere = gpd.GeoDataFrame.from_features(json.loads(text), crs="OGC:CRS84")
    overseas = _towns_in_insets(publication, everywhere[everywhere["kind"] == "town"])
    known = everywhere.to_crs(LAMBERT_93)
    known["geometry"] = known.geometry.affine_transform([1e-3, 0, 0, 1e-3, 0, 0])
    land = shapely.unary_union(_mainland(publication).geometry.to_numpy())
    towns = known[(known["kind"] == "town") & known.within(land.buffer(5.0))]
    towns = pd.concat([towns.set_crs(None, allow_override=True), overseas])
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


def _towns_in_insets(publication: Publication, towns: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the towns of the overseas départements, in the units of their insets."""
    shapes = publication.shapes.set_index("departement").geometry
    found = [towns.iloc[:0].set_crs(None, allow_override=True)]
    for each in publication.inset_outlines.itertuples():
        crs = BY_CODE[str(each.departement)].crs
        outline = gpd.GeoSeries([each.geometry], crs="OGC:CRS84")
        own = towns[towns.within(outline.iloc[0].buffer(NEAR_DEGREES))].to_crs(crs)
        # The middle of the outline is the middle of the shape.
        (x, y), (left, top) = (
            _middle(outline.to_crs(crs).iloc[0]),
            _middle(shapes[each.departement]),
        )
        scale = each.scale / 1e3
        moved = own.geometry.affine_transform(
            [scale, 0, 0, scale, left - scale * x, top - scale * y]
        )
        found.append(own.set_geometry(moved).set_crs(None, allow_override=True))
    return gpd.GeoDataFrame(pd.concat(found))


def _middle(shape: BaseGeometry) -> tuple[float, float]:
    """Return the middle of the box around a shape."""
    west, south, east, north = shape.bounds
    return (west + east) / 2, (south + north) / 2


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
