"""The embedded data is what its documents say: complete, valid, faithful to its sources.

Tests that compare with the source tables or with IGN read them in place, beside the repository, and
say so when they skip. Everything else needs only the committed files.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from pyproj import Geod

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "assets_data"
SHARED = ROOT.parent / "shared" / "data"
FIGURES = SHARED / "figures"
IGN = SHARED / "observed" / "ign_departements_2018.geojson"

OVERSEAS = {"971", "972", "973", "974", "976"}
METROPOLITAN = {f"{n:02d}" for n in range(1, 96) if n != 20} | {"2A", "2B"}
CODES = METROPOLITAN | OVERSEAS
GEOD = Geod(ellps="WGS84")

needs_figures = pytest.mark.skipif(
    not FIGURES.is_dir(), reason="source tables absent: ../shared/data/figures"
)
needs_ign = pytest.mark.skipif(
    not IGN.is_file(), reason="IGN outlines absent: ../shared/data/observed"
)


@pytest.fixture(scope="module")
def full() -> gpd.GeoDataFrame:
    return gpd.read_parquet(ASSETS / "departements.parquet").set_index("departement")


@pytest.fixture(scope="module")
def light() -> gpd.GeoDataFrame:
    return gpd.read_file(ASSETS / "departements_light.geojson").set_index("departement")


@pytest.fixture(scope="module")
def both(full: gpd.GeoDataFrame, light: gpd.GeoDataFrame) -> dict[str, gpd.GeoDataFrame]:
    return {"full": full, "light": light}


def neighbours(frame: gpd.GeoDataFrame, code: str) -> set[str]:
    """Départements sharing a border of some length, a corner is not enough."""
    borders = shapely.intersection(frame.geometry.values, frame.geometry[code])
    return set(frame.index[shapely.length(borders) > 0]) - {code}


def geodesic_km2(geometry: shapely.Geometry) -> float:
    return abs(GEOD.geometry_area_perimeter(geometry)[0]) / 1e6


def load_script(name: str) -> ModuleType:
    """Import a build script, which is not part of any package."""
    spec = importlib.util.spec_from_file_location(f"build_{name}", ASSETS / "build" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def boundaries() -> ModuleType:
    return load_script("boundaries")


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    return load_script("figures")


# --- size and identity -----------------------------------------------------------------------


def test_folder_stays_under_five_megabytes() -> None:
    total = sum(path.stat().st_size for path in ASSETS.rglob("*") if path.is_file())
    assert total < 5_000_000


def test_provenance_hashes_are_those_of_the_files() -> None:
    text = (ASSETS / "PROVENANCE.md").read_text(encoding="utf-8")
    printed = dict(re.findall(r"\| `([^`]+)` \| \d+ \| `([0-9a-f]{64})` \|", text))
    files = [p for p in ASSETS.iterdir() if p.suffix in {".parquet", ".geojson", ".csv"}]
    expected = {p.name for p in files} | {"build/official_areas.csv"}
    assert set(printed) == expected
    actual = {name: hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() for name in printed}
    assert actual == printed


def test_provenance_area_table_is_that_of_the_polygons(full: gpd.GeoDataFrame) -> None:
    text = (ASSETS / "PROVENANCE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w{2,3}) \| [^|]+ \| ([\d.]+) \| ([\d.]+) \| [+-]", text, re.MULTILINE)
    assert {code for code, *_ in rows} == CODES
    for code, polygon, official in rows:
        assert float(polygon) == pytest.approx(geodesic_km2(full.geometry[code]), abs=0.06)
        assert float(official) == pytest.approx(full.area_official_km2[code], abs=0.06)


def test_no_machine_path_in_committed_text() -> None:
    for path in [*ASSETS.rglob("*.py"), *ASSETS.rglob("*.md"), *ASSETS.rglob("*.csv")]:
        assert not re.search(r"/(?:work|home|tmp|root|Users)/", path.read_text(encoding="utf-8"))


# --- boundaries ------------------------------------------------------------------------------


def test_full_table_has_exactly_the_agreed_columns() -> None:
    frame = gpd.read_parquet(ASSETS / "departements.parquet")
    assert list(frame.columns) == [
        "departement",
        "name",
        "region_code",
        "region",
        "area_official_km2",
        "geometry",
    ]
    assert list(frame["departement"]) == sorted(CODES)
    assert frame["area_official_km2"].dtype == np.float64
    assert frame.notna().all(axis=None)


def test_full_table_declares_its_crs() -> None:
    geo = json.loads(pq.read_metadata(ASSETS / "departements.parquet").metadata[b"geo"])
    assert geo["primary_column"] == "geometry"
    assert geo["columns"]["geometry"]["crs"]["id"] == {"authority": "OGC", "code": "CRS84"}


def test_light_file_is_small_and_has_101_features() -> None:
    path = ASSETS / "departements_light.geojson"
    assert path.stat().st_size < 250_000
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    assert len(features) == 101
    assert {f["properties"]["departement"] for f in features} == CODES
    assert all(set(f["properties"]) == {"departement", "name"} for f in features)


def test_light_coordinates_have_at_most_four_decimals() -> None:
    text = (ASSETS / "departements_light.geojson").read_text(encoding="utf-8")
    assert not re.search(r"\d\.\d{5,}", text)


def test_names_and_regions(full: gpd.GeoDataFrame, light: gpd.GeoDataFrame) -> None:
    expected = {
        "01": ("Ain", "84", "Auvergne-Rhône-Alpes"),
        "2A": ("Corse-du-Sud", "94", "Corse"),
        "21": ("Côte-d'Or", "27", "Bourgogne-Franche-Comté"),
        "54": ("Meurthe-et-Moselle", "44", "Grand Est"),
        "68": ("Haut-Rhin", "44", "Grand Est"),
        "77": ("Seine-et-Marne", "11", "Île-de-France"),
        "971": ("Guadeloupe", "01", "Guadeloupe"),
        "973": ("Guyane", "03", "Guyane"),
        "974": ("La Réunion", "04", "La Réunion"),
    }
    found = full.loc[list(expected), ["name", "region_code", "region"]]
    assert dict(zip(found.index, found.itertuples(index=False, name=None), strict=True)) == expected
    assert full["region"].nunique() == 18
    assert light["name"].to_dict() == full["name"].to_dict()


@pytest.mark.parametrize("version", ["full", "light"])
def test_polygons_are_valid_and_form_a_coverage(
    both: dict[str, gpd.GeoDataFrame], version: str
) -> None:
    geometry = both[version].geometry
    assert len(geometry) == 101
    assert geometry.is_valid.all()
    assert not geometry.is_empty.any()
    assert set(geometry.geom_type) <= {"Polygon", "MultiPolygon"}
    # No overlap, no sliver, borders shared vertex for vertex. Wider gap widths would call the
    # mouth of the Vilaine (44) and a wedge of Italy (05) gaps; holes have their own test below.
    assert shapely.coverage_is_valid(geometry.values, gap_width=1e-5)


def test_the_coverage_check_can_fail(full: gpd.GeoDataFrame) -> None:
    moved = full.geometry.copy()
    moved["31"] = shapely.affinity.translate(moved["31"], xoff=1e-4)
    assert not shapely.coverage_is_valid(moved.values)


@pytest.mark.parametrize("version", ["full", "light"])
def test_mainland_has_no_hole_but_llivia(both: dict[str, gpd.GeoDataFrame], version: str) -> None:
    frame = both[version]
    outline = shapely.union_all(frame.geometry[frame.index.isin(METROPOLITAN)].values)
    parts = shapely.get_parts(outline)
    holes = [shapely.Polygon(ring) for part in parts for ring in part.interiors]
    assert len(holes) == 1
    assert holes[0].contains(shapely.Point(1.98, 42.465))
    assert geodesic_km2(holes[0]) == pytest.approx(12.8, abs=2)


@pytest.mark.parametrize("version", ["full", "light"])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("31", {"09", "11", "32", "65", "81", "82"}),
        ("75", {"92", "93", "94"}),
        ("84", {"04", "07", "13", "26", "30"}),
        ("64", {"32", "40", "65"}),
        ("29", {"22", "56"}),
        ("2A", {"2B"}),
        ("974", set()),
    ],
)
def test_neighbours(
    both: dict[str, gpd.GeoDataFrame], version: str, code: str, expected: set[str]
) -> None:
    assert neighbours(both[version], code) == expected


def test_light_version_keeps_every_neighbour_and_part(
    full: gpd.GeoDataFrame, light: gpd.GeoDataFrame
) -> None:
    for code in sorted(CODES):
        assert neighbours(light, code) == neighbours(full, code), code
        parts = [len(shapely.get_parts(f.geometry[code])) for f in (full, light)]
        assert parts[0] == parts[1], code


@pytest.mark.parametrize("version", ["full", "light"])
@pytest.mark.parametrize(
    ("place", "lon", "lat", "code"),
    [
        ("Toulouse", 1.4442, 43.6047, "31"),
        ("Sartène", 8.9740, 41.6210, "2A"),
        ("Corte", 9.1490, 42.3060, "2B"),
        ("Saint-Denis de La Réunion", 55.4504, -20.8823, "974"),
        ("Cayenne", -52.3260, 4.9224, "973"),
        ("Notre-Dame de Paris", 2.3499, 48.8530, "75"),
        ("Valréas, enclave of Vaucluse in Drôme", 4.9903, 44.3847, "84"),
        ("Colmar", 7.3585, 48.0794, "68"),
        ("Melun", 2.6554, 48.5421, "77"),
        ("Nancy", 6.1844, 48.6921, "54"),
    ],
)
def test_points_lie_in_their_departement(
    both: dict[str, gpd.GeoDataFrame], version: str, place: str, lon: float, lat: float, code: str
) -> None:
    geometry = both[version].geometry
    assert list(geometry.index[geometry.contains(shapely.Point(lon, lat))]) == [code], place


@pytest.mark.parametrize("version", ["full", "light"])
def test_harbour_of_ajaccio_is_nearest_to_its_departement(
    both: dict[str, gpd.GeoDataFrame], version: str
) -> None:
    """The coarse coast leaves the town's usual coordinates some 400 m out at sea."""
    ajaccio = shapely.Point(8.7386, 41.9267)
    distance = pd.Series(
        shapely.distance(both[version].geometry.values, ajaccio), index=both[version].index
    )
    assert distance.idxmin() == "2A"
    assert distance.min() < 0.006


def test_official_areas_are_the_published_ones(full: gpd.GeoDataFrame) -> None:
    areas = full["area_official_km2"]
    assert areas["75"] == 105.4
    assert areas["31"] == pytest.approx(6309.3, abs=0.1)
    assert areas["33"] == pytest.approx(10000.1, abs=0.1)
    assert areas["90"] == pytest.approx(609.4, abs=0.1)
    # INSEE totals: metropolitan France 543,940 km2; with the five overseas départements 633,109.
    assert areas[areas.index.isin(METROPOLITAN)].sum() == pytest.approx(543_940, abs=50)
    assert areas.sum() == pytest.approx(633_109, abs=50)


def test_polygon_areas_are_near_the_official_ones(full: gpd.GeoDataFrame) -> None:
    """Small, densely bordered départements are coarse in the source: bounds are as documented."""
    measured = full.geometry.map(geodesic_km2)
    error = (measured / full["area_official_km2"] - 1).abs()
    limits = pd.Series(0.04, index=error.index)
    limits.update(
        pd.Series(
            {"75": 0.24, "90": 0.09, "95": 0.09, "74": 0.08, "38": 0.075, "976": 0.065, "92": 0.055}
        )
    )
    assert list(error.index[error > limits]) == []
    assert error.median() < 0.02


# --- communes --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def communes() -> pd.DataFrame:
    frame: pd.DataFrame = pq.read_table(ASSETS / "communes.parquet").to_pandas()
    return frame


def test_communes_are_those_of_the_departements(communes: pd.DataFrame) -> None:
    assert set(communes["departement"]) == CODES
    assert not communes.duplicated(["code", "commune"]).any()
    whole = communes[communes["commune"].isna()]
    assert len(whole) == 34_875
    assert whole["population"].notna().all()
    assert whole["population"].sum() == pytest.approx(68.35e6, rel=0.001)
    assert whole["postcodes"].str.fullmatch(r"\d{5}( \d{5})*").all()
    parts = communes[communes["commune"].notna()]
    assert set(parts["commune"]) <= set(whole["code"])
    assert (ASSETS / "communes.parquet").stat().st_size < 400_000


def test_known_communes(communes: pd.DataFrame) -> None:
    auch = communes[communes["name"] == "Auch"].iloc[0]
    assert (auch["code"], auch["departement"], auch["postcodes"]) == ("32013", "32", "32000")
    assert auch["population"] == 22_428
    cordieux = communes[communes["name"] == "Cordieux"].iloc[0]
    assert (cordieux["code"], cordieux["commune"]) == ("01120", "01262")  # in Montluel
    lyon = communes[communes["commune"] == "69123"]
    assert list(lyon["code"]) == [f"6938{n}" for n in range(1, 10)]
    assert (communes["name"] == "Saint-Denis").sum() == 4


def test_a_part_with_the_name_of_its_commune_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(ASSETS / "build"))
    script = load_script("communes")
    commune = {"type": "commune-actuelle", "departement": "01", "population": 5}
    part = {"type": "commune-deleguee", "departement": "01", "chefLieu": "01015"}
    rows = [
        {**commune, "code": "01015", "nom": "Ici", "codesPostaux": ["01300", "01310"]},
        {**part, "code": "01015", "nom": "Ici"},
        {**part, "code": "01340", "nom": "Ailleurs"},
        {**commune, "code": "98701", "nom": "Loin", "departement": "987"},
    ]
    made = script.table_of(rows)
    assert made.to_pydict() == {
        "code": ["01015", "01340"],
        "name": ["Ici", "Ailleurs"],
        "departement": ["01", "01"],
        "commune": [None, "01015"],
        "postcodes": ["01300 01310", None],
        "population": [5, None],
    }
    script.write(made, tmp_path / "communes.parquet")
    assert pq.read_table(tmp_path / "communes.parquet").equals(made)
    with pytest.raises(script.BuildError, match="unknown types"):
        script.table_of([{**part, "type": "hameau", "code": "01999", "nom": "?"}])


# --- against IGN -----------------------------------------------------------------------------

IOU_DEFAULT = 0.90
IOU_BOUNDS = {
    "75": 0.76,
    "92": 0.79,
    "93": 0.84,
    "94": 0.88,
    "95": 0.87,
    "90": 0.88,
    "971": 0.87,
    "972": 0.88,
    "974": 0.88,
    "976": 0.72,
}


@needs_ign
@pytest.mark.parametrize("version", ["full", "light"])
def test_overlap_with_ign(both: dict[str, gpd.GeoDataFrame], version: str) -> None:
    """Intersection over union with the outlines of IGN, département by département."""
    ign = gpd.read_file(IGN).set_index("code").geometry.reindex(sorted(CODES))
    ours = both[version].geometry.reindex(sorted(CODES))
    assert ign.notna().all()
    iou = shapely.intersection(ours.values, ign.values)
    union = shapely.union(ours.values, ign.values)
    ratio = pd.Series(shapely.area(iou) / shapely.area(union), index=ours.index)
    bounds = pd.Series(IOU_DEFAULT, index=ratio.index)
    bounds.update(pd.Series(IOU_BOUNDS))
    assert ratio[ratio < bounds].to_dict() == {}
    assert ratio.median() > 0.95


@needs_ign
def test_official_areas_against_ign(full: gpd.GeoDataFrame) -> None:
    """The cadastral figure leaves large waters out: it may only be well below the geodesic one."""
    ign = gpd.read_file(IGN).set_index("code").geometry.map(geodesic_km2)
    error = full["area_official_km2"] / ign.reindex(full.index) - 1
    assert set(error.index[error.abs() > 0.03]) == {"11", "33", "38", "73", "74"}
    assert error.max() < 0.03
    assert error.min() > -0.06
    assert error.abs().median() < 0.01


# --- figures ---------------------------------------------------------------------------------

TABLES = {
    "weather_dekadal": ("weather_dekadal.csv", ["departement", "dekad_start"]),
    "crop_statistics": ("crop_statistics.csv", ["departement", "year", "crop"]),
    "swi_normals": ("swi_normals_1990_2019.csv", ["departement", "month"]),
    "water_restrictions": ("water_restrictions_2026-10-03.csv", ["departement", "date"]),
}

SCHEMAS = {
    "weather_dekadal": {
        "departement": pa.string(),
        "dekad_start": pa.date32(),
        "n_days": pa.int8(),
        "precip_mm": pa.float64(),
        "tmean_c": pa.float64(),
        "radiation_mj_m2": pa.float64(),
    },
    "crop_statistics": {
        "departement": pa.string(),
        "year": pa.int16(),
        "crop": pa.string(),
        "area_ha": pa.float64(),
        "yield_q_ha": pa.float64(),
        "production_q": pa.float64(),
        "source": pa.string(),
    },
    "swi_normals": {
        "departement": pa.string(),
        "month": pa.int8(),
        "n_cells": pa.int16(),
        "swi_min": pa.float64(),
        "swi_q25": pa.float64(),
        "swi_median": pa.float64(),
        "swi_q75": pa.float64(),
        "swi_max": pa.float64(),
    },
    "water_restrictions": {
        "departement": pa.string(),
        "date": pa.date32(),
        "level_max": pa.string(),
        "level_surface": pa.string(),
        "level_groundwater": pa.string(),
        "level_drinking": pa.string(),
    },
}


def read_table(name: str) -> pd.DataFrame:
    frame: pd.DataFrame = pq.read_table(ASSETS / f"{name}.parquet").to_pandas()
    return frame


@pytest.mark.parametrize("name", TABLES)
def test_types_are_as_agreed(name: str) -> None:
    schema = pq.read_schema(ASSETS / f"{name}.parquet")
    assert dict(zip(schema.names, schema.types, strict=True)) == SCHEMAS[name]


@pytest.mark.parametrize("name", TABLES)
def test_keys_are_unique_sorted_and_known(name: str) -> None:
    frame = read_table(name)
    key = TABLES[name][1]
    assert not frame.duplicated(key).any()
    assert frame[key].equals(frame[key].sort_values(key, ignore_index=True))
    assert set(frame["departement"]) <= CODES


@needs_figures
@pytest.mark.parametrize("name", TABLES)
def test_parquet_equals_its_source(name: str) -> None:
    csv, key = TABLES[name]
    source = pd.read_csv(FIGURES / csv, dtype={"code_dep": str})
    source = source.rename(columns={"code_dep": "departement"}).drop(
        columns="name", errors="ignore"
    )
    if name == "water_restrictions":
        source["date"] = "2026-10-03"
    stored = read_table(name)
    for column in {"dekad_start", "date"} & set(stored.columns):
        stored[column] = stored[column].map(date.isoformat)
    source = source.sort_values(key, ignore_index=True)[list(stored.columns)]
    # A missing word is None in one frame and NaN in the other: the comparison is on values.
    pd.testing.assert_frame_equal(
        stored.replace({None: np.nan}),
        source.replace({None: np.nan}),
        check_dtype=False,
        check_exact=True,
    )


def test_weather_is_the_documented_dekads() -> None:
    frame = read_table("weather_dekadal")
    start = pd.to_datetime(frame["dekad_start"])
    assert set(start.dt.year) == set(range(2010, 2023)) - {2014}
    assert set(start.dt.day) == {1, 11, 21}
    last = start + pd.to_timedelta(frame["n_days"] - 1, unit="D")
    assert ((last.dt.day == 10) | (last.dt.day == 20) | last.dt.is_month_end).all()
    assert (last.dt.month == start.dt.month).all()
    assert frame["n_days"].between(8, 11).all()


def test_weather_coverage_is_as_documented() -> None:
    frame = read_table("weather_dekadal")
    assert CODES - set(frame["departement"]) == OVERSEAS | {"75", "92"}
    counts = frame.groupby("departement").size()
    assert counts[counts != 432].to_dict() == {"2A": 288, "2B": 216}
    assert frame.notna().all(axis=None)


def test_weather_values_are_physical() -> None:
    frame = read_table("weather_dekadal")
    assert frame["precip_mm"].between(0, 400).all()
    assert frame["tmean_c"].between(-20, 35).all()
    assert frame["radiation_mj_m2"].between(0.5, 35).all()


def test_crops_are_as_documented() -> None:
    frame = read_table("crop_statistics")
    assert CODES - set(frame["departement"]) == OVERSEAS | {"75", "92"}
    assert set(frame["source"]) == {"SAA 2010-2022", "SAA via AWA 2000-2017"}
    direct = frame[frame["source"] == "SAA 2010-2022"]
    others = frame[frame["source"] != "SAA 2010-2022"]
    assert others[["area_ha", "production_q"]].isna().all(axis=None)
    assert direct.notna().all(axis=None)
    ratio = direct["production_q"] / (direct["area_ha"] * direct["yield_q_ha"])
    assert ratio.between(0.998, 1.002).all()


def test_normals_cover_metropolitan_france() -> None:
    frame = read_table("swi_normals")
    assert set(frame["departement"]) == METROPOLITAN
    assert (frame.groupby("departement").size() == 12).all()
    quantiles = frame[["swi_min", "swi_q25", "swi_median", "swi_q75", "swi_max"]].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()


def test_restrictions_use_the_words_of_the_law() -> None:
    frame = read_table("water_restrictions")
    assert set(frame["departement"]) == CODES
    assert set(frame["date"]) == {date(2026, 10, 3)}
    order = ["vigilance", "alerte", "alerte_renforcee", "crise"]
    columns = ["level_surface", "level_groundwater", "level_drinking"]
    ranks = frame[columns].apply(lambda words: words.map(order.index, na_action="ignore"))
    assert (ranks.max(axis=1).dropna() == frame["level_max"].dropna().map(order.index)).all()
    assert set(frame.loc[frame["level_max"].isna(), "departement"]) == {"973", "976"}


# --- the scripts that built it ---------------------------------------------------------------


def test_a_source_name_maps_only_when_known(boundaries: ModuleType) -> None:
    codes = {boundaries.normalise("Haut-Rhin"): "68", boundaries.normalise("Côte-d'Or"): "21"}
    assert boundaries.code_of_feature({"name": "Haute-Rhin", "gn_a1_code": "FR.68"}, codes) == "68"
    assert boundaries.code_of_feature({"name": "COTE D OR", "gn_a1_code": "FR."}, codes) == "21"
    with pytest.raises(boundaries.BuildError, match="NAME_FIXES"):
        boundaries.code_of_feature({"name": "Bas-Rhin", "gn_a1_code": "FR.67"}, codes)
    with pytest.raises(boundaries.BuildError, match="gn_a1_code says 67"):
        boundaries.code_of_feature({"name": "Haute-Rhin", "gn_a1_code": "FR.67"}, codes)


def test_fewer_than_101_polygons_stop_the_build(boundaries: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "src" / "js" / "data"
    folder.mkdir(parents=True)
    ain = {
        "type": "Feature",
        "properties": {"name": "Ain", "gn_a1_code": "FR.01"},
        "geometry": {"type": "Polygon", "coordinates": [[[5, 46], [6, 46], [6, 47], [5, 46]]]},
    }
    (folder / "fra.json").write_text(json.dumps({"features": [ain]}), encoding="utf-8")
    known = {"01": boundaries.Departement("01", "Ain", "84", "Auvergne-Rhône-Alpes")}
    with pytest.raises(boundaries.BuildError, match="1 départements instead of 101"):
        boundaries.read_polygons(tmp_path, known)


def test_noding_gives_neighbours_the_same_vertices(boundaries: ModuleType) -> None:
    left = shapely.box(0, 0, 1, 2)
    right = shapely.Polygon([(1, 0), (2, 0), (2, 2), (1, 2), (1, 1)])
    assert not shapely.coverage_is_valid([left, right])
    noded = boundaries.node_coverage([left, right], 1e-7)
    assert shapely.coverage_is_valid(noded)
    assert [polygon.area for polygon in noded] == [2, 2]


def test_noding_refuses_an_unknown_hole(boundaries: ModuleType) -> None:
    ring = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
    with pytest.raises(boundaries.BuildError, match="gap of 1 square degrees"):
        boundaries.node_coverage([ring], 1e-7)


def test_duplicate_crops_are_resolved_aloud(
    figures: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.DataFrame(
        {
            "departement": ["01", "01", "02"],
            "year": [2010, 2010, 2010],
            "crop": ["soft_wheat"] * 3,
            "yield_q_ha": [60.0, 61.0, 80.0],
            "source": ["SAA via AWA 2000-2017", "SAA 2010-2022", "SAA via AWA 2000-2017"],
        }
    )
    kept = figures.prepare_crops(frame)
    assert list(kept["yield_q_ha"]) == [61.0, 80.0]
    assert "1 duplicates dropped" in capsys.readouterr().out


def test_weather_of_the_wrong_length_stops_the_build(figures: ModuleType) -> None:
    frame = pd.DataFrame({"dekad_start": ["2012-02-21"], "n_days": [8]})
    with pytest.raises(figures.BuildError, match="n_days"):
        figures.prepare_weather(frame)
    assert len(figures.prepare_weather(frame.assign(n_days=9))) == 1


@needs_figures
def test_figures_build_twice_to_the_same_bytes(figures: ModuleType, tmp_path: Path) -> None:
    for run in ("first", "second"):
        figures.build(FIGURES, tmp_path / run)
    names = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert names == sorted(f"{name}.parquet" for name in TABLES)
    for name in names:
        first, second = ((tmp_path / run / name).read_bytes() for run in ("first", "second"))
        assert first == second
