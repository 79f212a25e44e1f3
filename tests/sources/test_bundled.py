"""The embedded files: what they say, and what is said when they are damaged."""

import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from geo_pipeline.errors import SourceError, UsageError
from geo_pipeline.sources.bundled import Bundled

ROOT = Path(__file__).resolve().parents[2]
EMBEDDED = ROOT / "assets_data"
FILES = [
    "departements.parquet",
    "departements_light.geojson",
    "crop_statistics.parquet",
    "water_restrictions.parquet",
    "weather_dekadal.parquet",
]


def read_all(source: Bundled) -> None:
    """Read each file once."""
    source.boundaries()
    source.light_boundaries()
    source.weather_daily(["31"])
    source.crop_statistics(["31"])
    source.water_restrictions()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the embedded files that a test may spoil."""
    copy = tmp_path / "embedded"
    shutil.copytree(EMBEDDED, copy)
    return copy


def test_a_dekad_is_spread_evenly_and_the_rest_is_not_invented() -> None:
    days = Bundled(EMBEDDED).weather_daily(["01"], date(2010, 1, 1), date(2010, 1, 31))
    # The source table: 34.33, 31.6 and 18.44 mm in dekads of 10, 10 and 11 days.
    assert days["precip_mm"].tolist() == pytest.approx(
        [3.433] * 10 + [3.16] * 10 + [18.44 / 11] * 11
    )
    assert days["tmean_c"].tolist() == [-1.7] * 10 + [1.1] * 10 + [0.33] * 11
    assert list(days["date"]) == list(pd.date_range("2010-01-01", "2010-01-31"))
    assert set(days["resolution"]) == {"dekad"}
    assert np.isnan(days[["tmin_c", "tmax_c", "wind_m_s", "rh_pct"]]).all(axis=None)


def test_departements_not_covered_have_no_rows() -> None:
    source = Bundled(EMBEDDED)
    for code in ("75", "92", "971", "976"):
        assert source.weather_daily([code]).empty
        assert source.crop_statistics([code]).empty


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (date(2023, 1, 1), None),
        (None, date(2009, 12, 31)),
        (date(2020, 2, 1), date(2020, 1, 31)),
    ],
)
def test_a_period_outside_the_data_says_what_there_is(
    since: date | None, until: date | None
) -> None:
    with pytest.raises(UsageError, match="cover 2010-01-01 to 2022-12-31"):
        Bundled(EMBEDDED).weather_daily(["31"], since, until)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", ["cut", "another file", "empty", "gone", "flipped bytes"])
def test_damaged_files_are_named_with_what_to_do(folder: Path, file: str, damage: str) -> None:
    path = folder / file
    content = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(content[: len(content) * 2 // 3])
    elif damage == "another file":
        path.write_text("hello")
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "gone":
        path.unlink()
    else:
        third = len(content) // 3
        content[third : third + 200] = bytes(byte ^ 0x5A for byte in content[third : third + 200])
        path.write_bytes(content)
    with pytest.raises(SourceError, match=file) as caught:
        read_all(Bundled(folder))
    assert "git checkout -- assets_data" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_without_a_column_is_named_with_it(folder: Path) -> None:
    path = folder / "weather_dekadal.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["precip_mm"]), path)
    with pytest.raises(SourceError, match=r"weather_dekadal\.parquet.*no column precip_mm"):
        read_all(Bundled(folder))


def test_a_flipped_bit_of_an_embedded_file_is_known(tmp_path: Path) -> None:
    folder = tmp_path / "embedded"
    shutil.copytree(EMBEDDED, folder)
    assert Bundled(folder).changed() == []
    path = folder / "weather_dekadal.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:9000] + bytes([content[9000] ^ 1]) + content[9001:])
    assert Bundled(folder).changed() == ["weather_dekadal.parquet"]
