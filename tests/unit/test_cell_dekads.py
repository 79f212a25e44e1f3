"""Dekads of the cells of a grid: sums by hand, and which file a dekad is taken from."""

import gzip
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from geo_pipeline.errors import DamagedError
from geo_pipeline.spatial import cell_files
from geo_pipeline.spatial.grid import GridMeans
from tests.unit.test_grid import line, text

A, B = (6000, 24010), (6080, 24010)
"""Neighbours: the département 32 has the first, half of the second; 31 the other half."""


@pytest.fixture(scope="module")
def outlines() -> gpd.GeoDataFrame:
    shapes = [
        box(596_000, 2_397_000, 608_000, 2_405_000),
        box(608_000, 2_397_000, 612_000, 2_405_000),
    ]
    found = gpd.GeoDataFrame({"departement": ["32", "31"]}, geometry=shapes, crs="EPSG:27572")
    found["geometry"] = found.buffer(-0.01, join_style="mitre")
    return found.to_crs("OGC:CRS84")


@pytest.fixture
def grid(outlines: gpd.GeoDataFrame, tmp_path: Path) -> GridMeans:
    return GridMeans(outlines, tmp_path / "means")


def kept(grid: GridMeans, tmp_path: Path, rows: Iterable[str]) -> Path:
    """Return the file with the cells of a grid file of these rows."""
    content = text(rows)
    sha256 = hashlib.sha256(content).hexdigest()
    path = tmp_path / "received"
    path.write_bytes(gzip.compress(content, mtime=0))
    grid.means(path, sha256)
    return grid.cells(sha256)


def joined(files: Sequence[Path], codes: Sequence[str]) -> pd.DataFrame:
    """Return the rows of these files, sorted."""
    rows = cell_files.joined(files, codes)
    return rows.sort_values(["departement", "x_hm", "y_hm", "period_end"], ignore_index=True)


def days(month: str, first: int, last: int) -> list[str]:
    return [f"{month}{day:02d}" for day in range(first, last + 1)]


def test_sums_are_those_by_hand(grid: GridMeans, tmp_path: Path) -> None:
    """Ten days of 0.4 mm, of 0.3 mm of ETP; SWI 0.90 to 0.99, mean 0.945."""
    rows = [
        line(A, day, SWI=f"{0.9 + number / 100:.3f}", PRENEI="1.0" if number == 3 else "0.0")
        for number, day in enumerate(days("202001", 1, 10))
    ]
    table = joined([kept(grid, tmp_path, rows)], ["32"])
    assert table["period_end"].tolist() == [pd.Timestamp("2020-01-10")] * 2
    assert list(zip(table["x_hm"], table["y_hm"], strict=True)) == [A, B]
    assert table["area_km2"].tolist() == pytest.approx([64.0, 32.0], abs=1e-3)
    assert table["rain_mm"].tolist()[0] == pytest.approx(5.0)
    assert table["etp_mm"].tolist()[0] == pytest.approx(3.0)
    assert table["swi"].tolist()[0] == pytest.approx(0.945)
    # The file has no second cell: it has a row all the same, since its area is not known to be dry.
    assert table[["rain_mm", "etp_mm", "swi"]].iloc[1].isna().all()


def test_centres_are_those_of_pyproj(grid: GridMeans, tmp_path: Path) -> None:
    table = joined([kept(grid, tmp_path, [line(A, day) for day in days("202001", 1, 10)])], ["32"])
    known = gpd.points_from_xy([600_000, 608_000], [2_401_000] * 2, crs="EPSG:27572").to_crs(2154)
    assert table["x_km"].tolist() == pytest.approx((known.x / 1e3).tolist(), abs=2e-3)
    assert table["y_km"].tolist() == pytest.approx((known.y / 1e3).tolist(), abs=2e-3)


def test_a_cell_on_a_border_is_in_both(grid: GridMeans, tmp_path: Path) -> None:
    file = kept(grid, tmp_path, [line(B, day) for day in days("202001", 1, 10)])
    table = joined([file], ["31", "32"])
    of_b = table[table["x_hm"] == B[0]]
    assert of_b["departement"].tolist() == ["31", "32"]
    assert of_b["area_km2"].tolist() == pytest.approx([32.0, 32.0], abs=1e-3)
    assert of_b["rain_mm"].tolist() == pytest.approx([4.0, 4.0])


def test_a_dekad_that_the_file_has_in_part_is_left_out(grid: GridMeans, tmp_path: Path) -> None:
    rows = [line(A, day) for day in (*days("202002", 1, 10), *days("202002", 11, 19))]
    table = joined([kept(grid, tmp_path, rows)], ["32"])
    assert set(table["period_end"]) == {pd.Timestamp("2020-02-10")}


def test_the_end_of_february_has_eight_or_nine_days(grid: GridMeans, tmp_path: Path) -> None:
    rows = [line(A, day) for day in (*days("202002", 21, 29), *days("202102", 21, 28))]
    table = joined([kept(grid, tmp_path, rows)], ["32"])
    found = table[table["x_hm"] == A[0]].set_index("period_end")["rain_mm"]
    assert found.loc["2020-02-29"] == pytest.approx(9 * 0.4)
    assert found.loc["2021-02-28"] == pytest.approx(8 * 0.4)


def test_a_missing_value_makes_that_of_its_dekad_missing(grid: GridMeans, tmp_path: Path) -> None:
    """The rain of one day in A, a whole day in B."""
    rows = [
        line(A, day, PRELIQ="" if day.endswith("04") else "0.4") for day in days("202001", 1, 10)
    ]
    rows += [line(B, day) for day in days("202001", 1, 9)]
    a, b = joined([kept(grid, tmp_path, rows)], ["32"]).to_dict("records")
    assert np.isnan(a["rain_mm"])
    assert a["etp_mm"] == pytest.approx(3.0)
    assert np.isnan([b["rain_mm"], b["etp_mm"], b["swi"]]).all()


def test_any_order_of_rows_gives_the_same(grid: GridMeans, tmp_path: Path) -> None:
    rows = [
        line(cell, day, PRELIQ=f"{place}.{day[-1]}")
        for place, cell in enumerate((A, B))
        for day in (*days("202001", 1, 31), *days("202002", 1, 10))
    ]
    by_cell = joined([kept(grid, tmp_path, rows)], ["31", "32"])
    by_day = joined(
        [kept(grid, tmp_path, sorted(rows, key=lambda row: row.split(";")[2]))], ["31", "32"]
    )
    backwards = joined([kept(grid, tmp_path, rows[::-1])], ["31", "32"])
    pd.testing.assert_frame_equal(by_cell, by_day)
    pd.testing.assert_frame_equal(by_cell, backwards)


def test_a_dekad_is_of_the_first_file_that_has_it_whole(grid: GridMeans, tmp_path: Path) -> None:
    """The settled file ends within a dekad, that of the last days begins before it."""
    settled = kept(grid, tmp_path, [line(A, day, PRELIQ="1.0") for day in days("202001", 1, 15)])
    latest = kept(grid, tmp_path, [line(A, day, PRELIQ="2.0") for day in days("202001", 1, 20)])
    table = joined([settled, latest], ["32"])
    found = table[table["x_hm"] == A[0]].set_index("period_end")["rain_mm"]
    assert found.to_dict() == {pd.Timestamp("2020-01-10"): 10.0, pd.Timestamp("2020-01-20"): 20.0}


def test_cells_that_are_gone_are_told(tmp_path: Path) -> None:
    with pytest.raises(DamagedError, match=r"cells-none.parquet.*again"):
        joined([tmp_path / "cells-none.parquet"], ["32"])


def test_cells_are_made_with_the_means_and_again_where_they_are_gone(
    grid: GridMeans, tmp_path: Path
) -> None:
    rows = [line(A, day) for day in days("202001", 1, 10)]
    file = kept(grid, tmp_path, rows)
    before = file.read_bytes()
    file.unlink()
    assert kept(grid, tmp_path, rows).read_bytes() == before
