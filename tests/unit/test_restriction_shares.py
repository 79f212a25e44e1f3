"""Shares of a département's area by level: squares told by hand, real zones against shapely."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from geo_pipeline.errors import StorageError
from geo_pipeline.schemas import LEVELS
from geo_pipeline.spatial.zones import SHARE_COLUMNS, restriction_shares, with_shares
from geo_pipeline.tables import TABLES
from geo_pipeline.transforms.restriction_zones import with_zones

SOUTH, NORTH = 43.0, 44.0
OBSERVED = Path(__file__).resolve().parents[3] / "shared" / "data" / "observed"


def band(west: float, east: float, south: float = SOUTH, north: float = NORTH) -> Any:
    """Between two meridians: of bands of equal latitudes the areas are as their widths."""
    return shapely.box(west, south, east, north)


def frame(geometry: list[Any], **columns: list[str]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=geometry, crs="OGC:CRS84")


def zones(*rows: tuple[str, str, str, Any]) -> gpd.GeoDataFrame:
    names = ("departement", "zone_type", "level")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    return frame([row[3] for row in rows], **columns)


GERS_TARN = frame([band(1.0, 2.0), band(2.0, 3.0)], departement=["32", "81"])


def shares(*rows: tuple[str, str, str, Any]) -> pd.DataFrame:
    found = restriction_shares(GERS_TARN, zones(*rows))
    whole = found["area_km2"] + found["overlapping_km2"] + found["outside_km2"]
    assert whole.to_numpy() == pytest.approx(found["zones_km2"].to_numpy(), abs=1e-6)
    return found.set_index(["departement", "zone_type", "level"])


def test_where_zones_overlap_the_strictest_level_counts() -> None:
    found = shares(
        ("32", "surface", "alerte", band(1.0, 1.6)), ("32", "surface", "crise", band(1.4, 1.7))
    )
    assert found.loc[("32", "surface", "crise"), "share_pct"] == pytest.approx(30.0)
    assert found.loc[("32", "surface", "alerte"), "share_pct"] == pytest.approx(40.0)
    alerte = found.loc[("32", "surface", "alerte")]
    assert alerte["overlapping_km2"] == pytest.approx(alerte["area_km2"] / 2)


def test_all_four_levels_from_the_strictest() -> None:
    """Each milder zone reaches a tenth further: its share is what the stricter ones leave."""
    ends = dict(zip(LEVELS, (2.0, 1.9, 1.7, 1.4), strict=True))
    found = shares(*(("32", "drinking", level, band(1.0, end)) for level, end in ends.items()))
    of = found["share_pct"].droplevel([0, 1])
    assert [of[level] for level in LEVELS] == pytest.approx([10.0, 20.0, 30.0, 40.0])


def test_zones_of_one_level_that_overlap_count_once() -> None:
    found = shares(
        ("32", "surface", "alerte", band(1.0, 1.6)), ("32", "surface", "alerte", band(1.4, 1.8))
    ).loc[("32", "surface", "alerte")]
    assert found["share_pct"] == pytest.approx(80.0)
    assert found["zones"] == 2
    assert found["overlapping_km2"] == pytest.approx(found["area_km2"] / 4)


def test_a_level_that_is_covered_whole_has_no_area() -> None:
    found = shares(
        ("32", "surface", "vigilance", band(1.2, 1.4)), ("32", "surface", "crise", band(1.0, 2.0))
    )
    assert found.loc[("32", "surface", "vigilance"), "area_km2"] == 0.0
    assert found.loc[("32", "surface", "crise"), "share_pct"] == pytest.approx(100.0)
    assert found["share_pct"].sum() <= 100.0


def test_waters_are_apart() -> None:
    found = shares(
        ("32", "surface", "alerte", band(1.0, 1.5)),
        ("32", "groundwater", "crise", band(1.0, 1.2)),
        ("32", "drinking", "vigilance", band(1.0, 1.1)),
    )
    assert found["share_pct"].to_dict() == {
        ("32", "drinking", "vigilance"): pytest.approx(10.0),
        ("32", "groundwater", "crise"): pytest.approx(20.0),
        ("32", "surface", "alerte"): pytest.approx(50.0),
    }


def test_a_zone_holds_in_its_own_departement_only() -> None:
    """What lies beyond the border is outside, not the neighbour's."""
    found = shares(("32", "surface", "crise", band(1.5, 2.5)))
    assert len(found) == 1
    row = found.loc[("32", "surface", "crise")]
    assert row["share_pct"] == pytest.approx(50.0)
    assert row["outside_km2"] == pytest.approx(row["area_km2"])


def test_a_zone_without_its_departement_is_all_outside() -> None:
    row = shares(("974", "surface", "crise", band(55.2, 55.4, -21.2, -21.0))).iloc[0]
    assert row["area_km2"] == 0.0
    assert np.isnan(row["share_pct"])
    assert row["outside_km2"] == pytest.approx(row["zones_km2"])
    assert row["zones_km2"] > 400


def test_a_hole_is_not_in_the_zone_nor_in_the_departement() -> None:
    holed = band(1.0, 2.0).difference(band(1.4, 1.6))
    assert shares(("32", "surface", "crise", holed)).iloc[0]["share_pct"] == pytest.approx(80.0)
    found = restriction_shares(
        frame([holed], departement=["32"]), zones(("32", "surface", "crise", band(1.0, 1.8)))
    ).iloc[0]
    assert found["share_pct"] == pytest.approx(75.0)
    assert found["outside_km2"] == pytest.approx(found["area_km2"] / 3)


def test_invalid_polygons_are_repaired_and_counted() -> None:
    """A bow tie is its two triangles, half of its frame; of the band a tenth is in one of them."""
    tie = shapely.Polygon([(1.0, SOUTH), (2.0, NORTH), (2.0, SOUTH), (1.0, NORTH)])
    assert not tie.is_valid
    row = shares(("32", "surface", "alerte", tie), ("32", "surface", "alerte", band(1.4, 1.5))).loc[
        ("32", "surface", "alerte")
    ]
    assert (row["zones"], row["repaired_zones"]) == (2, 1)
    assert row["share_pct"] == pytest.approx(50.0 + 9.0)


def test_multipolygons_and_empty_ones() -> None:
    parts = shapely.MultiPolygon([band(1.0, 1.1), band(1.9, 2.0)])
    found = shares(
        ("32", "surface", "alerte", parts), ("32", "surface", "alerte", shapely.MultiPolygon())
    )
    assert found.iloc[0]["share_pct"] == pytest.approx(20.0)
    assert found.iloc[0]["zones"] == 2


def test_areas_are_true_from_guyane_to_the_north() -> None:
    """Against the geodesic area on the ellipsoid, of squares with many points on their sides."""
    geod = pyproj.Geod(ellps="WGS84")
    squares = {
        "973": band(-53.0, -52.0, 3.0, 4.0), "974": band(55.2, 55.8, -21.4, -20.9),
        "59": band(2.5, 3.5, 50.0, 51.0), "2A": band(8.6, 9.2, 41.4, 42.0),
    }  # fmt: skip
    fine = {code: shapely.segmentize(square, 0.005) for code, square in squares.items()}
    found = restriction_shares(
        frame(list(fine.values()), departement=list(fine)),
        zones(*((code, "surface", "crise", square) for code, square in fine.items())),
    ).set_index("departement")
    for code, square in fine.items():
        true_km2 = abs(geod.geometry_area_perimeter(square)[0]) / 1e6
        assert found.loc[code, "area_km2"] == pytest.approx(true_km2, rel=1e-6)
        assert found.loc[code, "share_pct"] == pytest.approx(100.0)


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(StorageError, match="unknown level: rouge"):
        shares(("32", "surface", "rouge", band(1.0, 2.0)))
    with pytest.raises(StorageError, match="unknown zone_type: SUP"):
        shares(("32", "SUP", "crise", band(1.0, 2.0)))
    twice = pd.concat([GERS_TARN, GERS_TARN])
    with pytest.raises(StorageError, match="more than one outline"):
        restriction_shares(twice, zones(("32", "surface", "crise", band(1.0, 2.0))))


# In wide form


def levels(**of: dict[str, str]) -> pd.DataFrame:
    rows = [
        {"departement": code, "level_surface": None, "level_groundwater": None,
         "level_drinking": None} | of.get(f"_{code}", {})
        for code in ("31", "32", "81")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_shares_in_wide_form() -> None:
    """0 where zones are known and a level holds nowhere; NaN where zones are not known."""
    measured = shares(
        ("32", "surface", "alerte", band(1.0, 1.6)), ("32", "surface", "crise", band(1.4, 1.7))
    ).reset_index()
    said = levels(_31={"level_surface": "crise"}, _32={"level_surface": "crise"})
    wide = with_shares(said, measured).set_index("departement")
    surface = [f"surface_{level}_pct" for level in LEVELS]
    assert wide.loc["32", surface].tolist() == pytest.approx([0.0, 40.0, 0.0, 30.0])
    assert wide.loc["31", surface].isna().all(), "in crisis, and no zone of it"
    assert wide.loc["81", surface].tolist() == [0.0, 0.0, 0.0, 0.0]
    assert (wide["drinking_crise_pct"] == 0.0).all()
    assert list(wide.columns[-12:]) == list(SHARE_COLUMNS)


def test_without_zones_no_share_is_known() -> None:
    wide = with_shares(levels(), None)
    assert wide[list(SHARE_COLUMNS)].isna().all(axis=None)


def test_without_its_outline_a_departement_has_no_shares() -> None:
    measured = restriction_shares(GERS_TARN, zones(("31", "surface", "crise", band(0.0, 1.0))))
    wide = with_shares(levels(), measured).set_index("departement")
    assert np.isnan(wide.loc["31", "surface_crise_pct"])
    assert wide.loc["32", "surface_crise_pct"] == 0.0


def test_no_zone_at_all() -> None:
    none = zones(("32", "surface", "crise", band(1.0, 2.0))).iloc[:0]
    measured = restriction_shares(GERS_TARN, none)
    assert measured.empty
    wide = with_shares(levels(_31={"level_surface": "crise"}), measured).set_index("departement")
    assert np.isnan(wide.loc["31", "surface_crise_pct"])
    assert wide.loc["32", "surface_crise_pct"] == 0.0


def test_the_table_has_these_columns() -> None:
    columns = TABLES["water_restrictions"].rows.to_schema().columns
    assert set(SHARE_COLUMNS) <= set(columns)


# Zones beside them


def zone_rows(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """département, type, level and name; zones without an order."""
    names = ["departement", "zone_type", "level", "name"]
    without = dict.fromkeys(["order", "order_url", "first_day", "last_day", "farming"])
    return pd.DataFrame([dict(zip(names, row, strict=True)) | without for row in rows])


def test_zones_in_force_the_strictest_first() -> None:
    told = with_zones(
        levels(),
        zone_rows(
            ("32", "surface", "vigilance", "Adour"),
            ("32", "groundwater", "crise", "Nappe"),
            ("32", "surface", "crise", "Gers"),
            ("81", "surface", "alerte", "Tarn"),
        ).assign(order="n° 1"),
    ).set_index("departement")["zones"]
    assert [zone["name"] for zone in json.loads(told["32"])] == ["Nappe", "Gers", "Adour"]
    assert json.loads(told["81"]) == [
        {"name": "Tarn", "zone_type": "surface", "level": "alerte", "order": "n° 1"}
    ]
    assert told["31"] == "[]"


def test_where_not_all_zones_are_known_none_is_told() -> None:
    rows = zone_rows(("32", "surface", "crise", "Gers"))
    told = with_zones(levels(), rows, (("32", "drinking"),)).set_index("departement")["zones"]
    assert told["32"] is None
    assert told["31"] == "[]"
    assert with_zones(levels(), None)["zones"].isna().all()


# Real zones


@pytest.fixture(scope="module")
def real() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """The 2,745 zones of 2 July 2026 with a level, and the outlines of IGN."""
    if not OBSERVED.exists():
        pytest.skip("the observations for checks (../shared/data) are not on this machine")
    text = (OBSERVED / "vigieau_zones_2026-07-02.geojson").read_text(encoding="utf-8")
    features = [f for f in json.loads(text)["features"] if f["properties"]["niveau"]]
    said = pd.DataFrame([f["properties"] for f in features])
    kinds = {"SUP": "surface", "SOU": "groundwater", "AEP": "drinking"}
    found = gpd.GeoDataFrame(
        {
            "departement": said["departement_code"],
            "zone_type": said["type_zone"].map(kinds),
            "level": said["niveau"],
        },
        geometry=shapely.from_geojson([json.dumps(f["geometry"]) for f in features]),
        crs="OGC:CRS84",
    )
    outlines = gpd.read_file(OBSERVED / "ign_departements_2018.geojson")
    outlines = outlines.rename(columns={"code": "departement"})[["departement", "geometry"]]
    return outlines.set_crs("OGC:CRS84", allow_override=True), found


def test_real_zones_all_accounted_for(real: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]) -> None:
    outlines, found = real
    measured = restriction_shares(outlines, found)
    assert measured["zones"].sum() == 2745
    total_km2 = found.to_crs(6933).area.sum() / 1e6
    parts = ["area_km2", "overlapping_km2", "outside_km2"]
    assert measured[parts].sum().sum() == pytest.approx(total_km2, rel=1e-9)
    assert (measured[parts] >= -1e-6).all(axis=None)
    sums = measured.groupby(["departement", "zone_type"])["share_pct"].sum()
    assert sums.max() <= 100.0
    # The outlines of zones are drawn coarsely: a few percent of them lie beyond the IGN's.
    assert measured["outside_km2"].sum() < 0.05 * total_km2


@pytest.mark.parametrize("code", ["2A", "31", "37", "40", "68", "86"])
def test_real_zones_against_shapely(
    real: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], code: str
) -> None:
    """Strictest first, each level is what of its union the stricter ones leave."""
    outlines, found = real
    mine = found[found["departement"] == code]
    outline = outlines[outlines["departement"] == code]
    measured = restriction_shares(outline, mine).set_index(["zone_type", "level"])["area_km2"]
    shape = outline.to_crs(6933).geometry.iloc[0]
    for kind, of_kind in mine.to_crs(6933).groupby("zone_type"):
        stricter = shapely.MultiPolygon()
        for level in reversed(LEVELS):
            union = shapely.union_all(of_kind.geometry[of_kind["level"] == level])
            left = union.difference(stricter).intersection(shape)
            stricter = stricter.union(union)
            assert measured.get((kind, level), 0.0) == pytest.approx(
                left.area / 1e6, rel=1e-6, abs=1e-6
            )
