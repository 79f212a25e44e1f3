"""Area weights of stations, against areas worked out by hand, and the means they give."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo_pipeline.errors import StorageError
from geo_pipeline.spatial import voronoi as module
from geo_pipeline.spatial.voronoi import VoronoiCells
from geo_pipeline.transforms.stations import StationMeans
from geo_pipeline.weather_variables import STATION_VARIABLES

ROOT = Path(__file__).resolve().parents[2]
SIDE_M = 40_000
CORNER_M = (480_000, 6_280_000)


def square(departement: str = "32") -> gpd.GeoDataFrame:
    """Return a département that is a square of 40 km in Lambert-93."""
    x, y = CORNER_M
    shape = shapely.box(x, y, x + SIDE_M, y + SIDE_M)
    frame = gpd.GeoDataFrame({"departement": [departement]}, geometry=[shape], crs="EPSG:2154")
    return frame.to_crs("OGC:CRS84")


def at(*places: tuple[float, float]) -> pd.DataFrame:
    """Return stations at places given in sides of the square from its lower left corner."""
    x, y = CORNER_M
    points = [shapely.Point(x + a * SIDE_M, y + b * SIDE_M) for a, b in places]
    lonlat = gpd.GeoSeries(points, crs="EPSG:2154").to_crs("OGC:CRS84")
    names = [f"3200000{number}" for number in range(len(places))]
    return pd.DataFrame(
        {
            "station": names,
            "name": names,
            "lat": lonlat.y,
            "lon": lonlat.x,
            "altitude_m": [100.0 * (number + 1) for number in range(len(places))],
        }
    )


QUADRANTS = ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75))


@pytest.fixture
def cells() -> VoronoiCells:
    return VoronoiCells(square())


@pytest.fixture(scope="module")
def embedded() -> gpd.GeoDataFrame:
    return gpd.read_parquet(ROOT / "assets_data" / "departements.parquet")


@pytest.mark.parametrize(
    ("places", "shares"),
    [
        (((0.25, 0.5), (0.75, 0.5)), (0.5, 0.5)),
        (((0.125, 0.5), (0.625, 0.5)), (0.375, 0.625)),
        (QUADRANTS, (0.25, 0.25, 0.25, 0.25)),
        # Without the upper right one its quadrant is halved along the diagonal.
        (QUADRANTS[:3], (0.25, 0.375, 0.375)),
        # On a line, and close together: the diagram must still reach the corners.
        (((0.49, 0.5), (0.5, 0.5), (0.51, 0.5)), (0.495, 0.01, 0.495)),
        (((0.3, 0.9),), (1.0,)),
        # In one place: they share its cell.
        (((0.25, 0.5), (0.25, 0.5), (0.75, 0.5)), (0.25, 0.25, 0.5)),
        # Outside, as an outline that is coarse leaves them: what of the cell lies inside counts.
        (((-0.05, 0.5), (0.55, 0.5)), (0.25, 0.75)),
        (((-0.5, 0.5), (0.5, 0.5)), (0.0, 1.0)),
        (((-9.0, 0.5), (-8.0, 0.5)), (0.0, 1.0)),
        (((-9.0, 0.5),), (1.0,)),
    ],
)
def test_shares_are_the_areas_nearest(
    cells: VoronoiCells, places: tuple[tuple[float, float], ...], shares: tuple[float, ...]
) -> None:
    everyone = np.ones((1, len(places)), dtype=bool)
    assert cells.weights("32", at(*places), everyone)[0] == pytest.approx(shares, abs=1e-4)


def test_each_network_has_shares_of_its_own(
    cells: VoronoiCells, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when they are too many for one query."""
    monkeypatch.setattr(module, "NETWORKS_AT_ONCE", 2)
    networks = np.array(
        [[1, 1, 1, 1], [1, 1, 1, 0], [0, 0, 0, 0], [0, 0, 1, 0], [1, 1, 0, 0]], dtype=bool
    )
    expected = [
        [0.25, 0.25, 0.25, 0.25],
        [0.25, 0.375, 0.375, 0.0],
        [0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0],
        [0.5, 0.5, 0.0, 0.0],
    ]
    shares = cells.weights("32", at(*QUADRANTS), networks)
    np.testing.assert_allclose(shares, expected, atol=1e-4)


@pytest.mark.parametrize("departement", ["32", "75", "2B", "29", "971", "973", "974", "976"])
def test_shares_are_those_of_counting_points(embedded: gpd.GeoDataFrame, departement: str) -> None:
    """Against the nearest station of each point of a lattice, in real outlines, islands too."""
    crs = {"971": 5490, "973": 2972, "974": 2975, "976": 4471}.get(departement, 2154)
    outline = embedded[embedded["departement"] == departement].to_crs(crs).geometry.iloc[0]
    x0, y0, x1, y1 = outline.bounds
    random = np.random.default_rng(4)
    sites = np.column_stack([random.uniform(x0, x1, 25), random.uniform(y0, y1, 25)])
    xs, ys = np.meshgrid(np.linspace(x0, x1, 300), np.linspace(y0, y1, 300))
    inside = shapely.contains_xy(outline, xs, ys)
    lattice = np.column_stack([xs[inside], ys[inside]])
    distance = np.hypot(*(lattice[:, None, :] - sites[None, :, :]).transpose(2, 0, 1))
    counted = np.bincount(distance.argmin(axis=1), minlength=25) / len(lattice)
    lonlat = gpd.GeoSeries(gpd.points_from_xy(*sites.T), crs=crs).to_crs("OGC:CRS84")
    stations = pd.DataFrame({"lon": lonlat.x, "lat": lonlat.y})
    shares = VoronoiCells(embedded).weights(departement, stations, np.ones((1, 25), dtype=bool))
    assert shares.sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(shares[0], counted, atol=0.005)


def test_corsican_stations_go_to_the_side_they_lie_on(embedded: gpd.GeoDataFrame) -> None:
    """Ajaccio, Bastia, Calvi, Bonifacio; and a lighthouse off Cap Corse, outside the outlines."""
    stations = pd.DataFrame(
        {
            "lat": [41.918, 42.540, 42.530, 41.371, 43.030],
            "lon": [8.793, 9.485, 8.793, 9.178, 9.402],
        }
    )
    homes = VoronoiCells(embedded).nearest(stations, ["2A", "2B"])
    assert homes.tolist() == ["2A", "2B", "2B", "2A", "2B"]
    assert VoronoiCells(embedded).nearest(stations[:0], ["2A", "2B"]).tolist() == []


def test_a_departement_without_outline_is_named(cells: VoronoiCells) -> None:
    with pytest.raises(StorageError, match="no outline of département 31"):
        cells.weights("31", at((0.5, 0.5)), np.ones((1, 1), dtype=bool))


def days(**columns: list[object]) -> pd.DataFrame:
    """Return rows of stations: `station` is the last digit, `day` that of January 2020."""
    frame = pd.DataFrame(columns)
    rows = pd.DataFrame(
        {
            "station": [f"3200000{number}" for number in frame.pop("station")],
            "date": [pd.Timestamp(2020, 1, day) for day in frame.pop("day")],
        }
    )
    for name in STATION_VARIABLES:
        rows[name] = frame[name].astype(float) if name in frame else np.nan
    return rows


def test_a_silent_station_hands_its_area_to_its_neighbours(cells: VoronoiCells) -> None:
    """Of rain, day by day; and temperature has weights of its own."""
    nan = float("nan")
    observed = days(
        station=[0, 1, 2, 3] * 3,
        day=[1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3],
        precip_mm=[1.0, 2.0, 3.0, 4.0, 8.0, 16.0, 32.0, nan, nan, nan, nan, nan],
        tmin_c=[nan, nan, nan, -4.0, 2.0, 4.0, nan, nan, 0.0, 0.0, 0.0, 0.0],
    )
    rows, stations = StationMeans(cells)("32", at(*QUADRANTS), observed)
    assert rows["date"].dt.day.tolist() == [1, 2, 3]
    assert rows["date"].dtype == "datetime64[ns]"
    # (1+2+3+4)/4; 8/4 + 16 x 3/8 + 32 x 3/8; nobody.
    assert rows["precip_mm"].tolist() == pytest.approx([2.5, 20.0, nan], abs=2e-3, nan_ok=True)
    assert rows["tmin_c"].tolist() == pytest.approx([-4.0, 3.0, 0.0], abs=1e-3)
    assert rows["tmax_c"].isna().all()
    assert rows["stations"].tolist() == [4, 3, 0]
    assert str(rows["stations"].dtype) == "Int64"
    # Means over the two days that have rain.
    assert stations["weight"].tolist() == pytest.approx([0.25, 0.3125, 0.3125, 0.125], abs=1e-4)
    assert stations["altitude_m"].tolist() == [100.0, 200.0, 300.0, 400.0]


def test_the_three_temperatures_are_of_the_same_stations(cells: VoronoiCells) -> None:
    """A cold station without a minimum would pull the mean below the minimum of the others."""
    nan = float("nan")
    observed = days(
        station=[0, 1, 0, 1, 0, 1],
        day=[1, 1, 2, 2, 3, 3],
        tmin_c=[10.0, nan, 10.0, 2.0, nan, nan],
        tmean_c=[12.0, 4.0, 12.0, 4.0, 12.0, 4.0],
        tmax_c=[14.0, 6.0, 14.0, 6.0, nan, 6.0],
        rh_pct=[60.0, 80.0] * 3,
    )
    rows, _ = StationMeans(cells)("32", at((0.25, 0.5), (0.75, 0.5)), observed)
    # One alone; both; and where none has all three, whoever has one.
    assert rows["tmin_c"].tolist() == pytest.approx([10.0, 6.0, nan], abs=1e-3, nan_ok=True)
    assert rows["tmean_c"].tolist() == pytest.approx([12.0, 8.0, 8.0], abs=1e-3)
    assert rows["tmax_c"].tolist() == pytest.approx([14.0, 10.0, 6.0], abs=1e-3)
    assert rows["rh_pct"].tolist() == pytest.approx([70.0] * 3, abs=1e-2)


def test_days_without_a_row_stay_without(cells: VoronoiCells) -> None:
    observed = days(station=[0, 0, 1], day=[1, 9, 9], precip_mm=[0.0, 1.0, float("nan")])
    rows, stations = StationMeans(cells)("32", at((0.25, 0.5), (0.75, 0.5)), observed)
    assert rows["date"].dt.day.tolist() == [1, 9]
    assert rows["precip_mm"].tolist() == [0.0, 1.0]
    assert stations["weight"].tolist() == [1.0, 0.0]


def test_a_day_without_any_value_has_no_row(cells: VoronoiCells) -> None:
    observed = days(station=[0, 0], day=[1, 2], rh_pct=[80.0, float("nan")])
    rows, stations = StationMeans(cells)("32", at((0.25, 0.5)), observed)
    assert rows["date"].dt.day.tolist() == [1]
    assert rows["stations"].tolist() == [0]
    assert stations["weight"].isna().all()
