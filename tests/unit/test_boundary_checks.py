"""Outlines of a provider, as IGN publishes them and broken in every way, before they are used."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.sources.etalab import read
from geo_pipeline.spatial.boundaries import accepted, check_boundaries, light_boundaries
from geo_pipeline.territory import CODES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
IGN = ROOT.parent / "shared" / "data" / "observed" / "ign_departements_2018.geojson"
needs_ign = pytest.mark.skipif(
    not IGN.is_file(), reason="IGN outlines absent: ../shared/data/observed"
)


@pytest.fixture(scope="module")
def embedded() -> gpd.GeoDataFrame:
    return Bundled(ROOT / "assets_data").boundaries()


@pytest.fixture(scope="module")
def ign() -> gpd.GeoDataFrame:
    if not IGN.is_file():
        pytest.skip("IGN outlines absent: ../shared/data/observed")
    return read(json.loads(IGN.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def own(embedded: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The embedded outlines as a provider would send them."""
    return embedded.rename(columns={"departement": "code"})[["code", "name", "geometry"]]


def with_shape(
    frame: gpd.GeoDataFrame, code: str, change: Callable[[Any], Any]
) -> gpd.GeoDataFrame:
    """`frame` with another shape of one département."""
    new = frame.copy()
    shapes = new.geometry.to_numpy().copy()
    at = int(np.flatnonzero(new["code"] == code)[0])
    shapes[at] = change(shapes[at])
    new["geometry"] = gpd.GeoSeries(shapes, index=new.index, crs=frame.crs)
    return new


def shape_of(frame: gpd.GeoDataFrame, code: str) -> Any:
    return frame.set_index("code").geometry[code]


def flipped(shape: Any) -> Any:
    return shapely.transform(shape, lambda points: points[:, ::-1])


# --- accepted ----------------------------------------------------------------------------------


def test_real_outlines_take_the_place_of_the_embedded_ones(
    ign: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame
) -> None:
    """IGN's of 2018, in any order."""
    shuffled = ign.sample(frac=1, random_state=1)
    assert check_boundaries(shuffled, embedded) == []
    new, why = accepted(shuffled, embedded)
    assert why is None
    assert list(new.columns) == list(embedded.columns)
    assert new.crs == embedded.crs
    assert tuple(new["departement"]) == CODES
    attributes = [name for name in embedded.columns if name != "geometry"]
    pd.testing.assert_frame_equal(pd.DataFrame(new[attributes]), pd.DataFrame(embedded[attributes]))
    for code in ("01", "2A", "75", "974"):
        shape = new.set_index("departement").geometry[code]
        assert shapely.equals_exact(shape, shape_of(ign, code))


@pytest.mark.parametrize("corner_deg", [0.001, 0.01])
def test_coarser_real_outlines_are_accepted_too(
    ign: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame, corner_deg: float
) -> None:
    coarse = ign.copy()
    coarse["geometry"] = ign.geometry.simplify_coverage(corner_deg)
    assert accepted(coarse, embedded)[1] is None


def test_epsg_4326_is_longitude_and_latitude_here(
    own: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame
) -> None:
    assert check_boundaries(own.set_crs("EPSG:4326", allow_override=True), embedded) == []


def test_a_sliver_is_no_overlap(own: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame) -> None:
    """About 10 m more on all sides of Gers, 6,257 km²: 0.1 % at most."""
    wider = with_shape(own, "32", lambda shape: shape.buffer(1e-4))
    assert check_boundaries(wider, embedded) == []


# --- refused -----------------------------------------------------------------------------------


def refused(candidate: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame) -> list[str]:
    """The first five findings; the embedded outlines stay."""
    kept, why = accepted(candidate, embedded)
    assert kept is embedded
    assert why
    said = str(why)
    assert "\n" not in said
    return said.split("; ")


@pytest.fixture(scope="module")
def whole(request: pytest.FixtureRequest) -> gpd.GeoDataFrame:
    """Outlines with nothing wrong: IGN's where they are at hand, else the embedded ones."""
    frame: gpd.GeoDataFrame = request.getfixturevalue("ign" if IGN.is_file() else "own")
    return frame


def test_a_hundred_departements(whole: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame) -> None:
    assert refused(whole[whole["code"] != "32"], embedded) == ["32 is missing"]


def test_one_of_no_known_code(whole: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame) -> None:
    renamed = whole.assign(code=whole["code"].replace({"32": "99"}))
    assert refused(renamed, embedded) == ["32 is missing", "99 is no département"]


def test_one_twice(whole: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame) -> None:
    twice = pd.concat([whole, whole[whole["code"] == "32"]])
    assert refused(twice, embedded) == ["32 is there 2 times"]


def test_swapped_axes(whole: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame) -> None:
    swapped = whole.copy()
    swapped["geometry"] = gpd.GeoSeries(
        flipped(whole.geometry.to_numpy()), index=whole.index, crs=whole.crs
    )
    kept, why = accepted(swapped, embedded)
    assert kept is embedded
    said = str(why)
    assert said.startswith("01 has longitude and latitude swapped; 02 has longitude and")
    # One line for 101 départements, and what follows from it.
    assert int(said.rpartition(" and ")[2].removesuffix(" more")) >= 96


def test_one_with_swapped_axes(whole: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame) -> None:
    found = refused(with_shape(whole, "32", flipped), embedded)
    assert found[0] == "32 has longitude and latitude swapped"


def test_one_shape_for_two(whole: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame) -> None:
    """Haute-Garonne's for Gers too: in the wrong place, and over each other."""
    double = with_shape(whole, "32", lambda _: shape_of(whole, "31"))
    found = refused(double, embedded)
    assert found[0] == "32 does not lie where it should"
    assert found[-1].startswith("31 and 32 overlap by 6")


def test_codes_of_two_exchanged(whole: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame) -> None:
    """Bas-Rhin and Haut-Rhin: areas near enough that only their places tell."""
    exchanged = whole.assign(code=whole["code"].replace({"67": "68", "68": "67"}))
    found = refused(exchanged, embedded)
    assert "67 does not lie where it should" in found
    assert "68 does not lie where it should" in found


def test_an_overlap_within_the_bounds_of_area(
    whole: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame
) -> None:
    """Gers 1.5 km wider on all sides, an eighth: over each of its neighbours."""
    wider = with_shape(whole, "32", lambda shape: shape.buffer(0.009))
    found = list(map(str, check_boundaries(wider, embedded)))
    overlaps = [each for each in found if "overlap" in each]
    assert {frozenset(each.split(" overlap")[0].split(" and ")) for each in overlaps} == {
        frozenset({"32", neighbour}) for neighbour in ("31", "40", "47", "64", "65", "82")
    }


def test_a_bow_tie(whole: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame) -> None:
    def tie(shape: Any) -> Any:
        west, south, east, north = shape.bounds
        corners = [(west, south), (east, north), (east, south), (west, north), (west, south)]
        return shapely.Polygon(corners)

    assert refused(with_shape(whole, "32", tie), embedded) == ["32 is no valid polygon"]


@pytest.mark.parametrize(
    "shape",
    [shapely.Polygon(), shapely.Point(0.5, 43.7), shapely.LineString([(0, 43), (1, 44)]), None],
    ids=["empty", "point", "line", "none"],
)
def test_no_polygon(own: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame, shape: Any) -> None:
    assert refused(with_shape(own, "32", lambda _: shape), embedded) == ["32 is no valid polygon"]


@pytest.mark.parametrize("factor", [0.9, 0.5])
def test_area_off(whole: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame, factor: float) -> None:
    """Gers at nine tenths of its length has 81 % of its 6,257 km²."""
    smaller = with_shape(
        whole, "32", lambda shape: shapely.affinity.scale(shape, factor, factor, origin="centroid")
    )
    (found,) = (each for each in refused(smaller, embedded) if "overlap" not in each)
    area = float(found.removeprefix("32 has ").partition(" km2")[0])
    assert area == pytest.approx(6257 * factor**2, rel=0.02)
    assert found.endswith("in place of 6257")


def test_other_coordinates(own: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame) -> None:
    (found,) = refused(own.to_crs("EPSG:2154"), embedded)
    assert "Lambert-93, not in longitude and latitude" in found
    (found,) = refused(own.set_crs(None, allow_override=True), embedded)
    assert "no coordinate reference system" in found
    assert refused(own.iloc[:0], embedded) == ["there is no feature"]


# --- light -------------------------------------------------------------------------------------


def touching(shape: Any) -> Any:
    """An outline whose ring comes back to its first point, by a spur of some metres."""
    outer = max(shape.geoms, key=lambda each: each.area) if hasattr(shape, "geoms") else shape
    points = list(outer.exterior.coords)[:-1]
    (x, y), inside = points[0], outer.representative_point()
    far = (x + (inside.x - x) * 0.02, y + (inside.y - y) * 0.02)
    side = (far[0] + (inside.y - y) * 0.002, far[1] - (inside.x - x) * 0.002)
    return shapely.Polygon([points[0], far, side, *points])


def test_an_outline_that_touches_itself_is_repaired(
    own: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    broken = with_shape(own, "32", touching)
    assert not shape_of(broken, "32").is_valid
    outlines, problem = accepted(broken, embedded)
    assert problem is None
    assert outlines.geometry.is_valid.all()
    assert "were repaired, to the same area: 32" in caplog.text
    gers = outlines.set_index("departement").geometry["32"]
    assert gers.area == pytest.approx(shape_of(own, "32").area, rel=1e-3)
    # Each point of the border with the Landes is still a point of both.
    landes = set(shapely.get_coordinates(shape_of(own, "40")).round(9).view("c16").ravel())
    before = set(shapely.get_coordinates(shape_of(own, "32")).round(9).view("c16").ravel())
    after = set(shapely.get_coordinates(gers).round(9).view("c16").ravel())
    assert len(before & landes) > 10
    assert before & landes == after & landes


def test_the_outlines_that_etalab_publishes(
    embedded: gpd.GeoDataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    """Five of those of 2025 at 1000 m have a ring that touches itself."""
    case = ROOT.parent / "shared" / "cases" / "etalab_departements-1000m_2025.geojson"
    if not case.is_file():
        pytest.skip("the cases (../shared/cases) are not on this machine")
    outlines, problem = accepted(read(json.loads(case.read_text(encoding="utf-8"))), embedded)
    assert problem is None
    assert outlines.geometry.is_valid.all()
    assert "were repaired, to the same area: 09, 13, 29, 31, 971" in caplog.text


@needs_ign
def test_light_outlines_share_their_borders(
    ign: gpd.GeoDataFrame, embedded: gpd.GeoDataFrame
) -> None:
    new, _ = accepted(ign, embedded)
    light = light_boundaries(new)
    assert list(light.columns) == ["departement", "geometry"]
    assert tuple(light["departement"]) == CODES
    assert light.crs == new.crs
    assert light.geometry.is_valid.all()
    # No gap or overlap anywhere, and a tenth of the corners.
    assert shapely.coverage_is_valid(light.geometry.to_numpy())
    corners = light.geometry.count_coordinates().sum()
    assert corners < 0.1 * new.geometry.count_coordinates().sum()
    lambert = light.to_crs("EPSG:2154").set_index("departement").area
    true = new.to_crs("EPSG:2154").set_index("departement").area
    assert (lambert / true).between(0.9, 1.1).all()
