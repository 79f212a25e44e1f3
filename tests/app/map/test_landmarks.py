"""Landmarks of the zoomed map: known places where they are."""

import json
from importlib.resources import files

import geopandas as gpd
import pytest
import shapely

from panel_app.data.store import Publication
from panel_app.drawing.landmarks import landmarks


@pytest.fixture(scope="module")
def known() -> gpd.GeoDataFrame:
    text = files("assets_data").joinpath("landmarks.geojson").read_text(encoding="utf-8")
    return gpd.GeoDataFrame.from_features(json.loads(text), crs="OGC:CRS84")


def test_every_departement_has_its_prefecture_within_it(known: gpd.GeoDataFrame) -> None:
    outlines = gpd.read_file(str(files("assets_data").joinpath("departements_light.geojson")))
    seats = known[known["seat"].eq(True)]
    inside = seats.to_crs("EPSG:3857").sjoin_nearest(
        outlines[["departement", "geometry"]].to_crs("EPSG:3857")
    )
    of = dict(zip(inside["departement"], inside["name"], strict=True))
    assert len(of) == 101
    assert (of["32"], of["07"], of["974"], of["2A"]) == ("Auch", "Privas", "Saint-Denis", "Ajaccio")


def test_rivers_run_where_they_do(known: gpd.GeoDataFrame) -> None:
    """Towns on the Loire, the Seine and the Rhône are within 10 km of a river."""
    rivers = known.geometry[known["kind"] == "river"].to_crs("EPSG:2154").union_all()
    towns = known.set_index("name").to_crs("EPSG:2154").geometry
    for name in ("Nantes", "Orléans", "Paris", "Rouen", "Avignon", "Toulouse"):
        assert towns[name].distance(rivers) < 10_000, name
    assert towns["Clermont-Ferrand"].distance(rivers) > 20_000


def test_they_are_in_the_units_of_the_shapes(publication: Publication) -> None:
    """Paris is at 652 km east and 6862 km north in Lambert-93; y is downwards."""
    told = json.loads(landmarks(publication))
    assert set(told) == {"regions", "rivers", "towns"}
    places = {name: (x, y) for name, x, y in told["towns"]}
    assert places["Paris"] == pytest.approx((652, -6862), abs=2)
    assert next(iter(places)) == "Paris"  # the largest first


def test_towns_overseas_lie_in_their_insets(publication: Publication) -> None:
    """Each préfecture on its own shape: Saint-Denis at the north of La Réunion, y is downwards."""
    towns = json.loads(landmarks(publication))["towns"]
    shapes = publication.shapes.set_index("departement").geometry
    seats = {
        "971": "Basse-Terre", "972": "Fort-de-France", "973": "Cayenne", "974": "Saint-Denis",
        "976": "Mamoudzou",
    }  # fmt: skip
    points = {
        code: [
            point
            for called, x, y in towns
            if called == name and shapes[code].distance(point := shapely.Point(x, -y)) < 3
        ]
        for code, name in seats.items()
    }
    assert [len(found) for found in points.values()] == [1] * 5  # not Saint-Denis by Paris
    _, south, _, north = shapes["974"].bounds
    assert points["974"][0].y > south + 0.9 * (north - south)
