"""Points inside départements, checked by another library than the one that lays them."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Polygon, box

from geo_pipeline.errors import StorageError, UsageError
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.spatial.database import as_arrow
from geo_pipeline.spatial.sampling import mean_latitudes, sampling_points
from geo_pipeline.territory import CODES
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def outlines() -> gpd.GeoDataFrame:
    return Bundled(ROOT / "assets_data").boundaries()[["departement", "geometry"]]


@pytest.fixture(scope="module")
def points(outlines: gpd.GeoDataFrame) -> pd.DataFrame:
    return sampling_points(outlines, 25)


def square(code: str, crs: str, west: float, south: float, side_m: float) -> gpd.GeoDataFrame:
    """Return a square of `side_m` in `crs`, its sides straight there (points every 100 m or so)."""
    shape = box(west, south, west + side_m, south + side_m).segmentize(side_m / 1000)
    return gpd.GeoDataFrame({"departement": [code]}, geometry=[shape], crs=crs).to_crs("OGC:CRS84")


def inside(points: pd.DataFrame, outlines: gpd.GeoDataFrame) -> "pd.Series[bool]":
    shapes = outlines.set_index("departement").geometry.loc[points["departement"]]
    places = gpd.GeoSeries.from_xy(points["longitude"], points["latitude"], crs="OGC:CRS84")
    return shapes.reset_index(drop=True).contains(places.to_crs(outlines.crs))


@pytest.mark.parametrize(
    ("code", "crs", "west", "south"),
    [("32", "EPSG:2154", 500_000, 6_200_000), ("974", "EPSG:2975", 300_000, 7_600_000)],
)
def test_a_square_of_100_km_holds_16_points_25_km_apart(
    code: str, crs: str, west: float, south: float
) -> None:
    shape = square(code, crs, west, south, 100_000)
    points = sampling_points(shape, 25)
    assert len(points) == 16
    places = gpd.GeoSeries.from_xy(points["longitude"], points["latitude"], crs="OGC:CRS84")
    planar = places.to_crs(crs)
    # Centres of cells, to 0.0001 degree: 11 m.
    expected = [12_500, 37_500, 62_500, 87_500]
    assert sorted(set((planar.x - west).round(-2))) == expected
    assert sorted(set((planar.y - south).round(-2))) == expected


def test_longitude_comes_before_latitude_whatever_the_crs_is_called() -> None:
    shape = square("32", "EPSG:2154", 500_000, 6_200_000, 100_000)
    expected = sampling_points(shape, 50)
    assert expected["latitude"].between(42, 46).all()
    assert expected["longitude"].between(0, 3).all()
    for same in (shape.to_crs("EPSG:4326"), shape.to_crs("EPSG:2154"), as_arrow(shape)):
        pd.testing.assert_frame_equal(sampling_points(same, 50), expected)


def test_all_101_are_covered_and_every_point_is_in_its_own(
    points: pd.DataFrame, outlines: gpd.GeoDataFrame
) -> None:
    assert list(points.columns) == ["departement", "latitude", "longitude"]
    assert list(points["departement"].unique()) == sorted(CODES)
    assert inside(points, outlines).all()
    assert not points.duplicated().any()
    assert (points["departement"] == "75").sum() == 1


def test_as_many_points_as_the_area_asks_for(
    points: pd.DataFrame, outlines: gpd.GeoDataFrame
) -> None:
    area_km2 = outlines.to_crs("EPSG:6933").set_index("departement").area / 1e6
    counts = points["departement"].value_counts()
    large = area_km2[area_km2 > 3000].index
    assert len(large) > 85
    per_point_km2 = area_km2[large].sum() / counts[large].sum()
    assert per_point_km2 == pytest.approx(625, rel=0.02)


def test_a_departement_alone_has_the_points_it_has_among_all(
    points: pd.DataFrame, outlines: gpd.GeoDataFrame
) -> None:
    for code in ("2A", "75", "971"):
        alone = sampling_points(outlines[outlines["departement"] == code], 25)
        expected = points[points["departement"] == code].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, expected)


def test_a_departement_smaller_than_a_cell_has_one_point_on_its_surface() -> None:
    # A crescent: its centroid lies outside of it.
    hook = Polygon([(0, 44), (0.1, 44), (0.1, 44.01), (0.01, 44.01), (0.01, 44.1), (0, 44.1)])
    shape = gpd.GeoDataFrame({"departement": ["82"]}, geometry=[hook], crs="OGC:CRS84")
    points = sampling_points(shape, 200)
    assert len(points) == 1
    assert inside(points, shape).all()


def test_more_points_than_a_request_holds_are_refused_with_a_spacing_that_will_do(
    outlines: gpd.GeoDataFrame,
) -> None:
    guyane = outlines[outlines["departement"] == "973"]
    with pytest.raises(UsageError, match=r"département 973, more than the 1,000 .* choose") as told:
        sampling_points(guyane, 5)
    enough_km = float(str(told.value).split("a spacing of ")[1].split(" km")[0])
    assert 900 < len(sampling_points(guyane, enough_km)) * 1.1 <= 1100


@pytest.mark.parametrize("spacing_km", [0, -25, 0.5, float("nan"), float("inf")])
def test_a_spacing_that_is_none_is_refused(spacing_km: float, outlines: gpd.GeoDataFrame) -> None:
    with pytest.raises(UsageError, match="choose a spacing of 1 km or more"):
        sampling_points(outlines, spacing_km)


def test_a_departement_without_outline_is_named() -> None:
    shape = gpd.GeoDataFrame(
        {"departement": ["32", "31"]}, geometry=[Polygon(), box(1, 43, 2, 44)], crs="OGC:CRS84"
    )
    with pytest.raises(StorageError, match="département 32: it has no outline"):
        sampling_points(shape, 25)


def test_the_outlines_of_ign_are_covered_as_well(shared_data: Path) -> None:
    """Detailed outlines of another origin: 101 départements, every point inside."""
    file = shared_data / "observed" / "ign_departements_2018.geojson"
    ign = gpd.read_file(file).rename(columns={"code": "departement"})
    points = sampling_points(ign, 25)
    assert sorted(points["departement"].unique()) == sorted(CODES)
    assert inside(points, ign).all()


def test_the_latitude_of_a_departement_is_the_mean_of_its_points(points: pd.DataFrame) -> None:
    latitudes = mean_latitudes(points).set_index("departement")["latitude_deg"]
    assert len(latitudes) == 101
    # Auch 43.65 N, Lille 50.63 N; Saint-Denis de La Réunion 20.88 S, its island's south 21.39 S.
    assert latitudes["32"] == pytest.approx(43.7, abs=0.2)
    assert latitudes["59"] == pytest.approx(50.4, abs=0.3)
    assert -21.4 < latitudes["974"] < -20.8
