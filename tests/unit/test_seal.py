"""The seal: no damage of a file of the lake is read, and other readers do not mind it."""

import hashlib
import io
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from geo_pipeline import seal
from geo_pipeline.errors import DamagedError
from geo_pipeline.provenance import Provenance
from geo_pipeline.spatial import database
from geo_pipeline.storage.lake import Lake, read
from geo_pipeline.tables import TABLES

ORIGIN = Provenance("bundled", "assets_data/x.parquet", "2026-11-23", "ab" * 32)
FLIPS = 250
"""Single bits flipped in a file of each table."""


def filled(table: str, code: str = "31", rows: int = 60) -> pd.DataFrame:
    """Return rows of a table with a value of its type in each column."""
    numbers = range(rows)
    by_kind = {
        "datetime64[ns]": pd.date_range("2026-01-01", periods=rows),
        "float64": [0.1 * number for number in numbers],
        "float32": [0.1 * number for number in numbers],
        "int8": [number % 9 + 1 for number in numbers],
        "int32": [2000 + number for number in numbers],
        "int64": [2000 + number for number in numbers],
        "Int64": [2000 + number for number in numbers],
        "bool": [number % 2 == 0 for number in numbers],
        "geometry": gpd.GeoSeries(
            [shapely.Point(number / 10, 45).buffer(0.5) for number in numbers], crs=database.LONLAT
        ),
    }
    columns = TABLES[table].rows.to_schema().columns
    frame = pd.DataFrame(
        {
            name: [code] * rows
            if name == "departement"
            else by_kind.get(str(column.dtype), ["été"] * rows)
            for name, column in columns.items()
        }
    )
    if "geometry" not in columns:
        return frame
    return gpd.GeoDataFrame(frame, geometry="geometry")


@pytest.fixture(scope="module")
def whole_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a file of each table. Copy it, do not write to it."""
    lake = Lake(tmp_path_factory.mktemp("whole") / "lake")
    for table in TABLES:
        for code in ("31", "32") if TABLES[table].partitioned else (None,):
            lake.write(table, filled(table, code or "31"), ORIGIN, code)
    return lake.root


@pytest.fixture
def lake(whole_lake: Path, tmp_path: Path) -> Lake:
    return Lake(Path(shutil.copytree(whole_lake, tmp_path / "lake")))


def damages(whole: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield what a disk or a copy may make of a file, each with what was done to it."""
    chance = random.Random(seed)
    tail = range(8 * (len(whole) - 8), 8 * len(whole))  # length of the footer, and PAR1
    mark = whole.index(seal.MARK)
    seals = range(8 * mark, 8 * (mark + len(seal.MARK) + seal.DIGEST_BYTES))
    sign = whole.rindex(seal.SIGN)  # the footer's own
    signed = range(8 * sign, 8 * (sign + len(seal.SIGN)))
    anywhere = [chance.randrange(8 * len(whole)) for _ in range(FLIPS)]
    for bit in [*anywhere, *tail, *chance.sample(seals, 60), *chance.sample(signed, 40)]:
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        yield f"bit {bit} flipped", bytes(flipped)
    for _ in range(15):
        length = chance.randrange(len(whole))
        yield f"cut to {length} bytes", whole[:length]
        more = chance.randbytes(chance.randint(1, 600))
        yield f"{len(more)} bytes more", whole + more
        yield f"{len(more)} bytes before", more + whole
        first, size = chance.randrange(len(whole)), chance.choice((1, 16, 512, 4096))
        zeroed = whole[:first] + bytes(size) + whole[first + size :]
        if zeroed != whole:
            yield f"{size} bytes zeroed from {first}", zeroed[: len(whole)]
        one, other = sorted(chance.sample(range(len(whole)), 2))
        yield f"bytes {one} to {other} lost", whole[:one] + whole[other:]


def is_believed(look: Callable[[Path], object], path: Path) -> bool:
    """Return whether a file is read without a word."""
    try:
        look(path)
    except DamagedError:
        return False
    return True


@pytest.mark.parametrize("table", list(TABLES))
def test_no_damage_goes_unnoticed(lake: Lake, table: str) -> None:
    path = lake.files(table)[0]
    whole = path.read_bytes()
    inspection = lake.inspect(path)
    assert (inspection.damage, inspection.sha256) == (None, hashlib.sha256(whole).hexdigest())
    for seed, (what, damaged) in enumerate(damages(whole, seed=len(table))):
        if damaged == whole:
            continue
        path.write_bytes(damaged)
        look = (lambda each: lake.inspect(each).footer, read)[
            seed % 2
        ]  # each way to read it, in turn
        assert not is_believed(look, path), what
    path.write_bytes(whole)
    assert lake.inspect(path).damage is None


def test_each_way_to_the_rows_looks_at_the_seal(lake: Lake) -> None:
    path = lake.path("soil_water_daily", "32")
    whole = path.read_bytes()
    path.write_bytes(whole[:500] + bytes([whole[500] ^ 64]) + whole[501:])
    files = {"soil_water_daily": lake.files("soil_water_daily")}
    for look in (
        lambda: lake.read("soil_water_daily", "31", "32"),
        lambda: lake.read("soil_water_daily", "32", columns=["date"]),
        lambda: lake.arrow("soil_water_daily"),
        lambda: lake.footer("soil_water_daily", "32"),
        lambda: lake.origin("soil_water_daily", "32"),
        lambda: lake.joint_origin(["weather_daily", "soil_water_daily"]),
        lambda: list(lake.provenance()),
        lambda: database.run_on_files("quality_soil_water", files),
    ):
        with pytest.raises(DamagedError) as caught:
            look()
        assert caught.value.path == path
    assert not lake.is_sound("soil_water_daily", "32")
    assert lake.is_sound("soil_water_daily", "31")


def test_a_whole_file_in_the_place_of_another_is_noticed(lake: Lake) -> None:
    """Of another département, or of another table: its bytes are good, its place is not."""
    place = lake.path("weather_daily", "31")
    shutil.copyfile(lake.path("weather_daily", "32"), place)
    with pytest.raises(DamagedError, match="it is the file of weather_daily/departement=32/part"):
        lake.read("weather_daily", "31")
    shutil.copyfile(lake.path("crop_statistics", "31"), place)
    with pytest.raises(DamagedError, match="it is the file of crop_statistics"):
        lake.footer("weather_daily", "31")
    # A home that is moved is the same home.
    moved = lake.root.rename(lake.root.with_name("moved"))
    assert Lake(moved).is_sound("weather_daily", "32")


@pytest.mark.parametrize("table", list(TABLES))
def test_other_readers_read_a_sealed_file(lake: Lake, table: str) -> None:
    path = lake.files(table)[0]
    rows = len(filled(table))
    assert pq.read_table(path).num_rows == rows
    assert pq.ParquetFile(path, memory_map=True).read().num_rows == rows
    found = duckdb.read_parquet(str(path), hive_partitioning=False)
    assert len(found.fetchall()) == rows
    reader = gpd.read_parquet if "geometry" in found.columns else pd.read_parquet
    assert len(reader(path)) == rows
    with database.connect() as connection:
        again = connection.read_parquet(str(path), hive_partitioning=False)
        assert len(again.fetchall()) == rows


def test_a_file_of_before_there_were_seals_is_read(lake: Lake) -> None:
    path = lake.path("weather_daily", "31")
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path, compression="zstd")
    assert len(lake.read("weather_daily", "31")) == lake.footer("weather_daily", "31").rows == 60
    assert not seal.opened(path).is_sealed
    assert lake.inspect(path).damage is None
    # Of its damage only what keeps it from being read can be noticed: it is read to its end.
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + bytes(400) + whole[500:])
    with pytest.raises(DamagedError, match="is damaged"):
        lake.footer("weather_daily", "31")


def test_text_that_looks_like_a_seal_is_text(tmp_path: Path) -> None:
    """Neither the rows nor what is recorded of them can break a seal."""
    lake = Lake(tmp_path)
    rows = filled("crop_statistics").assign(source=seal.SIGN.decode())
    lake.write("crop_statistics", rows, replace(ORIGIN, url=seal.SIGN.decode()), "31")
    assert set(lake.read("crop_statistics", "31")["source"]) == {"geo_pipeline.sealed"}


def test_the_seal_is_all_that_is_added() -> None:
    content = pa.table({"x": [1, 2, 3]})
    sealed = seal.sealed(content, "t/part.parquet", compression="zstd")
    assert sealed == seal.sealed(content, "t/part.parquet", compression="zstd")
    plain = io.BytesIO()
    signed = content.replace_schema_metadata({seal.SIGN: b"t/part.parquet"})
    pq.write_table(signed, plain, compression="zstd")
    before, _, after = sealed.partition(seal.MARK)
    assert before + after[seal.DIGEST_BYTES :] == plain.getvalue()
