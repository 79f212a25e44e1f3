"""Grid files to means of départements: weights known by hand, and every way a file can be wrong."""

import gzip
import hashlib
import shutil
import threading
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shapely.geometry import Point, Polygon, box

from geo_pipeline.errors import SourceError, StorageError
from geo_pipeline.places import PROJECT_ROOT
from geo_pipeline.spatial import database, grid, grid_files
from geo_pipeline.spatial.grid import Cell, GridMeans

HEADER = (
    "LAMBX;LAMBY;DATE;PRENEI_Q;PRELIQ_Q;T_Q;FF_Q;Q_Q;DLI_Q;SSI_Q;HU_Q;EVAP_Q;ETP_Q;PE_Q;SWI_Q;"
    "DRAINC_Q;RUNC_Q;RESR_NEIGE_Q;RESR_NEIGE6_Q;HTEURNEIGE_Q;HTEURNEIGE6_Q;HTEURNEIGEX_Q;"
    "SNOW_FRAC_Q;ECOULEMENT_Q;WG_RACINE_Q;WGI_RACINE_Q;TINF_H_Q;TSUP_H_Q"
)
USUAL = {
    "PRENEI": "0.0", "PRELIQ": "0.4", "T": "9.9", "FF": "2.1", "SSI": "111.1", "HU": "98.4",
    "ETP": "0.3", "SWI": "0.940", "TINF_H": "9.5", "TSUP_H": "10.9",
}  # fmt: skip
A, B, C = (6000, 24010), (6080, 24010), (6000, 24090)
"""Neighbours: `square` covers the first, half of the second, a quarter of the third."""

SEA = (0, 24010)
DAY = "20200101"


def line(cell: tuple[object, object], day: str = DAY, header: str = HEADER, **said: str) -> str:
    """Return a row of a grid file; what is not said is as usual, what is not read is 0.0."""
    values = {**USUAL, **said, "LAMBX": str(cell[0]), "LAMBY": str(cell[1]), "DATE": day}
    return ";".join(values.get(name.removesuffix("_Q"), "0.0") for name in header.split(";"))


def text(rows: Iterable[str], header: str = HEADER) -> bytes:
    return "".join(f"{row}\n" for row in [header, *rows]).encode()


def embedded() -> gpd.GeoDataFrame:
    path = PROJECT_ROOT / "assets_data" / "departements.parquet"
    return gpd.GeoDataFrame.from_arrow(pq.ParquetFile(path).read())


@pytest.fixture(scope="module")
def outlines() -> gpd.GeoDataFrame:
    """Return a département of 64 + 32 + 16 km², and one of a single cell beside it."""
    first = Polygon(
        [
            (596_000, 2_397_000), (608_000, 2_397_000), (608_000, 2_405_000), (600_000, 2_405_000),
            (600_000, 2_409_000), (596_000, 2_409_000),
        ]
    )  # fmt: skip
    second = box(608_000, 2_397_000, 612_000, 2_405_000)
    outlines = gpd.GeoDataFrame(
        {"departement": ["32", "31"]}, geometry=[first, second], crs="EPSG:27572"
    )
    # A centimetre inside, so that no projection puts a border beyond that of a cell.
    outlines["geometry"] = outlines.buffer(-0.01, join_style="mitre")
    return outlines.to_crs("OGC:CRS84")


@pytest.fixture(scope="module")
def weighed(outlines: gpd.GeoDataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that keeps the weights of the two. Copy it, do not write to it."""
    folder = tmp_path_factory.mktemp("weighed")
    GridMeans(outlines, folder).weights(Cell(*A))
    return folder


@pytest.fixture
def square(outlines: gpd.GeoDataFrame, weighed: Path, tmp_path: Path) -> GridMeans:
    """Return a grid of the two whose weights are known."""
    return GridMeans(outlines, Path(shutil.copytree(weighed, tmp_path / "means")))


@pytest.fixture
def read(square: GridMeans, tmp_path: Path) -> Callable[..., pd.DataFrame]:
    """Return what gives the means of a département over a file of these bytes."""

    def means(content: bytes, departement: str = "32", *, zipped: bool = True) -> pd.DataFrame:
        path = tmp_path / "received"
        path.write_bytes(gzip.compress(content, mtime=0) if zipped else content)
        return frame(square(path, hashlib.sha256(content).hexdigest(), departement))

    return means


def frame(rows: pa.Table) -> pd.DataFrame:
    return pd.DataFrame(rows.to_pandas(date_as_object=False, coerce_temporal_nanoseconds=True))


def test_a_known_point_keeps_its_place() -> None:
    """Longitude first: the Paris meridian is 600 km east, the 52nd grade 2,200 km north."""
    query = "SELECT ST_Transform(ST_Point($lon, $lat), 'OGC:CRS84', 'EPSG:27572') AS p"
    known = {(2.337229, 46.8): (600_000, 2_200_000), (2.3488, 48.8534): (600_903, 2_428_340)}
    for (lon, lat), place in known.items():
        with database.connect() as connection:
            found = connection.execute(
                f"SELECT ST_X(p), ST_Y(p) FROM ({query})", {"lon": lon, "lat": lat}
            ).fetchone()
        # From the old datum to the new one are some 60 m.
        assert found == pytest.approx(place, abs=100)
        by_pyproj = gpd.GeoSeries([Point(lon, lat)], crs="EPSG:4326").to_crs("EPSG:27572")[0]
        assert found == pytest.approx((by_pyproj.x, by_pyproj.y), abs=1)


def test_weights_are_the_areas_by_hand(square: GridMeans) -> None:
    weights = square.weights(Cell(*A)).set_index(["departement", "x_hm", "y_hm"])
    assert weights["area_m2"].to_dict() == pytest.approx(
        {
            ("31", *B): 32e6,
            ("32", *A): 64e6,
            ("32", *B): 32e6,
            ("32", *C): 16e6,
        },
        abs=500,
    )
    assert weights.loc["32", "departement_m2"].unique() == pytest.approx([112e6], abs=2000)


def test_weights_do_not_depend_on_which_cell_comes_first(square: GridMeans) -> None:
    pd.testing.assert_frame_equal(square.weights(Cell(*A)), square.weights(Cell(6800, 16010)))


def test_weights_cover_the_real_departements_whole() -> None:
    """All 96 of the mainland and Corsica, none overseas, no cell counted for more than it has."""
    folder = Path("unused")
    weights = database.run(
        "sim2_weights",
        {
            "departements": GridMeans(embedded(), folder)._outlines,
            "anchor": pd.DataFrame([Cell(*A)]),
        },
    )
    assert weights["departement"].nunique() == 96
    assert {"2A", "2B", "75"} < set(weights["departement"])
    by_departement = weights.groupby("departement")
    covered = by_departement["area_m2"].sum() / by_departement["departement_m2"].first()
    assert covered.to_numpy() == pytest.approx(1.0, abs=1e-6)
    by_cell = weights.groupby(["x_hm", "y_hm"])["area_m2"].sum()
    assert by_cell.max() <= 64e6 + 10
    # 544,000 km² of mainland and 8,700 of Corsica, as coarse outlines have them.
    assert weights["area_m2"].sum() / 1e12 == pytest.approx(0.549, rel=0.02)


def test_weights_are_those_of_geopandas() -> None:
    outlines = embedded().query("departement == '2A'").to_crs("EPSG:27572")
    weights = database.run(
        "sim2_weights",
        {"departements": outlines.to_crs("OGC:CRS84")[["departement", "geometry"]],
         "anchor": pd.DataFrame([Cell(*A)])},
    )  # fmt: skip
    cells = gpd.GeoSeries(
        [
            box(100 * x - 4000, 100 * y - 4000, 100 * x + 4000, 100 * y + 4000)
            for x, y in zip(weights["x_hm"], weights["y_hm"], strict=True)
        ],
        crs="EPSG:27572",
    )
    areas = cells.intersection(outlines.geometry.iloc[0]).area
    assert weights["area_m2"].to_numpy() == pytest.approx(areas.to_numpy(), abs=100)


def test_means_are_by_area(read: Callable[..., pd.DataFrame]) -> None:
    """64, 32 and 16 km²: (64 x 10 + 32 x 20 + 16 x 40) / 112."""
    content = text([line(A, T="10"), line(B, T="20"), line(C, T="40"), line(SEA, T="-40")])
    rows = read(content)
    assert rows["date"].tolist() == [pd.Timestamp("2020-01-01")]
    assert rows["tmean_c"].tolist() == pytest.approx([17.142857], abs=1e-4)
    assert rows["cells"].tolist() == [3]
    assert rows["coverage_pct"].tolist() == pytest.approx([100.0], abs=1e-4)
    assert read(content, "31")["tmean_c"].tolist() == [20.0]


def test_every_value_is_what_the_file_has(read: Callable[..., pd.DataFrame]) -> None:
    (row,) = read(text([line(A, PRENEI="1.5")])).to_dict("records")
    assert row.pop("coverage_pct") == pytest.approx(100 * 64 / 112, abs=1e-4)
    assert row == {
        "departement": "32", "date": pd.Timestamp("2020-01-01"), "cells": 1, "tmin_c": 9.5,
        "tmax_c": 10.9, "tmean_c": 9.9, "precip_mm": 1.9, "radiation_j_cm2": 111.1,
        "wind_10m_m_s": 2.1, "rh_pct": 98.4, "etp_mm": 0.3, "swi": 0.94,
    }  # fmt: skip


def test_a_mean_rests_on_the_cells_with_a_value(read: Callable[..., pd.DataFrame]) -> None:
    (row,) = read(
        text(
            [
                line(A, T="10", PRENEI="", PRELIQ="2", SWI=""),
                line(B, T="20", PRENEI="1", PRELIQ="2", SWI="NA"),
                line(C, T="", PRENEI="0", PRELIQ="", SWI="NaN"),
            ]
        )
    ).to_dict("records")
    assert row["tmean_c"] == pytest.approx((64 * 10 + 32 * 20) / 96, abs=1e-4)
    # Rain without snow known is no precipitation known.
    assert row["precip_mm"] == 3.0
    assert np.isnan(row["swi"])
    assert row["cells"] == 3


def test_zero_is_not_missing(read: Callable[..., pd.DataFrame]) -> None:
    rows = read(text([line(A, PRELIQ="0"), line(B, PRELIQ="0.0"), line(C, PRELIQ="")]))
    assert rows["precip_mm"].tolist() == [0.0]


def test_days_without_a_cell_have_no_row(read: Callable[..., pd.DataFrame]) -> None:
    rows = read(text([line(A, "20200103"), line(SEA, "20200102"), line(B, "20191231")]))
    assert rows["date"].dt.strftime("%Y%m%d").tolist() == ["20191231", "20200103"]
    assert read(text([line(A)]), "31").empty


def test_any_order_of_rows_and_any_batches_give_the_same(
    read: Callable[..., pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(2)
    days = pd.date_range("2019-12-20", "2020-03-02").strftime("%Y%m%d")
    rows = [
        line(cell, day, T=f"{rng.normal(10, 5):.1f}", SWI=f"{rng.uniform():.3f}")
        for cell in (A, B, C, SEA)
        for day in days
    ]
    expected = read(text(rows))
    assert len(expected) == 74
    monkeypatch.setattr(grid_files, "BLOCK", 700)
    pd.testing.assert_frame_equal(read(text([*reversed(rows), ""])), expected)
    pd.testing.assert_frame_equal(
        read(text(sorted(rows, key=lambda row: row.split(";")[2])) + b"\n\n"), expected
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.replace(b"_Q", b""),
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.rstrip(b"\n"),
        lambda content: content.lower().replace(b"\n", b"\n\n"),
        lambda content: content.replace(b"6000;24010;", b"6000.0;24010.0;"),
    ],
    ids=[
        "no suffix",
        "byte order mark",
        "CRLF",
        "no last newline",
        "lower case, empty lines",
        "whole numbers with a point",
    ],
)
def test_what_may_differ_between_releases(
    read: Callable[..., pd.DataFrame], change: Callable[[bytes], bytes]
) -> None:
    content = text([line(A, T="10"), line(B, T="20"), line(C, T="40")])
    for zipped in (True, False):
        rows = read(change(content), zipped=zipped)
        assert rows["tmean_c"].tolist() == pytest.approx([17.142857], abs=1e-4)


def test_columns_in_another_order_and_without_extremes(
    read: Callable[..., pd.DataFrame],
) -> None:
    header = "SWI;DATE;T;SSI;LAMBY;NEW;LAMBX;HU;ETP;FF;PRELIQ;PRENEI"
    (row,) = read(text([line(A, header=header)], header)).to_dict("records")
    assert (row["tmean_c"], row["swi"], row["precip_mm"]) == (9.9, 0.94, 0.4)
    assert np.isnan(row["tmin_c"])
    assert np.isnan(row["tmax_c"])


def test_cells_that_reach_no_departement_are_counted(square: GridMeans, tmp_path: Path) -> None:
    path = tmp_path / "grid.csv"
    abroad = (20_000, 24_010)
    rows = [line(cell, day) for cell in (A, SEA, abroad) for day in ("20200101", "20200102")]
    path.write_bytes(text(rows))
    metadata = pq.read_schema(square.means(path, "0" * 64)).metadata
    assert metadata[b"cells_outside"] == b"2"


def test_a_file_is_read_once_whoever_asks(
    square: GridMeans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "grid.csv"
    path.write_bytes(text([line(A), line(B)]))
    head, read = grid.head, []
    monkeypatch.setattr(grid, "head", lambda path: read.append(path) or head(path))
    answers: list[pa.Table] = []
    threads = [
        threading.Thread(target=lambda code=code: answers.append(square(path, "1" * 64, code)))
        for code in ("32", "31", "32", "75")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(answer) for answer in answers) == [0, 1, 1, 1]
    assert read == [path]
    path.unlink()
    assert len(square(path, "1" * 64, "32")) == 1


def test_other_outlines_or_content_are_read_anew(square: GridMeans, tmp_path: Path) -> None:
    path = tmp_path / "grid.csv"
    path.write_bytes(text([line(A)]))
    assert len(square(path, "1" * 64, "31")) == 0
    moved = square._outlines.assign(departement=["31", "32"])
    assert len(GridMeans(moved, tmp_path / "means")(path, "1" * 64, "31")) == 1
    path.write_bytes(text([line(B)]))
    assert len(square(path, "2" * 64, "31")) == 1


def test_means_are_those_of_pandas(tmp_path: Path) -> None:
    """Real outlines, every sixteenth cell of the grid, five days, a tenth of values missing."""
    rng = np.random.default_rng(8)
    cells = [(x, y) for x in range(600, 12200, 320) for y in range(16010, 26900, 320)]
    days = pd.date_range("2020-02-27", periods=5)
    frame = pd.DataFrame(
        [(x, y, day) for x, y in cells for day in days], columns=["LAMBX", "LAMBY", "DATE"]
    )
    numbers = {
        "PRENEI": (0, 3, 1), "PRELIQ": (0, 60, 1), "T": (-20, 35, 1), "FF": (0, 20, 1),
        "SSI": (0, 3000, 1), "HU": (20, 100, 1), "ETP": (0, 9, 1), "SWI": (-0.1, 1.4, 3),
        "TINF_H": (-25, 25, 1), "TSUP_H": (-15, 43, 1),
    }  # fmt: skip
    for name, (low, high, decimals) in numbers.items():
        frame[name] = rng.uniform(low, high, len(frame)).round(decimals)
        frame.loc[rng.random(len(frame)) < 0.1, name] = np.nan
    path = tmp_path / "grid.csv.gz"
    frame.to_csv(path, sep=";", index=False, date_format="%Y%m%d")

    means = GridMeans(embedded(), tmp_path / "means")
    whole = pq.read_table(means.means(path, "3" * 64)).to_pandas()

    weights = means.weights(Cell(600, 16010))
    joined = frame.assign(precip=frame["PRENEI"] + frame["PRELIQ"]).merge(
        weights, left_on=["LAMBX", "LAMBY"], right_on=["x_hm", "y_hm"]
    )
    groups = ["departement", "DATE"]
    columns = {
        "precip": "precip_mm", "T": "tmean_c", "TINF_H": "tmin_c", "TSUP_H": "tmax_c",
        "SSI": "radiation_j_cm2", "FF": "wind_10m_m_s", "HU": "rh_pct", "ETP": "etp_mm",
        "SWI": "swi",
    }  # fmt: skip
    for name, column in columns.items():
        weighted = joined[name] * joined["area_m2"]
        area = joined["area_m2"].where(joined[name].notna())
        sums = joined[groups].assign(weighted=weighted, area=area).groupby(groups).sum(min_count=1)
        expected = (sums["weighted"] / sums["area"]).to_numpy()
        np.testing.assert_allclose(whole[column].to_numpy(), expected, rtol=1e-9)
    assert whole[columns.values()].isna().to_numpy().any()


def cut_after(rows: int) -> Callable[[bytes], bytes]:
    """Return what zips so that all that is left after a cut are whole rows."""

    def cut(content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        packer = zlib.compressobj(wbits=31)
        return packer.compress(b"".join(lines[: rows + 1])) + packer.flush(zlib.Z_SYNC_FLUSH)

    return cut


def flipped(content: bytes) -> bytes:
    """Return an archive whose checksum does not match."""
    zipped = bytearray(gzip.compress(content, mtime=0))
    zipped[-8] ^= 1
    return bytes(zipped)


GOOD = [line(A), line(B), line(C)]


def with_row(cell: tuple[object, object], day: str = DAY, **said: str) -> bytes:
    """Return a good file with one more row."""
    return text([*GOOD, line(cell, day, **said)])


NEXT = "20200102"


WRONG: tuple[tuple[bytes, str], ...] = (
    (cut_after(2)(text(GOOD)), "gzip archive that ends too early"),
    (gzip.compress(text(GOOD), mtime=0)[:-3], "gzip archive that ends too early"),
    (gzip.compress(text(GOOD), mtime=0)[:60], "gzip archive that ends too early"),
    (flipped(text(GOOD)), "damaged gzip archive"),
    (gzip.compress(text(GOOD), mtime=0) + b"more than a header", "damaged gzip archive"),
    (b"<!DOCTYPE html><html><body>503</body></html>", "HTML in place of a grid"),
    (gzip.compress(b"<html>", mtime=0), "HTML in place of a grid"),
    (b"", "an empty file"),
    (text([]), "has no rows"),
    (text(GOOD).replace(b"SWI_Q", b"SWIX_Q"), "has no column SWI among LAMBX"),
    (text(GOOD).replace(b";", b","), "has no column LAMBX, LAMBY, DATE"),
    (text(GOOD).replace(b";Q_Q", b";T"), "has two columns T"),
    (with_row(A, NEXT, T="n/d"), "'n/d' in place of a number in line 5, column T"),
    (with_row(A, NEXT, ETP="0,3"), "'0,3' in place of a number in line 5, column ETP"),
    (with_row(A, "2020-01-02"), "'2020-01-02' in place of a whole number in line 5"),
    (with_row(A, "20200230"), "20200230 in place of a date YYYYMMDD in cell 6000;24010"),
    (with_row(A, "20201301"), "20201301 in place of a date"),
    (with_row(A, "18991231"), "18991231 in place of a date"),
    (with_row(A, ""), "has a row without DATE"),
    (with_row(("", 24010), NEXT), "has a row without LAMBX"),
    (text(GOOD) + b"1\n", "1 columns in place of 28 in line 5"),
    (with_row(A, NEXT).rstrip() + b";1\n", "29 columns in place of 28 in line 5"),
    (with_row(A, NEXT).rstrip().rpartition(b";")[0], "27 columns in place of 28 in line 5"),
    (with_row(A, NEXT, T="-9999"), "tmean_c -9999 in cell 6000;24010 of 20200102"),
    (with_row(A, NEXT, SWI="inf"), "swi inf in cell"),
    (with_row(A, NEXT, PRELIQ="-0.1"), "precip_mm -0.1 in cell"),
    (with_row(B), "has cell 6080;24010 of 20200101 twice"),
    (text([line(A), *GOOD]), "has cell 6000;24010 of 20200101 twice"),
    (with_row((6040, 24010)), "cell 6040;24010 of 20200101 that is not on the grid"),
    (text([line(("x", 24010)), *GOOD]), "no LAMBX and LAMBY in line 2"),
)
"""Contents of a file, each with what is said of it."""


@pytest.mark.parametrize("block", [grid_files.BLOCK, 1, 200])
def test_what_is_wrong_is_told_and_nothing_is_kept(
    square: GridMeans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(grid_files, "BLOCK", block)
    path = tmp_path / "received"
    otherwise = {}
    for content, says in WRONG:
        path.write_bytes(content)
        try:
            told = f"{len(square(path, '4' * 64, '32'))} rows"
        except SourceError as error:
            told = str(error)
        kept = list(tmp_path.glob("means/means-*.parquet"))
        alive = [each.name for each in threading.enumerate() if each.name.startswith("grid")]
        if says not in told or "\n" in told or kept or alive:
            otherwise[says] = told, kept, alive
    assert not otherwise


def test_equal_files_give_equal_bytes(square: GridMeans, tmp_path: Path) -> None:
    path = tmp_path / "received"
    path.write_bytes(text([line(cell, T=f"{7.1 * i:.1f}") for i, cell in enumerate((A, B, C))]))
    kept = square.means(path, "5" * 64)
    first = kept.read_bytes()
    kept.unlink()
    assert square.means(path, "5" * 64).read_bytes() == first


@pytest.mark.parametrize("wrong", [{"T": "n/d"}, {"DATE": "20209999"}])
def test_a_long_file_that_is_wrong_early_is_given_up(
    square: GridMeans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    """Some MB are still to come when the fault is met: nobody waits for them, nobody is left."""
    monkeypatch.setattr(grid_files, "BLOCK", 100_000)
    days = pd.date_range("1958-08-01", "2020-12-31").strftime("%Y%m%d")
    first = line(A, wrong.get("DATE", days[0]), T=wrong.get("T", "1"))
    rows = [first, *(line(cell, day) for cell in (B, C) for day in days)]
    path = tmp_path / "received"
    path.write_bytes(text(rows))
    with pytest.raises(SourceError, match=r"'n/d' in place|20209999 in place"):
        square(path, "7" * 64, "32")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("grid")]


def test_of_two_faults_the_first_is_told_with_its_line(
    square: GridMeans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks are unzipped and parsed at the same time: one behind may be refused sooner."""
    monkeypatch.setattr(grid_files, "BLOCK", 10_000)
    days = pd.date_range("1991-01-01", "2020-12-31").strftime("%Y%m%d")
    for first, second in ((1_000, 1_100), (200, 9_000), (5_000, None)):
        rows = [line(A, day) for day in days]
        rows[first] = line(A, days[first], T="n/d")
        if second is not None:
            rows[second] = line(A, days[second], ETP="0,3")
        content = text(rows)
        path = tmp_path / "received"
        path.write_bytes(content if second is not None else gzip.compress(content, mtime=0)[:-9])
        with pytest.raises(SourceError, match=rf"'n/d' in place of a number in line {first + 2},"):
            square(path, "8" * 64, "32")


@pytest.mark.parametrize("many", [1, 3])
def test_one_impossible_cell_does_not_refuse_the_others(
    read: Callable[..., pd.DataFrame], caplog: pytest.LogCaptureFixture, many: int
) -> None:
    """It is left out of the mean of its day and named; more than one in a thousand is the unit."""
    days = pd.date_range("2018-01-01", periods=700).strftime("%Y%m%d")
    wrong = days[:many]
    temperatures = {A: "10", B: "20", C: "40"}
    content = text(
        [
            line(cell, day, T="-9999" if cell == C and day in wrong else temperature)
            for day in days
            for cell, temperature in temperatures.items()
        ]
    )
    if many > 2:
        with pytest.raises(SourceError, match=r"has tmean_c -9999 in cell .* of 20180101"):
            read(content)
        return
    rows = read(content)
    # Areas of A, B and C in the département are 64, 32 and 16 km².
    assert rows["tmean_c"].tolist() == pytest.approx([1280 / 96, *[1920 / 112] * 699], abs=1e-4)
    assert "sim2: left out 1 values, the first: has tmean_c -9999 in cell" in caplog.text


@pytest.mark.parametrize("damage", ["a bit flipped", "cut"])
@pytest.mark.parametrize("which", ["means", "weights"])
def test_what_is_damaged_is_made_again(
    square: GridMeans, tmp_path: Path, which: str, damage: str
) -> None:
    path = tmp_path / "received"
    path.write_bytes(text([line(A)]))
    rows = square(path, "8" * 64, "32")
    (means,) = square._folder.glob("means-8*.parquet")
    (weights,) = square._folder.glob("weights-*.parquet")
    kept = {"means": means, "weights": weights}[which]
    whole = kept.read_bytes()
    flipped = whole[:100] + bytes([whole[100] ^ 2]) + whole[101:]
    kept.write_bytes(flipped if damage == "a bit flipped" else whole[:200])
    if which == "weights":
        means.unlink()
    assert square(path, "8" * 64, "32") == rows
    assert kept.read_bytes() == whole


def test_a_grid_that_is_not_there_is_told(square: GridMeans, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot read .*nowhere"):
        square(tmp_path / "nowhere", "9" * 64, "32")
