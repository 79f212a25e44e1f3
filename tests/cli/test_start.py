"""Commands start at once: they load what they need, and Dagster only where it is to be asked."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dagster._daemon.types import DaemonHeartbeat

from geo_pipeline.automation.known_records import KEPT, kept
from geo_pipeline.automation.monitoring import current_snapshot
from geo_pipeline.automation.monitoring_files import write
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.record_files import FILES
from geo_pipeline.settings import Settings

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]

HEAVY = {
    "dagster",
    "sqlalchemy",
    "pandera",
    "geopandas",
    "shapely",
    "pandas",
    "numpy",
    "duckdb",
    "pyarrow",
    "pydantic_settings",
    "scipy",
}

RUN = """
import json, runpy, sys
try:
    runpy.run_module("geo_pipeline", run_name="__main__", alter_sys=True)
except SystemExit as end:
    code = end.code
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


@pytest.fixture
def home(small_home: Path, tmp_path: Path) -> Path:
    """Return a copy of a home where three départements were run and all is well."""
    return Path(shutil.copytree(small_home, tmp_path / "home"))


def loaded(*arguments: str, home: Path) -> set[str]:
    """Return which of the heavy packages a command loads in a fresh process."""
    result = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        cwd=ROOT,
        env={"GEO_PIPELINE_HOME": str(home), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    code, modules = json.loads(result.stderr.splitlines()[-1])
    assert code in (0, None), result.stderr
    assert result.stdout
    return HEAVY & set(modules)


def test_the_app_loads_neither_dagster_nor_the_models_of_tables(tmp_path: Path) -> None:
    """The models alone took a fifth of its start."""
    code = "import json, sys; import panel_app.app; print(json.dumps(sorted(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert HEAVY & set(json.loads(result.stdout)) & {"dagster", "pandera"} == set()


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["export", "map", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    assert loaded(*arguments, home=tmp_path) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["status", "--json"],
        ["status", "--departement", "31"],
        ["export", "map"],
        ["export", "table", "--format", "geojson"],
        ["export", "bulletin"],
    ],
    ids=" ".join,
)
def test_reading_what_was_made_loads_no_dagster(arguments: list[str], home: Path) -> None:
    assert not loaded(*arguments, home=home) & {"dagster", "sqlalchemy"}


@pytest.mark.parametrize(
    "arguments", [["status"], ["status", "--json"], ["status", "--departement", "31"]], ids=" ".join
)
def test_status_loads_no_models_and_no_geometry(arguments: list[str], home: Path) -> None:
    assert not loaded(*arguments, home=home) & {"pandera", "geopandas", "shapely"}


def test_a_home_without_runs_is_told_without_dagster(tmp_path: Path) -> None:
    code = "from geo_pipeline.automation.monitoring import current_snapshot; import sys\n"
    code += "from geo_pipeline.settings import Settings\n"
    code += "current_snapshot(Settings()); sys.exit('dagster' in sys.modules)"
    environment = {"GEO_PIPELINE_HOME": str(tmp_path / "none"), "PATH": ""}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    assert not (tmp_path / "none").exists()


def said(settings: Settings) -> dict[str, Any]:
    """Return the snapshot of now without what differs from second to second."""
    return {**current_snapshot(settings)[0], "made_at": None, "free_bytes": None}


def test_status_says_of_kept_records_what_dagster_says_of_them(home: Path) -> None:
    settings = Settings(home=home)
    assert kept(settings, settings.dagster_home) is not None
    from_kept = said(settings)
    (settings.monitoring / KEPT).unlink()
    assert from_kept == said(settings)
    assert [each["status"] for each in from_kept["runs"]] == ["SUCCESS"]
    made = {
        each["departement"]
        for each in from_kept["partitions"]
        if each["table"] == "weather_daily" and each["run_id"] and each["seconds"] is not None
    }
    assert made == {"31", "32", "33"}


@pytest.mark.parametrize("name", FILES, ids=str)
def test_kept_records_are_not_believed_once_anything_was_written(name: Path, home: Path) -> None:
    settings = Settings(home=home)
    with closing(sqlite3.connect(settings.dagster_home / name)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = version_num || 'x'")
        connection.commit()
    assert kept(settings, settings.dagster_home) is None


def test_a_run_that_failed_since_is_seen(home: Path) -> None:
    settings = Settings(home=home)
    with open_instance(settings) as instance:
        (record,) = instance.get_run_records()
        instance.report_run_failed(record.dagster_run, "ended by hand")
    (run,) = current_snapshot(settings)[0]["runs"]
    assert (run["status"], str(run["error"])) == ("FAILURE", "ended by hand")


@pytest.mark.parametrize("flipped", [None, "run_id", "SUCCESS", "weather_daily"])
def test_damaged_kept_records_are_read_anew(home: Path, flipped: str | None) -> None:
    """Cut off, or with one bit flipped in a name or a value, which is JSON all the same."""
    settings = Settings(home=home)
    before = said(settings)
    path = settings.monitoring / KEPT
    content = path.read_text(encoding="utf-8")
    if flipped is None:
        damaged = content[:100]
    else:
        damaged = content.replace(flipped, flipped[:-1] + chr(ord(flipped[-1]) ^ 1), 1)
    assert damaged != content
    path.write_text(damaged, encoding="utf-8")
    assert kept(settings, settings.dagster_home) is None
    assert said(settings) == before


@pytest.mark.parametrize(("age", "is_kept"), [(timedelta(0), False), (timedelta(hours=1), True)])
def test_records_of_living_daemons_are_not_kept(age: timedelta, is_kept: bool, home: Path) -> None:
    """Nothing is written when a daemon falls silent: it is to be looked for each time."""
    settings, now = Settings(home=home), datetime.now(UTC)
    with open_instance(settings) as instance:
        beat = DaemonHeartbeat((now - age).timestamp(), "SENSOR", "one", [])
        instance.add_daemon_heartbeat(beat)
        write(settings, instance)
    assert (kept(settings, settings.dagster_home) is not None) is is_kept
    silent = [each["kind"] for each in current_snapshot(settings)[0]["system"]]
    assert ("daemon" in silent) is is_kept
