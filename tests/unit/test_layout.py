"""A home of an earlier layout becomes today's; one of a later version is left alone."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from geo_pipeline import notes, seal
from geo_pipeline.errors import StorageError
from geo_pipeline.settings import Settings
from geo_pipeline.storage import layout
from geo_pipeline.storage.failures import Failures
from geo_pipeline.storage.lake import Lake
from tests.conftest import digests

RAW = "raw/vigieau/api.example.org/zones~0123456789ab/answer.json"


def _rewritten(path: Path, lake: Path, change: str) -> None:
    """Write a file of the lake as a version with one column more, or one less, had it."""
    content = pq.read_table(path)
    if change == "more":
        # Not at the end: today's order is another too.
        column = pa.array(["old"] * len(content))
        content = content.add_column(1, "retired_column", column)
    else:
        content = content.drop_columns([content.column_names[-1]])
    place = path.relative_to(lake).as_posix()
    path.write_bytes(seal.sealed(content, place, compression="zstd"))


def _first_layout(home: Path) -> dict[str, bytes]:
    """Make a home one as the first layout had it; return the files that must not change."""
    lake = home / "lake"
    (home / layout.NAME).unlink()
    _rewritten(Lake(lake).path("weather_daily", "31"), lake, "more")
    _rewritten(Lake(lake).path("drought_indicators", "32"), lake, "less")
    retired = lake / "retired_table" / "part.parquet"
    retired.parent.mkdir()
    pq.write_table(pa.table({"a": [1]}), retired)
    failure = {
        "table": "crop_statistics",
        "departement": "33",
        "source": "agreste",
        "failed_at": "2026-01-02T03:04:05+00:00",
        "why": "the provider was closed",
    }
    note = home / "failures" / "crop_statistics" / "33.json"
    note.parent.mkdir(parents=True)
    note.write_text(json.dumps(failure), encoding="utf-8")
    answer = home / RAW
    answer.parent.mkdir(parents=True)
    answer.write_bytes(b"\x00as it was sent")
    kept = {
        path.relative_to(home).as_posix(): path.read_bytes()
        for name in ("raw", "dagster", "alerts", "findings")
        for path in (home / name).rglob("*")
        if path.is_file()
    }
    assert RAW in kept
    return kept


def test_files_of_another_form_are_set_aside_and_what_can_be_is_written_anew(
    own_small_home: Path,
) -> None:
    lake = Lake(own_small_home / "lake")
    before = digests(lake.root)
    kept = _first_layout(own_small_home)
    old = digests(lake.root)
    assert layout.of_home(own_small_home) == 1

    done = layout.bring_up_to_date(own_small_home, lake)

    aside = own_small_home / "before-layout" / "1"
    assert done == layout.Migrated(1, 1, 2, aside)
    weather = "weather_daily/departement=31/part.parquet"
    indicators = "drought_indicators/departement=32/part.parquet"
    assert digests(aside / "lake") == {
        name: old[name] for name in (indicators, "retired_table/part.parquet", weather)
    }
    # A column that went: byte for byte what today's code writes. A new one: to be made again.
    assert digests(lake.root) == {k: v for k, v in before.items() if k != indicators}
    for name, content in kept.items():
        assert (own_small_home / name).read_bytes() == content, name
    failures = Failures(Settings(home=own_small_home).failures)
    assert [str(each.why) for each in failures.all()] == ["the provider was closed"]
    note = own_small_home / "failures" / "crop_statistics" / "33.json"
    assert "digest" in json.loads(note.read_text(encoding="utf-8"))
    assert layout.bring_up_to_date(own_small_home, lake) is None


def test_a_home_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    notes.write(tmp_path / layout.NAME, {"layout": layout.LAYOUT + 1})
    (tmp_path / "lake").mkdir()
    content = (tmp_path / layout.NAME).read_bytes()
    with pytest.raises(StorageError, match=r"has layout 3, and this version knows 2 at most"):
        layout.bring_up_to_date(tmp_path, Lake(tmp_path / "lake"))
    command = [sys.executable, "-m", "geo_pipeline", "run", "--departements", "31"]
    environment = {**os.environ, "GEO_PIPELINE_HOME": str(tmp_path)}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert said.stderr.startswith("error: the home ")
    assert said.stderr.count("\n") == 1
    assert (tmp_path / layout.NAME).read_bytes() == content
    assert not [path for path in (tmp_path / "lake").rglob("*") if path.is_file()]


def test_an_empty_home_gets_today_s_layout(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert layout.of_home(home) is None
    assert layout.bring_up_to_date(home, Lake(home / "lake")) is None
    assert layout.of_home(home) == layout.LAYOUT


def test_a_migration_that_was_killed_is_finished_by_the_next(own_small_home: Path) -> None:
    """The file as it was had been copied, the new one not yet written."""
    lake = Lake(own_small_home / "lake")
    _first_layout(own_small_home)
    path = lake.path("weather_daily", "31")
    kept = own_small_home / "before-layout" / "1" / "lake" / path.relative_to(lake.root)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(path.read_bytes())
    digest = hashlib.sha256(kept.read_bytes()).hexdigest()
    done = layout.bring_up_to_date(own_small_home, lake)
    assert done is not None
    assert (done.rewritten, done.to_make) == (1, 2)
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == digest


@pytest.mark.slow
def test_the_next_run_makes_the_rest_again_with_the_same_bytes(own_small_home: Path) -> None:
    before = digests(own_small_home / "lake")
    kept = _first_layout(own_small_home)
    (own_small_home / "failures" / "crop_statistics" / "33.json").unlink()
    environment = {**os.environ, "GEO_PIPELINE_HOME": str(own_small_home)}
    command = [sys.executable, "-m", "geo_pipeline", "run", "--departements", "31,32,33"]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert "note: the home had layout 1 and has 2 now" in said.stderr
    assert digests(own_small_home / "lake") == before
    assert (own_small_home / RAW).read_bytes() == kept[RAW]
    status = [sys.executable, "-m", "geo_pipeline", "status"]
    said = subprocess.run(status, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
