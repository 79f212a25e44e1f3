"""Etalab's contours over real HTTP."""

import json
from typing import Any

import pytest

from geo_pipeline.errors import SourceError, UsageError
from geo_pipeline.sources.etalab import RESOLUTIONS_M, Etalab
from geo_pipeline.sources.http import Http

SQUARE = [[[0.2, 43.5], [1.2, 43.5], [1.2, 44.0], [0.2, 44.0], [0.2, 43.5]]]
GERS = {
    "type": "Feature",
    "properties": {"code": "32", "nom": "Gers", "region": "76"},
    "geometry": {"type": "Polygon", "coordinates": SQUARE},
}
PATH = "/geojson/departements-1000m.geojson"


@pytest.fixture
def http() -> Http:
    return Http(attempts=1)


def collection(*features: Any, **more: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features), **more})


def changed(**parts: Any) -> dict[str, Any]:
    return {**GERS, **parts}


def served(provider: Any, http: Http, body: str | bytes) -> Etalab:
    provider.on(PATH, body)
    return Etalab(http, f"{provider.url}/geojson")


def test_code_name_and_polygon_in_longitude_and_latitude(provider: Any, http: Http) -> None:
    ain = changed(properties={"code": "01", "nom": "Ain"})
    many = changed(
        properties={"code": "971", "nom": "Guadeloupe"},
        geometry={
            "type": "MultiPolygon",
            "coordinates": [SQUARE, [[[5, 5], [6, 5], [6, 6], [5, 5]]]],
        },
    )
    miquelon = changed(properties={"code": "975", "nom": "Saint-Pierre-et-Miquelon"})
    frame, origin = served(provider, http, collection(GERS, many, ain, miquelon)).boundaries()
    assert list(frame.columns) == ["code", "name", "geometry"]
    assert frame["code"].tolist() == ["01", "32", "971"]
    assert frame["name"].tolist() == ["Ain", "Gers", "Guadeloupe"]
    assert frame.crs.to_string() == "OGC:CRS84"
    assert frame.geometry.iloc[1].bounds == (0.2, 43.5, 1.2, 44.0)
    assert (origin.source, origin.url) == ("etalab", provider.url + PATH)


@pytest.mark.parametrize("resolution_m", RESOLUTIONS_M)
def test_each_resolution_is_a_file(provider: Any, http: Http, resolution_m: int) -> None:
    path = f"/g/departements-{resolution_m}m.geojson"
    provider.on(path, collection(GERS))
    assert len(Etalab(http, f"{provider.url}/g/", resolution_m).boundaries()[0]) == 1
    assert provider.paths() == [path]


def test_a_file_by_its_own_url_with_a_byte_order_mark(provider: Any, http: Http) -> None:
    provider.on("/own.geojson", b"\xef\xbb\xbf" + collection(GERS).encode())
    assert len(Etalab(http, f"{provider.url}/own.geojson").boundaries()[0]) == 1


def test_no_such_resolution(http: Http) -> None:
    with pytest.raises(UsageError, match="no contours at 10 m: choose one of 5, 50, 100, 1000"):
        Etalab(http, resolution_m=10)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (collection(GERS)[:-60], "ends too early"),
        ("<!doctype html><html><title>Erreur</title></html>", "sent HTML"),
        ("", "sent nothing"),
        ("[1, 2]", "without the features of GeoJSON"),
        ('{"features": "none"}', "without the features of GeoJSON"),
        (collection("Gers"), "a feature, number 1, with no properties"),
        (collection(changed(properties={"code_insee": "32", "name": "Gers"})), "code_insee, name"),
        (
            collection(changed(properties={"code": 32, "nom": "Gers"})),
            "without code and nom as text",
        ),
        (collection(changed(geometry=None)), "département 32 as a None"),
        (collection(changed(geometry={"type": "Point", "coordinates": [1, 2]})), "as a Point"),
        (
            collection(changed(geometry={"type": "Polygon", "coordinates": [[[1, 2]]]})),
            "that are none",
        ),
        (collection(changed(geometry={"type": "Polygon", "coordinates": "x"})), "that are none"),
        (collection(changed(geometry={"type": "Polygon", "coordinates": []})), "no coordinates"),
        (
            collection(
                GERS, crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2154"}}
            ),
            "not in longitude and latitude",
        ),
    ],
)
def test_faults(provider: Any, http: Http, body: str, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        served(provider, http, body).boundaries()
    message = str(caught.value)
    assert message.startswith(f"etalab: {provider.url}{PATH} ")
    assert said in message
    assert "\n" not in message
