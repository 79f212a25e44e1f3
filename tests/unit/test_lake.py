"""The lake: whole files or none, types that survive, provenance in the footer."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from geo_pipeline import seal
from geo_pipeline.errors import StorageError
from geo_pipeline.files import replacing, sweep, write_text
from geo_pipeline.provenance import Provenance
from geo_pipeline.storage.lake import Lake
from geo_pipeline.table_rows import InvalidTableError, empty, validate

ORIGIN = Provenance("bundled", "assets_data/x.parquet", "2026-11-23", "ab" * 32)


def crops(departement: str = "01", **changes: object) -> pd.DataFrame:
    row = {
        "departement": departement,
        "year": 2020,
        "crop": "soft_wheat",
        "area_ha": 1000.0,
        "yield_q_ha": np.nan,
        "production_q": 70000.0,
        "source": "SAA",
    }
    return pd.DataFrame([row | changes])


def test_codes_stay_strings_and_missing_stays_nan(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    written = lake.write("crop_statistics", validate("crop_statistics", crops()), ORIGIN, "01")
    assert written.path == tmp_path / "crop_statistics" / "departement=01" / "part.parquet"
    back = lake.read("crop_statistics", "01")
    assert back["departement"].tolist() == ["01"]
    assert back["yield_q_ha"].isna().tolist() == [True]
    assert pq.read_schema(written.path).field("yield_q_ha").type == "double"


def test_a_file_of_no_rows_has_its_types(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    written = lake.write(
        "weather_daily", validate("weather_daily", empty("weather_daily")), ORIGIN, "75"
    )
    schema = pq.read_schema(written.path)
    assert written.rows == 0
    assert schema.field("departement").type == "string"
    assert schema.field("date").type == "date32"
    assert schema.field("precip_mm").type == "double"


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    rows = validate("crop_statistics", crops())
    one = Lake(tmp_path / "a").write("crop_statistics", rows, ORIGIN, "01")
    two = Lake(tmp_path / "b").write("crop_statistics", rows.copy(), ORIGIN, "01")
    assert one.path.read_bytes() == two.path.read_bytes()
    assert one.sha256 == two.sha256


def test_provenance_travels_in_the_file(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write("crop_statistics", validate("crop_statistics", crops()), ORIGIN, "01")
    (row,) = lake.provenance()
    assert row["asset"] == "crop_statistics"
    assert row["departement"] == "01"
    assert row["source"] == "bundled"
    assert row["sha256"] == "ab" * 32
    assert row["rows"] == 1


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    path = lake.path("crop_statistics", "01")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(StorageError, match=r"departement=01.*damaged"):
        lake.read("crop_statistics", "01")


def test_one_question_looks_at_a_file_again_only_where_it_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    look = seal.opened
    monkeypatch.setattr(seal, "opened", lambda path: opened.append(path) or look(path))
    lake = Lake(tmp_path)
    first = lake.write("crop_statistics", validate("crop_statistics", crops()), ORIGIN, "01")
    once = lake.at_once()
    assert once.origin("crop_statistics", "01").sha256 == first.sha256
    assert once.footer("crop_statistics", "01").rows == 1
    assert once.is_sound("crop_statistics", "01")
    assert once.at_once() is once
    assert opened == [first.path]
    again = lake.write(
        "crop_statistics", validate("crop_statistics", crops(year=2021)), ORIGIN, "01"
    )
    assert once.origin("crop_statistics", "01").sha256 == again.sha256 != first.sha256
    again.path.write_bytes(b"PAR1 not really")
    assert not once.is_sound("crop_statistics", "01")
    assert len(opened) == 3
    again.path.unlink()
    with pytest.raises(StorageError, match="not there yet"):
        once.footer("crop_statistics", "01")


def test_a_step_that_writes_looks_once_at_what_it_has_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    look = seal.opened
    monkeypatch.setattr(seal, "opened", lambda path: opened.append(path) or look(path))
    step = Lake(tmp_path).for_a_step()
    for year in (2020, 2021):
        rows = validate("crop_statistics", crops(year=year))
        written = step.write("crop_statistics", rows, ORIGIN, "01")
        assert step.origin("crop_statistics", "01").sha256 == written.sha256
        assert step.at_once().footer("crop_statistics", "01").rows == 1
    assert opened == [written.path] * 2
    assert step.for_a_step() is step


def test_an_absent_file_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="not there yet: run `geo-pipeline run` first"):
        Lake(tmp_path).read("weather_daily", "31")


def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = write_text(tmp_path / "x.html", "old")

    def interrupted() -> None:
        with replacing(target) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


WRITER = """
import sys, time
from pathlib import Path
from geo_pipeline.files import replacing
with replacing(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


def test_a_link_in_place_of_a_file_is_replaced_not_followed(tmp_path: Path) -> None:
    lake, outside = Lake(tmp_path / "lake"), tmp_path / "outside"
    outside.write_bytes(b"not ours")
    rows = validate("crop_statistics", crops())
    path = lake.write("crop_statistics", rows, ORIGIN, "01").path
    path.unlink()
    path.symlink_to(outside)
    lake.write("crop_statistics", rows, ORIGIN, "01")
    assert not path.is_symlink()
    assert outside.read_bytes() == b"not ours"


def test_what_a_killed_process_left_is_swept_and_a_living_one_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "x.html"
    command = [sys.executable, "-c", WRITER, str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        (left,) = tmp_path.iterdir()
        an_hour_ago = time.time() - 3600
        os.utime(left, (an_hour_ago, an_hour_ago))
        write_text(target, "whole")
        assert set(tmp_path.iterdir()) == {target, left}
        writer.kill()
    os.utime(left, (an_hour_ago, an_hour_ago))
    write_text(target, "whole again")
    assert list(tmp_path.iterdir()) == [target]


def test_who_is_alone_sweeps_what_a_library_left_too(tmp_path: Path) -> None:
    target = tmp_path / "x.duckdb"
    target.write_text("good")
    for name in (".x.duckdb.abc.tmp", ".x.duckdb.abc.tmp.wal", ".y.duckdb.abc.tmp"):
        (tmp_path / name).write_text("half")
    overflow = tmp_path / ".x.duckdb.abc.tmp.tmp"
    overflow.mkdir()
    (overflow / "block").write_text("half")
    sweep(target, alone=True)
    assert {path.name for path in tmp_path.iterdir()} == {"x.duckdb", ".y.duckdb.abc.tmp"}


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot write .*x\.html: (File exists|Not a)"):
        write_text(tmp_path / "file" / "x.html", "text")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"departement": "99"}, "departement"),
        ({"area_ha": -1.0}, r"area_ha.*-1\.0.*départements 01"),
        ({"year": "soon"}, "year.*soon"),
    ],
)
def test_bad_rows_are_refused_by_name(changes: dict[str, object], says: str) -> None:
    with pytest.raises(InvalidTableError, match=says):
        validate("crop_statistics", crops(**changes))


def test_repeated_keys_and_unknown_columns_are_refused() -> None:
    with pytest.raises(InvalidTableError, match="crop_statistics"):
        validate("crop_statistics", pd.concat([crops(), crops()]))
    with pytest.raises(InvalidTableError, match="extra"):
        validate("crop_statistics", crops().assign(extra=1))
    with pytest.raises(InvalidTableError, match="area_ha"):
        validate("crop_statistics", crops().drop(columns="area_ha"))


def test_valid_rows_come_back_sorted_by_their_key() -> None:
    rows = pd.concat([crops("32"), crops("01")])
    assert validate("crop_statistics", rows)["departement"].tolist() == ["01", "32"]


def test_the_hash_until_a_day_knows_nothing_of_later_days(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=20)
    known = dict.fromkeys(("tmin_c", "tmax_c", "tmean_c", "precip_mm", "rh_pct"), 5.0)
    known |= {"radiation_mj_m2": 5.0, "wind_m_s": 2.0, "et0_mm": 1.0, "swi_source": np.nan}
    frame = pd.DataFrame(
        {
            **{"departement": "01", "date": days, "et0_method": "turc", "et0_source_mm": np.nan},
            **{"stations": pd.array([pd.NA] * 20, dtype="Int64"), "resolution": "day"},
            **{"source": "sim2", "provisional": False, **known},
        }
    )
    later = frame.assign(
        source=["sim2"] * 11 + ["bundled:agera5"] * 9,
        swi_source=[np.nan] * 11 + [0.5] * 9,
        stations=pd.array([pd.NA] * 11 + [3] * 9, dtype="Int64"),
        rh_pct=[5.0] * 11 + [np.nan] * 9,
    )
    hashes = []
    for name, rows in {
        "until": frame[:11],
        "more": frame,
        "others": later,
        "other": frame.assign(rh_pct=[6.0] + [5.0] * 19),
        "missing": frame.assign(rh_pct=[np.nan] + [5.0] * 19),
    }.items():
        lake = Lake(tmp_path / name)
        path = lake.write("weather_daily", validate("weather_daily", rows), ORIGIN, "01").path
        hashes.append(lake.digest_until(path, "2024-01-11"))
    assert len(set(hashes[:3])) == 1
    assert len(set(hashes)) == 3
